"""Both clocks, as one thing that is handed in.

An age needs two clocks: ``CLOCK_MONOTONIC`` continues from the snapshot's value after a SnapStart restore, and the
wall clock may be stepped by NTP. The larger of the two distances is the age (contract §4).
"""

from __future__ import annotations

import time


class Instant:
    """One moment on both clocks, in seconds."""

    __slots__ = ("monotonic", "wall")

    def __init__(self, wall: float, monotonic: float) -> None:
        self.wall = wall
        self.monotonic = monotonic


class Clock:
    """The operating system's clocks; tests hand in a hand-driven one with the same three methods."""

    __slots__ = ()

    wall = staticmethod(time.time)  # seconds since the epoch
    monotonic = staticmethod(time.monotonic)  # seconds of CLOCK_MONOTONIC

    def now(self) -> Instant:
        """Both readings, taken together."""
        return Instant(time.time(), time.monotonic())
