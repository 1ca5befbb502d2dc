"""The record of requests: what was asked, as whom, when, over which connection, and how it ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from tests.fakes.http_connection import Connection
from tests.fakes.http_message import Request
from tests.fakes.waiting import wait_for

# Never kept: a record may end in a test's failure message.
_HIDDEN = {"authorization", "x-amz-security-token"}


class Call:
    """One request. `t_in` and `t_out` are monotonic seconds (t_out None while it is in flight), `wall` epoch seconds.

    `resources` are names as asked; `region` and `service` come from the credential scope; `role` from the credentials.
    `abandoned`: the client left before its answer. `fault` is the kind of the fault that was applied, if any.
    """

    def __init__(self, number: int, request: Request, connection: Connection) -> None:
        self.number = number
        self.method = request.method
        self.path = request.path
        self.query = request.query
        self.host = request.header("host")
        self.headers = [(name, value) for name, value in request.headers if name.lower() not in _HIDDEN]
        self.connection = connection.identifier
        self.action = ""
        self.resources: list[str] = []
        self.parameters: dict[str, Any] = {}
        self.service = ""
        self.region = ""
        self.role = ""
        self.status = 0
        self.error = ""
        self.fault = ""
        self.abandoned = False
        self.t_in = request.monotonic
        self.t_out: float | None = None
        self.wall = request.wall

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def matches(self, text: str) -> bool:
        """True where the text is this call's action, service, "service:Action", role, or one of its resources."""
        return text in (self.action, self.service, f"{self.service}:{self.action}", self.role, *self.resources)

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "headers"} | {
            "headers": [list(pair) for pair in self.headers]
        }

    def __repr__(self) -> str:
        end = "in flight" if self.t_out is None else f"{self.status} {self.error}".strip()
        return f"<{self.number} {self.service}:{self.action} {self.resources} #{self.connection} -> {end}>"


class CallLog:
    """All calls so far, and how many were in flight at once."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.in_flight = 0
        self.max_in_flight = 0
        self._number = 0
        self._calls: list[Call] = []

    def begin(self, request: Request, connection: Connection) -> Call:
        with self.changed:
            self._number += 1
            call = Call(self._number, request, connection)
            self._calls.append(call)
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
        return call

    def identified(self) -> None:
        """A call now has its action and resources; waiters may look."""
        with self.changed:
            self.changed.notify_all()

    def finish(self, call: Call) -> None:
        with self.changed:
            if call.t_out is None:
                call.t_out = time.monotonic()
                self.in_flight -= 1
                self.changed.notify_all()

    def all(self) -> list[Call]:
        with self.changed:
            return list(self._calls)

    def clear(self) -> None:
        """Forget all calls; the maximum in flight begins with what is in flight now."""
        with self.changed:
            self._calls = []
            self.max_in_flight = self.in_flight

    def wait(self, predicate: Callable[[Call], bool], count: int, timeout: float, what: str) -> list[Call]:
        """Until `count` calls fulfil the predicate; raises Timeout."""

        def enough() -> list[Call] | None:
            found = [call for call in self._calls if call.action and predicate(call)]
            return found if len(found) >= count else None

        with self.changed:
            found: list[Call] = wait_for(self.changed, enough, timeout, what)
            return found
