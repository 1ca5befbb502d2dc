"""JSON (RFC 8259) on CPython's own accelerator, without importing ``json``.

``import json`` costs a bare ``-I -S`` interpreter 20 ms here, nearly all of it for ``re`` and ``enum``; the C scanner
and encoder that ``json`` itself uses cost nothing. Where an interpreter does not have them as expected, ``json``
serves.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_BLANKS = " \t\r\n"


def _constant(name: str) -> Any:
    raise ValueError("not JSON: " + name)


class _Strict:
    """What the C scanner reads its options from."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_constant)
    memo: dict[str, str] = {}  # noqa: RUF012 (the scanner of older versions looks for it)


class _Literal(_Strict):
    """The same, but a number is the text that stands there."""

    parse_float = str  # type: ignore[assignment]
    parse_int = str  # type: ignore[assignment]


def _accelerated() -> tuple[Callable[[str, int], tuple[Any, int]], Callable[[Any, bool], str]]:
    from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner

    scan = make_scanner(_Strict)  # type: ignore[arg-type]  # it only reads attributes

    def unknown(value: object) -> object:
        raise TypeError("no JSON form for " + type(value).__name__)

    # markers, default, encoder, indent, key and item separator, sort_keys, skipkeys, allow_nan
    utf8 = make_encoder(None, unknown, encode_basestring, None, ":", ",", False, False, False)
    ascii_only = make_encoder(None, unknown, encode_basestring_ascii, None, ":", ",", False, False, False)

    def encode(value: Any, ascii_form: bool) -> str:
        return "".join((ascii_only if ascii_form else utf8)(value, 0))

    return scan, encode


def _plain() -> tuple[Callable[[str, int], tuple[Any, int]], Callable[[Any, bool], str]]:
    import json

    scan = json.JSONDecoder(parse_constant=_constant).scan_once  # type: ignore[attr-defined]

    def encode(value: Any, ascii_form: bool) -> str:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_form, allow_nan=False)

    return scan, encode


try:
    _scan, _encode = _accelerated()
    if _encode({"a": [1, "b"]}, False) != '{"a":[1,"b"]}' or _scan('{"a":[1]}', 0) != ({"a": [1]}, 9):
        raise TypeError("the accelerator works in another way")
except (ImportError, TypeError, AttributeError):  # pragma: no cover  (an interpreter of the future)
    _scan, _encode = _plain()


def loads(text: str | bytes | bytearray) -> Any:
    """The value that ``text`` (UTF-8 where bytes) holds; ``ValueError`` where it is not exactly one JSON value."""
    if not isinstance(text, str):
        text = text.decode("utf-8")
    text = text.strip(_BLANKS)
    try:
        value, end = _scan(text, 0)
    except (StopIteration, SystemError):
        # SystemError: most mistakes are json.decoder's own exception, which the scanner of 3.10 and 3.11 does not
        # find where that module is not imported; it then fails without saying how.
        raise ValueError("not JSON") from None
    except RecursionError:
        raise ValueError("not JSON: nested too deeply") from None
    if end != len(text):
        raise ValueError("not JSON: text after the value")
    return value


def dumps(value: Any) -> bytes:
    """``value`` as compact UTF-8: no space after a colon, as AWS's own Java sample for its extension counts on.

    A lone surrogate has no UTF-8 form; a text with one is written with ``\\u`` escapes instead.
    """
    try:
        return _encode(value, False).encode("utf-8")
    except UnicodeEncodeError:
        return _encode(value, True).encode("ascii")


def literal_scanner() -> Callable[[str, int], tuple[Any, int]]:
    """What reads the value at a position of a text, and tells where it ends; numbers come as the text that they are
    written with. The position must be that of its first character. ``ValueError`` where there is no value."""
    try:
        from _json import make_scanner

        scan: Callable[[str, int], tuple[Any, int]] = make_scanner(_Literal)  # type: ignore[arg-type]
    except (ImportError, TypeError, AttributeError):  # pragma: no cover  (an interpreter of the future)
        import json

        scan = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_constant).scan_once  # type: ignore[attr-defined]

    def value_at(text: str, position: int) -> tuple[Any, int]:
        try:
            return scan(text, position)
        except (StopIteration, SystemError, RecursionError):  # as above
            raise ValueError("not JSON") from None

    return value_at


def literals(text: bytes) -> Any:
    """Like ``loads``, but numbers come as the text that they are written with."""
    decoded = text.decode("utf-8").strip(_BLANKS)
    value, end = literal_scanner()(decoded, 0)
    if end != len(decoded):
        raise ValueError("not JSON: text after the value")
    return value
