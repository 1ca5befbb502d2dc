"""Bars, axes and texts of a given width. Pure; drawn with half cells, so that a column shows two steps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from demo.terminal import Line, Piece

if TYPE_CHECKING:
    from collections.abc import Iterable

_HALVES = {(False, False): " ", (True, False): "▌", (False, True): "▐", (True, True): "█"}
_TICKS_APART = 9  # columns at least: a label has up to seven


def cut(text: str, width: int) -> str:
    """``text`` in at most ``width`` columns: what is too long loses its middle, as names differ at their ends."""
    if len(text) <= width:
        return text
    if width < 2:
        return "…"[:width]
    tail = (width - 1) // 2
    return text[: width - 1 - tail] + "…" + text[len(text) - tail :]


def milliseconds(value: float) -> str:
    """A duration for people: 0.08 ms, 7.4 ms, 281 ms, 1.28 s, 75 s."""
    if not math.isfinite(value):
        return "?"
    value = max(value, 0.0)
    if value < 999.5:
        digits = 2 if value < 0.995 else 1 if value < 9.95 else 0
        return f"{value:.{digits}f} ms"
    seconds = value / 1000
    return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:,.0f} s" if seconds < 99_999.5 else f"{seconds:.0e} s"


def size(count: int) -> str:
    """A number of bytes for people."""
    if count < 1000:
        return f"{count} B"
    value, unit = (count / 1000, "KB") if count < 999_500 else (count / 1_000_000, "MB")
    return f"{value:,.{1 if value < 99.95 else 0}f} {unit}"


class Scale:
    """Milliseconds from 0 to ``total`` on ``columns`` columns."""

    def __init__(self, total: float, columns: int) -> None:
        self.total = total if 0 < total < math.inf else 1.0
        self.columns = max(columns, 1)
        self.step = self._step()

    def _step(self) -> float:
        """The distance of two ticks: 1, 2 or 5 times a power of ten."""
        least = self.total * _TICKS_APART / self.columns
        power = 10.0 ** math.floor(math.log10(least))
        return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * 0.999)

    @property
    def ticks(self) -> list[float]:
        """Where the grid is."""
        return [number * self.step for number in range(int(self.total / self.step) + 1)]

    def half(self, value: float) -> int:
        """The half cell in which a moment is, or begins."""
        return min(self._halves(value), 2 * self.columns - 1)

    def _halves(self, value: float) -> int:
        """The half cells before a moment."""
        share = value / self.total
        return round(min(share, 1.0) * 2 * self.columns) if share > 0 else 0

    @property
    def unit(self) -> str:
        """Of the axis."""
        return "s" if self.total >= 10_000 else "ms"

    def axis(self) -> str:
        """The ticks' labels, each beginning at its tick."""
        text = ""
        for tick in self.ticks:
            label = f"{tick / (1000 if self.unit == 's' else 1):,.3f}".rstrip("0").rstrip(".")
            at = self.half(tick) // 2
            if at + len(label) <= self.columns and (not text or at > len(text)):
                text = text.ljust(at) + label
        return text.ljust(self.columns)

    def bars(self, bars: Iterable[tuple[float, float]], style: str) -> Line:
        """A row of bars over the grid; an empty one is a mark. None is too short to be seen."""
        filled = [False] * (2 * self.columns)
        marks = set()
        for start, end in bars:
            first = self.half(start)
            if end <= start:
                marks.add(first // 2)
            last = max(self._halves(end), first + 1)
            filled[first:last] = [True] * (last - first)
        grid = {self.half(tick) // 2 for tick in self.ticks}
        line: Line = []
        for cell in range(self.columns):
            character = "◆" if cell in marks else _HALVES[filled[2 * cell], filled[2 * cell + 1]]
            if character == " ":
                _add(line, "┊" if cell in grid else " ", "dim")
            else:
                _add(line, character, style)
        return line


def _add(line: Line, text: str, style: str) -> None:
    if line and line[-1].style == style:
        line[-1] = Piece(line[-1].text + text, style)
    else:
        line.append(Piece(text, style))


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """``text`` in lines of at most ``width`` columns; a word that is longer is cut."""
    lines = [indent]
    for whole in text.split():
        word = cut(whole, width - len(indent))
        if len(lines[-1]) > len(indent) and len(lines[-1]) + 1 + len(word) > width:
            lines.append(indent)
        lines[-1] += word if lines[-1] == indent else " " + word
    return lines
