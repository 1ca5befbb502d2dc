"""An object on its way into a file, in parts: over as many connections as its host has places for.

The GET for the whole object, which alone tells size, ETag and checksum, brings the first part, and goes on with the
next ones for as long as nobody has taken them. Helpers take parts from the end, each by a GET for that range that holds
only while the object is still the same (If-Match). Whichever part a helper fails to bring is taken again.
"""

from __future__ import annotations

import _queue
import _thread

from extension.aws import outcome
from extension.aws.call import Enough
from extension.errors import SourceError
from extension.files import NoRoom

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from extension.aws.call import Answer, Budget, Sink
    from extension.files import File, Place

    class Get(Protocol):
        """What asks S3 for the object, and has others help."""

        def ask(self, headers: list[tuple[str, str]], budget: Budget, body: Sink) -> Answer: ...
        def lend(self, work: Callable[[], None]) -> None: ...


PART = 8 << 20  # bytes
HELPERS = 3  # beside the first connection; a host has 4 places unless set otherwise
_CHANGED = "PreconditionFailed"


class Download:
    """One version of one object. What takes the first answer's body calls ``begin_again``, ``write`` and ``finish``,
    marks the file as kept where it is good, and calls ``close`` in any case; helpers call ``help``."""

    __slots__ = (
        "_budget",
        "_ended",
        "_etag",
        "_file",
        "_first",
        "_flying",
        "_get",
        "_last",
        "_lock",
        "_offset",
        "_place",
        "_returned",
        "_stop",
        "_until",
        "changed",
    )

    def __init__(self, get: Get, place: Place, name: str, etag: str, size: int, budget: Budget) -> None:
        """Makes the file, ``SourceError`` where it does not fit; begins with the first part, and calls for help: not
        without an ETag, as a part would be of any version."""
        self._get = get
        self._place = place
        self._etag = etag
        self._budget = budget
        self._file = _create(place, name, size)
        self._offset = 0  # how far the first answer's body has come
        self._until = min(PART, size)  # and how far it may go
        self._ended: _queue.SimpleQueue[None] = _queue.SimpleQueue()  # one for each part of a helper's that is over
        self._lock = _thread.allocate_lock()  # guards what follows
        self.changed = False
        self._stop = False  # no helper begins a part any more
        self._first = 1  # the parts from here up to, not including, _last are nobody's yet
        self._last = max(-(-size // PART), 1)
        self._returned: list[int] = []  # as well as these
        self._flying: list[Budget] = []  # of helpers at work
        for _ in range(min(HELPERS, self._last - self._first) if etag else 0):
            get.lend(self.help)

    # -- the first answer's body -------------------------------------------------------------------------------------

    def begin_again(self, etag: str) -> None:
        """The object was asked for once more, after a freeze: what is missing is fetched by ranges."""
        self.changed = self.changed or etag != self._etag
        raise Enough

    def write(self, data: bytes) -> None:
        """Take the next bytes, as long as their part is nobody else's."""
        view = memoryview(data)
        while view:
            piece = view[: self._until - self._offset]
            self._put(piece, self._offset)
            self._offset += len(piece)
            view = view[len(piece) :]
            if self.changed or (self._offset == self._until < self._file.size and not self._take_next()):
                raise Enough

    def _take_next(self) -> bool:
        with self._lock:
            if self._first >= self._last:
                return False
            self._first += 1
            self._until = min(self._first * PART, self._file.size)
            return True

    # -- the rest ----------------------------------------------------------------------------------------------------

    def finish(self) -> File | None:
        """The file, once all of it is there; None where the object has changed meanwhile. ``SourceError``."""
        try:
            if self._offset < self._until:
                self._fetch(self._offset, self._until, self._budget)
            while not self.changed:
                part, waits = self._next()
                if part is not None:
                    self._fetch_part(part, self._budget)
                elif waits:
                    self._ended.get()
                else:
                    return self._file
        except SourceError:
            if not self.changed:
                raise
        return None

    def close(self) -> None:
        """End what still runs; remove the file unless it is kept."""
        with self._lock:
            self._stop = True
            flying = list(self._flying)
        for budget in flying:
            budget.cancel.cancel()
        while self._flying:
            self._ended.get()
        if not self._file.kept:
            self._place.discard(self._file)

    def help(self) -> None:
        """Fetch one part beside, and offer to go on."""
        with self._lock:
            part = None if self._stop or self.changed else self._take()
            if part is None:
                return
            budget = self._budget.branch()
            self._flying.append(budget)
        brought = False
        try:
            self._fetch_part(part, budget)
            brought = True
        except SourceError:
            pass  # whoever fetches it next has the same trouble, or none
        finally:
            with self._lock:
                self._flying.remove(budget)
                if not brought:
                    self._returned.append(part)
            self._ended.put(None)
        if brought:
            self._get.lend(self.help)

    def _next(self) -> tuple[int | None, bool]:
        """A part to fetch; where there is none, whether a helper is still at one."""
        with self._lock:
            return self._take(), bool(self._flying)

    def _take(self) -> int | None:
        if self._returned:
            return self._returned.pop()
        if self._first < self._last:
            self._last -= 1
            return self._last
        return None

    def _fetch_part(self, part: int, budget: Budget) -> None:
        self._fetch(part * PART, min((part + 1) * PART, self._file.size), budget)

    def _fetch(self, start: int, end: int, budget: Budget) -> None:
        """The bytes from ``start`` up to, not including, ``end``."""
        body = _Range(self, start, end)
        try:
            self._get.ask([("Range", f"bytes={start}-{end - 1}"), ("If-Match", self._etag)], budget, body)
        except SourceError as error:
            self.changed = self.changed or error.code == _CHANGED
            raise
        if body.offset != end:
            raise _wrong("S3 sent less than the range that it was asked for")

    def _put(self, data: bytes | memoryview, offset: int) -> None:
        try:
            self._file.write(data, offset)
        except OSError as error:
            raise _unwritable(error) from None


class _Range:
    """Where a range's body goes."""

    __slots__ = ("_download", "_end", "_start", "offset")
    resumes = False

    def __init__(self, download: Download, start: int, end: int) -> None:
        self._download = download
        self._start = self.offset = start
        self._end = end

    def begin(self, headers: dict[str, str]) -> None:
        """A body begins (again, after a retry)."""
        self.offset = self._start
        size = self._download._file.size
        if headers.get("content-range") != f"bytes {self._start}-{self._end - 1}/{size}":
            raise _wrong("S3 answered another range than it was asked for")

    def write(self, data: bytes) -> None:
        """Take the next part of it."""
        if self.offset + len(data) > self._end:
            raise _wrong("S3 sent more than the range that it was asked for")
        self._download._put(data, self.offset)
        self.offset += len(data)


def _create(place: Place, name: str, size: int) -> File:
    try:
        return place.create(name, size)
    except NoRoom as full:
        raise outcome.failure(outcome.TOO_LARGE, "EntityTooLarge", f"the object has {full}") from None
    except OSError as error:
        raise _unwritable(error) from None


def _unwritable(error: OSError) -> SourceError:
    return outcome.failure(outcome.TOO_LARGE, "EntityTooLarge", f"no file can be written: {error.strerror or error}")


def _wrong(what: str) -> SourceError:
    return outcome.failure(outcome.TRANSIENT, "InvalidRange", what)
