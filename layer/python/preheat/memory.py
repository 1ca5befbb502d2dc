"""Layer 1: what this process has read and may still use, by each answer's own freshness (RFC 9111, contract §4)."""

from __future__ import annotations

import _thread
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable
    from typing import Any

MOST_ENTRIES = 1000
MOST_BYTES = 8 << 20  # of values, as they came; a function may have 128 MB in all
LARGEST = 1 << 20  # a larger value is read from the sidecar each time: copying it in memory costs about as much
_OVERHEAD = 512  # bytes for an entry's objects, roughly
BACKWARDS = 1.0  # seconds that the wall clock may go back before nobody knows how old a value is (contract §4)


class Entry:
    """A value and how long it is fresh: while its age is below the answer's ``max-age``. The repr shows no value.

    The age is that of the answer, and since then the larger distance of the two clocks, from the moment before the
    question left; a wall clock that was set back ends it.
    """

    __slots__ = ("age", "document", "left", "monotonic", "size", "value", "wall")

    def __init__(
        self, value: str | bytes, size: int, age: float, lifetime: float, wall: float, monotonic: float
    ) -> None:
        self.value = value
        self.size = size
        self.document: Any = None  # what `value` says as JSON, once somebody has asked for a part of it
        self.age = age  # seconds, when the question left
        self.left = lifetime - age
        self.wall = wall
        self.monotonic = monotonic

    def __repr__(self) -> str:
        return f"<Entry of {self.size} bytes>"

    def age_at(self, wall: float, monotonic: float) -> float:
        """Seconds; never too few."""
        return self.age + max(wall - self.wall, monotonic - self.monotonic, 0.0)


class Memory:
    """Entries by key, the oldest first; bounded in number and bytes.

    Readers use ``entries`` as it is, without a lock: a look into a dictionary is atomic. To forget everything, put a
    new ``Memory`` in this one's place; then an answer still on its way is kept in the old one, where nobody looks.
    """

    __slots__ = ("_lock", "_used", "entries", "process")

    def __init__(self) -> None:
        self.entries: dict[Hashable, Entry] = {}
        self.process = os.getpid()
        self._lock = _thread.allocate_lock()
        self._used = 0

    def __repr__(self) -> str:
        return f"<Memory of {len(self.entries)} entries>"

    def hold(self, key: Hashable, entry: Entry) -> None:
        """Keep it if it fits. Where another thread is just doing the same it is left out: that costs one more question,
        and nobody can be kept waiting, not even after a fork in the wrong moment."""
        size = entry.size + _OVERHEAD
        if entry.size > LARGEST or not self._lock.acquire(False):
            return
        try:
            old = self.entries.get(key)
            if old is not None:
                if old.size == entry.size:
                    self.entries[key] = entry
                    return
                self._used -= old.size + _OVERHEAD
                del self.entries[key]
            while len(self.entries) >= MOST_ENTRIES or (self.entries and self._used + size > MOST_BYTES):
                oldest = next(iter(self.entries))
                self._used -= self.entries.pop(oldest).size + _OVERHEAD
            self.entries[key] = entry
            self._used += size
        finally:
            self._lock.release()
