"""CSV and TSV, read as Python's ``csv`` reads them: the same reader, ``_csv``, without the imports of the module."""

from __future__ import annotations

import _csv
import sys

from extension import jsontext
from extension.tables import problems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from extension.tables.index import Data, Key, Scan

_BOM = b"\xef\xbb\xbf"
_USUAL = 4096  # bytes of a line
_NOTHING: tuple[str, ...] = ()
_csv.field_size_limit(sys.maxsize)  # its default of 128 KB is for who reads what strangers send


class _Lines:
    """The lines from a position on, decoded one by one, as a file opened with ``newline=""`` has them: they end with
    LF, CRLF or CR. ``position``, in bytes, and ``number`` are those of what comes next."""

    __slots__ = ("_data", "broken", "number", "position")

    def __init__(self, data: Data, position: int) -> None:
        self._data = data
        self.position = position
        self.number = 1
        self.broken = False  # a line was no UTF-8

    def __iter__(self) -> Iterator[str]:
        data, find, size = self._data, self._data.find, len(self._data)
        start, feed = self.position, -1
        while start < size:
            if feed < start:  # else it ends a later line, after some that end with CR
                feed = find(b"\n", start)
                if feed < 0:
                    feed = size
            end = find(b"\r", start, feed) + 1
            if end == 0 or end == feed:
                end = feed + 1
            line = data[start:end]
            self.position = start = start + len(line)
            self.number += 1
            try:
                text = line.decode()
            except UnicodeDecodeError:
                self.broken = True
                text = line.decode("utf-8", "replace")
            yield text


class Delimited:
    """Rows of text under a header. A row is an object of column -> text.

    As with ``csv.DictReader``: blank lines are no rows, a column that a short row does not have is null, and what a
    long one has beyond the header is a list under "null".
    """

    def __init__(self, data: Data, columns: tuple[str, ...], delimiter: str) -> None:
        self._data = data
        self._dialect = _csv.Dialect(None, delimiter=delimiter)
        self._strict = _csv.Dialect(None, delimiter=delimiter, strict=True)
        lines = _Lines(data, len(_BOM) if data[: len(_BOM)] == _BOM else 0)
        try:
            self._header = next(_csv.reader(iter(lines), self._dialect), [])
        except _csv.Error:
            raise problems.corrupt("the header can't be read") from None
        self._start, self._line = lines.position, lines.number
        if lines.broken:
            raise problems.corrupt("the header is no UTF-8")
        if not columns:
            raise problems.invalid("a table of this format needs key=COLUMN")
        missing = [column for column in columns if column not in self._header]
        if missing:
            raise problems.invalid("its header has no column " + ", ".join(missing))
        last = {name: place for place, name in enumerate(self._header)}  # of two columns of one name the last counts
        self._places = [last[column] for column in columns]

    def scan(self, scan: Scan) -> Iterator[tuple[Key, int]]:
        """The key and the offset of every row that can be read."""
        lines = _Lines(self._data, self._start)
        lines.number = self._line
        reader = _csv.reader(iter(lines), self._dialect)
        while True:
            offset, line = lines.position, lines.number
            try:
                row = next(reader)
            except StopIteration:
                return
            except _csv.Error:
                row = None
            if row is not None and not row:
                continue
            key = self._key(row) if row is not None and not lines.broken else None
            if key is None:
                lines.broken = False
                scan.malformed(line)
            else:
                yield key, offset

    def row(self, offset: int) -> tuple[Key, bytes]:
        """The key and the JSON of the row there."""
        header = self._header
        end = self._data.find(b"\n", offset, offset + _USUAL)
        try:  # most are one line; that a row goes on, or is a little odd, is an error where the reader is strict
            row = next(_csv.reader((self._data[offset:end].decode(),) if end >= 0 else _NOTHING, self._strict))
        except (_csv.Error, StopIteration):
            row = next(_csv.reader(iter(_Lines(self._data, offset)), self._dialect))
        found: dict[str | None, object] = dict(zip(header, row))  # noqa: B905 (rows may be shorter, or longer)
        if len(row) > len(header):
            found[None] = row[len(header) :]
        for column in header[len(row) :]:
            found[column] = None
        return self._key(row) or (), jsontext.dumps(found)

    def _key(self, row: list[str]) -> Key | None:
        try:
            return tuple([row[place] for place in self._places])
        except IndexError:
            return None
