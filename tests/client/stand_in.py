"""A stand-in for the sidecar: it says what a test tells it to, byte for byte, and notes what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from preheat import Client
from tests.fakes.http_connection import Connection
from tests.fakes.http_message import Reply, Request
from tests.fakes.http_server import HttpServer

TEXT = "text/plain; charset=utf-8"
TOKEN = "the-session-token-of-this-environment"
TOKEN_HEADER = "X-Aws-Parameters-Secrets-Token"

Behaviour = Callable[[Connection, Request], "Reply | None"]


class Raw(Reply):
    """These bytes and no others; `keep=False` ends the connection after them."""

    def __init__(self, data: bytes, *, keep: bool = True, piece: int = 0, pause: float = 0.0) -> None:
        super().__init__(200)
        self.data = data
        self.keep = keep
        self.piece = piece
        self.pause = pause

    def transmit(self, connection: Connection, request: Request | None) -> bool:
        connection.send(self.data, self.piece, self.pause)
        return self.keep


def ok(
    value: str | bytes, *, age: int | str = 0, lifetime: int | None = 300, media: str = TEXT, status: int = 200
) -> Reply:
    """A value as the sidecar answers it; `lifetime=None`: without Cache-Control, `age=""`: without Age."""
    headers = [("Content-Type", media)]
    if age != "":
        headers.append(("Age", str(age)))
    if lifetime is not None:
        headers.append(("Cache-Control", f"private, max-age={lifetime}"))
    headers += [("ETag", '"version-1"'), ("Preheat-Cache", "hit")]
    return Reply(status, headers, value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass"))


def as_json(document: object) -> Reply:
    return Reply(
        200, [("Content-Type", "application/json"), ("Cache-Control", "no-store")], json.dumps(document).encode()
    )


def problem(status: int, detail: str = "it can't be read", **members: Any) -> Reply:
    """An error as the sidecar answers it."""
    body = json.dumps({"status": status, "title": "Title", "detail": detail, **members}).encode()
    return Reply(status, [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")], body)


def echo(connection: Connection, request: Request) -> Reply:
    """The usual behaviour: a value that says what was asked for, so that a wrong answer can't be taken for a right
    one."""
    return ok(f"value of {request.target}")


class StandIn:
    """Use as a context manager. `script` holds what to do with the next requests; after it comes `usual`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.connections: list[int] = []  # by the number of the connection each request came on
        self.script: list[Behaviour | Reply] = []
        self.usual: Behaviour = echo
        self._lock = threading.Lock()
        self.server = HttpServer(self._handle, name="sidecar")

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def environ(self) -> dict[str, str]:
        return {"PREHEAT_PORT": str(self.port), "AWS_SESSION_TOKEN": TOKEN}

    @property
    def targets(self) -> list[str]:
        return [request.target for request in self.requests]

    def client(self, environ: Mapping[str, str] | None = None, **options: Any) -> Client:
        return Client(environ={**self.environ, **(environ or {})}, **options)

    def _handle(self, connection: Connection, request: Request) -> Reply | None:
        with self._lock:
            self.requests.append(request)
            self.connections.append(connection.identifier)
            behaviour = self.script.pop(0) if self.script else self.usual
        return behaviour if isinstance(behaviour, Reply) else behaviour(connection, request)

    def __enter__(self) -> StandIn:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.close()
        if self.server.faults and error is None:
            raise self.server.faults[0]
