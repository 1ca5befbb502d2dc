"""Connections to AWS: TCP and TLS, one exchange at a time, pooled between exchanges.

TLS is spoken by ``_ssl``, the C module under ``ssl``: importing ``ssl`` itself costs 33 ms of CPU and 6 MB on the
machine where a bare interpreter starts in 14 ms. ``_SSLContext(PROTOCOL_TLS_CLIENT)`` verifies chain and host name in
OpenSSL, as ``ssl.SSLContext`` does, which only subclasses it.
"""

from __future__ import annotations

import _queue
import _socket
import _ssl
import _thread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from extension.aws.endpoints import Endpoint
    from extension.clock import Clock

CONNECT_LIMIT = 1.0  # seconds; contract §2: connecting takes at most this much of a fetch
# A network address translation in the path forgets idle connections after 350 s, AWS's own front ends after 60 s or
# less; a frozen environment learns nothing of either. Wall clock, because the monotonic one may stand still meanwhile.
IDLE_LIMIT = 50.0
_CHUNK = 65536
_SYSTEM_STORES = ("/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem")


class _Socket(_socket.socket):
    """``_ssl`` keeps a weak reference to the socket it reads from, which the plain type has no room for."""

    __slots__ = ("__weakref__",)


class ConnectionFailed(Exception):
    """The exchange could not be finished. ``timed_out``: because nothing came in time. Never holds a value."""

    def __init__(self, reason: str, *, timed_out: bool = False, untrusted: bool = False) -> None:
        super().__init__(reason)
        self.timed_out = timed_out
        self.untrusted = untrusted


class Cancel:
    """Lets one thread end what another one waits for: an exchange, or the pause between two attempts."""

    __slots__ = ("_lock", "_socket", "_wake", "cancelled")

    def __init__(self) -> None:
        self.cancelled = False
        self._lock = _thread.allocate_lock()
        self._wake = _thread.allocate_lock()
        self._wake.acquire()
        self._socket: _socket.socket | None = None

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

    def pause(self, seconds: float) -> None:
        """Wait that long, or until cancelled."""
        if self._wake.acquire(timeout=seconds):
            self._wake.release()
            raise ConnectionFailed("cancelled")


class Trust:
    """Which certificates are believed: the bundle of ``AWS_CA_BUNDLE``; else the five Amazon roots for AWS's own hosts;
    else, and where those roots do not verify an AWS host (a proxy that opens TLS), the system's store."""

    __slots__ = ("_bundle", "_contexts", "_lock", "_roots", "_roots_failed")

    def __init__(self, bundle: str | None, amazon_roots: str) -> None:
        self._bundle = bundle
        self._roots = amazon_roots
        self._roots_failed = False
        self._contexts: dict[str, Any] = {}
        self._lock = _thread.allocate_lock()

    def context(self, custom_endpoint: bool) -> Any:
        """The TLS context for such a host, made once."""
        store = "bundle" if self._bundle else "system" if custom_endpoint or self._roots_failed else "amazon"
        with self._lock:
            context = self._contexts.get(store)
            if context is None:
                context = self._contexts[store] = self._load(store)
        return context

    def fall_back(self) -> bool:
        """The Amazon roots did not verify an AWS host: from now on use the system's store. False if that was so before,
        or there is a bundle."""
        if self._bundle or self._roots_failed:
            return False
        self._roots_failed = True
        return True

    def _load(self, store: str) -> Any:
        context = _ssl._SSLContext(_ssl.PROTOCOL_TLS_CLIENT)  # CERT_REQUIRED and check_hostname are its defaults
        context.minimum_version = _ssl.PROTO_TLSv1_2
        if store == "bundle":
            try:
                context.load_verify_locations(self._bundle, None, None)
            except OSError as error:
                raise ConnectionFailed(f"AWS_CA_BUNDLE {self._bundle!r} can't be loaded: {error}") from None
        elif store == "amazon":
            context.load_verify_locations(self._roots, None, None)
        else:
            context.set_default_verify_paths()
            for path in _SYSTEM_STORES:
                try:
                    context.load_verify_locations(path, None, None)
                    break
                except OSError:
                    continue
        return context


class Connection:
    """One TCP connection, with TLS or without, that carries one exchange at a time."""

    __slots__ = ("_plain", "_tls", "_wall", "idle_since", "reused")

    def __init__(self, plain: _socket.socket, tls: Any, wall: Callable[[], float]) -> None:
        self._plain = plain
        self._tls = tls
        self._wall = wall
        self.idle_since = 0.0
        self.reused = False

    @classmethod
    def open(
        cls, endpoint: Endpoint, host: str, trust: Trust, limit: float, cancel: Cancel, clock: Clock
    ) -> Connection:
        """Connect to ``host`` at ``endpoint``'s port within ``limit`` seconds, TLS included."""
        deadline = clock.monotonic() + limit
        try:
            addresses = _socket.getaddrinfo(host, endpoint.port, _socket.AF_UNSPEC, _socket.SOCK_STREAM)
        except OSError as error:
            raise ConnectionFailed(f"the name {host} can't be resolved: {error.args[-1]}") from None
        problem = ConnectionFailed(f"{host} has no address")
        for family, kind, protocol, _, address in addresses:
            remaining = deadline - clock.monotonic()
            if remaining <= 0:
                raise ConnectionFailed(f"connecting to {host} took over {limit:.1f} s", timed_out=True)
            plain = _Socket(family, kind, protocol)
            try:
                cancel.attach(plain)
                plain.settimeout(remaining)
                plain.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
                plain.connect(address)
                tls = None
                if endpoint.scheme == "https":
                    tls = trust.context(endpoint.custom)._wrap_socket(plain, False, host)
                    plain.settimeout(max(deadline - clock.monotonic(), 0.001))
                    tls.do_handshake()
                return cls(plain, tls, clock.wall)
            except TimeoutError:
                problem = ConnectionFailed(f"connecting to {host} took over {limit:.1f} s", timed_out=True)
            except _ssl.SSLCertVerificationError as error:
                problem = ConnectionFailed(
                    f"the certificate of {host} is not trusted: {getattr(error, 'verify_message', error)}", untrusted=True
                )
            except OSError as error:  # SSLError is one
                problem = ConnectionFailed(f"connecting to {host} failed: {error.strerror or error}")
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


class Pool:
    """Idle connections by host. How many are in use at a time is the fetcher's business, which limits its jobs."""

    __slots__ = ("_arrivals", "_clock", "_idle", "_lock", "_trust", "_unclaimed", "opened")

    def __init__(self, trust: Trust, clock: Clock) -> None:
        self._trust = trust
        self._clock = clock
        self._lock = _thread.allocate_lock()  # guards the three tables; nothing waits while holding it
        self._idle: dict[tuple[str, int], list[Connection]] = {}
        self._unclaimed: dict[tuple[str, int], int] = {}  # connections under way that no exchange has asked for yet
        self._arrivals: dict[tuple[str, int], _queue.SimpleQueue[Connection | ConnectionFailed]] = {}
        self.opened = 0

    def announce(self, endpoint: Endpoint, host: str) -> None:
        """A connection is about to be opened ahead of need: whoever wants one to this host waits for it instead."""
        key = (host, endpoint.port)
        with self._lock:
            self._arrivals.setdefault(key, _queue.SimpleQueue())
            self._unclaimed[key] = self._unclaimed.get(key, 0) + 1

    def warm(self, endpoint: Endpoint, host: str, limit: float, cancel: Cancel) -> None:
        """Open the connection that was announced."""
        key = (host, endpoint.port)
        try:
            arrival: Connection | ConnectionFailed = self._open(endpoint, host, limit, cancel)
        except ConnectionFailed as error:
            arrival = error
        except BaseException:
            arrival = ConnectionFailed(f"connecting to {host} failed")
            raise
        finally:
            with self._lock:
                if self._unclaimed[key]:  # nobody waits
                    self._unclaimed[key] -= 1
                    if isinstance(arrival, Connection):
                        arrival.idle_since = self._clock.wall()
                        self._idle.setdefault(key, []).append(arrival)
                else:
                    self._arrivals[key].put(arrival)

    def acquire(self, endpoint: Endpoint, host: str, limit: float, cancel: Cancel) -> Connection:
        """A connection for one exchange: an idle one, one that is under way, or a new one."""
        key = (host, endpoint.port)
        limit = min(limit, CONNECT_LIMIT)
        stale = []
        with self._lock:
            idle = self._idle.get(key, [])
            found = None
            while idle and found is None:
                connection = idle.pop()
                if 0 <= self._clock.wall() - connection.idle_since < IDLE_LIMIT:
                    found = connection
                else:
                    stale.append(connection)
            awaited = found is None and self._unclaimed.get(key, 0) > 0
            if awaited:
                self._unclaimed[key] -= 1
        for connection in stale:
            connection.close()
        if awaited:
            arrival = self._arrivals[key].get()  # comes within CONNECT_LIMIT, or a name look-up's limit
            if isinstance(arrival, ConnectionFailed):
                raise arrival
            found = arrival
        if found is None:
            return self._open(endpoint, host, limit, cancel)
        try:
            found.watch(cancel)
        except ConnectionFailed:
            found.close()
            raise
        return found

    def release(self, endpoint: Endpoint, host: str, connection: Connection) -> None:
        """The exchange is over and the connection may carry another."""
        connection.idle_since = self._clock.wall()
        connection.reused = True
        with self._lock:
            self._idle.setdefault((host, endpoint.port), []).append(connection)

    def close_idle(self) -> None:
        """Close what is idle, before a snapshot or the end."""
        with self._lock:
            idle = [connection for connections in self._idle.values() for connection in connections]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _open(self, endpoint: Endpoint, host: str, limit: float, cancel: Cancel) -> Connection:
        self.opened += 1
        try:
            return Connection.open(endpoint, host, self._trust, limit, cancel, self._clock)
        except ConnectionFailed as error:
            if error.untrusted and not endpoint.custom and self._trust.fall_back():
                return Connection.open(endpoint, host, self._trust, limit, cancel, self._clock)
            raise
