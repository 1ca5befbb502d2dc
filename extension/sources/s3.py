"""Amazon S3: GetObject, conditional where a copy is held, and ListObjectsV2 for wildcards.

What is large, or listed with ``file=true``, goes into a file below ``/tmp``; ``sources/ranged.py`` fetches it in parts.
"""

from __future__ import annotations

import _thread

from extension.aws import outcome, xml
from extension.aws.call import Call, Memory
from extension.aws.endpoints import s3_location
from extension.errors import SourceError
from extension.percent import decode, encode
from extension.sources.bucket_regions import BucketRegions
from extension.sources.listing import Listing, PagedCall, pattern_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from extension.aws.call import Answer, Budget, Sink
    from extension.aws.client import Client
    from extension.aws.directory import Directory
    from extension.clock import Instant
    from extension.fetcher import FetchCall
    from extension.files import File, Files
    from extension.logs import Log
    from extension.references import Resource
    from extension.sources.ranged import Download
    from extension.tables.registry import Listed, Tables

    Deliver = Callable[[Resource, Any, Instant], None]

SERVICE = "s3"
LARGE = 16 << 20  # bytes; above it, or above PREHEAT_CACHE_MEMORY, an object is kept as a file
_MOST_VERSIONS = 3  # that are begun, where an object changes while it is being fetched
_CHECKSUM_MODE = ("x-amz-checksum-mode", "ENABLED")


class Object:
    """One version of an object, in memory or as a file. ``checksum``: the algorithm by which it was verified, "" where
    S3 has none that can be. ``size`` counts what is in memory. The repr shows nothing of it."""

    __slots__ = ("body", "checksum", "content_type", "etag", "modified", "name", "size", "version")

    def __init__(self, name: str, headers: dict[str, str], body: bytes | File, checksum: str = "") -> None:
        self.name = name
        self.body = body
        self.checksum = checksum
        self.etag = headers.get("etag", "").strip('"')
        self.version = headers.get("x-amz-version-id", "")
        self.content_type = headers.get("content-type") or "binary/octet-stream"  # S3's own default
        self.modified = headers.get("last-modified", "")
        self.size = len(name) + (len(body) if isinstance(body, bytes) else 0)

    @property
    def file(self) -> File | None:
        """The file that it is kept as; None where it is in memory."""
        return None if isinstance(self.body, bytes) else self.body

    def __repr__(self) -> str:
        return f"<Object {self.name}, {len(self.body)} bytes>"


class NotModified:
    """S3 answered 304: what is held is still right, and as young as this question."""

    __slots__ = ("held",)

    def __init__(self, held: Any) -> None:
        self.held = held


class S3:
    """The source of objects. Thread-safe.

    ``held`` gives the copy that is held, or None; ``wants_file`` says whether a resource is listed with ``file=true``;
    ``make_files`` makes the private directory for files, at the first that is needed; ``lend`` has work done beside a
    call, at a host that has a place for it.
    """

    def __init__(
        self,
        client: Client,
        directory: Directory,
        held: Callable[[Resource], Any],
        most_bytes: int,
        most_names: int,
        log: Log | None = None,
        *,
        wants_file: Callable[[Resource], bool] | None = None,
        make_files: Callable[[], Files] | None = None,
        lend: Callable[[str, Callable[[], None]], None] | None = None,
        tables: Tables | None = None,
    ) -> None:
        self._client = client
        self._directory = directory
        self._held = held
        self._most_bytes = most_bytes
        self._most_names = most_names
        self._regions = BucketRegions(log)
        self._tables = tables  # what is to be made of some objects
        self._wants_file = wants_file
        self._make_files = make_files
        self._lend = lend
        self._lock = _thread.allocate_lock()  # guards making the files
        self._files: Files | None = None

    def files(self) -> Files:
        """The files of this process."""
        with self._lock:
            if self._files is None:
                assert self._make_files is not None
                self._files = self._make_files()
            return self._files

    def sweep(self) -> None:
        """Remove what killed processes left."""
        self.files().sweep()

    def release(self, before: float) -> None:
        """Remove the files of versions that were replaced before that moment of monotonic time."""
        if self._files is not None:
            self._files.release(before)

    def close(self) -> None:
        """Remove all files; none is made any more."""
        if self._files is not None:
            self._files.close()
        if self._tables is not None:
            self._tables.close()

    def plan(self, resources: Sequence[Resource], *, deferred: bool = False) -> list[FetchCall]:  # noqa: ARG002 (parameters')
        """The calls that fetch these: one each."""
        return [self._call_for(resource) for resource in resources]

    def _call_for(self, resource: Resource) -> FetchCall:
        if pattern_of(resource):
            return _List(self, resource)
        table = self._tables.get(resource) if self._tables is not None else None
        return _Get(self, resource) if table is None else _GetTable(self, resource, table)

    def needs(self, resource: Resource) -> str:
        """The IAM action that reading it takes."""
        if pattern_of(resource):
            return "s3:ListBucket"
        return "s3:GetObjectVersion" if resource.selector else "s3:GetObject"

    def host(self, resource: Resource) -> str:
        """Where its calls go; "" where no host serves such a bucket: the call will say so, and costs no other one."""
        try:
            region = self._region(resource)
            port = self._directory.endpoint(SERVICE, region).port
            return f"{self._location(resource, '', region)[0]}:{port}"
        except SourceError:
            return ""

    def _region(self, resource: Resource) -> str:
        return self._regions.get(_bucket(resource)) or resource.region or self._directory.region

    def _location(self, resource: Resource, key: str, region: str) -> tuple[str, str, str]:
        try:
            return s3_location(self._directory.endpoint(SERVICE, region), _bucket(resource), key)
        except ValueError as error:
            raise outcome.failure(outcome.MALFORMED, "InvalidBucketName", str(error)) from None

    def call(
        self,
        resource: Resource,
        key: str,
        query: str,
        headers: list[tuple[str, str]],
        parse: Callable[[bytes], Any] | None = None,
    ) -> Call:
        """A GET for that key of the resource's bucket, "" for the bucket itself; it follows the bucket once to its own
        region, whose host is resolved like any other (a custom endpoint stays: then the signature alone changes)."""
        region = self._region(resource)

        def elsewhere(answer: Answer, code: str) -> Call | None:
            other = self._regions.learn(_bucket(resource), region, answer, code)
            return self._call(other, resource, key, query, headers, parse, None) if other else None

        return self._call(region, resource, key, query, headers, parse, elsewhere)

    def _call(
        self,
        region: str,
        resource: Resource,
        key: str,
        query: str,
        headers: list[tuple[str, str]],
        parse: Callable[[bytes], Any] | None,
        elsewhere: Callable[[Answer, str], Call | None] | None,
    ) -> Call:
        host, host_header, path = self._location(resource, key, region)
        return Call(
            SERVICE,
            region,
            self._directory.endpoint(SERVICE, region),
            method="GET",
            host=host,
            host_header=host_header,
            path=path,
            query=query,
            headers=headers,
            role=resource.role,
            elsewhere=elsewhere,
            parse=parse,
        )


def _bucket(resource: Resource) -> str:
    return resource.name.partition("/")[0]


class _Get:
    """GetObject for one, with If-None-Match where a copy is held."""

    action = "GetObject"

    def __init__(self, source: S3, resource: Resource) -> None:
        self._source = source
        self.resources = (resource,)
        self.host = source.host(resource)

    def run(self, budget: Budget, deliver: Deliver) -> Sequence[FetchCall]:
        (resource,) = self.resources
        held = self._source._held(resource)
        if held is not None and held.file is not None and not held.file.reachable:
            held = None  # the function has cleared the place: fetch it once more
        for _ in range(_MOST_VERSIONS):
            body = _Body(self, budget)
            conditions = [("If-None-Match", f'"{held.etag}"')] if held is not None and held.etag else []
            try:
                answer = self.ask([*conditions, _CHECKSUM_MODE], budget, body)
                if answer.status != 304:
                    found = body.value(answer.headers)
                    if found is None:
                        continue
                    deliver(resource, found, answer.sent)
                elif held is not None:
                    deliver(resource, NotModified(held), answer.sent)
                else:
                    raise outcome.failure(outcome.TRANSIENT, "", "S3 answered 304 where nothing is held")
            finally:
                body.close()
            return ()
        raise outcome.failure(
            outcome.TRANSIENT, "PreconditionFailed", f"the object changed {_MOST_VERSIONS} times while it was fetched"
        )

    def ask(self, headers: list[tuple[str, str]], budget: Budget, body: Sink) -> Answer:
        """One GET for it, where its bucket is."""
        (resource,) = self.resources
        key = resource.name.partition("/")[2]
        query = "versionId=" + encode(resource.selector) if resource.selector else ""
        source = self._source
        return source._client.perform(source.call(resource, key, query, headers), budget, body)

    def lend(self, work: Callable[[], None]) -> None:
        """Have another worker do that, too."""
        source = self._source
        if source._lend is not None:
            source._lend(source.host(self.resources[0]), work)


class _Body:
    """Where an object's body goes: into memory, or into a file; the head of the answer decides."""

    __slots__ = ("_budget", "_download", "_get", "_memory")

    def __init__(self, get: _Get, budget: Budget) -> None:
        self._get = get
        self._budget = budget
        self._memory = Memory(min(get._source._most_bytes, LARGE))
        self._download: Download | None = None

    @property
    def resumes(self) -> bool:
        """Whether what a broken connection did not bring is fetched by ranges."""
        return self._download is not None

    def begin(self, headers: dict[str, str]) -> None:
        """A body begins (again, after a retry)."""
        self._budget.arriving = True
        source, (resource,) = self._get._source, self._get.resources
        length, etag = headers.get("content-length", ""), headers.get("etag", "")
        if self._download is not None:
            self._download.begin_again(etag)
        elif length.isdigit() and etag and self._is_filed(int(length)):
            from extension.sources.ranged import Download

            self._download = Download(self._get, source.files(), resource.name, etag, int(length), self._budget)
        else:
            self._memory.begin(headers)

    def _is_filed(self, size: int) -> bool:
        source, (resource,) = self._get._source, self._get.resources
        if source._make_files is None:
            return False
        return size > min(source._most_bytes, LARGE) or (
            source._wants_file is not None and source._wants_file(resource)
        )

    def write(self, data: bytes) -> None:
        """Take the next part of it."""
        (self._download or self._memory).write(data)

    def value(self, headers: dict[str, str]) -> Object | None:
        """The object, complete and verified; None where it has changed meanwhile."""
        (resource,) = self._get.resources
        body: bytes | File
        if self._download is None:
            body = self._memory.value()
        else:
            file = self._download.finish()
            if file is None:
                return None
            body = file
        checksum = _verified(headers, body)
        if self._download is not None:
            self._download.keep()
        return Object(resource.name, headers, body, checksum)

    def close(self) -> None:
        """Nothing more is to come: what is not kept is removed."""
        if self._download is not None:
            self._download.close()


def _verified(headers: dict[str, str], body: bytes | File) -> str:
    """The algorithm by which the body is what S3 says it is, "" where S3 has none that can be computed here."""
    if not any(name.startswith("x-amz-checksum-") for name in headers):
        return ""
    from extension.aws import checksums

    try:
        return checksums.verify(headers, len(body), (body,) if isinstance(body, bytes) else body.chunks())
    except checksums.Mismatch as mismatch:
        raise outcome.failure(outcome.TRANSIENT, "BadDigest", str(mismatch)) from None


class _GetTable(_Get):
    """GetObject for one that a table is made of: into a file, with If-None-Match where there is one of it."""

    def __init__(self, source: S3, resource: Resource, table: Listed) -> None:
        super().__init__(source, resource)
        self._table = table

    def run(self, budget: Budget, deliver: Deliver) -> Sequence[FetchCall]:
        (resource,) = self.resources
        download = self._table.download(self._source._held(resource), budget)
        headers = [("If-None-Match", f'"{download.etag}"')] if download.etag else []
        try:
            answer = self.ask(headers, budget, download.sink)
            budget.arriving = False  # what is made of it now goes on by itself
            table = download.unchanged(budget) if answer.status == 304 else download.value(answer, budget)
        finally:
            download.close()
        deliver(resource, table, answer.sent)
        return ()


class _List(PagedCall):
    """ListObjectsV2, page after page, for one wildcard; the objects follow as calls of their own."""

    action = "ListObjectsV2"

    def __init__(self, source: S3, resource: Resource) -> None:
        super().__init__(resource)
        self._source = source
        self.host = source.host(resource)

    def run(self, budget: Budget, deliver: Deliver) -> Sequence[FetchCall]:
        (resource,) = self.resources
        bucket, _, prefix = resource.name.partition("/")
        # One level: what lies deeper is folded by the delimiter and never sent.
        fixed = f"&prefix={encode(prefix)}" + ("&delimiter=%2F" if pattern_of(resource) == "*" else "")
        while True:
            members, before = self._read
            query = (
                "list-type=2&encoding-type=url" + (f"&continuation-token={encode(before)}" if before else "") + fixed
            )
            call = self._source.call(resource, "", query, [], _page)
            answer = self._source._client.perform(call, budget)
            self.began = self.began or answer.sent
            keys, token = answer.content
            members += tuple([resource.replaced(name=f"{bucket}/{key}", selector="") for key in keys])
            if not token or len(members) >= self._source._most_names:
                break
            if token == before:
                raise outcome.failure(outcome.TRANSIENT, "", "S3 gives the same page again")
            self._turn(members, token)
        left_out = len(members) > self._source._most_names or bool(token)
        members = members[: self._source._most_names]
        deliver(resource, Listing(members, left_out), self.began)
        return [_Get(self._source, member) for member in members]


def _page(document: bytes) -> tuple[list[str], str]:
    """The keys on one page of a listing, and the token of the next page; "" where there is none."""
    keys, token = [], ""
    for name, text in xml.leaves(document):
        if name == "Key" and not text.endswith("/"):  # a "folder" made by the console is an empty object
            keys.append(decode(text.replace("+", " ")))
        elif name == "NextContinuationToken":
            token = text
    return keys, token
