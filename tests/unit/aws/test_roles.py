"""AssumeRole: what is asked, what of the answer counts, what is not believed."""

import pytest

from extension.aws import outcome
from extension.aws.call import Answer, Budget
from extension.aws.endpoints import resolve
from extension.aws.roles import assume_role
from extension.errors import SourceError
from tests.unit.doubles import double
from tests.unit.hand_clock import HandClock

ROLE = "arn:aws:iam::123456789012:role/team+a/reader"
KEYS = "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey><SessionToken>tok/en==</SessionToken>"


class Client:
    """Answers with one document, or raises."""

    def __init__(self, result):
        self.result = result
        self.calls = []

    def perform(self, call, budget):
        self.calls.append((call, budget))
        if isinstance(self.result, SourceError):
            raise self.result
        return Answer(200, {}, self.result, HandClock().now())


def document(inner):
    result = f"<AssumeRoleResult><Credentials>{inner}</Credentials></AssumeRoleResult>"
    return (
        f'<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{result}</AssumeRoleResponse>'.encode()
    )


def assumed(result):
    client = Client(result)
    budget = Budget(5.0)
    keys = assume_role(double(client), resolve("sts", "eu-west-1"), "eu-west-1", ROLE, budget)
    ((call, used),) = client.calls
    assert used is budget
    return keys, call


def test_the_role_is_asked_for_with_the_own_keys():
    _, call = assumed(document(KEYS))

    assert ("POST", "sts", "eu-west-1", "sts.eu-west-1.amazonaws.com", "") == (
        call.method,
        call.service,
        call.region,
        call.host,
        call.role,
    )
    assert "application/x-www-form-urlencoded; charset=utf-8" == dict(call.headers)["Content-Type"]
    assert (
        b"Action=AssumeRole&Version=2011-06-15"
        b"&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fteam%2Ba%2Freader&RoleSessionName=preheat"
    ) == call.body


@pytest.mark.parametrize(
    ("expiration", "expected"),
    [
        ("<Expiration>2030-01-01T00:00:00Z</Expiration>", 1893456000.0),
        ("<Expiration>2030-01-01T00:00:00.123Z</Expiration>", 1893456000.0),
        ("<Expiration>soon</Expiration>", float("inf")),
        ("", float("inf")),
    ],
)
def test_the_answer_holds_keys_and_their_end(expiration, expected):
    keys, _ = assumed(document(KEYS + expiration))

    assert ("ASIA", "hunter2", "tok/en==", expected) == (
        keys.access_key,
        keys.secret_key,
        keys.session_token,
        keys.expires,
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<a/>",
        document(""),
        document(KEYS.replace("SessionToken", "Other")),
        b"<!DOCTYPE a []>" + document(KEYS),
    ],
)
def test_nonsense_is_a_transient_error_that_shows_no_key(body):
    with pytest.raises(SourceError) as caught:
        assumed(body)

    assert (502, True) == (caught.value.status, caught.value.transient)
    assert "hunter2" not in str(caught.value)


def test_a_refusal_is_passed_on():
    refusal = outcome.failure(outcome.DENIED, "AccessDenied", "is not authorized to perform: sts:AssumeRole")
    with pytest.raises(SourceError) as caught:
        assumed(refusal)

    assert caught.value is refusal
