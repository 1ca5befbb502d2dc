"""One connection to the sidecar's HTTP API as a picky client sees it: raw bytes out, strictly read answers in."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Any

_BODILESS = (204, 304)


class Closed(AssertionError):
    """The sidecar closed the connection where an answer was wanted."""


class Answer:
    """A complete answer. Header names keep their case; `header()` ignores it."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name: str) -> str:
        """The only header of that name, or ""."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) <= 1, f"{name} came {len(found)} times"
        return found[0] if found else ""

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def problem(self) -> dict[str, Any]:
        """The body of an RFC 9457 error, after a look at what every one of them has."""
        assert "application/problem+json" == self.header("content-type"), self
        document: dict[str, Any] = self.json
        assert self.status == document["status"]
        assert document["title"]
        assert document["detail"]
        return document

    def __repr__(self) -> str:
        return f"<{self.status} {self.headers} {self.body[:300]!r}>"


class HttpClient:
    """Kept alive until closed. `headers` go with every request; a value None leaves one out again."""

    def __init__(self, port: int, headers: Mapping[str, str | None], *, host: str = "127.0.0.1") -> None:
        self.headers = {"Host": f"localhost:{port}", **headers}
        self.socket = socket.create_connection((host, port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self._asked_for_head: list[bool] = []

    def __enter__(self) -> HttpClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    def request(
        self, method: str, target: str, headers: Mapping[str, str | None] | None = None, body: bytes = b""
    ) -> Answer:
        """Ask and read the answer."""
        self.ask(method, target, headers, body)
        return self.answer()

    def get(self, target: str, headers: Mapping[str, str | None] | None = None) -> Answer:
        return self.request("GET", target, headers)

    def ask(self, method: str, target: str, headers: Mapping[str, str | None] | None = None, body: bytes = b"") -> None:
        """Send a request; `answer()` reads what comes back, in the order of asking."""
        self.send(self.render(method, target, headers, body))
        self._asked_for_head.append(method == "HEAD")

    def render(
        self, method: str, target: str, headers: Mapping[str, str | None] | None = None, body: bytes = b""
    ) -> bytes:
        fields = {**self.headers, **(headers or {})}
        if body:
            fields["Content-Length"] = str(len(body))
        lines = [
            f"{method} {target} HTTP/1.1",
            *[f"{name}: {value}" for name, value in fields.items() if value is not None],
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> Answer:
        """The next answer; raises Closed where the connection ends before one begins."""
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = status_line.split(" ", 2)
        assert "HTTP/1.1" == version
        headers = [(name, value.strip()) for name, _, value in [line.partition(":") for line in lines]]
        answer = Answer(int(status), headers, b"")
        without_body = self._asked_for_head.pop(0) if self._asked_for_head else False
        length = answer.header("content-length")
        assert (answer.status in _BODILESS) == (length == ""), f"Content-Length {length!r} with {status}"
        if not without_body:
            answer.body = self._take(int(length or 0))
        return answer

    def rest(self) -> bytes:
        """Everything until the sidecar closes the connection."""
        try:
            while True:
                self._fill()
        except Closed:
            data, self._buffer = self._buffer, b""
            return data

    def _take(self, count: int) -> bytes:
        taken, self._buffer = bytearray(self._buffer), b""
        while len(taken) < count:
            self._fill()
            taken += self._buffer
            self._buffer = b""
        self._buffer = bytes(taken[count:])
        return bytes(taken[:count])

    def _fill(self) -> None:
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed(f"closed after {self._buffer[:100]!r}")
        self._buffer += data
