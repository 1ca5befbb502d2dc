"""Messages to send. Whatever is rendered here reads back as exactly one message, or it is refused."""

from __future__ import annotations

from extension.http1.fields import FRAMING, LOWER_NAME, TEXT, TOKEN, VISIBLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sized

    from extension.http1.fields import Fields

_STATUS_LINES = {
    status: b"HTTP/1.1 %d %b\r\n" % (status, reason)
    for status, reason in (
        (200, b"OK"),
        (204, b"No Content"),
        (206, b"Partial Content"),
        (304, b"Not Modified"),
        (400, b"Bad Request"),
        (401, b"Unauthorized"),
        (403, b"Forbidden"),
        (404, b"Not Found"),
        (405, b"Method Not Allowed"),
        (413, b"Content Too Large"),
        (414, b"URI Too Long"),
        (416, b"Range Not Satisfiable"),
        (429, b"Too Many Requests"),
        (431, b"Request Header Fields Too Large"),
        (500, b"Internal Server Error"),
        (501, b"Not Implemented"),
        (502, b"Bad Gateway"),
        (503, b"Service Unavailable"),
        (504, b"Gateway Timeout"),
        (505, b"HTTP Version Not Supported"),
    )
}

# Names found good before: checking the same few dozen again in each answer is a third of its cost.
_checked_names: set[bytes] = set()
_MOST_CHECKED_NAMES = 256


def render_request(method: str, target: str, headers: list[tuple[str, str]], body: bytes = b"") -> bytes:
    """One request, ready to send. Adds Content-Length where there is a body or the method is POST.

    Raises ValueError, without the text in question, for whatever could not be read back as the same request: control
    characters, a blank in the target, a name that is no token, framing fields (they are this function's business).
    """
    raw_method, raw_target = _octets(method), _octets(target)
    raw_headers = [(_octets(name), _octets(value)) for name, value in headers]
    if not raw_method or raw_method.translate(None, TOKEN) or not raw_target or raw_target.translate(None, VISIBLE):
        raise ValueError("a request line holds characters that HTTP does not allow")
    length = len(body) if body or method == "POST" else None
    return _assemble(b"%b %b HTTP/1.1\r\n" % (raw_method, raw_target), raw_headers, length, False, body)


def render_response(status: int, headers: Fields, body: Sized, *, head: bool = False, close: bool = False) -> bytes:
    """One answer in one buffer: with two writes, Nagle's algorithm and delayed acknowledgements cost 40 ms.

    Content-Length is the length of `body`, also for an answer to HEAD (`head`), which does not carry it; a body that is
    not bytes follows in its own way. 204 and 304 have neither (RFC 9110 §8.6). Raises ValueError for a status below 200
    or above 599, and for headers that HTTP does not allow or that speak of framing.
    """
    if not 200 <= status <= 599:
        raise ValueError("not the status of a final answer")
    line = _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
    if status == 204 or status == 304:
        return _assemble(line, headers, None, close, b"")
    return _assemble(line, headers, len(body), close, body if isinstance(body, bytes) and not head else b"")


def _octets(text: str) -> bytes:
    """The text as HTTP's opaque octets, or NUL, which every check refuses, where it has characters beyond those.

    The encoder's own error holds the text, which may be a secret, so it does not get out of here.
    """
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return b"\0"


def _assemble(line: bytes, headers: Fields, length: int | None, close: bool, body: bytes) -> bytes:
    """Start line, checked headers, our own framing fields, blank line and body, as one bytes object."""
    parts = [line]
    for name, value in headers:
        if name not in _checked_names:
            _check_name(name)
        parts += (name, b": ", value, b"\r\n")
    breaks = len(headers) + 2
    if length is not None:
        parts.append(b"Content-Length: %d\r\n" % length)
        breaks += 1
    if close:
        parts.append(b"Connection: close\r\n")
        breaks += 1
    parts.append(b"\r\n")
    head = b"".join(parts)
    # The only control characters are the line ends put there above: no value has split the message.
    if head.translate(None, TEXT) != b"\r\n" * breaks:
        raise ValueError("a header holds characters that HTTP does not allow")
    return head + body


def _check_name(name: bytes) -> None:
    lowered = name.translate(LOWER_NAME)
    if not lowered or 0 in lowered or lowered in FRAMING:
        raise ValueError("a header has a name that is not allowed here")
    if len(_checked_names) < _MOST_CHECKED_NAMES:
        _checked_names.add(name)
