"""Instructions of several CPythons in one numbering, without the room for caches: more alike than they are born.

From 3.11 on an instruction may be followed by zeros, in which the interpreter caches what it found. One byte that
stands for nothing else marks where they have to go: unpacking.py makes the zeros of it. Where there are more kinds of
rooms than unused bytes, the rarest are left as they are.
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
        names: Counter[str] = Counter()
        used: set[int] = set()
        for minor, several in codes.items():
            for code in several:
                for opcode, argument in _units(code, opcodes[minor]):
                    names[opcodes[minor][opcode][0]] += 1
                    used.add(argument)
        # The commonest first: deflate gains by it. 0 is every version's own number for room.
        ordered = sorted(names, key=lambda name: (-names[name], name))
        self._numbers = {name: number for number, name in enumerate(ordered, 1)}
        if len(ordered) > 255:
            raise ValueError("more than 255 kinds of instructions")
        self._markers = self._mark(names, sorted(set(range(1, 256)) - used - set(self._numbers.values())))

    def _mark(self, names: Counter[str], free: list[int]) -> dict[str, bytes]:
        """The byte that marks the room after an instruction; one for all that have the same in each version."""
        rooms: Counter[tuple[int, ...]] = Counter()
        by_name: dict[str, tuple[int, ...]] = {}
        for name in self._numbers:
            sizes = [dict(table.values()).get(name, -1) for table in self._opcodes.values()]
            if max(sizes) > 0:
                by_name[name] = tuple(sizes)
                rooms[by_name[name]] += names[name]
        groups: list[list[tuple[int, ...]]] = []
        for room in sorted(rooms, key=lambda room: (-rooms[room], room)):
            for group in groups:
                if all(_agree(room, member) for member in group):
                    group.append(room)
                    break
            else:
                groups.append([room])
        marked = {room: bytes([byte]) for byte, group in zip(free, groups, strict=False) for room in group}
        return {name: marked[room] for name, room in by_name.items() if room in marked}

    def write(self, code: bytes, minor: int) -> bytes:
        """``code`` of 3.``minor`` in the common numbering."""
        opcodes = self._opcodes[minor]
        content = bytearray()
        for opcode, argument in _units(code, opcodes):
            name, room = opcodes[opcode]
            content += bytes([self._numbers[name], argument])
            if room:
                content += self._markers.get(name, bytes(2 * room))
        return bytes(content)

    def table(self, minor: int) -> bytes:
        """For ``bytes.translate``: the number in 3.``minor`` by that in the common numbering."""
        table = bytearray(256)
        for opcode, (name, _) in self._opcodes[minor].items():
            if name in self._numbers:
                table[self._numbers[name]] = opcode
        return bytes(table)

    def caches(self, minor: int) -> dict[bytes, int]:
        """How many bytes of room each marker stands for in 3.``minor``."""
        rooms = {self._markers[name]: 2 * room for name, room in self._opcodes[minor].values() if name in self._markers}
        return {marker: room for marker, room in sorted(rooms.items()) if room}


def _units(code: bytes, opcodes: Opcodes) -> Iterator[tuple[int, int]]:
    place = 0
    while place < len(code):
        yield code[place], code[place + 1]
        place += 2 + 2 * opcodes[code[place]][1]


def _agree(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(a == b or -1 in (a, b) for a, b in zip(one, other, strict=True))
