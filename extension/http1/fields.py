"""Header fields and framing: what requests and answers have in common.

The rules are those of RFC 9112 (framing) and RFC 9110 (fields), read strictly: wherever a recipient "may" repair a
message, this one refuses it, because two programs that repair the same bytes differently are what request smuggling
is made of.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Fields = list[tuple[bytes, bytes]]

ALPHANUMERIC = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TOKEN = b"!#$%&'*+-.^_`|~" + ALPHANUMERIC  # RFC 9110 §5.6.2: methods and field names
VISIBLE = bytes(range(0x21, 0x7F))  # what a request target may hold
TEXT = b"\t" + bytes(range(0x20, 0x7F)) + bytes(range(0x80, 0x100))  # what a field value may hold: no control character

# What body_length() answers besides a number of bytes.
CHUNKED = -1
UNDECLARED = -2

# One pass checks a field name and lower-cases it: whatever may not be in a name becomes NUL.
LOWER_NAME = bytes(byte if byte in TOKEN else 0 for byte in bytes(range(256)).lower())
FRAMING = frozenset((b"content-length", b"transfer-encoding"))
_NOTABLE = FRAMING | {b"connection", b"expect"}
# Longer numbers are refused unread: no body is that large, and int() of thousands of digits is quadratic.
_LONGEST_LENGTH = 18


class BadMessage(Exception):
    """The peer's bytes are not a message this side accepts; the connection must be closed.

    `status` is what a server answers (400, 413, 414, 431, 501 or 505) and means nothing on the answer side. `reason`
    is one of a few fixed texts: it never repeats what the peer sent, so it may go into an answer or a log.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


def has_bare_line_feed(buffer: bytearray, start: int, end: int) -> bool:
    """Whether a line feed in buffer[start:end] has no carriage return before it."""
    return buffer.count(b"\n", start, end) != buffer.count(b"\r\n", max(start - 1, 0), end)


def bare_line_break() -> BadMessage:
    """The refusal of a line not ended by CRLF alone, whoever is the first to see it (RFC 9112 §2.2)."""
    return BadMessage(400, "bare line break or control character in the header")


def parse_fields(block: bytes, most: int) -> tuple[Fields, Fields]:
    """The header fields of `block` (lines joined by CRLF, none behind the last): names lower-cased, values stripped.

    Answers all of them, and apart the few that framing and connection handling look at: most messages have none.
    Raises BadMessage: 431 for more than `most` fields, 400 for anything but `token ":" text`. So a folded line
    (RFC 9112 §5.2), a blank before the colon (§5.1) and a line without colon are refused, not repaired.
    """
    fields: Fields = []
    special: Fields = []
    if not block:
        return fields, special
    lines = block.split(b"\r\n")
    breaks = len(lines) - 1
    # Without its text only the CRLFs just split at may remain. Once over the block is cheaper than line by line.
    if block.translate(None, TEXT) != b"\r\n" * breaks:
        raise bare_line_break()
    if breaks >= most:
        raise BadMessage(431, "too many header fields")
    for line in lines:
        name, colon, value = line.partition(b":")
        name = name.translate(LOWER_NAME)
        if not colon or not name or 0 in name:
            raise BadMessage(400, "malformed header field")
        field = (name, value.strip(b" \t"))
        fields.append(field)
        if name in _NOTABLE:
            special.append(field)
    return fields, special


def first(fields: Fields, name: bytes) -> bytes | None:
    """The value of the first field called `name` (lower case), or None."""
    for known, value in fields:
        if known == name:
            return value
    return None


def body_length(special: Fields, http11: bool) -> int:
    """How the body is framed: a number of bytes, CHUNKED, or UNDECLARED where no field says (RFC 9112 §6.3).

    Raises BadMessage for what two readers could read differently: both framings, either one twice, a length that is
    not plain digits, a coding that does not end in one "chunked", any coding under HTTP/1.0. 413: a length too long
    to be meant; 501: a coding other than chunked that is well formed.
    """
    length: bytes | None = None
    coding: bytes | None = None
    for name, value in special:
        if name == b"content-length":
            if length is not None:
                raise BadMessage(400, "repeated Content-Length")
            length = value
        elif name == b"transfer-encoding":
            if coding is not None:
                raise BadMessage(400, "repeated Transfer-Encoding")
            coding = value
    if coding is not None:
        if length is not None:
            raise BadMessage(400, "both Content-Length and Transfer-Encoding")
        if not http11:
            raise BadMessage(400, "Transfer-Encoding in HTTP/1.0")
        _check_coding(coding.lower())
        return CHUNKED
    if length is None:
        return UNDECLARED
    if not length.isdigit():  # ASCII digits only, and at least one: no sign, no blank, no list
        raise BadMessage(400, "malformed Content-Length")
    if len(length) > _LONGEST_LENGTH:
        raise BadMessage(413, "body too large")
    return int(length)


def _check_coding(coding: bytes) -> None:
    """Accepts "chunked" alone. RFC 9112 §6.1, §6.3: 501 for codings not known here, 400 where chunked is not last."""
    if coding == b"chunked":
        return
    names = [name.strip(b" \t") for name in coding.split(b",")]
    if names.pop() == b"chunked" and all(names) and b"chunked" not in names:
        raise BadMessage(501, "unsupported Transfer-Encoding")
    raise BadMessage(400, "malformed Transfer-Encoding")


def options(special: Fields, name: bytes) -> list[bytes]:
    """The members, in lower case, of the comma-separated field `name`, repeated or not."""
    found: list[bytes] = []
    for known, value in special:
        if known == name:
            found += [option.strip(b" \t") for option in value.lower().split(b",")]
    return found


def is_persistent(special: Fields, http11: bool) -> bool:
    """Whether the sender means to go on using the connection (RFC 9112 §9.3)."""
    wishes = options(special, b"connection")
    return b"close" not in wishes and (http11 or b"keep-alive" in wishes)
