"""Cold starts under AWS's emulator, variant after variant in turn: how long INIT takes, what the extension uses."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks import processes, variants
from benchmarks.figures import Figure
from benchmarks.gate import workload
from benchmarks.quiet import Quiet
from benchmarks.variants import CONVENTIONAL, NOTHING, PREHEAT
from tests.emulator.harness import Aws, Environment
from tests.emulator.namespace import Namespace

INIT, CPU, PEAK, CALLS = "INIT", "CPU of the extension to ready", "peak memory of the extension", "calls to AWS"
UNITS = {INIT: ("ms", 1), CPU: ("ms", 1), PEAK: ("MB", 1), CALLS: ("", 0)}


def measure(
    namespace: Namespace, aws: Aws, layouts: dict[str, Path], pairs: int, quiet: Quiet
) -> dict[str, dict[str, Figure]]:
    """What -> variant -> figure. A round that does not count comes first: files are in memory, the stand-in is warm."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in layouts}
    for number in range(pairs + 1):
        names = list(layouts)
        for name in names[number % 3 :] + names[: number % 3]:  # no variant always follows the same one
            run = quiet.measure(partial(_start, namespace, aws, layouts[name], name != NOTHING))
            if number:
                runs[name].append(run)
    return {
        what: {
            name: Figure([run[what] for run in runs[name]], *UNITS[what])
            for name in (NOTHING, PREHEAT, CONVENTIONAL)
            if what in runs[name][0]
        }
        for what in UNITS
    }


def environment_for(namespace: Namespace, aws: Aws, opt: Path) -> Environment:
    """An execution environment with the smallest function, and lists to prefetch."""
    return Environment(namespace, opt=opt, task=variants.FUNCTION, environ=aws.environ | workload.LISTS)


def _start(namespace: Namespace, aws: Aws, opt: Path, has_extension: bool) -> dict[str, float]:
    aws.control("DELETE", "/calls")
    with environment_for(namespace, aws, opt) as environment:
        response = environment.invoke()
        if response.status != 200:
            raise RuntimeError(f"the function failed: {response}\n{environment.log}")
        run = {INIT: environment.init_ms[0]}
        if has_extension:
            pid = processes.extension_of(environment.pid)
            run[CPU] = processes.cpu_seconds(pid) * 1e3
            run[PEAK] = processes.peak_bytes(pid) / 1e6
            calls = aws.calls()
            assert sum(len(call["resources"]) for call in calls) == workload.COUNT, environment.log
            run[CALLS] = len(calls)
    return run
