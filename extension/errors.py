"""The errors that cross a room's boundary, each with what its reader needs to answer. None ever carries a value."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 80  # characters of what a setting held; contract §2
_MESSAGE = 1000  # AWS's longest common one, a validation error that repeats its rule, has about 400 characters
_CODE = 64
_CODE_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789."
_LISTED = 10  # failed resources that are named one by one


class PreheatError(Exception):
    """The base of what the sidecar raises across rooms."""


class InvalidSetting(PreheatError):
    """A setting that is out of bounds or not understood; the extension reports it as ``init/error`` and stops.

    ``name`` is the variable; ``problem`` reads on after it ("must be ...") and repeats nothing of what was set;
    ``held`` is the offending text. ``entry`` is, for a list, the position (from 1) and the text of the entry it is in.
    """

    error_type = "Preheat.InvalidSetting"

    def __init__(
        self, name: str, problem: str, held: str | None = None, *, entry: tuple[int, str] | None = None
    ) -> None:
        where = ""
        if entry is not None:
            where = f" entry {entry[0]}{_as_held(name, entry[1])}:"
        got = "" if held is None else _as_held(name, held, ", got") or " (what it holds is not shown)"
        super().__init__(f"{name}{where} {problem}{got}")
        self.name = name


class SourceError(PreheatError):
    """AWS refused, failed or did not answer; also one item of a batch that did.

    ``kind`` is its class in the table of contract §4 ("throttled", "skewed_clock", "credentials", "denied",
    "not_found", "malformed", "transient", "timeout" or "connection"), ``status`` the HTTP status of our answer,
    ``transient`` whether a retry or a stale value helps. ``code`` is AWS's bare code, safe in a header:
    ``[A-Za-z0-9.]{1,64}``. ``message`` is printable, of at most 1000 characters, and never goes into a header.
    ``answered`` is the status of AWS's own answer, 0 where there was none; ``role`` the ARN of the role that could not
    be assumed, where that is what failed.
    """

    __slots__ = ("answered", "code", "kind", "message", "role", "status", "transient")

    def __init__(
        self, status: int, *, transient: bool, code: str, message: str, kind: str, answered: int = 0, role: str = ""
    ) -> None:
        self.status = status
        self.answered = answered
        self.role = role
        self.transient = transient
        self.code = _clean_code(code, kind)
        self.message = _printable(message[:_MESSAGE])
        self.kind = kind
        super().__init__(f"{self.code}: {self.message}")


class ApiGone(PreheatError):
    """The Extensions API does not answer any more, or not sensibly: there is no environment to serve."""


class RequiredResourceUnavailable(PreheatError):
    """Entries marked ``required=true`` that could not be had; INIT fails. ``failures``: (reference, reason) pairs."""

    error_type = "Preheat.RequiredResourceUnavailable"

    def __init__(self, failures: Iterable[tuple[str, str]]) -> None:
        named = [f"{shown(reference)} ({_printable(reason[:_MESSAGE])})" for reference, reason in failures]
        more = f" and {len(named) - _LISTED} more" if len(named) > _LISTED else ""
        super().__init__(f"required, but not available: {', '.join(named[:_LISTED])}{more}")


def where(error: BaseException) -> str:
    """Where it was raised, for the log: file and line, or function, as the layer's bytecode has no lines.

    Never its text, which might hold a value.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    code, line = trace.tb_frame.f_code, trace.tb_lineno or 0  # without lines it is None, in 3.10 -1
    return f"{code.co_filename.rpartition('/')[2]}:{line if line > 0 else code.co_name}"


def shown(text: str) -> str:
    """``text`` in double quotes for a message or a log line: escaped, cut at 80 characters."""
    pieces: list[str] = []
    length = 0
    for character in text[: _SHOWN + 1]:
        piece = character
        if character == '"':
            piece = '\\"'
        elif character == "\\" or not character.isprintable():
            piece = ascii(character)[1:-1]
        length += len(piece)
        if length > _SHOWN:
            return f'"{"".join(pieces)}"...'
        pieces.append(piece)
    return f'"{"".join(pieces)}"'


def _as_held(name: str, text: str, before: str = "") -> str:
    """What ``name`` held, as it may be shown; "" where nothing of it may (contract §2).

    Names that begin with PREHEAT_CONFIG stand for what an inline configuration holds; only a path is shown.
    """
    upper = name.upper()
    if upper.endswith(("TOKEN", "_ACCESS_KEY")):
        return ""
    if upper.startswith("PREHEAT_CONFIG") and (upper != "PREHEAT_CONFIG" or "{" in text or "\n" in text):
        return ""
    if upper.endswith(("_PROXY", "_URI")) or "ENDPOINT_URL" in upper:
        user, at, host = text.rpartition("@")
        if at:
            scheme, separator, _ = user.partition("://")
            text = f"{scheme if separator else ''}{separator}***@{host}"
    return f"{before} {shown(text)}"


def _clean_code(code: str, kind: str) -> str:
    """AWS's bare code; where there is none, what Secrets Manager's agent calls it, or ``Unknown``."""
    if not code or len(code) > _CODE or code.strip(_CODE_CHARACTERS):
        code = "".join([character for character in code[:1024] if character in _CODE_CHARACTERS])[:_CODE]
    return code or {"timeout": "TimeoutError", "connection": "ConnectionError"}.get(kind, "Unknown")


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join([character if character.isprintable() else " " for character in text])
