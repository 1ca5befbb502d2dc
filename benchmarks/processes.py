"""What a running process has used, as the kernel counts it. Linux."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.emulator import kernel

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_FUNCTION = "awslambdaric"


def cpu_seconds(pid: int) -> float:
    """CPU time of all its threads, ended ones too, to the nanosecond (``stat`` counts ticks of 10 ms).

    The clock of another process has its id in the upper bits: clock_getcpuclockid(3), which Python does not have.
    """
    return time.clock_gettime((~pid << 3) | 2)


def cpu_seconds_of_ended(pid: int) -> float:
    """CPU time of the children that it has waited for, in ticks of 10 ms (proc(5), cutime and cstime)."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return (int(fields[13]) + int(fields[14])) * _TICK


def peak_bytes(pid: int) -> int:
    """The most memory that it ever had resident, shared pages included."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024
    raise LookupError(f"process {pid} has no memory")


def extension_of(emulator: int) -> int:
    """The process of the only extension that this emulator has started."""
    (pid,) = [pid for pid in kernel.children(emulator) if _FUNCTION not in kernel.command_line(pid)]
    return pid


class Use:
    """What some processes have used so far."""

    __slots__ = ("cpu_seconds", "peak_bytes")

    def __init__(self, pids: list[int]) -> None:
        self.cpu_seconds = sum(cpu_seconds(pid) + cpu_seconds_of_ended(pid) for pid in pids)
        self.peak_bytes = sum(peak_bytes(pid) for pid in pids)


def extension_and_function(emulator: int, reaper: int, others: tuple[int, ...]) -> tuple[list[int], list[int]]:
    """The processes of the extension, and the function's, that this emulator has started.

    One that a script leaves in the background has lost its parent and is ``reaper``'s child, as are ``others``.
    """
    found = kernel.children(emulator) + [pid for pid in kernel.children(reaper) if pid not in (emulator, *others)]
    for pid in found:  # grows: children of children
        found += [child for child in kernel.children(pid) if child not in found]
    functions = [pid for pid in found if _FUNCTION in kernel.command_line(pid)]
    return [pid for pid in found if pid not in functions and kernel.command_line(pid)], functions
