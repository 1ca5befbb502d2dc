"""Where the rows lie: sorted numbers in a file that is mapped, so that a look-up costs no memory but pages.

A number is the checksum of the key (32 bits) and the offset of its row (32 bits), so numbers sort by checksum, and of
one key's rows the last comes last. A row is read before it is believed: two keys may have one checksum. In front of the
numbers stands a line of JSON that says what they are of.
"""

from __future__ import annotations

import _bisect
import binascii
import os
from array import array

from extension import jsontext
from extension.tables import problems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap
    from typing import Any, Protocol

    Data = bytes | mmap
    Key = tuple[str, ...]

    class Rows(Protocol):
        """A format: how its rows are found and read."""

        def scan(self, scan: Scan) -> Iterator[tuple[Key, int]]: ...
        def row(self, offset: int) -> tuple[Key, bytes]: ...


MOST_BYTES = 1 << 32  # that 32 bits can point into
_SHOWN = 20  # line numbers of malformed rows
_NUMBER = 8  # bytes


class Scan:
    """Notes what a scan could not read."""

    __slots__ = ("_count", "_lines", "_strict")

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._count = 0
        self._lines: list[int] = []

    def malformed(self, line: int) -> None:
        """The row that begins on this line."""
        self._count += 1
        if len(self._lines) < _SHOWN:
            self._lines.append(line)

    def report(self) -> dict[str, Any]:
        """How many there are, and where the first of them; raises where there may be none."""
        if self._strict and self._count:
            raise problems.malformed(self._lines, self._count)
        return {"malformed": self._count, "lines": self._lines} if self._count else {}


def write(rows: Rows, fd: int, about: dict[str, Any], *, strict: bool, limit: int) -> None:
    """Scan all rows and write their index, of at most ``limit`` bytes, to ``fd``, an empty file. ``about`` goes into
    its first line, and so does how many rows there are."""
    # One array for each of the first eight bits: what has to be sorted at once, as Python's numbers of 32 bytes each,
    # is a small part of all, and the arrays need no more than the file will.
    parts = [array("Q") for _ in range(256)]
    checksum, most, count = binascii.crc32, limit // _NUMBER, 0
    scan = Scan(strict=strict)
    for key, offset in rows.scan(scan):
        number = checksum(_bytes(key)) << 32 | offset
        parts[number >> 56].append(number)
        count += 1
        if count > most:
            raise problems.too_large(f"its index has more than {limit} bytes, the limit: {problems.PACK}")
    duplicates = 0
    for place, part in enumerate(parts):
        parts[place] = array("Q", sorted(part))
        duplicates += _duplicates(rows, parts[place])
    report = {"rows": count - duplicates, "duplicates": duplicates, **scan.report()}
    with os.fdopen(os.dup(fd), "wb") as file:
        file.write(head_line({**about, "report": report}))
        for part in parts:
            part.tofile(file)


def _duplicates(rows: Rows, numbers: array[int]) -> int:
    """How many rows have a key that a later row has as well."""
    found = 0
    start, size = 0, len(numbers)
    previous = -1
    for place, number in enumerate(numbers):
        if number >> 32 == previous:
            continue
        found += _superseded(rows, numbers[start:place]) if place - start > 1 else 0
        start, previous = place, number >> 32
    return found + (_superseded(rows, numbers[start:size]) if size - start > 1 else 0)


def _superseded(rows: Rows, numbers: array[int]) -> int:
    return len(numbers) - len({rows.row(number & 0xFFFFFFFF)[0] for number in numbers})


def head_line(about: dict[str, Any]) -> bytes:
    """The first line of an index, filled up so that the numbers behind it lie where the CPU wants them."""
    text = jsontext.dumps(about)
    return text + b" " * (-(len(text) + 1) % _NUMBER) + b"\n"


def head(file: Data) -> tuple[dict[str, Any], int]:
    """What the first line of an index says, and where its numbers begin; ``ValueError`` where there is none."""
    end = file.find(b"\n") + 1
    about = jsontext.loads(file[:end])
    if not end or end % _NUMBER or len(file) % _NUMBER or not isinstance(about, dict):
        raise ValueError("no index")
    return about, end


class Index:
    """Finds rows by key. For any number of threads."""

    __slots__ = ("_numbers", "_rows", "size")

    def __init__(self, file: Data, start: int, rows: Rows) -> None:
        self._numbers = memoryview(file)[start:].cast("Q")
        self._rows = rows
        self.size = len(file)  # in bytes

    def get(self, key: Key) -> bytes | None:
        """The JSON of the last row with that key, or None."""
        numbers = self._numbers
        checksum = binascii.crc32(_bytes(key))
        place = _bisect.bisect_right(numbers, checksum << 32 | 0xFFFFFFFF) - 1
        while place >= 0 and numbers[place] >> 32 == checksum:
            found, row = self._rows.row(numbers[place] & 0xFFFFFFFF)
            if found == key:
                return row
            place -= 1
        return None


def _bytes(key: Key) -> bytes:
    return "\0".join(key).encode("utf-8", "surrogatepass")
