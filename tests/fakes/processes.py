"""Freezing and thawing a process, as Lambda does with an environment between invocations."""

from __future__ import annotations

import os
import signal


def freeze(pid: int) -> None:
    """Stop a process as Lambda stops an environment between invocations (its clocks go on)."""
    os.kill(pid, signal.SIGSTOP)


def thaw(pid: int) -> None:
    """Let a frozen process go on."""
    os.kill(pid, signal.SIGCONT)
