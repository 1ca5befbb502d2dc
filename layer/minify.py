"""Sources as the layer needs them: what only people and type checkers read is gone, the meaning is the same."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from layer.renaming import is_same, rename
from layer.shortening import Unreadable, shorten


def minify(text: bytes, path: str, only: Iterable[str] = (), origins: Mapping[str, str] | None = None) -> str:
    """Return the module ``text`` without comments, docstrings, annotations, asserts, imports from ``__future__`` and
    what stands under ``if TYPE_CHECKING:``.

    With ``only`` (names of classes and functions) everything at the top level that these do not need goes too, its
    imports with it: of a library that does more than is used here. ``origins`` says where something that a module only
    hands on comes from ("collections.OrderedDict": "_collections"): it is taken from there.
    """
    try:
        tree = ast.parse(text, path)
    except (SyntaxError, ValueError) as error:
        raise Unreadable(f"{path} is no Python: {type(error).__name__}: {error}") from None
    shorten(tree)
    if origins:
        _take_from(tree, origins, path)
    if only:
        tree.body = _needed(tree.body, set(only))
    named = ast.unparse(ast.fix_missing_locations(tree))
    if ast.dump(ast.parse(named)) != ast.dump(tree):
        raise Unreadable(f"{path} means something else after ast.unparse")
    rename(tree)
    short = ast.unparse(tree)
    if not is_same(*(compile(each, path, "exec", dont_inherit=True, optimize=2) for each in (named, short))):
        raise Unreadable(f"{path} means something else with short names")
    return short


class _Origins(ast.NodeTransformer):
    def __init__(self, origins: Mapping[str, str]) -> None:
        self.origins = origins
        self.found: set[str] = set()

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        name = ast.unparse(node)
        if name not in self.origins:
            return self.generic_visit(node)
        self.found.add(name)
        return ast.Attribute(ast.Name(self.origins[name], ast.Load()), node.attr, node.ctx)


def _take_from(tree: ast.Module, origins: Mapping[str, str], path: str) -> None:
    replaced = _Origins(origins)
    replaced.visit(tree)
    missing = sorted(set(origins) - replaced.found)
    if missing:
        raise Unreadable(f"{path} does not use {', '.join(missing)}")
    tree.body[:0] = [ast.Import([ast.alias(module)]) for module in sorted(set(origins.values()))]


def _needed(body: list[ast.stmt], wanted: set[str]) -> list[ast.stmt]:
    """The statements that define ``wanted``, and those that these need, in their order."""
    kept: list[ast.stmt] = []
    while True:
        more = [node for node in body if node not in kept and not wanted.isdisjoint(_defines(node))]
        if not more:
            return [node for node in body if node in kept]
        kept += more
        for statement in more:
            wanted |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


def _defines(node: ast.stmt) -> set[str]:
    """The names that a statement at the top level binds."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name.partition(".")[0] for alias in node.names}
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
