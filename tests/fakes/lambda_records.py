"""What the stand-in for the Extensions API remembers: calls, reported errors, invocations."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.http_connection import Connection
from tests.fakes.http_message import Request


class Call:
    """One request to the API: what was asked, when (both clocks, in seconds), and the status it got (0: none yet)."""

    def __init__(self, kind: str, request: Request, connection: Connection) -> None:
        self.kind = kind
        self.method = request.method
        self.path = request.path
        self.headers = request.headers
        self.body = request.body
        self.monotonic = request.monotonic
        self.wall = request.wall
        self.connection = connection.identifier
        self.status = 0

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def __repr__(self) -> str:
        return f"<{self.kind} -> {self.status}>"


class ReportedError:
    """What an extension said with init/error or exit/error."""

    def __init__(self, extension: str, error_type: str, body: bytes) -> None:
        self.extension = extension
        self.error_type = error_type
        self.body = body

    @property
    def document(self) -> dict[str, Any]:
        """The body as JSON; {} where there was none."""
        return json.loads(self.body) if self.body else {}

    def __repr__(self) -> str:
        return f"<{self.extension}: {self.error_type}>"


class Invocation:
    """An INVOKE that was delivered, and when each extension asked for the next event (monotonic seconds).

    `subscribers` holds how often each had called next when the event went out.
    """

    def __init__(self, event: dict[str, Any], delivered_at: float, subscribers: dict[str, int]) -> None:
        self.subscribers = subscribers
        self.event = event
        self.request_id: str = event["requestId"]
        self.delivered_at = delivered_at
        self.next_at: dict[str, float] = {}

    @property
    def elapsed(self) -> float:
        """Seconds until the last extension asked for the next event."""
        return max(self.next_at.values(), default=self.delivered_at) - self.delivered_at
