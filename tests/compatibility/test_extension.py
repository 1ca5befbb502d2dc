"""AWS's Parameters and Secrets extension on the wire: each request that its documentation and its clients know, and
the whole answer to it, in bytes."""

from __future__ import annotations

import base64
import json

import pytest

from tests.compatibility.account import AWKWARD, BINARY, BINARY_ARN, PARAMETER, PUBLIC, SECRET, SECURE, body
from tests.compatibility.wire import RIGHT, answer, exchanged, request
from tests.integration.world import World

TOKEN = f"Token: {RIGHT}"
TEXT, JSON = "Content-Type: text/plain", "Content-Type: application/json"
SECRETS, PARAMETERS = "/secretsmanager/get", "/systemsmanager/parameters/get"
UNAUTHORIZED = answer(
    "401 Unauthorized", b"bad session token or header key", TEXT, "x-amzn-errortype: AccessDeniedException"
)
ENCODED = "%2Flambda-ext-test-param%2F"


def failure(code: str) -> bytes:
    text = b"an unexpected error occurred while executing request"
    return answer("400 Bad Request", text, TEXT, f"Preheat-Error: {code}")


def found(name: str) -> bytes:
    return answer("200 OK", body(name), JSON)


@pytest.fixture(scope="module")
def world(make_world) -> World:
    return make_world(secrets=[SECRET], parameters=[PARAMETER])


@pytest.fixture(scope="module")
def hasty(make_world) -> World:
    """For faults: what is tried again is not tried for long."""
    return make_world(secrets=[SECRET], fetch_timeout="1s")


GOOD = [
    # By name, stage, version, ARN; the id raw or encoded; with one slash behind the path.
    (f"{SECRETS}?secretId={SECRET}", "secret-string"),
    (f"{SECRETS}?secretId={SECRET}&versionStage=AWSCURRENT", "secret-string"),
    (f"{SECRETS}?versionStage=AWSCURRENT&secretId={SECRET}", "secret-string"),
    (f"{SECRETS}?secretId={SECRET}&versionId=b1c367b9-7f53-4a47-82c4-be51a054b953", "secret-string"),
    (
        f"{SECRETS}?secretId={SECRET}&versionId=b1c367b9-7f53-4a47-82c4-be51a054b953&versionStage=AWSCURRENT",
        "secret-string",
    ),
    (f"{SECRETS}?secretId=arn:aws:secretsmanager:us-east-1:123456789012:secret:{SECRET}-MFUBmH", "secret-string"),
    (
        f"{SECRETS}?secretId=arn%3Aaws%3Asecretsmanager%3Aus-east-1%3A123456789012%3Asecret%3A{SECRET}-MFUBmH",
        "secret-string",
    ),
    (f"{SECRETS}/?secretId={SECRET}", "secret-string"),
    (f"{SECRETS}?secretId={SECRET}&somethingNew=1", "secret-string"),
    (f"{SECRETS}?secretId={SECRET}&refreshNow=true", "secret-string"),
    (f"{SECRETS}?secretId={BINARY}", "secret-binary"),
    (f"{SECRETS}?secretId={BINARY_ARN}", "secret-binary"),
    (f"{PARAMETERS}?name={ENCODED}dummy-string", "parameter-string"),
    (f"{PARAMETERS}/?name={ENCODED}dummy-string", "parameter-string"),
    (f"{PARAMETERS}?name={PARAMETER}", "parameter-string"),
    (f"{PARAMETERS}/?name={PARAMETER}&withDecryption=true", "parameter-string"),
    (f"{PARAMETERS}?name=arn:aws:ssm:us-east-1:123456789012:parameter{PARAMETER}", "parameter-string"),
    (
        f"{PARAMETERS}?name=arn%3Aaws%3Assm%3Aus-east-1%3A123456789012%3Aparameter{ENCODED}dummy-string",
        "parameter-string",
    ),
    (f"{PARAMETERS}?name={PARAMETER}&version=1", "parameter-version"),
    # Of both the one that is written first counts.
    (f"{PARAMETERS}?name={PARAMETER}&version=1&label=NoSuch", "parameter-version"),
    (f"{PARAMETERS}/?name={ENCODED}dummy-secure-string&label=Dev&withDecryption=true", "parameter-label"),
    (f"{PARAMETERS}?label=Dev&version=9&withDecryption=true&name={SECURE}", "parameter-label"),
    (f"{PARAMETERS}?name={SECURE}&withDecryption=true", "parameter-secure"),
    (f"{PARAMETERS}?name={ENCODED}dummy-list", "parameter-list"),
    (f"{PARAMETERS}?name={ENCODED}dummy-list&withDecryption=true", "parameter-list"),
    (f"{PARAMETERS}?name={PARAMETER}&unknown=ignored&unknown=twice", "parameter-string"),
    (f"{PARAMETERS}?name={PARAMETER}&name=/nope", "parameter-string"),
]


@pytest.mark.parametrize(("target", "name"), GOOD)
def test_what_is_found(world, target, name):
    expected = found("extension-" + name)
    for _ in range(2):  # fetched, and held
        assert expected == exchanged(world.sidecar, request(world.sidecar, target, TOKEN))


def test_a_name_with_a_plus_raw_and_encoded_and_a_partial_arn(world):
    """A literal + is part of the name: AWS's names have no blanks for it to stand for."""
    names = [AWKWARD, AWKWARD.replace("+", "%2B"), AWKWARD.replace("/", "%2F")]
    spellings = names + [f"arn:aws:secretsmanager:us-east-1:123456789012:secret:{name}" for name in names]
    answers = [world.sidecar.get(f"{SECRETS}?secretId={spelling}") for spelling in spellings]
    assert {(200, AWKWARD)} == {(one.status, one.json["Name"]) for one in answers}
    assert 1 == len({one.body for one in answers})


def test_a_public_parameter_has_an_arn_without_an_account(world):
    for name in (PUBLIC, PUBLIC.replace("/", "%2F")):
        parameter = world.sidecar.get(f"{PARAMETERS}?name={name}").json["Parameter"]
        assert (PUBLIC, "Europe (Ireland)") == (parameter["Name"], parameter["Value"])


def test_a_securestring_is_ciphertext_unless_decryption_is_asked_for(world):
    """Both are held, apart from each other."""
    for _ in range(2):
        for query in ("", "&withDecryption=false", "&withDecryption=0"):
            parameter = world.sidecar.get(f"{PARAMETERS}?name={SECURE}{query}").json["Parameter"]
            assert len(base64.b64decode(parameter.pop("Value"))) > 100
            clear = json.loads(body("extension-parameter-secure"))["Parameter"]
            assert clear.pop("Value") == "my-secure-string-value"
            assert clear == parameter
        test_what_is_found(world, f"{PARAMETERS}?name={SECURE}&withDecryption=true", "parameter-secure")


def test_a_secret_through_parameter_store(world):
    name = f"/aws/reference/secretsmanager/{SECRET}"
    target = f"{PARAMETERS}?name={name.replace('/', '%2F')}&withDecryption=true"
    source = world.sidecar.get(target).json["Parameter"]["SourceResult"]
    assert {"ARN", "name", "versionId", "secretString", "versionStages", "createdDate"} == set(json.loads(source))
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dummy-string-secret-MFUBmH"
    text = (
        f'{{"Parameter":{{"ARN":"{arn}","DataType":null,"LastModifiedDate":"2022-11-16T08:22:40.499Z","Name":"{name}",'
        f'"Selector":null,"SourceResult":{json.dumps(source)},"Type":"SecureString",'
        f'"Value":"an-insecure-string-secret-value","Version":0}},"ResultMetadata":{{}}}}'
    )
    expected = answer("200 OK", text.encode(), JSON)
    assert expected == exchanged(world.sidecar, request(world.sidecar, target, TOKEN))


@pytest.mark.parametrize("target", [f"{SECRETS}?secretId={SECRET}", f"{PARAMETERS}/?name=x", SECRETS])
@pytest.mark.parametrize("fields", [(), ("Token: wrong",), ("Token: ",), ("Authorization: right",)])
def test_without_the_token(world, target, fields):
    assert UNAUTHORIZED == exchanged(world.sidecar, request(world.sidecar, target, *fields))


@pytest.mark.parametrize("name", ["x-aws-parameters-secrets-token", "X-AWS-Parameters-Secrets-Token"])
def test_the_header_is_known_in_any_case_and_at_both_addresses(world, name):
    expected = found("extension-secret-string")
    sent = request(world.sidecar, f"{SECRETS}?secretId={SECRET}", f"{name}: {RIGHT}")
    for host in ("127.0.0.1", "::1"):
        assert expected == exchanged(world.sidecar, sent, host=host)


def test_what_was_forwarded(world):
    expected = answer("400 Bad Request", b"Forwarded", TEXT)
    sent = request(world.sidecar, f"{SECRETS}?secretId={SECRET}", TOKEN, "X-Forwarded-For: 203.0.113.7")
    assert expected == exchanged(world.sidecar, sent)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods(world, method):
    expected = answer("405 Method Not Allowed", b"Not allowed", TEXT, "Allow: GET")
    sent = request(world.sidecar, f"{SECRETS}?secretId={SECRET}", TOKEN, "Content-Length: 0", method=method)
    assert expected == exchanged(world.sidecar, sent)


# Whatever fails, it is the same 400; why is in a header and in the log.
BAD = [
    (f"{SECRETS}?secretId=nope", "ResourceNotFoundException"),
    (f"{SECRETS}?secretId={SECRET}&versionStage=NOSUCH", "ResourceNotFoundException"),
    (f"{SECRETS}?secretId={SECRET}&versionId={'n' * 36}", "ResourceNotFoundException"),
    (
        f"{SECRETS}?secretId={SECRET}&versionId=b1c367b9-7f53-4a47-82c4-be51a054b953&versionStage=AWSPREVIOUS",
        "ResourceNotFoundException",
    ),
    (f"{SECRETS}?secretId={SECRET}&roleArn=arn:aws:iam::210987654321:role/stranger", "AccessDenied"),
    (f"{PARAMETERS}?name=/nope", "ParameterNotFound"),
    (f"{PARAMETERS}?name={PARAMETER}&version=9", "ParameterVersionNotFound"),
    (f"{PARAMETERS}?name={PARAMETER}&label=NoSuch&version=1", "ParameterVersionNotFound"),
    (f"{PARAMETERS}?name=/aws/reference/secretsmanager/nope&withDecryption=true", "ParameterNotFound"),
]
MALFORMED = [
    SECRETS,
    f"{SECRETS}?secretId=",
    f"{SECRETS}?secretId=a%20b",
    f"{SECRETS}?secretId=%",
    f"{SECRETS}?secretId=%zz",
    f"{SECRETS}?secretId={SECRET}&refreshNow=perhaps",
    f"{SECRETS}?secretId={SECRET}&roleArn=nonsense",
    PARAMETERS,
    f"{PARAMETERS}?name=a//b",
    f"{PARAMETERS}?name={PARAMETER}&version=latest",
    f"{PARAMETERS}?name={PARAMETER}&withDecryption=perhaps",
]


@pytest.mark.parametrize(("target", "code"), BAD)
def test_what_aws_refuses(world, target, code):
    expected = failure(code)
    assert expected == exchanged(world.sidecar, request(world.sidecar, target, TOKEN))
    assert code in {line["code"] for line in world.sidecar.events("fetch.failed")} or "AWSPREVIOUS" in target


@pytest.mark.parametrize("target", MALFORMED)
def test_what_cannot_be_asked_is_logged_without_what_was_asked(world, target):
    before = len(world.sidecar.events("request.malformed"))
    expected = failure("ValidationException")
    assert expected == exchanged(world.sidecar, request(world.sidecar, target, TOKEN))
    (line,) = world.sidecar.events("request.malformed")[before:]
    assert ("WARN", target.partition("?")[0]) == (line["level"], line["path"])
    assert line["reason"]
    assert not any(word in json.dumps(line) for word in ("a%20b", "a b", "a//b", "perhaps", "nonsense", "latest"))


FAULTS = [
    ("error", {"code": "AccessDeniedException", "message": "no"}, "AccessDeniedException"),
    ("error", {"code": "DecryptionFailure", "message": "no key"}, "DecryptionFailure"),
    ("throttled", {}, "ThrottlingException"),
    ("error_500", {}, "InternalServiceError"),
    ("hang", {}, "TimeoutError"),
    ("garbage", {}, "ConnectionError"),
]


@pytest.mark.parametrize(("kind", "options", "code"), FAULTS, ids=[code for _, _, code in FAULTS])
def test_whatever_fails_on_the_way_to_aws(hasty, kind, options, code):
    name = f"fault-{code}"
    hasty.aws.put_secret(name, "x")
    fault = hasty.aws.faults.add(kind, **options)
    expected = failure(code)
    try:
        sent = request(hasty.sidecar, f"{SECRETS}?secretId={name}", TOKEN)
        assert expected == exchanged(hasty.sidecar, sent)
    finally:
        hasty.aws.faults.remove(fault)
    assert code in {line["code"] for line in hasty.sidecar.events("fetch.failed") if line["resource"] == name}


def test_what_is_asked_too_early_waits_instead_of_not_ready_to_serve_traffic(make_world):
    """AWS's extension answers 400 "not ready to serve traffic, please wait" up to the first INVOKE."""
    world = make_world(secrets=[SECRET])  # no INVOKE has come
    expected = found("extension-secret-string")
    assert expected == exchanged(world.sidecar, request(world.sidecar, f"{SECRETS}?secretId={SECRET}", TOKEN))


def test_filters_for_its_log_lines_find_ours(world):
    """One line, once, at the end of INIT; CloudWatch's filters look for words anywhere in a line."""
    lines = world.sidecar.output.splitlines()
    port = world.sidecar.port
    assert 1 == len([line for line in lines if f"Serving on port {port}" in line])
    (line,) = [line for line in lines if "ready to serve traffic" in line]
    assert ("init.report", "INFO") == (json.loads(line)["event"], json.loads(line)["level"])
