"""Forced refreshes, at most one a second for each entry: a function that fails in a loop, and asks for a refresh each
time, must not throttle the account (contract §3.2)."""

from __future__ import annotations

from extension import freshness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable

    from extension.clock import Instant

PAUSE = 1.0  # seconds
_REMEMBERED = 1000


class ForcedRefreshes:
    """When each was last forced. Not thread-safe by itself: the store's lock guards it."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[Hashable, Instant] = {}

    def just_now(self, key: Hashable, now: Instant) -> bool:
        """Whether it was forced less than a second ago."""
        last = self._last.get(key)
        return last is not None and freshness.age(now, last) < PAUSE and not freshness.stepped_back(now, last)

    def note(self, key: Hashable, now: Instant) -> None:
        """It is being forced now."""
        self._last.pop(key, None)
        self._last[key] = now
        while len(self._last) > _REMEMBERED:
            del self._last[next(iter(self._last))]
