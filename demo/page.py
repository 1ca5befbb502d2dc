"""What the demo shows in the end: what was prefetched, two waterfalls on one scale, the times side by side. Pure."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

from demo import drawing
from demo.drawing import Scale, cut, milliseconds
from demo.terminal import Line, Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from demo.records import ColdStart

_LABELS = 12  # columns at least
_FIGURE = 8  # columns: "1,234 ms"


class Comparison(NamedTuple):
    """The same function twice: ``preheat`` reads from the sidecar, ``boto3`` has no extension and asks AWS itself."""

    preheat: Sequence[ColdStart]
    boto3: Sequence[ColdStart]


def page(comparison: Comparison, intro: Sequence[str], notes: Sequence[str], width: int) -> list[Line]:
    """Everything; ``intro`` says what runs on what, ``notes`` what the figures are worth."""
    preheat, boto3 = typical(comparison.preheat), typical(comparison.boto3)
    total = max(_end(preheat), _end(boto3))
    lines: list[Line] = [[], *_texts(intro, width), [], *fetched(preheat, width)]
    labels = max(len(row.text) for row in (*preheat.rows, *boto3.rows))
    for title, start in (("With Preheat", preheat), ("The same function with boto3", boto3)):
        lines += [[], *waterfall(title, start, total, width, labels)]
    return [*lines, [], *times(comparison, width), [], *_texts(notes, width)]


def typical(starts: Sequence[ColdStart]) -> ColdStart:
    """The one whose first answer took the median time."""
    return sorted(starts, key=lambda start: start.answered_ms)[len(starts) // 2]


def fetched(start: ColdStart, width: int) -> list[Line]:
    """A table of what was prefetched: kind, name, bytes in memory, time. Never a value."""
    names = max(width - 2 - 11 - 2 * 10, 4)
    title = cut("Prefetched during INIT", names + 13).ljust(names + 13)
    lines: list[Line] = [[Piece(title, "title"), Piece("memory".rjust(10) + "took".rjust(10), "dim")]]
    for resource in start.fetched:
        ok = resource.outcome == "ok"
        held = drawing.size(resource.size) if ok else resource.outcome
        lines.append(
            [
                Piece("  " + cut(resource.kind, 10).ljust(11), "dim"),
                Piece(cut(resource.name, names - 1).ljust(names)),
                Piece(cut(held, 9).rjust(10), "" if ok else "bad"),
                Piece(milliseconds(resource.ms).rjust(10), "aws" if ok else "bad"),
            ]
        )
    return lines if start.fetched else [*lines, [Piece("  nothing", "dim")]]


def waterfall(title: str, start: ColdStart, total: float, width: int, labels: int) -> list[Line]:
    """One cold start: a bar for each thing that took time, over ``total`` milliseconds. ``labels``: the longest one's
    length; waterfalls with the same ``total`` and ``labels`` are on one scale."""
    right = f"first answer after {milliseconds(start.answered_ms)}"
    room = max(width - len(right) - 1, 4)
    lines: list[Line] = [[Piece(cut(title, room).ljust(room), "title"), Piece(" " + right, "title")]]
    widest = min(max(labels, _LABELS), max(width // 3, _LABELS))
    scale = Scale(total, width - 2 - widest - 1 - 1 - _FIGURE)
    lines.append([Piece(" " * (widest + 3)), Piece(f"{scale.axis()} {scale.unit:>{_FIGURE}}", "dim")])
    for row in start.rows:
        figure = milliseconds(row.duration if row.moment is None else row.moment)
        lines.append(
            [
                Piece("  " + cut(row.text, widest).ljust(widest) + " "),
                *scale.bars(row.bars, row.owner),
                Piece(" "),
                Piece(cut(figure, _FIGURE).rjust(_FIGURE), row.owner if row.moment is not None else ""),
            ]
        )
    return lines


def times(comparison: Comparison, width: int) -> list[Line]:
    """The medians side by side."""
    count = min(len(comparison.preheat), len(comparison.boto3))
    title = f"Medians of {count} starts each" if count > 1 else "One start each"
    room = min(max(width - 3 * 11 - 2, 8), 45)
    head = "".join(name.rjust(11) for name in ("Preheat", "boto3", "difference"))
    lines: list[Line] = [[Piece(cut(title, room + 2).ljust(room + 2), "title"), Piece(head, "dim")]]
    rows: tuple[tuple[str, Callable[[ColdStart], float]], ...] = (
        ("INIT", lambda start: start.init_ms),
        ("first handler", lambda start: start.first_ms),
        ("to the first answer", lambda start: start.answered_ms),
        ("warm handler", lambda start: statistics.median(start.warm_ms or (0.0,))),
    )
    for label, figure in rows:
        preheat, boto3 = (statistics.median(map(figure, starts)) for starts in comparison)
        sign = "-" if preheat < boto3 else "+"
        difference = abs(preheat - boto3)
        style = "" if difference < 1 else "good" if preheat < boto3 else "bad"
        lines.append(
            [
                Piece("  " + cut(label, room).ljust(room)),
                Piece(milliseconds(preheat).rjust(11)),
                Piece(milliseconds(boto3).rjust(11)),
                Piece((sign + milliseconds(difference)).rjust(11), style),
            ]
        )
    return lines


def _texts(texts: Sequence[str], width: int) -> list[Line]:
    return [[Piece(line, "dim")] for text in texts for line in drawing.wrap(text, width)]


def _end(start: ColdStart) -> float:
    return max([start.answered_ms, *(end for row in start.rows for _, end in row.bars)])
