"""Two kinds of drawing, as SVG: stacked bars in groups, and lines over two axes. On dark pages, too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from xml.sax.saxutils import escape

WIDTH = 860
COLOURS = ("#0b7a75", "#d1495b", "#5b6c9e", "#c78a1b", "#7a5195")
_BAR, _GAP, _LEFT, _RIGHT = 16, 6, 240, 90
_PLOT = 300  # height of lines
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#24292f}.h{font-weight:600;font-size:15px}.s{fill:#6e7781;font-size:12px}"
    ".g{stroke:#8c959f;stroke-opacity:.3}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.s{fill:#9198a1}}"
)

Bar = tuple[str, Sequence[float]]  # its label, and a value for each part
Line = tuple[str, Sequence[tuple[float, float]]]  # its label, and its points


def bars(title: str, unit: str, parts: Sequence[str], groups: Sequence[tuple[str, Sequence[Bar]]]) -> str:
    """Groups of horizontal bars, each of ``parts`` one after another, on one scale for each group."""
    body = [_text(16, 26, title, "h"), *_legend(parts, 48)]
    y = 74.0
    for heading, rows in groups:
        body.append(_text(16, y + 4, heading, "s"))
        y += 12
        longest = max((sum(values) for _, values in rows), default=0) or 1
        for label, values in rows:
            x = float(_LEFT)
            body.append(_text(_LEFT - 8, y + _BAR - 4, label, anchor="end"))
            for number, value in enumerate(values):
                width = value / longest * (WIDTH - _LEFT - _RIGHT)
                body.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_BAR}" fill="{COLOURS[number]}"/>'
                )
                x += width
            body.append(_text(x + 6, y + _BAR - 4, f"{sum(values):,.0f} {unit}", "s"))
            y += _BAR + _GAP
        y += 22
    return _document(y - 6, title, body)


def lines(title: str, across: str, up: str, series: Sequence[Line]) -> str:
    """Lines over two logarithmic axes; all values must be above 0."""
    points = [point for _, of in series for point in of]
    left, top, right, bottom = 70.0, 74.0, WIDTH - 30.0, 74.0 + _PLOT
    x_of = _scale([x for x, _ in points], left, right)
    y_of = _scale([y for _, y in points], bottom, top)
    body = [_text(16, 26, title, "h"), *_legend([label for label, _ in series], 48)]
    for value in _ticks([x for x, _ in points]):
        body.append(f'<path class="g" d="M{x_of(value):.1f} {top}V{bottom}"/>')
        body.append(_text(x_of(value), bottom + 18, f"{value:g}", "s", "middle"))
    for value in _ticks([y for _, y in points]):
        body.append(f'<path class="g" d="M{left} {y_of(value):.1f}H{right}"/>')
        body.append(_text(left - 6, y_of(value) + 4, f"{value:,g}", "s", "end"))
    for number, (_, of) in enumerate(series):
        path = "L".join(f"{x_of(x):.1f} {y_of(y):.1f}" for x, y in of)
        body.append(f'<path d="M{path}" fill="none" stroke="{COLOURS[number]}" stroke-width="2.5"/>')
        body += [f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="3.5" fill="{COLOURS[number]}"/>' for x, y in of]
    body.append(_text((left + right) / 2, bottom + 38, across, "s", "middle"))
    body.append(_text(left - 6, top - 8, up, "s"))
    return _document(bottom + 50, title, body)


def _scale(values: Sequence[float], start: float, end: float):
    """Where a value lies between two places, by its logarithm. The ends are ticks."""
    marks = [math.log10(value) for value in _ticks(values)]
    low, high = min(marks), max(marks)
    return lambda value: start + (math.log10(value) - low) / ((high - low) or 1.0) * (end - start)


def _ticks(values: Sequence[float]) -> list[float]:
    """1, 2, 5, 10 … from the last one not above the least to the first one not below the most."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    ladder = [factor * 10.0**power for power in range(low - 1, high + 1) for factor in (1, 2, 5)]
    first = max(tick for tick in ladder if tick <= min(values) * 1.000001)
    last = min((tick for tick in ladder if tick >= max(values) * 0.999999), default=ladder[-1])
    return [tick for tick in ladder if first <= tick <= last]


def _legend(labels: Sequence[str], y: float) -> list[str]:
    found, x = [], 16.0
    for number, label in enumerate(labels):
        found.append(f'<rect x="{x:.0f}" y="{y - 10}" width="11" height="11" fill="{COLOURS[number]}"/>')
        found.append(_text(x + 17, y, label, "s"))
        x += 40 + 7 * len(label)
    return found


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{style} text-anchor="{anchor}">{escape(text)}</text>'


def _document(height: float, title: str, body: Sequence[str]) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">'
    return "\n".join([head, f"<title>{escape(title)}</title>", f"<style>{_STYLE}</style>", *body, "</svg>"]) + "\n"
