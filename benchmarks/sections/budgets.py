"""The gate's figures, as a section of the page."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks import gate
from benchmarks.quiet import Quiet
from benchmarks.results import Section
from benchmarks.stage import machine

NAME = "budgets"


def measure(folder: Path, layer: Path, pairs: int, quiet: Quiet) -> Section:
    """What was found, what is allowed here, what the design says."""
    section = Section(NAME, machine(), time.strftime("%Y-%m-%d"))
    for budget in gate.budgets(gate.measure(folder, layer, pairs, quiet), layer):
        for of, values in (("found", budget.found.values), ("most", [budget.most]), ("design", [budget.design])):
            section.add(values, budget.found.unit, what=budget.what, of=of)
    return section
