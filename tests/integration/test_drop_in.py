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


def _put_parameter(aws: FakeAws, name: str, value: str, modified: float = MOMENTS[0][0], **options) -> None:
    aws.put_parameter(name, value, **options).versions[-1].modified = modified


def _text(value: str | None) -> str:
    return json.dumps(value, ensure_ascii=False)


def _secret_body(arn, name, *, text=None, binary=None, created=MOMENTS[0][1], stages=("AWSCURRENT",)) -> str:
    encoded = None if binary is None else base64.b64encode(binary).decode()
    return (
        f'{{"ARN":"{arn}","CreatedDate":"{created}","Name":"{name}","SecretBinary":{_text(encoded)},'
        f'"SecretString":{_text(text)},"VersionId":"{VERSION}",'
        f'"VersionStages":{json.dumps(list(stages), separators=(",", ":"))},"ResultMetadata":{{}}}}'
    )


def _parameter_body(
    name,
    value,
    *,
    kind="String",
    version=1,
    selector=None,
    modified=MOMENTS[0][1],
    arn=None,
    data_type="text",
    source=None,
) -> str:
    arn = arn or f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name.removeprefix('/')}"
    return (
        f'{{"Parameter":{{"ARN":"{arn}","DataType":{_text(data_type)},"LastModifiedDate":"{modified}","Name":"{name}",'
        f'"Selector":{_text(selector)},"SourceResult":{_text(source)},"Type":"{kind}","Value":{_text(value)},'
        f'"Version":{version}}},"ResultMetadata":{{}}}}'
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
def test_awkward_secrets(aws, ready, batch):
    """Text that JSON must escape, bytes, and an empty text, alone and out of a batch."""
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
        assert _parameter_body(f"/test/string-{n}", f"value {n}", modified=printed) == answer.text


@pytest.fixture(scope="module")
def world(make_world):
    def fill(aws):
        _put_parameter(aws, "/list", "a,b,c", type="StringList")
        _put_parameter(aws, "/secure", "in the clear", type="SecureString")
        _put_parameter(aws, "/versions", "first", labels=("Dev",))
        _put_parameter(aws, "/versions", "second")
        _put_parameter(aws, "bare", AWKWARD.replace("\u0001", ""))
        _put_secret(aws, "through/ssm", "the secret")

    return make_world(fill, parameters=["/list", "/secure", "/versions", "/versions?label=Dev"])


PARAMETERS = [
    ("name=/list", _parameter_body("/list", "a,b,c", kind="StringList")),
    ("name=/list&withDecryption=true", _parameter_body("/list", "a,b,c", kind="StringList")),
    ("name=/secure&withDecryption=true", _parameter_body("/secure", "in the clear", kind="SecureString")),
    ("name=%2Fversions", _parameter_body("/versions", "second", version=2)),
    ("name=/versions&version=1", _parameter_body("/versions", "first", selector=":1")),
    ("name=/versions&version=2", _parameter_body("/versions", "second", version=2, selector=":2")),
    ("name=/versions&label=Dev", _parameter_body("/versions", "first", selector=":Dev")),
    # Of both the one that is written first counts.
    ("name=/versions&version=2&label=Dev", _parameter_body("/versions", "second", version=2, selector=":2")),
    ("name=/versions&label=Dev&version=2", _parameter_body("/versions", "first", selector=":Dev")),
    ("label=Dev&version=2&name=/versions", _parameter_body("/versions", "first", selector=":Dev")),
    ("name=bare", _parameter_body("bare", AWKWARD.replace("\u0001", ""))),
    ("name=/list&unknown=ignored&unknown=twice", _parameter_body("/list", "a,b,c", kind="StringList")),
    ("name=/list&name=/secure", _parameter_body("/list", "a,b,c", kind="StringList")),
]


@pytest.mark.parametrize(("query", "body"), PARAMETERS)
def test_parameters(world, query, body):
    for _ in range(2):  # fetched, and held
        answer = world.sidecar.get("/systemsmanager/parameters/get?" + query)
        assert (200, body) == (answer.status, answer.text)


def test_a_securestring_comes_as_ciphertext_unless_decryption_is_asked_for(world):
    """Both are held, apart from each other."""
    for query in ("", "&withDecryption=false", "&withDecryption=0"):
        parameter = world.sidecar.get(f"/systemsmanager/parameters/get?name=/secure{query}").json["Parameter"]
        assert "in the clear" != parameter["Value"]
        assert 100 < len(base64.b64decode(parameter["Value"]))
    clear = world.sidecar.get("/systemsmanager/parameters/get?name=/secure&withDecryption=true").json["Parameter"]
    assert "in the clear" == clear["Value"]


def test_a_secret_through_parameter_store(world):
    arn = world.secret_arn("through/ssm")
    name = "/aws/reference/secretsmanager/through/ssm"
    answer = world.sidecar.get(f"/systemsmanager/parameters/get?name={name}&withDecryption=true").json
    parameter = answer["Parameter"]
    assert (arn, None, name, "SecureString", "the secret", 0) == tuple(
        parameter[key] for key in ("ARN", "DataType", "Name", "Type", "Value", "Version")
    )
    source = json.loads(parameter["SourceResult"])
    assert (arn, "the secret", VERSION) == (source["ARN"], source["secretString"], source["versionId"])
    assert {"ResultMetadata"} == set(answer) - {"Parameter"}


GENERIC = "an unexpected error occurred while executing request"
FAILURES = [
    ("/secretsmanager/get?secretId=missing", "ResourceNotFoundException"),
    ("/secretsmanager/get?secretId=through/ssm&versionStage=NOSUCH", "ResourceNotFoundException"),
    ("/systemsmanager/parameters/get?name=/missing", "ParameterNotFound"),
    ("/systemsmanager/parameters/get?name=/versions&version=9", "ParameterVersionNotFound"),
    ("/systemsmanager/parameters/get?name=/versions&label=NoSuch", "ParameterVersionNotFound"),
    # What cannot be a name is not asked for.
    ("/secretsmanager/get", "ValidationException"),
    ("/secretsmanager/get?secretId=", "ValidationException"),
    ("/secretsmanager/get?secretId=a%20b", "ValidationException"),
    ("/secretsmanager/get?secretId=%", "ValidationException"),
    ("/systemsmanager/parameters/get", "ValidationException"),
    ("/systemsmanager/parameters/get?name=a//b", "ValidationException"),
    ("/systemsmanager/parameters/get?name=/list&withDecryption=perhaps", "ValidationException"),
]


@pytest.mark.parametrize(("target", "code"), FAILURES)
def test_every_failure_has_the_one_generic_body_and_its_code_in_a_header(world, target, code):
    answer = world.sidecar.get(target)
    assert (400, GENERIC, "text/plain") == (answer.status, answer.text, answer.header("content-type"))
    assert code == answer.header("preheat-error")


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
