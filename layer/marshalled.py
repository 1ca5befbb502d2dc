"""Reading and writing marshal, the format of bytecode, with the sharing of equal parts in our own hand.

``marshal.dumps`` shares what happens to be one object in the interpreter that writes. Here equal is the same: all
values of all CPythons go into one pool, in which each has one number. So the same modules give the same bytes whatever
interpreter packs them, and a part that two streams have in common can be written once for both.

The format: https://github.com/python/cpython/blob/main/Python/marshal.c
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

CODE = ord("c")
TUPLE = ord("(")
SMALL_TUPLE = ord(")")
FROZENSET = ord(">")
TEXT = ord("Z")  # a string of up to 255 ASCII characters, interned
REF = ord("r")
INLINE = b"NTF.i"  # None, booleans, "..." and small ints take no more than a reference to them
FLAG = 0x80  # what follows gets the next number for later references
_DICT = b"{"
_END = b"0"  # of a dict
_SINGLETONS = b"NTF."
_FIXED = {ord("i"): 4, ord("g"): 8, ord("y"): 16}  # int, float, complex
_COUNTED = {ord("z"): 1, ord("Z"): 1, **dict.fromkeys(b"aAuts", 4)}  # strings and bytes: size of their length
_SIZED = {SMALL_TUPLE: 1, TUPLE: 4, FROZENSET: 4}  # size of their count
_LONG = ord("l")
_SLICE = ord(":")


class FormatError(Exception):
    """A stream holds what a CPython up to 3.14 does not write for a module."""


def plain(value: Any) -> bytes:
    """``value`` in the last format of marshal that shares nothing, and so is the same whoever writes it."""
    return marshal.dumps(value, 2)


class Value(NamedTuple):
    """A marshalled value: its type, and what follows it, where a number stands for the value in the pool."""

    kind: int
    pieces: tuple[bytes | int, ...]

    @property
    def parts(self) -> list[int]:
        """The values in it."""
        return [piece for piece in self.pieces if isinstance(piece, int)]


class Pool:
    """Values by number, equal ones once."""

    def __init__(self) -> None:
        self._numbers: dict[Value, int] = {}
        self._values: list[Value] = []

    def __getitem__(self, number: int) -> Value:
        return self._values[number]

    def add(self, value: Value) -> int:
        """The number of ``value``."""
        number = self._numbers.setdefault(value, len(self._values))
        if number == len(self._values):
            self._values.append(value)
        return number

    def read(self, content: bytes, minor: int) -> int:
        """Add what CPython 3.``minor`` marshalled; its number."""
        return _Reader(content, minor, self).value()


class _Reader:
    def __init__(self, content: bytes, minor: int, pool: Pool) -> None:
        self._content = content
        self._place = 0
        self._pool = pool
        self._seen: list[int] = []
        # A code object: plain numbers (how many bytes), values (how many), the first line, values.
        self._code = (24, 8, 4, 1) if minor == 10 else (20, 8, 4, 2)

    def value(self) -> int:
        kind = self._take(1)[0]
        if kind == REF:
            return self._seen[int.from_bytes(self._take(4), "little")]
        place = len(self._seen)
        if kind & FLAG:
            self._seen.append(-1)
            kind ^= FLAG
        number = self._pool.add(Value(kind, self._pieces(kind)))
        if place < len(self._seen) and self._seen[place] == -1:
            self._seen[place] = number
        return number

    def _pieces(self, kind: int) -> tuple[bytes | int, ...]:
        if kind in _SINGLETONS:
            return ()
        if kind in _FIXED:
            return (self._take(_FIXED[kind]),)
        if kind in _COUNTED:
            length = self._take(_COUNTED[kind])
            return (length + self._take(int.from_bytes(length, "little")),)
        if kind == _LONG:
            digits = self._take(4)
            return (digits + self._take(2 * abs(int.from_bytes(digits, "little", signed=True))),)
        if kind in _SIZED:
            count = self._take(_SIZED[kind])
            members = self._values(int.from_bytes(count, "little"))
            if kind == FROZENSET:  # written in the order of its hashes, which is not the same in each CPython
                members.sort(key=self._pool.__getitem__)
            return (count, *members)
        if kind == _SLICE:
            return tuple(self._values(3))
        if kind == CODE:
            numbers, values, line, tables = self._code
            return (self._take(numbers), *self._values(values), self._take(line), *self._values(tables))
        raise FormatError(f"type {bytes([kind])!r} at {self._place}")

    def _values(self, count: int) -> list[int]:
        return [self.value() for _ in range(count)]

    def _take(self, size: int) -> bytes:
        self._place += size
        return self._content[self._place - size : self._place]


class Writer:
    """Writes values one after another into ``content``; one that is ``shared`` whole the first time only."""

    def __init__(self, pool: Pool, shared: Callable[[int], bool]) -> None:
        self.content = bytearray()
        self._pool = pool
        self._shared = shared
        self._written: dict[int, int] = {}

    def write(self, number: int) -> None:
        """Write a value, or a reference to it."""
        if number in self._written:
            self.content += bytes([REF]) + self._written[number].to_bytes(4, "little")
            return
        value = self._pool[number]
        if self._shared(number):
            self._written[number] = len(self._written)
            self.content.append(value.kind | FLAG)
        else:
            self.content.append(value.kind)
        for piece in value.pieces:
            if isinstance(piece, int):
                self.write(piece)
            else:
                self.content += piece

    def write_dict(self, items: Iterable[tuple[int, int]]) -> None:
        """Write a dict of these keys and values."""
        self.content += _DICT
        for key, value in items:
            self.write(key)
            self.write(value)
        self.content += _END
