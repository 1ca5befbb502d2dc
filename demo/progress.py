"""Lines that say what is being done while nothing is to be seen yet. On standard error: the page is for the output."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def step(what: str) -> Iterator[Callable[[str], None]]:
    """One step; what is told to the function it gives is said behind it, with the time it took."""
    said: list[str] = []
    started = time.monotonic()
    _write(f"  {what} ...")
    try:
        yield said.append
    except BaseException:
        _write("\n")  # whoever catches it says more
        raise
    _write(f" {'; '.join([*said, f'{time.monotonic() - started:.1f} s'])}\n")


def tell(text: str) -> None:
    """A line of its own."""
    _write(f"{text}\n")


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()
