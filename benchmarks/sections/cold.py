"""Cold starts, contestant after contestant in turn, by latency of AWS and by number of resources."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import processes, workload
from benchmarks.contestants import Contestant
from benchmarks.quota import Quota
from benchmarks.results import Section
from benchmarks.stage import FAILURES, Stage, brief, first_invocation
from benchmarks.workload import Workload

NAME = "cold"
INIT, FIRST, SUM = "INIT", "first invocation", "sum"
CPU, CPU_ALL = "CPU of extension", "CPU of all"
PEAK, PEAK_ALL = "memory of extension", "memory of all"
CALLS = "AWS calls"
UNITS = {INIT: "ms", FIRST: "ms", SUM: "ms", CPU: "ms", CPU_ALL: "ms", PEAK: "MB", PEAK_ALL: "MB", CALLS: ""}

TIMEOUT, STARVED_TIMEOUT = 60, 300  # the function's, in seconds

Run = dict[str, float]
Start = Callable[[Contestant, Workload], Run]


def measure(stage: Stage, runs: int, latencies: tuple[int, ...] = workload.LATENCIES_MS) -> Section:
    """All cells of the table."""
    section = stage.section(NAME)
    for latency in latencies:
        stage.set_latency(latency)
        for count in workload.COUNTS:
            found = in_turn(stage, stage.contestants(), count, runs, section, partial(start, stage))
            add(section, found, resources=count, latency=latency)
    return section


def add(section: Section, found: dict[str, list[Run]], **names: str | int) -> None:
    """Put the runs of a cell into the section."""
    for key, of in found.items():
        for what in of[0]:
            section.add([run[what] for run in of], UNITS[what], what=what, variant=key, **names)


def in_turn(
    stage: Stage, contestants: list[Contestant], count: int, runs: int, section: Section, start: Start
) -> dict[str, list[Run]]:
    """Key of a contestant -> its runs. One that fails is noted, and left out from then on.

    A round that does not count comes first: files are in memory, the stand-in is warm. No contestant always follows
    the same one.
    """
    found: dict[str, list[Run]] = {each.key: [] for each in contestants}
    for number in range(runs + 1):
        turn = number % len(contestants)
        for each in contestants[turn:] + contestants[:turn]:
            if each.key not in found:
                continue
            try:
                run = stage.quiet.measure(partial(start, each, Workload(count, secrets_only=each.secrets_only)))
            except FAILURES as error:
                section.note(f"{each.title} failed with {count} resources and is left out there: {brief(error)}")
                del found[each.key]
            else:
                if number:
                    found[each.key].append(run)
    return found


def start(
    stage: Stage,
    contestant: Contestant,
    load: Workload,
    *,
    quota: Quota | None = None,
    task: Path | None = None,
    extra: dict[str, str] | None = None,
) -> Run:
    """One cold start: until its first invocation is answered. ``quota`` is what its processes are held to."""
    stage.aws.control("DELETE", "/calls")
    timeout = STARVED_TIMEOUT if quota else TIMEOUT
    with stage.environment(contestant, load, extra=extra, task=task, timeout=timeout) as environment:
        if quota:
            quota.add(environment.pid)
        first = first_invocation(environment, load.count)
        extension, function = processes.extension_and_function(environment.pid, stage.namespace.pid, (stage.aws.pid,))
        used, all_used = processes.Use(extension), processes.Use(extension + function)
        init = environment.init_ms[0]
        run = {INIT: init, FIRST: first, SUM: init + first}
        if contestant.extension:
            run |= {CPU: used.cpu_seconds * 1e3, PEAK: used.peak_bytes / 1e6}
        run |= {CPU_ALL: all_used.cpu_seconds * 1e3, PEAK_ALL: all_used.peak_bytes / 1e6}
        return run | {CALLS: stage.aws.control("GET", "/calls")["count"]}
