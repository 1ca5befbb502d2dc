"""The sidecar's bytecode as the layer carries it: for each CPython what is needed up to "registered" and the rest, and
once for all of them what they have in common.

A version's instructions are its own, but names, messages and the tuples of them are the same everywhere: written once,
they take a quarter off the zip. importer.py reads ``shared`` and one ``rest`` as a single marshal stream: a tuple of
all that is shared, and {path: code}, which refers to what the first has brought.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from layer.marshalled import CODE, Pool, Value, Writer

_SHORT = b"NTF.i"  # None, booleans, "..." and small ints take no more than a reference to them
_Item = tuple[int, int]  # path and code, as numbers in the pool


class Streams(NamedTuple):
    """What start.py and importer.py read; by minor version, but for ``shared``, which comes before any ``rest``."""

    first: dict[int, bytes]
    rest: dict[int, bytes]
    shared: bytes


def make(compiled: Mapping[int, Mapping[str, bytes]], first: frozenset[str]) -> Streams:
    """Pack ``compiled`` (minor version -> path -> marshalled code), the paths in ``first`` into the first streams."""
    pool = Pool()
    firsts: dict[int, list[_Item]] = {}
    rests: dict[int, list[_Item]] = {}
    for minor, modules in compiled.items():
        firsts[minor], rests[minor] = [], []
        for path in sorted(modules):
            item = (_key(pool, path), pool.read(modules[path], minor))
            (firsts if path in first else rests)[minor].append(item)
    shared, rest = _together(pool, rests)
    return Streams({minor: _alone(pool, items) for minor, items in firsts.items()}, rest, shared)


def of_sources(modules: Mapping[str, str]) -> bytes:
    """The same for a Python without bytecode: {path: source text}, which every version reads alike."""
    pool = Pool()
    items = []
    for path in sorted(modules):
        text = modules[path].encode()
        items.append((_key(pool, path), pool.add(Value(ord("u"), (len(text).to_bytes(4, "little") + text,)))))
    return _alone(pool, items)


def _key(pool: Pool, path: str) -> int:
    return pool.add(Value(ord("z"), (bytes([len(path)]) + path.encode("ascii"),)))


def _alone(pool: Pool, items: list[_Item]) -> bytes:
    uses = _uses(pool, items)
    writer = Writer(pool, lambda number: uses[number] > 1 and pool[number].kind not in _SHORT)
    writer.write_dict(items)
    return bytes(writer.content)


def _together(pool: Pool, rests: dict[int, list[_Item]]) -> tuple[bytes, dict[int, bytes]]:
    """What several versions have, and for each version the rest of it."""
    uses = {minor: _uses(pool, items) for minor, items in rests.items()}
    versions = Counter(number for counts in uses.values() for number in counts)
    common = [number for number in versions if versions[number] > 1 and _is_sharable(pool, number)]
    # What is in another one comes with it.
    contained = {part for number in common for part in pool[number].parts}
    members = [number for number in common if number not in contained]

    shared, streams = b"", {}
    for minor, items in rests.items():
        known, counts = set(common), uses[minor]
        writer = Writer(
            pool,
            lambda number, known=known, counts=counts: (  # type: ignore[misc]
                number in known or (counts[number] > 1 and pool[number].kind not in _SHORT)
            ),
        )
        writer.open_tuple(2)
        writer.open_tuple(len(members))
        for number in members:
            writer.write(number)
        shared = bytes(writer.content)  # the same for each: parts of what two versions have are in two versions as well
        writer.write_dict(items)
        streams[minor] = bytes(writer.content[len(shared) :])
    return shared, streams


def _uses(pool: Pool, items: list[_Item]) -> Counter[int]:
    """How often each value would be written, in the order of the first time."""
    counts: Counter[int] = Counter()
    waiting = [number for item in reversed(items) for number in reversed(item)]
    while waiting:
        number = waiting.pop()
        counts[number] += 1
        if counts[number] == 1:
            waiting += reversed(pool[number].parts)
    return counts


def _is_sharable(pool: Pool, number: int) -> bool:
    """Whether another version can read it: all but code, and what is not worth it."""
    return pool[number].kind not in _SHORT and not _has_code(pool, number)


def _has_code(pool: Pool, number: int) -> bool:
    return pool[number].kind == CODE or any(_has_code(pool, part) for part in pool[number].parts)
