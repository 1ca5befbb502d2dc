"""One resource, many spellings: every way to write what is held finds it, without a call."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

JSON_SECRET = {"user": "alice", "port": 5432, "tags": ["a", "ä"]}


def _fill(aws):
    aws.put_secret("app/db", "s1")
    aws.put_secret("odd+name=@.-", "s2")
    by_arn = aws.put_secret("by-arn", "s3")
    aws.put_parameter("/app/flag", "p1")
    aws.put_parameter("plain", "p2")
    aws.put_parameter("/app/secure", "p3", type="SecureString")
    aws.put_parameter("/app/labelled", "old", labels=("stable",))
    aws.put_parameter("/app/labelled", "p4")
    aws.put_parameter("/app/by-arn", "p5")
    aws.put_object("bucket", "dir/a b+c%.txt", b"o1")
    aws.put_object("bucket", "/lead//..//x", b"o2")
    return {"secrets": ["app/db?as=database", "odd+name=@.-", f"{by_arn.arn}?as=by-alias"]}


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(
        _fill,
        parameters=[
            "/app/flag?as=flag",
            "plain",
            "/app/secure",
            "/app/labelled?label=stable",
            "arn:aws:ssm:us-east-1:123456789012:parameter/app/by-arn",
        ],
        s3=["s3://bucket/dir/a%20b+c%25.txt?as=object", "s3://bucket//lead//..//x"],
    )


SECRETS = [
    ("app/db", "s1"),
    ("app%2Fdb", "s1"),
    ("%61pp%2fdb", "s1"),
    ("database", "s1"),
    ("arn:app/db", "s1"),
    ("ARN:app/db", "s1"),
    ("odd+name=@.-", "s2"),
    ("odd%2Bname%3D%40.-", "s2"),
    ("arn:by-arn", "s3"),
    ("by-arn", "s3"),
    ("by-alias", "s3"),
]


def _secret(world, text):
    """A row's spelling; "arn:" and "ARN:" stand for the full ARN, plain and encoded."""
    kind, colon, name = text.partition(":")
    if not colon:
        return text
    arn = world.secret_arn(name)
    return quote(arn, safe="") if kind == "ARN" else arn


@pytest.mark.parametrize(("spelling", "value"), SECRETS)
@pytest.mark.parametrize("path", ["/secrets/", "/secretsmanager/get?secretId=", "/secretsmanager/get/?secretId="])
def test_every_spelling_of_a_secret_is_a_hit(world, path, spelling, value):
    world.aws.clear_calls()
    answer = world.sidecar.get(path + _secret(world, spelling))
    assert 200 == answer.status
    assert value == (answer.text if path == "/secrets/" else answer.json["SecretString"])
    assert [] == world.aws.calls


PARAMETERS = [
    ("app/flag", "p1"),
    ("/app/flag", "p1"),
    ("%2Fapp%2Fflag", "p1"),
    ("app%2Fflag", "p1"),
    ("flag", "p1"),
    ("arn:aws:ssm:us-east-1:123456789012:parameter/app/flag", "p1"),
    ("arn%3Aaws%3Assm%3Aus-east-1%3A123456789012%3Aparameter%2Fapp%2Fflag", "p1"),
    ("plain", "p2"),
    ("arn:aws:ssm:us-east-1:123456789012:parameter/plain", "p2"),
    ("app/secure", "p3"),
    ("app/labelled?label=stable", "old"),
    ("app/by-arn", "p5"),
    ("arn:aws:ssm:us-east-1:123456789012:parameter/app/by-arn", "p5"),
]


@pytest.mark.parametrize(("spelling", "value"), PARAMETERS)
def test_every_spelling_of_a_parameter_is_a_hit(world, spelling, value):
    world.aws.clear_calls()
    answer = world.sidecar.get("/parameters/" + spelling)
    assert (200, value, "hit") == (answer.status, answer.text, answer.header("preheat-cache"))
    assert [] == world.aws.calls


DROP_IN_PARAMETERS = [
    ("/app/flag", "p1"),
    ("%2Fapp%2Fflag", "p1"),
    ("flag", "p1"),
    ("plain", "p2"),
    ("arn:aws:ssm:us-east-1:123456789012:parameter/app/flag", "p1"),
    ("/app/secure&withDecryption=true", "p3"),
    ("%2Fapp%2Fsecure&withDecryption=TRUE", "p3"),
    ("/app/labelled&label=stable&withDecryption=true", "old"),
    ("/app/by-arn", "p5"),
]


@pytest.mark.parametrize(("spelling", "value"), DROP_IN_PARAMETERS)
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_spelling_of_a_parameter_is_a_hit_on_the_drop_in_path(world, slash, spelling, value):
    world.aws.clear_calls()
    answer = world.sidecar.get(f"/systemsmanager/parameters/get{slash}?name={spelling}")
    assert (200, value) == (answer.status, answer.json["Parameter"]["Value"])
    assert [] == world.aws.calls


@pytest.mark.parametrize(
    ("spelling", "body"),
    [
        ("bucket/dir/a%20b+c%25.txt", b"o1"),
        ("bucket%2Fdir%2Fa%20b%2Bc%25.txt", b"o1"),
        ("object", b"o1"),
        ("bucket//lead//..//x", b"o2"),
        ("bucket/%2Flead%2F%2F%2E%2E%2F%2Fx", b"o2"),
    ],
)
def test_every_spelling_of_an_object_is_a_hit(world, spelling, body):
    world.aws.clear_calls()
    answer = world.sidecar.get("/s3/" + spelling)
    assert (200, body, "hit") == (answer.status, answer.body, answer.header("preheat-cache"))
    assert [] == world.aws.calls


def test_a_partial_arn_is_joined_to_the_secret_after_one_call(aws, ready):
    """Only AWS knows which name an ARN without its random end stands for."""
    secret = aws.put_secret("app/db", "s1")
    sidecar = ready(secrets=["app/db"])
    aws.clear_calls()
    partial = secret.arn[:-7]
    assert ["s1"] * 3 == [sidecar.get(f"/secrets/{partial}").text for _ in range(3)]
    assert 1 == aws.count()


def test_the_id_of_the_held_version_is_a_hit_and_another_is_not(aws, ready):
    aws.put_secret("app/db", "first", version_id="1" * 32)
    aws.put_secret("app/db", "second", version_id="2" * 32)
    sidecar = ready(secrets=["app/db"])
    aws.clear_calls()
    assert "second" == sidecar.get(f"/secrets/app/db?version={'2' * 32}").text
    assert "second" == sidecar.get("/secrets/app/db?stage=AWSCURRENT").text
    assert [] == aws.calls
    assert "first" == sidecar.get(f"/secrets/app/db?version={'1' * 32}").text
    assert "first" == sidecar.get("/secrets/app/db?stage=AWSPREVIOUS").text
    assert 2 == aws.count()


def test_a_parameter_without_a_slash_is_found_where_only_that_exists(aws, ready):
    """/parameters/x is the alias, then what is listed, then x, then /x."""
    aws.put_parameter("/rooted", "with a slash")
    aws.put_parameter("bare", "without")
    sidecar = ready()
    assert "without" == sidecar.get("/parameters/bare").text
    assert ["bare"] == [name for call in aws.calls for name in call.resources]
    assert "with a slash" == sidecar.get("/parameters/rooted").text
    assert ["bare", "rooted", "/rooted"] == [name for call in aws.calls for name in call.resources]


def test_a_resource_listed_in_two_spellings_is_held_once_it_is_known_to_be_one(aws, ready):
    secret = aws.put_secret("app/db", "s1")
    sidecar = ready(secrets=["app/db", secret.arn])
    assert ["s1", "s1"] == [sidecar.get(f"/secrets/{spelling}").text for spelling in ("app/db", secret.arn)]
    entries = [row for row in sidecar.get("/stats").json["entries"] if "app/db" in row["resource"]]
    assert 1 == len(entries)
    assert 2 == entries[0]["hits"]


def test_a_field_of_a_json_secret(aws, ready):
    aws.put_secret("app/json", json.dumps(JSON_SECRET))
    aws.put_secret("app/text", "no JSON")
    sidecar = ready(secrets=["app/json", "app/text"])
    assert "alice" == sidecar.get("/secrets/app/json?field=user").text
    assert "5432" == sidecar.get("/secrets/app/json?field=port").text
    assert '["a","ä"]' == sidecar.get("/secrets/app/json?field=tags").text
    for target in ("/secrets/app/json?field=nothing", "/secrets/app/text?field=user"):
        answer = sidecar.get(target)
        assert (404, "FieldNotFound") == (answer.status, answer.problem["code"])
        assert not {"user", "alice", "no JSON", "nothing"} & {word for word in answer.text.split('"') if word}
    assert 2 == aws.count()
