"""One client's connection: bytes in, requests to the application one at a time, answers out in their order."""

from __future__ import annotations

import _socket

from extension.http1.message import BadMessage, RequestParser, render_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sized
    from typing import Protocol

    from extension.http1.loop import Loop
    from extension.http1.message import Request

    class Application(Protocol):
        """What answers. ``refuse`` is for what never became a request, and for the connection limit (429)."""

        def answer(self, request: Request, reply: Reply) -> None: ...
        def refuse(self, status: int, reason: str) -> Response: ...

    class Stretch(Protocol):
        """A body that sends itself, its length what is still to be sent: a part of a file."""

        def __len__(self) -> int: ...
        def send_to(self, plain: _socket.socket) -> None: ...


_CHUNK = 65536
_LINGER_BYTES = 1 << 20
_COPIED = 65536  # a body below this goes out in one buffer with its head; a larger one is not copied


class Gone(Exception):
    """The other side is no longer there."""


class Response:
    """An answer. ``headers`` without Content-Length, Connection and Date: those are the connection's. ``stretch``: what
    is sent instead of ``body``."""

    __slots__ = ("body", "close", "headers", "status", "stretch")

    def __init__(
        self, status: int, headers: list[tuple[bytes, bytes]], body: bytes = b"", *, close: bool = False
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.stretch: Stretch | None = None
        self.close = close

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.body)} bytes>"


class Reply:
    """Takes the answer to one request, once, from any thread. ``abandon`` is called in the loop's thread if the client
    goes away while somebody still works on its answer."""

    __slots__ = ("_client", "_done", "abandon")

    def __init__(self, client: Client) -> None:
        self._client = client
        self._done = False
        self.abandon: Callable[[], None] | None = None

    def __call__(self, response: Response) -> None:
        if self._done:
            return
        self._done = True
        self._client.loop.post(self._client.finish, self, response)

    def resume(self, work: Callable[[], None]) -> None:
        """Go on with the request in the loop's thread; for another thread."""
        self._client.loop.post(work)


class Client:
    """State of one connection. Used by the loop's thread only."""

    __slots__ = (
        "_application",
        "_closed",
        "_closing",
        "_head",
        "_keep_alive",
        "_lingering",
        "_out",
        "_over_limit",
        "_parser",
        "_plain",
        "_reply",
        "_stretch",
        "_working",
        "last",
        "loop",
        "number",
        "turn",
        "watched",
    )

    def __init__(self, plain: _socket.socket, loop: Loop, application: Application, over_limit: bool) -> None:
        self._plain = plain
        self._application = application
        self._parser = RequestParser(known=loop.known)
        self._out: bytes | memoryview = b""
        self._stretch: Stretch | None = None  # what follows it
        self._closed = False
        self._closing = False  # what is being sent is the last
        self._reply: Reply | None = None
        self._head = False
        self._keep_alive = True
        self._over_limit = over_limit
        self._lingering = 0  # bytes that may still be thrown away before closing; 0: not lingering
        self._working = False
        self.loop = loop
        self.number = plain.fileno()
        self.last = False  # close after this answer
        self.turn = 0
        self.watched = 0

    @property
    def busy(self) -> bool:
        """A request is being worked on: nothing more is read meanwhile, so that a client can't pile up work."""
        return self._reply is not None

    @property
    def unsent(self) -> bool:
        """There are bytes that the socket did not take yet."""
        return bool(self._out) or self._stretch is not None

    @property
    def idle(self) -> bool:
        """Nothing is going on that closing would cut."""
        return self._lingering > 0 or (self._reply is None and not self.unsent and not self._parser.buffered)

    def receive(self) -> None:
        """Read what is there and answer what is complete. Raises ``Gone`` at the end of the stream."""
        try:
            data = self._plain.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            raise Gone from None
        if not data:
            raise Gone
        if self._lingering:
            self._lingering -= len(data)
            if self._lingering <= 0:
                raise Gone
            return
        self._parser.feed(data)
        self._advance()

    def flush(self) -> None:
        """Send what is unsent; then go on with what was pipelined behind it."""
        if self._out:
            self._send(self._out)
        else:
            self._send_stretch()
        if not self.unsent and not self._working:
            self._advance()

    def finish(self, reply: Reply, response: Response) -> None:
        """The answer to the request in progress has come."""
        if reply is not self._reply:
            return  # the client went away meanwhile
        self._reply = None
        reply.abandon = None  # else a cycle keeps what it read, maybe a file, until the garbage collector runs
        try:
            try:
                self._respond(response)
            except ValueError:  # a header that HTTP does not allow: better no answer than one that reads as two
                self._respond(self._application.refuse(500, "an answer that HTTP does not allow"))
            if not self._working:  # came from another thread, or later: nobody is in _advance
                self._advance()
                self.loop.watch(self)
        except Gone:
            self.loop.drop(self)

    def give_up(self, response: Response) -> None:
        """Answer the request in progress with this, and tell whoever works on it that nobody waits any more."""
        reply = self._reply
        if reply is not None:
            if reply.abandon is not None:
                reply.abandon()
            reply(response)

    def close(self) -> None:
        """Close, and tell whoever works on the request that nobody waits."""
        self._closed = True
        self._plain.close()
        self._stretch = None
        reply, self._reply = self._reply, None
        if reply is not None and reply.abandon is not None:
            reply.abandon()

    def _advance(self) -> None:
        """Answer the requests that are complete, one after another, until one has to wait."""
        self._working = True
        try:
            while self._reply is None and not self.unsent and not self._lingering and not self._closed:
                try:
                    request = self._parser.next()
                except BadMessage as bad:
                    self._keep_alive = self._head = False
                    self._respond(self._application.refuse(bad.status, bad.reason))
                    return
                if request is None:
                    if self._parser.expects_continue:
                        self._send(b"HTTP/1.1 100 Continue\r\n\r\n")
                    return
                self._head = request.method == b"HEAD"
                self._keep_alive = request.keep_alive
                if self._over_limit and request.target.partition(b"?")[0] != b"/ping":
                    self._keep_alive = False
                    self._respond(self._application.refuse(429, "Connection limit exceeded"))
                    return
                self._reply = reply = Reply(self)
                self._application.answer(request, reply)
                if not self._parser.buffered:
                    return  # nothing is pipelined behind it
        finally:
            self._working = False

    def _respond(self, response: Response) -> None:
        close = response.close or not self._keep_alive or self.last
        stretch = response.stretch
        body: Sized = response.body if stretch is None else stretch
        apart = not self._head and len(body) > 0 and (stretch is not None or len(body) >= _COPIED)
        head = render_response(response.status, response.headers, body, head=self._head or apart, close=close)
        if stretch is not None and apart:
            self._stretch, apart = stretch, False  # it follows by itself
        if not apart:
            self._closing = close
            self._send(head)
            return
        self._send(head)
        self._closing = close
        if self._out:
            self._out = memoryview(bytes(self._out) + response.body)
        else:
            self._send(response.body)

    def _send(self, data: bytes | memoryview) -> None:
        """Send what the socket takes and keep the rest; never called with new data while there is a rest."""
        try:
            sent = self._plain.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            raise Gone from None
        self._out = b"" if sent == len(data) else memoryview(data)[sent:]
        if not self._out and self._stretch is not None:
            self._send_stretch()
        elif not self._out and self._closing and not self._lingering:
            self._linger()

    def _send_stretch(self) -> None:
        """Send some of it, if there is one; the loop comes back for the rest, after the others."""
        if self._stretch is None:
            return
        try:
            self._stretch.send_to(self._plain)
        except BlockingIOError:
            return
        except OSError:
            raise Gone from None
        if not self._stretch:
            self._stretch = None
            if self._closing:
                self._linger()

    def _linger(self) -> None:
        """Close our side only, and throw away what still comes: closing with unread input would make the kernel send a
        reset, which may destroy the answer before the client has read it (RFC 9112 §9.6)."""
        self._lingering = _LINGER_BYTES
        try:
            self._plain.shutdown(_socket.SHUT_WR)
        except OSError:
            raise Gone from None
