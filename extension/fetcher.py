"""The few threads that wait for AWS: run the sources' calls in parallel, at most so many per host.

A job that may run goes to a queue that the workers wait on; one whose host is busy waits until a job of that host ends,
so that a hundred S3 objects do not keep the workers from one parameter.
"""

from __future__ import annotations

import _queue
import _thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Protocol

    from extension.aws.call import Budget
    from extension.clock import Clock, Instant
    from extension.logs import Log
    from extension.references import Resource
    from extension.rounds import Job

    class FetchCall(Protocol):
        """One call to AWS for one or more resources."""

        @property
        def host(self) -> str: ...
        @property
        def action(self) -> str: ...
        @property
        def resources(self) -> Sequence[Resource]: ...
        def run(self, budget: Budget, deliver: Callable[[Resource, Any, Instant], None]) -> Sequence[FetchCall]:
            """Fetch; ``deliver`` an outcome for every resource; return calls that must follow instead."""


WORKERS = 8


class Loan:
    """Another worker's time for a job that is under way."""

    __slots__ = ("host", "queued", "work")

    def __init__(self, host: str, work: Callable[[], None]) -> None:
        self.host = host
        self.work = work
        self.queued = False


class Fetcher:
    """The workers. They start when there is work and live as long as the process."""

    def __init__(self, clock: Clock, log: Log, per_host: int, workers: int = WORKERS) -> None:
        self._clock = clock
        self._log = log
        self._per_host = per_host
        self._workers = workers
        self._lock = _thread.allocate_lock()  # guards the counters and the waiting jobs
        self._running: dict[str, int] = {}  # host -> jobs that run or may run
        self._answered: dict[str, float] = {}  # host -> when a call to it was answered last
        self._waiting: list[Job | Loan] = []
        self._runnable: _queue.SimpleQueue[Callable[[], None]] = _queue.SimpleQueue()
        self._queued = 0  # in the queue, not yet taken
        self._free = 0  # workers that wait for work
        self._openers: dict[str, list[list[Job]]] = {}  # host -> who opens a connection to it: each with its next job
        self._alive = 0

    def ahead(self, work: Callable[[], None]) -> None:
        """Run something short and bounded that is no call."""
        with self._lock:
            self._enqueue(work)

    def open_ahead(self, host: str, work: Callable[[], None]) -> None:
        """Run what opens a connection ahead of need. A job of that host that comes meanwhile is run by the same worker,
        as soon as that is done: were it to wait in another one, a host that hangs would keep the other hosts' jobs from
        both."""
        opener: list[Job] = []

        def run() -> None:
            begun = self._clock.monotonic()
            try:
                work()
            finally:
                with self._lock:
                    self._openers[host] = [other for other in self._openers[host] if other is not opener]
                for job in opener:
                    # Connecting is part of a fetch; having waited for a worker is not.
                    job.budget.waited += self._clock.monotonic() - max(begun, job.asked)
                    self._run(job)

        with self._lock:
            self._openers.setdefault(host, []).append(opener)
            self._enqueue(run)

    def lend(self, host: str, work: Callable[[], None]) -> None:
        """Have ``work`` done beside the job that asks for it, as soon as its host has another place: behind the jobs
        that wait for one, so what is long is to be lent piece by piece."""
        with self._lock:
            self._admit(Loan(host, work))

    def submit(self, job: Job) -> None:
        """Run the job as soon as its host and a worker are free."""
        job.round.add(job)
        job.asked = self._clock.monotonic()
        with self._lock:
            if not job.ended:  # dropped already
                self._admit(job)

    def drop(self, job: Job) -> None:
        """End it: take it back where it has not started, cut its exchange where it has."""
        with self._lock:
            job.cancelled = True
            taken_back = not job.started and not job.ended
            if taken_back:
                job.ended = True
                if job in self._waiting:
                    self._waiting.remove(job)
                elif job.queued:  # behind workers that are all busy: its place at the host is another's now
                    self._leave(job.host)
        if taken_back:
            job.end()
        else:
            job.budget.cancel.cancel()

    def _admit(self, job: Job | Loan) -> None:
        host = job.host
        if self._running.get(host, 0) >= self._per_host:
            self._waiting.append(job)
            return
        self._running[host] = self._running.get(host, 0) + 1
        job.queued = True
        for opener in self._openers.get(host, ()):
            if not opener and not isinstance(job, Loan):
                opener.append(job)
                return
        self._enqueue(lambda: self._run(job))

    def _enqueue(self, work: Callable[[], None]) -> None:
        self._queued += 1
        if self._queued > self._free and self._alive < self._workers:
            self._alive += 1
            self._free += 1
            _thread.start_new_thread(self._work, ())
        self._runnable.put(work)

    def _work(self) -> None:
        while True:
            self._do(self._runnable.get())  # in no variable: it would be held until there is something else to do

    def _do(self, work: Callable[[], None]) -> None:
        with self._lock:
            self._queued -= 1
            self._free -= 1
        try:
            work()
        except Exception as error:  # noqa: BLE001 (a worker must not die of one job)
            self._log.fault("fetch.fault", error=type(error).__name__)
        finally:
            with self._lock:
                self._free += 1

    def _run(self, job: Job | Loan) -> None:
        if isinstance(job, Loan):
            try:
                job.work()
            finally:
                with self._lock:
                    self._leave(job.host)
            return
        with self._lock:
            if job.ended:  # dropped while it was in the queue
                return
            job.started = True
        try:
            if not job.cancelled:
                for following in job.run(self._clock):
                    following.cancelled = bool(job.cancelled)
                    self.submit(following)
                if job.fault:
                    self._log.fault("fetch.fault", error=job.fault)
        finally:
            with self._lock:
                if not (job.unanswered or job.cancelled):
                    self._answered[job.host] = self._clock.monotonic()
                self._leave(job.host)
            job.end()

    def _leave(self, host: str) -> None:
        """A job of that host is over: the next one may run. It has waited for its turn; as far as the host has answered
        nobody meanwhile, that counts as waiting for AWS, so that nobody waits for one timeout after another."""
        self._running[host] -= 1
        for job in self._waiting:
            if job.host == host:
                break
        else:
            return
        self._waiting.remove(job)
        if not isinstance(job, Loan):
            since = max(job.asked, self._answered.get(host, job.asked))
            job.budget.waited += self._clock.monotonic() - since
        self._admit(job)
