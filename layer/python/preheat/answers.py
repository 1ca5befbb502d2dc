"""The sidecar's answers: a small and strict reader of HTTP/1.1 (RFC 9112). Pure.

Only what the sidecar sends is understood: a final answer with Content-Length, before it perhaps interim ones. Whatever
else comes is refused, and the connection with it, because nobody knows where such an answer ends.
"""

from __future__ import annotations

LARGEST_HEAD = 16384  # bytes, interim answers included
LARGEST_BODY = 10 << 30  # bytes: the most memory that a function can have
_MOST_FIELDS = 64
_MOST_INTERIM = 8
_TOKEN = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # RFC 9110 §5.6.2
_TEXT = b"\t" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))
# One pass checks a field name and lower-cases it: whatever may not be in a name becomes NUL.
_LOWER = bytes(byte if byte in _TOKEN else 0 for byte in bytes(range(256)).lower())


class BadAnswer(Exception):
    """What came is no answer of the sidecar's. The text is one of a few fixed ones and repeats nothing."""


class Answer:
    """An answer. ``length``, ``age`` (Age) and ``lifetime`` (``max-age``) are -1 where it does not say; in seconds, in
    bytes. The repr shows nothing of the body."""

    __slots__ = ("age", "body", "close", "length", "lifetime", "media_type", "status")

    def __init__(self, status: int) -> None:
        self.status = status
        self.length = -1
        self.media_type = ""
        self.age = -1
        self.lifetime = -1
        self.close = False
        self.body = b""

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"


def read_head(received: bytes) -> tuple[Answer, int] | None:
    """The first final answer in ``received`` without its body, and where the body begins; None: more is needed.

    Raises ``BadAnswer``.
    """
    start = 0
    for _ in range(_MOST_INTERIM + 1):
        end = received.find(b"\r\n\r\n", start, LARGEST_HEAD)
        if end < 0:
            if len(received) >= LARGEST_HEAD:
                raise BadAnswer("the head is too large")
            if not b"HTTP/1.1 ".startswith(received[start : start + 9]):
                raise BadAnswer("no HTTP/1.1")
            return None
        answer = _read(received[start:end])
        start = end + 4
        if answer.status >= 200:
            if answer.length < 0:
                raise BadAnswer("an answer without Content-Length")
            return answer, start
    raise BadAnswer("too many interim answers")


def _read(head: bytes) -> Answer:
    lines = head.split(b"\r\n")
    if len(lines) > _MOST_FIELDS:
        raise BadAnswer("too many header fields")
    # Without its text only the line ends may remain: no bare CR or LF, no NUL.
    if head.translate(None, _TEXT) != b"\r\n" * (len(lines) - 1):
        raise BadAnswer("a control character in the head")
    answer = Answer(_status(lines[0]))
    for index in range(1, len(lines)):
        name, colon, value = lines[index].partition(b":")
        name = name.translate(_LOWER)
        if not colon or not name or b"\0" in name:
            raise BadAnswer("a malformed header field")
        if name in _FIELDS:
            _FIELDS[name](answer, value.strip(b" \t"))
    return answer


def _status(line: bytes) -> int:
    digits = line[9:12]
    if line[:9] != b"HTTP/1.1 " or not digits.isdigit() or line[12:13] not in (b"", b" "):
        raise BadAnswer("a malformed status line")
    status = int(digits)
    # 101 would be another protocol; 204, 205 and 304 have no body, and nothing here asks for them.
    if not 100 <= status <= 599 or status in (101, 204, 205, 304):
        raise BadAnswer("a status that nobody asked for")
    return status


def _length(answer: Answer, value: bytes) -> None:
    if answer.length >= 0:
        raise BadAnswer("two Content-Lengths")
    if not value.isdigit() or len(value) > 18:
        raise BadAnswer("a malformed Content-Length")
    answer.length = int(value)
    if answer.length > LARGEST_BODY:
        raise BadAnswer("an answer that fits in no function")


def _coding(_answer: Answer, _value: bytes) -> None:
    raise BadAnswer("a transfer coding")


def _connection(answer: Answer, value: bytes) -> None:
    answer.close = answer.close or b"close" in value.lower()


def _content_type(answer: Answer, value: bytes) -> None:
    answer.media_type = value.partition(b";")[0].strip().lower().decode("latin-1")


def _age(answer: Answer, value: bytes) -> None:
    answer.age = max(answer.age, _seconds(value))


def _cache_control(answer: Answer, value: bytes) -> None:
    """Only one plain ``max-age`` lets an answer be used again; anything unclear does not."""
    lifetimes = [0] if answer.lifetime >= 0 else []
    for part in value.lower().split(b","):
        name, _, number = part.strip(b" \t").partition(b"=")
        if name == b"max-age":
            lifetimes.append(_seconds(number))
        elif name in (b"no-store", b"no-cache"):
            lifetimes.append(0)
    if lifetimes:
        answer.lifetime = max(min(lifetimes), 0)


def _seconds(value: bytes) -> int:
    """A number of seconds (RFC 9111 §1.2.2), or -1."""
    return int(value) if value.isdigit() and len(value) < 12 else -1


_FIELDS = {
    b"age": _age,
    b"cache-control": _cache_control,
    b"connection": _connection,
    b"content-length": _length,
    b"content-type": _content_type,
    b"transfer-encoding": _coding,
}
