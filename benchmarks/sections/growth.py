"""How time and memory of an extension grow, with what it prefetches and with who asks it."""

from __future__ import annotations

import json
import shutil
from functools import partial

from benchmarks import processes
from benchmarks.contestants import BY_KEY, Contestant
from benchmarks.results import Section
from benchmarks.sections import cold, warm
from benchmarks.stage import FAILURES, Stage, brief, first_invocation
from benchmarks.variants import CONVENTIONAL
from benchmarks.workload import Workload, name_of

NAME = "growth"
COUNTS = (1, 3, 10, 30, 100, 300, 1000)
CONNECTIONS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
LATENCY = 15
KEYS = ("b", "f")
BY_RESOURCES, BY_CONNECTIONS = "resources", "connections"  # parts of the section
_READS = 3000


def measure(stage: Stage, runs: int) -> Section:
    section = stage.section(NAME)
    stage.set_latency(LATENCY)
    for count in COUNTS:
        start = partial(_start, stage)
        found = cold.in_turn(stage, stage.contestants(*KEYS), count, runs, section, start)
        cold.add(section, found, part=BY_RESOURCES, resources=count)
    _connections(stage, runs, section)
    return section


def _start(stage: Stage, contestant: Contestant, load: Workload) -> dict[str, float]:
    """A cold start whose function reads nothing: what grows is the extension's."""
    folder = stage.folder / f"task-{load.count}-{contestant.key}"
    if not folder.exists():
        folder.mkdir()
        shutil.copy(BY_KEY["a"].function / "app.py", folder)
        (folder / "preheat.json").write_text(json.dumps(_document(load)))
    return cold.start(stage, contestant, load, task=folder, extra=_told(contestant))


def _told(contestant: Contestant) -> dict[str, str]:
    """Lambda's variables hold 4 KB in all: that many names are for a file, as far as an extension reads one."""
    if contestant.opt == CONVENTIONAL:
        return {}
    return {"PREHEAT_CONFIG": "preheat.json", "PREHEAT_SECRETS": "", "PREHEAT_PARAMETERS": "", "PREHEAT_S3": ""}


def _document(load: Workload) -> dict[str, list[str]]:
    return {"secrets": load.secrets, "parameters": load.parameters, "s3": load.objects}


def _connections(stage: Stage, runs: int, section: Section) -> None:
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    load = Workload(1, secrets_only=True)
    for _ in range(runs):
        for contestant in stage.contestants(*KEYS):
            try:
                with stage.environment(contestant, load, extra=warm.lists(contestant)) as environment:
                    first_invocation(environment, load.count)
                    (extension,), _ = processes.extension_and_function(
                        environment.pid, stage.namespace.pid, (stage.aws.pid,)
                    )
                    for connections in CONNECTIONS:
                        run = partial(warm.many, stage, environment, contestant, name_of(100), connections, _READS)
                        outcome = stage.quiet.measure(run)
                        outcome[cold.PEAK] = processes.peak_bytes(extension) / 1e6
                        found.setdefault((contestant.key, connections), []).append(outcome)
            except FAILURES as error:
                section.note(f"{contestant.title} failed with many connections: {brief(error)}")
    for (key, connections), outcomes in found.items():
        if len(outcomes) == runs:
            for what, unit in ((warm.P50, "µs"), (warm.P99, "µs"), (warm.RATE, "1/s"), (cold.PEAK, "MB")):
                values = [outcome[what] for outcome in outcomes]
                section.add(values, unit, what=what, part=BY_CONNECTIONS, variant=key, connections=connections)
