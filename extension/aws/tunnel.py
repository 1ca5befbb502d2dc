"""A way through an HTTP proxy: CONNECT (RFC 9110, section 9.3.6), over TLS where the proxy's URL says https.

Imported only where a connection goes through a proxy.
"""

from __future__ import annotations

import _ssl

from extension.aws.connection import ConnectionFailed
from extension.http1.fields import BadMessage
from extension.http1.rendering import render_request
from extension.http1.response import ResponseParser
from extension.proxies import authority

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from collections.abc import Callable
    from typing import Any

    from extension.aws.trust import Trust
    from extension.clock import Clock
    from extension.proxies import Proxy

    Limit = Callable[[], None]

_CHUNK = 16384
_LARGEST_HEAD = 16384
_PASSING = (408, 429)  # of 4xx, what may be over in a moment


def establish(
    plain: _socket.socket, proxy: Proxy, host: str, port: int, trust: Trust, deadline: float, clock: Clock
) -> Any:
    """Have the proxy at the other end of ``plain`` connect us to ``host``; the TLS to the proxy, None without.

    By ``deadline``, a moment of monotonic time, else ``TimeoutError``. ``ConnectionFailed`` where the proxy refuses or
    does not speak HTTP: it names the proxy's host and the status, and nothing that the proxy wrote.
    """

    def limit() -> None:
        plain.settimeout(max(deadline - clock.monotonic(), 0.001))

    outer = _secured(plain, proxy, trust, limit) if proxy.tls else None
    target = authority(host, port)
    headers = [("Host", target)]
    if proxy.authorization:
        headers.append(("Proxy-Authorization", proxy.authorization))
    _write(outer or plain, render_request("CONNECT", target, headers), limit)
    status = _status(outer or plain, proxy, limit)
    if not 200 <= status < 300:
        raise _refusal(proxy, target, status)
    return outer


class NestedTls:
    """TLS to a host inside the TLS to a proxy. Has what ``Connection`` uses of ``_ssl``'s own socket, which can only
    stand on a socket of the system."""

    __slots__ = ("_clock", "_incoming", "_inner", "_outer", "_outgoing", "_plain")

    def __init__(self, context: Any, host: str, outer: Any, plain: _socket.socket, clock: Clock) -> None:
        self._incoming = _ssl.MemoryBIO()
        self._outgoing = _ssl.MemoryBIO()
        self._inner = context._wrap_bio(self._incoming, self._outgoing, False, host)
        self._outer = outer
        self._plain = plain
        self._clock = clock

    def do_handshake(self) -> None:
        """Within the plain socket's timeout, as the two below."""
        self._done(self._inner.do_handshake)

    def read(self, size: int) -> bytes:
        """What has come, at most ``size`` bytes; as ``_ssl`` it raises at the end of the stream."""
        data: bytes = self._done(lambda: self._inner.read(size))
        return data

    def write(self, data: bytes | memoryview) -> int:
        """Send; how many bytes are on their way."""
        count: int = self._done(lambda: self._inner.write(data))
        return count

    def _done(self, step: Callable[[], Any]) -> Any:
        """Carry bytes between the two layers until the inner one has done its step. All of it has the time that the
        plain socket's timeout gives to one wait: a peer that drips does not prolong it."""
        timeout = self._plain.gettimeout()
        deadline = self._clock.monotonic() + (timeout or 0.0)

        def limit() -> None:
            left = deadline - self._clock.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._plain.settimeout(left)

        while True:
            try:
                result = step()
            except _ssl.SSLWantReadError:
                self._flush(limit)
                limit()
                data = self._outer.read(_CHUNK)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
                continue
            self._flush(limit)
            return result

    def _flush(self, limit: Limit) -> None:
        if self._outgoing.pending:
            _write(self._outer, self._outgoing.read(), limit)


def _secured(plain: _socket.socket, proxy: Proxy, trust: Trust, limit: Limit) -> Any:
    """TLS to the proxy, which is no host of AWS's: it is believed by AWS_CA_BUNDLE, else by the system's store."""
    outer = trust.context(True)._wrap_socket(plain, False, proxy.host)
    limit()
    try:
        outer.do_handshake()
    except _ssl.SSLCertVerificationError as error:
        reason = getattr(error, "verify_message", error)
        problem = f"the certificate of the proxy {proxy.authority} is not trusted: {reason}"
        raise ConnectionFailed(problem, refused=True) from None
    return outer


def _write(carrier: Any, data: bytes, limit: Limit) -> None:
    write = getattr(carrier, "write", None) or carrier.send
    view = memoryview(data)
    while view:
        limit()
        view = view[write(view) :]


def _status(carrier: Any, proxy: Proxy, limit: Limit) -> int:
    """The status of the proxy's answer, whose head alone is read: what follows a 2xx is the tunnel."""
    read = getattr(carrier, "read", None) or carrier.recv
    parser = ResponseParser(head_request=True, max_head=_LARGEST_HEAD)
    tail = b""
    while parser.status is None:
        limit()
        try:
            data = read(_CHUNK)
        except (_ssl.SSLEOFError, _ssl.SSLZeroReturnError):
            data = b""
        if not data:
            raise ConnectionFailed(f"the proxy {proxy.authority} closed the connection without an answer")
        try:
            parser.feed(data)
        except BadMessage as bad:
            raise ConnectionFailed(f"the proxy {proxy.authority} answered nonsense: {bad.reason}") from None
        tail = (tail + data)[-4:]
    # Whoever we are to reach speaks TLS, where the client has the first word.
    if parser.status < 300 and tail != b"\r\n\r\n":
        raise ConnectionFailed(f"the proxy {proxy.authority} sent something behind its answer to CONNECT")
    return parser.status


def _refusal(proxy: Proxy, target: str, status: int) -> ConnectionFailed:
    if status == 407:
        what = "refuses the user and password in HTTPS_PROXY" if proxy.authorization else "wants a user and password"
        problem = f"the proxy {proxy.authority} {what} (407)"
    elif status == 403:
        problem = f"the proxy {proxy.authority} does not allow a connection to {target} (403)"
    else:
        problem = f"the proxy {proxy.authority} answered {status} to CONNECT {target}"
    return ConnectionFailed(problem, refused=400 <= status < 500 and status not in _PASSING)
