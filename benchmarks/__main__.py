"""Measure Preheat beside nothing and beside the usual way to write such an extension, and hold it to its budgets."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks import cold, registering, session, variants, warm, workload
from benchmarks.budgets import Budget, Figures, budgets
from benchmarks.quiet import Quiet
from tests.emulator.harness import Aws
from tests.emulator.namespace import Namespace, NamespaceError


def main() -> int:
    """The exit status: with ``--check`` 1 where a budget is broken; 2 where nothing can be measured."""
    options = _options()
    if not options.layer.exists():
        print(f"{options.layer} is missing: run ./build.sh", file=sys.stderr)
        return 2
    quiet = Quiet(options.patience)
    with tempfile.TemporaryDirectory(prefix="preheat-bench-") as folder:
        try:
            figures = measure(Path(folder), options.layer, options.pairs, quiet)
        except NamespaceError as error:
            print(f"no measurement without a namespace of our own: {error}", file=sys.stderr)
            return 2
    found = budgets(figures, options.layer)
    _print(figures, found, options.pairs)
    if quiet.disturbed:
        print(f"\nThe machine was busy with other things in {quiet.disturbed} of the runs: the figures are too high.")
    if options.json is not None:
        options.json.write_text(json.dumps(_document(figures, found), indent=1) + "\n")
    return 1 if options.check and not all(budget.kept for budget in found) else 0


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


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--pairs", type=int, default=15, help="cold starts of each variant, one after another in turn")
    parser.add_argument("--check", action="store_true", help="fail where a budget is broken")
    parser.add_argument(
        "--patience", type=float, default=120, metavar="SECONDS", help="to wait in all for a machine with nothing to do"
    )
    parser.add_argument("--layer", type=Path, default=variants.LAYER, metavar="ZIP", help="default: dist/layer.zip")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    return parser.parse_args()


def _machine() -> str:
    return f"CPython {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()} {platform.machine()}"


def _print(figures: Figures, found: list[Budget], pairs: int) -> None:
    print(f"{_machine()}; {pairs} cold starts each, median (quartiles)\n")
    for what, by_variant in figures.items():
        print(what)
        for name, figure in by_variant.items():
            print(f"  {name:<18} {figure}")
    print()
    for budget in found:
        print(budget)


def _document(figures: Figures, found: list[Budget]) -> dict[str, object]:
    return {
        "machine": _machine(),
        "figures": {what: {name: figure.as_dict() for name, figure in of.items()} for what, of in figures.items()},
        "budgets": [budget.as_dict() for budget in found],
    }


if __name__ == "__main__":
    sys.exit(session.run(main))
