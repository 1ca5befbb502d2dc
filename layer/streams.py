"""The sidecar's bytecode as the layer carries it: for each CPython a stream of what is needed up to "registered"; for
all of them one archive of the rest, and one of what is rarely needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from layer import packing
from layer.dialects import Opcodes
from layer.marshalled import INLINE, TEXT, Pool, Value, Writer

NOTHING = b"{0"  # a stream without modules
_Item = tuple[int, int]  # path and code, as numbers in the pool


class Streams(NamedTuple):
    """What start.py and importer.py read; ``first`` by minor version."""

    first: dict[int, bytes]
    rest: bytes
    late: bytes


def make(
    compiled: Mapping[int, Mapping[str, bytes]],
    opcodes: Mapping[int, Opcodes],
    first: frozenset[str],
    late: frozenset[str],
) -> Streams:
    """Pack ``compiled`` (minor version -> path -> marshalled code): the paths in ``first``, in ``late``, the others."""

    def archive(paths: Iterable[str]) -> bytes:
        wanted = {minor: {path: modules[path] for path in paths} for minor, modules in compiled.items()}
        return packing.pack(wanted, opcodes)

    paths = {path for modules in compiled.values() for path in modules}
    firsts = {minor: _alone({path: modules[path] for path in first}, minor) for minor, modules in compiled.items()}
    return Streams(firsts, archive(paths - first - late), archive(late))


def _alone(modules: Mapping[str, bytes], minor: int) -> bytes:
    """{path: code}, in which what is there twice is written once."""
    pool = Pool()
    items = []
    for path in sorted(modules):
        key = pool.add(Value(TEXT, (bytes([len(path)]) + path.encode("ascii"),)))
        items.append((key, pool.read(modules[path], minor)))
    uses = _uses(pool, items)
    writer = Writer(pool, lambda number: uses[number] > 1 and pool[number].kind not in INLINE)
    writer.write_dict(items)
    return bytes(writer.content)


def _uses(pool: Pool, items: list[_Item]) -> Counter[int]:
    """How often each value would be written."""
    counts: Counter[int] = Counter()
    waiting = [number for item in items for number in item]
    while waiting:
        number = waiting.pop()
        counts[number] += 1
        if counts[number] == 1:
            waiting += pool[number].parts
    return counts
