"""The two halves of an HTTP/1.1 exchange as a server sees them: strict requests, replies that send themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from tests.fakes.http_connection import Connection

MAX_HEAD_BYTES = 64 * 1024

REASONS = {
    200: "OK",
    202: "Accepted",
    206: "Partial Content",
    301: "Moved Permanently",
    304: "Not Modified",
    307: "Temporary Redirect",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    412: "Precondition Failed",
    416: "Requested Range Not Satisfiable",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class MalformedRequest(Exception):
    """The client sent something that is not HTTP/1.1 as RFC 9112 describes it."""


class Request:
    """One request as it came over the wire. `target` is untouched; `path` and `query` are its halves, still encoded."""

    def __init__(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition("?")
        self.headers = headers
        self.body = body
        self.monotonic = time.monotonic()
        self.wall = time.time()

    def header(self, name: str, default: str = "") -> str:
        """The first header of that name, whatever its case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), default)

    @property
    def decoded_path(self) -> str:
        return unquote(self.path)

    @property
    def parameters(self) -> dict[str, str]:
        """The query's parameters, decoded; "+" means a space, as S3 and browsers read it."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def wants_close(self) -> bool:
        return "close" in self.header("connection").lower()


def parse_head(head: bytes) -> tuple[str, str, list[tuple[str, str]]]:
    """Split a request head into method, target and headers; raises MalformedRequest for anything loose."""
    try:
        request_line, *lines = head.decode("ascii").split("\r\n")
    except UnicodeDecodeError as error:
        raise MalformedRequest("bytes outside ASCII in the head") from error
    parts = request_line.split(" ")
    if len(parts) != 3 or parts[2] != "HTTP/1.1" or not parts[0].isupper() or not parts[1]:
        raise MalformedRequest(f"request line {request_line[:80]!r}")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or "\n" in line or "\r" in line or "\0" in line:
            raise MalformedRequest(f"header line {name[:40]!r}")
        headers.append((name, value.strip(" \t")))
    names = [name.lower() for name, _ in headers]
    if names.count("host") != 1:
        raise MalformedRequest(f"{names.count('host')} Host headers")
    for single in ("content-length", "transfer-encoding", "authorization", "content-type", "x-amz-date"):
        if names.count(single) > 1:
            raise MalformedRequest(f"repeated {single}")
    if "content-length" in names and "transfer-encoding" in names:
        raise MalformedRequest("both content-length and transfer-encoding")
    return parts[0], parts[1], headers


class Reply:
    """An answer and the way it goes over the wire. Subclasses misbehave on purpose.

    `framing` is "length", "chunked" or "close" (the body ends with the connection); `header_case` is "as-is", "lower"
    or "upper"; `piece` sends that many bytes at a time (0: all in one send) with `pause` seconds between two pieces.
    """

    framing = "length"
    header_case = "as-is"
    piece = 0
    pause = 0.0
    chunk_size = 7

    def __init__(self, status: int, headers: list[tuple[str, str]] | None = None, body: bytes = b"") -> None:
        self.status = status
        self.headers = list(headers or [])
        self.body = body
        self.on_finished: Callable[[], None] | None = None  # called when it is as good as sent, or could not be

    @property
    def has_body(self) -> bool:
        return self.status not in (204, 304) and self.status >= 200

    def render(self, *, head_only: bool = False) -> bytes:
        """The complete answer as bytes."""
        return self.render_head() + (b"" if head_only or not self.has_body else self.render_body())

    def render_head(self) -> bytes:
        headers = list(self.headers)
        if self.has_body:
            if self.framing == "chunked":
                headers.append(("Transfer-Encoding", "chunked"))
            elif self.framing == "length":
                headers.append(("Content-Length", str(self.announced_length())))
        if self.framing == "close":
            headers.append(("Connection", "close"))
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Unknown')}"]
        lines += [f"{self._cased(name)}: {value}" for name, value in headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")

    def announced_length(self) -> int:
        return len(self.body)

    def render_body(self) -> bytes:
        if self.framing != "chunked":
            return self.body
        pieces = [self.body[at : at + self.chunk_size] for at in range(0, len(self.body), self.chunk_size)]
        return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"

    def transmit(self, connection: Connection, request: Request | None) -> bool:
        """Send it; True if the connection may carry another request. Raises OSError where the peer has gone."""
        data = self.render(head_only=request is not None and request.method == "HEAD")
        connection.send(data, self.piece, self.pause, self.on_finished)
        return self.framing != "close"

    def _cased(self, name: str) -> str:
        if self.header_case == "lower":
            return name.lower()
        return name.upper() if self.header_case == "upper" else name
