"""Runs in each CPython that bytecode is made for, alone: it imports nothing of this project, and needs 3.10 or newer.

Reads from standard input a JSON object of lists of jobs; each job is a list of the arguments of the function that its
list is named for. Prints an object with the magic number of this CPython's bytecode and the opcodes that ``bare`` met.
"""

from __future__ import annotations

import ast
import dis
import importlib.util
import inspect
import itertools
import json
import marshal
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

opcodes: dict[int, list[str | int]] = {}
_TABLES_COVER = sys.version_info >= (3, 11)
_NO_LINES = b"\xff" * 1024
_COVERED = 8 * 2 * len(_NO_LINES)  # bytes of instructions


def lined(source: str, target: str, name: str) -> None:
    """Write the marshalled code, without docstrings, asserts and annotations."""
    from shortening import shorten  # type: ignore[import-not-found]  # laid beside this file

    tree = ast.parse(Path(source).read_bytes(), name)
    shorten(tree)
    code = compile(tree, name, "exec", dont_inherit=True, optimize=2)
    _note_opcodes(code)
    Path(target).write_bytes(marshal.dumps(code))


def cached(source: str, target: str, instead: str) -> None:
    """Write a .pyc for ``source`` that never looks at it again, and runs ``instead``, with what the module
    has as ``module``."""
    inner = compile(Path(instead).read_bytes(), "<preheat>", "exec", dont_inherit=True, optimize=2)
    outer = compile('exec(..., {"module": globals()})', "<preheat>", "exec")  # names of its own: none are left behind
    code = _bare(outer.replace(co_consts=tuple(inner if each is ... else each for each in outer.co_consts)))
    # PEP 552: flags, of which the first stands for "by hash" and the second, to check it, is not set.
    head = (
        importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(Path(source).read_bytes())
    )
    Path(target).write_bytes(head + marshal.dumps(code))


def bare(source: str, target: str, name: str) -> None:
    """Write the marshalled code, without what only tracebacks show."""
    tree = ast.parse(Path(source).read_bytes(), name)
    for node in ast.walk(tree):  # nor are there instructions that do nothing but begin a line
        if isinstance(node, (ast.expr, ast.stmt, ast.excepthandler, ast.arg, ast.keyword, ast.alias, ast.pattern)):
            node.lineno, node.end_lineno, node.col_offset, node.end_col_offset = 1, 1, 0, 0
    code = _bare(compile(tree, name, "exec", dont_inherit=True, optimize=2))
    _note_opcodes(code)
    Path(target).write_bytes(marshal.dumps(code))


def check(first: str, archives: list[str], expected: dict[str, str]) -> None:
    """Raise unless the stream ``first`` and the ``archives`` hold just what was compiled (path -> target)."""
    from unpacking import unpack  # type: ignore[import-not-found]  # laid beside this file

    loaded: dict[str, CodeType] = marshal.loads(Path(first).read_bytes())
    for archive in archives:
        loaded |= unpack(Path(archive).read_bytes(), sys.implementation.cache_tag)
    if loaded.keys() != expected.keys():
        raise ValueError(f"the streams hold {sorted(loaded)}")
    for path, target in expected.items():
        if not _same(loaded[path], marshal.loads(Path(target).read_bytes())):
            raise ValueError(f"{path} has become something else in its stream")


def _note_opcodes(code: CodeType) -> None:
    """Note the number and name of each kind of instruction, and how many units it has room for to cache in."""
    places = [(each.offset, each.opcode, each.opname) for each in dis.get_instructions(code)]
    for (offset, opcode, name), (following, _, _) in zip(
        places, [*places[1:], (len(code.co_code), 0, "")], strict=True
    ):
        opcodes[opcode] = [name, (following - offset) // 2 - 1]
    for each in code.co_consts:
        if isinstance(each, CodeType):
            _note_opcodes(each)


def _bare(code: CodeType) -> CodeType:
    """``code`` without what only people need: the lines of its instructions, the names of what it is nested in and of
    its local variables (those of parameters stay: callers use them).

    From 3.11 on the table must cover every instruction, or the ``traceback`` module fails; an entry of type 15, for up
    to eight instructions, says that they have no line (CPython: InternalDocs/code_objects.md). It may cover more: so
    one table serves all. Only ``sys.setprofile`` and ``sys.settrace`` of 3.11 fail by that, which nothing here calls:
    they note the line of each instruction up to the table's end, beyond that of the code.
    """
    consts = tuple(_bare(each) if isinstance(each, CodeType) else each for each in code.co_consts)
    consts = _without_static_attributes(code, consts)
    names = _numbered(code)
    if not _TABLES_COVER:
        consts = _without_qualified_names(code, consts)
        return code.replace(co_consts=consts, co_varnames=names, co_linetable=b"")
    if len(code.co_code) > _COVERED:
        raise ValueError(f"{code.co_name} has {len(code.co_code)} bytes of instructions, more than {_COVERED}")
    changes: dict[str, Any] = {"co_qualname": code.co_name}
    return code.replace(co_consts=consts, co_varnames=names, co_linetable=_NO_LINES, **changes)


def _without_static_attributes(code: CodeType, consts: tuple[Any, ...]) -> tuple[Any, ...]:
    """``consts`` of a class from 3.13 on, which has a tuple of the attributes that its methods set, for optimizers."""
    stored = _uses(code, lambda following: following.argval)
    return tuple(() if stored.get(number) == {"__static_attributes__"} else each for number, each in enumerate(consts))


def _uses(code: CodeType, of: Callable[[dis.Instruction], Any]) -> dict[int | None, set[Any]]:
    """By the number of a constant, what there is ``of`` the instructions after those that load it."""
    uses: dict[int | None, set[Any]] = {}
    for each, following in itertools.pairwise(dis.get_instructions(code)):
        if each.opcode in dis.hasconst:
            uses.setdefault(each.arg, set()).add(of(following))
    return uses


def _numbered(code: CodeType) -> tuple[str, ...]:
    """The local variables, numbered; but for parameters, and what inner functions share, which is found by its name."""
    parameters = code.co_argcount + code.co_kwonlyargcount
    parameters += bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return tuple(
        name if number < parameters or name in code.co_cellvars else str(number)
        for number, name in enumerate(code.co_varnames)
    )


def _without_qualified_names(code: CodeType, consts: tuple[Any, ...]) -> tuple[Any, ...]:
    """``consts`` of 3.10, where a function's qualified name is a constant that its definition loads last."""
    loaded = _uses(code, lambda following: following.opname)
    return tuple(
        each.rpartition(".")[2] if isinstance(each, str) and loaded.get(number) == {"MAKE_FUNCTION"} else each
        for number, each in enumerate(consts)
    )


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
    kinds: dict[str, Callable[..., None]] = {"lined": lined, "cached": cached, "bare": bare, "check": check}
    for kind, jobs in json.load(sys.stdin).items():
        for job in jobs:
            kinds[kind](*job)
    print(json.dumps({"magic": importlib.util.MAGIC_NUMBER.hex(), "opcodes": opcodes}))


if __name__ == "__main__":
    main()
