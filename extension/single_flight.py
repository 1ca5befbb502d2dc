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

    __slots__ = ("begun", "deferred", "forced", "key", "listed", "resource", "then", "waiters")

    def __init__(self, key: Hashable, resource: Resource) -> None:
        self.key = key
        self.resource = resource
        self.begun = False  # its call may have left: a forced refresh must not join it any more
        self.forced = False  # somebody wants it as it is now: nothing that began before will do
        self.listed = False  # wanted by a list, not only by readers
        self.deferred = False  # before a snapshot: what is confidential is not to be fetched
        self.waiters: list[Callable[[Any], None]] = []
        self.then: Flight | None = None  # the forced refresh that comes after this one


class Flights:
    """Those under way, by key. Not thread-safe by itself: the store's lock guards it."""

    __slots__ = ("_by_key",)

    def __init__(self) -> None:
        self._by_key: dict[Hashable, Flight] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def get(self, key: Hashable) -> Flight | None:
        """The one under way for this key."""
        return self._by_key.get(key)

    def join(self, key: Hashable, resource: Resource, *, forced: bool = False) -> tuple[Flight, bool]:
        """The flight to wait for, and whether the caller leads it, that is has to start it.

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

    def line_up(self, flight: Flight, behind: Flight) -> None:
        """``flight`` waits for ``behind``, which asks for the same under another key."""
        if self._by_key.get(flight.key) is flight:
            del self._by_key[flight.key]
        if behind.then is None:
            flight.key = behind.key
            behind.then = flight
        else:
            behind.then.waiters += flight.waiters
            behind.then.listed = behind.then.listed or flight.listed
            behind.then.forced = behind.then.forced or flight.forced

    def land(self, flight: Flight) -> Flight | None:
        """The flight is over; the one that lined up behind it, which is to be started now. None where all who wanted
        that one have gone away."""
        if self._by_key.get(flight.key) is flight:
            del self._by_key[flight.key]
        then = flight.then
        if then is None or not (then.waiters or then.listed):
            return None
        self._by_key[then.key] = then
        return then
