"""One accepted connection of a stand-in: strict reading, sending in one piece or in drips, cut at will."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.fakes.http_message import MAX_HEAD_BYTES, MalformedRequest, Request, parse_head
from tests.fakes.waiting import Gate

if TYPE_CHECKING:
    from tests.fakes.http_server import HttpServer

ONE_SEND = 128 * 1024


class Connection:
    """One accepted connection, served by its own thread. `identifier` counts from 1 in the order of acceptance."""

    def __init__(self, server: HttpServer, plain: socket.socket, identifier: int) -> None:
        self.server = server
        self.identifier = identifier
        self.socket: socket.socket = plain
        self.requests_read = 0
        self._plain = plain
        self._buffer = b""
        self._aborted = False
        self._cut = False
        self._lock = threading.Lock()
        self._closed = False

    def secure(self, context: ssl.SSLContext) -> None:
        """Do the server's half of a TLS handshake; raises OSError."""
        with self._lock:  # wrapping moves the descriptor; cut() must not meet it half way
            secured = context.wrap_socket(self._plain, server_side=True, do_handshake_on_connect=False)
            self.socket = self._plain = secured
        secured.do_handshake()

    def read_request(self) -> Request | None:
        """The next request; None at a clean end. Raises MalformedRequest or OSError."""
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise MalformedRequest("head too long")
            data = self.socket.recv(65536)
            if not data:
                if self._buffer:
                    raise MalformedRequest("end of stream inside a head")
                return None
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        method, target, headers = parse_head(head)
        request = Request(method, target, headers, b"")
        if "100-continue" in request.header("expect").lower():
            self.socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = self._read_body(request)
        self.requests_read += 1
        return request

    def _read_body(self, request: Request) -> bytes:
        if request.header("transfer-encoding"):
            if request.header("transfer-encoding").lower() != "chunked":
                raise MalformedRequest("unknown transfer-encoding")
            body = b""
            while size := int(self._read_line().split(b";")[0], 16):
                body += self._read_exactly(size)
                self._read_line()
            while self._read_line():
                pass
            return body
        length = request.header("content-length", "0")
        if not length.isascii() or not length.isdigit():
            raise MalformedRequest("content-length")
        return self._read_exactly(int(length))

    def _read_line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            self._fill()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _read_exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _fill(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise MalformedRequest("end of stream inside a body")
        self._buffer += data

    def send(
        self, data: bytes, piece: int = 0, pause: float = 0.0, before_last: Callable[[], None] | None = None
    ) -> None:
        """Send at once, or `piece` bytes at a time with `pause` seconds between; raises OSError.

        `before_last` is called when all but the last bytes are out: after them a client may already be ahead of us.
        """
        if not piece:
            # What does not fit into the socket's buffer is still in flight while it is being sent.
            piece = len(data) if len(data) <= ONE_SEND else len(data) - 1024
        for at in range(0, len(data), piece or 1):
            if at and pause and self.wait(self.server.closing, pause) == "open":
                raise OSError("the server closes")
            if before_last is not None and at + piece >= len(data):
                before_last()
            self.socket.sendall(data[at : at + piece])

    def wait(self, gate: Gate, timeout: float | None = None) -> str:
        """Wait for a gate or for this peer to leave: "open", "gone" or "timeout"."""
        return gate.wait(timeout, self.socket)

    def abort(self) -> None:
        """End with a TCP reset as soon as the serving thread lets go (it is woken)."""
        self._aborted = True
        self._shut(socket.SHUT_RD)

    def cut(self) -> None:
        """End in both directions now; whoever serves this connection is woken. TLS sees no farewell, as in a crash."""
        self._cut = True
        self._shut(socket.SHUT_RDWR)

    def _shut(self, how: int) -> None:
        with self._lock:
            if not self._closed:
                try:
                    # The plain socket's method: SSLSocket.shutdown() would pull the TLS object from under a reader.
                    socket.socket.shutdown(self._plain, how)
                except OSError:
                    pass

    def close(self) -> None:
        """Give the descriptor back; only the serving thread calls this."""
        with self._lock:
            self._closed = True
            if isinstance(self.socket, ssl.SSLSocket) and not (self._aborted or self._cut):
                _say_farewell(self.socket)
            if self._aborted:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()


def _say_farewell(secured: ssl.SSLSocket) -> None:
    """Send TLS's close_notify, which tells an orderly end from a cut one; do not wait for the peer's."""
    try:
        secured.settimeout(0)
        secured.unwrap()
    except (OSError, ValueError):
        pass  # the peer has gone, or has not said its own farewell yet
