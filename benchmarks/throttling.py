"""Simulated time, and quotas in it."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

# The services name no burst. Where AWS describes its throttling it is a token bucket
# (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html); here it holds what a second refills, so
# that a quota that nobody has used serves its number at once.
BURST = 1.0  # seconds of refill


class Time:
    """The simulated clock, and what is to happen when."""

    def __init__(self) -> None:
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()  # what is planned first happens first

    def monotonic(self) -> float:
        return self.now

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._number), event))

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, event = heapq.heappop(self._events)
            event()


class Bucket:
    """One quota: ``rate`` tokens a second. A refused call takes none."""

    def __init__(self, rate: float, time: Time) -> None:
        self._rate = rate
        self._time = time
        self._tokens = self._most = rate * BURST
        self._at = 0.0

    def take(self) -> bool:
        self._tokens = min(self._most, self._tokens + (self._time.now - self._at) * self._rate)
        self._at = self._time.now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
