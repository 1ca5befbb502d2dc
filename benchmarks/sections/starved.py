"""Cold start and reads with the CPU that a function of 128 MB gets: emulator, function, extension share it."""

from __future__ import annotations

from functools import partial

from benchmarks import processes
from benchmarks.quota import NoQuota, Quota
from benchmarks.results import Section
from benchmarks.sections import cold, warm
from benchmarks.stage import FAILURES, Stage, brief, first_invocation
from benchmarks.workload import Workload, name_of

NAME = "starved"
COUNT, LATENCY = 20, 15
READS = 300


def measure(stage: Stage, runs: int) -> Section:
    """Empty, with a note, where nothing can be held to a share."""
    section = stage.section(NAME)
    stage.set_latency(LATENCY)
    try:
        with Quota() as quota:
            start = partial(cold.start, stage, quota=quota)
            found = cold.in_turn(stage, stage.contestants(), COUNT, runs, section, start)
            cold.add(section, found, resources=COUNT, latency=LATENCY)
            _reads(stage, runs, quota, section)
    except NoQuota as reason:
        section.note(f"Not measured: this machine gives no control group to hold a process to its share ({reason}).")
    return section


def _reads(stage: Stage, runs: int, quota: Quota, section: Section) -> None:
    found: dict[str, list[dict[str, float]]] = {}
    load = Workload(1, secrets_only=True)
    for _ in range(runs):
        for contestant in stage.contestants(*warm.SERVERS):
            try:
                with stage.environment(contestant, load, extra=warm.lists(contestant), timeout=300) as environment:
                    first_invocation(environment, load.count)
                    started = processes.extension_and_function(environment.pid, stage.namespace.pid, (stage.aws.pid,))
                    for pid in (environment.pid, *started[0], *started[1]):
                        quota.add(pid)
                    path = warm.path_of(contestant, name_of(100))
                    run = partial(warm.one, stage, environment, "raw socket", path, READS, quota)
                    found.setdefault(contestant.key, []).append(stage.quiet.measure(run))
            except FAILURES as error:
                section.note(f"{contestant.title} failed in a round of reads: {brief(error)}")
    for key, outcomes in found.items():
        if len(outcomes) == runs:
            for what, unit in ((warm.P50, "µs"), (warm.P99, "µs"), (warm.RATE, "1/s")):
                section.add([outcome[what] for outcome in outcomes], unit, what=what, variant=key)
