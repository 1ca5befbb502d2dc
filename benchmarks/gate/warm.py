"""What a running environment costs: a read of what is held, and an INVOKE with nothing to do."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

from benchmarks import processes
from benchmarks.figures import Figure, percentile
from benchmarks.gate import workload
from benchmarks.gate.cold import environment_for
from benchmarks.quiet import Quiet
from benchmarks.variants import NOTHING
from tests.emulator.harness import SIDECAR_PORT, Aws, Environment, plain_environ
from tests.emulator.namespace import ROOT, Namespace

ROUNDS = 5
READS = 4000
INVOCATIONS = 200
HIT_P50, HIT_P99, INVOKE = "a hit, p50", "a hit, p99", "CPU of an INVOKE with nothing due"


def measure(namespace: Namespace, aws: Aws, layouts: dict[str, Path], quiet: Quiet) -> dict[str, dict[str, Figure]]:
    """What -> variant -> figure, a value per round."""
    found: dict[str, dict[str, list[float]]] = {what: {} for what in (HIT_P50, HIT_P99, INVOKE)}
    for _ in range(ROUNDS):
        for name, opt in layouts.items():
            if name == NOTHING:
                continue
            with environment_for(namespace, aws, opt) as environment:
                assert environment.invoke().status == 200
                invoke = quiet.measure(partial(_invoke_us, environment))
                hits = quiet.measure(partial(_hits_us, namespace, environment))
            for what, value in ((HIT_P50, percentile(hits, 0.5)), (HIT_P99, percentile(hits, 0.99)), (INVOKE, invoke)):
                found[what].setdefault(name, []).append(value)
    return {
        what: {name: Figure(values, "µs", 0) for name, values in variants.items()} for what, variants in found.items()
    }


def _invoke_us(environment: Environment) -> float:
    pid = processes.extension_of(environment.pid)
    before = processes.cpu_seconds(pid)
    for _ in range(INVOCATIONS):
        assert environment.invoke().status == 200
    return (processes.cpu_seconds(pid) - before) / INVOCATIONS * 1e6


def _hits_us(namespace: Namespace, environment: Environment) -> list[float]:
    token = environment.environ["AWS_SESSION_TOKEN"]
    reader = "raw socket"
    command = [sys.executable, "-m", "benchmarks.client", reader, str(SIDECAR_PORT), token, workload.READ, str(READS)]
    log = environment.folder / "client.log"
    pid, line = namespace.spawn(command, environ=plain_environ(), folder=ROOT, log=log, ready=60)
    namespace.call("end", pids=[pid])
    return [seconds * 1e6 for seconds in json.loads(line)["seconds"]]
