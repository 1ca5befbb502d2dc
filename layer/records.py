"""Code objects as the archive has them: what is plain in tables by columns, the instructions apart from that."""

from __future__ import annotations

import bisect

from layer.marshalled import FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from layer.instructions import Numbering

Place = tuple[int, bool, str]  # of instructions: the round, whether not all versions have them, the module's path

# How many bytes a code object has before its instructions: its type, plain numbers, and what a string begins with.
_HEAD, _HEAD_310 = 1 + 20 + 5, 1 + 24 + 5
# Where numbers, instructions, constants, names, local variables, file and name begin in both.
_FIELDS = {_HEAD: (0, 1, 5, 9, 13, 17, 22, 26, 31, 36, 46, 51), _HEAD_310: (0, 1, 5, 9, 17, 21, 26, 30, 35, 40, 55, 60)}
_TOGETHER = 4096  # bytes of instructions: so that those of five versions are within deflate's window


def head(minor: int) -> int:
    """How long the first part of a record is in 3.``minor``. Also the name of the table that it is in."""
    return _HEAD_310 if minor == 10 else _HEAD


class Records:
    """What comes before and after the instructions."""

    def __init__(self) -> None:
        self._rows: dict[int, list[bytes]] = {_HEAD: [], _HEAD_310: []}

    def count(self, minor: int) -> int:
        """How many there are in the table that 3.``minor`` has part in."""
        return len(self._rows[head(minor)])

    def add(self, minor: int, before: bytes, after: bytes) -> None:
        """Add one of 3.``minor``."""
        if len(before) != head(minor):
            raise FormatError(f"a code object that begins with {len(before)} bytes")
        self._rows[head(minor)].append(before + after)

    def tables(self) -> tuple[dict[int, bytes], dict[int, bytes]]:
        """Of each table the first row; and each column in which the rows differ, by the table's name and its place in
        it. Columns of the same meaning come together."""
        columns = {}
        for name, rows in self._rows.items():
            content = b"".join(rows)
            for place in range(len(rows[0]) if rows else 0):
                column = content[place :: len(rows[0])]
                if len(set(column)) > 1:
                    field = bisect.bisect(_FIELDS[name], place) - 1
                    columns[field, place - _FIELDS[name][field], name] = name << 8 | place, column
        first = {name: rows[0] for name, rows in self._rows.items() if rows}
        return first, dict(columns[key] for key in sorted(columns))


class Instructions:
    """The instructions of all versions, those of one module beside each other."""

    def __init__(self, numbering: Numbering, minors: Iterable[int]) -> None:
        self._numbering = numbering
        self._minors = list(minors)
        self._chunks: dict[Place, dict[int, bytes]] = {}
        self._arguments: dict[Place, dict[int, bytes]] = {}  # that come apart from them

    def add(self, minor: int, place: Place, instructions: bytes) -> None:
        """Add those of one function."""
        written = self._numbering.write(instructions, minor)
        for content, several in zip(written, (self._chunks, self._arguments), strict=True):
            at_place = several.setdefault(place, dict.fromkeys(self._minors, b""))
            at_place[minor] += content

    def chunks(self) -> list[bytes]:
        """Some of the first version, as many of the second, and so on; then the next ones; last all arguments."""
        groups: list[dict[int, bytes]] = []
        for place in sorted(self._chunks):
            if not groups or max(map(len, groups[-1].values())) >= _TOGETHER:
                groups.append(dict.fromkeys(self._minors, b""))
            for minor, instructions in self._chunks[place].items():
                groups[-1][minor] += instructions
        arguments = [self._arguments[place] for place in sorted(self._arguments)]
        groups.append({minor: b"".join([each[minor] for each in arguments]) for minor in self._minors})
        return [group[minor] for group in groups for minor in self._minors]
