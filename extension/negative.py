"""Negative caching: "not found" and "denied" are remembered briefly, so that a function that asks for the same
missing name on every request does not spend the account's quota."""

from __future__ import annotations

from extension import freshness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.clock import Instant
    from extension.errors import SourceError
    from extension.references import Resource

NEGATIVE_FOR = 5.0  # seconds
NAMES = 256


class NegativeCache:
    """What was missing or refused, and when. Not thread-safe by itself: the store's lock guards it."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Resource, tuple[SourceError, Instant]] = {}

    def get(self, resource: Resource, now: Instant) -> SourceError | None:
        """Why it is missing, where that was learnt less than five seconds ago."""
        known = self._known.get(resource)
        if known is None:
            return None
        error, since = known
        if freshness.age(now, since) < NEGATIVE_FOR and not freshness.stepped_back(now, since):
            return error
        del self._known[resource]
        return None

    def put(self, resource: Resource, error: SourceError, now: Instant) -> None:
        """Remember it; the one learnt first makes room."""
        self._known.pop(resource, None)
        self._known[resource] = (error, now)
        while len(self._known) > NAMES:
            del self._known[next(iter(self._known))]

    def forget(self, resource: Resource) -> None:
        """It is there after all."""
        self._known.pop(resource, None)
