"""Read-through: what a reader asks and what a refresher calls.

Everything mutable is declared in ``Store.__init__`` and guarded by one lock, under which nothing waits: decisions are
taken inside it, calls to AWS and to waiting readers are made after it.
"""

from __future__ import annotations

import _thread

from extension import reading, statistics
from extension.aws import outcome
from extension.errors import SourceError
from extension.fetcher import Job, Round
from extension.forced import ForcedRefreshes
from extension.freshness import DUE, FRESH, LAPSED, STALE
from extension.holdings import Holdings
from extension.reading import Pending, Reading
from extension.single_flight import Flight, Flights
from extension.sources.listing import PagedCall, pattern_of
from extension.sources.parameter import Deferred
from extension.unlisted import Unlisted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
    from typing import Any, Protocol

    from extension.cache import Entry
    from extension.clock import Clock, Instant
    from extension.fetcher import FetchCall, Fetcher
    from extension.logs import Log
    from extension.references import Resource
    from extension.resolution import Resolver
    from extension.settings import Settings

    class Source(Protocol):
        """An AWS service behind the cache."""

        def plan(self, resources: Sequence[Resource], *, deferred: bool = False) -> list[FetchCall]: ...
        def needs(self, resource: Resource) -> str: ...

    Done = Callable[[Reading | SourceError], None]

ASSUME = "sts:AssumeRole"
UNLIMITED = 900.0  # seconds: "no limit of its own" is still Lambda's longest function timeout


class Store:
    """The entries, what is under way, and what is known to be missing."""

    def __init__(
        self,
        settings: Settings,
        sources: Mapping[str, Source],
        fetcher: Fetcher,
        resolver: Resolver,
        clock: Clock,
        log: Log,
        *,
        freezes: bool = True,
    ) -> None:
        self.resolver = resolver
        self._settings = settings
        self._sources = sources
        self._fetcher = fetcher
        self._timeouts = {
            service: UNLIMITED if timeout is None else timeout for service, timeout in settings.fetch_timeout.items()
        }
        self._clock = clock
        self._log = log
        self._freezes = freezes
        self.deadline = float("inf")  # of the invocation that runs, in monotonic time
        self._lock = _thread.allocate_lock()  # guards all that follows
        self._holdings = Holdings(settings, resolver, freezes=freezes)
        self._flights = Flights()
        self._aloft: dict[Resource, Flight] = {}  # those whose call was submitted, by the resource it asks for
        self._unfinished: dict[Resource, PagedCall] = {}  # listed wildcards whose listing was cut: what is left of it
        self._rounds: list[Round] = []  # those that may have a call under way
        self._forced = ForcedRefreshes()
        self._unlisted = Unlisted(log)

    # -- readers -----------------------------------------------------------------------------------------------------

    def read(
        self, resource: Resource, done: Done, *, force: bool = False, max_age: float | None = None
    ) -> Reading | SourceError | Pending:
        """The answer where it is known at once; else ``Pending``, and ``done`` gets it later, from another thread.

        ``force``: fetch anew, by a call that begins after this. ``max_age``: an older entry (in seconds) does not do,
        unless fetching it anew fails with a transient error.
        """
        leading: list[Flight] = []
        now = self._clock.now()
        with self._lock:
            answer = self._read(resource, done, force, max_age, now, leading)
        if leading:
            self._start(leading, self.round())
        if self._unlisted.untold:
            self._unlisted.tell()
        return answer

    def read_many(
        self, questions: Iterable[tuple[Resource, Done]], *, force: bool = False, max_age: float | None = None
    ) -> list[Reading | SourceError | Pending]:
        """Like ``read`` for each, but what has to be fetched is fetched together, batched."""
        leading: list[Flight] = []
        now = self._clock.now()
        with self._lock:
            answers = [self._read(resource, done, force, max_age, now, leading) for resource, done in questions]
        if leading:
            self._start(leading, self.round())
        if self._unlisted.untold:
            self._unlisted.tell()
        return answers

    def _read(
        self, resource: Resource, done: Done, force: bool, max_age: float | None, now: Instant, leading: list[Flight]
    ) -> Reading | SourceError | Pending:
        entry = self._holdings.find(resource)
        if not self.resolver.permits(resource) and not self.resolver.permits(resource, self._holdings.same(resource)):
            return self._unlisted.refuse(resource)
        old = None if force else entry  # whoever forces it wants the new value or the error
        if force and not self._forced.just_now(self._key(resource), now):
            self._forced.note(self._key(resource), now)
        elif force:
            flight = self._flights.get(self._key(resource))
            if flight is None or flight.then is None:  # else the one before is lined up still: join that
                force = False
                max_age = -1.0 if flight is not None else None  # what that one brings is the newest
        if not force:
            if entry is not None and (max_age is None or entry.age(now) <= max_age):
                state = entry.state(now)
                if state is FRESH or state is DUE or state is STALE:
                    return self._hit(entry, state, now)
            known = self._holdings.negative.get(resource, now)
            if known is not None:
                return known
        if entry is not None:
            entry.misses += 1
        flight, leads = self._flights.join(self._key(resource), resource, forced=force)
        wait = self._waiter(done, reading.MISS if leads else reading.COALESCED, old)
        flight.waiters.append(wait)
        if leads and self._lift(flight):
            leading.append(flight)
        return Pending(lambda: self._forget(flight, wait))

    def _hit(self, entry: Entry, state: str, now: Instant) -> Reading:
        entry.read_at = now.monotonic
        if state is STALE:
            entry.stale_reads += 1
        else:
            entry.hits += 1
        if state is not FRESH and not entry.marked:
            entry.marked = True
            if not self._freezes:  # nobody has to wait for an INVOKE: ask at once
                self._fetcher.ahead(lambda: self.fetch((entry.resource,), self.round()))
        return entry.reading(now, reading.STALE if state is STALE else reading.HIT)

    def _waiter(self, done: Done, how: str, old: Entry | None) -> Callable[[Any], None]:
        """What to call with a flight's outcome: a ``Reading`` for its value, or the old value where that may be."""

        def wait(result: Reading | SourceError) -> None:
            if isinstance(result, SourceError):
                stale = self._stale_if_error(old, result)
                done(stale or result)
            else:
                done(Reading(result.value, result.age, result.ttl, how))

        return wait

    def _stale_if_error(self, entry: Entry | None, error: SourceError) -> Reading | None:
        if entry is None or not error.transient:
            return None
        now = self._clock.now()
        with self._lock:
            if entry.state(now) not in (FRESH, DUE, STALE, LAPSED):
                return None
            entry.stale_reads += 1
            entry.read_at = now.monotonic
            entry.marked = True
            return entry.reading(now, reading.STALE)

    def _forget(self, flight: Flight, wait: Callable[[Any], None]) -> None:
        """A reader that waited went away."""
        with self._lock:
            if wait in flight.waiters:
                flight.waiters.remove(wait)

    # -- fetching ----------------------------------------------------------------------------------------------------

    def fetch(self, resources: Iterable[Resource], round_: Round, *, deferred: bool = False) -> None:
        """Fetch these in ``round_``, batched; what is under way already is not fetched again. ``deferred``: parameters
        without decryption, and SecureStrings at the next round."""
        leading = []
        with self._lock:
            for resource in resources:
                flight, leads = self._flights.join(self._key(resource), resource)
                flight.listed = True
                flight.deferred = flight.deferred or (deferred and leads)
                if leads and self._lift(flight):
                    leading.append(flight)
        self._start(leading, round_)

    def _lift(self, flight: Flight) -> bool:
        """Note that its call is about to leave; False where another flight asks for the same just now (its key changed
        meanwhile, because another spelling's answer joined the two): then it lines up behind that one."""
        other = self._aloft.get(flight.resource)
        if other is None:
            self._aloft[flight.resource] = flight
            return True
        self._flights.line_up(flight, other)
        return False

    def _start(self, flights: Sequence[Flight], round_: Round) -> None:
        """Plan the calls for these flights and submit them."""
        by_service: dict[tuple[str, bool], list[Resource]] = {}
        calls: list[FetchCall] = []
        with self._lock:
            self._rounds = [other for other in self._rounds if not (other.jobs and other.finished)]
            if round_ not in self._rounds:
                self._rounds.append(round_)
            for flight in flights:
                flight.begun = True
                rest = self._rest(flight)
                if rest is not None:
                    calls.append(rest)
                else:
                    by_service.setdefault((flight.resource.service, flight.deferred), []).append(flight.resource)
        for (service, deferred), resources in by_service.items():
            calls += self._plan(service, resources, deferred)
        for call in calls:
            self._fetcher.submit(Job(call, round_, self._deliver))

    def _rest(self, flight: Flight) -> PagedCall | None:
        """What is left to list of a wildcard that was cut before, if its listing would be fresh: one that takes longer
        than a round would begin anew at each INVOKE, and never come to its end."""
        rest = self._unfinished.pop(flight.resource, None)
        if rest is None or rest.began is None or flight.forced:
            return None
        return rest if self._holdings.would_be_fresh(flight.resource, rest.began, self._clock.now()) else None

    def _plan(self, service: str, resources: Sequence[Resource], deferred: bool) -> list[FetchCall]:
        """The calls for these. One that can't be planned is answered with the reason, and costs the others nothing."""
        try:
            return self._sources[service].plan(resources, deferred=deferred)
        except Exception as fault:  # noqa: BLE001 (a fault of ours must not leave a reader waiting)
            if len(resources) > 1:
                return [call for resource in resources for call in self._plan(service, [resource], deferred)]
            self._land(resources[0], self._as_error(fault), self._clock.now())
            return []

    def cut(self, *, arriving: bool = True) -> int:
        """End every call that no reader waits for; how many there were. What is listed stays due. ``arriving``: also
        those whose body has begun to come."""
        cut = 0
        for job in self._under_way():
            following: list[Flight] = []
            with self._lock:
                flights = self._flights_of(job)
                if job.ended or any(flight.waiters for flight in flights) or (job.budget.arriving and not arriving):
                    continue
                job.cancelled = True
                self._keep_rest(job, flights)
                for resource in job.call.resources:
                    self._holdings.want_member(resource)
                for flight in flights:
                    del self._aloft[flight.resource]
                    if flight.listed:
                        self._holdings.want(flight.resource)
                    following += self._next_in_line(flight)
            cut += 1
            self._fetcher.drop(job)
            if following:
                self._start(following, self.round())
        return cut

    def _under_way(self) -> list[Job]:
        with self._lock:
            return [job for round_ in self._rounds if not round_.finished for job in tuple(round_.jobs)]

    def _flights_of(self, job: Job) -> list[Flight]:
        return [self._aloft[resource] for resource in job.call.resources if resource in self._aloft]

    def _keep_rest(self, job: Job, flights: Sequence[Flight]) -> None:
        if isinstance(job.call, PagedCall):
            rest = job.call.rest()
            for flight in flights:
                if rest is not None and flight.listed and not flight.deferred:
                    self._unfinished[flight.resource] = rest

    def bodies(self) -> list[Job]:
        """The calls of which the body is arriving and no reader waits for it."""
        arriving = [job for job in self._under_way() if job.budget.arriving and not job.ended]
        with self._lock:
            return [job for job in arriving if not any(flight.waiters for flight in self._flights_of(job))]

    def begin_invocation(self, deadline: float) -> None:
        """Nobody may wait for longer than that moment of monotonic time; neither who asked before the event came."""
        now = self._clock.monotonic()
        with self._lock:
            self.deadline = deadline
            for round_ in self._rounds:
                round_.end_by(deadline, now)

    def round(self, expires: float = float("inf")) -> Round:
        """A round that ends at ``expires`` (monotonic), and with the invocation that runs at the latest.

        A deadline that is over was that of an invocation before: whoever asks now belongs to one whose event is still
        on its way to this process.
        """
        over = self.deadline <= self._clock.monotonic()
        return Round(self._timeouts, expires if over else min(expires, self.deadline))

    def _key(self, resource: Resource) -> Hashable:
        """What its flight and entry are kept under. A flight that is aloft keeps the key that it began with, even where
        another spelling's answer has joined the two meanwhile."""
        flight = self._aloft.get(resource)
        return flight.key if flight is not None else self._holdings.links.key(resource)

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
            flight = self._aloft.pop(resource, None)
            changed = None
            if isinstance(result, SourceError):
                outcome_: Reading | SourceError = result
                self._holdings.fail(resource, result, now, again=flight is not None and flight.listed)
            else:
                read = flight is not None and bool(flight.waiters)
                try:
                    entry, changed = self._holdings.keep(resource, result, sent, read=read)
                    outcome_ = entry.reading(now, reading.MISS)
                except Exception as fault:  # noqa: BLE001 (a fault of ours must not leave a reader waiting)
                    outcome_ = self._as_error(fault)
            waiters: list[Callable[[Any], None]] = []
            following: list[Flight] = []
            if flight is not None:
                waiters, flight.waiters = flight.waiters, waiters
                following = self._next_in_line(flight)
        if isinstance(outcome_, SourceError):
            self._log_failure(resource, outcome_)
        elif changed:
            self._log.info("entry.changed", resource=resource.label, **changed)
        for wait in waiters:
            try:
                wait(outcome_)
            except Exception as fault:  # noqa: BLE001 (one reader's trouble is not the next one's)
                self._log.fault("read.fault", error=type(fault).__name__)
        if following:
            self._start(following, self.round())

    def _as_error(self, fault: Exception) -> SourceError:
        """Itself, or what a reader is told where something of ours broke: never its text, which might hold a value."""
        if isinstance(fault, SourceError):
            return fault
        self._log.fault("store.fault", error=type(fault).__name__)
        return outcome.failure(outcome.TRANSIENT, "", f"an internal fault: {type(fault).__name__}")

    def _defer(self, resource: Resource) -> None:
        """It is confidential, and is fetched at the next round; at once where a reader waits for it."""
        with self._lock:
            flight = self._aloft.get(resource)
            if flight is None:
                return
            flight.deferred = False
            if flight.waiters:
                again = [flight]
            else:
                del self._aloft[resource]
                self._holdings.want(resource)
                again = self._next_in_line(flight)
        if again:
            self._start(again, self.round())

    def _next_in_line(self, flight: Flight) -> list[Flight]:
        """The flight is over; what has to be started now."""
        then = self._flights.land(flight)
        return [then] if then is not None and self._lift(then) else []

    def _log_failure(self, resource: Resource, error: SourceError) -> None:
        fields = {"resource": resource.label, "code": error.code, "reason": error.message}
        if error.role:
            fields["grant"], fields["on"] = ASSUME, error.role
        elif error.kind in (outcome.DENIED, outcome.NOT_FOUND):
            fields["grant"] = self._sources[resource.service].needs(resource)
            fields["on"] = self._holdings.links.arn(resource, self.resolver.own_account)
        self._log.error("fetch.failed", **fields)

    # -- rounds, and what is told about them -------------------------------------------------------------------------

    def due(self, *, first: bool) -> list[Resource]:
        """What the next round fetches: what is marked, and what is due, listed, and was read since its last fetch (at
        the first INVOKE: all of it)."""
        with self._lock:
            return self._holdings.due(self._clock.now(), first=first)

    def want(self, resources: Iterable[Resource]) -> None:
        """Fetch these at the next round."""
        with self._lock:
            for resource in resources:
                self._holdings.want(resource)

    def withhold(self) -> None:
        """A snapshot may be taken: answer what is confidential, and do not keep it."""
        self._holdings.withholding = True

    def end_withholding(self) -> None:
        """No snapshot is taken any more."""
        self._holdings.withholding = False

    def expire(self) -> None:
        """Everything held is stale, whatever its age."""
        with self._lock:
            self._holdings.expire()
            self._unfinished.clear()

    def held(self, resource: Resource) -> Any:
        """The value that is held, whatever its age; None where there is none. Does not count as a read."""
        with self._lock:
            entry = self._holdings.peek(resource)
            return entry.value if entry is not None else None

    def preferred(self, resources: tuple[Resource, ...]) -> Resource:
        """Of two spellings the one that is held, else the first."""
        if len(resources) > 1 and self.held(resources[0]) is None and self.held(resources[1]) is not None:
            return resources[1]
        return resources[0]

    def refreshable(self) -> list[Resource]:
        """What is listed, and what was read since its last fetch."""
        with self._lock:
            return self._holdings.refreshable()

    def not_just_refreshed(self, resources: Iterable[Resource]) -> tuple[list[Resource], int]:
        """Those that were not forced within the last second, and how many were."""
        now = self._clock.now()
        waiting = []
        skipped = 0
        with self._lock:
            for resource in dict.fromkeys(resources):
                if self._forced.just_now(self._key(resource), now):
                    skipped += 1
                else:
                    waiting.append(resource)
        return waiting, skipped

    def failure(self, resource: Resource) -> SourceError | None:
        """How the last fetch of a listed resource failed; None where it did not."""
        return self._holdings.failures.get(resource)

    def needs(self, resource: Resource, error: SourceError) -> str:
        """The IAM action and resource that reading it would have taken."""
        if error.role:
            return f"{ASSUME} on {error.role}"
        action = self._sources[resource.service].needs(resource)
        return f"{action} on {self._holdings.links.arn(resource, self.resolver.own_account)}"

    def snapshot(self) -> list[dict[str, Any]]:
        """Counters of every entry, for ``/stats`` and the summary at SHUTDOWN. Never a value."""
        with self._lock:
            return statistics.rows(self._holdings.cache, self._holdings.failures, self._clock.now())

    @property
    def used(self) -> int:
        """Bytes that the entries count for."""
        return self._holdings.cache.used
