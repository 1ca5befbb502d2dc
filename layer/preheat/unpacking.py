"""Reads the bytecode of one CPython out of the archive that ``layer/packing.py`` wrote for all of them.

All that is done here is done by C, on everything at once.
"""

from __future__ import annotations

from _io import BytesIO
from itertools import accumulate, cycle, islice
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

_NOTHING = b"\xe9\0\0\0\0"  # something that has a number: 0


def unpack(content: bytes, version: str) -> dict[str, CodeType]:
    """The modules in ``content`` (path -> code) for ``version``, a cache tag: a marshal stream is put together."""
    # At the instructions, which follow, loads() does not look.
    texts, others, first_rows, columns, sizes, versions = loads(content)
    place, own_texts, own_others, count, head, record, rounds, last, dialect = versions[version]
    ends = list(accumulate(sizes, initial=len(content) - sum(sizes)))
    slices = map(slice, ends[place :: len(versions)], ends[place + 1 :: len(versions)])
    *chunks, apart = [content[each] for each in slices]
    instructions = _instructions(b"".join(chunks), apart, *dialect)
    codes = _codes(first_rows[head], columns, head, record, sum([number for *_, number in rounds]), instructions)
    pieces = [b"(" + count.to_bytes(4, "little"), *_texts(texts), others, *_texts(own_texts), own_others]
    for before, containers, between, number in rounds:
        pieces += [_NOTHING * before, containers, _NOTHING * between, *islice(codes, 3 * number)]
    modules = loads(b"".join([*pieces, last]))[-1]
    return dict(zip(modules[::2], modules[1::2], strict=True))


def _texts(texts: tuple[bytes, ...]) -> list[bytes]:
    """Strings by their length, each after a 0, as marshal has them: type, length, characters."""
    return [of_size.replace(b"\0", b"\xda" + bytes([size])) for size, of_size in enumerate(texts)]


def _instructions(
    code: bytes, apart: bytes, opcodes: bytes, expanded: dict[bytes, bytes], changed: bytes, rooms: dict[bytes, bytes]
) -> bytearray:
    """Instructions as this CPython has them (``layer/dialects.py``), each number before its argument."""
    for number, several in expanded.items():
        code = code.replace(number, several)
    if changed:
        content = bytearray(code)
        content[::2] = _changed(code[::2], code[1::2].translate(changed))
        code = bytes(content)
    for number, with_room in rooms.items():
        code = code.replace(number, with_room)
    kinds = code[1::2]
    between = code[::2].split(b"\x7f")
    pieces = [b""] * (2 * len(between) - 1)
    pieces[::2], pieces[1::2] = between, memoryview(apart).cast("c")
    content = bytearray(code)
    content[::2], content[1::2] = kinds.translate(opcodes), b"".join(pieces)
    return content


def _changed(arguments: bytes, ways: bytes) -> bytes:
    """The arguments, of which one bit of ``ways`` says that it is shifted, one that it is two halves, one that it comes
    twice: each is a byte of one large number."""
    all_of_them, which = int.from_bytes(arguments, "little"), int.from_bytes(ways, "little")
    ones = int.from_bytes(b"\1" * len(ways), "little")
    shifted = which & ones
    one = all_of_them & shifted * 255
    halved = which >> 1 & ones
    two = all_of_them & halved * 255
    lower = halved * 15
    all_of_them ^= one ^ (one >> 1 & shifted * 127) ^ two ^ (two >> 4 & lower) ^ (two & lower) << 8
    all_of_them |= (all_of_them & (which >> 2 & ones) * 255) << 8
    return all_of_them.to_bytes(len(ways), "little")


def _codes(
    row: bytes, columns: dict[int, bytes], head: int, first: int, count: int, code: bytearray
) -> Iterator[bytes]:
    """Code objects, each in three pieces: what comes before its instructions, these, the rest."""
    width = len(row)
    rows = bytearray(row * count)
    for place, column in columns.items():
        if place >> 8 == head:
            rows[place & 255 :: width] = column[first : first + count]
    pieces = [b""] * (3 * count)
    both = list(map(BytesIO(rows).read, islice(cycle((head, width - head)), 2 * count)))
    sizes = [low + 256 * high for low, high in zip(rows[head - 4 :: width], rows[head - 3 :: width], strict=True)]
    pieces[::3], pieces[1::3], pieces[2::3] = both[::2], map(BytesIO(code).read, sizes), both[1::2]
    return iter(pieces)
