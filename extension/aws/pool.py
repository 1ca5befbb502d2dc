"""Connections that are kept between exchanges, and those opened ahead of need."""

from __future__ import annotations

import _queue
import _thread

from extension.aws.connection import CONNECT_LIMIT, Connection, ConnectionFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.aws.connection import Cancel
    from extension.aws.endpoints import Endpoint
    from extension.aws.trust import Trust
    from extension.clock import Clock
    from extension.proxies import Proxies

# A network address translation in the path forgets idle connections after 350 s, AWS's own front ends after 60 s or
# less; a frozen environment learns nothing of either. Wall clock, because the monotonic one may stand still meanwhile.
IDLE_LIMIT = 50.0


class Pool:
    """Idle connections by host. How many are in use at a time is the fetcher's business, which limits its jobs."""

    __slots__ = (
        "_ahead",
        "_arrivals",
        "_clock",
        "_idle",
        "_lock",
        "_none_ahead",
        "_proxies",
        "_sealed",
        "_trust",
        "_unclaimed",
    )

    def __init__(self, trust: Trust, clock: Clock, proxies: Proxies | None = None) -> None:
        self._trust = trust
        self._proxies = proxies
        self._clock = clock
        self._lock = _thread.allocate_lock()  # guards the tables; nothing waits while holding it
        self._idle: dict[tuple[str, int], list[Connection]] = {}
        self._sealed = False  # a snapshot may be taken: nothing is kept open
        self._ahead: set[Cancel] = set()  # of the connections that are being opened ahead of need
        self._none_ahead = _thread.allocate_lock()  # held while there are any
        self._unclaimed: dict[tuple[str, int], int] = {}  # connections under way that no exchange has asked for yet
        self._arrivals: dict[tuple[str, int], _queue.SimpleQueue[Connection | ConnectionFailed]] = {}

    def announce(self, endpoint: Endpoint, host: str) -> None:
        """A connection is about to be opened ahead of need: whoever wants one to this host waits for it instead."""
        key = (host, endpoint.port)
        with self._lock:
            self._arrivals.setdefault(key, _queue.SimpleQueue())
            self._unclaimed[key] = self._unclaimed.get(key, 0) + 1

    def warm(self, endpoint: Endpoint, host: str, limit: float, cancel: Cancel) -> None:
        """Open the connection that was announced."""
        key = (host, endpoint.port)
        with self._lock:
            if not self._ahead:
                self._none_ahead.acquire()
            self._ahead.add(cancel)
            sealed = self._sealed
        try:
            if sealed:
                raise ConnectionFailed("a snapshot may be taken")
            arrival: Connection | ConnectionFailed = self._open(endpoint, host, limit, cancel)
        except ConnectionFailed as error:
            arrival = error
        except BaseException:
            arrival = ConnectionFailed(f"connecting to {host} failed")
            raise
        finally:
            with self._lock:
                unwanted = self._unclaimed[key] > 0  # nobody waits
                if unwanted:
                    self._unclaimed[key] -= 1
                else:
                    self._arrivals[key].put(arrival)
            if unwanted and isinstance(arrival, Connection):
                self.release(endpoint, host, arrival)  # it may be cut before it is used, like any idle one
            with self._lock:
                self._ahead.discard(cancel)
                if not self._ahead:
                    self._none_ahead.release()

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
            found = self._await(key, limit)
        if found is None:
            return self._open(endpoint, host, limit, cancel)
        try:
            found.watch(cancel)
        except ConnectionFailed:
            found.close()
            raise
        return found

    def _await(self, key: tuple[str, int], limit: float) -> Connection:
        """The connection under way, as soon as it is there. One that takes longer than ``limit`` seconds (a name
        look-up can't be bounded) is left to whoever asks next."""
        arrivals = self._arrivals[key]
        try:
            arrival = arrivals.get(timeout=max(limit, 0))
        except _queue.Empty:
            with self._lock:
                try:
                    arrival = arrivals.get_nowait()  # it came in this very moment
                except _queue.Empty:
                    self._unclaimed[key] += 1
                    raise ConnectionFailed(f"connecting to {key[0]} took over {limit:.1f} s", timed_out=True) from None
        if isinstance(arrival, ConnectionFailed):
            raise arrival
        return arrival

    def release(self, endpoint: Endpoint, host: str, connection: Connection) -> None:
        """The exchange is over and the connection may carry another."""
        connection.idle_since = self._clock.wall()
        connection.reused = True
        with self._lock:
            kept = not self._sealed
            if kept:
                self._idle.setdefault((host, endpoint.port), []).append(connection)
        if not kept:
            connection.close()

    def seal(self) -> None:
        """Before a snapshot: close what is idle and what is being opened ahead, and keep nothing open from now on."""
        with self._lock:
            self._sealed = True
            ahead = list(self._ahead)
        for cancel in ahead:
            cancel.cancel()
        if self._none_ahead.acquire(timeout=CONNECT_LIMIT):  # a name look-up can't be cancelled
            self._none_ahead.release()
        self.close_idle()

    def unseal(self) -> None:
        """No snapshot is taken any more."""
        self._sealed = False

    def close_idle(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle = [connection for connections in self._idle.values() for connection in connections]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def _open(self, endpoint: Endpoint, host: str, limit: float, cancel: Cancel) -> Connection:
        proxy = None
        if self._proxies is not None and endpoint.scheme == "https":  # HTTPS_PROXY is not for plain HTTP
            proxy = self._proxies.find(host, endpoint.port)
        by_roots = not endpoint.custom and self._trust.by_roots  # now: others may fall back while this one is tried
        try:
            return Connection.open(endpoint, host, self._trust, limit, cancel, self._clock, proxy)
        except ConnectionFailed as error:
            if error.untrusted and by_roots:
                self._trust.fall_back()
                return Connection.open(endpoint, host, self._trust, limit, cancel, self._clock, proxy)
            raise
