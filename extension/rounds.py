"""What is waited for together: a job is one call to AWS, a round is the jobs of one prefetch, INVOKE or reader."""

from __future__ import annotations

import _thread

from extension.aws import outcome
from extension.aws.call import Budget
from extension.aws.connection import Cancel
from extension.errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from extension.clock import Clock, Instant
    from extension.fetcher import FetchCall
    from extension.references import Resource

    Deliver = Callable[["Job", Resource, Any, Instant], None]

UNLIMITED = 900.0  # seconds: "no limit of its own" is still Lambda's longest function timeout


class Round:
    """Jobs that somebody waits for together: the prefetch, what one INVOKE refreshes, or one reader's miss.

    ``timeouts``: seconds for a fetch, by service; ``expires``: the moment of monotonic time at which all of them end.
    """

    __slots__ = ("_all_done", "_lock", "_open", "expires", "jobs", "timeouts")

    def __init__(self, timeouts: Mapping[str, float], expires: float = float("inf")) -> None:
        self.timeouts = timeouts
        self.expires = expires
        self.jobs: list[Job] = []
        self._open = 0
        self._lock = _thread.allocate_lock()
        self._all_done = _thread.allocate_lock()

    def add(self, job: Job) -> None:
        """One more to wait for."""
        with self._lock:
            if self._open == 0:
                self._all_done.acquire(blocking=False)
            self._open += 1
            job.budget.expires = min(job.budget.expires, self.expires)  # which may have come closer
            self.jobs.append(job)

    def end_by(self, moment: float, now: float) -> None:
        """All of them end then at the latest. An end that is over by now was that of an invocation before."""
        with self._lock:
            self.expires = moment if self.expires <= now else min(self.expires, moment)
            for job in self.jobs:
                budget = job.budget
                budget.expires = moment if budget.expires <= now else min(budget.expires, moment)

    def done(self) -> None:
        """One of them ended."""
        with self._lock:
            self._open -= 1
            if self._open == 0:
                self._all_done.release()

    @property
    def finished(self) -> bool:
        """Whether all have ended."""
        return self._open == 0

    def wait(self, timeout: float) -> bool:
        """Wait until all have ended; False where that takes longer than ``timeout`` seconds."""
        if not self._all_done.acquire(timeout=max(timeout, 0)):
            return False
        self._all_done.release()
        return True


class Job:
    """One call in a round. ``deliver`` takes the outcome of each of its resources, a value or a ``SourceError``;
    ``fault`` names what broke in it, if anything did."""

    __slots__ = (
        "_deliver",
        "_over",
        "_pending",
        "asked",
        "budget",
        "call",
        "cancelled",
        "ended",
        "fault",
        "host",
        "ms",
        "queued",
        "round",
        "started",
        "unanswered",
    )

    def __init__(self, call: FetchCall, round_: Round, deliver: Deliver, waited: float = 0.0) -> None:
        self.call = call
        self.host = call.host
        self.round = round_
        self.budget = Budget(round_.timeouts[call.resources[0].service], Cancel(), round_.expires)
        self.budget.waited = waited
        self.cancelled = False
        self.queued = False  # has one of its host's places, and waits for a worker or has one
        self.started = False
        self.ended = False
        self.asked = 0.0  # monotonic time at which it was submitted
        self.unanswered = False  # it failed for now: AWS does not answer, or not sensibly
        self.fault = ""
        self.ms = 0.0
        self._deliver = deliver
        self._pending = set(call.resources)
        self._over = _thread.allocate_lock()
        self._over.acquire()

    def end(self) -> None:
        """It is over. Once only."""
        self.ended = True
        self._over.release()
        self.round.done()

    def wait(self, timeout: float) -> None:
        """Wait until it is over, at most ``timeout`` seconds."""
        if self._over.acquire(timeout=max(timeout, 0)):
            self._over.release()

    def deliver(self, resource: Resource, outcome: Any, sent: Instant) -> None:
        """Hand on the outcome of one resource."""
        self._pending.discard(resource)
        try:
            self._deliver(self, resource, outcome, sent)
        except Exception as error:  # noqa: BLE001 (whoever can't take one outcome must not cost the others theirs)
            self.fault = type(error).__name__

    def run(self, clock: Clock) -> list[Job]:
        """Fetch. Every resource has an outcome afterwards, or a job of its own among those that follow."""
        started = clock.now()
        following: list[Job] = []
        problem: SourceError | None = None
        try:
            following = [Job(call, self.round, self._deliver) for call in self.call.run(self.budget, self.deliver)]
        except SourceError as error:
            problem = error.with_traceback(None)  # it is remembered, and a frame holds what was fetched before
            problem.__context__ = None
        except Exception as error:  # noqa: BLE001 (a fault of ours is that resource's fault only)
            self.fault = type(error).__name__
            problem = outcome.failure(outcome.TRANSIENT, "", f"an internal fault: {type(error).__name__}")
        self.unanswered = problem is not None and problem.transient
        for job in following:
            self._pending.difference_update(job.call.resources)
        for resource in tuple(self._pending):
            self.deliver(
                resource, problem or outcome.failure(outcome.TRANSIENT, "", "AWS's answer leaves it out"), started
            )
        self.ms = (clock.monotonic() - started.monotonic) * 1000
        return following


class Rounds:
    """Those that may have a call under way, and the end of the invocation that runs. The store's lock guards all but
    ``new``."""

    __slots__ = ("_clock", "_rounds", "_timeouts", "deadline")

    def __init__(self, timeouts: Mapping[str, float | None], clock: Clock) -> None:
        """``timeouts``: seconds for a fetch, by service; None: no limit of its own."""
        self._timeouts = {service: UNLIMITED if limit is None else limit for service, limit in timeouts.items()}
        self._clock = clock
        self._rounds: list[Round] = []
        self.deadline = float("inf")  # of the invocation, in monotonic time

    def new(self, expires: float = float("inf")) -> Round:
        """A round that ends at ``expires`` (monotonic), and with the invocation that runs at the latest.

        A deadline that is over was that of an invocation before: whoever asks now belongs to one whose event is still
        on its way to this process.
        """
        over = self.deadline <= self._clock.monotonic()
        return Round(self._timeouts, expires if over else min(expires, self.deadline))

    def note(self, round_: Round) -> None:
        """It is to get jobs."""
        self._rounds = [other for other in self._rounds if not (other.jobs and other.finished)]
        if round_ not in self._rounds:
            self._rounds.append(round_)

    def end_by(self, deadline: float) -> None:
        """An invocation began that runs until then: so long may everything under way take."""
        now = self._clock.monotonic()
        self.deadline = deadline
        for round_ in self._rounds:
            round_.end_by(deadline, now)

    def jobs(self) -> list[Job]:
        """Those under way."""
        return [job for round_ in self._rounds if not round_.finished for job in tuple(round_.jobs)]
