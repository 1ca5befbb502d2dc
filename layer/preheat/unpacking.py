"""Reads the bytecode of one CPython out of the archive that ``layer/streams.py`` wrote for all of them.

All that is done here is done by C, on everything at once: some 0.5 ms for a thousand functions.
"""

from __future__ import annotations

from _io import BytesIO
from itertools import accumulate, cycle, islice
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

    Matrix = tuple[bytes, dict[int, bytes]]


_ONLY_FF = bytes(255) + b"\xff"


def unpack(content: bytes, version: str) -> dict[str, CodeType]:
    """The modules in ``content`` (path -> code) for ``version``, a cache tag: a marshal stream is put together."""
    texts, others, containers, records, sizes, code, versions = loads(content)
    place, common, count, own_texts, own_others, row, head, record, rounds, opcodes, caches = versions[version]
    pieces = [b"(" + count.to_bytes(4, "little"), *_texts(texts), others, _containers(containers, 0, common)]
    pieces += [*_texts(own_texts), own_others]
    ends = list(accumulate(sizes, initial=0))
    chunks = map(slice, ends[place :: len(versions)], ends[place + 1 :: len(versions)])
    instructions = _instructions(b"".join(map(code.__getitem__, chunks)), opcodes, caches)
    codes = _codes(records[head], head, record, sum([number for _, number in rounds]), instructions)
    for rows, number in rounds:
        pieces.append(_containers(containers, row, rows))
        pieces += islice(codes, 3 * number)
        row += rows
    modules = loads(b"".join(pieces))[-1]
    return dict(zip(modules[::2], modules[1::2]))


def _texts(texts: tuple[bytes, ...]) -> list[bytes]:
    """Strings by their length, each after a 0, as marshal has them: type, length, characters."""
    return [of_size.replace(b"\0", b"\xda" + bytes([size])) for size, of_size in enumerate(texts)]


def _rows(matrix: Matrix, first: int, count: int) -> bytearray:
    """Rows of a matrix that lies there by columns, of which those are left out that are the same in all rows."""
    same, columns = matrix
    content = bytearray(same * count)
    for place, column in columns.items():
        content[place :: len(same)] = column[first : first + count]
    return content


def _containers(matrix: Matrix, first: int, count: int) -> bytearray:
    """Rows of five bytes each, as marshal has them: after the type of a singleton is nothing."""
    content = _rows(matrix, first, count)
    content[3::5] = content[4::5] = content[2::5].translate(_ONLY_FF)
    return content.replace(b"\xff\xff\xff\xff", b"")


def _instructions(code: bytes, opcodes: bytes, caches: dict[bytes, int]) -> bytearray:
    """Instructions with the numbers that this CPython gives them, and room for what it caches beside them."""
    for marker, size in caches.items():
        code = code.replace(marker, bytes(size))
    content = bytearray(code)
    content[::2] = content[::2].translate(opcodes)
    return content


def _codes(matrix: Matrix, head: int, first: int, count: int, code: bytearray) -> Iterator[bytes]:
    """Code objects, each in three pieces: what comes before its instructions, these, the rest."""
    rows = _rows(matrix, first, count)
    width = len(matrix[0])
    read = BytesIO(rows).read
    pieces = [b""] * (3 * count)
    both = list(map(read, islice(cycle((head, width - head)), 2 * count)))
    sizes = [low + 256 * high for low, high in zip(rows[head - 4 :: width], rows[head - 3 :: width])]
    pieces[::3], pieces[1::3], pieces[2::3] = both[::2], map(BytesIO(code).read, sizes), both[1::2]
    return iter(pieces)
