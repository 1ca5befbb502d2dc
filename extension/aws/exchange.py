"""One request and its answer on one connection, watched for a freeze in the middle."""

from __future__ import annotations

from extension.aws.call import Answer, Enough, Memory
from extension.aws.connection import CONNECT_LIMIT, ConnectionFailed
from extension.http1.fields import BadMessage
from extension.http1.rendering import render_request
from extension.http1.response import ResponseParser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from extension.aws.call import Budget, Sink
    from extension.aws.connection import Connection
    from extension.clock import Clock, Instant

_ERROR_BODY = 65536  # bytes of it that are looked at
_STEP = 0.25  # seconds


class Thawed(Exception):
    """The environment was frozen in the middle of an exchange: what it says is as old as the freeze."""


class _Beginning:
    """Keeps the beginning of an error's body: what a proxy adds to its page must not hide that the call failed."""

    __slots__ = ("_body",)
    resumes = False

    def __init__(self) -> None:
        self._body = b""

    def begin(self, _headers: dict[str, str]) -> None:
        """A body begins."""

    def write(self, data: bytes) -> None:
        """Take the next part of it."""
        self._body += data[: _ERROR_BODY - len(self._body)]

    def value(self) -> bytes:
        """What there is of it."""
        return self._body


class Exchange:
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
        """The answer, and whether the connection may carry another exchange: not where the sink had enough, or can
        resume elsewhere what breaks off here."""
        parser = ResponseParser(head_request=method == "HEAD")
        request = render_request(method, target, headers, body)
        self._watched(lambda: self._connection.send(request, self._left()))
        keep: Memory | _Beginning = Memory(memory_limit)
        into: Sink = keep
        answer: Answer | None = None
        while True:
            try:
                ended = not self._receive(parser, self._left(streaming=answer is not None and sink is not None))
            except (ConnectionFailed, BadMessage):
                if answer is None or not into.resumes or self._budget.cancel.cancelled:
                    raise
                return answer, False
            if parser.status is None:
                continue
            begins = answer is None
            if answer is None:
                fields = {
                    name.decode("latin-1").lower(): value.decode("latin-1", "replace") for name, value in parser.headers
                }
                answer = Answer(parser.status, fields, b"", sent)
                if sink is not None and parser.status < 300:
                    into = sink
                elif parser.status >= 300:
                    keep = into = _Beginning()
            try:
                if begins and answer.status != 304:
                    into.begin(answer.headers)
                part = parser.read()
                if part:
                    into.write(part)
            except Enough:
                return answer, False
            if parser.complete:
                answer.body = keep.value()
                return _whole(answer, parser), parser.keep_alive and not ended

    def _receive(self, parser: ResponseParser, limit: float) -> bool:
        """Give the parser what has come, or the end of the stream: then False."""
        data = self._watched(lambda: self._hear(limit))
        if data:
            self.begun = True
            parser.feed(data)
            return True
        if parser.status is None and not self.begun:
            raise ConnectionFailed("the connection was closed before an answer")
        if self._budget.cancel.cancelled:  # we ended it ourselves: it says nothing of where the body ends
            raise ConnectionFailed("cancelled")
        parser.feed_eof()
        return False

    def _hear(self, limit: float) -> bytes:
        """What has come, waiting at most ``limit`` seconds: in steps, as the call's end may come closer meanwhile."""
        until = self._clock.monotonic() + limit
        while True:
            left = min(until, self._budget.expires) - self._clock.monotonic()
            try:
                return self._connection.receive(min(left, _STEP))
            except ConnectionFailed as failed:
                if not failed.timed_out or left <= _STEP:
                    raise

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


def _whole(answer: Answer, parser: ResponseParser) -> Answer:
    """The answer, unless more came than was announced: then it is not known where its body ends."""
    if parser.surplus and answer.status < 300:
        raise BadMessage(400, "longer than announced")
    return answer
