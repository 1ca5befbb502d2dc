"""Faults on demand: refusals in each service's own words, and answers that break on the wire."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tests.fakes.aws.calls import Call
from tests.fakes.aws.errors import ERROR_500, ERROR_503, THROTTLED, AwsError, render_error, service_error
from tests.fakes.aws.matching import Match, Matcher
from tests.fakes.http_connection import Connection
from tests.fakes.http_message import Reply, Request
from tests.fakes.waiting import Gate, wait_for


class _Broken(Reply):
    """A good answer that is to break on its way."""

    sends_a_status = True

    def __init__(self, good: Reply, options: dict[str, Any]) -> None:
        super().__init__(good.status, good.headers, good.body)
        self.framing = good.framing
        self.options = options
        if not self.sends_a_status:
            self.status = 0  # for the record


class _Cut(_Broken):
    """The connection ends before the first byte; `reset=True` for a TCP reset."""

    sends_a_status = False

    def transmit(self, connection: Connection, request: Request | None) -> bool:
        (connection.abort if self.options.get("reset") else connection.cut)()
        return False


class _CutBody(_Broken):
    """The connection ends after the head and `at` bytes of the body (half of it, if not given)."""

    def transmit(self, connection: Connection, request: Request | None) -> bool:
        body = self.render_body()
        connection.send(self.render_head() + body[: self.options.get("at", len(body) // 2)])
        (connection.abort if self.options.get("reset") else connection.cut)()
        return False


class _Garbage(_Broken):
    """Bytes that are not HTTP."""

    sends_a_status = False

    def transmit(self, connection: Connection, request: Request | None) -> bool:
        connection.send(self.options.get("data", b"\x16\x03\x01 this is not HTTP \xff\xfe\r\n\r\n" * 3))
        return False


class _TooLong(_Broken):
    """Content-Length promises `by` bytes more than come; then the connection ends."""

    def announced_length(self) -> int:
        return len(self.body) + int(self.options.get("by", 10))

    def transmit(self, connection: Connection, request: Request | None) -> bool:
        super().transmit(connection, request)
        return False


class _TooShort(_Broken):
    """Content-Length promises `by` bytes less than come; the connection stays open, with the rest in it."""

    def announced_length(self) -> int:
        return max(0, len(self.body) - int(self.options.get("by", 5)))


class _Empty(_Broken):
    """The right head with Content-Length 0."""

    def __init__(self, good: Reply, options: dict[str, Any]) -> None:
        super().__init__(good, options)
        self.framing, self.body = "length", b""


class _Drip(_Broken):
    """`piece` bytes at a time with `pause` seconds between."""

    def __init__(self, good: Reply, options: dict[str, Any]) -> None:
        super().__init__(good, options)
        self.piece, self.pause = int(options.get("piece", 1)), float(options.get("pause", 0.001))


_BROKEN = {
    "cut": _Cut,
    "cut_body": _CutBody,
    "garbage": _Garbage,
    "too_long": _TooLong,
    "too_short": _TooShort,
    "empty": _Empty,
    "drip": _Drip,
}
_REFUSALS = {"throttled": THROTTLED, "error_500": ERROR_500, "error_503": ERROR_503}
_HANDSHAKE = {"tls", "tls_hang"}
KINDS = frozenset({*_BROKEN, *_REFUSALS, *_HANDSHAKE, "hang", "error", "reply"})


class Fault:
    """One fault in force. `applied` counts; `times=None`: until removed; the first `after` matches are spared."""

    def __init__(self, kind: str, match: Match, times: int | None, after: int, options: dict[str, Any]) -> None:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is not one of {sorted(KINDS)}")
        self.kind = kind
        self.times = times
        self.after = after
        self.options = options
        self.applied = 0
        self.gate = Gate()
        self.changed = threading.Condition()
        self._match = Matcher(match)

    def matches(self, call: Call) -> bool:
        return self._match(call)

    @property
    def is_spent(self) -> bool:
        return self.times is not None and self.applied >= self.times

    def apply(self) -> None:
        """Count one application."""
        with self.changed:
            self.applied += 1
            self.changed.notify_all()

    def wait(self, count: int = 1, timeout: float = 10.0) -> None:
        """Until it has been applied that often (a hang: until that many hang); raises Timeout."""
        with self.changed:
            wait_for(self.changed, lambda: self.applied >= count, timeout, f"{count} of {self.kind}")

    def release(self) -> None:
        """What hangs on this fault goes on and is answered; from now on it hangs nothing."""
        self.gate.open()

    def reply(self, call: Call, connection: Connection, good: Callable[[], Reply]) -> Reply | None:
        """The answer under this fault; None where the client left while it hung."""
        if self.kind in _REFUSALS:
            error = service_error(_REFUSALS[self.kind], call.service)
            call.error = error.code
            return render_error(error, call.service)
        if self.kind == "error":
            options = {"status": 400, "message": None, **self.options}
            call.error = options["code"]
            return render_error(AwsError(**options), call.service)
        if self.kind == "reply":
            made: Reply = self.options["make"](call)
            return made
        if self.kind == "hang":
            return good() if connection.wait(self.gate) == "open" else None
        return _BROKEN[self.kind](good(), self.options)


class Faults:
    """The faults in force, in the order they were added; the first that matches a call is applied to it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, kind: str, match: Match = None, *, times: int | None = None, after: int = 0, **options: Any) -> Fault:
        """Put a fault in force. Kinds and their options:

        throttled, error_500, error_503 · error (code=, status=, message=, spelling=) · reply (make=, of the call)
        · hang (until release()) · cut, cut_body (at=, reset=) · garbage (data=) · too_long, too_short (by=) · empty
        · drip (piece=, pause=) · tls (the handshake is cut), tls_hang (it never goes on); these two are for any
        connection that is opened, whatever `match` says.
        """
        fault = Fault(kind, match, times, after, options)
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        with self._lock:
            if fault in self._faults:
                self._faults.remove(fault)
        fault.gate.discard()

    def clear(self) -> None:
        """Remove all; what hangs goes on."""
        with self._lock:
            faults, self._faults = self._faults, []
        for fault in faults:
            fault.gate.discard()

    def take(self, call: Call) -> Fault | None:
        """The fault for this call, counted."""
        with self._lock:
            return self._take(lambda fault: fault.kind not in _HANDSHAKE and fault.matches(call))

    def take_handshake(self) -> Fault | None:
        """The fault for a connection that was just accepted, counted."""
        with self._lock:
            return self._take(lambda fault: fault.kind in _HANDSHAKE)

    def _take(self, wanted: Callable[[Fault], bool]) -> Fault | None:
        for fault in self._faults:
            if not fault.is_spent and wanted(fault):
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.apply()
                return fault
        return None
