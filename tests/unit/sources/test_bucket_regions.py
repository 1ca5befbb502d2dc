"""A bucket in another region than was asked: what is taken of the answer, and where it is asked next."""

from __future__ import annotations

import json
import os

import pytest

from extension.aws.call import Answer
from extension.clock import Instant
from extension.logs import Log
from extension.references import s3_prefix, s3_resource
from extension.sources.bucket_regions import BucketRegions
from tests.unit.sources.scripted import s3_source

PERMANENT = "PermanentRedirect"
MALFORMED = "AuthorizationHeaderMalformed"
RESOURCE = s3_resource("bucket", "a/b c", version="v1")


def answer(status=301, region="eu-west-1", body=b""):
    headers = {"x-amz-bucket-region": region, "location": "https://evil.example/"} if region else {}
    return Answer(status, headers, body, Instant(0.0, 0.0))


def document(region, code=MALFORMED):
    text = f"<Error><Code>{code}</Code><Endpoint>evil.example</Endpoint><Region>{region}</Region></Error>"
    return text.encode()


def learnt(*args, asked="us-east-1", bucket="bucket"):
    return BucketRegions().learn(bucket, asked, *args)


def source(**settings):
    return s3_source(None, **settings)  # nothing is asked here


# What is taken of an answer


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (301, PERMANENT),
        (301, ""),
        (302, ""),
        (307, "TemporaryRedirect"),
        (400, MALFORMED),
        (400, "IllegalLocationConstraintException"),
    ],
)
def test_each_way_to_say_that_the_bucket_is_elsewhere(status, code):
    assert "eu-west-1" == learnt(answer(status), code)
    assert "eu-west-1" == learnt(answer(status, "", document("eu-west-1", code)), code)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "AccessDenied"),
        (404, "NoSuchKey"),
        (404, "NoSuchBucket"),
        (400, "ExpiredToken"),
        (503, "SlowDown"),
        (400, ""),
    ],
)
def test_any_other_error_leads_nowhere_though_it_names_the_region(status, code):
    assert "" == learnt(answer(status), code)


def test_the_header_counts_more_than_the_document():
    assert "eu-west-1" == learnt(answer(400, "eu-west-1", document("eu-west-2")), MALFORMED)


@pytest.mark.parametrize(
    "region",
    [
        "",
        "us-east-1",
        "EU",
        "Eu-West-1",
        "evil.example",
        "eu-west-1.evil",
        "eu-west-1/",
        "eu west 1",
        "-eu",
        "123",
        "a" * 64,
    ],
)
def test_what_is_no_other_region_is_not_followed(region):
    assert "" == learnt(answer(301, region), PERMANENT)
    assert "" == learnt(answer(400, "", document(region)), MALFORMED)


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1"])
def test_keys_of_one_partition_are_not_shown_in_another(region):
    assert "" == learnt(answer(301, region), PERMANENT)
    assert region == learnt(answer(301, region), PERMANENT, asked=region[:-1] + "9")


@pytest.mark.parametrize(
    "body", [b"", b"<Error>", b"{}", b"\xff", b'<!DOCTYPE x [<!ENTITY e "eu-west-1">]><E><Region>&e;</Region></E>']
)
def test_a_document_that_is_none_says_nothing(body):
    assert "" == learnt(answer(301, "", body), PERMANENT)


# What is remembered and said


def test_it_is_said_once_per_bucket_and_region_and_the_newest_is_remembered():
    reading, writing = os.pipe()
    regions = BucketRegions(Log("INFO", writing))
    for bucket, region in [("one", "eu-west-1"), ("one", "eu-west-1"), ("two", "eu-west-1"), ("one", "eu-west-2")]:
        regions.learn(bucket, "us-east-1", answer(301, region), PERMANENT)
    regions.learn("three", "us-east-1", answer(301, "not a region"), PERMANENT)
    os.close(writing)
    with os.fdopen(reading) as lines:
        said = [json.loads(line) for line in lines]
    assert [("one", "eu-west-1"), ("two", "eu-west-1"), ("one", "eu-west-2")] == [
        (line["bucket"], line["region"]) for line in said
    ]
    assert {("WARN", "s3.other_region")} == {(line["level"], line["event"]) for line in said}
    assert (
        "the bucket is not in us-east-1: a redirect costs every environment a call; say region=eu-west-1"
        == said[0]["problem"]
    )
    assert ["eu-west-2", "eu-west-1", ""] == [regions.get(bucket) for bucket in ("one", "two", "three")]


# Where it is asked next


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        ({}, "bucket.s3.eu-west-1.amazonaws.com"),
        ({"fips": True}, "bucket.s3-fips.eu-west-1.amazonaws.com"),
        ({"dualstack": True}, "bucket.s3.dualstack.eu-west-1.amazonaws.com"),
    ],
)
def test_the_call_is_made_anew_for_the_other_regions_own_host(settings, host):
    first = source(**settings).call(RESOURCE, "a/b c", "versionId=v1", [("If-None-Match", '"x"')])
    second = first.elsewhere(answer(), PERMANENT)
    assert (host, host, "eu-west-1", "/a/b%20c") == (second.host, second.host_header, second.region, second.path)
    assert ("GET", "versionId=v1", [("If-None-Match", '"x"')]) == (second.method, second.query, second.headers)
    assert (host, 443, first.role) == (second.host, second.endpoint.port, second.role)


def test_it_is_made_anew_only_once():
    second = source().call(RESOURCE, "a", "", []).elsewhere(answer(), PERMANENT)
    assert second.elsewhere is None


def test_at_a_custom_endpoint_only_the_signature_is_another_regions():
    first = source(endpoint_urls={"s3": "http://minio:9000/base"}).call(RESOURCE, "a", "", [])
    second = first.elsewhere(answer(), PERMANENT)
    assert ("us-east-1", "eu-west-1") == (first.region, second.region)
    assert ("minio", "minio:9000", "/base/bucket/a") == (second.host, second.host_header, second.path)


def test_later_calls_go_there_at_once_whatever_they_read_of_the_bucket():
    s3 = source()
    other = s3_resource("other", "x")
    assert s3.call(other, "x", "", []).region == "us-east-1"
    s3.call(RESOURCE, "a", "", []).elsewhere(answer(), PERMANENT)
    for resource in (
        RESOURCE,
        s3_resource("bucket", "z"),
        s3_prefix("bucket", "p/"),
        s3_resource("bucket", "z", region="us-east-1"),
    ):
        call = s3.call(resource, "", "", [])
        assert ("eu-west-1", "bucket.s3.eu-west-1.amazonaws.com") == (call.region, call.host)
        assert f"{call.host}:443" == s3.host(resource)
    assert s3.call(other, "x", "", []).region == "us-east-1"


def test_a_bucket_that_moved_again_is_followed_again():
    s3 = source()
    s3.call(RESOURCE, "a", "", []).elsewhere(answer(), PERMANENT)
    again = s3.call(RESOURCE, "a", "", [])
    assert "eu-west-2" == again.elsewhere(answer(301, "eu-west-2"), PERMANENT).region
    assert "eu-west-2" == s3.call(RESOURCE, "a", "", []).region


def test_an_answer_that_leads_nowhere_makes_no_call_and_is_not_remembered():
    s3 = source()
    call = s3.call(RESOURCE, "a", "", [])
    assert call.elsewhere(answer(301, "us-east-1"), PERMANENT) is None
    assert call.elsewhere(answer(403), "AccessDenied") is None
    assert "us-east-1" == s3.call(RESOURCE, "a", "", []).region
