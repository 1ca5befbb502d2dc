"""The server's side of HTTP/1.1: requests out of whatever bytes a client sends.

Any process in the execution environment can connect, so the bytes are hostile until proven otherwise: every length is
bounded, and a message that could be read in two ways is refused (see fields.py).
"""

from __future__ import annotations

from extension.http1.body import WholeBody
from extension.http1.fields import (
    TOKEN,
    UNDECLARED,
    VISIBLE,
    BadMessage,
    bare_line_break,
    body_length,
    first,
    has_bare_line_feed,
    is_persistent,
    options,
    parse_fields,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from extension.http1.fields import Fields

_CR = 0x0D
_KEEP_ALIVE = [(b"connection", b"keep-alive")]  # says nothing new in HTTP/1.1, yet most clients send it
_VERSION_FORM = b"HTTP/0.0"
# Heads that are known by heart, so that a client that asks for the same again costs a look-up instead of a parse; and
# what follows their first lines, so that asking for something else costs half of one.
MOST_KNOWN = 64
LONGEST_KNOWN = 4096  # bytes; a session token has 1,000 to 1,500
_DIGITS_TO_ZERO = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))


class Request:
    """One complete request. Its repr shows neither target nor headers: they hold names and the caller's token.

    Parsers that share ``known`` return one object for the same bytes: whoever gets it may note in ``understood`` what
    they mean, and must change nothing else.
    """

    __slots__ = ("body", "headers", "http11", "keep_alive", "method", "target", "understood")

    def __init__(
        self,
        method: bytes,
        target: bytes,
        http11: bool,
        headers: Fields,
        body: bytes = b"",
        keep_alive: bool = True,
    ) -> None:
        self.method = method
        self.target = target  # origin form: begins with "/", visible ASCII, still percent-encoded
        self.http11 = http11
        self.headers = headers  # names in lower case, values without blanks around them, in the order sent
        self.body = body
        self.keep_alive = keep_alive
        self.understood: Any = None

    def __repr__(self) -> str:
        return f"<Request: {len(self.headers)} headers, body of {len(self.body)} bytes>"

    def get(self, name: bytes) -> bytes | None:
        """The first value of the header `name` (lower case), or None."""
        return first(self.headers, name)

    def count(self, name: bytes) -> int:
        """How many times the header `name` (lower case) was sent. The parser leaves judging Host to the guards."""
        return sum(known == name for known, _ in self.headers)


def parse_request_line(line: bytes, max_target: int) -> tuple[bytes, bytes, bool]:
    """Method, target, and whether it is HTTP/1.1 (else HTTP/1.0), of a request line without its CRLF.

    Raises BadMessage: 400; 414 for a target over `max_target` bytes; 505 for a version other than those two. Of the
    four forms of a target (RFC 9112 §3.2) only the origin form is taken: the others are for proxies, and one that
    names a host could contradict the Host header that the guards check.
    """
    parts = line.split(b" ", 3)
    if len(parts) != 3:
        raise BadMessage(400, "malformed request line")
    method, target, version = parts
    # Everything that depends on single characters comes first and has one reason, so that a line cut short by a bare
    # line feed is refused in the same way whether its rest has arrived or not.
    if method != b"GET" and (not method or method.translate(None, TOKEN)):
        raise BadMessage(400, "malformed request line")
    if not target or target.translate(None, VISIBLE):
        raise BadMessage(400, "malformed request line")
    http11 = version == b"HTTP/1.1"
    if not http11 and version != b"HTTP/1.0":
        if version.translate(_DIGITS_TO_ZERO) != _VERSION_FORM:
            raise BadMessage(400, "malformed request line")
        raise BadMessage(505, "unsupported HTTP version")
    if not target.startswith(b"/"):
        raise BadMessage(400, "request target does not begin with a slash")
    if len(target) > max_target:
        raise BadMessage(414, "request target too long")
    return method, target, http11


class RequestParser:
    """Requests out of a byte stream: feed() what arrives, then next() until it answers None.

    How the stream was cut into pieces makes no difference to the outcome, and the cost is linear in the bytes, one at
    a time or all at once. It holds at most `max_head` bytes of an unfinished head or `max_body` of an unfinished body,
    and what was fed since next() answered None. After a BadMessage, or a request whose sender will not use the
    connection again, further bytes are dropped (RFC 9112 §9.6).
    """

    __slots__ = (
        "_body",
        "_buffer",
        "_expects_continue",
        "_failure",
        "_known",
        "_line_checked",
        "_max_body",
        "_max_head",
        "_max_headers",
        "_max_target",
        "_over",
        "_request",
        "_seen",
    )

    def __init__(
        self,
        max_head: int = 16384,
        max_target: int = 8192,
        max_headers: int = 100,
        max_body: int = 65536,
        known: dict[bytes, Request] | None = None,
    ) -> None:
        self._known = known  # head -> its request, where that has no body; shared by parsers with the same bounds
        self._max_head = max_head  # request line to blank line, CRLFs included
        self._max_target = max_target
        self._max_headers = max_headers
        self._max_body = max_body
        self._buffer = bytearray()
        self._seen = 0  # bytes of an unfinished head that need no second look
        self._line_checked = False  # the request line of an unfinished head
        self._request: Request | None = None  # head complete, body not
        self._body: WholeBody | None = None
        self._expects_continue = False
        self._failure: tuple[int, str] | None = None
        self._over = False

    @property
    def expects_continue(self) -> bool:
        """The head is in, nothing of the body is, and the client sent "Expect: 100-continue" (RFC 9110 §10.1.1).

        True after the one next() that saw the head end, and no more: so the client is answered once.
        """
        return self._expects_continue and not self._buffer

    @property
    def buffered(self) -> bool:
        """Some of a request that is not complete yet, or not asked for by next(), is here."""
        return bool(self._buffer) or self._request is not None

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Takes bytes as they came from the socket."""
        if not self._over:
            self._buffer += data

    def next(self) -> Request | None:
        """The next complete request, or None until more bytes are fed. Raises BadMessage, then again each time."""
        if self._failure is not None:
            raise BadMessage(*self._failure)
        try:
            request = self._read_head() if self._request is None else self._read_body(self._request)
        except BadMessage as failure:
            self._failure = failure.status, failure.reason  # not the exception: its traceback holds this parser
            self._end()
            raise
        if request is not None and not request.keep_alive:
            self._end()
        return request

    def _end(self) -> None:
        self._over = True
        self._request = self._body = None
        self._expects_continue = False
        self._buffer.clear()

    def _read_head(self) -> Request | None:
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n", self._seen - 3 if self._seen > 3 else 0, self._max_head)
        if end < 0:
            if buffer:
                self._check_unfinished_head()
            return None
        head = bytes(buffer[:end])
        del buffer[: end + 4]
        self._seen = 0
        self._line_checked = False
        if self._known is not None:
            again = self._known.get(head)
            if again is not None:
                return again
        line, _, block = head.partition(b"\r\n")
        method, target, http11 = parse_request_line(line, self._max_target)
        # Who asks for one thing after another, rows of a table say, sends the same fields each time. They are known
        # among the heads, none of which can have that ending.
        fields = block + b"\r\n\r\n"
        like = self._known.get(fields) if self._known is not None and http11 else None
        if self._known is not None and like is not None:
            request = Request(method, target, True, like.headers)
            _learn(self._known, head, request)
            return request
        headers, special = parse_fields(block, self._max_headers)
        request = Request(method, target, http11, headers, b"", http11)
        if not special or special == _KEEP_ALIVE:
            request.keep_alive = http11 or bool(special)
            if self._known is not None:
                _learn(self._known, head, request)
                if http11:
                    _learn(self._known, fields, request)
            return request
        return self._expect_body(request, special)

    def _expect_body(self, request: Request, special: Fields) -> Request | None:
        request.keep_alive = is_persistent(special, request.http11)
        length = body_length(special, request.http11)
        if length in (UNDECLARED, 0):
            return request
        if length > self._max_body:
            raise BadMessage(413, "body too large")
        self._request = request
        self._body = WholeBody(length, self._max_body, self._max_head)
        if self._buffer:
            return self._read_body(request)
        self._expects_continue = request.http11 and b"100-continue" in options(special, b"expect")
        return None

    def _read_body(self, request: Request) -> Request | None:
        self._expects_continue = False
        if not self._buffer or self._body is None:
            return None
        body = self._body.take(self._buffer)
        if body is None:
            return None
        request.body = body
        self._request = self._body = None
        return request

    def _check_unfinished_head(self) -> None:
        """Refuses at once what no further byte can repair, above all what would never end by CRLF CRLF.

        Every check here depends only on bytes that the check of a complete head sees first, in the same order and
        with the same reason; so it does not matter where the stream was cut.
        """
        buffer, known = self._buffer, min(len(self._buffer), self._max_head)
        if not self._line_checked:
            if buffer[0] not in TOKEN:  # a TLS client, for one, would otherwise wait for us for ever
                raise BadMessage(400, "malformed request line")
            line_feed = buffer.find(b"\n", self._seen, known)
            if line_feed < 0:
                self._seen = known
                if known == self._max_head:
                    raise BadMessage(414, "request target too long")
                return
            if buffer[line_feed - 1] != _CR:
                raise BadMessage(400, "malformed request line")
            parse_request_line(bytes(buffer[: line_feed - 1]), self._max_target)
            self._line_checked = True
            self._seen = line_feed + 1
        if has_bare_line_feed(buffer, self._seen, known):
            raise bare_line_break()
        self._seen = known
        if known == self._max_head:
            raise BadMessage(431, "header too long")


def _learn(known: dict[bytes, Request], head: bytes, request: Request) -> None:
    if len(head) > LONGEST_KNOWN:
        return
    if len(known) >= MOST_KNOWN:
        known.clear()
    known[head] = request
