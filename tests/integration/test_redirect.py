"""Buckets in other regions: found by S3's own word, once, and remembered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.fakes.aws import FakeAws
from tests.fakes.proxy import FakeProxy

HOME, FAR, FARTHER = "us-east-1", "eu-west-1", "ap-southeast-2"
HOST = "bucket.s3.{}.amazonaws.com"


def _put(aws, count=1):
    for number in range(count):
        aws.put_object("bucket", f"data/{number}", f"body {number}", region=FAR)


def _asked(aws):
    """What was asked of S3: how often in which region, and how it ended."""
    return Counter((call.action, call.region, call.status) for call in aws.calls)


def _warnings(sidecar):
    return [line for line in sidecar.log if line["level"] in ("WARN", "ERROR")]


# At a custom endpoint: the same place, signed for the other region


def test_a_bucket_in_another_region_is_found_remembered_and_said(aws, ready):
    _put(aws, 2)
    sidecar = ready(s3=["s3://bucket/data/0"])
    assert {("GetObject", HOME, 301): 1, ("GetObject", FAR, 200): 1} == _asked(aws)
    assert "body 0" == sidecar.get("/s3/bucket/data/0").text
    (warning,) = _warnings(sidecar)
    assert ("s3.other_region", "bucket", FAR) == (warning["event"], warning["bucket"], warning["region"])
    assert f"region={FAR}" in warning["problem"]
    (report,) = sidecar.events("init.report")
    assert (1, 0, 2) == (report["loaded"], report["failed"], report["calls"])
    aws.clear_calls()
    assert "body 1" == sidecar.get("/s3/bucket/data/1").text
    assert 200 == sidecar.get("/s3/bucket/data/0?refresh=true").status
    assert {("GetObject", FAR, 200): 1, ("GetObject", FAR, 304): 1} == _asked(aws)
    assert 1 == len(_warnings(sidecar))


def test_the_right_region_in_the_entry_needs_no_redirect(aws, ready):
    _put(aws)
    sidecar = ready(s3=[f"s3://bucket/data/0?region={FAR}"])
    assert {("GetObject", FAR, 200): 1} == _asked(aws)
    assert [] == _warnings(sidecar)


def test_a_wrong_region_in_the_entry_is_corrected(aws, ready):
    _put(aws)
    sidecar = ready(s3=[f"s3://bucket/data/0?region={FARTHER}&as=x"])
    assert {("GetObject", FARTHER, 301): 1, ("GetObject", FAR, 200): 1} == _asked(aws)
    assert 1 == len(_warnings(sidecar))


def test_a_wildcard_is_redirected_once_and_its_objects_not_at_all(aws, ready):
    _put(aws, 5)
    aws.s3.list_page_size = 2
    sidecar = ready(s3=["s3://bucket/data/*"])
    expected = {("ListObjectsV2", HOME, 301): 1, ("ListObjectsV2", FAR, 200): 3, ("GetObject", FAR, 200): 5}
    assert expected == _asked(aws)
    assert [f"body {number}" for number in range(5)] == [sidecar.get(f"/s3/bucket/data/{n}").text for n in range(5)]


def test_many_objects_cost_at_most_a_redirect_per_connection(aws, ready):
    _put(aws, 20)
    sidecar = ready(s3=[f"s3://bucket/data/{number}" for number in range(20)])
    asked = _asked(aws)
    assert 20 == asked["GetObject", FAR, 200]
    assert 1 <= asked["GetObject", HOME, 301] <= 4
    assert 20 + asked["GetObject", HOME, 301] == sum(asked.values())
    assert 1 == len(_warnings(sidecar))


def test_a_missing_object_there_is_missing(aws, ready):
    _put(aws)
    sidecar = ready()
    assert 404 == sidecar.get("/s3/bucket/absent").status
    assert {("GetObject", HOME, 301): 1, ("GetObject", FAR, 404): 1} == _asked(aws)


@pytest.mark.parametrize(
    ("status", "code", "options"),
    [
        (307, "TemporaryRedirect", {"headers": [("x-amz-bucket-region", FAR), ("Location", "https://evil.example/")]}),
        (400, "AuthorizationHeaderMalformed", {"extra": {"Region": FAR}}),
    ],
)
def test_each_of_s3s_words_for_it(aws, ready, status, code, options):
    _put(aws)
    aws.faults.add("error", times=1, code=code, status=status, **options)
    sidecar = ready(s3=["s3://bucket/data/0"])
    assert {("GetObject", HOME, status): 1, ("GetObject", FAR, 200): 1} == _asked(aws)
    assert "body 0" == sidecar.get("/s3/bucket/data/0").text


@pytest.mark.parametrize("region", [HOME, "evil.example"])
def test_a_word_that_leads_nowhere_is_an_error_and_no_loop(aws, ready, region):
    _put(aws)
    headers = [("x-amz-bucket-region", region), ("Location", "https://evil.example/")]
    aws.faults.add("error", code="PermanentRedirect", status=301, headers=headers, extra={"Endpoint": "evil.example"})
    sidecar = ready(s3=["s3://bucket/data/0"])
    assert {("GetObject", HOME, 301): 1} == _asked(aws)
    (failed,) = sidecar.events("fetch.failed")
    assert "PermanentRedirect" == failed["code"]
    assert "evil" not in sidecar.output


def test_two_regions_that_send_on_to_each_other_are_asked_once_each(aws, ready):
    _put(aws)
    there = {HOME: FAR, FAR: HOME}
    for region, other in there.items():
        headers = [("x-amz-bucket-region", other)]
        aws.faults.add(
            "error",
            lambda call, region=region: call.region == region,
            code="PermanentRedirect",
            status=301,
            headers=headers,
        )
    ready(s3=["s3://bucket/data/0"])
    assert {("GetObject", HOME, 301): 1, ("GetObject", FAR, 301): 1} == _asked(aws)


# At AWS's own hosts


@pytest.fixture
def world(ready) -> Iterator[FakeAws]:
    """All of AWS, behind a proxy that leads every host name to it."""
    with FakeAws(names=tuple(HOST.format(region) for region in (HOME, FAR))) as server:
        yield server


def test_the_next_call_goes_to_the_regions_own_host_and_to_none_that_the_answer_names(world, api, launch):
    _put(world)
    with FakeProxy(world.port) as proxy:
        sidecar = launch(world, environ={"AWS_ENDPOINT_URL": None, "HTTPS_PROXY": proxy.url}, s3=["s3://bucket/data/0"])
        api.wait_next()
        assert "body 0" == sidecar.get("/s3/bucket/data/0").text
        assert [HOST.format(HOME), HOST.format(FAR)] == [call.host for call in world.calls]
        assert [f"{HOST.format(region)}:443" for region in (HOME, FAR)] == proxy.targets
