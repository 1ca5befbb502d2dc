"""Local variables under names of one letter: in source text, as in bytecode, nobody looks for them by name."""

from __future__ import annotations

import ast
import itertools
import string
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES = (*_FUNCTIONS, ast.Lambda, ast.ClassDef, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def rename(tree: ast.Module) -> None:
    """Rename the local variables of each function, but for parameters, which callers may use, and what is shared with
    inner functions, imported, or the name of a function or class."""
    for function in ast.walk(tree):
        if isinstance(function, _FUNCTIONS):
            _rename(function)


def is_same(one: object, other: object) -> bool:
    """Whether two code objects differ in nothing but names of local variables; or two constants in nothing."""
    if not isinstance(one, CodeType) or not isinstance(other, CodeType):
        return type(one) is type(other) and repr(one) == repr(other)
    fields = ("co_code", "co_names", "co_flags", "co_freevars", "co_cellvars", "co_argcount", "co_kwonlyargcount")
    parameters = one.co_argcount + one.co_kwonlyargcount
    return (
        all(getattr(one, field) == getattr(other, field) for field in fields)
        and one.co_varnames[:parameters] == other.co_varnames[:parameters]
        and len(one.co_varnames) == len(other.co_varnames)
        and len(one.co_consts) == len(other.co_consts)
        and all(map(is_same, one.co_consts, other.co_consts))
    )


def _rename(function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    own = list(_own(function.body))
    bound = [name for node in own for name in _bound(node)]
    fixed = {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}
    for node in own:
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            fixed.update(node.names)
        elif isinstance(node, ast.alias):
            fixed.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, _SCOPES):
            fixed.update(_names(node), [node.name] if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) else [])
    old = [name for name in dict.fromkeys(bound) if name not in fixed]
    names = dict(zip(old, _free(fixed | _names(function).difference(old)), strict=False))
    for node in own:
        if isinstance(node, ast.Name):
            node.id = names.get(node.id, node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            node.name = names.get(node.name, node.name)


def _own(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """What belongs to a function itself, in its order; of what has names of its own only that it is there."""
    for node in nodes:
        yield node
        if not isinstance(node, _SCOPES):
            yield from _own(ast.iter_child_nodes(node))


def _bound(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return [node.id]
    return [node.name] if isinstance(node, ast.ExceptHandler) and node.name else []


def _names(node: ast.AST) -> set[str]:
    """All that is named anywhere in it."""
    found = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    found |= {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
    for each in ast.walk(node):
        if isinstance(each, (ast.Global, ast.Nonlocal)):
            found.update(each.names)
    return found


def _free(taken: set[str]) -> Iterator[str]:
    """Short names that are not taken."""
    for length in itertools.count(1):
        for letters in itertools.product(string.ascii_lowercase, repeat=length):
            name = "".join(letters)
            if name not in taken and name not in ("as", "if", "in", "is", "or"):
                yield name
