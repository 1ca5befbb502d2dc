"""A stand-in for Lambda's container credentials endpoint, which SnapStart functions have instead of key variables.

Shape as in AWS's Runtime Interface Emulator: bare token in Authorization (no "Bearer"), a wrong one is 404.
"""

from __future__ import annotations

import hmac
import json
import math
import secrets
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

from tests.fakes.http_connection import Connection
from tests.fakes.http_message import Reply, Request
from tests.fakes.http_server import HttpServer
from tests.fakes.waiting import Gate, wait_for

PATH = "/2021-04-23/credentials"
YEAR_ONE = "0001-01-01T00:00:00Z"  # what the emulator sends for "not known"
TEXT = [("Content-Type", "text/plain; charset=utf-8")]  # its JSON too, as the emulator says it
MODES = ("ok", "hang", "garbage", "not_json", "empty", "cut", "error_500")


class Keys(Protocol):
    """What tests.fakes.aws.Identity is."""

    access_key: str
    secret_key: str
    session_token: str
    expires: float


class FakeContainerCredentials:
    """Serves whatever `source()` returns at that moment: `FakeContainerCredentials(lambda: aws.identity)`.

    `expiration`: "real" (the keys' own; six hours ahead where they have none), "year one", or a text to send as it is.
    `mode` is one of MODES and can be changed at any time; `hang` lasts until the client leaves or release().
    """

    def __init__(
        self,
        source: Callable[[], Keys],
        *,
        token: str | None = None,
        expiration: str = "real",
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.source = source
        self.token = token or secrets.token_urlsafe(24)
        self.expiration = expiration
        self.mode = "ok"
        self.requests: list[Request] = []
        self.refused = 0  # requests with another token, or none
        self._gate = Gate()
        self._changed = threading.Condition()
        self._server = HttpServer(self._handle, host=host, port=port, name="container-credentials")

    def __enter__(self) -> FakeContainerCredentials:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._gate.open()
        self._server.close()
        self._gate.discard()
        if self._server.faults:
            raise self._server.faults[0]

    @property
    def url(self) -> str:
        return f"http://{self._server.host}:{self._server.port}{PATH}"

    @property
    def environ(self) -> dict[str, str]:
        return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.token}

    @property
    def count(self) -> int:
        with self._changed:
            return len(self.requests)

    def wait_requests(self, count: int, timeout: float = 10.0) -> None:
        """Until that many requests have come in; raises Timeout."""
        with self._changed:
            wait_for(self._changed, lambda: len(self.requests) >= count, timeout, f"{count} requests for credentials")

    def release(self) -> None:
        """Answer what hangs; from now on nothing hangs."""
        self._gate.open()

    def _handle(self, connection: Connection, request: Request) -> Reply | None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        if request.path != PATH or request.method != "GET":
            return Reply(404, TEXT, b"404 page not found\n")
        if not hmac.compare_digest(request.header("authorization").encode(), self.token.encode()):
            self.refused += 1
            return Reply(404, TEXT, b"cannot get credentials for the provided token\n")
        if self.mode == "hang" and connection.wait(self._gate) != "open":
            return None
        return self._answer(connection)

    def _answer(self, connection: Connection) -> Reply | None:
        if self.mode == "garbage":
            connection.send(b"\x00\xff this is not HTTP\r\n\r\n")
            return None
        if self.mode == "cut":
            connection.cut()
            return None
        if self.mode == "error_500":
            return Reply(500)
        if self.mode in ("not_json", "empty"):
            return Reply(200, TEXT, b'{"AccessKeyId":' if self.mode == "not_json" else b"")
        keys = self.source()
        document = {
            "AccessKeyId": keys.access_key,
            "SecretAccessKey": keys.secret_key,
            "Expiration": self._expiration(keys),
            "Token": keys.session_token,
        }
        return Reply(200, TEXT, json.dumps(document, separators=(",", ":")).encode())

    def _expiration(self, keys: Keys) -> str:
        if self.expiration == "year one":
            return YEAR_ONE
        if self.expiration != "real":
            return self.expiration
        end = time.time() + 6 * 3600 if math.isinf(keys.expires) else keys.expires
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
