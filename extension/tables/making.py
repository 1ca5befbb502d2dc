"""How a version of a table is made of an object's bytes: unpack, look at every row, write the index.

That takes the CPU for a second or more, and a thread that does it lifts the p99 of everybody's hits from 0.04 to 7 ms,
whatever the switch interval. So a child process does it where there is much to do: forked, as a new interpreter would
take longer to start than most tables to index, and it needs nothing but two open files and the bytes, which it has
mapped. It goes on beyond the round of calls that began it, and through a freeze: it asks nobody anything.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # the built-in module; signal itself imports enum
import gc
import os
import posix
import resource
import zlib

from extension import jsontext
from extension.errors import SourceError
from extension.tables import files, index, problems, sqlite
from extension.tables.delimited import Delimited
from extension.tables.documents import Json, JsonLines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from extension.files import File
    from extension.manifest import ListEntry
    from extension.tables.files import Folder
    from extension.tables.index import Data, Rows

IN_PROCESS = 128 << 10  # bytes: up to there it takes about as long as forking does
_GZIP = b"\x1f\x8b"
_PIECE = 1 << 16
_NICENESS = 10  # whoever waits for a hit goes first
_FORMATS = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv"}
_SQLITE = (".sqlite", ".sqlite3", ".db")


def format_of(entry: ListEntry) -> str:
    """The option's, else what the object's name tells."""
    if entry.format:
        return entry.format
    name = entry.resource.name.lower().removesuffix(".gz")
    ending = name[name.rfind(".") :] if "." in name else ""
    found = "sqlite" if ending in _SQLITE else _FORMATS.get(ending, "")
    if not found:
        raise problems.invalid("its name does not tell its format: add format=json, jsonl, csv, tsv or sqlite")
    return found


def rows_of(entry: ListEntry, data: Data) -> Rows:
    """What reads the rows of a text."""
    if len(data) > index.MOST_BYTES:
        raise problems.too_large(f"{len(data)} bytes where {index.MOST_BYTES} are the limit: {problems.PACK}")
    kind = format_of(entry)
    if kind == "json":
        return Json(data, entry.keys)
    if kind == "jsonl":
        return JsonLines(data, entry.keys)
    return Delimited(data, entry.keys, "," if kind == "csv" else "\t")


class Making:
    """A version on its way. ``object`` is the name of the object's file; ``index`` and ``data`` are those of its index
    and of what was unpacked (None where nothing is packed): name and descriptor."""

    __slots__ = (
        "_about",
        "_entry",
        "_object",
        "_pid",
        "_status",
        "data",
        "etag",
        "index",
        "memory",
        "object",
        "seconds",
    )

    def __init__(
        self,
        folder: Folder,
        entry: ListEntry,
        file: File,
        about: dict[str, Any],
        memory: int,
        seconds: float,
    ) -> None:
        self.etag: str = about["etag"]
        self.object = file.name
        self._object = files.mapped(file.descriptor)
        self.index = folder.part()
        self.data = folder.part() if self._object[:2] == _GZIP else None
        file.kept = True
        self.memory = memory  # bytes that the index may have
        self.seconds = max(int(-(-seconds // 1)), 1)  # of CPU that making it may take
        self._entry = entry
        self._about = about
        self._pid = 0
        self._status: int | None = None

    def start(self) -> None:
        """Begin; a small one is done afterwards."""
        work = len(self._object) * (8 if self.data is not None else 1)  # what a text is packed to, roughly
        plain = self.data is None and format_of(self._entry) == "sqlite"  # there is nothing to do
        if work > IN_PROCESS and not plain:
            try:
                self._pid = os.fork()
            except OSError:
                pass  # no memory, or no process left: here, then
            else:
                if self._pid == 0:
                    self._child()
                return
        self._make()
        self._status = 0

    def ended(self) -> bool:
        """Whether it is done; raises what it failed with."""
        if self._status is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if not pid:
                return False
            self._status = os.waitstatus_to_exitcode(status)
        if self._status == -_signal.SIGXCPU:
            limit = f"PREHEAT_INIT_TIMEOUT ({self.seconds} s)"
            raise problems.too_large(f"it can't be indexed within {limit}: {problems.PACK}")
        if self._status < 0:
            raise problems.no_room(f"indexing it was ended by signal {-self._status}: {problems.PACK}")
        if self._status:
            raise self._told()
        return True

    def end(self) -> None:
        """It is not wanted any more."""
        if self._status is None and self._pid:
            os.kill(self._pid, _signal.SIGKILL)
            self._status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def close(self, folder: Folder) -> None:
        """Close its files, and remove what has not got another name."""
        for name, fd in self._files():
            os.close(fd)
            folder.remove(name)
        folder.remove(self.object)

    def _files(self) -> list[tuple[str, int]]:
        return [self.index] if self.data is None else [self.index, self.data]

    def _make(self) -> None:
        data = self._object
        if self.data is not None:
            unpack(data, self.data[1])
            data = files.mapped(self.data[1])
        about = {**self._about, "unpacked": self.data is not None, "bytes": len(data)}
        if format_of(self._entry) == "sqlite":
            sqlite.check(data[:100], len(data))
            files.write(self.index[1], index.head_line(about))
        else:
            rows = rows_of(self._entry, data)
            index.write(rows, self.index[1], about, strict=self._entry.strict, limit=self.memory)

    def _child(self) -> None:
        """All that the child does; it never returns."""
        status = 1
        try:
            gc.disable()
            kept = {fd for _, fd in self._files()}
            for fd in [int(name) for name in os.listdir("/proc/self/fd")]:
                if fd > 2 and fd not in kept:  # the port and the connections are the parent's
                    try:
                        os.close(fd)
                    except OSError:
                        pass  # the one that listed them
            os.nice(_NICENESS)
            resource.setrlimit(resource.RLIMIT_CPU, (self.seconds, self.seconds + 1))
            try:
                self._make()
                status = 0
            except (SourceError, OSError) as problem:
                error = (
                    problem
                    if isinstance(problem, SourceError)
                    else problems.no_room(f"its index can't be written: {problem.strerror}")
                )
                told = {"status": error.status, "code": error.code, "message": error.message}
                os.ftruncate(self.index[1], 0)
                os.pwrite(self.index[1], jsontext.dumps(told), 0)
        finally:
            posix._exit(status)  # whatever was raised: the parent sees the status

    def _told(self) -> SourceError:
        try:
            told = jsontext.loads(os.pread(self.index[1], _PIECE, 0))
            return SourceError(
                told["status"], transient=True, code=told["code"], message=told["message"], kind="transient"
            )
        except (ValueError, KeyError, TypeError):
            return problems.corrupt("an internal fault while it was indexed")


def unpack(packed: Data, fd: int) -> None:
    """Write to ``fd`` what a gzip file holds, of one member or several (RFC 1952)."""
    at = 0
    while at < len(packed):
        member = zlib.decompressobj(31)
        try:
            while not member.eof:
                piece = member.unconsumed_tail or packed[at : at + _PIECE]
                if not member.unconsumed_tail:
                    at += len(piece)
                    if not piece:
                        raise problems.corrupt("the gzip file is cut off")
                files.write(fd, member.decompress(piece, _PIECE * 16))
        except zlib.error:
            raise problems.corrupt("the gzip file is damaged") from None
        at -= len(member.unused_data)
        while packed[at : at + 1] == b"\0":  # padding
            at += 1
