"""S3 as boto3 sees it: objects with versions, ranges, conditions, missing and misplaced things."""

from __future__ import annotations

import datetime
import hashlib

import pytest
from botocore.exceptions import ClientError

from tests.fakes.aws import FakeAws
from tests.unit.fakes.refusals import refused
from tests.unit.fakes.signed_request import signed_get


@pytest.fixture
def s3(client):
    return client("s3")


def test_an_object_has_aws_headers(aws: FakeAws, s3) -> None:
    version = aws.put_object("bucket", "rates.csv", "EUR,1\n", content_type="text/csv")
    answer = s3.get_object(Bucket="bucket", Key="rates.csv")
    assert answer["Body"].read() == b"EUR,1\n"
    assert answer["ContentLength"] == 6
    assert answer["ETag"] == '"' + hashlib.md5(b"EUR,1\n").hexdigest() + '"'
    assert (answer["ContentType"], answer["AcceptRanges"]) == ("text/csv", "bytes")
    assert answer["VersionId"] == version.version_id
    assert abs(datetime.datetime.now(datetime.timezone.utc) - answer["LastModified"]).total_seconds() < 5
    assert answer["LastModified"].microsecond == 0
    assert set(answer["ResponseMetadata"]) >= {"RequestId", "HostId"}


def test_head_has_the_headers_and_no_body(aws, s3) -> None:
    aws.put_object("bucket", "key", "123")
    answer = s3.head_object(Bucket="bucket", Key="key")
    assert answer["ContentLength"] == 3
    assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == b"123"  # the connection is still in step


@pytest.mark.parametrize(
    ("asked", "body", "content_range"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=-99", b"0123456789", "bytes 0-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ],
)
def test_a_range_is_a_part(aws, s3, asked, body, content_range) -> None:
    aws.put_object("bucket", "key", "0123456789")
    answer = s3.get_object(Bucket="bucket", Key="key", Range=asked)
    assert (answer["Body"].read(), answer["ContentRange"]) == (body, content_range)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206


@pytest.mark.parametrize("asked", ["bytes=4-2", "bytes=0-1,3-4", "lines=1-2", "bytes=-"])
def test_a_range_that_means_nothing_gets_the_whole(aws, s3, asked) -> None:
    aws.put_object("bucket", "key", "0123456789")
    answer = s3.get_object(Bucket="bucket", Key="key", Range=asked)
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["ContentLength"]) == (200, 10)


def test_a_range_behind_the_end_is_refused(aws, s3) -> None:
    aws.put_object("bucket", "key", "0123456789")
    found = refused(lambda: s3.get_object(Bucket="bucket", Key="key", Range="bytes=10-"))
    assert found == (416, "InvalidRange", "The requested range is not satisfiable")


def test_if_none_match_is_304_with_the_headers(aws, s3) -> None:
    version = aws.put_object("bucket", "key", "1")
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket="bucket", Key="key", IfNoneMatch=version.etag)
    metadata = caught.value.response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 304
    assert metadata["HTTPHeaders"]["etag"] == version.etag
    assert metadata["HTTPHeaders"]["x-amz-version-id"] == version.version_id
    assert "content-length" not in metadata["HTTPHeaders"]
    aws.put_object("bucket", "key", "2")
    assert s3.get_object(Bucket="bucket", Key="key", IfNoneMatch=version.etag)["Body"].read() == b"2"


def test_if_match_is_412_where_it_does_not(aws, s3) -> None:
    version = aws.put_object("bucket", "key", "1")
    assert s3.get_object(Bucket="bucket", Key="key", IfMatch=version.etag)["Body"].read() == b"1"
    aws.put_object("bucket", "key", "2")
    found = refused(lambda: s3.get_object(Bucket="bucket", Key="key", IfMatch=version.etag))
    assert found[:2] == (412, "PreconditionFailed")


def test_versions_stay_readable(aws, s3) -> None:
    first = aws.put_object("bucket", "key", "1")
    aws.put_object("bucket", "key", "2")
    assert s3.get_object(Bucket="bucket", Key="key")["Body"].read() == b"2"
    assert s3.get_object(Bucket="bucket", Key="key", VersionId=first.version_id)["Body"].read() == b"1"
    aws.delete_object("bucket", "key")
    assert s3.get_object(Bucket="bucket", Key="key", VersionId=first.version_id)["Body"].read() == b"1"
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket="bucket", Key="key")
    assert caught.value.response["Error"]["Code"] == "NoSuchKey"
    assert caught.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"


def test_a_bucket_without_versions_names_none(aws, s3) -> None:
    aws.create_bucket("flat", versioned=False)
    aws.put_object("flat", "key", "1")
    aws.put_object("flat", "key", "2")
    answer = s3.get_object(Bucket="flat", Key="key")
    assert (answer["Body"].read(), answer.get("VersionId")) == (b"2", None)


def test_what_is_missing(aws, s3) -> None:
    aws.create_bucket("bucket")
    assert refused(lambda: s3.get_object(Bucket="none", Key="k")) == (
        404,
        "NoSuchBucket",
        "The specified bucket does not exist",
    )
    assert refused(lambda: s3.get_object(Bucket="bucket", Key="k")) == (
        404,
        "NoSuchKey",
        "The specified key does not exist.",
    )
    found = refused(lambda: s3.get_object(Bucket="bucket", Key="k", VersionId="a" * 32))
    assert found[:2] == (404, "NoSuchVersion")
    found = refused(lambda: s3.get_object(Bucket="bucket", Key="k", VersionId="short"))
    assert found == (400, "InvalidArgument", "Invalid version id specified")


def test_who_may_not_list_learns_nothing_about_missing_keys(aws, s3) -> None:
    aws.put_object("bucket", "there", "1")
    aws.deny("s3:ListBucket", "bucket")
    assert s3.get_object(Bucket="bucket", Key="there")["Body"].read() == b"1"
    assert refused(lambda: s3.get_object(Bucket="bucket", Key="k"))[:2] == (403, "AccessDenied")


def test_a_denial(aws, s3) -> None:
    aws.put_object("bucket", "private/x", "1")
    aws.deny("s3:GetObject", "arn:aws:s3:::bucket/private/*")
    found = refused(lambda: s3.get_object(Bucket="bucket", Key="private/x"))
    assert found[:2] == (403, "AccessDenied")
    assert 's3:GetObject on resource: "arn:aws:s3:::bucket/private/x" because' in found[2]


def test_an_archived_object(aws, s3) -> None:
    aws.put_object("bucket", "old", "1", storage_class="GLACIER")
    found = refused(lambda: s3.get_object(Bucket="bucket", Key="old"))
    assert found == (403, "InvalidObjectState", "The operation is not valid for the object's storage class")


@pytest.mark.parametrize("everywhere", [True, False])
def test_chunked_answers(aws, s3, everywhere) -> None:
    aws.s3.chunked = everywhere
    aws.put_object("bucket", "key", "0123456789" * 9, chunked=not everywhere)
    answer = s3.get_object(Bucket="bucket", Key="key")
    assert answer["Body"].read() == b"0123456789" * 9
    assert answer["ResponseMetadata"]["HTTPHeaders"]["transfer-encoding"] == "chunked"
    assert "content-length" not in answer["ResponseMetadata"]["HTTPHeaders"]


def test_another_regions_bucket_is_a_redirect_that_boto3_follows(aws, s3) -> None:
    aws.put_object("far", "key", "1", region="eu-west-1")
    assert s3.get_object(Bucket="far", Key="key")["Body"].read() == b"1"
    first, last = aws.calls[0], aws.calls[-1]
    assert (first.status, first.region) == (301, "us-east-1")
    assert (last.status, last.region) == (200, "eu-west-1")


@pytest.mark.parametrize(
    "host",
    [
        "my-bucket.s3.us-east-1.amazonaws.com",
        "my-bucket.s3.amazonaws.com",
        "my-bucket.s3-fips.us-east-1.amazonaws.com",
        "my-bucket.s3.dualstack.us-east-1.amazonaws.com",
        "my-bucket.localhost:4443",
    ],
)
def test_virtual_hosted_buckets(aws, host) -> None:
    aws.put_object("my-bucket", "a/b.txt", "here")
    assert signed_get(aws, host, "/a/b.txt")[::2] == (200, b"here")
    assert aws.calls[0].resources == ["my-bucket/a/b.txt"]


def test_the_redirect_on_the_wire(aws) -> None:
    aws.create_bucket("far", region="eu-west-1")
    status, headers, body = signed_get(aws, "s3.us-east-1.amazonaws.com", "/far/key")
    assert (status, headers["x-amz-bucket-region"]) == (301, "eu-west-1")
    assert body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>PermanentRedirect</Code>')
    assert b"<Endpoint>far.s3.eu-west-1.amazonaws.com</Endpoint>" in body


@pytest.mark.parametrize(
    ("checksum", "kind"), [("crc32", "FULL_OBJECT"), ("sha256", "FULL_OBJECT"), ("sha1=abc-2", "COMPOSITE")]
)
def test_a_checksum_is_told_to_who_asks_for_it_and_of_the_whole_only(aws, s3, checksum, kind) -> None:
    aws.put_object("bucket", "key", b"body", checksum=checksum)
    name = "Checksum" + checksum.partition("=")[0].upper()

    whole = s3.get_object(Bucket="bucket", Key="key", ChecksumMode="ENABLED")  # boto3 verifies it, too

    assert (kind, True) == (whole["ChecksumType"], name in whole)
    assert b"body" == whole["Body"].read()
    assert name not in s3.get_object(Bucket="bucket", Key="key", Range="bytes=0-1", ChecksumMode="ENABLED")
