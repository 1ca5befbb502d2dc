"""The agent's words for what becomes of a read. Its requests and answers on the wire: tests/compatibility."""

import json

import pytest

from extension.api import secrets_agent
from extension.aws import outcome
from extension.sources.secrets_manager import Secret
from tests.unit.api.bench import Bench, parts
from tests.unit.store.bench import A, B, secret

ROLE = "arn:aws:iam::123456789012:role/reader"


def error(kind, code="", message="why", answered=0, role=""):
    made = outcome.failure(kind, code, message, answered)
    made.role = role
    return made


ERRORS = [
    # AWS's own status and code, whatever it means to a reader of ours.
    (error(outcome.NOT_FOUND, "ResourceNotFoundException", answered=400), 400, "ResourceNotFoundException", "why"),
    (error(outcome.DENIED, "AccessDeniedException", answered=400), 400, "AccessDeniedException", "why"),
    (error(outcome.THROTTLED, "ThrottlingException", answered=400), 400, "ThrottlingException", "why"),
    (error(outcome.TRANSIENT, "InternalServiceError", answered=500), 500, "InternalServiceError", "why"),
    (error(outcome.CREDENTIALS, "ExpiredTokenException", answered=400), 400, "ExpiredTokenException", "why"),
    # What AWS did not answer.
    (error(outcome.TIMEOUT), 504, "TimeoutError", "Timeout"),
    (error(outcome.FROZEN), 504, "TimeoutError", "Timeout"),
    (error(outcome.CONNECTION), 502, "ConnectionError", "Read Error"),
    (error(outcome.CONNECTION, "UntrustedCertificate"), 502, "ConnectionError", "Read Error"),
    (error(outcome.TRANSIENT), 502, "ConnectionError", "Response Error"),
    # What was not asked of AWS.
    (error(outcome.DENIED, "NotListed"), 403, "NotListed", "why"),
    (error(outcome.CREDENTIALS, "NoCredentials"), 502, "NoCredentials", "why"),
    (error(outcome.MALFORMED, "NoRegion"), 400, "NoRegion", "why"),
    # Roles: a refusal is one, a failure that may pass is what it is.
    (
        error(outcome.DENIED, "AccessDenied", answered=403, role=ROLE),
        403,
        "AccessDeniedException",
        f"Failed to create caching client from role: {ROLE}",
    ),
    (error(outcome.THROTTLED, "Throttling", answered=400, role=ROLE), 400, "Throttling", "why"),
    (error(outcome.TIMEOUT, role=ROLE), 504, "TimeoutError", "Timeout"),
]


@pytest.mark.parametrize(("failed", "status", "code", "message"), ERRORS)
def test_errors(failed, status, code, message):
    response = secrets_agent.failed(failed)

    assert (status, [], {"__type": code, "message": message}) == (
        response.status,
        response.headers,
        json.loads(response.body),
    )


def test_an_error_that_aws_gives_no_code_for_is_an_internal_failure_without_words():
    assert b'{"__type":"InternalFailure"}' == secrets_agent.failed(error(outcome.TRANSIENT, answered=503)).body


def test_a_message_is_escaped():
    body = secrets_agent.failed(error(outcome.DENIED, "X", 'a "quote" \\', 400)).body

    assert b'{"__type":"X","message":"a \\"quote\\" \\\\"}' == body


@pytest.mark.parametrize(
    ("created", "shown"),
    [
        (1569534789.046, '"1569534789.046"'),
        (1569534789.5, '"1569534789.5"'),
        (1569534789.0, '"1569534789"'),
        (1569534789, '"1569534789"'),
        (0.001, '"0.001"'),
        (None, "null"),
    ],
)
def test_a_date_is_seconds_since_the_epoch_as_a_string(created, shown):
    document = {"ARN": "arn", "Name": "n", "VersionId": "v", "SecretString": "", "CreatedDate": created}

    assert (
        f'{{"ARN":"arn","Name":"n","VersionId":"v","SecretString":"","CreatedDate":{shown}}}'
        == secrets_agent.secret_body(Secret(document)).decode()
    )


def test_a_hit_and_a_miss():
    bench = Bench(agent=True)
    bench.load(A)
    for target in ("/v1/a", "/v1/a", "/secretsmanager/get?secretId=a"):
        status, headers, body = bench.get(target)
        assert (200, {}, "a") == (status, headers, json.loads(body)["Name"])

    waiting = bench.ask("/v1/b")
    assert [["b"]] == bench.calls
    bench.answer(secret("b"))
    assert (200, "b") == (waiting.response.status, json.loads(waiting.response.body)["Name"])


def test_refresh_now_fetches_anew():
    bench = Bench()
    bench.load(A)

    waiting = bench.ask("/v1/a?refreshNow=1")

    assert waiting.response is None
    assert [["a"]] == bench.calls


def test_an_alias_stands_for_its_secret_but_not_where_a_role_is_named():
    bench = Bench(secrets="a?as=db")
    bench.load(A)
    assert "a" == json.loads(bench.get("/v1/db")[2])["Name"]

    bench.ask(f"/v1/db?roleArn={ROLE}")

    assert [["db"]] == bench.calls
    assert ROLE == bench.fetcher.jobs[0].call.resources[0].role


def test_a_version_that_is_not_at_the_stage_that_was_asked_for_too_is_not_found():
    bench = Bench()
    bench.load(A.replaced(selector="version:1"), secret("a", version="1", VersionStages=["AWSPREVIOUS"]))

    for target, status in (
        ("/v1/a?versionId=1", 200),
        ("/v1/a?versionId=1&versionStage=AWSPREVIOUS", 200),
        ("/v1/a?versionId=1&versionStage=AWSCURRENT", 400),
        ("/secretsmanager/get?secretId=a&versionId=1&versionStage=AWSPREVIOUS", 200),
        ("/secretsmanager/get?secretId=a&versionId=1&versionStage=AWSCURRENT", 400),
    ):
        assert status == bench.ask(target).response.status, target


def test_what_is_not_listed_is_403():
    bench = Bench(secrets="a", allow="listed")

    status, _, body = parts(bench.ask(f"/v1/{B.name}").response)

    assert (403, "NotListed") == (status, json.loads(body)["__type"])
