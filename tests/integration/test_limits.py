"""The limits at the door to the byte, and paths that try to be others: over a raw socket."""

from __future__ import annotations

import json

import pytest

from tests.integration.sidecar import TOKEN_HEADER
from tests.integration.world import LISTS, fill

SECRET = "/secrets/app/secret-1"
LONGEST_TARGET, LONGEST_HEAD, MOST_HEADERS, LONGEST_BODY, MOST_ITEMS = 8192, 16384, 100, 65536, 100


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(fill, **LISTS)


def _status(world, data):
    """Of the answer to these bytes; a refusal closes the connection."""
    with world.sidecar.connect() as client:
        client.send(data)
        answer = client.answer()
        if answer.status in (413, 414, 431):
            assert (answer.status, "close") == (answer.problem["status"], answer.header("connection"))
            assert b"" == client.rest()
        return answer.status


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 414)])
def test_the_longest_target(world, over, status):
    target = SECRET + "?" + "&" * (LONGEST_TARGET - len(SECRET) - 1 + over)
    with world.sidecar.connect() as client:
        ping = client.render("GET", "/ping?" + "x" * (LONGEST_TARGET - 6 + over))
        assert status == _status(world, ping)
        assert (400 if status == 200 else status) == _status(world, client.render("GET", target))


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 431)])
def test_the_longest_head(world, over, status):
    with world.sidecar.connect() as client:
        bare = len(client.render("GET", SECRET, {"X": ""}))
        assert status == _status(world, client.render("GET", SECRET, {"X": "x" * (LONGEST_HEAD - bare + over)}))


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 431)])
def test_the_most_headers(world, over, status):
    with world.sidecar.connect() as client:
        more = {f"X-{number}": "" for number in range(MOST_HEADERS - 2 + over)}
        assert status == _status(world, client.render("GET", SECRET, more))


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 413)])
def test_the_longest_body_by_its_length_and_in_chunks(world, over, status):
    body = b'{"secrets":["app/secret-1"]}'.ljust(LONGEST_BODY + over)
    with world.sidecar.connect() as client:
        assert status == _status(world, client.render("POST", "/batch", body=body))
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:1000], body[1000:])) + b"0\r\n\r\n"
        head = client.render("POST", "/batch", {"Transfer-Encoding": "chunked"})
        assert status == _status(world, head + chunks)


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 400)])
@pytest.mark.parametrize("path", ["/batch", "/refresh"])
def test_the_most_items(world, path, over, status):
    secrets = [f"app/secret-{number % 10}?{number}" for number in range(MOST_ITEMS // 2)]  # no names: no call
    parameters = [f"/app//{number}" for number in range(MOST_ITEMS // 2 + over)]
    body = json.dumps({"secrets": secrets, "parameters": parameters}).encode()
    assert status == world.sidecar.request("POST", path, body=body).status


BODIES = ["[]" * 30_000, "[" * 60_000, '{"secrets":' + "[" * 60_000, "9" * 60_000, '{"secrets":[' + '"' * 3, "\ud7ff"]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_a_body_that_is_meant_to_exhaust_the_reader(world, body):
    assert 400 == world.sidecar.request("POST", "/batch", body=body.encode()).status
    assert 200 == world.sidecar.get("/health").status


# What would be another path if somebody normalised it.
DISGUISED = [
    "/ping/../stats",
    "/ping/..%2fstats",
    "/ping%2f..%2fstats",
    "/./ping",
    "/ping/",
    "/ping;/stats",
    "/ping%00",
    "/ping%3f/stats",
    "//ping",
    "/PING",
]


@pytest.mark.parametrize("target", DISGUISED)
def test_only_ping_is_ping(world, target):
    """It alone needs no token."""
    assert 401 == world.sidecar.get(target, {TOKEN_HEADER: None}).status
    assert 404 == world.sidecar.get(target).status


@pytest.mark.parametrize(
    "target", ["/secrets/../stats", "/secrets/%2e%2e/stats", "/parameters/../stats", "/s3/../stats"]
)
def test_a_path_is_not_climbed_up(world, target):
    answer = world.sidecar.get(target)
    assert answer.status in (400, 404)
    assert answer.problem["status"] == answer.status


@pytest.mark.parametrize("target", ["/secrets/app/secret-1%00", "/secrets/%00", "/s3/lookup/rates.json%00.png"])
def test_a_nul_ends_no_name(world, target):
    world.aws.clear_calls()
    assert 400 == world.sidecar.get(target).status
    assert [] == world.aws.calls
