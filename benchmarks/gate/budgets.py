"""What Preheat may cost, and whether it does. The figures are the emulator's: Lambda's own differ."""

from __future__ import annotations

from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.gate import cold, registering, warm
from benchmarks.variants import NOTHING, PREHEAT
from layer.build import MAX_SIZE

Figures = dict[str, dict[str, Figure]]

# The limits in time are those of a machine on which a bare interpreter registers 8 ms after exec. On a slower machine,
# or a busy one, everything takes longer alike: the same interpreter, measured between the others, says by how much.
REFERENCE_MS = 8.0


class Budget:
    """``found`` may be at most ``most``, in its unit, where the design says ``design``."""

    def __init__(self, what: str, found: Figure, design: float, most: float | None = None) -> None:
        self.what = what
        self.found = found
        self.design = design
        self.most = design if most is None else most

    @property
    def kept(self) -> bool:
        return self.found.median <= self.most

    def as_dict(self) -> dict[str, object]:
        limits = {"design": self.design, "most": self.most, "kept": self.kept}
        return {"what": self.what, **self.found.as_dict(), **limits}

    def __str__(self) -> str:
        verdict = "OK    " if self.kept else "BROKEN"
        limit = f"{self.most:g} {self.found.unit}".strip()
        if self.most != self.design:
            limit += (
                f" here; the design's {self.design:g} is {'kept' if self.found.median <= self.design else 'broken'}"
            )
        return f"{verdict}  {self.what}: {self.found}, at most {limit}"


def budgets(figures: Figures, layer: Path) -> list[Budget]:
    """All of them, in the order of a cold start; ``layer`` is the zip. Limits in time are scaled to this machine."""
    registered, init = figures[registering.REGISTERED], figures[cold.INIT]
    ratio = registered[PREHEAT].over(registered[registering.BARE])
    slower = max(1.0, registered[registering.BARE].median / REFERENCE_MS)
    size = Figure([layer.stat().st_size / 1e3], "KB")

    def timed(what: str, found: Figure, design: float) -> Budget:
        return Budget(what, found, design, round(slower * design, 1))

    return [
        Budget("exec to registered, over a bare interpreter's", ratio, 1.5),
        timed("INIT with Preheat, more than without", init[PREHEAT].minus(init[NOTHING]), 25.0),
        Budget(cold.CALLS, figures[cold.CALLS][PREHEAT], 4),
        Budget(cold.PEAK, figures[cold.PEAK][PREHEAT], 24.0),
        timed(cold.CPU, figures[cold.CPU][PREHEAT], 60.0),
        timed(warm.HIT_P50, figures[warm.HIT_P50][PREHEAT], 100.0),
        timed(warm.INVOKE, figures[warm.INVOKE][PREHEAT], 100.0),
        Budget("the layer's zip", size, 400.0, MAX_SIZE / 1e3),
    ]
