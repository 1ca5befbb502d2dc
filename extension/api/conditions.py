"""What a reader's headers ask of freshness: If-None-Match, and a request's Cache-Control (RFC 9110, RFC 9111)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.http1.request import Request


# RFC 9110 §8.8.3. What AWS sends is inside; a blank or a line break, from whoever answered in its place, falls out.
_NOT_IN_A_TAG = bytes([byte for byte in range(256) if byte < 0x21 or byte == 0x22 or byte > 0x7E])


def quoted(etag: str) -> bytes:
    """An entity tag as a header has it."""
    return b'"' + etag.encode("ascii", "replace").translate(None, _NOT_IN_A_TAG) + b'"'


def matches(condition: bytes, tag: bytes) -> bool:
    """Whether an If-None-Match names the tag, weakly compared (RFC 9110 §13.1.2)."""
    if condition.strip() == b"*":
        return True
    return any(part.strip().removeprefix(b"W/") == tag for part in condition.split(b","))


def wanted_age(request: Request) -> float | None:
    """How old an answer may be, in seconds, by the request's Cache-Control (RFC 9111 §5.2.1); None where it does not
    say.

    ``no-cache`` is 0. Other directives, and a max-age that is no number, are ignored, as a cache must.
    """
    field = request.get(b"cache-control")
    if field is None:
        return None
    most: float | None = None
    for part in field.lower().split(b","):
        name, _, value = part.strip().partition(b"=")
        if name == b"no-cache":
            return 0.0
        if name == b"max-age":
            value = value.strip(b'"')
            if value.isdigit() and len(value) < 12:
                most = float(value) if most is None else min(most, float(value))
    return most
