"""Amazon S3: where its buckets are, and the calls to them: GetObject, and ListObjectsV2 for wildcards."""

from __future__ import annotations

import _thread

from extension.aws import outcome
from extension.aws.call import Call
from extension.aws.endpoints import s3_location
from extension.errors import SourceError
from extension.sources.bucket_regions import BucketRegions
from extension.sources.listing import pattern_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from extension.aws.call import Answer
    from extension.aws.client import Client
    from extension.aws.directory import Directory
    from extension.fetcher import FetchCall
    from extension.files import Files
    from extension.logs import Log
    from extension.references import Resource
    from extension.tables.registry import Tables

SERVICE = "s3"
LARGE = 16 << 20  # bytes; above it, or above PREHEAT_CACHE_MEMORY, an object is kept as a file


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
        wants_file: Callable[[Resource], bool],
        make_files: Callable[[], Files],
        lend: Callable[[str, Callable[[], None]], None],
        tables: Tables | None = None,
    ) -> None:
        self.client = client
        self.held = held
        self.tables = tables  # what is to be made of some objects
        self.most_bytes = min(most_bytes, LARGE)  # of an object that is held in memory
        self.most_names = most_names
        self.wants_file = wants_file
        self.lend = lend
        self._directory = directory
        self._regions = BucketRegions(log)
        self._make_files = make_files
        self._lock = _thread.allocate_lock()  # guards making the files
        self._files: Files | None = None

    def files(self) -> Files:
        """The files of this process."""
        with self._lock:
            if self._files is None:
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
        if self.tables is not None:
            self.tables.close()

    def plan(self, resources: Sequence[Resource], *, deferred: bool = False) -> list[FetchCall]:  # noqa: ARG002 (parameters')
        """The calls that fetch these: one each."""
        return [self._call_for(resource) for resource in resources]

    def _call_for(self, resource: Resource) -> FetchCall:
        if pattern_of(resource):
            from extension.sources.list_objects import List

            return List(self, resource)
        from extension.sources.get_object import Get

        return Get(self, resource)

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
