"""What a run gives: figures and spans of time. All times are milliseconds; a span counts from the beginning of INIT."""

from __future__ import annotations

from typing import NamedTuple

# Whose time it is; each has its colour.
SIDECAR, CONNECTIONS, AWS, FUNCTION, LAMBDA = (
    "sidecar",
    "connections",
    "aws",
    "function",
    "lambda",
)


class Row(NamedTuple):
    """One line of a waterfall: ``bars`` are (start, end); an empty span is a moment, drawn as a mark."""

    owner: str
    label: str
    bars: tuple[tuple[float, float], ...]
    note: str = ""

    @property
    def text(self) -> str:
        """The label with its note."""
        return f"{self.label} ({self.note})" if self.note else self.label

    @property
    def moment(self) -> float | None:
        """When it happened, where it is a moment."""
        start, end = self.bars[0] if self.bars else (0.0, 0.0)
        return start if len(self.bars) == 1 and start == end else None

    @property
    def duration(self) -> float:
        """All bars together; those that overlap count once."""
        total = 0.0
        until = float("-inf")
        for start, end in sorted(self.bars):
            total += max(0.0, end - max(start, until))
            until = max(until, end)
        return total


class Fetched(NamedTuple):
    """One prefetched resource, as Preheat's own report has it: never its value."""

    name: str
    kind: str
    size: int
    ms: float
    outcome: str


class ColdStart(NamedTuple):
    """An execution environment from its beginning: INIT, the first invocation, then warm ones.

    ``answered_ms``: from the beginning of INIT to the first answer; ``first_ms`` and ``warm_ms``: the handler alone.
    """

    init_ms: float
    answered_ms: float
    first_ms: float
    warm_ms: tuple[float, ...]
    calls: int  # to AWS, by all that ran in the environment
    rows: tuple[Row, ...]
    fetched: tuple[Fetched, ...]
    answer: str  # the body of the first answer


class Failed(Exception):
    """The demo cannot go on; the text says why and what to do."""
