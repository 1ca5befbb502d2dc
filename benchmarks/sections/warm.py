"""Reads of what is held: by size and number of connections, by client library, and from the function's own memory."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any

from benchmarks import client, workload
from benchmarks.contestants import BASE, BY_KEY, PROVIDER, Contestant
from benchmarks.figures import percentile
from benchmarks.results import Section
from benchmarks.stage import FAILURES, Stage, brief, first_invocation
from benchmarks.workload import Workload
from tests.emulator.harness import SIDECAR_PORT, Environment
from tests.emulator.namespace import ROOT

NAME = "warm"
CONNECTIONS = (1, 8, 64)
SERVERS = ("b", "f", "g, secrets")
P50, P99, RATE, CPU = "p50", "p99", "reads a second", "client's CPU"
BY_SIZE, BY_CLIENT, IN_MEMORY = "size", "client", "memory"  # parts of the section
_READS = {100: 4000, 4_000: 4000, 64_000: 2000, 1_000_000: 300}
_READS_BY_CLIENT, _READS_IN_MEMORY = 3000, 50_000
_LIMIT = 60.0  # seconds for a round of reads


def measure(stage: Stage, runs: int) -> Section:
    """All of it, a value per round; the servers take turns."""
    section = stage.section(NAME)
    stage.set_latency(1)
    found: dict[tuple[tuple[str, Any], ...], list[dict[str, float]]] = {}

    def record(outcome: dict[str, float], **names: Any) -> None:
        found.setdefault(tuple(names.items()), []).append(outcome)

    for _ in range(runs):
        for contestant in stage.contestants(*SERVERS):
            try:
                _round(stage, contestant, record)
            except FAILURES as error:
                section.note(f"{contestant.title} failed in a round of reads: {brief(error)}")
    for key, outcomes in found.items():
        if len(outcomes) == runs:  # else it would not be compared run by run
            for what, unit in ((P50, "µs"), (P99, "µs"), (RATE, "1/s"), (CPU, "µs")):
                section.add([outcome[what] for outcome in outcomes], unit, what=what, **dict(key))
    section.note(f"{BY_KEY['g, secrets'].title}: it reads secrets alone, and those have 64 KB at most.")
    return section


def _round(stage: Stage, contestant: Contestant, record) -> None:
    load = Workload(1, secrets_only=True)
    with stage.environment(contestant, load, extra=lists(contestant)) as environment:
        first_invocation(environment, load.count)
        for size in workload.SIZES:
            name = workload.name_of(size)
            if contestant.opt == PROVIDER and name.startswith("s3://"):
                continue
            for connections in CONNECTIONS:
                run = partial(many, stage, environment, contestant, name, connections, _READS[size])
                names = {"part": BY_SIZE, "variant": contestant.key, "size": size, "connections": connections}
                record(stage.quiet.measure(run), **names)
        if contestant.key != BASE:
            return
        path = path_of(contestant, workload.name_of(100))
        for part, readers, count in (
            (BY_CLIENT, client.OVER_A_CONNECTION, _READS_BY_CLIENT),
            (IN_MEMORY, client.IN_MEMORY, _READS_IN_MEMORY),
        ):
            for reader in readers:
                outcome = stage.quiet.measure(partial(one, stage, environment, reader, path, count))
                record(outcome, part=part, reader=reader)


def lists(contestant: Contestant) -> dict[str, str]:
    """The variables that have the extension prefetch a value of each size."""
    if contestant.opt == PROVIDER:
        return {}
    lists = workload.sizes_for_extension()
    first = Workload(1, secrets_only=True).for_extension["PREHEAT_SECRETS"]
    return lists | {"PREHEAT_SECRETS": f"{first},{lists['PREHEAT_SECRETS']}"}


def path_of(contestant: Contestant, name: str) -> str:
    """What to ask it for, to have the resource of this name."""
    paths = contestant.paths if any(contestant.paths) else BY_KEY["f"].paths  # Preheat has the same
    return paths[2] + name.removeprefix("s3://") if name.startswith("s3://") else paths[0] + name


def many(
    stage: Stage, environment: Environment, contestant: Contestant, name: str, connections: int, count: int
) -> dict[str, float]:
    """Reads over so many connections."""
    return _run(stage, environment, ["benchmarks.load", str(connections)], path_of(contestant, name), count)


def one(stage: Stage, environment: Environment, reader: str, path: str, count: int, quota=None) -> dict[str, float]:
    """Reads by one of the client's readers."""
    return _run(stage, environment, ["benchmarks.client", reader], path, count, quota)


def _run(stage: Stage, environment: Environment, program: list[str], path: str, count: int, quota=None):
    token = environment.environ["AWS_SESSION_TOKEN"]
    command = [sys.executable, "-m", *program, str(SIDECAR_PORT), token, path, str(count)]
    log = environment.folder / "client.log"
    pid, line = stage.namespace.spawn(
        quota.wrapped(command) if quota else command, environ=environment.environ, folder=ROOT, log=log, ready=_LIMIT
    )
    stage.namespace.call("reap", limit=_LIMIT, pid=pid, timeout=_LIMIT)
    return summary(json.loads(line))


def summary(outcome: dict[str, Any]) -> dict[str, float]:
    """Of what a client program printed."""
    seconds = outcome["seconds"]
    return {
        P50: percentile(seconds, 0.5) * 1e6,
        P99: percentile(seconds, 0.99) * 1e6,
        RATE: outcome["reads"] / outcome["elapsed"],
        CPU: outcome["cpu"] / outcome["reads"] * 1e6,
    }
