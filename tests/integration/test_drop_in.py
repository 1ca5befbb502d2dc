"""The paths of AWS's Parameters and Secrets extension, byte for byte: facts/aws-extensions.md §1.3 and §5.1."""

from __future__ import annotations

import base64
import json

import pytest

from tests.fakes.aws import FakeAws

ACCOUNT, REGION = "123456789012", "us-east-1"
VERSION = "b1c367b9-7f53-4a47-82c4-be51a054b953"
# A moment, and how Go prints it: RFC3339Nano drops zeros at the end.
MOMENTS = [
    (1668586960.499, "2022-11-16T08:22:40.499Z"),
    (1668586960.36, "2022-11-16T08:22:40.36Z"),
    (1668586960.5, "2022-11-16T08:22:40.5Z"),
    (1668586960.0, "2022-11-16T08:22:40Z"),
    (1709164800.001, "2024-02-29T00:00:00.001Z"),
]
AWKWARD = 'a "quoted" \\ <b>&amp; ä€😀\n\t\u0001/'


def _put_secret(aws: FakeAws, name: str, value: str | bytes, created: float = MOMENTS[0][0]) -> str:
    secret = aws.put_secret(name, value, version_id=VERSION)
    secret.versions[VERSION].created = created
    return secret.arn


def _put_parameter(aws: FakeAws, name: str, value: str, modified: float = MOMENTS[0][0]) -> None:
    aws.put_parameter(name, value).versions[-1].modified = modified


def _text(value: str | None) -> str:
    return json.dumps(value, ensure_ascii=False)


def _secret_body(arn, name, *, text=None, binary=None, created=MOMENTS[0][1]) -> str:
    encoded = None if binary is None else base64.b64encode(binary).decode()
    return (
        f'{{"ARN":"{arn}","CreatedDate":"{created}","Name":"{name}","SecretBinary":{_text(encoded)},'
        f'"SecretString":{_text(text)},"VersionId":"{VERSION}",'
        f'"VersionStages":["AWSCURRENT"],"ResultMetadata":{{}}}}'
    )


def _parameter_body(name, value, modified=MOMENTS[0][1]) -> str:
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name.removeprefix('/')}"
    return (
        f'{{"Parameter":{{"ARN":"{arn}","DataType":"text","LastModifiedDate":"{modified}","Name":"{name}",'
        f'"Selector":null,"SourceResult":null,"Type":"String","Value":{_text(value)},'
        f'"Version":1}},"ResultMetadata":{{}}}}'
    )


@pytest.mark.parametrize("listed", [True, False], ids=["prefetched", "on demand"])
def test_secrets(aws, ready, listed):
    arns = [_put_secret(aws, f"secret-{n}", f"value {n}", moment) for n, (moment, _) in enumerate(MOMENTS)]
    sidecar = ready(secrets=[f"secret-{n}" for n in range(len(MOMENTS))] if listed else [])
    for n, (_, printed) in enumerate(MOMENTS):
        answer = sidecar.get(f"/secretsmanager/get?secretId=secret-{n}&versionStage=AWSCURRENT")
        assert (200, "application/json") == (answer.status, answer.header("content-type"))
        assert _secret_body(arns[n], f"secret-{n}", text=f"value {n}", created=printed) == answer.text


@pytest.mark.parametrize("batch", ["always", "never"])
def test_awkward_values(aws, ready, batch):
    """Text that JSON must escape, bytes, and an empty text, alone and out of a batch."""
    text = AWKWARD.replace("\u0001", "")
    _put_parameter(aws, "bare", text)
    values: dict[str, str | bytes] = {
        "awkward": AWKWARD,
        "bytes": bytes(range(256)),
        "empty": "",
        "json": '{"SecretString": "x"}',
    }
    arns = {name: _put_secret(aws, name, value) for name, value in values.items()}
    sidecar = ready(secrets=list(values), secrets_batch=batch)
    for name, value in values.items():
        body = sidecar.get(f"/secretsmanager/get?secretId={name}").body
        key = "binary" if isinstance(value, bytes) else "text"
        expected = _secret_body(arns[name], name, **{key: value})
        assert json.loads(expected) == json.loads(body)
        # Escapes may be written in more than one way; everything else is the same to the byte.
        if value != AWKWARD:
            assert expected.encode() == body
    assert _parameter_body("bare", text) == sidecar.get("/systemsmanager/parameters/get?name=bare").text


def test_stages_and_versions_of_a_secret(aws, ready):
    _put_secret(aws, "rotated", "old")
    aws.put_secret("rotated", "new", version_id="n" * 32)
    sidecar = ready(secrets=["rotated"])
    for query in ("versionStage=AWSPREVIOUS", f"versionId={VERSION}"):
        document = sidecar.get(f"/secretsmanager/get?secretId=rotated&{query}").json
        assert ("old", ["AWSPREVIOUS"]) == (document["SecretString"], document["VersionStages"])


@pytest.mark.parametrize("listed", [True, False], ids=["prefetched", "on demand"])
def test_the_dates_of_parameters(aws, ready, listed):
    for n, (moment, _) in enumerate(MOMENTS):
        _put_parameter(aws, f"/test/string-{n}", f"value {n}", moment)
    sidecar = ready(parameters=[f"/test/string-{n}" for n in range(len(MOMENTS))] if listed else [])
    for n, (_, printed) in enumerate(MOMENTS):
        answer = sidecar.get(f"/systemsmanager/parameters/get/?name=%2Ftest%2Fstring-{n}")
        assert (200, "application/json") == (answer.status, answer.header("content-type"))
        assert _parameter_body(f"/test/string-{n}", f"value {n}", printed) == answer.text


def test_a_forced_refresh(aws, ready):
    aws.put_secret("app/db", "old")
    aws.put_parameter("/flag", "old")
    sidecar = ready(secrets=["app/db"], parameters=["/flag"])
    aws.put_secret("app/db", "new")
    aws.put_parameter("/flag", "new")
    secret, parameter = "/secretsmanager/get?secretId=app/db", "/systemsmanager/parameters/get?name=/flag"
    assert "old" == sidecar.get(secret).json["SecretString"]
    assert "old" == sidecar.get(parameter).json["Parameter"]["Value"]
    for switch in ("&refreshNow=1", ""):
        assert "new" == sidecar.get(secret + switch).json["SecretString"]
        assert "new" == sidecar.get(parameter + switch.replace("1", "true")).json["Parameter"]["Value"]
