"""What happened a moment ago.

Negative caching: "not found" and "denied" are remembered briefly, so that a function that asks for the same missing
name on every request does not spend the account's quota. And a forced refresh of the same entry follows another one
after a second only: a function that fails in a loop, and forces one each time, must not throttle the account (contract
§3.2).
"""

from __future__ import annotations

from extension import freshness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

    from extension.clock import Instant


class Recent:
    """What was noted less than so many seconds ago, of at most so many keys. Not thread-safe by itself: the store's
    lock guards it."""

    __slots__ = ("_keys", "_noted", "_seconds")

    def __init__(self, seconds: float, keys: int) -> None:
        self._seconds = seconds
        self._keys = keys
        self._noted: dict[Hashable, tuple[Any, Instant]] = {}

    def get(self, key: Hashable, now: Instant) -> Any:
        """What was noted of it; None where that is nothing, or too long ago."""
        noted = self._noted.get(key)
        if noted is None:
            return None
        what, then = noted
        if freshness.age(now, then) < self._seconds and not freshness.stepped_back(now, then):
            return what
        del self._noted[key]
        return None

    def note(self, key: Hashable, what: Any, now: Instant) -> None:
        """Remember it; the one noted first makes room."""
        self._noted.pop(key, None)
        self._noted[key] = what, now
        while len(self._noted) > self._keys:
            del self._noted[next(iter(self._noted))]

    def forget(self, key: Hashable) -> None:
        """It is not so any more."""
        self._noted.pop(key, None)
