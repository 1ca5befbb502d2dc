"""GetObject: conditional where a version is there, into memory or into a file, and verified.

What becomes of an object is its taker's business: it is held as it is, or a table is made of it
(``tables/registry.py``). What goes into a file is fetched in parts (``sources/ranged.py``).
"""

from __future__ import annotations

from extension.aws import outcome
from extension.aws.call import Memory
from extension.percent import encode
from extension.sources.object import NotModified, Object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol

    from extension.aws.call import Answer, Budget, Sink
    from extension.clock import Instant
    from extension.fetcher import FetchCall
    from extension.files import File, Place
    from extension.references import Resource
    from extension.sources.ranged import Download
    from extension.sources.s3 import S3

    Deliver = Callable[[Resource, Any, Instant], None]

    class Taker(Protocol):
        """Who takes an object. ``etag``: the version that is there, "" where there is none."""

        etag: str

        def place(self, size: int) -> Place | None:
            """Where that many bytes go; None: into memory."""

        def unchanged(self, budget: Budget) -> Any:
            """The outcome where the object is still the one with that ETag."""

        def changed(self, headers: Mapping[str, str], body: Any, checksum: str, budget: Budget) -> Any:
            """The outcome where it is this one now: bytes, or a file, which goes unless it is marked as kept."""


_MOST_VERSIONS = 3  # that are begun, where an object changes while it is being fetched
_CHECKSUM_MODE = ("x-amz-checksum-mode", "ENABLED")


class AsItIs:
    """Takes an object to be held as it is."""

    __slots__ = ("_held", "_resource", "_source", "etag")

    def __init__(self, source: S3, resource: Resource, held: Object | None) -> None:
        if held is not None and held.file is not None and not held.file.reachable:
            held = None  # the function has cleared the place: fetch it once more
        self._source = source
        self._resource = resource
        self._held = held
        self.etag = held.etag if held is not None else ""

    def place(self, size: int) -> Place | None:
        """A file is what is large, or listed as one."""
        source = self._source
        return source.files() if size > source.most_bytes or source.wants_file(self._resource) else None

    def unchanged(self, budget: Budget) -> NotModified:  # noqa: ARG002 (tables')
        """What is held, once more."""
        if self._held is None:
            raise outcome.failure(outcome.TRANSIENT, "", "S3 answered 304 where nothing is held")
        return NotModified(self._held)

    def changed(self, headers: Mapping[str, str], body: bytes | File, checksum: str, budget: Budget) -> Object:  # noqa: ARG002 (tables')
        """The object."""
        if not isinstance(body, bytes):
            body.kept = True
        return Object(self._resource.name, headers, body, checksum)


class Get:
    """GetObject for one, with If-None-Match where a version is there."""

    action = "GetObject"

    def __init__(self, source: S3, resource: Resource) -> None:
        self._source = source
        self.resources = (resource,)
        self.host = source.host(resource)

    def run(self, budget: Budget, deliver: Deliver) -> Sequence[FetchCall]:
        (resource,) = self.resources
        taker = self._taker(resource)
        conditions = [("If-None-Match", f'"{taker.etag}"')] if taker.etag else []
        for _ in range(_MOST_VERSIONS):
            body = _Body(self, taker, budget)
            try:
                answer = self.ask([*conditions, _CHECKSUM_MODE], budget, body)
                if answer.status == 304:
                    found = taker.unchanged(budget)
                else:
                    came = body.value()
                    if came is None:
                        continue
                    found = taker.changed(answer.headers, came, _verified(answer.headers, came), budget)
            finally:
                body.close()
            deliver(resource, found, answer.sent)
            return ()
        raise outcome.failure(
            outcome.TRANSIENT, "PreconditionFailed", f"the object changed {_MOST_VERSIONS} times while it was fetched"
        )

    def _taker(self, resource: Resource) -> Taker:
        source = self._source
        held = source.held(resource)
        table = source.tables.get(resource) if source.tables is not None else None
        return table.taker(held) if table is not None else AsItIs(source, resource, held)

    def ask(self, headers: list[tuple[str, str]], budget: Budget, body: Sink) -> Answer:
        """One GET for it, where its bucket is."""
        (resource,) = self.resources
        key = resource.name.partition("/")[2]
        query = "versionId=" + encode(resource.selector) if resource.selector else ""
        return self._source.client.perform(self._source.call(resource, key, query, headers), budget, body)

    def lend(self, work: Callable[[], None]) -> None:
        """Have another worker do that, too: where the bucket is by now."""
        self._source.lend(self._source.host(self.resources[0]), work)


class _Body:
    """Where an object's body goes: into memory, or into a file; the head of the answer decides."""

    __slots__ = ("_budget", "_download", "_get", "_memory", "_taker")

    def __init__(self, get: Get, taker: Taker, budget: Budget) -> None:
        self._get = get
        self._taker = taker
        self._budget = budget
        self._memory = Memory(get._source.most_bytes)
        self._download: Download | None = None

    @property
    def resumes(self) -> bool:
        """Whether what a broken connection did not bring is fetched by ranges."""
        return self._download is not None

    def begin(self, headers: dict[str, str]) -> None:
        """A body begins (again, after a retry)."""
        self._budget.arriving = True
        length, etag = headers.get("content-length", ""), headers.get("etag", "")
        if self._download is not None:
            self._download.begin_again(etag)
        elif length.isdigit() and etag:
            self._download = self._opened(int(length), etag)
        if self._download is None:
            self._memory.begin(headers)

    def _opened(self, size: int, etag: str) -> Download | None:
        place = self._taker.place(size)
        if place is None:
            return None
        from extension.sources.ranged import Download

        return Download(self._get, place, self._get.resources[0].name, etag, size, self._budget)

    def write(self, data: bytes) -> None:
        """Take the next part of it."""
        (self._download or self._memory).write(data)

    def value(self) -> bytes | File | None:
        """All of it; None where it has changed meanwhile."""
        if self._download is None:
            body = self._memory.value()
            self._download = self._opened(len(body), "")  # for who did not tell its length beforehand
            if self._download is None:
                return body
            self._download.write(body)
        return self._download.finish()

    def close(self) -> None:
        """Nothing more is to come: what is not kept is removed."""
        if self._download is not None:
            self._download.close()


def _verified(headers: Mapping[str, str], body: bytes | File) -> str:
    """The algorithm by which the body is what S3 says it is, "" where S3 has none that can be computed here."""
    if not any(name.startswith("x-amz-checksum-") for name in headers):
        return ""
    from extension.aws import checksums

    try:
        return checksums.verify(headers, len(body), (body,) if isinstance(body, bytes) else body.chunks())
    except checksums.Mismatch as mismatch:
        raise outcome.failure(outcome.TRANSIENT, "BadDigest", str(mismatch)) from None
