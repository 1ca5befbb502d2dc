"""The listed tables, and which version of each is there: what S3 is asked with, and what its answer comes to.

A version is named by its ETag. The one that was made last is asked for with ``If-None-Match``, also by the next process
in the same environment; so an unchanged table costs a call and no bytes, evicted or after a restart. A version that is
being made when its round of calls ends is made all the same, and taken up by the next round in the same way.
"""

from __future__ import annotations

import _hashlib
import _thread
import sys

from extension.aws import outcome
from extension.aws.connection import ConnectionFailed
from extension.errors import SourceError
from extension.sources.object import NotModified
from extension.tables import making, problems
from extension.tables.files import Folder
from extension.tables.making import Making
from extension.tables.table import Table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from extension.aws.call import Budget
    from extension.clock import Clock
    from extension.files import File
    from extension.logs import Log
    from extension.manifest import ListEntry
    from extension.references import Resource

_LAYOUT = 2  # of the files: another number makes nothing of those that another version of this code left
_ENDINGS = (".object", ".data", ".index")  # of its files' names, in the order that Table takes them in
_LOOK = 0.005  # seconds between two looks at a child
_MARGIN = 8192  # bytes of memory that an entry costs besides its index


class Tables:
    """All listed tables by resource; their folder is made when the first is fetched, and once more where the function
    has cleared ``/tmp``: what is held goes on without its files."""

    def __init__(
        self, entries: Mapping[Resource, ListEntry], tmp: str, memory: int, seconds: float, clock: Clock, log: Log
    ) -> None:
        self._tmp = tmp
        self._lock = _thread.allocate_lock()
        self._folder: Folder | None = None
        self._closed = False
        self.clock = clock
        self.log = log
        self.memory = max(memory - _MARGIN, 0)
        self.seconds = seconds
        self._listed = {resource: Listed(self, resource, entry) for resource, entry in entries.items() if entry.table}

    def get(self, resource: Resource) -> Listed | None:
        """The table that is made of this object."""
        return self._listed.get(resource)

    @property
    def folder(self) -> Folder:
        """Where their files are; ``SourceError`` where there can be no such place."""
        with self._lock:
            if self._folder is not None and self._folder.gone:
                self._folder.leave()
                self._folder = None
            if self._closed:
                raise problems.no_room("the sidecar ends")
            if self._folder is None:
                try:
                    self._folder = Folder(self._tmp, tuple([each.stem for each in self._listed.values()]))
                except OSError as error:
                    raise problems.no_room(f"there is no place for its files: {error.strerror or error}") from None
            return self._folder

    def close(self) -> None:
        """End what is being made and remove all files. Nothing is fetched any more."""
        with self._lock:
            self._closed, folder = True, self._folder
        if folder is not None:
            for each in self._listed.values():
                each.close(folder)
            folder.clear()


class Listed:
    """One listed table: its files and what is being made of it. Its lock is held while files change, never while
    anything waits."""

    def __init__(self, tables: Tables, resource: Resource, entry: ListEntry) -> None:
        made_of = (_LAYOUT, sys.byteorder, resource.name, resource.selector, resource.region, resource.role)
        options = (entry.format, entry.keys, entry.strict)
        text = repr((made_of, options)).encode("utf-8", "surrogatepass")
        self.stem = _hashlib.openssl_sha256(text).hexdigest()[:32]
        self._names = [self.stem + ending for ending in _ENDINGS]
        self._tables = tables
        self._entry = entry
        self._lock = _thread.allocate_lock()
        self._making: Making | None = None
        self._failed: tuple[str, SourceError] | None = None  # an ETag, and why no table could be made of that
        self._made = ""  # the ETag of what the files are

    def taker(self, held: Table | None) -> Taker:
        """What takes its object in one fetch; ``held`` is what the store has."""
        making.format_of(self._entry)  # known before anything is asked for
        folder = self._tables.folder
        with self._lock:
            if self._making is not None:
                etag = self._making.etag
            elif self._failed is not None:
                etag = self._failed[0]
            else:
                if held is None:
                    held = self._open(folder)
                etag = self._made
        return Taker(self, folder, etag, held)

    def unchanged(self, etag: str, held: Table | None, budget: Budget) -> Any:
        """The object is still the one with that ETag."""
        with self._lock:
            making_, failed = self._making, self._failed
        if making_ is not None and making_.etag == etag:
            return self._wait(making_, budget)
        if failed is not None and failed[0] == etag:
            raise failed[1]
        if held is not None and held.etag == etag:
            return NotModified(held)
        with self._lock:
            table = self._open(self._tables.folder)  # made since, and not delivered
        if table is not None and table.etag == etag:
            return table
        raise outcome.failure(outcome.TRANSIENT, "", "S3 answered 304 where nothing is held")

    def changed(self, headers: Mapping[str, str], file: File, checksum: str, budget: Budget) -> Table:
        """The object is this one now."""
        budget.arriving = False  # what is made of it goes on by itself
        about = {
            "etag": headers.get("etag", "").strip('"'),
            "version": headers.get("x-amz-version-id", ""),
            "type": headers.get("content-type") or "binary/octet-stream",
            "modified": headers.get("last-modified", ""),
            "checksum": checksum,
            "object": len(file),
        }
        tables, folder = self._tables, self._tables.folder
        with self._lock:
            self._drop(folder)
            self._failed = None
        made = Making(folder, self._entry, file, about, tables.memory, tables.seconds)
        try:
            made.start()
        except (SourceError, OSError) as error:
            raise self._fail(made, error) from None
        with self._lock:
            self._drop(folder)
            self._making = made
        return self._wait(made, budget)

    def close(self, folder: Folder) -> None:
        """End what is being made."""
        with self._lock:
            self._drop(folder)

    def _wait(self, made: Making, budget: Budget) -> Table:
        """Its table, once it is made."""
        failure: Exception | None = None
        while True:
            with self._lock:
                if made is not self._making:
                    table = self._open(self._tables.folder) if self._made == made.etag else None
                    if table is not None:  # who waited with us was quicker
                        return table
                    raise outcome.failure(outcome.TRANSIENT, "", "another version came meanwhile")
                try:
                    if made.ended():
                        return self._commit(made)
                except (SourceError, OSError, ValueError, LookupError) as error:
                    failure = error
                    self._making = None
            if failure is not None:
                raise self._fail(made, failure)
            if self._tables.clock.monotonic() > budget.expires:
                raise outcome.failure(outcome.TIMEOUT, "TableNotReady", "it is still being indexed")
            try:
                budget.cancel.pause(_LOOK)
            except ConnectionFailed:
                raise outcome.failure(outcome.TIMEOUT, "TableNotReady", "it is still being indexed") from None

    def _fail(self, made: Making, error: Exception) -> SourceError:
        """It could not be made. Where it could not another time either, nothing is fetched again before the object
        changes."""
        made.close(self._tables.folder)
        if isinstance(error, OSError):
            return problems.no_room(f"its files can't be written: {error.strerror}")
        if not isinstance(error, SourceError):
            return problems.corrupt(f"an internal fault: {type(error).__name__}")
        if made.etag and problems.lasts(error):
            with self._lock:
                self._failed = (made.etag, error)
        return error

    def _commit(self, made: Making) -> Table:
        """Its files are the table's now, instead of the former ones."""
        folder = self._tables.folder
        object_, data, index = self._names
        table = Table(folder, self._entry, made.object, made.data[0] if made.data is not None else "", made.index[0])
        folder.remove(index)  # the first to go and the last to come: with it the others are whole
        folder.rename(made.object, object_)
        folder.remove(data)
        if made.data is not None:
            folder.rename(made.data[0], data)
        folder.rename(made.index[0], index)
        self._made = made.etag
        self._drop(folder)
        if table.report.get("malformed") or table.report.get("duplicates"):
            self._tables.log.warn("table.rows", table=self._entry.table, etag=table.etag, **table.report)
        return table

    def _open(self, folder: Folder) -> Table | None:
        """What the files are; None where they are none, or not whole."""
        try:
            table = Table(folder, self._entry, *self._names)
        except (SourceError, OSError, ValueError, LookupError, TypeError):
            self._made = ""
            return None
        self._made = table.etag
        return table

    def _drop(self, folder: Folder) -> None:
        if self._making is not None:
            self._making.end()
            self._making.close(folder)
            self._making = None


class Taker:
    """Takes the object in one fetch: where the bytes go, and what becomes of the answer."""

    __slots__ = ("_folder", "_held", "_listed", "etag")

    def __init__(self, listed: Listed, folder: Folder, etag: str, held: Table | None) -> None:
        self._listed = listed
        self._folder = folder
        self._held = held
        self.etag = etag

    def place(self, size: int) -> Folder:  # noqa: ARG002 (of any size)
        """Always a file, which is mapped."""
        return self._folder

    def unchanged(self, budget: Budget) -> Any:
        """S3 answered 304."""
        return self._listed.unchanged(self.etag, self._held, budget)

    def changed(self, headers: Mapping[str, str], body: File, checksum: str, budget: Budget) -> Table:
        """S3 answered with the object."""
        return self._listed.changed(headers, body, checksum, budget)
