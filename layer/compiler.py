"""Runs in each CPython that bytecode is made for, alone: it imports nothing of this project, and needs 3.10 or newer.

Reads from standard input a JSON object of lists of jobs; each job is a list of the arguments of the function that its
list is named for. Prints the magic number of this CPython's bytecode.
"""

from __future__ import annotations

import importlib.util
import json
import marshal
import py_compile
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

_TABLES_COVER = sys.version_info >= (3, 11)


def plain(source: str, target: str, name: str) -> None:
    """Write an ordinary .pyc that never looks at its source again, without docstrings and asserts."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(source, target, name, doraise=True, optimize=2, invalidation_mode=mode)


def bare(source: str, target: str, name: str) -> None:
    """Write the marshalled code, without what only tracebacks show."""
    code = compile(Path(source).read_bytes(), name, "exec", dont_inherit=True, optimize=2)
    Path(target).write_bytes(marshal.dumps(_bare(code)))


def check(streams: list[str], expected: dict[str, str]) -> None:
    """Raise unless the ``streams`` together hold just what ``bare`` wrote (path -> target)."""
    loaded: dict[str, CodeType] = {}
    for stream in streams:
        value = marshal.loads(Path(stream).read_bytes())
        loaded |= value if isinstance(value, dict) else value[1]
    if loaded.keys() != expected.keys():
        raise ValueError(f"the streams hold {sorted(loaded)}")
    for path, target in expected.items():
        if not _same(loaded[path], marshal.loads(Path(target).read_bytes())):
            raise ValueError(f"{path} has become something else in its stream")


def _bare(code: CodeType) -> CodeType:
    """``code`` without the lines of its instructions, and (from 3.11 on) without the names of what it is nested in.

    From 3.11 on the table must cover every instruction, or the ``traceback`` module fails; an entry of type 15, for up
    to eight instructions, says that they have no line (CPython: InternalDocs/code_objects.md).
    """
    consts = tuple(_bare(each) if isinstance(each, CodeType) else each for each in code.co_consts)
    if not _TABLES_COVER:
        return code.replace(co_consts=consts, co_linetable=b"")
    entries, left = divmod(len(code.co_code) // 2, 8)
    table = b"\xff" * entries + (bytes([0xF8 | (left - 1)]) if left else b"")
    changes: dict[str, Any] = {"co_qualname": code.co_name}
    return code.replace(co_consts=consts, co_linetable=table, **changes)


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, CodeType):
        names = [name for name in dir(one) if name.startswith("co_") and name != "co_lnotab"]  # deprecated
        fields = [name for name in names if not callable(getattr(one, name))]
        return all(_same(getattr(one, name), getattr(other, name)) for name in fields)
    if isinstance(one, frozenset):
        one, other = (tuple(sorted(value, key=repr)) for value in (one, other))
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return repr(one) == repr(other)  # 0.0 is not -0.0, and NaN is NaN


def main() -> None:
    """Do the jobs."""
    kinds: dict[str, Callable[..., None]] = {"plain": plain, "bare": bare, "check": check}
    for kind, jobs in json.load(sys.stdin).items():
        for job in jobs:
            kinds[kind](*job)
    print(importlib.util.MAGIC_NUMBER.hex())


if __name__ == "__main__":
    main()
