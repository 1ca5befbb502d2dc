"""What is asked for, and what comes of an answer: names on the wire, fields, transforms, binary values."""

from __future__ import annotations

import base64

import pytest

import preheat
from tests.client.stand_in import as_json, ok

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCdEf"
BINARY = "application/octet-stream"


@pytest.mark.parametrize(
    ("ask", "target"),
    [
        (lambda c: c.get_secret("prod/db"), "/secrets/prod/db"),
        (lambda c: c.get_secret("/leading"), "/secrets/%2Fleading"),
        (lambda c: c.get_secret("a+b@c=d"), "/secrets/a%2Bb%40c%3Dd"),
        (lambda c: c.get_secret(ARN), "/secrets/" + ARN),
        (lambda c: c.get_secret("x", stage="AWSPENDING"), "/secrets/x?stage=AWSPENDING"),
        (lambda c: c.get_secret("x", version="a&b=c"), "/secrets/x?version=a%26b%3Dc"),
        (lambda c: c.get_secret("x", field="y"), "/secrets/x"),
        (lambda c: c.get_parameter("/app/flag"), "/parameters/%2Fapp/flag"),
        (lambda c: c.get_parameter("flag"), "/parameters/flag"),
        (lambda c: c.get_parameter("flag", version=3), "/parameters/flag?version=3"),
        (lambda c: c.get_parameter("flag", version=0), "/parameters/flag?version=0"),
        (lambda c: c.get_parameter("flag", label="live", decrypt=False), "/parameters/flag?label=live&decrypt=false"),
        (lambda c: c.get_parameters("/app/prod"), "/parameters/app/prod/**"),
        (lambda c: c.get_parameters("app/prod/", recursive=False), "/parameters/app/prod/*"),
        (lambda c: c.get_parameters("/", decrypt=False), "/parameters/**?decrypt=false"),
        (lambda c: c.get_object("s3://bucket/a/b c.json"), "/s3/bucket/a/b%20c.json"),
        (lambda c: c.get_object("s3://bucket/ü?#%/../x//y"), "/s3/bucket/%C3%BC%3F%23%25/../x//y"),
        (lambda c: c.get_object("rates", version="v1"), "/s3/rates?version=v1"),
        (lambda c: c.get_object("s3://b/k", force_fetch=True), "/s3/b/k?refresh=true"),
    ],
)
def test_how_a_question_is_written(stand_in, ask, target):
    stand_in.usual = ok('{"y": "z"}', media="application/json")

    ask(stand_in.client())

    assert [target] == stand_in.targets


@pytest.mark.parametrize("name", [None, 5, b"bytes"])
def test_a_name_that_is_no_text_is_refused(stand_in, name):
    with pytest.raises((TypeError, AttributeError)):
        stand_in.client().get_secret(name)

    assert [] == stand_in.requests


@pytest.mark.parametrize("value", ["", "plain", "ü\n☃", "half a pair: \ud83d", "{not json", " spaces "])
def test_text_comes_as_it_is(stand_in, value):
    stand_in.usual = ok(value)

    assert value == stand_in.client().get_secret("x")


def test_a_binary_secret_comes_as_bytes_and_an_object_always_does(stand_in):
    stand_in.script = [ok(b"\x00\xff", media=BINARY), ok(b"text", media="text/plain")]
    client = stand_in.client()

    assert b"\x00\xff" == client.get_secret("x") == client.get_secret("x")
    assert b"text" == client.get_object("s3://b/k") == client.get_object("s3://b/k")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("user", "ann"),
        ("port", "5432"),
        ("flag", "true"),
        ("none", "null"),
        ("list", '[1,"é"]'),
        ("deep", '{"a":{"b":1}}'),
        ("", "empty name"),
    ],
)
def test_a_field_is_text_as_the_sidecar_would_have_it(stand_in, field, expected):
    stand_in.usual = ok(
        '{"user": "ann", "port": 5432, "flag": true, "none": null, "list": [1, "é"], "deep": {"a": {"b": 1}},'
        ' "": "empty name"}'
    )

    assert expected == stand_in.client().get_secret("x", field=field)


@pytest.mark.parametrize(
    "secret", [ok("plain"), ok("[1]"), ok('"user"'), ok('{"other": 1}'), ok(b"\xff", media=BINARY), ok("null")]
)
def test_a_field_that_is_not_there_is_not_found(stand_in, secret):
    stand_in.usual = secret
    client = stand_in.client()

    for _ in range(2):
        with pytest.raises(preheat.NotFound, match="no JSON object with such a key") as raised:
            client.get_secret("x", field="user")

    assert (404, "FieldNotFound") == (raised.value.status, raised.value.code)


def test_transforms(stand_in):
    encoded = base64.b64encode(b"\x00\x01").decode()
    stand_in.usual = lambda connection, request: ok('{"a": [1]}' if "json" in request.target else encoded)
    client = stand_in.client()

    assert {"a": [1]} == client.get_secret("json", transform="json")
    assert b"\x00\x01" == client.get_secret("b64", transform="binary")
    assert len(encoded) == client.get_secret("b64", transform=len)
    assert {"a": [1]} == client.get_parameter("json", transform="json")
    assert {"a": [1]} == client.get_object("s3://b/json", transform="json")
    assert encoded.encode() == client.get_object("s3://b/b64", transform=bytes)
    assert [1] == client.get_secret("json", field="a", transform="json")


def test_a_failed_transform_says_which(stand_in):
    stand_in.usual = ok("no json")
    client = stand_in.client()

    for transform, expected in (("json", "json failed with JSONDecodeError"), (int, "int failed with ValueError")):
        with pytest.raises(preheat.TransformFailed, match=f"secret 'x': the transform {expected}"):
            client.get_secret("x", transform=transform)


@pytest.mark.parametrize("transform", ["yaml", "", 5])
def test_an_unknown_transform_is_refused(stand_in, transform):
    with pytest.raises(ValueError, match="transform must be"):
        stand_in.client().get_secret("x", transform=transform)


def test_parameters_below_a_path_are_named_by_what_comes_after_it(stand_in):
    stand_in.usual = as_json({"/app/prod/a": "1", "/app/prod/b/c": "2"})
    client = stand_in.client()

    for path in ("/app/prod", "/app/prod/", "app/prod"):
        assert {"a": "1", "b/c": "2"} == client.get_parameters(path)
    assert {"a": 1, "b/c": 2} == client.get_parameters("/app/prod", transform="json")
    with pytest.raises(preheat.TransformFailed, match="parameter 'a'"):
        client.get_parameters("/app/prod", transform="binary")


@pytest.mark.parametrize("answer", [ok("[]", media="application/json"), ok("no json")])
def test_parameters_below_a_path_that_are_no_json_object_are_refused(stand_in, answer):
    stand_in.usual = answer

    with pytest.raises(preheat.SidecarUnavailable, match="not Preheat"):
        stand_in.client().get_parameters("/app")
