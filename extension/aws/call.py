"""One call to AWS: what is asked, how long it may take, where the answer goes."""

from __future__ import annotations

from extension.aws.connection import Cancel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from extension.aws.endpoints import Endpoint
    from extension.clock import Instant

    class Sink(Protocol):
        """Where a body goes: memory, or a file. Either method may raise ``Enough``. ``resumes``: should the connection
        break now, what is missing can be had in another way."""

        @property
        def resumes(self) -> bool: ...
        def begin(self, headers: dict[str, str]) -> None: ...
        def write(self, data: bytes) -> None: ...


class Call:
    """One request to AWS, not yet signed. ``path`` and ``query`` (without its "?") are what goes on the wire.

    ``elsewhere`` is given an error answer and its code, and makes the call to ask instead where the answer says that
    another place is the right one, else None. It is asked once: a call that it makes has none itself. ``parse`` makes
    of a good answer's body what it says; where it raises ``ValueError``, AWS is asked again.
    """

    __slots__ = (
        "body",
        "elsewhere",
        "endpoint",
        "headers",
        "host",
        "host_header",
        "method",
        "parse",
        "path",
        "patient",
        "query",
        "region",
        "role",
        "service",
    )

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
        elsewhere: Callable[[Answer, str], Call | None] | None = None,
        parse: Callable[[bytes], Any] | None = None,
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
        self.elsewhere = elsewhere
        self.parse = parse
        self.patient = True  # tries again when throttled; not where there is another way to the same values


class Answer:
    """AWS's answer below 300, or 304. ``sent``: both clocks just before the request's first byte left. ``content``:
    what the call's ``parse`` made of the body."""

    __slots__ = ("body", "content", "headers", "sent", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes, sent: Instant) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.content: Any = None
        self.sent = sent

    def __repr__(self) -> str:
        return f"<Answer {self.status}, {len(self.body)} bytes>"


class Budget:
    """How long one fetch may take: ``timeout`` seconds from when it starts, but not past ``expires``, a point in
    monotonic time that may come closer while it runs (a round's end). ``cancel`` ends it at once. ``waited``: seconds
    of the timeout that were over before it started. ``arriving``: a body has begun to come that may take longer than a
    round does (contract §4)."""

    __slots__ = ("arriving", "cancel", "expires", "timeout", "waited")

    def __init__(self, timeout: float, cancel: Cancel | None = None, expires: float = float("inf")) -> None:
        self.timeout = timeout
        self.expires = expires
        self.cancel = cancel or Cancel()
        self.waited = 0.0
        self.arriving = False

    def branch(self) -> Budget:
        """The same for another exchange that runs beside."""
        return Budget(self.timeout, self.cancel.branch(), self.expires)


class Memory:
    """A sink that keeps the body, up to ``limit`` bytes."""

    __slots__ = ("_chunks", "_limit", "_size")
    resumes = False

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


class Enough(Exception):
    """The sink wants no more of the body: what is still to come is dropped, and the connection with it."""


class TooLarge(Exception):
    """The body is over the sink's limit."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"{size} bytes or more where {limit} are the limit")
