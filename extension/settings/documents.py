"""Configuration documents, JSON or TOML, as plain values. Pure.

Stricter than ``json.loads``: no key comes twice, and NaN is none of the values. Numbers stay as they are written, for
the reader of the setting to judge: "1e3" is no whole number there, and a million digits are nothing to compute with.
Imported only where ``PREHEAT_CONFIG`` is set.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_BLANKS = " \t\r\n"
_HUGE = 10**18


class BadDocument(ValueError):
    """The document is malformed. Its text says where, and nothing of what stands there: that may be a token.

    ``held`` is the piece at fault where one can be told, for whoever may show it; None where none can.
    """

    def __init__(self, problem: str, held: str | None = None) -> None:
        super().__init__(problem)
        self.held = held


class Number:
    """A number as it is written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text.replace("_", "")  # TOML's thousands; JSON's numbers have none

    def __repr__(self) -> str:
        return "<Number>"


def written(value: Any) -> str | None:
    """A text, a number or a boolean as a variable would hold it; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, Number):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):  # of TOML; hex() knows no limit, str() refuses thousands of digits
        return str(value) if -_HUGE < value < _HUGE else hex(value)
    return None


def from_json(text: str) -> Any:
    """The one JSON value in ``text``, with ``Number`` for numbers."""
    start = len(text) - len(text.lstrip(_BLANKS))
    try:
        value, end = _scanned(text, start)
    except StopIteration as stopped:
        raise _not_json(text, stopped.value) from None
    except RecursionError:
        raise BadDocument("must not be nested so deeply") from None
    except BadDocument:
        raise
    except ValueError as error:  # json.JSONDecodeError
        raise _not_json(text, getattr(error, "pos", None)) from None
    rest = text[end:].lstrip(_BLANKS)
    if rest:
        raise _not_json(text, len(text) - len(rest))
    return value


def from_toml(text: str) -> Any:
    """The table that ``text`` is, with ``Number`` for floats; where Python is older than 3.11 it can't be read."""
    try:
        import tomllib  # type: ignore[import-not-found, unused-ignore]  # mypy looks with 3.10's eyes
    except ImportError:
        raise BadDocument("must be JSON, as TOML takes Python 3.11 or newer") from None
    try:
        return tomllib.loads(text, parse_float=Number)
    except RecursionError:
        raise BadDocument("must not be nested so deeply") from None
    except ValueError as error:
        # "... (at line 3, column 5)" ends the message; what comes before it may name a key.
        place = str(error).rpartition("(at ")[2].rstrip(")")
        known = place.startswith(("line ", "end of ")) and len(place) < 50
        raise BadDocument(f"must be TOML; it is not at {place}" if known else "must be TOML") from None


def _scanned(text: str, start: int) -> tuple[Any, int]:
    scan = _scanner()
    try:
        return scan(text, start)
    except SystemError:
        # Most mistakes are json.decoder's own exception, which the scanner of 3.10 and 3.11 does not find where that
        # module is not loaded; it then fails without saying how. A mistake may cost an import.
        import json.decoder  # noqa: F401

        return scan(text, start)


def _scanner() -> Callable[[str, int], tuple[Any, int]]:
    """The scanner under ``json``, whose import alone would cost 20 ms."""
    try:
        from _json import make_scanner

        return make_scanner(_Options)  # type: ignore[arg-type]  # it only reads attributes
    except (ImportError, TypeError, AttributeError):  # pragma: no cover  (an interpreter of the future)
        from json import JSONDecoder

        decoder: Any = JSONDecoder(
            object_pairs_hook=_table, parse_float=Number, parse_int=Number, parse_constant=_constant
        )
        scan: Callable[[str, int], tuple[Any, int]] = decoder.scan_once
        return scan


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for name, value in pairs:
        if name in table:
            raise BadDocument("must have each key once", name)
        table[name] = value
    return table


def _constant(_name: str) -> Any:
    raise BadDocument("must be JSON, which has no NaN and no Infinity")


class _Options:
    """What the C scanner reads its options from."""

    strict = True
    object_hook = None
    object_pairs_hook = staticmethod(_table)
    parse_float = Number
    parse_int = Number
    parse_constant = staticmethod(_constant)
    memo: dict[str, str] = {}  # noqa: RUF012 (the scanner of older versions looks for it)


def _not_json(text: str, position: int | None) -> BadDocument:
    if position is None:
        return BadDocument("must be JSON")
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return BadDocument(f"must be JSON; it is not at line {line}, column {column}")
