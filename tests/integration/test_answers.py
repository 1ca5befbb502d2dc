"""Headers, conditions, ranges and methods of Preheat's own paths."""

from __future__ import annotations

import time

import pytest

from tests.integration.world import LISTS, OBJECTS, fill

BLOB = OBJECTS["lookup/deep/blob.bin"]


@pytest.fixture(scope="module")
def world(make_world):
    def fill_all(aws):
        fill(aws)
        aws.put_secret("binary", b"\x00\xff\r\n")
        aws.put_secret("unicode", '{"name":"Zoë"}')
        aws.put_object("lookup", "empty", b"", content_type="text/csv")
        aws.put_object("lookup", "large", b"x" * 3_000_000)
        return {
            "secrets": [*LISTS["secrets"], "binary", "unicode"],
            "s3": [*LISTS["s3"], "s3://lookup/empty", "s3://lookup/large"],
        }

    return make_world(fill_all, parameters=LISTS["parameters"], ttl="90s")


def _version(world, name):
    return world.aws.secrets_manager.get(name, world.aws.account_id, world.aws.region).version_id


TYPES = [
    ("/secrets/app/secret-1", "text/plain; charset=utf-8", b"secret value 1"),
    ("/secrets/unicode", "text/plain; charset=utf-8", '{"name":"Zoë"}'.encode()),
    ("/secrets/unicode?field=name", "text/plain; charset=utf-8", "Zoë".encode()),
    ("/secrets/binary", "application/octet-stream", b"\x00\xff\r\n"),
    ("/parameters/app/parameter-1", "text/plain; charset=utf-8", b"parameter value 1"),
    ("/s3/lookup/rates.json", "application/json", OBJECTS["lookup/rates.json"]),
    ("/s3/lookup/deep/blob.bin", "image/png", BLOB),
    ("/s3/lookup/empty", "text/csv", b""),
    ("/s3/lookup/large", "binary/octet-stream", b"x" * 3_000_000),
]


@pytest.mark.parametrize(("target", "content_type", "body"), TYPES)
def test_a_value_says_how_fresh_it_is(world, target, content_type, body):
    answer = world.sidecar.get(target)
    assert (200, body) == (answer.status, answer.body)
    assert content_type == answer.header("content-type")
    assert "private, max-age=90" == answer.header("cache-control")
    assert "hit" == answer.header("preheat-cache")
    assert 0 <= int(answer.header("age")) <= 60
    assert answer.header("etag").startswith('"')


@pytest.mark.parametrize(("target", "content_type", "body"), TYPES)
def test_head_has_the_same_headers_and_no_body(world, target, content_type, body):
    with world.sidecar.connect() as client:
        answer = client.request("HEAD", target)
        assert (200, b"", str(len(body))) == (answer.status, answer.body, answer.header("content-length"))
        got = client.get(target)  # on the same connection: no body lies in between
        assert body == got.body
        assert [pair for pair in got.headers if pair[0] != "Age"] == [
            pair for pair in answer.headers if pair[0] != "Age"
        ]


def test_the_etag_of_a_secret_is_its_version_id(world):
    assert f'"{_version(world, "app/secret-2")}"' == world.sidecar.get("/secrets/app/secret-2").header("etag")


def test_the_etag_of_an_object_is_the_one_of_s3(world):
    (version,) = world.aws.s3._buckets["lookup"].objects["rates.json"]
    assert version.etag == world.sidecar.get("/s3/lookup/rates.json").header("etag")


def test_variants_of_a_value_have_etags_of_their_own(world):
    targets = ["/secrets/unicode", "/secrets/unicode?field=name"]
    assert 2 == len({world.sidecar.get(target).header("etag") for target in targets})
    targets = ["/parameters/app/parameter-1", "/parameters/app/parameter-1?decrypt=false"]
    assert 2 == len({world.sidecar.get(target).header("etag") for target in targets})


CONDITIONS = [
    ("{etag}", 304),
    ("W/{etag}", 304),
    ('"other", {etag}', 304),
    ('"other",W/{etag} , "more"', 304),
    ("*", 304),
    ('"other"', 200),
    ("W/", 200),
    ("", 200),
]


@pytest.mark.parametrize(("condition", "status"), CONDITIONS)
@pytest.mark.parametrize(
    "target",
    ["/secrets/app/secret-1", "/secrets/unicode?field=name", "/parameters/app/parameter-1", "/s3/lookup/rates.json"],
)
def test_if_none_match(world, target, condition, status):
    whole = world.sidecar.get(target)
    answer = world.sidecar.get(target, {"If-None-Match": condition.format(etag=whole.header("etag"))})
    assert status == answer.status
    for name in ("etag", "cache-control", "preheat-cache"):
        assert whole.header(name) == answer.header(name)
    assert (b"" if status == 304 else whole.body) == answer.body


RANGES = [
    ("bytes=0-0", 206, "bytes 0-0/2048", BLOB[:1]),
    ("bytes=10-19", 206, "bytes 10-19/2048", BLOB[10:20]),
    ("bytes=2040-", 206, "bytes 2040-2047/2048", BLOB[2040:]),
    ("bytes=2040-9999", 206, "bytes 2040-2047/2048", BLOB[2040:]),
    ("bytes=-5", 206, "bytes 2043-2047/2048", BLOB[-5:]),
    ("bytes=-9999", 206, "bytes 0-2047/2048", BLOB),
    ("BYTES=1-1", 206, "bytes 1-1/2048", BLOB[1:2]),
    ("bytes=2048-", 416, "bytes */2048", None),
    ("bytes=-0", 416, "bytes */2048", None),
    # What a server may ignore: other units, several ranges, nonsense.
    ("lines=1-2", 200, "", BLOB),
    ("bytes=0-1,5-6", 200, "", BLOB),
    ("bytes=5-1", 200, "", BLOB),
    ("bytes=", 200, "", BLOB),
    ("bytes=-", 200, "", BLOB),
    ("bytes=+1-2", 200, "", BLOB),
    ("bytes=a-b", 200, "", BLOB),
]


@pytest.mark.parametrize(("wanted", "status", "content_range", "body"), RANGES)
def test_a_range_of_an_object(world, wanted, status, content_range, body):
    answer = world.sidecar.get("/s3/lookup/deep/blob.bin", {"Range": wanted})
    assert (status, content_range) == (answer.status, answer.header("content-range"))
    if body is None:
        assert answer.problem
    else:
        assert body == answer.body
        assert "bytes" == answer.header("accept-ranges")


def test_a_range_under_a_condition(world):
    etag = world.sidecar.get("/s3/lookup/deep/blob.bin").header("etag")
    for condition, status in ((etag, 206), ('"other"', 200)):
        headers = {"Range": "bytes=0-3", "If-Range": condition}
        assert status == world.sidecar.get("/s3/lookup/deep/blob.bin", headers).status
    headers = {"Range": "bytes=0-3", "If-None-Match": etag}
    assert 304 == world.sidecar.get("/s3/lookup/deep/blob.bin", headers).status


def test_refresh_fetches_again_and_what_changed_is_logged(aws, ready):
    secret = aws.put_secret("app/db", "old")
    first = secret.version_id
    sidecar = ready(secrets=["app/db"])
    aws.rotate_secret("app/db", "new")
    assert "old" == sidecar.get("/secrets/app/db").text
    answer = sidecar.get("/secrets/app/db?refresh=true")
    assert ("new", "miss") == (answer.text, answer.header("preheat-cache"))
    assert ("new", "hit") == ((again := sidecar.get("/secrets/app/db")).text, again.header("preheat-cache"))
    assert 2 == aws.count()
    (changed,) = sidecar.events("entry.changed")
    assert ("app/db", first, secret.version_id) == (changed["resource"], changed["was"], changed["now"])


def test_a_function_that_asks_for_a_refresh_in_a_loop_gets_one_a_second(aws, ready):
    """It may be failing for another reason, and must not throttle the account."""
    aws.put_secret("app/db", "the value")
    sidecar = ready(secrets=["app/db"])
    started = time.monotonic()
    while time.monotonic() < started + 1.2:
        for target in ("/secrets/app/db?refresh=true", "/secretsmanager/get?secretId=app/db&refreshNow=true"):
            assert "the value" in sidecar.get(target).text
    assert 1 + 2 == aws.count()


@pytest.mark.parametrize(
    ("wish", "how"),
    [
        ("no-cache", "miss"),
        ("NO-CACHE", "miss"),
        ("max-age=0", "miss"),
        ("no-transform, max-age=0", "miss"),
        ("max-age=60", "hit"),
        ("max-age=abc", "hit"),
        ("no-store", "hit"),
        ("", "hit"),
    ],
)
def test_a_request_may_ask_for_something_fresher(world, wish, how):
    answer = world.sidecar.get("/secrets/app/secret-3", {"Cache-Control": wish})
    assert ("secret value 3", how) == (answer.text, answer.header("preheat-cache"))


def test_stats_count_reads_and_tell_no_value(aws, ready):
    aws.put_secret("app/db", "the value")
    sidecar = ready(secrets=["app/db"])
    for _ in range(3):
        sidecar.get("/secrets/app/db")
    sidecar.get("/secrets/missing")
    stats = sidecar.get("/stats")
    (entry,) = stats.json["entries"]
    assert ("app/db", True, "fresh", 3, 0, 0) == tuple(
        entry[name] for name in ("resource", "listed", "state", "hits", "misses", "stale")
    )
    assert 0 == stats.json["invocations"]
    assert "the value" not in stats.text
    assert "no-store" == stats.header("cache-control")
