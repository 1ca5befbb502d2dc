"""The sidecar's answers: a small and strict reader of HTTP/1.1 (RFC 9112). Pure.

Only what the sidecar sends is understood: a final answer with Content-Length, before it perhaps interim ones. Whatever
else comes is refused, and the connection with it, because nobody knows where such an answer ends.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGEST_HEAD = 16384  # bytes, interim answers included
LARGEST_BODY = 10 << 30  # bytes: the most memory that a function can have
_MOST_FIELDS = 64
_MOST_INTERIM = 8
_TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # RFC 9110 §5.6.2
_TEXT = b"\t" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
# One pass checks a field name and lower-cases it: whatever may not be in a name becomes NUL.
_LOWER = bytes(byte if byte in _TOKEN else 0 for byte in bytes(range(256)).lower())

_OTHER, _LENGTH, _AGE, _LIFETIME, _TYPE, _CLOSE, _FILE = range(7)
_NOTHING = (_OTHER, None)
# What was read before, by whole lines: of most answers all but one or two lines have come already, and a head has to be
# read in a few microseconds.
_fields: dict[bytes, tuple[int, Any]] = {}
_statuses = {b"HTTP/1.1 200 OK": 200}
_MOST_LINES = 256
_LONGEST_LINE = 100  # bytes


class BadAnswer(Exception):
    """What came is no answer of the sidecar's. The text is one of a few fixed ones and repeats nothing."""


class Answer:
    """An answer. ``length``, ``age`` (Age) and ``lifetime`` (``max-age``) are -1 where it does not say; in seconds, in
    bytes. ``file``: the path of the file that has the same bytes, or "". The repr shows nothing of the body."""

    __slots__ = ("age", "body", "close", "file", "length", "lifetime", "media_type", "status")

    def __init__(self, status: int, said: dict[int, Any]) -> None:
        self.status = status
        self.length: int = said.get(_LENGTH, -1)
        self.media_type: str = said.get(_TYPE, "")
        self.age: int = said.get(_AGE, -1)
        self.lifetime: int = said.get(_LIFETIME, -1)
        self.close = _CLOSE in said
        self.file: str = said.get(_FILE, "")
        self.body = b""

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"


def read(received: bytes) -> tuple[Answer, bytes] | None:
    """The first final answer in ``received``, still without its body, and what follows its head; None: more is needed.

    Raises ``BadAnswer``.
    """
    rest = received
    for _ in range(_MOST_INTERIM + 1):
        head, end, rest = rest.partition(b"\r\n\r\n")
        if len(received) - len(rest) > LARGEST_HEAD:
            raise BadAnswer("the head is too large")
        if not end:
            if not b"HTTP/1.1 ".startswith(head[:9]):
                raise BadAnswer("no HTTP/1.1")
            return None
        line, *lines = head.split(b"\r\n")
        status = _statuses.get(line) or _status(line)
        said = _said(lines)
        if status >= 200:
            if _LENGTH not in said:
                raise BadAnswer("an answer without Content-Length")
            return Answer(status, said), rest
    raise BadAnswer("too many interim answers")


def _said(lines: list[bytes]) -> dict[int, Any]:
    """What the header fields say, of all that counts."""
    if len(lines) > _MOST_FIELDS:
        raise BadAnswer("too many header fields")
    fields: list[Any] = list(map(_fields.get, lines))
    if None in fields:
        fields = [field or _field(line) for field, line in zip(fields, lines, strict=True)]
    said = dict(fields)
    if len(fields) - fields.count(_NOTHING) != len(said) - (_OTHER in said):
        raise BadAnswer("a header field that comes twice")
    return said


def _field(line: bytes) -> tuple[int, Any]:
    """What one header field says, and its value; remembered by the whole line, since most lines come again."""
    if line.translate(None, _TEXT):
        raise BadAnswer("a control character in the head")
    name, colon, value = line.partition(b":")
    name = name.translate(_LOWER)
    if not colon or not name or b"\0" in name:
        raise BadAnswer("a malformed header field")
    value = value.strip(b" \t")
    field: tuple[int, Any] = _NOTHING
    if name == b"content-length":
        field = (_LENGTH, _length(value))
    elif name == b"age":
        field = (_AGE, _seconds(value))
    elif name == b"cache-control":
        field = (_LIFETIME, _lifetime(value))
    elif name == b"content-type":
        field = (_TYPE, value.partition(b";")[0].strip().lower().decode("latin-1"))
    elif name == b"connection" and b"close" in value.lower():
        field = (_CLOSE, True)
    elif name == b"preheat-file":
        field = (_FILE, value.decode("utf-8", "surrogateescape"))
    elif name == b"transfer-encoding":
        raise BadAnswer("a transfer coding")
    if len(line) <= _LONGEST_LINE:
        if len(_fields) >= _MOST_LINES:
            _fields.clear()
        _fields[line] = field
    return field


def _status(line: bytes) -> int:
    digits = line[9:12]
    malformed = line[:9] != b"HTTP/1.1 " or not digits.isdigit() or line[12:13] not in (b"", b" ")
    if malformed or line.translate(None, _TEXT):
        raise BadAnswer("a malformed status line")
    status = int(digits)
    # 101 would be another protocol; 204, 205 and 304 have no body, and nothing here asks for them.
    if not 100 <= status <= 599 or status in (101, 204, 205, 304):
        raise BadAnswer("a status that nobody asked for")
    return status


def _length(value: bytes) -> int:
    if not value.isdigit() or len(value) > 18:
        raise BadAnswer("a malformed Content-Length")
    length = int(value)
    if length > LARGEST_BODY:
        raise BadAnswer("an answer that fits in no function")
    return length


def _lifetime(value: bytes) -> int:
    """Seconds. Only one plain ``max-age`` lets an answer be used again (RFC 9111 §5.2.2); anything unclear does not."""
    lifetimes = [-1]
    for part in value.lower().split(b","):
        name, _, number = part.strip(b" \t").partition(b"=")
        if name == b"max-age":
            lifetimes.append(_seconds(number))
        elif name in (b"no-store", b"no-cache"):
            return 0
    return max(lifetimes[1], 0) if len(lifetimes) == 2 else 0


def _seconds(value: bytes) -> int:
    """A number of seconds (RFC 9111 §1.2.2), or -1."""
    return int(value) if value.isdigit() and len(value) < 12 else -1
