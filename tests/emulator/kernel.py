"""What Linux offers and Python 3.10 does not: mounts, the loopback interface of a new namespace, orphans."""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)

# <sys/mount.h>, <sys/prctl.h>, <linux/sockios.h>, <net/if.h>
_MS_RDONLY, _MS_REMOUNT, _MS_BIND, _MS_REC = 1, 32, 4096, 16384
_MNT_DETACH = 2
_PR_SET_CHILD_SUBREAPER = 36
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
# Flags of a mount that a user namespace may not take off when it remounts (user_namespaces(7)), as statvfs tells them.
_LOCKED = os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC | os.ST_NOATIME | os.ST_NODIRATIME | os.ST_RELATIME
_MS_RELATIME = 1 << 21


def bind(source: str, target: str) -> None:
    """Let ``target`` show what ``source`` shows, with all that is mounted below (less is refused to ordinary users)."""
    _mount(source, target, _MS_BIND | _MS_REC)


def make_read_only(target: str) -> None:
    """A bind mount can be read only though what it shows is not."""
    locked = os.statvfs(target).f_flag & _LOCKED
    flags = (locked & ~os.ST_RELATIME) | (_MS_RELATIME if locked & os.ST_RELATIME else 0)
    _mount(target, target, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | flags)


def detach(target: str) -> None:
    """Unmount what was mounted last, though it may be in use."""
    if _libc.umount2(os.fsencode(target), _MNT_DETACH):
        _fail(f"unmounting {target}")


def bring_up_loopback() -> None:
    """``lo`` of a new network namespace is down; ``ip`` may not be installed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))


def become_reaper() -> None:
    """From now on the orphans among our descendants become our children."""
    if _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        _fail("becoming a reaper")


def children(pid: int) -> list[int]:
    """The processes whose parent is ``pid``."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_bytes()
            except OSError:
                continue  # it has ended
            if pid == int(stat.rpartition(b")")[2].split()[1]):
                found.append(int(folder.name))
    return found


def command_line(pid: int) -> str:
    """The program and its arguments; "" for a zombie."""
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()


def _mount(source: str, target: str, flags: int) -> None:
    if _libc.mount(os.fsencode(source), os.fsencode(target), None, ctypes.c_ulong(flags), None):
        _fail(f"mounting {source} on {target}")


def _fail(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")
