"""Letting time pass where time itself is what is tested, never to wait for something to happen."""

from __future__ import annotations

import time


def let_pass(seconds: float) -> None:
    """Come back when at least so many seconds are over by the monotonic clock."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(left)
