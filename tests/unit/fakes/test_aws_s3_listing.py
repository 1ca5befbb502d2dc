"""ListObjectsV2 as boto3 sees it."""

from __future__ import annotations

import pytest

from tests.unit.fakes.refusals import refused
from tests.unit.fakes.signed_request import signed_get

AWKWARD = ["a b", "a&b", "a+b", "a<b>", "a%2Fb", "ü", "a\x01b"]


@pytest.fixture
def s3(client):
    return client("s3")


def keys(answer) -> list[str]:
    return [one["Key"] for one in answer.get("Contents", [])]


def test_a_listing_has_aws_shape(aws, s3) -> None:
    version = aws.put_object("bucket", "p/one", "123")
    answer = s3.list_objects_v2(Bucket="bucket", Prefix="p/")
    entry = answer["Contents"][0]
    assert (answer["Name"], answer["Prefix"], answer["KeyCount"], answer["MaxKeys"]) == ("bucket", "p/", 1, 1000)
    assert answer["IsTruncated"] is False
    assert "NextContinuationToken" not in answer
    assert (entry["Key"], entry["Size"], entry["ETag"], entry["StorageClass"]) == ("p/one", 3, version.etag, "STANDARD")
    assert entry["LastModified"].timestamp() == version.modified


def test_only_the_prefix_and_in_order_of_bytes(aws, s3) -> None:
    for key in ("p/b", "p/a", "p/B", "q/x", "p/ü", "p/z/deep"):
        aws.put_object("bucket", key, "1")
    assert keys(s3.list_objects_v2(Bucket="bucket", Prefix="p/")) == ["p/B", "p/a", "p/b", "p/z/deep", "p/ü"]


def test_deleted_objects_are_not_listed(aws, s3) -> None:
    aws.put_object("bucket", "a", "1")
    aws.delete_object("bucket", "a")
    assert s3.list_objects_v2(Bucket="bucket")["KeyCount"] == 0


def test_pages_follow_their_token(aws, s3) -> None:
    for number in range(25):
        aws.put_object("bucket", f"k{number:02}", "1")
    aws.s3.list_page_size = 10
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="bucket"))
    assert [page["KeyCount"] for page in pages] == [10, 10, 5]
    assert [key for page in pages for key in keys(page)] == [f"k{number:02}" for number in range(25)]
    answer = s3.list_objects_v2(Bucket="bucket", MaxKeys=3, StartAfter="k01")
    assert keys(answer) == ["k02", "k03", "k04"]
    assert answer["IsTruncated"] is True


def test_a_delimiter_rolls_keys_up(aws, s3) -> None:
    for key in ("p/a", "p/x/1", "p/x/2", "p/y/1", "p/z"):
        aws.put_object("bucket", key, "1")
    answer = s3.list_objects_v2(Bucket="bucket", Prefix="p/", Delimiter="/")
    assert keys(answer) == ["p/a", "p/z"]
    assert [one["Prefix"] for one in answer["CommonPrefixes"]] == ["p/x/", "p/y/"]
    assert answer["KeyCount"] == 4
    pages = list(
        s3.get_paginator("list_objects_v2").paginate(
            Bucket="bucket", Prefix="p/", Delimiter="/", PaginationConfig={"PageSize": 1}
        )
    )
    assert [keys(page) or page["CommonPrefixes"][0]["Prefix"] for page in pages] == [["p/a"], "p/x/", "p/y/", ["p/z"]]


def test_awkward_keys_survive_url_encoding(aws, s3) -> None:
    """boto3 asks for encoding-type=url by itself and decodes it."""
    for key in AWKWARD:
        aws.put_object("bucket", key, "1")
    assert sorted(keys(s3.list_objects_v2(Bucket="bucket"))) == sorted(AWKWARD)


def test_without_encoding_the_xml_is_escaped(aws) -> None:
    aws.put_object("bucket", "a&b<c>", "1")
    status, _, body = signed_get(aws, "bucket.s3.amazonaws.com", "/?list-type=2&prefix=a%26")
    assert status == 200
    assert b"<Key>a&amp;b&lt;c&gt;</Key>" in body
    assert b"<Prefix>a&amp;</Prefix>" in body
    assert b"EncodingType" not in body


def test_listing_is_a_permission(aws, s3) -> None:
    aws.create_bucket("bucket")
    aws.deny("s3:ListBucket")
    found = refused(lambda: s3.list_objects_v2(Bucket="bucket"))
    assert found[:2] == (403, "AccessDenied")
    assert refused(lambda: s3.list_objects_v2(Bucket="none"))[1] == "NoSuchBucket"


def test_a_wrong_token_is_refused(aws, s3) -> None:
    aws.create_bucket("bucket")
    found = refused(lambda: s3.list_objects_v2(Bucket="bucket", ContinuationToken="not one"))
    assert found == (400, "InvalidArgument", "The continuation token provided is incorrect")
