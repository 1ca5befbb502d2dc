"""Who is let in: the checks at the door, in the contract's order, each by itself."""

from __future__ import annotations

import ipaddress
import re
import struct
from pathlib import Path

import pytest

from tests.integration.sidecar import TOKEN_HEADER
from tests.integration.world import LISTS, fill

SECRET = "/secrets/app/secret-1"
DROP_IN = "/secretsmanager/get?secretId=app/secret-1"
FORWARDED = {"X-Forwarded-For": "203.0.113.7"}
NO_TOKEN = {TOKEN_HEADER: None}


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(fill, **LISTS, token="the operator's")


def test_it_listens_on_this_machine_s_own_addresses_alone(world):
    """proc(5): addresses in hexadecimal, in the machine's byte order; 0A is LISTEN."""
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text("ascii").splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, _, port = local.partition(":")
            if state == "0A" and int(port, 16) == world.sidecar.port:
                words = struct.pack(
                    f"={len(address) // 8}I", *[int(each, 16) for each in re.findall("........", address)]
                )
                found.add(str(ipaddress.ip_address(words)))
    assert "127.0.0.1" in found
    assert found <= {"127.0.0.1", "::1"}


# Each request fails every check from its row's on; the first of them answers.
ORDER = [
    ("POST", "/nothing", FORWARDED | NO_TOKEN, 400),
    ("POST", SECRET, FORWARDED | NO_TOKEN, 400),
    ("POST", SECRET, FORWARDED, 400),
    ("GET", SECRET, FORWARDED, 400),
    ("POST", "/nothing", NO_TOKEN, 401),
    ("POST", SECRET, NO_TOKEN, 401),
    ("GET", SECRET, NO_TOKEN, 401),
    ("POST", "/nothing", {}, 404),
    ("POST", SECRET, {}, 405),
    ("GET", SECRET, {}, 200),
]


@pytest.mark.parametrize(("method", "target", "headers", "status"), ORDER)
def test_forwarded_comes_before_token_before_route_before_method(world, method, target, headers, status):
    answer = world.sidecar.request(method, target, headers)
    assert status == answer.status
    if status == 400:
        assert "Forwarded" == answer.problem["code"]


def test_the_drop_in_paths_refuse_in_the_words_of_aws_s_extension(world):
    answer = world.sidecar.get(DROP_IN, FORWARDED)
    assert (400, "Forwarded") == (answer.status, answer.text)
    answer = world.sidecar.get(DROP_IN, NO_TOKEN)
    assert (401, "bad session token or header key") == (answer.status, answer.text)
    assert ("text/plain", "AccessDeniedException") == (answer.header("content-type"), answer.header("x-amzn-errortype"))
    assert "31" == answer.header("content-length")


@pytest.mark.parametrize("headers", [NO_TOKEN, FORWARDED, {"Host": "evil.example"}, {"Host": None}])
def test_ping_skips_the_checks_of_forwarding_and_token(world, headers):
    answer = world.sidecar.get("/ping", headers)
    assert (200, "healthy") == (answer.status, answer.text)


GOOD_HOSTS = [
    "localhost",
    "LocalHost",
    "localhost:2773",
    "localhost:1",
    "127.0.0.1",
    "127.0.0.1:65535",
    "[::1]",
    "[::1]:2773",
    "sandbox.localdomain",
    "sandbox.localdomain:80",
]
BAD_HOSTS = [
    "",
    "evil.example",
    "evil.example:2773",
    "localhost.evil.example",
    "localhost@evil.example",
    "evil.example/localhost",
    "127.0.0.2",
    "127.0.0.1.evil.example",
    "127.1",
    "0.0.0.0",
    "2130706433",
    "::1",
    "[::2]",
    "[::1",
    "localhost:port",
    "localhost:80:80",
    "localhost,evil.example",
    "localhost evil.example",
]


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_a_host_of_this_machine_is_let_in(world, host):
    assert 200 == world.sidecar.get(SECRET, {"Host": host}).status


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_any_other_host_is_not(world, host):
    """A page in a browser, or a request smuggled through a proxy, may reach the port, but not choose its Host."""
    answer = world.sidecar.get(SECRET, {"Host": host})
    assert (400, "Forwarded") == (answer.status, answer.problem["code"])


def test_exactly_one_host_is_wanted(world):
    assert 400 == world.sidecar.get(SECRET, {"Host": None}).status
    for second in ("localhost", "evil.example"):
        assert 400 == world.sidecar.get(SECRET, {"host": second}).status
    with world.sidecar.connect() as client:  # HTTP/1.0 knows no Host
        client.send(f"GET {SECRET} HTTP/1.0\r\n{TOKEN_HEADER}: {client.headers[TOKEN_HEADER]}\r\n\r\n".encode())
        answer = client.answer()
        assert (200, "close") == (answer.status, answer.header("connection"))
        assert b"" == client.rest()


@pytest.mark.parametrize("value", ["", "127.0.0.1", "unknown"])
@pytest.mark.parametrize("name", ["X-Forwarded-For", "x-forwarded-for", "X-FORWARDED-FOR"])
def test_whatever_x_forwarded_for_holds_it_was_forwarded(world, name, value):
    assert 400 == world.sidecar.get(SECRET, {name: value}).status


def _tokens(world):
    right = world.sidecar.environ["AWS_SESSION_TOKEN"]
    return right, {
        "right": ({TOKEN_HEADER: right}, 200),
        "lower case name": ({TOKEN_HEADER: None, TOKEN_HEADER.lower(): right}, 200),
        "AWS's other spelling": ({TOKEN_HEADER: None, "X-AWS-Parameters-Secrets-Token": right}, 200),
        "the agent's header": ({TOKEN_HEADER: None, "X-Vault-Token": right}, 200),
        "the operator's": ({TOKEN_HEADER: "the operator's"}, 200),
        "the operator's in the agent's header": ({TOKEN_HEADER: None, "X-Vault-Token": "the operator's"}, 200),
        "wrong here and right there": ({TOKEN_HEADER: "wrong", "X-Vault-Token": right}, 200),
        "right here and wrong there": ({TOKEN_HEADER: right, "X-Vault-Token": "wrong"}, 200),
        "none": (NO_TOKEN, 401),
        "empty": ({TOKEN_HEADER: ""}, 401),
        "wrong": ({TOKEN_HEADER: "wrong"}, 401),
        "cut short": ({TOKEN_HEADER: right[:-1]}, 401),
        "longer": ({TOKEN_HEADER: right + "x"}, 401),
        "another case": ({TOKEN_HEADER: right.swapcase()}, 401),
        "two in one": ({TOKEN_HEADER: f"{right}, {right}"}, 401),
        "with a scheme": ({TOKEN_HEADER: f"Bearer {right}"}, 401),
        "another header": ({TOKEN_HEADER: None, "Authorization": right}, 401),
        "outside ASCII": ({TOKEN_HEADER: "tök\xff\x80en"}, 401),
        "right but for one byte outside ASCII": ({TOKEN_HEADER: right[:-1] + "\xff"}, 401),
        "huge": ({TOKEN_HEADER: "x" * 15_000}, 401),
        "too huge": ({TOKEN_HEADER: "x" * 70_000}, 431),
    }


def test_tokens(world):
    _, rows = _tokens(world)
    for what, (headers, status) in rows.items():
        for target in (SECRET, DROP_IN, "/stats"):
            with world.sidecar.connect() as client:
                assert status == client.get(target, headers).status, (what, target)


def test_a_refusal_tells_nothing_of_the_token_that_was_shown_or_wanted(world):
    right, rows = _tokens(world)
    for headers, status in rows.values():
        if status == 401:
            answer = world.sidecar.get(SECRET, headers)
            shown = headers[TOKEN_HEADER] or ""
            assert right not in answer.text
            assert not shown or shown not in answer.text
            assert "AccessDeniedException" == answer.problem["code"]


def test_only_what_is_listed_may_be_read_if_so_set(aws, ready):
    """On every path, before any call, by any spelling; in any version of what is listed."""
    fill(aws)
    aws.put_object("lookup", "other", b"x")
    sidecar = ready(secrets=["app/secret-1"], parameters=["/app/*", "/one"], s3=["s3://lookup/deep/**"], allow="listed")
    aws.clear_calls()
    refused = [
        "/secrets/app/secret-2",
        "/secrets/app/secret-1%2Fx",
        "/secretsmanager/get?secretId=app/secret-2",
        "/parameters/other",
        "/parameters/app/deep/er",
        "/parameters/aws/reference/secretsmanager/app/secret-1",
        "/systemsmanager/parameters/get?name=/other",
        "/s3/lookup/other",
        "/s3/lookup/deep",
        "/s3/other/deep/blob.bin",
        "/secretsmanager/get?secretId=app/secret-1&roleArn=arn:aws:iam::123456789012:role/x",
        "/secrets/arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/secret-1-AbCdEf",
        "/secrets/arn:aws:secretsmanager:us-east-1:999999999999:secret:app/secret-1-AbCdEf",
    ]
    for target in refused:
        answer = sidecar.get(target)
        code = answer.header("preheat-error") or answer.problem["code"]
        assert ("NotListed", 400 if "get?" in target else 403) == (code, answer.status), target
    assert [] == aws.calls
    allowed = [
        "/secrets/app/secret-1",
        "/secrets/app/secret-1?stage=AWSCURRENT",
        "/parameters/app/parameter-1",
        "/parameters/app/parameter-1?decrypt=false",
        "/parameters/app/parameter-1?version=1",
        "/s3/lookup/deep/blob.bin",
    ]
    assert [200] * len(allowed) == [sidecar.get(target).status for target in allowed]
