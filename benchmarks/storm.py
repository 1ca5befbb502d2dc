"""A cold-start storm on paper: many environments start within one second, and share AWS's quotas.

    python -m benchmarks.storm

A discrete-event simulation, the same at every run. What is Preheat's is Preheat's own code: which calls it plans, what
becomes of a throttled one, how long it pauses, what it may take. What is simulated is time, the quotas (token buckets),
the wire (every answer takes LATENCY) and the fetch workers. It needs nothing but the standard library and the sidecar.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from benchmarks.throttling import Bucket, Time
from extension.aws import outcome
from extension.aws.call import Budget, Call
from extension.aws.client import backoff
from extension.aws.directory import Directory
from extension.errors import SourceError
from extension.fetcher import WORKERS
from extension.references import Resource, parameter_resource, secret_resource
from extension.settings import Settings
from extension.sources.parameter_store import ParameterStore
from extension.sources.secrets_manager import SecretsManager

ENVIRONMENTS = 1000
WITHIN = 1.0  # seconds in which all of them start
LATENCY = 0.015  # seconds for an answer, a refusal too
HORIZON = 60.0  # seconds after which nobody looks any more
SETTINGS = Settings(region="eu-west-1")

# Calls a second, account and Region (see extension/quotas.py).
QUOTAS = {"GetSecretValue": 10_000.0, "BatchGetSecretValue": 100.0, "ssm": 40.0}
_PARAMETERS = {"GetParameter": "ssm", "GetParameters": "ssm"}  # share one, whatever they name


class Policy:
    """How an environment fetches. ``batch``: PREHEAT_SECRETS_BATCH; ``singles``: parameters one by one; ``stubborn``:
    a throttled batch is tried again as a batch, instead of what Preheat does."""

    def __init__(self, name: str, *, batch: str = "auto", singles: bool = False, stubborn: bool = False) -> None:
        self.name = name
        self.batch = batch
        self.singles = singles
        self.stubborn = stubborn


PREHEAT = Policy("Preheat")
BATCH_FIRST = Policy("batch first, also few", batch="always")  # Preheat without the limit of eight
ONE_BY_ONE = Policy("one call per item", batch="never", singles=True)
ALWAYS_BATCH = Policy("always batch", batch="always", stubborn=True)
TABLES = {
    "secrets": ((3, 8, 10, 20, 100), (PREHEAT, BATCH_FIRST, ONE_BY_ONE, ALWAYS_BATCH)),
    "parameters": ((3, 10, 20, 100), (PREHEAT, ONE_BY_ONE)),  # "always batch" is what Preheat does
}


class Granted(Exception):
    """The call got its token: what it answers is of no interest here."""


class Refused(Exception):
    """The call was throttled, and is one that is tried again."""


class Wire:
    """In place of ``aws.client.Client``: asks the bucket."""

    def __init__(self, storm: Storm) -> None:
        self._storm = storm
        self.action = ""  # of the call that is made just now

    def perform(self, call: Call, _budget: Budget) -> Any:
        self._storm.calls += 1
        if self._storm.buckets[_PARAMETERS.get(self.action, self.action)].take():
            raise Granted
        self._storm.throttled += 1
        if call.patient or self._storm.policy.stubborn:
            raise Refused
        raise outcome.failure(outcome.THROTTLED, "ThrottlingException", "Rate exceeded")


class Environment:
    """One sidecar: prefetches, and goes on at one INVOKE after another with what it could not get."""

    def __init__(self, storm: Storm, resources: Sequence[Resource]) -> None:
        self._storm = storm
        self._time = storm.time
        self._wire = wire = Wire(storm)
        clock: Any = storm.time
        client: Any = wire
        directory = Directory(SETTINGS)
        self._sources: dict[str, Any] = {
            "secretsmanager": SecretsManager(client, directory, clock, storm.policy.batch),
            "ssm": ParameterStore(client, directory, clock, SETTINGS.cache_items),
        }
        self._missing = dict.fromkeys(resources)
        self._started = 0.0
        self._waiting: list[Any] = []  # calls without a place among their host's
        self._running: dict[str, int] = {}
        self._open = 0
        self._rounds = 0
        self.ready: float | None = None  # when it had everything
        self.took = 0.0  # how long after its own start that was

    def start(self) -> None:
        self._started = self._time.now
        self._round()

    @property
    def ready_in_init(self) -> bool:
        """Whether the prefetch brought everything; INIT ends with it, or when it has held INIT for long enough."""
        return self.ready is not None and self._rounds == 1 and self.took <= SETTINGS.init_timeout

    def _round(self) -> None:
        """Plan what is missing. A round that fails is followed by the next: the function is being invoked."""
        self._rounds += 1
        by_service: dict[str, list[Resource]] = {}
        for resource in self._missing:
            by_service.setdefault(resource.service, []).append(resource)
        for service, resources in by_service.items():
            pieces = [[resource] for resource in resources] if self._storm.policy.singles else [resources]
            for piece in pieces:
                for call in self._sources[service].plan(piece):
                    self._submit(call)

    def _submit(self, call: Any) -> None:
        self._open += 1
        if self._has_place(call):
            self._begin(call)
        else:
            self._waiting.append(call)

    def _has_place(self, call: Any) -> bool:
        return self._running.get(call.host, 0) < SETTINGS.max_connections and sum(self._running.values()) < WORKERS

    def _begin(self, call: Any) -> None:
        self._running[call.host] = self._running.get(call.host, 0) + 1
        timeout = SETTINGS.fetch_timeout[call.resources[0].service]
        assert timeout is not None
        self._attempt(call, 0, self._time.now + timeout)

    def _attempt(self, call: Any, attempt: int, deadline: float) -> None:
        self._wire.action = call.action
        following: Sequence[Any] = ()
        try:
            following = call.run(Budget(0.0), None)
        except Granted:
            self._time.after(LATENCY, lambda: self._end(call, got=True))
            return
        except (Refused, SourceError):
            pause = LATENCY + backoff(attempt) * self._storm.random.random()
            if self._time.now + pause < deadline:
                self._time.after(pause, lambda: self._attempt(call, attempt + 1, deadline))
                return
        self._time.after(LATENCY, lambda: self._end(call, following))

    def _end(self, call: Any, following: Sequence[Any] = (), *, got: bool = False) -> None:
        if got:
            for resource in call.resources:
                del self._missing[resource]
        self._running[call.host] -= 1
        self._open -= 1
        for other in following:
            self._submit(other)
        for waiting in list(self._waiting):
            if self._has_place(waiting):
                self._waiting.remove(waiting)
                self._begin(waiting)
        if self._open == 0:
            self._finish()

    def _finish(self) -> None:
        if self._missing:
            self._round()
        else:
            self.ready = self._time.now
            self.took = self.ready - self._started


class Storm:
    """Many environments with the same lists, and one account."""

    def __init__(
        self, policy: Policy, *, secrets: int = 0, parameters: int = 0, environments: int = ENVIRONMENTS, seed: int = 1
    ) -> None:
        self.policy = policy
        self.random = random.Random(seed)
        self.time = Time()
        self.buckets = {name: Bucket(rate, self.time) for name, rate in QUOTAS.items()}
        self.calls = 0
        self.throttled = 0
        resources = [secret_resource(f"prod/secret-{number}") for number in range(secrets)]
        resources += [parameter_resource(f"/prod/parameter-{number}") for number in range(parameters)]
        self.environments = [Environment(self, resources) for _ in range(environments)]
        for environment in self.environments:
            self.time.after(self.random.uniform(0, WITHIN), environment.start)

    def run(self) -> Storm:
        self.time.run(HORIZON)
        return self

    @property
    def ready_in_init(self) -> int:
        """Environments that had everything while their INIT lasted."""
        return sum(environment.ready_in_init for environment in self.environments)

    @property
    def ready(self) -> int:
        """Environments that had everything in the end."""
        return sum(environment.ready is not None for environment in self.environments)

    @property
    def all_ready_at(self) -> float:
        """Seconds after the first start; infinity where some were not ready when nobody looked any more."""
        return max(float("inf") if it.ready is None else it.ready for it in self.environments)

    @property
    def took(self) -> list[float]:
        """How long each took that was ready, the quickest first."""
        return sorted(it.took for it in self.environments if it.ready is not None)


def main() -> None:
    """Print the tables of docs/storms.md."""
    for kind, (counts, policies) in TABLES.items():
        print(f"| {kind} | policy | alone: calls, ms | calls | throttled | median ms | ready in INIT | all ready |")
        print("|---|---|---|---|---|---|---|---|")
        for count in counts:
            for policy in policies:
                print(row(kind, count, policy), flush=True)
        print()


def row(kind: str, count: int, policy: Policy) -> str:
    """One environment alone, then the storm."""
    alone = Storm(policy, **{kind: count}, environments=1).run()
    storm = Storm(policy, **{kind: count}).run()
    half = storm.took[ENVIRONMENTS // 2 :]
    median = f"{half[0] * 1000:,.0f}" if half else "-"
    end = f"{storm.all_ready_at:.1f} s" if storm.ready == ENVIRONMENTS else f"{storm.ready} after {HORIZON:.0f} s"
    cells = [count, policy.name, f"{alone.calls}, {alone.took[0] * 1000:.0f}", f"{storm.calls:,}"]
    cells += [f"{storm.throttled:,}", median, storm.ready_in_init, end]
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    main()
