"""Measure while nothing else runs: a test run beside a cold start is worth 20 ms of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    Result = TypeVar("Result")

_WINDOW = 0.05  # seconds
_IDLE = 0.9  # share of the time of all CPUs; the kernel may count in ticks, of which a window of two CPUs has ten
_OTHERS = 0.05  # CPU seconds of other processes a second that do not disturb
_TICKS = 0.03  # seconds that the kernel's counting in ticks may be off
_TICK = 1 / os.sysconf("SC_CLK_TCK")


class Quiet:
    """Waits for quiet moments, and measures again where others disturbed it, for ``patience`` seconds in all.

    From then on it takes what it gets, and counts in ``disturbed`` what that spoilt.
    """

    def __init__(self, patience: float) -> None:
        self.disturbed = 0
        self._until = time.monotonic() + patience
        self._ours = [os.getpid()]

    def is_ours(self, pid: int) -> None:
        """This process, its descendants, and those that they have waited for belong to the measurement."""
        self._ours.append(pid)

    def measure(self, run: Callable[[], Result]) -> Result:
        """What ``run`` returns, after a run that had the machine for itself."""
        while True:
            self._wait()
            started, others = time.monotonic(), self._others()
            result = run()
            elapsed, others = time.monotonic() - started, self._others() - others
            if others <= elapsed * _OTHERS + _TICKS:
                return result
            if time.monotonic() > self._until:
                self.disturbed += 1
                return result

    def _wait(self) -> None:
        """Until the CPUs have been idle for two windows."""
        quiet = 0
        while quiet < 2 and time.monotonic() < self._until:
            idle, started = _cpu_seconds()[1], time.monotonic()
            time.sleep(_WINDOW)
            capacity = (time.monotonic() - started) * (os.cpu_count() or 1)
            quiet = quiet + 1 if _cpu_seconds()[1] - idle >= capacity * _IDLE else 0

    def _others(self) -> float:
        """CPU seconds since boot of all that is not ours; what other guests took from this machine (steal) as well."""
        ours = sum(ticks_of(_processes(), self._ours).values())
        return _cpu_seconds()[0] - ours * _TICK


def ticks_of(processes: dict[int, tuple[int, int]], roots: list[int]) -> dict[int, int]:
    """Of ``processes`` (id -> parent, ticks of CPU) the ticks of ``roots`` and of all that descend from them."""
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    found: dict[int, int] = {}
    waiting = [pid for pid in roots if pid in processes]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found[pid] = processes[pid][1]
            waiting += children.get(pid, [])
    return found


def _processes() -> dict[int, tuple[int, int]]:
    """All that run: parent, and ticks of CPU, its own and those of children that it has waited for (proc(5))."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue  # it has ended, and counts as a child of another one
            found[int(folder.name)] = int(fields[1]), sum(int(field) for field in fields[11:15])
    return found


def _cpu_seconds() -> tuple[float, float]:
    """All CPUs since boot: busy and idle (proc(5): user, nice, system, idle, iowait, irq, softirq, steal)."""
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(field) for field in stat.readline().split()[1:9]]
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) * _TICK, idle * _TICK
