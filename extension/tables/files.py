"""The tables' files: in a private folder under ``/tmp``, which the next process in the same environment may find again.

Others may write into ``/tmp`` too. So the folder is entered only if it is one, our own, closed to others and not in use
(else a new one is made), and everything in it is named from its descriptor on.
"""

from __future__ import annotations

import fcntl
import mmap
import os

from extension import files
from extension.files import DIRECTORY, NEW, File
from extension.tables import problems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.tables.index import Data

NAME = ".preheat-tables"
HEADROOM = 16 << 20  # bytes of the disk that are left to the function
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder:
    """The folder, entered. What lies in it and is not in ``wanted`` (the beginnings of names) is removed."""

    __slots__ = ("_fd", "path")

    def __init__(self, tmp: str, wanted: tuple[str, ...]) -> None:
        """Raises ``OSError`` where there can be none."""
        for name in (NAME, f"{NAME}-{os.urandom(8).hex()}"):
            self.path = f"{tmp.rstrip('/')}/{name}"
            fd = _enter(self.path)
            if fd is not None:
                self._fd = fd
                break
        else:
            raise PermissionError(f"no private folder can be made in {tmp}")
        for name in os.listdir(self._fd):
            if name.endswith(".part") or not name.startswith(wanted):
                self.remove(name)

    @property
    def gone(self) -> bool:
        """Somebody has removed it, who cleared ``/tmp`` say."""
        return os.fstat(self._fd).st_nlink == 0

    def leave(self) -> None:
        """It is not used any more."""
        fd, self._fd = self._fd, -1  # not the number, which the next folder may get
        os.close(fd)

    def part(self) -> tuple[str, int]:
        """A new and empty file: its name and a descriptor."""
        name = f"{os.urandom(8).hex()}.part"  # of no other folder either: the function may clear this one meanwhile
        return name, os.open(name, NEW, 0o600, dir_fd=self._fd)

    def create(self, key: str, size: int) -> File:  # noqa: ARG002 (it has another name soon)
        """A new file of that size, for an object that comes. ``NoRoom``, or another ``OSError``."""
        name, fd = self.part()
        file = File(self, name, fd, size)
        file.reserve(HEADROOM)
        return file

    def discard(self, file: File) -> None:
        """It is of no use, and nobody writes it any more."""
        self.remove(file.name)
        file.close()

    def retire(self, name: str) -> None:
        """Nobody refers to that object any more; what was made of it may have its file, by another name."""

    def map(self, name: str) -> Data:
        """The file's bytes."""
        fd = os.open(name, _READ, dir_fd=self._fd)
        try:
            return mapped(fd)
        finally:
            os.close(fd)

    def rename(self, name: str, new: str) -> None:
        """Give it another name, in place of what has that now."""
        os.rename(name, new, src_dir_fd=self._fd, dst_dir_fd=self._fd)

    def remove(self, name: str) -> None:
        """Remove the file, if it is there. Who has it mapped keeps it."""
        try:
            os.unlink(name, dir_fd=self._fd)
        except OSError:
            pass

    def clear(self) -> None:
        """Remove all files and the folder."""
        for name in os.listdir(self._fd):
            self.remove(name)
        try:
            os.rmdir(self.path)
        except OSError:
            pass  # moved, or somebody else's by now


def _enter(path: str) -> int | None:
    """A descriptor of the folder, locked, or None where it can't be ours alone."""
    try:
        os.mkdir(path, 0o700)
    except OSError:
        pass
    try:
        fd = os.open(path, DIRECTORY)
    except OSError:
        return None
    about = os.fstat(fd)
    try:
        if about.st_uid != os.geteuid() or about.st_mode & 0o077:
            raise PermissionError
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # until this process ends, however it does
    except OSError:
        os.close(fd)
        return None
    return fd


def mapped(fd: int) -> Data:
    """The bytes of an open file."""
    if os.fstat(fd).st_size == 0:
        return b""  # nothing that could be mapped
    return mmap.mmap(fd, 0, access=mmap.ACCESS_READ)


def write(fd: int, data: bytes) -> None:
    """Write all of it; raises where the disk would be full afterwards."""
    room = files.room(fd) - HEADROOM
    if len(data) > room:
        raise problems.no_room(f"the disk has no room for it: {max(room, 0)} bytes are left besides {HEADROOM}")
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
