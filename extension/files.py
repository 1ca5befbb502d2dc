"""The private directory: what is kept as files, below ``/tmp``, the one place in Lambda that can be written.

Each process has a fresh one (0700) and holds a lock on it, so that a directory without a lock is what a killed process
left behind. All in it is reached through its descriptor and made anew, so that no link in the way leads elsewhere.
"""

from __future__ import annotations

import _thread
import errno
import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable, Iterator
    from typing import Protocol

    class Place(Protocol):
        """What files lie in. ``create`` may raise ``NoRoom``, or another ``OSError``."""

        path: str

        def create(self, key: str, size: int) -> File: ...
        def discard(self, file: File) -> None: ...
        def retire(self, name: str) -> None: ...


PREFIX = "preheat-"
_DIGITS = "0123456789abcdef"
_RANDOM = 8  # bytes in a directory's name
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
_LONGEST_NAME = 100
_CHUNK = 1 << 20  # of a file that is read
_TURN = 1 << 20  # bytes for one reader before the next one's turn
_UNSUPPORTED = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class NoRoom(Exception):
    """A file does not fit."""

    def __init__(self, size: int, free: int, place: str) -> None:
        super().__init__(f"{size} bytes, where {place} has room for {free}")


class File:
    """A file of ``size`` bytes in the private directory; once written it does not change.

    It is open as ``descriptor``, for ``mmap`` too, and has its ``path`` for as long as somebody refers to this object,
    and a little longer (see ``Files.release``). Whoever has it open by then keeps what it holds. ``kept``: it is
    complete, and somebody sees to it from now on.
    """

    __slots__ = ("_place", "descriptor", "kept", "name", "path", "size")

    def __init__(self, place: Place, name: str, descriptor: int, size: int) -> None:
        self._place = place
        self.name = name
        self.descriptor = descriptor
        self.kept = False
        self.path = f"{place.path}/{name}"
        self.size = size

    def __len__(self) -> int:
        return self.size

    def __del__(self) -> None:
        self.close()
        self._place.retire(self.name)

    def close(self) -> None:
        """Give its room back, where its name is gone. Not before the last who writes or reads has ended: the number of
        its descriptor may be another file's at once."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    @property
    def reachable(self) -> bool:
        """Whether its path leads to it still: a function may clear ``/tmp``."""
        return os.fstat(self.descriptor).st_nlink > 0

    def reserve(self, spared: int = 0) -> None:
        """Take the room for it now, so that two downloads can't both count on it; ``spared`` bytes are to be left.
        ``NoRoom``, or another ``OSError``: then it is discarded."""
        free = room(self.descriptor) - spared
        try:
            if self.size > free:  # asked first: else a disk would be full for as long as it takes to find out
                raise OSError(errno.ENOSPC, "")
            if self.size:
                _allocate(self.descriptor, self.size)
        except OSError as error:
            self._place.discard(self)
            if error.errno in _FULL:  # others write there, too; or a process may write no file of that size
                raise NoRoom(self.size, max(free, 0), self._place.path.rpartition("/")[0]) from None
            raise

    def write(self, data: bytes | memoryview, offset: int) -> None:
        """Put ``data`` there; ``OSError``."""
        view = memoryview(data)
        while view:
            written = os.pwrite(self.descriptor, view, offset)
            view, offset = view[written:], offset + written

    def chunks(self) -> Iterator[bytes]:
        """All of it, piece by piece."""
        for offset in range(0, self.size, _CHUNK):
            yield os.pread(self.descriptor, _CHUNK, offset)

    def stretch(self, first: int, count: int) -> Stretch:
        """``count`` bytes of it, from ``first`` on, as the body of an answer."""
        return Stretch(self, first, count)


class Stretch:
    """A part of a file that goes out over a socket, its length what is still to be sent."""

    __slots__ = ("_file", "_left", "_offset")

    def __init__(self, file: File, first: int, count: int) -> None:
        self._file = file
        self._offset = first
        self._left = count

    def __len__(self) -> int:
        return self._left

    def send_to(self, plain: _socket.socket) -> None:
        """Send what the socket takes just now, up to a turn's worth; ``OSError``."""
        count = min(self._left, _TURN)
        try:
            sent = os.sendfile(plain.fileno(), self._file.descriptor, self._offset, count)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            sent = plain.send(os.pread(self._file.descriptor, count, self._offset))
        if not sent:
            raise OSError(errno.EIO, "the file was cut")
        self._offset += sent
        self._left -= sent


class Files:
    """The directory, made when the first file is. Thread-safe. ``base``: where it is made."""

    def __init__(self, base: str, monotonic: Callable[[], float]) -> None:
        self.path = ""  # once there is one
        self._base = base
        self._monotonic = monotonic
        self._directory = -1
        self._lock = _thread.allocate_lock()  # guards making and removing the directory, and what is in it by name
        self._count = 0
        self._swept = False
        self._closed = False
        self._retired: list[tuple[float, str]] = []

    def create(self, key: str, size: int) -> File:
        """A file that has its ``size`` already; its name ends as ``key`` does. ``NoRoom``, or another ``OSError``."""
        with self._lock:
            if self._closed:
                raise OSError(errno.ESHUTDOWN, "shutting down")
            if self._directory < 0 or not os.path.isdir(self.path):  # a function may clear the whole place
                self._make()
            self._count += 1
            name = f"{self._count}-{_plain(key)}"
            if size > room(self._directory):
                self._unlink(float("inf"))
            file = File(self, name, os.open(name, NEW, 0o600, dir_fd=self._directory), size)
        file.reserve()
        return file

    def discard(self, file: File) -> None:
        """It is of no use, and nobody writes it any more: remove it now, whoever may hold it still (an error's frames
        may, until a garbage collection)."""
        with self._lock:
            try:
                os.unlink(file.name, dir_fd=self._directory)
            except OSError:
                pass  # the directory is gone already
        file.close()

    def retire(self, name: str) -> None:
        """Nobody refers to this file any more. Called by a destructor, whatever lock its thread holds."""
        self._retired.append((self._monotonic(), name))

    def release(self, before: float) -> None:
        """Remove the files that were retired before that moment: whoever was told a path had time to open it."""
        if self._retired:
            with self._lock:
                self._unlink(before)

    def sweep(self) -> None:
        """Remove what killed processes left."""
        with self._lock:
            self._sweep()

    def close(self) -> None:
        """Remove everything, and make nothing any more."""
        with self._lock:
            self._closed = True
            if self._directory >= 0:
                _remove(self.path, self._directory)

    def _make(self) -> None:
        self._sweep()
        if self._directory >= 0:
            os.close(self._directory)
            self._directory = -1
        self.path = f"{self._base}/{PREFIX}{os.urandom(_RANDOM).hex()}"
        os.mkdir(self.path, 0o700)
        self._directory = os.open(self.path, DIRECTORY)
        fcntl.flock(self._directory, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _sweep(self) -> None:
        if self._swept:
            return
        self._swept = True
        try:
            names = os.listdir(self._base)
        except OSError:
            return
        for name in names:
            random = name.removeprefix(PREFIX)
            if random != name and len(random) == 2 * _RANDOM and not random.strip(_DIGITS):
                try:
                    _remove_leftover(f"{self._base}/{name}")
                except OSError:
                    pass  # somebody else's, or of a process that lives

    def _unlink(self, before: float) -> None:
        kept = []
        while self._retired:
            retired, name = self._retired.pop()
            if retired >= before:
                kept.append((retired, name))
                continue
            try:
                os.unlink(name, dir_fd=self._directory)
            except OSError:
                pass  # the function cleared the place
        self._retired += kept


def _plain(key: str) -> str:
    """The last part of a key as a file's name; libraries look at its ending."""
    name = key.rpartition("/")[2][-_LONGEST_NAME:]
    return "".join([character if character in _NAME else "_" for character in name])


def room(descriptor: int) -> int:
    """Bytes that are free where that lies."""
    status = os.fstatvfs(descriptor)
    return status.f_bavail * status.f_frsize


def _allocate(descriptor: int, size: int) -> None:
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        os.ftruncate(descriptor, size)


def _remove_leftover(path: str) -> None:
    directory = os.open(path, DIRECTORY)
    try:
        status = os.fstat(directory)
        if status.st_uid == os.geteuid() and status.st_mode & 0o777 == 0o700:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path, directory)
    finally:
        os.close(directory)


def _remove(path: str, directory: int) -> None:
    """The files in it, and it; what else somebody has put there stays."""
    for name in os.listdir(directory):
        try:
            os.unlink(name, dir_fd=directory)
        except OSError:
            pass
    try:
        os.rmdir(path)
    except OSError:
        pass
