"""Nothing that a caller or AWS says can end a header early and begin one of its own, or an answer of its own."""

from __future__ import annotations

import json

import pytest

from tests.fakes.http_message import Reply
from tests.integration.world import LISTS, fill

SPLIT = ["\r\nX-Split: 1", "\nX-Split: 1", "\rX-Split: 1", "\0", "\r\n\r\nHTTP/1.1 200 OK\r\nX-Split: 1\r\n\r\n"]
ENCODED = ["%0d%0aX-Split:%201", "%0AX-Split:%201", "%0d", "%00", "%E5%98%8D%E5%98%8A", "%c0%8d%c0%8a", "%250d%250a"]
TARGETS = [
    "/secrets/app{}",
    "/secrets/app/secret-1?field={}",
    "/secrets/app/secret-1?stage={}",
    "/secrets/app/secret-1?version={}",
    "/secrets/app/secret-1?{}=1",
    "/parameters/app{}",
    "/parameters/app/{}/*",
    "/parameters/app/parameter-1?label={}",
    "/s3/lookup/{}",
    "/s3/lookup/rates.json?version={}",
    "/{}",
    "/secretsmanager/get?secretId={}",
    "/v1/{}",
    "/v1/app/secret-1?versionStage={}",
    "/v1/app/secret-1?{}=1",
    "/secretsmanager/get?secretId=app/secret-1&versionStage={}",
    "/secretsmanager/get?secretId=app/secret-1&roleArn={}",
    "/systemsmanager/parameters/get?name={}",
    "/systemsmanager/parameters/get?name=/app/parameter-1&label={}",
]


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(fill, **LISTS, fetch_timeout="300ms")


@pytest.mark.parametrize("target", TARGETS)
def test_a_name_splits_no_answer(world, target):
    """One answer to each, its headers all of them ours, and the connection in step."""
    with world.sidecar.connect() as client:
        for piece in ENCODED:
            answer = client.get(target.format(piece))
            assert 400 <= answer.status, piece
            assert not any("split" in name.lower() for name, _ in answer.headers)
            assert "secret value 1" == client.get("/secrets/app/secret-1").text


@pytest.mark.parametrize("piece", SPLIT)
@pytest.mark.parametrize("path", ["/batch", "/refresh"])
def test_nor_does_a_name_in_a_body(world, path, piece):
    body = json.dumps({"secrets": [f"app{piece}"], "parameters": [f"/app/x{piece}"]}).encode()
    with world.sidecar.connect() as client:
        answer = client.request("POST", path, body=body)
        assert 200 == answer.status
        assert not any("split" in name.lower() for name, _ in answer.headers)
        assert "secret value 1" == client.get("/secrets/app/secret-1").text


@pytest.mark.parametrize("piece", SPLIT)
def test_nor_does_what_aws_says(aws, ready, piece):
    """A version's id becomes an ETag, an error's code a header of the drop-in paths."""
    sidecar = ready(fetch_timeout="300ms")

    def secret(call):
        version = f"v{piece}"
        document = {"ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:x-AbCdEf", "Name": "x"}
        return Reply(200, [], json.dumps({**document, "VersionId": version, "SecretString": "the value"}).encode())

    fault = aws.faults.add("reply", make=secret)
    with sidecar.connect() as client:
        for target in ("/secrets/x", "/secrets/x?field=y", "/secretsmanager/get?secretId=x"):
            answer = client.get(target)
            assert not any("split" in name.lower() for name, _ in answer.headers)
    aws.faults.remove(fault)
    body = json.dumps({"__type": f"Evil{piece}", "message": f"no{piece}"}).encode()
    aws.faults.add("reply", make=lambda call: Reply(400, [], body))
    with sidecar.connect() as client:
        for target in ("/secrets/y", "/secretsmanager/get?secretId=z", "/systemsmanager/parameters/get?name=w"):
            answer = client.get(target)
            assert 400 <= answer.status
            assert not any("split" in name.lower() for name, _ in answer.headers)
        assert 200 == client.get("/stats").status
