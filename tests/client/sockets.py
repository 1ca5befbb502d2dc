"""Which connections a process holds, as the kernel knows it (proc(5), Linux)."""

from __future__ import annotations

import os
from pathlib import Path


def connections(port: int, pid: int | str = "self") -> int:
    """How many sockets of the process are, or were, connected to that port of the loopback, or accepted there.

    Other descriptors don't count: the stand-ins of a test live in the same process, and theirs come and go.
    """
    inodes = set()
    for line in Path(f"/proc/{pid}/net/tcp").read_text("ascii").splitlines()[1:]:
        _, local, remote, state, *fields = line.split()
        listening = state == "0A"
        if not listening and f"{port:04X}" in (local.partition(":")[2], remote.partition(":")[2]):
            inodes.add(f"socket:[{fields[5]}]")
    return sum(_target(f"/proc/{pid}/fd/{number}") in inodes for number in os.listdir(f"/proc/{pid}/fd"))


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except FileNotFoundError:  # closed meanwhile
        return ""
