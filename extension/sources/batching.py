"""When a batch may be made, and what is learnt from one that failed.

Batch calls are an optimisation: a role that may only ``GetSecretValue`` and ``GetParameter`` must do, and one denied
name must not sink the others (contract §4).
"""

from __future__ import annotations

import _thread

from extension.aws import outcome
from extension.errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeVar

    from extension.clock import Clock
    from extension.references import Resource

    T = TypeVar("T")

THROTTLED_FOR = 60.0  # seconds that a throttled batch action is left alone
_ALONE_MOST = 1000  # names remembered as having sunk a batch


class BatchMemories:
    """What a source knows of its batch action, by region and role: what one role is denied another may be allowed, and
    each account has a quota of its own in each region."""

    __slots__ = ("_by_place", "_clock")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._by_place: dict[tuple[str, str], BatchMemory] = {}

    def of(self, region: str, role: str) -> BatchMemory:
        """The one for that place."""
        memory = self._by_place.get((region, role))
        if memory is None:  # of two threads that come first, both get the one that is kept
            memory = self._by_place.setdefault((region, role), BatchMemory(self._clock))
        return memory


class BatchMemory:
    """What is known of a batch action under one role in one region."""

    __slots__ = ("_alone", "_clock", "_denied", "_lock", "_throttled_until")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = _thread.allocate_lock()
        self._denied = False
        self._throttled_until = float("-inf")
        self._alone: dict[Resource, None] = {}  # in the order in which they were learnt

    @property
    def usable(self) -> bool:
        """Whether the batch action is worth trying."""
        return not self._denied and self._clock.monotonic() >= self._throttled_until

    def alone(self, resource: Resource) -> bool:
        """Whether this one sank a batch before, and is fetched alone from then on."""
        return resource in self._alone

    def throttled(self) -> None:
        """The batch action was throttled; its quota is a hundredth of the single one's (Secrets Manager)."""
        self._throttled_until = self._clock.monotonic() + THROTTLED_FOR

    def sank(self, resources: Sequence[Resource]) -> Fallback:
        """A batch of these was denied or malformed: they are fetched one by one, and what comes of it tells why."""
        return Fallback(self, len(resources))

    def learn(self, culprits: Iterable[Resource]) -> None:
        """The single calls are through: these names were refused alone too. If none was, it is the batch action that is
        denied, for as long as the role's policies stay as they are."""
        with self._lock:
            named = list(culprits)
            if not named:
                self._denied = True
            for resource in named:
                self._alone[resource] = None
            while len(self._alone) > _ALONE_MOST:
                del self._alone[next(iter(self._alone))]


class Fallback:
    """Counts the single calls that stand in for one batch."""

    __slots__ = ("_culprits", "_left", "_lock", "_memory", "_unclear")

    def __init__(self, memory: BatchMemory, singles: int) -> None:
        self._memory = memory
        self._left = singles
        self._culprits: list[Resource] = []
        self._unclear = False
        self._lock = _thread.allocate_lock()

    def note(self, resource: Resource, result: Any) -> None:
        """What one of them came to."""
        with self._lock:
            self._left -= 1
            if isinstance(result, SourceError):
                if result.kind in (outcome.DENIED, outcome.MALFORMED):
                    self._culprits.append(resource)
                elif result.transient:
                    self._unclear = True  # it might have been this one; nothing is learnt from the rest
            last = self._left == 0
        if last and (self._culprits or not self._unclear):
            self._memory.learn(self._culprits)


def entries(document: dict[str, Any], name: str, kind: type[T]) -> list[T]:
    """The list of that name in AWS's answer, empty where there is none; ``SourceError`` where it holds other things."""
    found = document.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, kind) for item in found):
        raise outcome.failure(outcome.TRANSIENT, "", f"AWS's answer has nonsense for {name}")
    return found


def chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """``items`` in pieces of at most ``size``."""
    return [items[start : start + size] for start in range(0, len(items), size)]


def grouped(items: Iterable[T], key: Callable[[T], Any]) -> list[list[T]]:
    """``items`` by ``key``, each group in its order."""
    groups: dict[Any, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return list(groups.values())
