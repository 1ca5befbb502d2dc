"""A clock that tests move by hand."""

from extension.clock import Clock, Instant


class HandClock(Clock):
    """Both clocks, standing still until told otherwise. Far from 0 and from each other, so that no mix-up passes."""

    def __init__(self, wall: float = 1_795_000_000.0, monotonic: float = 5_000.0) -> None:
        self._wall = wall
        self._monotonic = monotonic

    def wall(self) -> float:
        return self._wall

    def monotonic(self) -> float:
        return self._monotonic

    def now(self) -> Instant:
        return Instant(self._wall, self._monotonic)

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self._wall += seconds
        self._monotonic += seconds

    def freeze(self, seconds: float) -> None:
        """The environment is frozen: the monotonic clock stands still meanwhile."""
        self._wall += seconds

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self._wall += seconds
