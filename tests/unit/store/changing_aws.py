"""An account whose secrets and parameters change, are refused for a while, and are out of reach at times."""

from extension.sources.parameter import Parameter
from tests.unit.store.bench import DENIED, MISSING, THROTTLED, TIMED_OUT, secret

LATENCIES = (0.002, 0.015, 0.3, 0.9)  # seconds


class Aws:
    """``change`` from time to time; ``ask`` is what a ``VirtualFetcher`` takes."""

    def __init__(self, random, resources):
        self._random = random
        self._versions = dict.fromkeys(resources, 1)
        self._outage = None  # every call's error; "hang": no call is ever answered
        self._refusals = {}  # resource -> error

    def ask(self, resources):
        if self._outage == "hang":
            return None, (), TIMED_OUT
        results = [self._outage or self._refusals.get(resource) or self._value(resource) for resource in resources]
        return self._random.choice(LATENCIES), results, TIMED_OUT

    def _value(self, resource):
        version = str(self._versions[resource])
        if resource.service == "ssm":
            return Parameter({"Name": resource.name, "Version": int(version), "Value": version}, True)
        return secret(resource.name, version)

    def change(self):
        if self._random.random() < 0.15:
            self._outage = self._random.choice([None, None, None, THROTTLED, "hang"])
        if self._random.random() < 0.1:
            self._refusals = {}
            if self._random.random() < 0.5:
                refused = self._random.choice(list(self._versions))
                self._refusals[refused] = self._random.choice([DENIED, MISSING])
        if self._random.random() < 0.3:
            self._versions[self._random.choice(list(self._versions))] += 1
