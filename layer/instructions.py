"""Instructions of several CPythons in one numbering, without the room for caches: more alike than they are born.

From 3.11 on an instruction may be followed by zeros, in which the interpreter caches what it found. Such kinds of
instructions get the numbers that occur nowhere as an argument, so that unpacking.py can put the zeros in by number
alone. For that the number comes after its argument. Where there are more such kinds than numbers left, the rarest keep
their zeros.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

Opcodes = Mapping[int, tuple[str, int]]  # of one CPython: number -> name, and how many units of room follow


class Numbering:
    """How the instructions of all versions are written."""

    def __init__(self, opcodes: Mapping[int, Opcodes], codes: Mapping[int, list[bytes]]) -> None:
        """``opcodes`` and all instructions (``codes``), by minor version."""
        self._opcodes = opcodes
        uses: Counter[str] = Counter()
        arguments: set[int] = set()
        for minor, several in codes.items():
            for code in several:
                for opcode, argument in _units(code, opcodes[minor]):
                    uses[opcodes[minor][opcode][0]] += 1
                    arguments.add(argument)
        # The commonest first: deflate gains by it. 0 is every version's own number for room.
        names = sorted(uses, key=lambda name: (-uses[name], name))
        roomy = {name for table in opcodes.values() for name, room in table.values() if room}
        free = sorted(set(range(1, 256)) - arguments)
        marking = dict(zip([name for name in names if name in roomy], free, strict=False))
        left = [number for number in range(1, 256) if number not in marking.values()]
        # Raises if there are more kinds of instructions than numbers.
        others = [name for name in names if name not in marking]
        self._numbers = marking | dict(zip(others, left[: len(others)], strict=True))
        self._marking = marking

    def write(self, code: bytes, minor: int) -> bytes:
        """``code`` of 3.``minor`` in the common numbering."""
        opcodes = self._opcodes[minor]
        content = bytearray()
        for opcode, argument in _units(code, opcodes):
            name, room = opcodes[opcode]
            content += bytes([argument, self._numbers[name]])
            if name not in self._marking:
                content += bytes(2 * room)
        return bytes(content)

    def table(self, minor: int) -> bytes:
        """For ``bytes.translate``: the number in 3.``minor`` by that in the common numbering."""
        table = bytearray(256)
        for opcode, (name, _) in self._opcodes[minor].items():
            if name in self._numbers:
                table[self._numbers[name]] = opcode
        return bytes(table)

    def rooms(self, minor: int) -> dict[bytes, bytes]:
        """What has to be put for the numbers that go without their room in 3.``minor``: the number and the room."""
        rooms = {
            bytes([self._marking[name]]): bytes([self._marking[name]]) + bytes(2 * room)
            for name, room in self._opcodes[minor].values()
            if room and name in self._marking
        }
        return dict(sorted(rooms.items()))


def _units(code: bytes, opcodes: Opcodes) -> Iterator[tuple[int, int]]:
    place = 0
    while place < len(code):
        yield code[place], code[place + 1]
        place += 2 + 2 * opcodes[code[place]][1]
