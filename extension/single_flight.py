"""One fetch per identity at a time; everyone who waits shares its outcome, a failure too.

Without sharing the failure, N readers of a dead source would cost N timeouts, one after another.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from typing import Any

    from extension.references import Resource


class Flight:
    """One fetch of one resource, wanted or under way."""

    __slots__ = ("asked", "begun", "deferred", "forced", "key", "listed", "resource", "then", "waiters")

    def __init__(self, key: Hashable, resource: Resource) -> None:
        self.key = key
        self.resource = resource
        self.asked = float("inf")  # monotonic time at which the first who waits for it came
        self.begun = False  # its call may have left: a forced refresh must not join it any more
        self.forced = False  # somebody wants it as it is now: nothing that began before will do
        self.listed = False  # wanted by a list, not only by readers
        self.deferred = False  # before a snapshot: what is confidential is not to be fetched
        self.waiters: list[Callable[[Any], None]] = []
        self.then: Flight | None = None  # the forced refresh that comes after this one


class Flights:
    """Those under way. Not thread-safe by itself: the store's lock guards it.

    A flight is found by the key that it began with, even where another spelling's answer has joined the two meanwhile.
    One whose call is out is aloft, and found by the resource that the call asks for.
    """

    __slots__ = ("_aloft", "_by_key")

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Flight] = {}
        self._aloft: dict[Resource, Flight] = {}

    def get(self, key: Hashable) -> Flight | None:
        """The one under way for this key."""
        return self._by_key.get(key)

    def aloft(self, resource: Resource) -> Flight | None:
        """The one whose call asks for this resource."""
        return self._aloft.get(resource)

    def join(self, key: Hashable, resource: Resource, *, forced: bool = False) -> tuple[Flight, bool]:
        """The flight to wait for, and whether the caller has to start it.

        A forced refresh never joins a call that began before it was asked for: it lines up behind that one, and
        everyone who is forced meanwhile shares the one that lines up.
        """
        flight = self._by_key.get(key)
        leads = flight is None
        if flight is None:
            flight = self._by_key[key] = Flight(key, resource)
        elif forced and flight.begun:
            if flight.then is None:
                flight.then = Flight(key, resource)
            flight = flight.then
        flight.forced = flight.forced or forced
        return flight, leads

    def lift(self, flight: Flight) -> bool:
        """Note that its call is about to leave; False where another flight asks for the same just now (its key changed
        meanwhile, because another spelling's answer joined the two): then it lines up behind that one."""
        other = self._aloft.get(flight.resource)
        if other is None:
            self._aloft[flight.resource] = flight
            return True
        self._line_up(flight, other)
        return False

    def _line_up(self, flight: Flight, behind: Flight) -> None:
        if self._by_key.get(flight.key) is flight:
            del self._by_key[flight.key]
        if behind.then is None:
            flight.key = behind.key
            behind.then = flight
        else:
            behind.then.waiters += flight.waiters
            behind.then.asked = min(behind.then.asked, flight.asked)
            behind.then.listed = behind.then.listed or flight.listed
            behind.then.forced = behind.then.forced or flight.forced

    def land(self, flight: Flight) -> list[Flight]:
        """The flight is over; what is to be started now: the one that lined up behind it, unless all who wanted that
        one have gone away."""
        if self._aloft.get(flight.resource) is flight:
            del self._aloft[flight.resource]
        if self._by_key.get(flight.key) is flight:
            del self._by_key[flight.key]
        then = flight.then
        if then is None or not (then.waiters or then.listed):
            return []
        self._by_key[then.key] = then
        return [then] if self.lift(then) else []
