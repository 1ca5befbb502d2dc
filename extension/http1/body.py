"""Bodies: the chunked transfer coding decoded as it arrives (RFC 9112 §7.1), and a request's body as a whole."""

from __future__ import annotations

from extension.http1.fields import CHUNKED, TEXT, BadMessage, bare_line_break, parse_fields

_HEX_DIGITS = b"0123456789ABCDEFabcdef"
_LONGEST_SIZE = 16  # hexadecimal digits
_LONGEST_SIZE_LINE = 256  # with extension and CRLF; the longest in use, a chunk signature, takes about 90
# Fields that frame or route the message: never allowed behind the body (RFC 9110 §6.5.1).
_FORBIDDEN_TRAILERS = frozenset((b"content-length", b"transfer-encoding", b"host"))
_WINDOW = 4096  # bytes of a whole body decoded at a time

# What comes next.
_SIZE_LINE, _DATA, _DATA_END, _TRAILER_LINE = range(4)


class ChunkedDecoder:
    """Takes the bytes behind a head and gives those of the body. Keeps at most one unfinished line.

    `max_extra` bounds what travels besides the body, extensions and trailers together. Both are checked and dropped;
    without a bound a few bytes of body could cost the reader any amount of work. `max_body` bounds the body (413);
    None leaves that to whoever takes the body.
    """

    __slots__ = ("_body_left", "_extra_left", "_left", "_line", "_next", "done")

    def __init__(self, max_extra: int, max_body: int | None = None) -> None:
        self.done = False
        self._next = _SIZE_LINE
        self._left = 0  # bytes missing from the present chunk, then from the CRLF behind it
        self._line = bytearray()
        self._extra_left = max_extra
        self._body_left = max_body

    def decode(self, data: bytes, start: int, out: list[memoryview]) -> int:
        """Decodes data[start:], appending views of the body's bytes to `out`; returns where it stopped.

        That is len(data) until the body is complete (`done`), then the position behind it. Raises BadMessage.
        """
        view = memoryview(data)
        position, end = start, len(data)
        while position < end and not self.done:
            if self._next == _DATA:
                stop = min(position + self._left, end)
                out.append(view[position:stop])
                self._left -= stop - position
                position = stop
                if not self._left:
                    self._next, self._left = _DATA_END, 2
            elif self._next == _DATA_END:
                if data[position] != b"\n\r"[self._left - 1]:
                    raise BadMessage(400, "chunk longer than its size")
                position += 1
                self._left -= 1
                if not self._left:
                    self._next = _SIZE_LINE
            elif self._next == _SIZE_LINE:
                position, line = self._take_line(data, position, _LONGEST_SIZE_LINE, 400)
                if line is not None:
                    self._start_chunk(line)
            else:
                position, line = self._take_line(data, position, self._extra_left + 2, 431)
                if line is not None:
                    self._end_trailer(line)
        return position

    def _take_line(self, data: bytes, start: int, most: int, status: int) -> tuple[int, bytes | None]:
        """The line that goes on at `start`, without its CRLF, and where it ends; None while it has no end.

        `most` bounds it with its CRLF; `status` is the refusal of a longer one.
        """
        limit = start + most - len(self._line)
        line_feed = data.find(b"\n", start, limit)
        if line_feed < 0:
            if len(data) >= limit:
                raise BadMessage(status, "chunk framing too long")
            self._line += data[start:]
            return len(data), None
        self._line += data[start : line_feed + 1]
        line = bytes(self._line)
        self._line.clear()
        if not line.endswith(b"\r\n"):
            raise bare_line_break()
        return line_feed + 1, line[:-2]

    def _start_chunk(self, line: bytes) -> None:
        digits, _, extension = line.partition(b";")
        # Not int(digits, 16): that takes a sign, blanks, underscores and "0x" as well.
        if not 0 < len(digits) <= _LONGEST_SIZE or digits.translate(None, _HEX_DIGITS):
            raise BadMessage(400, "malformed chunk size")
        if extension.translate(None, TEXT):
            raise bare_line_break()
        self._extra_left -= len(extension)
        if self._extra_left < 0:
            raise BadMessage(400, "chunk framing too long")
        size = int(digits, 16)
        if self._body_left is not None:
            self._body_left -= size
            if self._body_left < 0:
                raise BadMessage(413, "body too large")
        self._next, self._left = (_DATA, size) if size else (_TRAILER_LINE, 0)

    def _end_trailer(self, line: bytes) -> None:
        if not line:
            self.done = True
            return
        (((name, _),), _) = parse_fields(line, 1)
        if name in _FORBIDDEN_TRAILERS:
            raise BadMessage(400, "framing field behind the body")
        self._extra_left = max(self._extra_left - len(line) - 2, 0)


class WholeBody:
    """A request's body of `length` bytes, or CHUNKED, collected until it is complete.

    `max_body` and `max_extra` bound a chunked one as in ChunkedDecoder; a declared length has been checked before.
    """

    __slots__ = ("_chunks", "_collected", "_length")

    def __init__(self, length: int, max_body: int, max_extra: int) -> None:
        self._length = length
        self._chunks = ChunkedDecoder(max_extra, max_body) if length == CHUNKED else None
        self._collected = bytearray()

    def take(self, buffer: bytearray) -> bytes | None:
        """The body, cut from the front of `buffer`, or None while it is not complete. Raises BadMessage."""
        if self._chunks is None:
            if len(buffer) < self._length:
                return None
            body = bytes(buffer[: self._length])
            del buffer[: self._length]
            return body
        while buffer and not self._chunks.done:
            # A window, not all: pipelined requests may follow, and must not be copied once for each before them.
            views: list[memoryview] = []
            del buffer[: self._chunks.decode(bytes(buffer[:_WINDOW]), 0, views)]
            for view in views:
                self._collected += view
        return bytes(self._collected) if self._chunks.done else None
