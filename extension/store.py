"""Read-through: what a reader asks, and the one face of the cache for all who refresh, restore or report.

A read: ``read`` finds the entry, ``_hit`` or a flight that it joins. A refresh: ``due``, then ``fetch``. What either
starts is ``loader``'s. Everything mutable is guarded by one lock, under which nothing waits.
"""

from __future__ import annotations

import _thread

from extension import reading, statistics
from extension.errors import SourceError
from extension.freshness import DUE, FRESH, LAPSED, STALE
from extension.holdings import Holdings
from extension.loader import Loader
from extension.reading import Pending, Reading
from extension.recent import Recent
from extension.rounds import Rounds
from extension.single_flight import Flight, Flights

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from extension.cache import Entry
    from extension.clock import Clock, Instant
    from extension.fetcher import Fetcher
    from extension.loader import Source
    from extension.logs import Log
    from extension.references import Resource
    from extension.resolution import Resolver
    from extension.settings import Settings
    from extension.unlisted import Unlisted

    Done = Callable[[Reading | SourceError], None]

FORCED_APART = 1.0  # seconds between two forced refreshes of one entry
FORCED_KEYS = 1000


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
        self._fetcher = fetcher
        self._clock = clock
        self._freezes = freezes
        self._lock = _thread.allocate_lock()  # guards all that follows
        self._holdings = holdings = Holdings(settings, resolver, freezes=freezes)
        self._flights = flights = Flights()
        self._rounds = rounds = Rounds(settings.fetch_timeout, clock)
        self._loader = loader = Loader(sources, fetcher, holdings, flights, rounds, self._lock, clock, log)
        self._forced = Recent(FORCED_APART, FORCED_KEYS)
        # What prefetch and refreshers do with it, besides what is below.
        self.round, self.fetch, self.cut, self.bodies = rounds.new, loader.fetch, loader.cut, loader.bodies
        self._untold: list[Resource] = []  # refused, and the log has yet to say so
        self._unlisted: Unlisted | None = None
        if resolver.listed_only:
            from extension.unlisted import Unlisted

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
        if leading or self._untold:
            self._go_on(leading)
        return answer

    def read_many(
        self, questions: Iterable[tuple[Resource, Done]], *, force: bool = False, max_age: float | None = None
    ) -> list[Reading | SourceError | Pending]:
        """Like ``read`` for each, but what has to be fetched is fetched together, batched."""
        leading: list[Flight] = []
        now = self._clock.now()
        with self._lock:
            answers = [self._read(resource, done, force, max_age, now, leading) for resource, done in questions]
        if leading or self._untold:
            self._go_on(leading)
        return answers

    def _go_on(self, leading: list[Flight]) -> None:
        """What waits, and so is not done under the lock."""
        self._loader.start(leading)
        if self._unlisted is not None:
            self._unlisted.tell(self._untold)

    def _read(
        self, resource: Resource, done: Done, force: bool, max_age: float | None, now: Instant, leading: list[Flight]
    ) -> Reading | SourceError | Pending:
        entry = self._holdings.find(resource)
        if self._unlisted is not None and not (
            self.resolver.permits(resource) or self.resolver.permits(resource, self._holdings.same(resource))
        ):
            return self._unlisted.refuse(resource, self._untold)
        old = None if force else entry  # whoever forces it wants the new value or the error
        if force:
            key = self._loader.key(resource)
            ahead = self._flights.get(key)
            if not self._forced.get(key, now):
                self._forced.note(key, True, now)
            elif ahead is None or ahead.then is None:  # else the one before is lined up still: join that
                force = False
                max_age = None if ahead is None else -1.0  # what that one brings is the newest
        if not force:
            if entry is not None and (max_age is None or entry.age(now) <= max_age):
                state = entry.state(now)
                if state is FRESH or state is DUE or state is STALE:
                    return self._hit(entry, state, now)
            known: SourceError | None = self._holdings.negative.get(resource, now)
            if known is not None:
                return known
        if entry is not None:
            entry.misses += 1
        flight, leads = self._flights.join(self._loader.key(resource), resource, forced=force)
        wait = self._waiter(done, reading.MISS if leads else reading.COALESCED, old)
        if not flight.waiters:
            flight.asked = now.monotonic
        flight.waiters.append(wait)
        if leads and self._flights.lift(flight):
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

    # -- refreshers --------------------------------------------------------------------------------------------------

    def begin_invocation(self, deadline: float) -> None:
        """Nobody may wait for longer than that moment of monotonic time; neither who asked before the event came."""
        with self._lock:
            self._rounds.end_by(deadline)

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

    def withhold(self, withholding: bool) -> None:
        """Whether a snapshot may be taken: then what is confidential is answered, and not kept."""
        self._holdings.withholding = withholding

    def expire(self) -> None:
        """Everything held is stale, whatever its age."""
        with self._lock:
            self._holdings.expire()

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
                if self._forced.get(self._loader.key(resource), now):
                    skipped += 1
                else:
                    waiting.append(resource)
        return waiting, skipped

    def failure(self, resource: Resource) -> SourceError | None:
        """How the last fetch of a listed resource failed; None where it did not."""
        return self._holdings.failures.get(resource)

    def needs(self, resource: Resource, error: SourceError) -> str:
        """The IAM action and resource that reading it would have taken."""
        action, arn = self._loader.grant(resource, error)
        return f"{action} on {arn}"

    def snapshot(self) -> list[dict[str, Any]]:
        """Counters of every entry, for ``/stats`` and the summary at SHUTDOWN. Never a value."""
        with self._lock:
            return statistics.rows(self._holdings.cache, self._holdings.failures, self._clock.now())

    @property
    def used(self) -> int:
        """Bytes that the entries count for."""
        return self._holdings.cache.used
