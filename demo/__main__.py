"""Run the sample function cold and warm, with Preheat and with boto3, and show on the terminal what happened."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from demo import interruption, page, prepare, progress, stages, terminal
from demo.page import Comparison
from demo.records import Failed

if TYPE_CHECKING:
    from demo.stages import Stage

STAND_IN = "stand-in"  # what PREHEAT_DEMO may hold
_INTRO = "The function: sample_function/ prices an order by a secret, a parameter and a price table in S3."
_WARM = 10  # invocations of each environment


def main(arguments: list[str]) -> int:
    """The exit status: 0 where everything went well, 1 where it did not (and why is on standard error)."""
    options = _options(arguments)
    interruption.arm()
    try:
        with prepare.folder() as folder, ExitStack() as stack:
            _run(options, folder, stack)
    except (Exception, KeyboardInterrupt) as error:
        if interruption.came():  # whatever that led to
            progress.tell("Stopped.")
            return 130
        if not isinstance(error, (Failed, OSError)):
            raise
        progress.tell(f"\nThe demo failed: {error}")
        return 1
    return 0


def _run(options: argparse.Namespace, folder: Path, stack: ExitStack) -> None:
    progress.tell("A Lambda function's cold start, with Preheat and with boto3")
    if options.layer is None:
        if prepare.is_current(prepare.LAYER):
            progress.tell("  dist/layer.zip is up to date")
        else:
            with progress.step("building the layer") as say:
                prepare.build_layer()
                say(f"dist/layer.zip, {prepare.LAYER.stat().st_size / 1000:,.0f} KB")
    stage, name = stages.choose(folder, options.layer or prepare.LAYER, stack, stand_in=options.stand_in)
    with progress.step(f"running {options.runs} cold starts of each"):
        comparison = _compare(stage, options.runs)
    _check(comparison)
    screen = terminal.detect(sys.stdout, os.environ, options.width)
    sys.stdout.write(screen.render(page.page(comparison, [_INTRO, name], _notes(), screen.width)))
    sys.stdout.flush()


def _compare(stage: Stage, runs: int) -> Comparison:
    stage.cold_start(with_preheat=True, warm=0)  # files come into memory; does not count
    preheat, boto3 = [], []
    for _ in range(runs):  # in turn: what slows the machine slows both
        preheat.append(stage.cold_start(with_preheat=True, warm=_WARM))
        boto3.append(stage.cold_start(with_preheat=False, warm=_WARM))
    return Comparison(preheat, boto3)


def _check(comparison: Comparison) -> None:
    """A demo of something that does not work must not look like success."""
    starts = [*comparison.preheat, *comparison.boto3]
    if len({start.answer for start in starts}) != 1:
        raise Failed("the function does not answer the same with Preheat and with boto3")
    missing = {
        f"{row.name}: {row.outcome}" for start in comparison.preheat for row in start.fetched if row.outcome != "ok"
    }
    if missing:
        raise Failed(f"not everything was prefetched: {', '.join(sorted(missing))}")


def _notes() -> list[str]:
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, CPython {platform.python_version()}"
    return [
        f"Measured here ({machine}), not in Lambda: compare the figures with each other only. X-Ray is off in both.",
        "The static code imports boto3 and makes three clients; with Preheat it needs neither.",
        "boto3's values are fetched once and kept for good; Preheat's are fetched again by their time to live.",
    ]


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="cold starts of each (default: 5)")
    parser.add_argument("--width", type=int, default=0, metavar="COLUMNS", help="default: the terminal's")
    parser.add_argument("--layer", type=Path, metavar="ZIP", help="use this one instead of building it")
    parser.add_argument(
        "--stand-in",
        action="store_true",
        default=os.environ.get("PREHEAT_DEMO") == STAND_IN,
        help=f"do without AWS's emulator, as where it cannot run; PREHEAT_DEMO={STAND_IN} says the same",
    )
    options = parser.parse_args(arguments)
    if options.runs < 1:
        parser.error("--runs must be 1 or more")
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
