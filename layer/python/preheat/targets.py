"""How a question is written: the sidecar's paths (contract §3.2), percent-encoded (RFC 3986 §2.1) by hand."""

from __future__ import annotations

_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_IN_PATH = _UNRESERVED + "/:"
_BYTES = frozenset(_IN_PATH.encode())


def secret(name: str, stage: str | None, version: str | None) -> str:
    """The value of a secret."""
    return "/secrets/" + escaped(name) + _query(stage=stage, version=version)


def parameter(name: str, version: int | str | None, label: str | None, decrypt: bool) -> str:
    """The value of a parameter."""
    return "/parameters/" + escaped(name) + _query(version=version, label=label, decrypt=None if decrypt else "false")


def below(path: str, recursive: bool, decrypt: bool) -> str:
    """The parameters one level below a path, or all."""
    parent = escaped(path.strip("/"))
    pattern = "**" if recursive else "*"
    return f"/parameters/{parent}{'/' if parent else ''}{pattern}" + _query(decrypt=None if decrypt else "false")


def s3_object(uri: str, version: str | None) -> str:
    """The bytes of an object."""
    return "/s3/" + escaped(uri.removeprefix("s3://")) + _query(version=version)


def table(name: str) -> str:
    """A table as a whole."""
    return "/tables/" + part(name)


def row(name: str, key: tuple[str, ...]) -> str:
    """A row of a table."""
    return table(name) + "/" + "/".join([part(each) for each in key])


def part(text: str) -> str:
    """``text`` as one part of a path: its slashes are encoded."""
    return escaped(text).replace("/", "%2F").replace(":", "%3A")


def escaped(name: str) -> str:
    """``name`` as the rest of a path: the slashes between its parts stay, a leading one is encoded."""
    if not isinstance(name, str):
        raise TypeError(f"a name is a str, not {type(name).__name__}")
    # What str.strip leaves over begins with a character that is not allowed; nothing, where all of them are.
    if name.strip(_IN_PATH):
        parts = [chr(byte) if byte in _BYTES else f"%{byte:02X}" for byte in name.encode("utf-8", "surrogatepass")]
        name = "".join(parts)
    return "%2F" + name[1:] if name.startswith("/") else name


def _query(**options: object) -> str:
    """Those that are not None."""
    pairs = [f"{name}={escaped(str(value))}" for name, value in options.items() if value is not None]
    return "?" + "&".join(pairs) if pairs else ""
