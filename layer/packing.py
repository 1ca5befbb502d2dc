"""One archive of bytecode for several CPythons, which unpacking.py reads one of them from.

Deflate finds what is alike where it lies together, within 32 KB, and codes byte by byte. So

- values that several versions have come once, before those of each version;
- of code objects, but for their instructions, what is the same in all does not come at all, the rest by columns
  (``records``);
- a function has the same number in all versions, so that what refers to it is the same (``alignment``);
- the instructions of some modules lie side by side in all versions, in one notation (``dialects``, ``instructions``).

From it unpacking.py makes a marshal stream: a tuple of all values, each after those that it refers to, and last a tuple
of paths and modules. That takes 2 ms of a cold start. A stronger compression would take 5 more (LZMA) and gain a
seventh.
"""

from __future__ import annotations

from collections import Counter

from layer import alignment
from layer.instructions import Numbering
from layer.marshalled import (
    CODE,
    FLAG,
    FROZENSET,
    INLINE,
    REF,
    SMALL_TUPLE,
    TEXT,
    TUPLE,
    FormatError,
    Pool,
    Value,
    Writer,
    plain,
)
from layer.records import Instructions, Place, Records, head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from layer.dialects import Opcodes

_PLAIN_TEXT = ord("z")  # as TEXT, but not interned
_CONTAINERS = (SMALL_TUPLE, TUPLE, FROZENSET)
_MOST_INSTRUCTIONS = 0xFFFF  # bytes of them in a function: two columns


def pack(compiled: Mapping[int, Mapping[str, bytes]], opcodes: Mapping[int, Opcodes]) -> bytes:
    """Pack ``compiled`` (minor version -> path -> marshalled code) with the ``opcodes`` of each version."""
    pool = Pool()
    modules = {
        minor: {path: _interned(pool, pool.read(code, minor)) for path, code in sorted(members.items())}
        for minor, members in compiled.items()
    }
    return _Packer(pool, modules, opcodes).pack()


def tag(minor: int) -> str:
    """What CPython 3.``minor`` calls itself where bytecode is stored."""
    return f"cpython-3{minor}"


def _interned(pool: Pool, number: int) -> int:
    """The value with its short strings interned: two kinds of them would be in the way."""
    kind, pieces = pool[number]
    if kind == _PLAIN_TEXT:
        return pool.add(Value(TEXT, pieces))
    return pool.add(Value(kind, tuple(_interned(pool, each) if isinstance(each, int) else each for each in pieces)))


class _Packer:
    def __init__(self, pool: Pool, modules: Mapping[int, dict[str, int]], opcodes: Mapping[int, Opcodes]) -> None:
        self._pool = pool
        self._modules = modules
        self._paths = {
            path: pool.add(Value(TEXT, (bytes([len(path)]) + path.encode("ascii"),)))
            for members in modules.values()
            for path in members
        }
        self._values = {minor: self._reached(members) for minor, members in modules.items()}
        instructions = {
            minor: [self._instructions(number) for number in values if pool[number].kind == CODE]
            for minor, values in self._values.items()
        }
        self._numbering = Numbering(opcodes, instructions)
        self._instructions_of_all = Instructions(self._numbering, modules)
        self._records = Records()
        self._references: dict[int, int] = {}  # value -> the number it has in the stream
        self._rounds = alignment.rounds(pool, modules)

    def pack(self) -> bytes:
        versions = Counter(number for values in self._values.values() for number in values)
        common = [number for number in versions if versions[number] > 1 and not self._has_code(number)]
        texts, others = self._texts(common), self._others(common)
        containers = self._containers(common)
        shared = self._references
        own, references = {}, {}
        for minor in self._modules:
            self._references = dict(shared)
            own[minor] = self._without_code(minor)
            references[minor] = self._references
        least = max(map(len, references.values()))
        for minor in self._modules:
            self._references = references[minor]
            own[minor] += self._version(minor, least)
        chunks = self._instructions_of_all.chunks()
        by_tag = {tag(minor): (place, *content) for place, (minor, content) in enumerate(own.items())}
        content = texts, others + containers, *self._records.tables(), tuple(map(len, chunks)), by_tag
        return plain(content) + b"".join(chunks)

    def _without_code(self, minor: int) -> tuple[object, ...]:
        """What 3.``minor`` has for itself, but for code objects and what these are in."""
        values = [number for number in self._values[minor] if number not in self._references]
        return self._texts(values), self._others(values) + self._containers(values)

    def _version(self, minor: int, least: int) -> tuple[object, ...]:
        """The code objects of 3.``minor``; the first has at least the number ``least``."""
        record = self._records.count(minor)
        rounds: list[tuple[int, bytes, int, int]] = []
        for number, codes in enumerate(self._rounds[minor]):
            most = max(len(each[number]) for each in self._rounds.values())
            before = self._fill(least)
            containers = b"".join(self._written(each.constants) for each in codes if each.constants is not None)
            between = self._fill(least + most if number else 0)
            for code in codes:
                self._code(code.number, minor, (number, not code.is_shared, code.path))
            rounds.append((before, containers, between, len(codes)))
            least += 2 * most if number else most
        count = len(self._references) + 1
        modules = [part for path, module in self._modules[minor].items() for part in (self._paths[path], module)]
        last = self._container(bytes([TUPLE]) + len(modules).to_bytes(4, "little"), modules)
        return count, head(minor), record, tuple(rounds), last, self._numbering.dialect(minor)

    def _fill(self, least: int) -> int:
        """How many numbers are given to nothing, so that the next one is ``least``."""
        lacking = max(least - len(self._references), 0)
        for _ in range(lacking):
            self._refer(-1 - len(self._references))
        return lacking

    def _written(self, number: int) -> bytes:
        """A tuple or set."""
        kind, (size, *_) = self._pool[number]
        content = self._container(bytes([kind | FLAG]) + _bytes(size), self._parts(number))
        self._refer(number)
        return content

    def _reached(self, modules: dict[str, int]) -> list[int]:
        """All values in ``modules`` and their paths, once, but for the instructions; each before its parts."""
        reached: dict[int, None] = {}
        waiting = [part for path in reversed(modules) for part in (modules[path], self._paths[path])]
        while waiting:
            number = waiting.pop()
            if number not in reached:
                reached[number] = None
                waiting += reversed(self._parts(number))
        return list(reached)

    def _parts(self, number: int) -> list[int]:
        """The values in a value, but for the instructions of a code object, which are its first."""
        return self._pool[number].parts[self._pool[number].kind == CODE :]

    def _has_code(self, number: int) -> bool:
        return self._pool[number].kind == CODE or any(map(self._has_code, self._parts(number)))

    def _instructions(self, number: int) -> bytes:
        (content,) = self._pool[self._pool[number].parts[0]].pieces
        if not isinstance(content, bytes) or len(content) > 4 + _MOST_INSTRUCTIONS:
            raise FormatError(f"a function with {len(content) if isinstance(content, bytes) else 'no'} instructions")
        return content[4:]

    def _refer(self, number: int) -> None:
        """The value comes next in the stream."""
        self._references[number] = len(self._references)

    def _texts(self, numbers: Iterable[int]) -> tuple[bytes, ...]:
        """The short strings: for each length those that have it, each after a 0."""
        by_length: dict[int, list[int]] = {}
        for number in numbers:
            if self._is_text(number):
                by_length.setdefault(len(self._text(number)), []).append(number)
        texts = []
        for length in range(max(by_length, default=-1) + 1):
            texts.append(b"".join([b"\0" + self._text(number) for number in by_length.get(length, ())]))
            for number in by_length.get(length, ()):
                self._refer(number)
        return tuple(texts)

    def _text(self, number: int) -> bytes:
        (content,) = self._pool[number].pieces
        return content[1:] if isinstance(content, bytes) else b""

    def _is_text(self, number: int) -> bool:
        return self._pool[number].kind == TEXT and b"\0" not in self._text(number)

    def _others(self, numbers: Iterable[int]) -> bytes:
        """Long strings, bytes, numbers that are not small, slices: as they are."""
        content = b""
        for number in numbers:
            kind = self._pool[number].kind
            if kind != CODE and kind not in _CONTAINERS and not self._is_text(number) and kind not in INLINE:
                self._refer(number)
                writer = Writer(self._pool, number.__eq__)
                writer.write(number)
                content += writer.content
        return content

    def _containers(self, numbers: Iterable[int]) -> bytes:
        """The tuples and sets that can be written, and are not yet."""
        content = b""
        waiting = [each for each in numbers if self._pool[each].kind in _CONTAINERS and each not in self._references]
        while ready := [number for number in waiting if self._is_ready(number)]:
            for number in ready:
                content += self._written(number)
            waiting = [number for number in waiting if number not in self._references]
        return content

    def _container(self, head: bytes, parts: list[int]) -> bytes:
        return head + b"".join(map(self._item, parts))

    def _is_ready(self, number: int) -> bool:
        """Whether all that the value refers to is in the stream."""
        return all(part in self._references or self._pool[part].kind in INLINE for part in self._parts(number))

    def _item(self, number: int) -> bytes:
        """A value where it is a part: whole if it is small, else a reference."""
        kind, pieces = self._pool[number]
        if kind in INLINE:
            return bytes([kind]) + b"".join(map(_bytes, pieces))
        return bytes([REF]) + self._references[number].to_bytes(4, "little")

    def _code(self, number: int, minor: int, place: Place) -> None:
        """Write a code object: the record, and apart from it the instructions."""
        kind, pieces = self._pool[number]
        numbers, first, *rest = pieces
        if not isinstance(numbers, bytes) or first != self._pool[number].parts[0]:
            raise FormatError("a code object that does not begin with numbers and instructions")
        instructions = self._instructions(number)
        before = bytes([kind | FLAG]) + numbers + b"s" + len(instructions).to_bytes(4, "little")
        after = b"".join([self._item(each) if isinstance(each, int) else each for each in rest])
        self._records.add(minor, before, after)
        self._instructions_of_all.add(minor, place, instructions)
        self._refer(number)


def _bytes(piece: bytes | int) -> bytes:
    if isinstance(piece, int):
        raise FormatError("a value where plain numbers are expected")
    return piece
