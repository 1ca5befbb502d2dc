"""The bounded store of entries: at most so many, and at most so many bytes; the least recently read goes first."""

from __future__ import annotations

from cachetools import LRUCache

from extension import freshness
from extension.reading import Reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator
    from typing import Protocol

    from extension.clock import Instant
    from extension.freshness import Policy
    from extension.references import Resource

    class Value(Protocol):
        """What a source gives: knows its size and how to tell one version from another."""

        size: int
        etag: str
        version: str


OVERHEAD = 512  # bytes that an entry costs besides its value: objects, names, table slots (measured: 400 to 600)


class Entry:
    """A value with its age and its counters. Guarded by the store's lock; its repr shows no value."""

    __slots__ = (
        "expired",
        "hits",
        "key",
        "listed",
        "marked",
        "misses",
        "policy",
        "read_at",
        "resource",
        "sent",
        "spellings",
        "stale_reads",
        "value",
    )
    value: Value
    sent: Instant  # when it was asked for
    policy: Policy

    def __init__(self, key: Hashable, resource: Resource) -> None:
        self.key = key
        self.resource = resource  # as first asked for: what a refresh asks for again
        self.expired = False  # stale whatever its age
        self.listed = False
        self.marked = False  # to be fetched at the next round
        self.read_at = float("-inf")  # monotonic time of the last read
        self.hits = 0
        self.misses = 0
        self.stale_reads = 0
        self.spellings: set[Resource] = set()  # what finds it besides its key

    def __repr__(self) -> str:
        return f"<Entry {self.resource!r}>"

    @property
    def size(self) -> int:
        """Bytes that it counts for."""
        return OVERHEAD + self.value.size

    @property
    def read_since_fetch(self) -> bool:
        """Whether it was read since it was asked for; a read while the answer was on its way counts, for that is when a
        handler reads what its INVOKE refreshes."""
        return self.read_at >= self.sent.monotonic

    def reading(self, now: Instant, how: str) -> Reading:
        """What a reader gets of it."""
        return Reading(self.value, self.age(now), self.policy.ttl, how)

    def age(self, now: Instant) -> float:
        """Seconds since it was asked for."""
        return freshness.age(now, self.sent)

    def state(self, now: Instant) -> str:
        """One of ``freshness``'s states."""
        expired = self.expired or freshness.stepped_back(now, self.sent)
        return freshness.state(freshness.age(now, self.sent), self.policy, expired=expired)


def _size(entry: Entry) -> int:
    return entry.size


class EntryCache:
    """Entries by key. Not thread-safe by itself: the store's lock guards it."""

    def __init__(self, items: int, memory: int, evicted: Callable[[Entry], None]) -> None:
        self._lru = _Lru(memory, self._leave)
        self._entries: dict[Hashable, Entry] = {}  # what is in there, to look at without counting as a read
        self._items = items
        self._evicted = evicted

    def __iter__(self) -> Iterator[Entry]:
        """All entries; does not count as reading them."""
        return iter(list(self._entries.values()))

    @property
    def used(self) -> int:
        """Bytes in use."""
        return int(self._lru.currsize)

    def read(self, key: Hashable) -> Entry | None:
        """The entry, now the most recently read one."""
        try:
            entry: Entry = self._lru[key]
        except KeyError:
            return None
        return entry

    def peek(self, key: Hashable) -> Entry | None:
        """The entry; does not count as reading it."""
        return self._entries.get(key)

    def put(self, entry: Entry) -> bool:
        """Store it, or store it again with its new size; False if it alone is larger than the bound."""
        key = entry.key
        self.read(key)  # an entry that grew must not be the one that is evicted for it
        try:
            self._lru[key] = entry
        except ValueError:  # larger than everything
            self.remove(key)
            return False
        self._entries[key] = entry
        while len(self._lru) > self._items:
            self._lru.popitem()
        return True

    def remove(self, key: Hashable) -> None:
        """Forget it."""
        entry = self._entries.get(key)
        if entry is not None:
            del self._lru[key]
            self._leave(entry)

    def _leave(self, entry: Entry) -> None:
        del self._entries[entry.key]
        self._evicted(entry)


class _Lru(LRUCache):  # type: ignore[type-arg]  # generic for the type checker only
    """Tells who was evicted."""

    def __init__(self, memory: int, evicted: Callable[[Entry], None]) -> None:
        super().__init__(memory, getsizeof=_size)
        self._tell = evicted

    def popitem(self) -> tuple[Hashable, Entry]:
        key, entry = super().popitem()
        self._tell(entry)
        return key, entry
