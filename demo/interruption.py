"""The signals that end the demo, as one KeyboardInterrupt; never while a program is being started.

An exception in the middle of ``Popen`` would leave a process that nobody knows. So what starts one does it, and says
who ends it, with the interruption held.
"""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_came = False
_holding = 0


def arm() -> None:
    """From now on the first signal that ends us is a KeyboardInterrupt; later ones do not disturb the clearing up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _come)


def came() -> bool:
    """Whether there was one: whatever went wrong after it was its doing."""
    return _came


@contextmanager
def held() -> Iterator[None]:
    """Raise it behind this block instead of within."""
    global _holding
    _holding += 1
    before = _came
    try:
        yield
    finally:
        _holding -= 1
        if _came and not before and not _holding:
            raise KeyboardInterrupt


def _come(_number: int, _frame: FrameType | None) -> None:
    global _came
    if not _came:
        _came = True
        if not _holding:
            raise KeyboardInterrupt
