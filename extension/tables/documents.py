"""JSON and JSON Lines: an element is found and kept as the bytes that it is written with, numbers to the digit."""

from __future__ import annotations

from extension import jsontext
from extension.tables import problems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from extension.tables.index import Data, Key, Scan

_BOM = b"\xef\xbb\xbf"
_BLANKS = " \t\r\n"
_AFTER = frozenset(_BLANKS + ",:]}")
_WINDOW = 1 << 20  # bytes decoded at once while everything is read
_ROW = 2048  # and for one row
_value_at = jsontext.literal_scanner()


def _key_of(row: Any, columns: tuple[str, ...]) -> Key | None:
    """The row's key columns as text, numbers by their literal; None where it has none."""
    if not isinstance(row, dict):
        return None
    key = []
    for column in columns:
        value = row.get(column)
        if value is True or value is False:
            value = "true" if value else "false"
        if not isinstance(value, str):
            return None
        key.append(value)
    return tuple(key)


class JsonLines:
    """An object on each line."""

    def __init__(self, data: Data, columns: tuple[str, ...]) -> None:
        if not columns:
            raise problems.invalid("a table of this format needs key=COLUMN")
        self._data = data
        self._columns = columns

    def scan(self, scan: Scan) -> Iterator[tuple[Key, int]]:
        """The key and the offset of every row that can be read."""
        data, size = self._data, len(self._data)
        start = len(_BOM) if data[: len(_BOM)] == _BOM else 0
        number = 0
        while start < size:
            end = data.find(b"\n", start) + 1 or size
            number += 1
            line = data[start:end].strip()
            if line:
                key = self._key(line)
                if key is None:
                    scan.malformed(number)
                else:
                    yield key, start
            start = end

    def row(self, offset: int) -> tuple[Key, bytes]:
        """The key and the JSON of the row there."""
        end = self._data.find(b"\n", offset)
        line = self._data[offset : end if end >= 0 else len(self._data)].strip()
        return self._key(line) or (), line

    def _key(self, line: bytes) -> Key | None:
        try:
            text = line.decode()
            row, end = _value_at(text, 0)
        except ValueError:
            return None
        return _key_of(row, self._columns) if end == len(text) else None


class Json:
    """One document: an object of rows, by their names; or an array of objects that hold their key."""

    def __init__(self, data: Data, columns: tuple[str, ...]) -> None:
        self._data = data
        self._columns = columns
        self._start = len(_BOM) if data[: len(_BOM)] == _BOM else 0
        self._opening = _Cursor(data, self._start, 64).peek()
        if self._opening not in ("{", "["):
            raise problems.corrupt("it is neither a JSON object nor an array")
        if (self._opening == "{") == bool(columns):
            wanted = "takes no key=" if columns else "needs key=COLUMN"
            raise problems.invalid(f"a JSON {'object of rows' if columns else 'array of objects'} {wanted}")

    def scan(self, scan: Scan) -> Iterator[tuple[Key, int]]:
        """The key and the offset of every row that can be read."""
        cursor = _Cursor(self._data, self._start, _WINDOW)
        named = self._opening == "{"
        cursor.take(self._opening)
        closing = "}" if named else "]"
        more = cursor.peek() != closing
        while more:
            if named:
                name, offset, _ = cursor.value()
                cursor.take(":")
                if not isinstance(name, str) or self._data[offset : offset + 1] != b'"':
                    raise cursor.nonsense()
                cursor.value()
                yield (name,), offset
            else:
                row, offset, _ = cursor.value()
                key = _key_of(row, self._columns)
                if key is None:
                    scan.malformed(cursor.line(offset))
                else:
                    yield key, offset
            more = cursor.peek() == ","
            if more:
                cursor.take(",")
        cursor.take(closing)
        if cursor.peek():
            raise cursor.nonsense()

    def row(self, offset: int) -> tuple[Key, bytes]:
        """The key and the JSON of the row there."""
        cursor = _Cursor(self._data, offset, _ROW)
        key, start, end = cursor.value()
        if self._opening == "{":
            cursor.take(":")
            _, start, end = cursor.value()
            return (key,), self._data[start:end]
        return _key_of(key, self._columns) or (), self._data[start:end]


class _Cursor:
    """Reads one value after another from UTF-8, of which a window is decoded at a time; offsets are in bytes."""

    __slots__ = ("_at", "_base", "_data", "_last", "_line", "_mark", "_size", "_text")

    def __init__(self, data: Data, start: int, size: int) -> None:
        self._data = data
        self._size = size
        self._base = start  # of the window, in bytes
        self._at = 0  # in the window, in characters
        self._mark = (0, start)  # a place that is known, in characters of the window and in bytes
        self._line = (1, 0)  # the last line that was asked for, and where to look for the end of it
        self._text = ""
        self._last = False  # nothing follows the window
        self._read()

    def peek(self) -> str:
        """The next character that is no blank; "" at the end."""
        while True:
            text, at = self._text, self._at
            while at < len(text) and text[at] in _BLANKS:
                at += 1
            self._at = at
            if at < len(text):
                return text[at]
            if self._last:
                return ""
            self._go_on()

    def take(self, character: str) -> None:
        """Pass that character, which has to be the next."""
        if self.peek() != character:
            raise self.nonsense()
        self._at += 1

    def value(self) -> tuple[Any, int, int]:
        """The next value, where it begins and where it ends."""
        self.peek()
        while True:
            try:
                value, end = _value_at(self._text, self._at)
            except ValueError:
                end = -1
            # Where the window ends in the middle of a number, "1.5" may read as 1.
            if end >= 0 and (self._last or self._text[end : end + 1] in _AFTER):
                start = self._offset(self._at)
                self._at = end
                return value, start, self._offset(end)
            if self._last:
                raise self.nonsense()
            self._go_on()

    def nonsense(self) -> Exception:
        """What to raise where the document goes on as none may."""
        return problems.corrupt(f"it is no JSON, from line {self.line(self._offset(self._at))} on")

    def line(self, offset: int) -> int:
        """The number of the line that this byte is on; asked for from the beginning onwards."""
        count, at = self._line
        while True:
            end = self._data.find(b"\n", at, offset)
            if end < 0:
                self._line = (count, at)
                return count
            count, at = count + 1, end + 1

    def _offset(self, at: int) -> int:
        """Where that character is, which is none before the last one asked for."""
        text = self._text
        if text.isascii():
            return self._base + at
        known, offset = self._mark
        offset += len(text[known:at].encode())
        self._mark = (at, offset)
        return offset

    def _go_on(self) -> None:
        """Let the window begin here; where it does already, let it be larger."""
        if self._at == 0:
            self._size *= 2
        self._base, self._at = self._offset(self._at), 0
        self._read()

    def _read(self) -> None:
        self._mark = (0, self._base)
        end = self._base + self._size
        piece = self._data[self._base : end]
        self._last = end >= len(self._data)
        try:
            self._text = piece.decode()
        except UnicodeDecodeError as error:
            if self._last or error.start < len(piece) - 3:
                line = self.line(self._base + error.start)
                raise problems.corrupt(f"it is no UTF-8, from line {line} on") from None
            self._text = piece[: error.start].decode()
