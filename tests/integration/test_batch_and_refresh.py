"""POST /batch and POST /refresh: many things in one local request."""

from __future__ import annotations

import base64
import json
from collections import Counter

import pytest

from tests.integration.passing_time import let_pass
from tests.integration.world import LISTS, PARAMETERS, SECRETS, fill


def _post(sidecar, path, document):
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return sidecar.request("POST", path, {"Content-Type": "application/json"}, body)


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(lambda aws: None)


def test_a_batch_of_what_is_held_makes_no_call(aws, ready):
    fill(aws)
    sidecar = ready(**LISTS)
    aws.clear_calls()
    answer = _post(sidecar, "/batch", {"secrets": list(SECRETS), "parameters": list(PARAMETERS)})
    assert 200 == answer.status
    document = answer.json
    assert {"secrets", "parameters", "tables"} == set(document)
    assert SECRETS == {key: item["value"] for key, item in document["secrets"].items()}
    assert PARAMETERS == {key: item["value"] for key, item in document["parameters"].items()}
    assert all({"value", "version", "age"} == set(item) for item in document["secrets"].values())
    assert [] == aws.calls


def test_what_is_not_held_is_fetched_together(aws, ready):
    fill(aws)
    sidecar = ready()
    answer = _post(sidecar, "/batch", {"secrets": list(SECRETS), "parameters": list(PARAMETERS)})
    assert SECRETS == {key: item["value"] for key, item in answer.json["secrets"].items()}
    assert {"BatchGetSecretValue": 1, "GetParameters": 1} == Counter(call.action for call in aws.calls)


def test_each_item_has_its_value_or_its_problem_under_the_string_as_asked(aws, ready):
    fill(aws)
    aws.put_secret("json", {"user": "alice", "port": 1})
    aws.put_secret("binary", b"\x00\xff")
    aws.deny("*", "app/secret-2")
    sidecar = ready(secrets=["app/secret-1?as=alias"])
    asked = {
        "secrets": [
            "alias",
            "app%2Fsecret-1",
            "absent",
            "app/secret-2",
            "binary",
            {"id": "json", "field": "user"},
            {"id": "app/secret-3", "stage": "NOSUCH"},
        ],
        "parameters": [{"name": "/app/parameter-1", "decrypt": False}, {"name": "app/parameter-2", "version": 1}],
    }
    document = _post(sidecar, "/batch", asked).json
    secrets, parameters = document["secrets"], document["parameters"]
    assert "secret value 1" == secrets["alias"]["value"]
    assert "alice" == secrets["json"]["value"]
    assert b"\x00\xff" == base64.b64decode(secrets["binary"]["base64"])
    assert (404, "ResourceNotFoundException") == (
        secrets["absent"]["error"]["status"],
        secrets["absent"]["error"]["code"],
    )
    assert 403 == secrets["app/secret-2"]["error"]["status"]
    assert 404 == secrets["app/secret-3"]["error"]["status"]
    # A body is no URL: nothing in it is percent-decoded, so this is no name; which is no other item's trouble.
    assert 400 == secrets["app%2Fsecret-1"]["error"]["status"]
    assert "parameter value 1" != parameters["/app/parameter-1"]["value"]
    assert "parameter value 2" == parameters["app/parameter-2"]["value"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"secrets": "x"}',
        b'{"secrets": [1]}',
        b'{"secrets": [{}]}',
        b'{"secrets": [{"id": "x", "unknown": "y"}]}',
        b'{"unknown": []}',
        json.dumps({"secrets": [f"s{number}" for number in range(101)]}).encode(),
        b'{"secrets": ["' + b"\xff" + b'"]}',
        b'{"secrets": ["x", "x"]}',
        b"[" * 30_000,
    ],
)
@pytest.mark.parametrize("path", ["/batch", "/refresh"])
def test_a_body_that_is_not_understood_is_400(world, path, body):
    answer = _post(world.sidecar, path, body)
    assert (400, 400) == (answer.status, answer.problem["status"])
    assert [] == world.aws.calls


@pytest.mark.parametrize("path", ["/batch", "/refresh"])
def test_they_are_posts_under_the_same_guards(world, path):
    sidecar = world.sidecar
    for method in ("GET", "HEAD", "PUT"):
        answer = sidecar.request(method, path)
        assert 405 == answer.status
        assert {"POST", "OPTIONS"} == set(answer.header("allow").split(", "))
    assert 204 == sidecar.request("OPTIONS", path).status
    assert 401 == sidecar.request("POST", path, {"X-Aws-Parameters-Secrets-Token": "wrong"}, b"{}").status
    assert 400 == sidecar.request("POST", path, {"X-Forwarded-For": "x"}, b"{}").status
    assert 413 == sidecar.request("POST", path, {}, b" " * 70_000).status


def test_a_refresh_of_everything_listed_or_read(aws, ready):
    fill(aws)
    aws.put_secret("unlisted", "old")
    sidecar = ready(**LISTS)
    assert "old" == sidecar.get("/secrets/unlisted").text
    aws.put_secret("unlisted", "new")
    aws.put_secret("app/secret-1", "new")
    aws.clear_calls()
    assert {"refreshed": 23, "failed": {}, "skipped": 0} == _post(sidecar, "/refresh", {}).json
    assert {"BatchGetSecretValue": 1, "GetParameters": 1, "GetObject": 2} == Counter(call.action for call in aws.calls)
    assert ["new", "new"] == [sidecar.get(f"/secrets/{name}").text for name in ("unlisted", "app/secret-1")]
    assert {"refreshed": 0, "failed": {}, "skipped": 23} == _post(sidecar, "/refresh", {}).json
    let_pass(1.0)
    assert {"refreshed": 23, "failed": {}, "skipped": 0} == _post(sidecar, "/refresh", {}).json


def test_a_refresh_tells_what_failed(aws, ready):
    fill(aws)
    sidecar = ready(secrets=["app/secret-1", "app/secret-2"])
    aws.delete_secret("app/secret-2", force=True)
    summary = _post(sidecar, "/refresh", {"secrets": ["app/secret-1", "app/secret-2"]}).json
    assert (1, 0, {"app/secret-2"}) == (summary["refreshed"], summary["skipped"], set(summary["failed"]))
    assert 404 == summary["failed"]["app/secret-2"]["status"]
    assert 404 == sidecar.get("/secrets/app/secret-2").status


def test_a_wildcard_in_a_batch(aws, ready):
    """It is many values, and a batch has one under each string."""
    fill(aws)
    sidecar = ready(parameters=["/app/*"])
    document = _post(sidecar, "/batch", {"parameters": ["/app/*", "/app/parameter-1"]}).json
    assert "parameter value 1" == document["parameters"]["/app/parameter-1"]["value"]
    assert {"error"} == set(document["parameters"]["/app/*"])
