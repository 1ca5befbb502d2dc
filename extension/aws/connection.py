"""Connections to AWS: TCP and TLS, one exchange at a time.

TLS is spoken by ``_ssl``, the C module under ``ssl``: importing ``ssl`` itself costs 33 ms of CPU and 6 MB on the
machine where a bare interpreter starts in 14 ms. ``_SSLContext(PROTOCOL_TLS_CLIENT)`` verifies chain and host name in
OpenSSL, as ``ssl.SSLContext`` does, which only subclasses it.
"""

from __future__ import annotations

import _socket
import _ssl
import _thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from extension.aws.endpoints import Endpoint
    from extension.aws.trust import Trust
    from extension.clock import Clock
    from extension.proxies import Proxy

CONNECT_LIMIT = 1.0  # seconds; contract §2: connecting takes at most this much of a fetch
_CHUNK = 65536


class _Socket(_socket.socket):
    """``_ssl`` keeps a weak reference to the socket it reads from, which the plain type has no room for."""

    __slots__ = ("__weakref__",)


class ConnectionFailed(Exception):
    """The exchange could not be finished. Never holds a value.

    ``timed_out``: because nothing came in time; ``untrusted``: the host's certificate is not believed; ``refused``: a
    proxy does not let it through, and would not do so another time.
    """

    def __init__(self, reason: str, *, timed_out: bool = False, untrusted: bool = False, refused: bool = False) -> None:
        super().__init__(reason)
        self.timed_out = timed_out
        self.untrusted = untrusted
        self.refused = refused


class Cancel:
    """Lets one thread end what another one waits for: an exchange, or the pause between two attempts."""

    __slots__ = ("_branches", "_lock", "_socket", "_wake", "cancelled")

    def __init__(self) -> None:
        self.cancelled = False
        self._lock = _thread.allocate_lock()
        self._wake = _thread.allocate_lock()
        self._wake.acquire()
        self._socket: _socket.socket | None = None
        self._branches: list[Cancel] = []

    def branch(self) -> Cancel:
        """Another one, which this one ends as well."""
        branch = Cancel()
        with self._lock:
            self._branches.append(branch)
            branch.cancelled = self.cancelled
        if branch.cancelled:
            branch._wake.release()
        return branch

    def attach(self, plain: _socket.socket | None) -> None:
        """From now on ``cancel`` ends what waits on this socket."""
        with self._lock:
            self._socket = plain
            if self.cancelled and plain is not None:
                raise ConnectionFailed("cancelled")

    def cancel(self) -> None:
        """End it now. ``shutdown`` wakes a blocked ``recv``; ``close`` from another thread does not."""
        with self._lock:
            if self.cancelled:
                return
            self.cancelled = True
            if self._socket is not None:
                try:
                    self._socket.shutdown(_socket.SHUT_RDWR)
                except OSError:
                    pass
        self._wake.release()
        for branch in self._branches:
            branch.cancel()

    def pause(self, seconds: float) -> None:
        """Wait that long, or until cancelled."""
        if self._wake.acquire(timeout=seconds):
            self._wake.release()
            raise ConnectionFailed("cancelled")


class Connection:
    """One TCP connection, with TLS or without, that carries one exchange at a time."""

    __slots__ = ("_plain", "_tls", "idle_since", "reused")

    def __init__(self, plain: _socket.socket, tls: Any) -> None:
        self._plain = plain
        self._tls = tls
        self.idle_since = 0.0
        self.reused = False

    @classmethod
    def open(
        cls,
        endpoint: Endpoint,
        host: str,
        trust: Trust,
        limit: float,
        cancel: Cancel,
        clock: Clock,
        proxy: Proxy | None = None,
    ) -> Connection:
        """Connect to ``host`` at ``endpoint``'s port within ``limit`` seconds, TLS and the way through ``proxy``
        included."""
        deadline = clock.monotonic() + limit
        near, port = (host, endpoint.port) if proxy is None else (proxy.host, proxy.port)
        way = host if proxy is None else f"{host} through the proxy {proxy.authority}"
        try:
            # As bytes: a str goes through the idna codec, which imports re, enum and unicodedata (14 ms of CPU here).
            name = near.encode("ascii")
            addresses = _socket.getaddrinfo(name, port, _socket.AF_UNSPEC, _socket.SOCK_STREAM)
        except OSError as error:
            raise ConnectionFailed(f"the name {near} can't be resolved: {error.args[-1]}") from None
        problem = ConnectionFailed(f"{near} has no address")
        for family, kind, protocol, _, address in addresses:
            remaining = deadline - clock.monotonic()
            if remaining <= 0:
                raise ConnectionFailed(f"connecting to {way} took over {limit:.1f} s", timed_out=True)
            plain = _Socket(family, kind, protocol)
            try:
                cancel.attach(plain)
                plain.settimeout(remaining)
                plain.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
                plain.connect(address)
                tls = _secured(plain, endpoint, host, trust, deadline, clock, proxy)
                return cls(plain, tls)
            except TimeoutError:
                problem = ConnectionFailed(f"connecting to {way} took over {limit:.1f} s", timed_out=True)
            except _ssl.SSLCertVerificationError as error:
                problem = ConnectionFailed(
                    f"the certificate of {host} is not trusted: {getattr(error, 'verify_message', error)}",
                    untrusted=True,
                )
            except OSError as error:  # SSLError is one
                problem = ConnectionFailed(f"connecting to {way} failed: {error.strerror or error}")
            except ConnectionFailed:
                plain.close()
                raise
            plain.close()
            cancel.attach(None)
        raise problem

    def send(self, data: bytes, limit: float) -> None:
        """Send all of it within ``limit`` seconds."""
        self._plain.settimeout(max(limit, 0.001))
        try:
            if self._tls is None:
                self._plain.sendall(data)
                return
            view = memoryview(data)
            while view:
                view = view[self._tls.write(view) :]
        except TimeoutError:
            raise ConnectionFailed("sending took too long", timed_out=True) from None
        except OSError as error:
            raise ConnectionFailed(f"the connection broke while sending: {error.strerror or error}") from None

    def receive(self, limit: float) -> bytes:
        """What has come, waiting at most ``limit`` seconds for it; b"" at the end of the stream."""
        self._plain.settimeout(max(limit, 0.001))
        try:
            return self._plain.recv(_CHUNK) if self._tls is None else self._tls.read(_CHUNK)
        except TimeoutError:
            raise ConnectionFailed("no answer in time", timed_out=True) from None
        except (_ssl.SSLEOFError, _ssl.SSLZeroReturnError):
            return b""
        except OSError as error:
            raise ConnectionFailed(f"the connection broke: {error.strerror or error}") from None

    def watch(self, cancel: Cancel) -> None:
        """Let ``cancel`` end what waits on this connection."""
        cancel.attach(self._plain)

    def close(self) -> None:
        """Close without ceremony: TLS's close_notify would wait for a peer that may be long gone."""
        self._plain.close()


def _secured(
    plain: _socket.socket,
    endpoint: Endpoint,
    host: str,
    trust: Trust,
    deadline: float,
    clock: Clock,
    proxy: Proxy | None,
) -> Any:
    """TLS to ``host`` over a fresh connection, through ``proxy`` where that leads to one; None where all is plain."""
    outer = None
    if proxy is not None:
        from extension.aws import tunnel

        outer = tunnel.establish(plain, proxy, host, endpoint.port, trust, deadline, clock)
    if endpoint.scheme != "https":
        return outer
    context = trust.context(endpoint.custom)
    if outer is None:
        tls = context._wrap_socket(plain, False, host)
    else:
        tls = tunnel.NestedTls(context, host, outer, plain, clock)
    plain.settimeout(max(deadline - clock.monotonic(), 0.001))
    tls.do_handshake()
    return tls
