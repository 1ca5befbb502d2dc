"""S3: GetObject, HeadObject and ListObjectsV2 over versioned buckets, path style and virtual-hosted."""

from __future__ import annotations

import hashlib
import re
import secrets
import threading
from email.utils import formatdate, parsedate_to_datetime

from tests.fakes.aws.context import Context
from tests.fakes.aws.denials import refusal_text
from tests.fakes.aws.errors import AwsError, s3_headers
from tests.fakes.aws.s3_listing import render_listing
from tests.fakes.http_message import Reply, Request

RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# A bucket in front of S3's own host names, or of localhost.
VIRTUAL_HOST = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.-]+)\.(?:s3(?:[.-][a-z0-9.-]+)?\.amazonaws\.com(?:\.cn)?|localhost)(?::\d+)?"
)


class ObjectVersion:
    """One version of an object; `body=None` is a delete marker."""

    def __init__(self, body: bytes | None, content_type: str, storage_class: str, modified: float) -> None:
        self.body = body
        self.content_type = content_type
        self.storage_class = storage_class
        self.modified = int(modified)
        self.etag = f'"{hashlib.md5(body or b"").hexdigest()}"'
        self.version_id = secrets.token_urlsafe(24).replace("-", "_")
        self.chunked = False
        self.checksum_headers: list[tuple[str, str]] = []


class Bucket:
    """A bucket in its region. Without versioning there is one version of each key, named "null"."""

    def __init__(self, name: str, region: str, *, versioned: bool) -> None:
        self.name = name
        self.region = region
        self.versioned = versioned
        self.objects: dict[str, list[ObjectVersion]] = {}

    def add(self, key: str, version: ObjectVersion) -> None:
        if self.versioned:
            self.objects.setdefault(key, []).append(version)
        else:
            version.version_id = "null"
            self.objects[key] = [version]

    def latest(self) -> list[tuple[str, ObjectVersion]]:
        """(key, newest version) of every object that is not deleted, in S3's order: by the bytes of the key."""
        newest = [(key, versions[-1]) for key, versions in self.objects.items()]
        return sorted((pair for pair in newest if pair[1].body is not None), key=lambda pair: pair[0].encode())


class Address:
    """Which bucket and key a request is for. Both "" where there is none."""

    def __init__(self, request: Request) -> None:
        match = VIRTUAL_HOST.fullmatch(request.header("host").lower())
        path = request.decoded_path.removeprefix("/")
        if match:
            self.bucket, self.key = match["bucket"], path
        else:
            self.bucket, _, self.key = path.partition("/")
        self.virtual_hosted = match is not None

    def action(self, request: Request) -> str:
        if self.key:
            return {"GET": "GetObject", "HEAD": "HeadObject"}.get(request.method, request.method)
        if self.bucket and request.parameters.get("list-type") == "2":
            return "ListObjectsV2"
        return "HeadBucket" if request.method == "HEAD" else "Unsupported"


class SimpleStorageService:
    """The service; its data is guarded by one lock."""

    def __init__(self) -> None:
        self.list_page_size = 1000
        self.chunked = False
        self._lock = threading.RLock()
        self._buckets: dict[str, Bucket] = {}

    # -- data --

    def create_bucket(self, name: str, region: str, *, versioned: bool = True) -> Bucket:
        with self._lock:
            return self._buckets.setdefault(name, Bucket(name, region, versioned=versioned))

    def put(self, bucket: str, key: str, version: ObjectVersion) -> ObjectVersion:
        with self._lock:
            self._buckets[bucket].add(key, version)
            return version

    # -- operations --

    def answer(self, context: Context) -> Reply:
        request = context.request
        address = Address(request)
        with self._lock:
            bucket = self._buckets.get(address.bucket)
            if bucket is None:
                extra = {"BucketName": address.bucket}
                raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404, extra=extra)
            if bucket.region != context.region:
                raise _elsewhere(bucket)
            action = context.call.action
            if action == "ListObjectsV2":
                _check(context, "s3:ListBucket", f"arn:aws:s3:::{bucket.name}", bucket.name, *context.call.resources)
                return render_listing(bucket, request.parameters, self.list_page_size)
            if action in ("GetObject", "HeadObject"):
                return self._get_object(context, bucket, address.key)
        raise AwsError("NotImplemented", "A header you provided implies functionality that is not implemented.", 501)

    def _get_object(self, context: Context, bucket: Bucket, key: str) -> Reply:
        version_id = context.request.parameters.get("versionId")
        arn = f"arn:aws:s3:::{bucket.name}/{key}"
        names = (arn, f"{bucket.name}/{key}", key, bucket.name)
        _check(context, "s3:GetObjectVersion" if version_id else "s3:GetObject", arn, *names)
        version = self._select(context, bucket, key, version_id)
        assert version.body is not None
        if version.storage_class in ("GLACIER", "DEEP_ARCHIVE"):
            text = "The operation is not valid for the object's storage class"
            raise AwsError("InvalidObjectState", text, 403, extra={"StorageClass": version.storage_class})
        headers = [
            *s3_headers(),
            ("Last-Modified", formatdate(version.modified, usegmt=True)),
            ("ETag", version.etag),
            ("x-amz-server-side-encryption", "AES256"),
            *([("x-amz-version-id", version.version_id)] if bucket.versioned else []),
        ]
        if not_modified := _condition(context.request, version):
            return Reply(304, headers) if not_modified == 304 else _raise(_precondition_failed(context.request))
        status, headers_of_range, body = _ranged(context.request, version.body)
        if status == 200 and context.request.header("x-amz-checksum-mode") == "ENABLED":
            headers += version.checksum_headers  # of a range S3 tells none
        headers += [("Accept-Ranges", "bytes"), *headers_of_range, ("Content-Type", version.content_type)]
        reply = Reply(status, headers, body)
        if self.chunked or version.chunked:
            reply.framing = "chunked"
        return reply

    def _select(self, context: Context, bucket: Bucket, key: str, version_id: str | None) -> ObjectVersion:
        versions = bucket.objects.get(key, [])
        if version_id is not None:
            if not re.fullmatch(r"[\w.]{32}|null", version_id):
                extra = {"ArgumentName": "versionId", "ArgumentValue": version_id}
                raise AwsError("InvalidArgument", "Invalid version id specified", extra=extra)
            version = next((one for one in versions if one.version_id == version_id), None)
            if version is None:
                extra = {"Key": key, "VersionId": version_id}
                raise AwsError("NoSuchVersion", "The specified version does not exist.", 404, extra=extra)
            if version.body is None:
                raise AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
            return version
        if versions and versions[-1].body is not None:
            return versions[-1]
        # Who may not list must not learn that a key is missing.
        _check(context, "s3:ListBucket", f"arn:aws:s3:::{bucket.name}", bucket.name)
        marker = [("x-amz-delete-marker", "true"), ("x-amz-version-id", versions[-1].version_id)] if versions else []
        raise AwsError("NoSuchKey", "The specified key does not exist.", 404, extra={"Key": key}, headers=marker)


def _check(context: Context, action: str, arn: str, *names: str) -> None:
    if context.denials.forbid(context.identity, action, arn, *names):
        raise AwsError("AccessDenied", refusal_text(context.identity, action, f'"{arn}"'), 403)


def _elsewhere(bucket: Bucket) -> AwsError:
    text = (
        "The bucket you are attempting to access must be addressed using the specified endpoint. "
        "Please send all future requests to this endpoint."
    )
    extra = {"Endpoint": f"{bucket.name}.s3.{bucket.region}.amazonaws.com", "Bucket": bucket.name}
    headers = [("x-amz-bucket-region", bucket.region)]
    return AwsError("PermanentRedirect", text, 301, extra=extra, headers=headers)


def _condition(request: Request, version: ObjectVersion) -> int:
    """412, 304 or 0 for the conditions of a request, in RFC 9110's order."""
    if_match, if_none_match = request.header("if-match"), request.header("if-none-match")
    if if_match and not _etag_matches(if_match, version.etag):
        return 412
    if if_none_match:
        return 304 if _etag_matches(if_none_match, version.etag) else 0
    since = request.header("if-modified-since")
    if since and version.modified <= parsedate_to_datetime(since).timestamp():
        return 304
    return 0


def _etag_matches(condition: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in condition.split(",")}
    return "*" in tags or etag.strip('"') in tags


def _precondition_failed(request: Request) -> AwsError:
    text = "At least one of the pre-conditions you specified did not hold"
    return AwsError("PreconditionFailed", text, 412, extra={"Condition": "If-Match"})


def _raise(error: AwsError) -> Reply:
    raise error


def _ranged(request: Request, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """(status, headers, bytes) for the request's Range; anything but one good range gets the whole."""
    asked = request.header("range")
    match = RANGE.fullmatch(asked)
    if match is None or match[1] == match[2] == "" or (match[2] and match[1] and int(match[2]) < int(match[1])):
        return 200, [], body
    first = int(match[1]) if match[1] else max(0, len(body) - int(match[2]))
    last = min(int(match[2]), len(body) - 1) if match[1] and match[2] else len(body) - 1
    if first >= len(body):
        extra = {"RangeRequested": asked, "ActualObjectSize": str(len(body))}
        headers = [("Content-Range", f"bytes */{len(body)}")]
        raise AwsError("InvalidRange", "The requested range is not satisfiable", 416, extra=extra, headers=headers)
    return 206, [("Content-Range", f"bytes {first}-{last}/{len(body)}")], body[first : last + 1]
