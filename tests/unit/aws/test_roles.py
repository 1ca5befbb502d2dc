"""AssumeRole: what is asked, what of the answer counts, what is not believed."""

import re

import pytest

from extension.aws import outcome
from extension.aws.call import Answer, Budget
from extension.aws.endpoints import resolve
from extension.aws.roles import assume_role, session_name
from extension.errors import SourceError
from tests.unit.doubles import double
from tests.unit.hand_clock import HandClock

ROLE = "arn:aws:iam::123456789012:role/team+a/reader"
KEYS = "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey><SessionToken>tok/en==</SessionToken>"


class Client:
    """Answers with one document, or raises."""

    def __init__(self, result, date=""):
        self.result = result
        self.headers = {"date": date} if date else {}
        self.calls = []

    def perform(self, call, budget):
        self.calls.append((call, budget))
        if isinstance(self.result, SourceError):
            raise self.result
        return Answer(200, self.headers, self.result, HandClock(wall=1000.0).now())


def document(inner):
    result = f"<AssumeRoleResult><Credentials>{inner}</Credentials></AssumeRoleResult>"
    return (
        f'<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{result}</AssumeRoleResponse>'.encode()
    )


def assumed(result, date=""):
    client = Client(result, date)
    budget = Budget(5.0)
    endpoint = resolve("sts", "eu-west-1")
    keys = assume_role(double(client), endpoint, "eu-west-1", ROLE, "preheat-f=1", budget)
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
        b"&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fteam%2Ba%2Freader&RoleSessionName=preheat-f%3D1"
    ) == call.body


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("OrderPricing", "preheat-OrderPricing"),
        ("order_pricing-2", "preheat-order_pricing-2"),
        ("", "preheat"),
        ("a b/ü~:x", "preheat-a-b----x"),
        ("n" * 64, "preheat-" + "n" * 56),
    ],
)
def test_the_session_bears_the_functions_name_as_far_as_sts_allows(function, expected):
    assert expected == session_name(function)
    assert re.fullmatch(r"[\w+=,.@-]{2,64}", expected, re.ASCII)


@pytest.mark.parametrize(
    ("expiration", "date", "expected"),
    [
        ("<Expiration>2030-01-01T00:00:00Z</Expiration>", "", 1893456000.0),
        ("<Expiration>2030-01-01T00:00:00.123Z</Expiration>", "", 1893456000.0),
        # An hour by STS's clock is an hour by ours, which showed 1000 when it was asked.
        ("<Expiration>2030-01-01T01:00:00Z</Expiration>", "Tue, 01 Jan 2030 00:00:00 GMT", 4600.0),
        ("<Expiration>2030-01-01T01:00:00Z</Expiration>", "some time ago", 1893459600.0),
        ("<Expiration>soon</Expiration>", "Tue, 01 Jan 2030 00:00:00 GMT", float("inf")),
        ("", "", float("inf")),
    ],
)
def test_the_answer_holds_keys_and_their_end(expiration, date, expected):
    keys, _ = assumed(document(KEYS + expiration), date)

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
