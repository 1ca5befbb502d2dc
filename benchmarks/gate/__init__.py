"""The short measurement that holds Preheat to its budgets, beside nothing and beside a conventional extension."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import variants
from benchmarks.gate import cold, registering, warm, workload
from benchmarks.gate.budgets import Budget, Figures, budgets
from benchmarks.quiet import Quiet
from benchmarks.stage import machine
from tests.emulator.harness import Aws
from tests.emulator.namespace import Namespace

__all__ = ("PAIRS", "Budget", "Figures", "budgets", "measure", "report", "write")

PAIRS = 15  # cold starts of each variant, one after another in turn


def measure(folder: Path, layer: Path, pairs: int, quiet: Quiet) -> Figures:
    """Everything; ``folder`` is for files."""
    layouts = variants.lay_out(folder / "opt", layer)
    (folder / "registering").mkdir()
    figures = registering.measure(folder / "registering", layouts, pairs, quiet)
    (folder / "namespace").mkdir()
    with (
        Namespace(folder / "namespace") as namespace,
        Aws(namespace, workload.DATA, latency_ms=workload.LATENCY_MS) as aws,
    ):
        quiet.is_ours(namespace.pid)
        quiet.is_ours(aws.pid)
        figures |= cold.measure(namespace, aws, layouts, pairs, quiet)
        figures |= warm.measure(namespace, aws, layouts, quiet)
    return figures


def report(figures: Figures, found: list[Budget], pairs: int) -> None:
    """Print it all."""
    print(f"{machine()}; {pairs} cold starts each, median (quartiles)\n")
    for what, by_variant in figures.items():
        print(what)
        for name, figure in by_variant.items():
            print(f"  {name:<18} {figure}")
    print()
    for budget in found:
        print(budget)


def write(path: Path, figures: Figures, found: list[Budget]) -> None:
    """As JSON."""
    document = {
        "machine": machine(),
        "figures": {what: {name: figure.as_dict() for name, figure in of.items()} for what, of in figures.items()},
        "budgets": [budget.as_dict() for budget in found],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")
