"""Takes out of sources what only people and type checkers read; the rest keeps its lines.

It is also laid beside ``compiler.py``, and so imports nothing of this project.
"""

from __future__ import annotations

import ast
import tokenize
from typing import TypeGuard

_Documented = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module
_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Module)


class Unreadable(Exception):
    """A source that does not parse, or that would mean something else afterwards."""


def shorten(tree: ast.Module) -> None:
    """Take out of ``tree`` what ``minify`` leaves out; the rest keeps its lines."""
    _Shortener().visit(tree)
    ast.fix_missing_locations(tree)


def blank(text: bytes, path: str) -> bytes:
    """Return the module ``text`` without comments and docstrings, which bytecode does not have either. Everything else,
    types too, stays where it is: a traceback names the lines that the checkout has."""
    lines = text.decode("utf-8").split("\n")
    for token in tokenize.generate_tokens(iter([f"{line}\n" for line in lines]).__next__):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column].rstrip()
    tree = ast.parse(text, path)
    for node in ast.walk(tree):
        if _has_docstring(node):
            docstring = node.body[0]
            assert docstring.end_lineno is not None
            rows = slice(docstring.lineno - 1, docstring.end_lineno)
            only = len(node.body) == 1 and not isinstance(node, ast.Module)
            lines[rows] = [" " * docstring.col_offset + "pass" if only else "", *[""] * (rows.stop - rows.start - 1)]
            node.body[:1] = [ast.Pass()] if only else []
    short = "\n".join(lines)
    if ast.dump(ast.parse(short)) != ast.dump(tree):
        raise Unreadable(f"{path} means something else without comments and docstrings")
    return short.encode()


def _has_docstring(node: ast.AST) -> TypeGuard[_Documented]:
    return isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None


class _Shortener(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self._body(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self._body(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._body(node)

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._body(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign(targets=[node.target], value=node.value), node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST | None:
        self.generic_visit(node)
        return None if _is_type_checking(node.targets[0]) else node

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        return node.orelse if _is_type_checking(node.test) else node

    def visit_Assert(self, node: ast.Assert) -> None:
        """Goes: the layer is compiled as with -OO."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if node.module == "__future__" else node

    def _body(self, node: _Documented) -> ast.AST:
        if _has_docstring(node):
            del node.body[0]
        return self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if getattr(node, "body", None) == [] and not isinstance(node, ast.Module):
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
        return node


def _is_type_checking(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "TYPE_CHECKING"
