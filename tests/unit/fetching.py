"""Calls that do what a test says, and a fetcher for them."""

import threading

from extension.clock import Clock
from extension.fetcher import Fetcher
from extension.references import secret_resource
from extension.rounds import Job, Round
from tests.unit.doubles import double
from tests.unit.hand_clock import HandClock

TIMEOUTS = {"secretsmanager": 5.0, "ssm": 7.0}
LIMIT = 10.0  # seconds after which something hangs
CLOCK = HandClock()


class Call:
    """A call that does what a test says."""

    action = "GetSecretValue"

    def __init__(self, *names, host="a", act=None, follow=()):
        self.resources = tuple([secret_resource(name) for name in names])
        self.host = host
        self.follow = follow
        self._act = act

    def run(self, budget, deliver):
        if self._act is not None:
            return self._act(budget, deliver, self.resources) or self.follow
        for resource in self.resources:
            deliver(resource, f"value of {resource.name}", CLOCK.now())
        return self.follow


class Held:
    """Calls that wait until they are let go, and a way to wait until so many of them are running."""

    def __init__(self):
        self.names = []
        self.most = 0
        self._running = 0
        self._changed = threading.Condition()
        self._open = set()

    def call(self, name, host="a"):
        return Call(name, host=host, act=self._act)

    def _act(self, budget, deliver, resources):
        (resource,) = resources
        with self._changed:
            self.names.append(resource.name)
            self._running += 1
            self.most = max(self.most, self._running)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: {resource.name, "*"} & self._open, LIMIT)
            self._running -= 1
        deliver(resource, "value", CLOCK.now())

    def wait_for(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.names) >= count, LIMIT), self.names

    def release(self, name="*"):
        with self._changed:
            self._open.add(name)
            self._changed.notify_all()


class Bench:
    """A fetcher, a round, and what came of its jobs."""

    def __init__(self, per_host=4, workers=8):
        self.faults = []
        self.fetcher = Fetcher(Clock(), double(self), per_host, workers)
        self.round = Round(TIMEOUTS)
        self.outcomes = []
        self._lock = threading.Lock()

    def fault(self, event, **fields):
        self.faults.append((event, fields))

    def deliver(self, job, resource, result, sent):
        with self._lock:
            self.outcomes.append((resource.name, result))

    def submit(self, *calls):
        jobs = [Job(call, self.round, self.deliver) for call in calls]
        for job in jobs:
            self.fetcher.submit(job)
        return jobs

    def finish(self):
        assert self.round.wait(LIMIT)
        return sorted(self.outcomes, key=str)
