"""The paths of AWS's own extension: bodies byte for byte as they were recorded, and the one body for every failure."""

import json

import pytest

from extension.aws import outcome
from extension.references import parameter_resource, secret_resource
from extension.sources.parameter import Parameter
from extension.sources.secrets_manager import Secret
from tests.unit.api.bench import Bench, parts
from tests.unit.store.bench import ACCOUNT, DENIED, MALFORMED, MISSING, THROTTLED, TIMED_OUT

ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
SECRET_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dummy-string-secret-MFUBmH"
SECRET = {
    "ARN": SECRET_ARN,
    "CreatedDate": 1668586960.499,
    "Name": "dummy-string-secret",
    "SecretString": "an-insecure-string-secret-value",
    "VersionId": "b1c367b9-7f53-4a47-82c4-be51a054b953",
    "VersionStages": ["AWSCURRENT"],
}
PARAMETER_ARN = "arn:aws:ssm:us-east-1:123456789012:parameter/lambda-ext-test-param/dummy-"
PARAMETER = {
    "ARN": PARAMETER_ARN + "string",
    "DataType": "text",
    "LastModifiedDate": 1668586960.362,
    "Name": "/lambda-ext-test-param/dummy-string",
    "Type": "String",
    "Value": "my-string-param-value",
    "Version": 1,
}
# As recorded: facts, section 1.3.
SECRET_BODY = (
    b'{"ARN":"arn:aws:secretsmanager:us-east-1:123456789012:secret:dummy-string-secret-MFUBmH",'
    b'"CreatedDate":"2022-11-16T08:22:40.499Z","Name":"dummy-string-secret","SecretBinary":null,'
    b'"SecretString":"an-insecure-string-secret-value","VersionId":"b1c367b9-7f53-4a47-82c4-be51a054b953",'
    b'"VersionStages":["AWSCURRENT"],"ResultMetadata":{}}'
)
PARAMETER_BODY = (
    b'{"Parameter":{"ARN":"arn:aws:ssm:us-east-1:123456789012:parameter/lambda-ext-test-param/dummy-string",'
    b'"DataType":"text","LastModifiedDate":"2022-11-16T08:22:40.362Z","Name":"/lambda-ext-test-param/dummy-string",'
    b'"Selector":null,"SourceResult":null,"Type":"String","Value":"my-string-param-value","Version":1},'
    b'"ResultMetadata":{}}'
)
SECRETS, PARAMETERS = "/secretsmanager/get", "/systemsmanager/parameters/get"


def secret(**changes):
    return Secret({key: value for key, value in {**SECRET, **changes}.items() if value is not None})


def parameter(decrypted=False, **changes):
    return Parameter({**PARAMETER, **changes}, decrypted)


def asked(target, **lists):
    """What such a request fetches."""
    bench = Bench(**lists)
    reply = bench.ask(target)
    if reply.response is not None:
        return parts(reply.response)
    (job,) = bench.fetcher.jobs
    return job.call.resources[0]


def answered(target, value):
    """(status, headers, body) of the answer to a request for which this comes from AWS."""
    bench = Bench()
    reply = bench.ask(target)
    bench.answer(value)
    return parts(reply.response)


# Bodies


def test_a_secret_is_the_recorded_body_byte_for_byte():
    assert (200, {"Content-Type": "application/json"}, SECRET_BODY) == answered(f"{SECRETS}?secretId=x", secret())


def test_a_parameter_is_the_recorded_body_byte_for_byte():
    assert (200, {"Content-Type": "application/json"}, PARAMETER_BODY) == answered(f"{PARAMETERS}?name=x", parameter())


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"SecretString": None, "SecretBinary": "AP9+"}, b'"SecretBinary":"AP9+","SecretString":null,'),
        ({"SecretString": None, "SecretBinary": ""}, b'"SecretBinary":"","SecretString":null,'),
        ({"SecretString": ""}, b'"SecretBinary":null,"SecretString":"",'),
        ({"SecretString": '{"a": "b"}'}, b'"SecretString":"{\\"a\\": \\"b\\"}",'),
        ({"SecretString": "<&>\u2028\xe4\n"}, '"SecretString":"<&>\u2028\xe4\\n",'.encode()),
        ({"CreatedDate": None}, b'"CreatedDate":null,'),
        ({"CreatedDate": 1668586960.36}, b'"CreatedDate":"2022-11-16T08:22:40.36Z",'),
        ({"CreatedDate": 1668586960}, b'"CreatedDate":"2022-11-16T08:22:40Z",'),
        ({"VersionStages": None}, b'"VersionStages":null,'),
        ({"VersionStages": ["A", "B"]}, b'"VersionStages":["A","B"],'),
        ({"VersionId": None}, b'"VersionId":null,'),
    ],
)
def test_what_a_secret_lacks_is_null_and_dates_are_as_go_prints_them(changes, part):
    _, _, body = answered(f"{SECRETS}?secretId=x", secret(**changes))

    assert part in body
    assert list(json.loads(SECRET_BODY)) == list(json.loads(body))


@pytest.mark.parametrize(
    ("query", "changes", "part"),
    [
        ("&version=1", {"Selector": ":1"}, b'"Selector":":1",'),
        ("&label=Dev", {"Selector": ":Dev"}, b'"Selector":":Dev",'),
        ("", {"Type": "StringList", "Value": "a,b"}, b'"Type":"StringList","Value":"a,b",'),
        ("", {"LastModifiedDate": None}, b'"LastModifiedDate":null,'),
        ("", {"DataType": None}, b'"DataType":null,'),
        (
            "",
            {"SourceResult": '{"versionId":"v"}', "Value": None, "Version": 0, "Type": "SecureString"},
            b'"SourceResult":"{\\"versionId\\":\\"v\\"}","Type":"SecureString","Value":null,"Version":0},',
        ),
    ],
)
def test_what_a_parameter_lacks_is_null_and_the_selector_is_as_asked(query, changes, part):
    _, _, body = answered(f"{PARAMETERS}?name=x{query}", parameter(**changes))

    assert part in body
    assert list(json.loads(PARAMETER_BODY)["Parameter"]) == list(json.loads(body)["Parameter"])


# What is asked for


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("query", "resource"),
    [
        ("secretId=prod/db", secret_resource("prod/db")),
        ("secretId=prod%2Fdb", secret_resource("prod/db")),
        ("secretId=a+b", secret_resource("a+b")),
        ("secretId=a%2Bb", secret_resource("a+b")),
        ("secretId=rds!cluster-1fcd41b2", secret_resource("rds!cluster-1fcd41b2")),
        (f"secretId={SECRET_ARN}", secret_resource(SECRET_ARN)),
        ("secretId=x&versionStage=AWSCURRENT", secret_resource("x")),
        ("secretId=x&versionStage=AWSPENDING", secret_resource("x", stage="AWSPENDING")),
        ("secretId=x&versionId=0d0a", secret_resource("x", version="0d0a")),
        ("secretId=x&versionId=&versionStage=", secret_resource("x")),
        (f"secretId=x&roleArn={ROLE}", secret_resource("x", role=ROLE)),
        ("secretId=x&secretId=y", secret_resource("x")),
        ("secretId=x&unknown=1", secret_resource("x")),
        ("versionStage=S&secretId=x&", secret_resource("x", stage="S")),
    ],
)
def test_which_secret_is_asked_for(query, slash, resource):
    assert resource == asked(f"{SECRETS}{slash}?{query}")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("query", "resource"),
    [
        ("name=/app/x", parameter_resource("/app/x", decrypt=False)),
        ("name=%2Fapp%2Fx", parameter_resource("/app/x", decrypt=False)),
        ("name=x&withDecryption=true", parameter_resource("x")),
        ("name=x&withDecryption=TRUE", parameter_resource("x")),
        ("name=x&withDecryption=false", parameter_resource("x", decrypt=False)),
        ("name=x&withDecryption=", parameter_resource("x", decrypt=False)),
        ("name=x&version=3", parameter_resource("x:3", decrypt=False)),
        ("name=x&label=live", parameter_resource("x:live", decrypt=False)),
        ("name=x&version=3&label=live", parameter_resource("x:3", decrypt=False)),
        ("name=x&label=live&version=3", parameter_resource("x:live", decrypt=False)),
        ("label=live&name=x&version=3", parameter_resource("x:live", decrypt=False)),
        ("name=x&version=&label=live", parameter_resource("x:live", decrypt=False)),
        ("name=x:3", parameter_resource("x:3", decrypt=False)),
        (f"name={PARAMETER_ARN}string", parameter_resource(PARAMETER_ARN + "string", decrypt=False)),
        ("name=/aws/service/x/latest", parameter_resource("/aws/service/x/latest", decrypt=False)),
        (
            "name=/aws/reference/secretsmanager/prod/db&withDecryption=true",
            parameter_resource("/aws/reference/secretsmanager/prod/db"),
        ),
        (
            "name=/aws/reference/secretsmanager/db&version=b1c367b9-7f53&withDecryption=true",
            parameter_resource("/aws/reference/secretsmanager/db:b1c367b9-7f53"),
        ),
        (
            "name=/aws/reference/secretsmanager/db&label=AWSPENDING&withDecryption=true",
            parameter_resource("/aws/reference/secretsmanager/db:AWSPENDING"),
        ),
    ],
)
def test_which_parameter_is_asked_for(query, slash, resource):
    assert resource == asked(f"{PARAMETERS}{slash}?{query}")


@pytest.mark.parametrize(
    ("query", "resource"),
    [
        ("secretId=db", secret_resource("prod/db", stage="BLUE", region="us-east-1")),
        ("secretId=db&versionStage=AWSPENDING", secret_resource("prod/db", stage="AWSPENDING", region="us-east-1")),
        ("secretId=db&versionId=0d0a", secret_resource("prod/db", version="0d0a", region="us-east-1")),
        ("secretId=prod/db", secret_resource("prod/db", region="us-east-1")),
    ],
)
def test_an_alias_of_a_secret_stands_for_it_and_any_stage_or_version_of_it_can_be_asked_for(query, resource):
    assert resource == asked(f"{SECRETS}?{query}", secrets="prod/db?as=db&stage=BLUE&region=us-east-1")


@pytest.mark.parametrize(
    ("query", "resource"),
    [
        ("name=flag", parameter_resource("/app/x:3", region="us-east-1", decrypt=False)),
        ("name=flag&withDecryption=true", parameter_resource("/app/x:3", region="us-east-1")),
        ("name=flag&version=4", parameter_resource("/app/x:4", region="us-east-1", decrypt=False)),
        ("name=flag&label=live", parameter_resource("/app/x:live", region="us-east-1", decrypt=False)),
    ],
)
def test_an_alias_of_a_parameter_stands_for_it_and_any_version_or_label_of_it_can_be_asked_for(query, resource):
    assert resource == asked(f"{PARAMETERS}?{query}", parameters="/app/x?as=flag&version=3&region=us-east-1")


# Failures


FAILURE = (400, b"an unexpected error occurred while executing request")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MISSING, "ResourceNotFoundException"),
        (DENIED, "AccessDeniedException"),
        (MALFORMED, "ValidationException"),
        (THROTTLED, "ThrottlingException"),
        (TIMED_OUT, "TimeoutError"),
        (outcome.failure(outcome.CONNECTION, "", "refused"), "ConnectionError"),
        (outcome.failure(outcome.TRANSIENT, "Bad\r\nX: y", "odd"), "BadXy"),
    ],
)
@pytest.mark.parametrize("target", [f"{SECRETS}?secretId=x", f"{PARAMETERS}?name=x"])
def test_every_failure_has_the_one_body_and_its_code_in_a_header(target, error, code):
    status, headers, body = answered(target, error)

    assert FAILURE == (status, body)
    assert {"Content-Type": "text/plain", "Preheat-Error": code} == headers


@pytest.mark.parametrize(
    "target",
    [
        SECRETS,
        f"{SECRETS}?",
        f"{SECRETS}?secretid=x",
        f"{SECRETS}?secretId=",
        f"{SECRETS}?secretId=a b".replace(" ", "%20"),
        f"{SECRETS}?secretId=%ff",
        f"{SECRETS}?secretId=%zz",
        f"{SECRETS}?secretId=x&roleArn=nonsense",
        f"{SECRETS}?secretId=x&refreshNow=perhaps",
        f"{SECRETS}?secretId=arn:aws:ssm:us-east-1:{ACCOUNT}:parameter/x",
        PARAMETERS,
        f"{PARAMETERS}?name=",
        f"{PARAMETERS}?name=x&version=zero",
        f"{PARAMETERS}?name=x&withDecryption=perhaps",
        f"{PARAMETERS}?name=a//b",
    ],
)
def test_what_can_be_no_request_fails_like_the_rest_and_asks_nobody(target):
    bench = Bench()
    status, headers, body = parts(bench.ask(target).response)

    assert FAILURE == (status, body)
    assert "ValidationException" == headers["Preheat-Error"]
    assert [] == bench.calls


def test_what_no_list_names_fails_like_the_rest():
    status, headers, body = Bench(allow="listed", secrets="a").get(f"{SECRETS}?secretId=b")

    assert (*FAILURE, "NotListed") == (status, body, headers["Preheat-Error"])


@pytest.mark.parametrize("target", [f"{SECRETS}?secretId=x", f"{PARAMETERS}/?name=x"])
@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_without_the_token_it_is_the_recorded_401(target, token):
    status, headers, body = Bench().get(target, token=token)

    assert (401, b"bad session token or header key", 31) == (status, body, len(body))
    assert {"Content-Type": "text/plain", "x-amzn-errortype": "AccessDeniedException"} == headers


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("target", [f"{SECRETS}?secretId=x", f"{PARAMETERS}?name=x"])
def test_there_is_only_get(method, target):
    status, headers, body = parts(Bench().ask(target, method).response)

    assert (405, "GET", b"Not allowed") == (status, headers["Allow"], body)


@pytest.mark.parametrize("flag", ["true", "1", "TRUE"])
@pytest.mark.parametrize(
    ("target", "value"), [(f"{SECRETS}?secretId=x", secret()), (f"{PARAMETERS}?name=x", parameter())]
)
def test_refresh_now_fetches_what_is_fresh(target, value, flag):
    bench = Bench()
    bench.ask(target)
    bench.answer(value)
    assert 200 == bench.get(target)[0]
    bench.clock.advance(2)

    reply = bench.ask(f"{target}&refreshNow={flag}")

    assert 1 == len(bench.calls)
    bench.answer(value)
    assert 200 == reply.response.status


def test_a_reader_who_goes_away_is_not_waited_for():
    bench = Bench()
    bench.ask(f"{SECRETS}?secretId=x").abandon()

    assert 1 == bench.store.cut()
