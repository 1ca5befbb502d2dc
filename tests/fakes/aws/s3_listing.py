"""The XML of ListObjectsV2: prefix, delimiter, paging, start-after, encoding-type."""

from __future__ import annotations

import base64
import binascii
import time
from typing import TYPE_CHECKING
from urllib.parse import quote
from xml.sax.saxutils import escape

from tests.fakes.aws.errors import XML, AwsError, s3_headers
from tests.fakes.http_message import Reply

if TYPE_CHECKING:
    from tests.fakes.aws.s3 import Bucket, ObjectVersion


def render_listing(bucket: Bucket, parameters: dict[str, str], page_size: int) -> Reply:
    """One page of keys; a common prefix counts as one, as S3 counts. Raises AwsError for malformed parameters."""
    prefix, delimiter = parameters.get("prefix", ""), parameters.get("delimiter", "")
    encoding = parameters.get("encoding-type", "")
    if encoding not in ("", "url"):
        raise AwsError("InvalidArgument", "Invalid Encoding Method specified in Request")
    limit = _limit(parameters)
    after = _after(parameters)
    entries: list[tuple[str, ObjectVersion | None]] = []
    for key, version in bucket.latest():
        if key.startswith(prefix):
            rolled = _common_prefix(key, prefix, delimiter)
            entry = (rolled, None) if rolled else (key, version)
            if entry[0].encode() > after.encode() and (not entries or entries[-1][0] != entry[0]):
                entries.append(entry)
    page = entries[: min(limit, page_size)]
    truncated = len(entries) > len(page) and limit > 0

    def text(value: str) -> str:
        return escape(quote(value, safe="/-_.~*!'()") if encoding else value)

    parts = [f"<Name>{escape(bucket.name)}</Name>", f"<Prefix>{text(prefix)}</Prefix>"]
    if delimiter:
        parts.append(f"<Delimiter>{text(delimiter)}</Delimiter>")
    if parameters.get("start-after"):
        parts.append(f"<StartAfter>{text(parameters['start-after'])}</StartAfter>")
    if parameters.get("continuation-token"):
        parts.append(f"<ContinuationToken>{escape(parameters['continuation-token'])}</ContinuationToken>")
    if truncated:
        token = base64.b64encode(b"1" + page[-1][0].encode()).decode()
        parts.append(f"<NextContinuationToken>{token}</NextContinuationToken>")
    parts += [f"<KeyCount>{len(page)}</KeyCount>", f"<MaxKeys>{limit}</MaxKeys>"]
    if encoding:
        parts.append(f"<EncodingType>{encoding}</EncodingType>")
    parts.append(f"<IsTruncated>{str(truncated).lower()}</IsTruncated>")
    parts += [_contents(text(key), version) for key, version in page if version is not None]
    parts += [
        f"<CommonPrefixes><Prefix>{text(key)}</Prefix></CommonPrefixes>" for key, version in page if version is None
    ]
    body = f'{XML}<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{"".join(parts)}</ListBucketResult>'
    headers = [*s3_headers(), ("x-amz-bucket-region", bucket.region), ("Content-Type", "application/xml")]
    return Reply(200, headers, body.encode())


def _contents(key: str, version: ObjectVersion) -> str:
    modified = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(version.modified))
    etag = version.etag.replace('"', "&quot;")
    return (
        f"<Contents><Key>{key}</Key><LastModified>{modified}</LastModified><ETag>{etag}</ETag>"
        f"<Size>{len(version.body or b'')}</Size><StorageClass>{version.storage_class}</StorageClass></Contents>"
    )


def _common_prefix(key: str, prefix: str, delimiter: str) -> str:
    if not delimiter:
        return ""
    head, found, _ = key[len(prefix) :].partition(delimiter)
    return prefix + head + found if found else ""


def _limit(parameters: dict[str, str]) -> int:
    value = parameters.get("max-keys", "1000")
    if not value.isdigit():
        raise AwsError("InvalidArgument", "Provided max-keys not an integer or within integer range")
    return min(int(value), 1000)


def _after(parameters: dict[str, str]) -> str:
    """The last name of the page before, from the token; else start-after."""
    token = parameters.get("continuation-token")
    if token is None:
        return parameters.get("start-after", "")
    try:
        decoded = base64.b64decode(token, validate=True)
        if not decoded.startswith(b"1"):
            raise ValueError("not one of ours")
        return decoded[1:].decode()
    except (ValueError, binascii.Error):
        extra = {"ArgumentName": "continuation-token"}
        raise AwsError("InvalidArgument", "The continuation token provided is incorrect", extra=extra) from None
