"""A small threaded HTTP/1.1 server for stand-ins: keep-alive, TLS, one send per answer, connections cut at will.

It exists because http.server sends head and body apart (44 ms with Nagle on) and cannot be told to misbehave.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable

from tests.fakes.http_connection import Connection
from tests.fakes.http_message import MalformedRequest, Reply, Request
from tests.fakes.waiting import Gate

Handler = Callable[[Connection, Request], Reply | None]


class HttpServer:
    """Accepts on a port of its own choosing (port=0) and serves each connection in a thread until close()."""

    def __init__(
        self,
        handler: Handler,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        on_accept: Callable[[Connection], bool] | None = None,
        on_malformed: Callable[[str], None] | None = None,
        name: str = "fake",
    ) -> None:
        self.handler = handler
        self.host = host
        self.port = port
        self.tls = tls
        self.closing = Gate()
        self.connections_opened = 0
        self.faults: list[BaseException] = []
        self._on_accept = on_accept
        self._on_malformed = on_malformed
        self._name = name
        self._lock = threading.Lock()
        self._connections: dict[Connection, threading.Thread] = {}
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._stop_accepting: Gate | None = None
        self.start_listening()

    @property
    def open_connections(self) -> int:
        with self._lock:
            return len(self._connections)

    def start_listening(self) -> None:
        """Bind (the same port as before, if there was one) and accept; returns once connections are possible."""
        if self._listener is not None:
            return
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(512)
        except BaseException:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._stop_accepting = Gate()
        self._acceptor = threading.Thread(
            target=self._accept, args=(listener, self._stop_accepting), name=f"{self._name}-accept", daemon=True
        )
        self._acceptor.start()

    def stop_listening(self) -> None:
        """Refuse new connections; those that are open go on."""
        if self._listener is None or self._stop_accepting is None or self._acceptor is None:
            return
        self._stop_accepting.open()
        self._acceptor.join()
        self._stop_accepting.discard()
        self._listener.close()
        self._listener = None

    def drop_connections(self, *, reset: bool = False) -> None:
        """Cut every open connection: with a FIN, or with a TCP reset."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            if reset:
                connection.abort()
            else:
                connection.cut()

    def close(self) -> None:
        """Stop, cut, and join every thread. Safe to call twice."""
        self.closing.open()
        self.stop_listening()
        self.drop_connections()
        with self._lock:
            threads = list(self._connections.values())
        for thread in threads:
            thread.join(10)
            if thread.is_alive():
                raise RuntimeError(f"{thread.name} does not end")
        self.closing.discard()

    def _accept(self, listener: socket.socket, stop: Gate) -> None:
        listener.setblocking(False)
        while stop.wait_readable(listener):
            try:
                plain, _ = listener.accept()
            except OSError:
                continue
            plain.setblocking(True)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._adopt(plain)

    def _adopt(self, plain: socket.socket) -> None:
        with self._lock:
            self.connections_opened += 1
            connection = Connection(self, plain, self.connections_opened)
            thread = threading.Thread(
                target=self._serve, args=(connection,), name=f"{self._name}-{connection.identifier}", daemon=True
            )
            self._connections[connection] = thread
        thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            if self._on_accept is not None and not self._on_accept(connection):
                return
            if self.tls is not None:
                connection.secure(self.tls)
            while not self.closing.is_open and (request := connection.read_request()) is not None:
                reply = self.handler(connection, request)
                if reply is None or not _transmit(reply, connection, request) or request.wants_close:
                    return
        except MalformedRequest as malformed:
            if self._on_malformed is not None:
                self._on_malformed(str(malformed))
            try:
                Reply(400, [("Connection", "close")], b"malformed request").transmit(connection, None)
            except OSError:
                pass
        except OSError:
            pass  # the peer went away, which is its right
        except BaseException as fault:  # a fault of the stand-in itself: tests must see it
            self.faults.append(fault)
            raise
        finally:
            connection.close()
            with self._lock:
                self._connections.pop(connection, None)


def _transmit(reply: Reply, connection: Connection, request: Request) -> bool:
    try:
        return reply.transmit(connection, request)
    finally:
        if reply.on_finished is not None:
            reply.on_finished()
