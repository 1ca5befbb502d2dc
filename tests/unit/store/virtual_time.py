"""Hours in milliseconds: a clock that jumps to what happens next, and fetch workers whose calls end at set times."""

import heapq
import itertools

from tests.unit.hand_clock import HandClock
from tests.unit.store.bench import Fetcher


class VirtualTime(HandClock):
    """Stands still but for ``run``; what is to happen is kept by its moment of monotonic time."""

    def __init__(self):
        super().__init__()
        self._events = []
        self._number = itertools.count()  # what was planned first happens first

    @property
    def busy(self):
        """Whether something is still to happen."""
        return bool(self._events)

    def after(self, seconds, event):
        heapq.heappush(self._events, (self.monotonic() + seconds, next(self._number), event))

    def run(self, seconds, until):
        """Let things happen for so many seconds, or until ``until()`` is true; whether it is."""
        end = self.monotonic() + max(seconds, 0)
        while not until():
            if not self._events or self._events[0][0] > end:
                self.advance(end - self.monotonic())
                return until()
            moment, _, event = heapq.heappop(self._events)
            self.advance(moment - self.monotonic())
            event()
        return True


class VirtualFetcher:
    """Begins each job at once. ``ask(resources)`` says how long AWS takes and what it answers, one result for each;
    None for the time: it never does."""

    def __init__(self, time, ask, told):
        self.jobs = []
        self.aloft = set()  # the resources that are being asked for
        self._time = time
        self._ask = ask
        self._told = told  # .landed(resource, result, sent) and .cut(job)

    def submit(self, job):
        job.round.add(job)
        assert not self.aloft & set(job.call.resources), "two calls for one thing"
        self.aloft |= set(job.call.resources)
        self.jobs.append(job)
        sent = self._time.now()
        limit = min(job.budget.timeout, job.budget.expires - sent.monotonic)
        takes, results, late = self._ask(job.call.resources)
        if takes is None or takes > limit:
            takes, results = limit, [late] * len(job.call.resources)
        self._time.after(takes, lambda: self._end(job, results, sent))

    def ahead(self, work):
        self._time.after(0, work)

    def drop(self, job):
        job.cancelled = True
        self.aloft -= set(job.call.resources)
        self._told.cut(job)
        self._finish(job)

    def _end(self, job, results, sent):
        if job.ended:
            return
        for resource, result in zip(job.call.resources, results, strict=True):
            self.aloft.remove(resource)
            self._told.landed(resource, result, sent)
            job.deliver(resource, result, sent)
        assert "" == job.fault
        self._finish(job)

    def _finish(self, job):
        self.jobs.remove(job)
        Fetcher.end(job)
