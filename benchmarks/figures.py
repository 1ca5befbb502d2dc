"""Numbers out of many runs on a machine that does other things too: medians, quartiles, differences within a pair."""

from __future__ import annotations

import statistics


class Figure:
    """What the runs of one variant gave for one thing. ``unit`` is for people."""

    def __init__(self, values: list[float], unit: str, digits: int = 1) -> None:
        self.values = values
        self.unit = unit
        self.digits = digits

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def quartiles(self) -> tuple[float, float]:
        """A quarter of the runs is below the first, a quarter above the second."""
        if len(self.values) < 2:
            return self.values[0], self.values[0]
        first, _, third = statistics.quantiles(self.values, n=4, method="inclusive")
        return first, third

    def minus(self, other: Figure) -> Figure:
        """Differences run by run: what slowed both of a pair falls out."""
        pairs = zip(self.values, other.values, strict=True)
        return Figure([one - another for one, another in pairs], self.unit, self.digits)

    def over(self, other: Figure) -> Figure:
        """Ratios run by run."""
        pairs = zip(self.values, other.values, strict=True)
        return Figure([one / another for one, another in pairs], "x", 2)

    def as_dict(self) -> dict[str, object]:
        low, high = (round(value, 4) for value in self.quartiles)
        return {"median": round(self.median, 4), "quartiles": [low, high], "unit": self.unit, "runs": len(self.values)}

    def __str__(self) -> str:
        low, high = self.quartiles
        text = f"{self.median:,.{self.digits}f} {self.unit}"
        return text if low == high else f"{text} ({low:,.{self.digits}f} to {high:,.{self.digits}f})"


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of them do not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]
