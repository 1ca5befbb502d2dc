"""Amazon S3: GetObject, conditional where a copy is held, and ListObjectsV2 for wildcards."""

from __future__ import annotations

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

    from extension.aws.call import Answer, Budget
    from extension.aws.client import Client
    from extension.aws.directory import Directory
    from extension.clock import Instant
    from extension.fetcher import FetchCall
    from extension.logs import Log
    from extension.references import Resource

    Deliver = Callable[[Resource, Any, Instant], None]

SERVICE = "s3"


class Object:
    """One version of an object, in memory. The repr shows nothing of it."""

    __slots__ = ("body", "content_type", "etag", "modified", "name", "size", "version")

    def __init__(self, name: str, headers: dict[str, str], body: bytes) -> None:
        self.name = name
        self.body = body
        self.etag = headers.get("etag", "").strip('"')
        self.version = headers.get("x-amz-version-id", "")
        self.content_type = headers.get("content-type") or "binary/octet-stream"  # S3's own default
        self.modified = headers.get("last-modified", "")
        self.size = len(body) + len(name)

    def __repr__(self) -> str:
        return f"<Object {self.name}, {len(self.body)} bytes>"


class NotModified:
    """S3 answered 304: what is held is still right, and as young as this question."""

    __slots__ = ("held",)

    def __init__(self, held: Object) -> None:
        self.held = held


class S3:
    """The source of objects. Thread-safe. ``held`` gives the copy that is held, or None."""

    def __init__(
        self,
        client: Client,
        directory: Directory,
        held: Callable[[Resource], Object | None],
        most_bytes: int,
        most_names: int,
        log: Log | None = None,
    ) -> None:
        self._client = client
        self._directory = directory
        self._held = held
        self._most_bytes = most_bytes
        self._most_names = most_names
        self._regions = BucketRegions(log)

    def plan(self, resources: Sequence[Resource], *, deferred: bool = False) -> list[FetchCall]:  # noqa: ARG002 (parameters')
        """The calls that fetch these: one each."""
        return [_List(self, resource) if pattern_of(resource) else _Get(self, resource) for resource in resources]

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
        key = resource.name.partition("/")[2]
        query = "versionId=" + encode(resource.selector) if resource.selector else ""
        held = self._source._held(resource)
        headers = [("If-None-Match", f'"{held.etag}"')] if held is not None and held.etag else []
        sink = Memory(self._source._most_bytes)
        answer = self._source._client.perform(self._source.call(resource, key, query, headers), budget, sink)
        if answer.status != 304:
            deliver(resource, Object(resource.name, answer.headers, sink.value()), answer.sent)
        elif held is not None:
            deliver(resource, NotModified(held), answer.sent)
        else:
            raise outcome.failure(outcome.TRANSIENT, "", "S3 answered 304 where nothing is held")
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
