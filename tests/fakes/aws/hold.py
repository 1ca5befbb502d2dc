"""Holding answers back until N requests are in flight at once (the proof of parallel work), or until told."""

from __future__ import annotations

import threading

from tests.fakes.aws.calls import Call
from tests.fakes.aws.matching import Match, Matcher
from tests.fakes.http_connection import Connection
from tests.fakes.waiting import Gate, wait_for


class Hold:
    """A barrier. `count=None`: until release(). After `timeout` seconds what waits gets a 500 and `failed` is set."""

    def __init__(self, count: int | None, timeout: float, match: Match) -> None:
        self.count = count
        self.timeout = timeout
        self.failed = False
        self.held: list[Call] = []
        self._match = Matcher(match)
        self._gate = Gate()
        self._changed = threading.Condition()

    def matches(self, call: Call) -> bool:
        return self._match(call)

    def pass_through(self, call: Call, connection: Connection) -> str:
        """Wait with the others: "open" (go on), "gone" (the client left) or "timeout"."""
        with self._changed:
            self.held.append(call)
            self._changed.notify_all()
            if self.count is not None and len(self.held) >= self.count:
                self._gate.open()
        outcome = connection.wait(self._gate, self.timeout)
        with self._changed:
            if outcome != "open":
                self.held.remove(call)
            if outcome == "timeout":
                self.failed = True
            self._changed.notify_all()
        return outcome

    def wait(self, count: int = 1, timeout: float = 10.0) -> list[Call]:
        """Until that many requests are held; raises Timeout."""
        with self._changed:
            wait_for(self._changed, lambda: len(self.held) >= count, timeout, f"{count} held requests")
            return list(self.held)

    def release(self) -> None:
        """Let everything through, now and from now on."""
        self._gate.open()

    @property
    def is_over(self) -> bool:
        return self._gate.is_open

    def discard(self) -> None:
        self._gate.discard()
