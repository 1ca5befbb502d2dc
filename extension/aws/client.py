"""Signed calls to AWS under one deadline, with retries inside it.

No SDK: importing boto3 with three clients takes 380 ms and 71 MB. What a retry may do follows contract §4's table of
classes; full jitter as in https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/.
"""

from __future__ import annotations

import os

from extension import dates
from extension.aws import outcome, sigv4
from extension.aws.endpoints import signing_region
from extension.aws.connection import CONNECT_LIMIT, Cancel, ConnectionFailed
from extension.http1.message import BadMessage, ResponseParser, render_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from extension.aws.connection import Connection, Pool
    from extension.aws.credentials import CredentialProvider
    from extension.aws.endpoints import Endpoint
    from extension.clock import Clock, Instant
    from extension.errors import SourceError

    class Sink(Protocol):
        """Where a body goes: memory, or a file."""

        def begin(self, headers: dict[str, str]) -> None: ...
        def write(self, data: bytes) -> None: ...


_BACKOFF_FIRST = 0.1  # seconds; doubled with each attempt, and a random share of it waited
_BACKOFF_MOST = 2.0
_SKEW_TOLERATED = 240.0  # seconds; AWS refuses a signature that is 5 minutes off
_ERROR_BODY = 65536


class Call:
    """One request to AWS, not yet signed. ``target`` is the path on the wire; ``query`` likewise, without its "?"."""

    __slots__ = ("body", "endpoint", "headers", "host", "host_header", "method", "path", "query", "region", "role", "service")

    def __init__(
        self,
        service: str,
        region: str,
        endpoint: Endpoint,
        *,
        method: str = "POST",
        host: str = "",
        host_header: str = "",
        path: str = "",
        query: str = "",
        headers: list[tuple[str, str]] | None = None,
        body: bytes = b"",
        role: str = "",
    ) -> None:
        self.service = service
        self.region = region
        self.endpoint = endpoint
        self.method = method
        self.host = host or endpoint.host
        self.host_header = host_header or endpoint.authority()
        self.path = path or endpoint.base_path or "/"
        self.query = query
        self.headers = headers or []
        self.body = body
        self.role = role


class Answer:
    """AWS's answer below 300, or 304. ``sent``: both clocks just before the request's first byte left."""

    __slots__ = ("body", "headers", "sent", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes, sent: Instant) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.sent = sent

    def __repr__(self) -> str:
        return f"<Answer {self.status}, {len(self.body)} bytes>"


class Budget:
    """How long one fetch may take: ``timeout`` seconds from when it starts, but not past ``expires``, a point in
    monotonic time that may come closer while it runs (a round's end). ``cancel`` ends it at once."""

    __slots__ = ("cancel", "expires", "timeout")

    def __init__(self, timeout: float, cancel: Cancel | None = None, expires: float = float("inf")) -> None:
        self.timeout = timeout
        self.expires = expires
        self.cancel = cancel or Cancel()


class Thawed(Exception):
    """The environment was frozen in the middle of an exchange: what it says is as old as the freeze."""


class Memory:
    """A sink that keeps the body, up to ``limit`` bytes."""

    __slots__ = ("_chunks", "_limit", "_size")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._chunks: list[bytes] = []

    def begin(self, headers: dict[str, str]) -> None:
        """A body begins (again, after a retry)."""
        self._chunks.clear()
        self._size = 0
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self._limit:
            raise TooLarge(int(length), self._limit)

    def write(self, data: bytes) -> None:
        """Take the next part of it."""
        self._size += len(data)
        if self._size > self._limit:
            raise TooLarge(self._size, self._limit)
        self._chunks.append(data)

    def value(self) -> bytes:
        """All of it."""
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)


class TooLarge(Exception):
    """The body is over the sink's limit."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"{size} bytes or more where {limit} are the limit")


class Client:
    """Performs calls. Thread-safe; blocks the calling thread for at most the call's budget."""

    __slots__ = ("_clock", "_credentials", "_memory_limit", "_pool", "calls", "skew")

    def __init__(self, pool: Pool, credentials: CredentialProvider, clock: Clock, memory_limit: int) -> None:
        self._pool = pool
        self._credentials = credentials
        self._clock = clock
        self._memory_limit = memory_limit
        self.skew = 0.0  # seconds that AWS's clock is ahead of ours, learnt from a refused signature
        self.calls = 0

    def perform(self, call: Call, budget: Budget, sink: Sink | None = None) -> Answer:
        """The answer to ``call``; ``SourceError`` where AWS refuses, fails, or does not answer within the budget."""
        clock = self._clock
        started = clock.monotonic()
        attempt = 0
        renewed = skew_mended = thawed = False
        while True:
            deadline = min(started + budget.timeout, budget.expires)
            try:
                answer = self._attempt(call, budget, deadline, sink)
                if answer.status < 300 or answer.status == 304:
                    return answer
                error = outcome.from_answer(answer.status, answer.headers, answer.body)
            except Thawed:
                if not thawed:  # done once more, freshly signed, with all its time
                    thawed = True
                    started = clock.monotonic()
                    continue
                error = outcome.failure(outcome.TIMEOUT, "", "the environment was frozen during the call, twice")
            except ConnectionFailed as failed:
                kind = outcome.TIMEOUT if failed.timed_out else outcome.CONNECTION
                error = outcome.failure(kind, "", str(failed))
                if failed.untrusted:  # trying again does not make a certificate good
                    raise error from None
            except BadMessage as bad:
                error = outcome.failure(outcome.TRANSIENT, "", f"{call.host} answered nonsense: {bad.reason}")
            except TooLarge as large:
                error = outcome.failure(outcome.MALFORMED, "EntityTooLarge", str(large))
                error.status = 413
                raise error from None

            if error.kind == outcome.CREDENTIALS and not renewed:
                renewed = True
                self._credentials.renew(call.role)
                continue
            if error.kind == outcome.SKEWED_CLOCK and not skew_mended and self._learn_skew(answer):
                skew_mended = True
                continue
            if not error.transient or error.kind in (outcome.CREDENTIALS, outcome.SKEWED_CLOCK):
                raise error
            pause = min(_BACKOFF_FIRST * 2**attempt, _BACKOFF_MOST) * _random()
            attempt += 1
            if budget.cancel.cancelled or clock.monotonic() + pause >= min(deadline, budget.expires):
                raise error
            try:
                budget.cancel.pause(pause)
            except ConnectionFailed:
                raise error from None

    def _attempt(self, call: Call, budget: Budget, deadline: float, sink: Sink | None) -> Answer:
        """One attempt, and one more on a fresh connection where a pooled one turns out to be dead: the request was not
        answered by a single byte, so nothing was done twice that is not safe to do twice (all our calls only read)."""
        while True:
            limit = deadline - self._clock.monotonic()
            if limit <= 0:
                raise ConnectionFailed("no time was left to ask", timed_out=True)
            credentials = self._credentials.current(call.role, Budget(limit, budget.cancel, budget.expires))
            connection = self._pool.acquire(call.endpoint, call.host, limit, budget.cancel)
            exchange = _Exchange(connection, self._clock, budget, deadline)
            reusable = False
            try:
                now = self._clock.now()
                headers = sigv4.sign(
                    method=call.method,
                    host=call.host_header,
                    path=call.path,
                    query=call.query,
                    headers=call.headers,
                    body=call.body,
                    service=call.service,
                    region=signing_region(call.region),
                    access_key=credentials.access_key,
                    secret_key=credentials.secret_key,
                    session_token=credentials.session_token,
                    timestamp=now.wall + self.skew,
                )
                target = call.path + "?" + call.query if call.query else call.path
                self.calls += 1
                answer, reusable = exchange.run(
                    call.method, target, headers, call.body, now, sink, self._memory_limit
                )
                return answer
            except ConnectionFailed as failed:
                if not connection.reused or exchange.begun or failed.timed_out or budget.cancel.cancelled:
                    raise
            finally:
                budget.cancel.attach(None)
                if reusable:
                    self._pool.release(call.endpoint, call.host, connection)
                else:
                    connection.close()

    def _learn_skew(self, answer: Answer) -> bool:
        """Whether the server's clock is so far from ours that this is why it refused; then sign with its time."""
        server = dates.from_http(answer.headers.get("date", ""))
        if server is None:
            return False
        skew = server - self._clock.wall()
        if abs(skew - self.skew) < _SKEW_TOLERATED:
            return False
        self.skew = skew
        return True


class _Exchange:
    """One request and its answer on one connection."""

    __slots__ = ("_budget", "_clock", "_connection", "_deadline", "begun")

    def __init__(self, connection: Connection, clock: Clock, budget: Budget, deadline: float) -> None:
        self._connection = connection
        self._clock = clock
        self._budget = budget
        self._deadline = deadline
        self.begun = False  # a byte of the answer has come

    def run(
        self,
        method: str,
        target: str,
        headers: list[tuple[str, str]],
        body: bytes,
        sent: Instant,
        sink: Sink | None,
        memory_limit: int,
    ) -> tuple[Answer, bool]:
        """The answer, and whether the connection may carry another exchange."""
        parser = ResponseParser(head_request=method == "HEAD")
        request = render_request(method, target, headers, body)
        self._watched(lambda: self._connection.send(request, self._left()))
        keep = Memory(memory_limit)
        into: Sink = keep
        answer: Answer | None = None
        while True:
            data = self._watched(lambda: self._connection.receive(self._left(answer is not None and sink is not None)))
            if data:
                self.begun = True
                parser.feed(data)
            else:
                if parser.status is None and not self.begun:
                    raise ConnectionFailed("the connection was closed before an answer")
                parser.feed_eof()
            if answer is None and parser.status is not None:
                fields = {
                    name.decode("latin-1").lower(): value.decode("latin-1", "replace") for name, value in parser.headers
                }
                answer = Answer(parser.status, fields, b"", sent)
                if sink is not None and parser.status < 300:
                    into = sink
                elif parser.status >= 300:
                    keep = into = Memory(_ERROR_BODY)
                if parser.status != 304:
                    into.begin(fields)
            if answer is not None:
                part = parser.read()
                if part:
                    into.write(part)
                if parser.complete:
                    answer.body = keep.value()
                    return answer, parser.keep_alive and bool(data)

    def _left(self, streaming: bool = False) -> float:
        """Seconds that the next wait may take. While a streamed body arrives the fetch timeout counts for each silence
        (contract §2), so that a large object may take its time and a dead connection not."""
        now = self._clock.monotonic()
        if streaming:
            return min(self._budget.timeout, self._budget.expires - now)
        left = min(self._deadline, self._budget.expires) - now
        if left <= 0:
            raise ConnectionFailed("no answer in time", timed_out=True)
        return left

    def _watched(self, wait: Callable[[], bytes | None]) -> bytes:
        """Do something that blocks, and notice a freeze in the middle of it: it took longer by the wall clock than the
        timeout it was given allows."""
        before = self._clock.wall()
        try:
            return wait() or b""
        finally:
            if self._clock.wall() - before > self._budget.timeout + CONNECT_LIMIT:
                raise Thawed


def _random() -> float:
    """From 0 to 1. Not from a generator: a SnapStart snapshot would clone its state into every environment."""
    return int.from_bytes(os.urandom(4), "big") / 2**32
