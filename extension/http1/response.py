"""The client's side of HTTP/1.1: the answers of AWS's services, of a proxy and of the Lambda Extensions API."""

from __future__ import annotations

from extension.http1.body import ChunkedDecoder
from extension.http1.fields import (
    CHUNKED,
    TEXT,
    UNDECLARED,
    BadMessage,
    bare_line_break,
    body_length,
    first,
    has_bare_line_feed,
    is_persistent,
    parse_fields,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.http1.fields import Fields

_PREFIX = b"HTTP/1."
_BLANK_LINE = b"\r\n\r\n"
_MOST_HEADERS = 200


def whole_body(data: bytes) -> bytes | None:
    """The body of an answer that came in one piece and as most do: HTTP/1.1, 200, its length declared, the connection
    kept, nothing behind it. None where it did not, or may not have: then the parser has to look.

    For a peer that is trusted: of the head only what frames the message is checked, and that by its whole text, so that
    there is but one way to read it.
    """
    if not data.startswith(b"HTTP/1.1 200 "):
        return None
    head, blank_line, body = data.partition(_BLANK_LINE)
    head = head.lower() + b"\r\n"
    # Not "in": that tries its left side as a number first, and makes an exception of it.
    if head.find(b"\r\ncontent-length: %d\r\n" % len(body)) < 0 or head.count(b"content-length") > 1:
        return None
    return body if blank_line and head.find(b"transfer-encoding") < 0 and head.find(b"connection") < 0 else None


def parse_status_line(line: bytes) -> tuple[int, bytes, bool]:
    """Status, reason phrase, and whether it is HTTP/1.1 (else HTTP/1.0), of a status line without its CRLF.

    A missing reason may leave its blank out (RFC 9112 §4 asks for it, servers forget it). A status from 600 up is
    passed on: RFC 9110 §15 lets a client treat it as a server error. Raises BadMessage.
    """
    version, _, rest = line.partition(b" ")
    status, _, reason = rest.partition(b" ")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise BadMessage(505, "not an HTTP/1 answer")
    if len(status) != 3 or not status.isdigit() or status < b"100" or reason.translate(None, TEXT):
        raise BadMessage(400, "malformed status line")
    return int(status), reason, version == b"HTTP/1.1"


class ResponseParser:
    """One answer: feed() what arrives, read() the body as it comes, until `complete`.

    `head_request`: the answer is to a HEAD request (or CONNECT), so it has no body whatever its fields say. `max_head`
    bounds the head, the interim answers (1xx, which are skipped) before it included, and the extensions and trailers
    of a chunked body. Body bytes are kept by reference until read() and copied at most once; whoever reads after each
    feed() holds one piece at a time, however long the body.
    """

    __slots__ = (
        "_body_left",
        "_chunks",
        "_failure",
        "_head",
        "_head_left",
        "_head_request",
        "_max_head",
        "_pieces",
        "_reusable",
        "_seen",
        "complete",
        "headers",
        "reason",
        "status",
        "surplus",
    )

    def __init__(self, head_request: bool = False, max_head: int = 65536) -> None:
        self.status: int | None = None  # these three: None and empty until the head is complete
        self.reason = b""
        self.headers: Fields = []  # names in lower case, values without blanks around them, in the order sent
        self.complete = False  # the body has arrived; read() may still have to hand over its end
        self.surplus = False  # bytes came behind it: where its length was declared, that was not its length
        self._head_request = head_request
        self._max_head = max_head
        self._head = bytearray()
        self._head_left = max_head
        self._seen = 0  # bytes of an unfinished head that need no second look
        self._chunks: ChunkedDecoder | None = None
        self._body_left: int | None = 0  # None: until the connection ends
        self._pieces: list[bytes | memoryview] = []
        self._reusable = False
        self._failure: tuple[int, str] | None = None

    @property
    def keep_alive(self) -> bool:
        """The answer is complete and the connection may carry another request."""
        return self.complete and self._reusable

    def get(self, name: bytes) -> bytes | None:
        """The first value of the header `name` (lower case), or None."""
        return first(self.headers, name)

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Takes bytes as they came from the socket. Raises BadMessage, then again each time.

        Bytes behind the answer are dropped and spoil the connection: taken for the next answer, they would hand one
        request's data to another.
        """
        if self._failure is not None:
            raise BadMessage(*self._failure)
        if type(data) is not bytes:
            data = bytes(data)  # views of it are kept, and a buffer may change under them
        try:
            start = 0
            while self.status is None and start < len(data):
                start = self._feed_head(data, start)
            if start < len(data):
                self._feed_body(data, start)
        except BadMessage as failure:
            self._failure = failure.status, failure.reason  # not the exception: its traceback holds this parser
            raise

    def feed_eof(self) -> None:
        """The connection has ended. That completes a body without a declared length; any other is "truncated"."""
        if self._failure is not None:
            raise BadMessage(*self._failure)
        self._reusable = False
        if self.status is not None and self._body_left is None:
            self.complete = True
        if not self.complete:
            self._failure = 400, "truncated"
            raise BadMessage(*self._failure)

    def read(self) -> bytes:
        """The body's bytes that have arrived since the last read(), b"" where there are none."""
        pieces = self._pieces
        if not pieces:
            return b""
        self._pieces = []
        return bytes(pieces[0]) if len(pieces) == 1 else b"".join(pieces)

    def _feed_head(self, data: bytes, start: int) -> int:
        """Takes what may belong to the head from data[start:]; returns where it stopped."""
        head, known = self._head, len(self._head)
        head += data[start : start + self._head_left - known]
        if not _PREFIX.startswith(head[: len(_PREFIX)]):  # whoever speaks another protocol may wait for us to speak
            raise BadMessage(505, "not an HTTP/1 answer")
        end = head.find(_BLANK_LINE, self._seen - 3 if self._seen > 3 else 0)
        if has_bare_line_feed(head, self._seen, end if end >= 0 else len(head)):
            raise bare_line_break()
        if end < 0:
            if len(head) == self._head_left:
                raise BadMessage(431, "header too long")
            self._seen = len(head)
            return len(data)
        stop = start + end + len(_BLANK_LINE) - known
        line, _, block = bytes(head[:end]).partition(b"\r\n")
        self._head_left -= end + len(_BLANK_LINE)
        self._seen = 0
        head.clear()
        self._start(line, block)
        return stop

    def _start(self, line: bytes, block: bytes) -> None:
        """The head is complete: an interim answer is forgotten, a final one settles where the body ends."""
        status, reason, http11 = parse_status_line(line)
        headers, special = parse_fields(block, _MOST_HEADERS)
        length = body_length(special, http11)
        if status == 101:
            raise BadMessage(400, "switch to another protocol that was not asked for")
        if status < 200:
            return
        self.status, self.reason, self.headers = status, reason, headers
        self._reusable = is_persistent(special, http11)
        if self._head_request or status in (204, 304):  # RFC 9112 §6.3, whatever the fields say
            self.complete = True
        elif length == CHUNKED:
            self._chunks = ChunkedDecoder(self._max_head)
        elif length == UNDECLARED:
            self._body_left = None
        else:
            self._body_left = length
            self.complete = length == 0

    def _feed_body(self, data: bytes, start: int) -> None:
        end = len(data)
        if self.complete:
            stop = start
        elif self._chunks is not None:
            views: list[memoryview] = []
            stop = self._chunks.decode(data, start, views)
            if views:  # joined here: a view is larger than a small chunk
                self._pieces.append(views[0] if len(views) == 1 else b"".join(views))
            self.complete = self._chunks.done
        else:
            stop = end
            if self._body_left is not None:
                stop = min(end, start + self._body_left)
                self._body_left -= stop - start
                self.complete = self._body_left == 0
            self._pieces.append(data if stop - start == end else memoryview(data)[start:stop])
        if stop < end:
            self._reusable = False
            self.surplus = True
