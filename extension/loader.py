"""From what is wanted to the calls that bring it, and from their outcomes to what is held and to whoever waits.

Decisions are taken under the store's lock, calls to AWS and to waiting readers are made after it.
"""

from __future__ import annotations

from extension.aws import outcome
from extension.errors import SourceError
from extension.reading import MISS
from extension.rounds import Job, Rounds
from extension.sources.listing import PagedCall, pattern_of
from extension.sources.parameter import Deferred

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _thread
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from typing import Any, Protocol

    from extension.clock import Clock, Instant
    from extension.fetcher import FetchCall, Fetcher
    from extension.holdings import Holdings
    from extension.logs import Log
    from extension.reading import Reading
    from extension.references import Resource
    from extension.rounds import Round
    from extension.single_flight import Flight, Flights

    class Source(Protocol):
        """An AWS service behind the cache."""

        def plan(self, resources: Sequence[Resource], *, deferred: bool = False) -> list[FetchCall]: ...
        def needs(self, resource: Resource) -> str: ...


ASSUME = "sts:AssumeRole"


class Loader:
    """Fills the holdings. Flights say what is under way, rounds when it has to be over."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        fetcher: Fetcher,
        holdings: Holdings,
        flights: Flights,
        rounds: Rounds,
        lock: _thread.LockType,
        clock: Clock,
        log: Log,
    ) -> None:
        """``lock`` guards ``holdings``, ``flights`` and ``rounds``, which the store has, too."""
        self._sources = sources
        self._fetcher = fetcher
        self._holdings = holdings
        self._flights = flights
        self._rounds = rounds
        self._lock = lock
        self._clock = clock
        self._log = log

    # -- what is wanted ----------------------------------------------------------------------------------------------

    def fetch(self, resources: Iterable[Resource], round_: Round, *, deferred: bool = False) -> None:
        """Fetch these in ``round_``, batched; what is under way already is not fetched again. ``deferred``: parameters
        without decryption, and SecureStrings at the next round."""
        leading = []
        with self._lock:
            for resource in resources:
                flight, leads = self._flights.join(self.key(resource), resource)
                flight.listed = True
                flight.deferred = flight.deferred or (deferred and leads)
                if leads and self._flights.lift(flight):
                    leading.append(flight)
        self.start(leading, round_)

    def key(self, resource: Resource) -> Hashable:
        """What its flight and entry are kept under. A flight that is aloft keeps the key that it began with, even where
        another spelling's answer has joined the two meanwhile."""
        flight = self._flights.aloft(resource)
        return flight.key if flight is not None else self._holdings.links.key(resource)

    def start(self, flights: Sequence[Flight], round_: Round | None = None, *, hung: bool = False) -> None:
        """Plan the calls for these flights, which are aloft, and submit them; in a round of their own where none is
        given. ``hung``: those who wait for them have lined up behind a call that AWS did not answer, so a part of their
        timeout is over."""
        if not flights:
            return
        round_ = round_ or self._rounds.new()
        now = self._clock.now()
        waited = 0.0
        calls: list[FetchCall] = []
        by_service: dict[tuple[str, bool], list[Resource]] = {}
        with self._lock:
            self._rounds.note(round_)
            for flight in flights:
                flight.begun = True
                if hung:
                    waited = max(waited, now.monotonic - flight.asked)
                rest = self._holdings.rest(flight.resource, now)
                if rest is not None and not flight.forced:
                    calls.append(rest)
                else:
                    by_service.setdefault((flight.resource.service, flight.deferred), []).append(flight.resource)
        for (service, deferred), resources in by_service.items():
            calls += self._plan(service, resources, deferred)
        for call in calls:
            self._fetcher.submit(Job(call, round_, self._deliver, waited))

    def _plan(self, service: str, resources: Sequence[Resource], deferred: bool) -> list[FetchCall]:
        """The calls for these. One that can't be planned is answered with the reason, and costs the others nothing."""
        try:
            return self._sources[service].plan(resources, deferred=deferred)
        except Exception as fault:  # noqa: BLE001 (a fault of ours must not leave a reader waiting)
            if len(resources) > 1:
                return [call for resource in resources for call in self._plan(service, [resource], deferred)]
            self._land(resources[0], self._as_error(fault), self._clock.now())
            return []

    # -- outcomes ----------------------------------------------------------------------------------------------------

    def _deliver(self, job: Job, resource: Resource, result: Any, sent: Instant) -> None:
        """A worker brings the outcome of one resource."""
        if isinstance(result, Deferred):
            self._defer(resource)
            return
        if job.cancelled and isinstance(result, SourceError):
            return
        wildcard = job.call.resources[0]
        if pattern_of(wildcard) and resource != wildcard:
            with self._lock:
                self._holdings.note_member(resource, wildcard)
        self._land(resource, result, sent)

    def _land(self, resource: Resource, result: Any, sent: Instant) -> None:
        now = self._clock.now()
        with self._lock:
            flight = self._flights.aloft(resource)
            changed = None
            if isinstance(result, SourceError):
                outcome_: Reading | SourceError = result
                self._holdings.fail(resource, result, now, again=flight is not None and flight.listed)
            else:
                read = flight is not None and bool(flight.waiters)
                try:
                    entry, changed = self._holdings.keep(resource, result, sent, read=read)
                    outcome_ = entry.reading(now, MISS)
                except Exception as fault:  # noqa: BLE001 (a fault of ours must not leave a reader waiting)
                    outcome_ = self._as_error(fault)
            waiters: list[Callable[[Any], None]] = []
            following: list[Flight] = []
            if flight is not None:
                waiters, flight.waiters = flight.waiters, waiters
                following = self._flights.land(flight)
        if isinstance(outcome_, SourceError):
            self._log_failure(resource, outcome_)
        elif changed:
            self._log.info("entry.changed", resource=resource.label, **changed)
        for wait in waiters:
            try:
                wait(outcome_)
            except Exception as fault:  # noqa: BLE001 (one reader's trouble is not the next one's)
                self._log.fault("read.fault", error=type(fault).__name__)
        self.start(following, hung=isinstance(outcome_, SourceError) and outcome_.transient)

    def _as_error(self, fault: Exception) -> SourceError:
        """Itself, or what a reader is told where something of ours broke: never its text, which might hold a value."""
        if isinstance(fault, SourceError):
            return fault
        self._log.fault("store.fault", error=type(fault).__name__)
        return outcome.failure(outcome.TRANSIENT, "", f"an internal fault: {type(fault).__name__}")

    def _defer(self, resource: Resource) -> None:
        """It is confidential, and is fetched at the next round; at once where a reader waits for it."""
        with self._lock:
            flight = self._flights.aloft(resource)
            if flight is None:
                return
            flight.deferred = False
            if flight.waiters:
                again = [flight]
            else:
                self._holdings.want(resource)
                again = self._flights.land(flight)
        self.start(again)

    def _log_failure(self, resource: Resource, error: SourceError) -> None:
        fields = {"resource": resource.label, "code": error.code, "reason": error.message}
        if error.role or error.kind in (outcome.DENIED, outcome.NOT_FOUND):
            fields["grant"], fields["on"] = self.grant(resource, error)
        self._log.error("fetch.failed", **fields)

    def grant(self, resource: Resource, error: SourceError) -> tuple[str, str]:
        """The IAM action and the ARN that reading it would have taken."""
        if error.role:
            return ASSUME, error.role
        return self._sources[resource.service].needs(resource), self._holdings.arn(resource)

    # -- what is under way -------------------------------------------------------------------------------------------

    def cut(self, *, arriving: bool = True) -> int:
        """End every call that no reader waits for; how many there were. What is listed stays due. ``arriving``: also
        those whose body has begun to come."""
        cut = 0
        with self._lock:
            jobs = self._rounds.jobs()
        for job in jobs:
            following: list[Flight] = []
            with self._lock:
                flights = self._flights_of(job)
                if job.ended or any(flight.waiters for flight in flights) or (job.budget.arriving and not arriving):
                    continue
                job.cancelled = True
                rest = job.call.rest() if isinstance(job.call, PagedCall) else None
                for resource in job.call.resources:
                    self._holdings.want_member(resource)
                for flight in flights:
                    if flight.listed:
                        self._holdings.want(flight.resource)
                        if rest is not None and not flight.deferred:
                            self._holdings.keep_rest(flight.resource, rest)
                    following += self._flights.land(flight)
            cut += 1
            self._fetcher.drop(job)
            self.start(following, hung=True)
        return cut

    def bodies(self) -> list[Job]:
        """The calls of which the body is arriving and no reader waits for it."""
        with self._lock:
            return [
                job
                for job in self._rounds.jobs()
                if job.budget.arriving and not job.ended and not any(flight.waiters for flight in self._flights_of(job))
            ]

    def _flights_of(self, job: Job) -> list[Flight]:
        flights = [self._flights.aloft(resource) for resource in job.call.resources]
        return [flight for flight in flights if flight is not None]
