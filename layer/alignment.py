"""The order in which several CPythons' code objects are written, so that the same function has the same number in each.

A function that all have is referred to by the same bytes in all. One is known by its module, the names of what it is
nested in, and how many of that name come before it. Code objects come in rounds: first those that no other is in.
"""

from __future__ import annotations

from typing import NamedTuple

from layer.marshalled import CODE, FormatError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from layer.marshalled import Pool

_NAME, _NAME_310 = 6, 7  # which part of a code object its name is; constants are the second

_Key = tuple[str, ...]


class Code(NamedTuple):
    """A code object: its module's path, its number in the pool, and that of its constants if others are among them."""

    path: str
    number: int
    constants: int | None
    is_shared: bool  # all versions have it


class _Found(NamedTuple):
    number: int
    constants: int
    depth: int  # of code objects in code objects: 1 where there is none in it


def rounds(pool: Pool, modules: Mapping[int, Mapping[str, int]]) -> dict[int, list[list[Code]]]:
    """The code objects of each version, in rounds, those that all versions have first."""
    found = {minor: _keyed(pool, members, minor) for minor, members in modules.items()}
    depths = [{key: code.depth for key, code in codes.items()} for codes in found.values()]
    shared = [key for key, depth in depths[0].items() if all(each.get(key) == depth for each in depths)]
    most = max((depth for each in depths for depth in each.values()), default=0)
    return {
        minor: [
            [
                Code(key[0], codes[key].number, codes[key].constants if depth > 1 else None, is_shared)
                for is_shared, keys in ((True, shared), (False, [key for key in codes if key not in set(shared)]))
                for key in sorted(keys, key=lambda key: key[0])
                if codes[key].depth == depth
            ]
            for depth in range(1, most + 1)
        ]
        for minor, codes in found.items()
    }


def _keyed(pool: Pool, modules: Mapping[str, int], minor: int) -> dict[_Key, _Found]:
    """The code objects of one version; one that comes again, as the same, is left out."""
    codes: dict[_Key, _Found] = {}
    depths: dict[int, int] = {}

    def visit(key: _Key, number: int) -> None:
        parts = pool[number].parts
        names: dict[str, int] = {}
        for each in pool[parts[1]].parts:
            if pool[each].kind == CODE:
                name = _name(pool, each, minor)
                names[name] = names.get(name, 0) + 1
                visit((*key, f"{name} {names[name]}"), each)
        inner = [depths[each] for each in pool[parts[1]].parts if pool[each].kind == CODE]
        if number not in depths:
            depths[number] = max(inner, default=0) + 1
            codes[key] = _Found(number, parts[1], depths[number])

    for path, module in modules.items():
        visit((path,), module)
    return codes


def _name(pool: Pool, number: int, minor: int) -> str:
    part = pool[number].parts[_NAME_310 if minor == 10 else _NAME]
    (content,) = pool[part].pieces
    if not isinstance(content, bytes):
        raise FormatError("a code object without a name")
    return content.decode("utf-8")
