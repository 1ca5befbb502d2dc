"""The Extensions API after registration: next, init error, exit error, over the connection that boot opened.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
"""

from __future__ import annotations

import _socket

from extension import jsontext
from extension.errors import ApiGone
from extension.http1.message import BadMessage, ResponseParser, render_request, whole_body

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from extension.boot import Boot

_PATH = "/2020-01-01/extension"
_PIECE = 16384  # bytes; an event has a few hundred


class Event:
    """What ``next`` brings. ``deadline_ms``: milliseconds since the epoch."""

    __slots__ = ("deadline_ms", "kind", "reason")

    def __init__(self, document: dict[str, Any]) -> None:
        self.kind = str(document.get("eventType"))
        deadline = document.get("deadlineMs")
        self.deadline_ms = float(deadline) if isinstance(deadline, (int, float)) else 0.0
        self.reason = str(document.get("shutdownReason") or "")


class LambdaApi:
    """Speaks for one registered extension. For the main thread."""

    def __init__(self, boot: Boot) -> None:
        assert boot.connection is not None
        self._authority = boot.api
        self._identifier = boot.identifier
        self._connection = boot.connection
        self.account_id = ""
        self._next = render_request("GET", _PATH + "/event/next", self._fields([], b""))  # the same at every INVOKE
        self._parse_registration(boot.received)

    def _parse_registration(self, received: bytes) -> None:
        """Read the answer to register to its end. ``accountId`` is missing in the emulator and where Lambda does not
        send it."""
        parser = ResponseParser()
        try:
            document = jsontext.loads(self._rest(parser, received))
        except (ValueError, OSError):
            return
        account = document.get("accountId") if isinstance(document, dict) else None
        if isinstance(account, str) and len(account) == 12 and account.isdigit():
            self.account_id = account

    def next(self) -> Event:
        """Wait for the next event. No timeout: the environment may be frozen in the middle of waiting."""
        status, body = self._exchange(self._next)
        if status != 200:
            raise ApiGone(f"next was answered with {status}")
        try:  # whatever the Content-Type: the emulator sends SHUTDOWN as text/plain
            document = jsontext.loads(body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise ApiGone("next was answered with nonsense")
        return Event(document)

    def init_error(self, error_type: str, message: str) -> None:
        """INIT can't go on; legal before the first ``next`` only. The process has to end afterwards."""
        self._report("/init/error", error_type, message)

    def _report(self, path: str, error_type: str, message: str) -> None:
        body = jsontext.dumps({"errorMessage": message, "errorType": error_type, "stackTrace": []})
        fields = self._fields([("Lambda-Extension-Function-Error-Type", error_type)], body)
        self._exchange(render_request("POST", _PATH + path, fields, body))

    def _fields(self, headers: list[tuple[str, str]], body: bytes) -> list[tuple[str, str]]:
        return [
            ("Host", self._authority),
            ("Lambda-Extension-Identifier", self._identifier),
            *([("Content-Type", "application/json")] if body else []),
            *headers,
        ]

    def _exchange(self, request: bytes) -> tuple[int, bytes]:
        try:
            self._connection.sendall(request)
            data = self._connection.recv(_PIECE)
            body = whole_body(data)
            if body is not None:
                return 200, body
            parser = ResponseParser()
            content = self._rest(parser, data)
        except (OSError, ValueError) as error:
            raise ApiGone(f"the Extensions API does not answer: {error}") from None
        if not parser.keep_alive:
            self._reconnect()
        assert parser.status is not None
        return parser.status, content

    def _rest(self, parser: ResponseParser, data: bytes) -> bytes:
        """The body of the answer that begins with ``data``."""
        content = b""
        try:
            while True:
                if data:
                    parser.feed(data)
                else:
                    parser.feed_eof()
                content += parser.read()
                if parser.complete:
                    return content
                data = self._connection.recv(_PIECE)
        except BadMessage as bad:
            raise ValueError(bad.reason) from None

    def _reconnect(self) -> None:
        """The API closed the connection after its answer."""
        self._connection.close()
        host, _, port = self._authority.rpartition(":")
        self._connection = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        try:
            self._connection.connect((host, int(port)))
        except OSError as error:
            raise ApiGone(f"the Extensions API does not answer: {error}") from None
