"""One connection to the sidecar: a question goes out, its answer comes in.

A connection on which anything else happened (a timeout, an answer that is none, bytes too many) is not to be used
again: what still arrives on it would be taken for the answer to the next question.
"""

from __future__ import annotations

import _socket
import select
import sys
import time

from preheat.answers import BadAnswer, read
from preheat.errors import BadToken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from preheat.answers import Answer

_HOST = "127.0.0.1"
_CHUNK = 65536
_BODY_CHUNK = 1 << 20
_BODY_RATE = 1 << 20  # bytes a second: how slowly a large body may come; the loopback is a hundred times faster
_SLACK = 0.01  # seconds that an answer may be late
_SHORTEST = 0.001  # seconds; 0 would mean "no limit" to the kernel


class Dead(Exception):
    """The connection ended before the whole answer was there."""


class Broken(Exception):
    """The connection ended when a part of the body had been passed on already: asking again would pass it on twice."""


class TimedOut(Exception):
    """The whole answer was not there in time."""


class Connection:
    """A connection of this process to ``port``; ``OSError`` where nothing listens, ``TimedOut``.

    The kernel keeps the timeouts (SO_RCVTIMEO): Python's own would poll before each call, a twentieth of the time that
    a read takes. A signal that is handled meanwhile lets the kernel's begin anew.
    """

    __slots__ = ("_head", "_plain", "_poller", "_shortened", "_timeout", "_token", "clean", "port", "process")

    def __init__(self, port: int, process: int, timeout: float) -> None:
        self.port = port
        self.process = process
        self.clean = True  # between questions, and nothing strange has come
        self._timeout = timeout
        self._shortened = False
        self._head = b""
        self._token: str | None = None
        self._plain = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)  # close-on-exec, as all of Python's
        try:
            self._plain.settimeout(None)  # whatever socket.setdefaulttimeout() says
            self._plain.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            self._plain.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDTIMEO, _timeval(timeout))
            self._plain.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, _timeval(timeout))
            self._plain.connect((_HOST, port))
            self._poller = select.poll()
            self._poller.register(self._plain.fileno(), select.POLLIN)
        except BlockingIOError:  # SO_SNDTIMEO is the limit for connecting too
            self._plain.close()
            raise TimedOut from None
        except OSError:
            self._plain.close()
            raise

    def __repr__(self) -> str:
        return f"<Connection to port {self.port}>"

    def __del__(self) -> None:
        plain = getattr(self, "_plain", None)  # not there where the constructor was interrupted
        if plain is not None:
            plain.close()

    def close(self) -> None:
        """Give the descriptor back. In a forked child this leaves the parent's connection as it is."""
        self.clean = False
        self._plain.close()

    def usable(self, process: int) -> bool:
        """Whether a question may be asked: by the process that opened it, and nothing has come since the last answer,
        neither bytes nor the end."""
        return self.clean and self.process == process and not self._poller.poll(0)

    def ask(
        self,
        line: bytes,
        fields: bytes,
        body: bytes,
        token: str,
        deadline: float,
        into: BinaryIO | None = None,
    ) -> Answer:
        """Send one request and read its answer, by ``deadline`` (of ``time.monotonic``); ``Dead``, ``TimedOut``,
        ``BadAnswer``. ``line`` is method and target, ``fields`` are whole header lines.

        ``into`` gets the body of a success as it comes, and the answer has none; ``Broken``, and what writing raises.
        """
        self.clean = False
        if token != self._token:
            self._head = _head(self.port, token)
            self._token = token
        request = b"%b HTTP/1.1\r\n%b%b\r\n%b" % (line, self._head, fields, body)
        try:
            if self._shortened:
                self.limit_to(deadline)
            self._plain.sendall(request)
            received = self._plain.recv(_CHUNK)
            if not received:
                raise Dead
            found = read(received)
            while found is None:
                received += self._more(_CHUNK, deadline)
                found = read(received)
            answer, rest = found
            missing = answer.length - len(rest)
            if line.startswith(b"HEAD "):
                missing = -len(rest)
                rest = b""
            pours = into is not None and answer.status == 200
            if missing > 0 and not pours:
                rest = self._body(rest, missing, deadline)
        except BlockingIOError:
            raise TimedOut from None
        except OSError:
            raise Dead from None
        answer.body = rest if missing >= 0 else rest[: answer.length]
        if pours and into is not None:
            self._pour(answer.body, max(missing, 0), deadline, into)
            answer.body = b""
        self.clean = missing >= 0 and not answer.close
        return answer

    def _body(self, beginning: bytes, missing: int, deadline: float) -> bytes:
        """Memory grows with what arrives, not with what was announced."""
        deadline += missing / _BODY_RATE
        parts = [beginning]
        while missing:
            part = self._more(min(missing, _BODY_CHUNK), deadline)
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _pour(self, part: bytes, missing: int, deadline: float, into: BinaryIO) -> None:
        deadline += missing / _BODY_RATE
        _write(into, part)
        while missing:
            try:
                part = self._more(min(missing, _BODY_CHUNK), deadline)
            except BlockingIOError:
                raise TimedOut from None
            except (OSError, Dead):
                raise Broken from None
            missing -= len(part)
            _write(into, part)

    def _more(self, most: int, deadline: float) -> bytes:
        self.limit_to(deadline)
        data = self._plain.recv(most)
        if not data:
            raise Dead
        return data

    def limit_to(self, deadline: float) -> None:
        """Let no ``recv`` outlive the deadline. The usual answer comes whole and at once, and needs no change."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimedOut
        short = left < self._timeout - _SLACK
        if short or self._shortened:
            self._shortened = short
            limit = left if short else self._timeout
            self._plain.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, _timeval(limit))


def _write(into: BinaryIO, part: bytes) -> None:
    """All of it: what is not buffered may take less at a time, and some that take everything do not say so."""
    view = memoryview(part)
    while view:
        written: int | None = into.write(view)
        view = view[len(view) if written is None else written :]


def _timeval(seconds: float) -> bytes:
    """A ``struct timeval`` of two 64-bit numbers, as on every 64-bit Linux."""
    microseconds = int(max(seconds, _SHORTEST) * 1_000_000)
    whole, rest = divmod(microseconds, 1_000_000)
    return whole.to_bytes(8, sys.byteorder) + rest.to_bytes(8, sys.byteorder)


def _head(port: int, token: str) -> bytes:
    """The header fields that every request on the connection has."""
    fields = b"Host: localhost:%d\r\n" % port
    if token:
        if any(character < " " or character == "\x7f" for character in token):
            raise BadToken("the session token holds control characters, which no HTTP header may hold")
        # As the environment has it: bytes that are no UTF-8 go out as they came.
        fields += b"X-Aws-Parameters-Secrets-Token: %b\r\n" % token.encode("utf-8", "surrogateescape")
    return fields


__all__ = ("BadAnswer", "Broken", "Connection", "Dead", "TimedOut")
