"""A stand-in for an HTTP proxy: lets clients through by CONNECT, or refuses, hangs and answers nonsense on demand."""

from __future__ import annotations

import base64
import hmac
import select
import socket
import ssl
import threading
from types import TracebackType

from tests.fakes.http_connection import Connection
from tests.fakes.http_message import Reply, Request
from tests.fakes.http_server import HttpServer
from tests.fakes.waiting import Gate, wait_for

# What it does with a CONNECT that it would let through.
MODES = (
    "ok",
    "hang",  # until the client leaves or release()
    "cut",  # ends the connection without a word
    "garbage",
    "half",  # ends the connection in the middle of the head
    "drip",  # a byte every 50 ms, for ever
    "talk",  # says more behind its 200, where TLS has not begun
    "deaf",  # answers 200 and lets nothing through
)
_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\nProxy-Agent: fake\r\n\r\n"


class FakeProxy:
    """Connects every client to 127.0.0.1:`to`, whatever host it asks for (None: to the host it asks for).

    So one FakeAws with the right `names` can be all hosts of AWS. `credentials` ("user:password"): who else comes is
    answered 407. `status`: 200, or what CONNECT is refused with; it and `mode` can be changed at any time.
    """

    def __init__(
        self,
        to: int | None = None,
        *,
        credentials: str | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.to = to
        self.credentials = credentials
        self.status = 200
        self.mode = "ok"
        self.targets: list[str] = []  # host:port of each CONNECT that was let through, in order
        self.requests: list[Request] = []  # all that came
        self.malformed: list[str] = []
        self._gate = Gate()
        self._changed = threading.Condition()
        self._scheme = "https" if tls else "http"
        self._server = HttpServer(self._handle, host=host, tls=tls, on_malformed=self.malformed.append, name="proxy")

    def __enter__(self) -> FakeProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._gate.open()
        self._server.close()
        self._gate.discard()
        if self._server.faults:
            raise self._server.faults[0]

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        """What HTTPS_PROXY holds, with the credentials that it asks for."""
        user = f"{self.credentials}@" if self.credentials else ""
        return f"{self._scheme}://{user}{self._server.host}:{self.port}"

    @property
    def connections_opened(self) -> int:
        return self._server.connections_opened

    def wait_requests(self, count: int, timeout: float = 10.0) -> None:
        """Until that many requests have come in; raises Timeout."""
        with self._changed:
            wait_for(self._changed, lambda: len(self.requests) >= count, timeout, f"{count} requests to the proxy")

    def release(self) -> None:
        """What hangs goes on; from now on nothing hangs."""
        self._gate.open()

    def drop_connections(self) -> None:
        """Cut every tunnel."""
        self._server.drop_connections()

    def _handle(self, connection: Connection, request: Request) -> Reply | None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        if request.method != "CONNECT" or request.header("host") != request.target or request.body:
            return Reply(400, [("Connection", "close")], b"CONNECT host:port, please")
        if self.credentials is not None and not _shows(request, self.credentials):
            return Reply(407, [("Proxy-Authenticate", 'Basic realm="fake"'), ("Connection", "close")], b"who are you?")
        if self.status != 200:
            return Reply(self.status, [("Connection", "close")], b"<html>no way</html>")
        if self.mode == "hang" and connection.wait(self._gate) != "open":
            return None
        self.targets.append(request.target)
        self._connect(connection, request.target)
        return None

    def _connect(self, connection: Connection, target: str) -> None:
        if self.mode == "cut":
            connection.cut()
        elif self.mode == "half":
            connection.send(_ESTABLISHED[:20])
            connection.cut()
        elif self.mode == "garbage":
            connection.send(b"\x00\xff this is not HTTP\r\n\r\n")
        elif self.mode == "drip":
            connection.send(b"HTTP/1.1 200 " + b"x" * 10_000, piece=1, pause=0.05)
        elif self.mode == "talk":
            connection.send(_ESTABLISHED + b"220 mail.example.com ESMTP\r\n")
            connection.wait(self._gate)
        elif self.mode == "deaf":
            connection.send(_ESTABLISHED)
            connection.socket.recv(1)
            connection.wait(self._gate)
        else:
            host, _, port = target.rpartition(":")
            place = (host.strip("[]"), int(port)) if self.to is None else ("127.0.0.1", self.to)
            try:
                upstream = socket.create_connection(place, timeout=10)
            except OSError:
                connection.send(Reply(502, [("Connection", "close")]).render())
                return
            with upstream:
                upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.send(_ESTABLISHED)
                _splice(connection.socket, upstream)


def _shows(request: Request, credentials: str) -> bool:
    expected = b"Basic " + base64.b64encode(credentials.encode())
    return hmac.compare_digest(expected, request.header("proxy-authorization").encode())


def _splice(client: socket.socket, upstream: socket.socket) -> None:
    """Carry bytes both ways until one side ends. One thread: a TLS socket must not be read and written by two."""
    ends = {client.fileno(): (client, upstream), upstream.fileno(): (upstream, client)}
    poller = select.poll()
    for descriptor in ends:
        poller.register(descriptor, select.POLLIN)
    while True:
        pending = isinstance(client, ssl.SSLSocket) and client.pending()
        for descriptor in [client.fileno()] if pending else [descriptor for descriptor, _ in poller.poll()]:
            if descriptor not in ends:
                return  # cut from outside
            source, sink = ends[descriptor]
            data = source.recv(65536)
            if not data:
                return
            sink.sendall(data)
