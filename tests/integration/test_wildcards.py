"""Wildcards: /app/* takes one level, /app/** all below; in Parameter Store and in S3."""

from __future__ import annotations

from collections import Counter

import pytest

NAMES = ["/app/a", "/app/b", "/app/deep/c", "/app/deep/er/d", "/apple/x", "/other"]
KEYS = ["data/a.csv", "data/b é+%.csv", "data/deep/c.csv", "database/x", "z"]


def _fill(aws):
    for name in NAMES:
        aws.put_parameter(name, f"value of {name}", type="SecureString" if name.endswith("b") else "String")
    for key in KEYS:
        aws.put_object("bucket", key, f"body of {key}")


def _hits(sidecar, targets):
    """The targets that were answered without a call."""
    return [target for target in targets if "hit" == sidecar.get(target).header("preheat-cache")]


@pytest.mark.parametrize(
    ("listed", "held"),
    [
        ("/app/*", ["/app/a", "/app/b"]),
        ("/app/**", ["/app/a", "/app/b", "/app/deep/c", "/app/deep/er/d"]),
        ("/app/deep/*", ["/app/deep/c"]),
        ("/**", NAMES),
    ],
)
def test_parameters_below_a_path(aws, ready, listed, held):
    _fill(aws)
    sidecar = ready(parameters=[listed])
    assert {"GetParametersByPath": 1} == Counter(call.action for call in aws.calls)
    assert held == [
        target.removeprefix("/parameters") for target in _hits(sidecar, [f"/parameters{name}" for name in NAMES])
    ]
    assert [f"value of {name}" for name in NAMES] == [sidecar.get(f"/parameters{name}").text for name in NAMES]


@pytest.mark.parametrize(
    ("listed", "held"),
    [
        ("s3://bucket/data/*", ["data/a.csv", "data/b é+%.csv"]),
        ("s3://bucket/data/**", ["data/a.csv", "data/b é+%.csv", "data/deep/c.csv"]),
        ("s3://bucket/*", ["z"]),
        ("s3://bucket/**", KEYS),
    ],
)
def test_objects_below_a_prefix(aws, ready, listed, held):
    _fill(aws)
    sidecar = ready(s3=[listed])
    assert {"ListObjectsV2": 1, "GetObject": len(held)} == Counter(call.action for call in aws.calls)
    targets = {f"/s3/bucket/{key.replace('%', '%25').replace(' ', '%20').replace('é', '%C3%A9')}": key for key in KEYS}
    assert held == [targets[target] for target in _hits(sidecar, targets)]
    assert [f"body of {key}" for key in KEYS] == [sidecar.get(target).text for target in targets]


def test_a_listing_is_read_page_after_page(aws, ready):
    """AWS may also send pages with nothing in them."""
    for number in range(25):
        aws.put_parameter(f"/app/p{number:02}", str(number))
        aws.put_object("bucket", f"data/o{number:02}", str(number))
    aws.parameter_store.empty_pages = 2
    aws.s3.list_page_size = 10
    sidecar = ready(parameters=["/app/*"], s3=["s3://bucket/data/*"])
    assert {"GetParametersByPath": 5, "ListObjectsV2": 3, "GetObject": 25} == Counter(call.action for call in aws.calls)
    aws.clear_calls()
    for number in range(25):
        assert str(number) == sidecar.get(f"/parameters/app/p{number:02}").text
        assert str(number) == sidecar.get(f"/s3/bucket/data/o{number:02}").text
    assert [] == aws.calls


def test_a_wildcard_takes_no_more_than_the_cache_has_room_for(aws, ready):
    for number in range(30):
        aws.put_parameter(f"/app/p{number:02}", str(number))
    sidecar = ready(parameters=["/app/*"], cache_items="20")
    assert 20 >= len(sidecar.get("/stats").json["entries"])
    assert "29" == sidecar.get("/parameters/app/p29").text  # the rest is read on demand


def test_a_denied_listing_is_told_with_what_to_grant(aws, ready):
    _fill(aws)
    aws.deny("ssm:GetParametersByPath")
    aws.deny("s3:ListBucket")
    sidecar = ready(parameters=["/app/*"], s3=["s3://bucket/data/*"])
    lines = {line["grant"]: line for line in sidecar.events("fetch.failed")}
    assert {"ssm:GetParametersByPath", "s3:ListBucket"} == set(lines)
    assert 2 == len(sidecar.events("fetch.failed"))
    assert "arn:aws:ssm:us-east-1:123456789012:parameter/app" == lines["ssm:GetParametersByPath"]["on"]
    assert "arn:aws:s3:::bucket" == lines["s3:ListBucket"]["on"]
    assert "value of /app/a" == sidecar.get("/parameters/app/a").text  # one by one is still allowed


def test_one_member_that_is_refused_does_not_sink_the_others(aws, ready):
    _fill(aws)
    aws.deny("s3:GetObject", "*/data/a.csv")
    sidecar = ready(s3=["s3://bucket/data/**"])
    (line,) = sidecar.events("fetch.failed")
    assert ("s3://bucket/data/a.csv", "s3:GetObject") == (line["resource"], line["grant"])
    assert 403 == sidecar.get("/s3/bucket/data/a.csv").status
    assert "body of data/deep/c.csv" == sidecar.get("/s3/bucket/data/deep/c.csv").text


def test_a_wildcard_without_a_match_is_no_failure(aws, ready):
    aws.create_bucket("bucket")
    sidecar = ready(parameters=["/nothing/**"], s3=["s3://bucket/nothing/*"])
    assert [] == [line for line in sidecar.log if "INFO" != line["level"]]
    assert 200 == sidecar.get("/health").status


@pytest.mark.parametrize(
    ("wildcard", "names"),
    [("/app/*", NAMES[:2]), ("/app/**", NAMES[:4]), ("/app/deep/**", NAMES[2:4]), ("/none/*", [])],
)
@pytest.mark.parametrize("listed", [["/app/**"], []], ids=["listed", "on demand"])
def test_a_wildcard_can_be_read_as_a_document(aws, ready, wildcard, names, listed):
    """The names below that place, and their values."""
    _fill(aws)
    sidecar = ready(parameters=listed)
    for _ in range(2):
        answer = sidecar.get(f"/parameters{wildcard}")
        assert {name: f"value of {name}" for name in names} == answer.json
        assert "application/json" == answer.header("content-type")


@pytest.mark.parametrize(
    ("listed", "action", "target"),
    [
        ({"parameters": ["/app/*"]}, "GetParametersByPath", "/parameters/app/{}"),
        ({"s3": ["s3://bucket/app/*"]}, "ListObjectsV2", "/s3/bucket/app/{}"),
    ],
)
def test_a_listing_that_takes_longer_than_a_round_is_finished_by_the_rounds_that_follow(
    aws, api, ready, listed, action, target
):
    """Each INVOKE gives it a second; were it begun anew each time, it would cost every invocation that, for ever."""
    names = [f"{number:03}" for number in range(120)]
    for name in names:
        aws.put_parameter(f"/app/{name}", f"value {name}")
        aws.put_object("bucket", f"app/{name}", f"value {name}")
    aws.s3.list_page_size = 10
    aws.latency = lambda call: 0.15 if call.action == action else 0.0
    sidecar = ready(**listed, init_timeout="0")
    rounds = _rounds_until_nothing_is_due(aws, api)
    pages = [call for call in aws.calls if call.action == action and not call.abandoned]
    assert rounds >= 2
    assert 12 == len({call.parameters.get("NextToken") or call.parameters.get("continuation-token") for call in pages})
    assert len(pages) <= 12 + rounds  # the one that a round cut is asked for again
    aws.clear_calls()
    assert [f"value {name}" for name in names] == [sidecar.get(target.format(name)).text for name in names]
    assert [] == aws.calls
    assert [] == sidecar.events("fetch.failed")


def _rounds_until_nothing_is_due(aws, api):
    for rounds in range(12):
        before = aws.count()
        api.invoke_and_wait()
        if before == aws.count():
            return rounds
    raise AssertionError("each INVOKE makes calls")
