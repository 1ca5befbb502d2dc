"""What a running process has used, as the kernel counts it. Linux."""

from __future__ import annotations

import time
from pathlib import Path

from tests.emulator import kernel


def cpu_seconds(pid: int) -> float:
    """CPU time of all its threads, ended ones too, to the nanosecond (``stat`` counts ticks of 10 ms).

    The clock of another process has its id in the upper bits: clock_getcpuclockid(3), which Python does not have.
    """
    return time.clock_gettime((~pid << 3) | 2)


def peak_bytes(pid: int) -> int:
    """The most memory that it ever had resident, shared pages included."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024
    raise LookupError(f"process {pid} has no memory")


def extension_of(emulator: int) -> int:
    """The process of the only extension that this emulator has started."""
    (pid,) = [pid for pid in kernel.children(emulator) if "awslambdaric" not in kernel.command_line(pid)]
    return pid
