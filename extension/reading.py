"""What a reader gets from the store: the value with its age, or a place in the queue."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

HIT = "hit"
MISS = "miss"
COALESCED = "coalesced"
STALE = "stale"


class Reading:
    """A value and how fresh it is; ``how`` is one of the four above. The repr shows no value."""

    __slots__ = ("age", "how", "ttl", "value")

    def __init__(self, value: Any, age: float, ttl: float, how: str) -> None:
        self.value = value
        self.age = age
        self.ttl = ttl
        self.how = how

    def __repr__(self) -> str:
        return f"<Reading {self.how}>"


class Pending:
    """The reader waits for a fetch. ``abandon`` when it went away."""

    __slots__ = ("abandon",)

    def __init__(self, abandon: Callable[[], None]) -> None:
        self.abandon = abandon
