"""Measure Preheat beside what else one could use, and write docs/benchmarks.md; or hold it to its budgets (--check).

Sections: budgets, cold, warm, starved, growth. What was measured is kept in .cache/bench, section by section, so that
one can be measured alone (--only) and the page be made again at any time (--render).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from benchmarks import gate, page, results, session, stage, variants
from benchmarks.quiet import Quiet
from benchmarks.results import Section
from benchmarks.sections import budgets, cold, growth, starved, warm
from tests.emulator.namespace import ROOT, NamespaceError

# Name -> how to measure it, and how many runs that takes; for --quick just enough to see that all works.
SECTIONS: dict[str, tuple[Callable[[stage.Stage, int], Section], int]] = {
    cold.NAME: (cold.measure, 5),
    warm.NAME: (warm.measure, 5),
    starved.NAME: (starved.measure, 3),
    growth.NAME: (growth.measure, 3),
}
DOCS = ROOT / "docs"
QUICK = "quick"  # where a trial's figures and page go, below .cache/bench


def main() -> int:
    """The exit status: 1 where a budget is broken (--check), or a section failed; 2 where nothing can be measured."""
    options = _options()
    kept, docs = results.FOLDER, DOCS
    if options.quick:
        kept = docs = results.FOLDER / QUICK
    if options.render:
        return _render(kept, docs)
    if not options.layer.exists():
        print(f"{options.layer} is missing: run ./build.sh", file=sys.stderr)
        return 2
    if options.check:
        try:
            return _check(options)
        except NamespaceError as error:
            print(f"no measurement without a namespace of our own: {error}", file=sys.stderr)
            return 2
    failed = [name for name in options.only if not _measured(name, options, kept)]
    status = _render(kept, docs)
    if failed:
        print(f"Not measured, see above: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else status


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=page.ORDER, default=page.ORDER, metavar="SECTION")
    parser.add_argument("--runs", type=int, help="of each thing; default: what fits into 25 minutes")
    parser.add_argument("--quick", action="store_true", help="one run of each, kept apart, to see that all works")
    parser.add_argument("--render", action="store_true", help="make the page of the figures that there are")
    parser.add_argument("--check", action="store_true", help="the budgets alone; fail where one is broken")
    parser.add_argument("--pairs", type=int, default=gate.PAIRS, help="cold starts of each variant for the budgets")
    parser.add_argument(
        "--patience", type=float, default=120, metavar="SECONDS", help="to wait in a section for a quiet machine"
    )
    parser.add_argument("--layer", type=Path, default=variants.LAYER, metavar="ZIP", help="default: dist/layer.zip")
    parser.add_argument("--json", type=Path, metavar="FILE", help="with --check: write the figures there as well")
    return parser.parse_args()


def _check(options: argparse.Namespace) -> int:
    quiet = Quiet(options.patience)
    with tempfile.TemporaryDirectory(prefix="preheat-bench-") as folder:
        figures = gate.measure(Path(folder), options.layer, options.pairs, quiet)
    found = gate.budgets(figures, options.layer)
    gate.report(figures, found, options.pairs)
    if quiet.disturbed:
        print(f"\nThe machine was busy with other things in {quiet.disturbed} of the runs: the figures are too high.")
    if options.json is not None:
        gate.write(options.json, figures, found)
    return 0 if all(budget.kept for budget in found) else 1


def _measured(name: str, options: argparse.Namespace, kept: Path) -> bool:
    """Measure a section, print and keep it. A section that fails leaves the others alone, and its last figures."""
    started = time.monotonic()
    print(f"{name} …", file=sys.stderr, flush=True)
    try:
        section = _section(name, options)
    except NamespaceError as error:
        print(f"no measurement without a namespace of our own: {error}", file=sys.stderr)
        return False
    except Exception:  # noqa: BLE001 (whatever it is, the other sections are worth having)
        traceback.print_exc()
        return False
    results.save(section, kept)
    print("\n\n".join([f"# {name}", *page.tables_of(section), *page.reading_of(section), *section.notes]), flush=True)
    print(f"{name}: {time.monotonic() - started:.0f} s\n", file=sys.stderr)
    return True


def _section(name: str, options: argparse.Namespace) -> Section:
    quiet = Quiet(0 if options.quick else options.patience)
    with tempfile.TemporaryDirectory(prefix="preheat-bench-") as path:
        folder = Path(path)
        if name == budgets.NAME:
            section = budgets.measure(folder, options.layer, 1 if options.quick else options.pairs, quiet)
        else:
            measure, runs = SECTIONS[name]
            with stage.raised(folder, options.layer, quiet) as here:
                section = measure(here, 1 if options.quick else options.runs or runs)
    if quiet.disturbed:
        section.note(f"The machine was busy with other things in {quiet.disturbed} of these runs.")
    return section


def _render(kept: Path, docs: Path) -> int:
    found = [section for name in page.ORDER if (section := results.load(name, kept))]
    if not found:
        print(f"{kept} holds no figures: measure first", file=sys.stderr)
        return 2
    print(f"wrote {page.write(found, docs)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(session.run(main))
