"""Percent-encoding (RFC 3986 §2.1), without ``urllib``."""

from __future__ import annotations

_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_IN_PATH = _UNRESERVED + "/:"
_BYTES = frozenset(_IN_PATH.encode())


def path(name: str) -> str:
    """``name`` as the rest of a request's path; the slashes between its parts stay, a leading one is encoded."""
    if not isinstance(name, str):
        raise TypeError(f"a name is a str, not {type(name).__name__}")
    # What str.strip leaves over begins with a character that is not allowed; nothing, where all of them are.
    if name.strip(_IN_PATH):
        parts = [chr(byte) if byte in _BYTES else f"%{byte:02X}" for byte in name.encode("utf-8", "surrogatepass")]
        name = "".join(parts)
    return "%2F" + name[1:] if name.startswith("/") else name


def query(**options: object) -> str:
    """``?name=value&…`` of the options that are not None, or ""."""
    pairs = [f"{name}={path(str(value))}" for name, value in options.items() if value is not None]
    return "?" + "&".join(pairs) if pairs else ""
