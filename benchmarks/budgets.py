"""What Preheat may cost, and whether it does. The figures are the emulator's: Lambda's own differ."""

from __future__ import annotations

from pathlib import Path

from benchmarks import cold, registering, warm
from benchmarks.figures import Figure
from benchmarks.variants import NOTHING, PREHEAT
from layer.build import MAX_SIZE

Figures = dict[str, dict[str, Figure]]

# The limits in time are those of a machine on which a bare interpreter registers 8 ms after exec. On a slower machine,
# or a busy one, everything takes longer alike: the same interpreter, measured between the others, says by how much.
REFERENCE_MS = 8.0


class Budget:
    """``found`` may be at most ``most``, in the unit of ``found``."""

    def __init__(self, what: str, found: Figure, most: float) -> None:
        self.what = what
        self.found = found
        self.most = most

    @property
    def kept(self) -> bool:
        return self.found.median <= self.most

    def as_dict(self) -> dict[str, object]:
        return {"what": self.what, **self.found.as_dict(), "most": self.most, "kept": self.kept}

    def __str__(self) -> str:
        verdict = "OK    " if self.kept else "BROKEN"
        limit = f"{self.most:g} {self.found.unit}".strip()
        return f"{verdict}  {self.what}: {self.found}, at most {limit}"


def budgets(figures: Figures, layer: Path) -> list[Budget]:
    """All of them, in the order of a cold start; ``layer`` is the zip. Limits in time are scaled to this machine."""
    registered, init = figures[registering.REGISTERED], figures[cold.INIT]
    ratio = registered[PREHEAT].over(registered[registering.BARE])
    slower = max(1.0, registered[registering.BARE].median / REFERENCE_MS)
    size = Figure([layer.stat().st_size / 1e3], "KB")
    return [
        Budget("exec to registered, over a bare interpreter's", ratio, 1.5),
        Budget("INIT with Preheat, more than without", init[PREHEAT].minus(init[NOTHING]), round(slower * 25.0, 1)),
        Budget(cold.CALLS, figures[cold.CALLS][PREHEAT], 4),
        Budget(cold.PEAK, figures[cold.PEAK][PREHEAT], 24.0),
        Budget(cold.CPU, figures[cold.CPU][PREHEAT], round(slower * 60.0, 1)),
        Budget(warm.HIT_P50, figures[warm.HIT_P50][PREHEAT], round(slower * 100.0, 1)),
        Budget(warm.INVOKE, figures[warm.INVOKE][PREHEAT], round(slower * 100.0, 1)),
        Budget("the layer's zip", size, MAX_SIZE / 1e3),
    ]
