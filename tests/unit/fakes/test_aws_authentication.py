"""Whom the stand-in refuses, in each service's words: wrong, missing and expired credentials, clocks, tampering."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest
from botocore.exceptions import ClientError

from tests.fakes.aws import FakeAws
from tests.unit.fakes.refusals import refused

CALLS = {
    "secretsmanager": lambda client: client.get_secret_value(SecretId="a"),
    "ssm": lambda client: client.get_parameter(Name="a"),
    "s3": lambda client: client.get_object(Bucket="bucket", Key="key"),
    "sts": lambda client: client.assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="rr"),
}
INVALID = "The security token included in the request is invalid."
EXPIRED = "The security token included in the request is expired"
MISMATCH = "The request signature we calculated does not match the signature you provided."
JSON = ("secretsmanager", "ssm")


@pytest.fixture
def tampered(client):
    """tampered("ssm", change): a client whose signed requests go through `change` before they are sent."""

    def make(service, change):
        one = client(service)
        one.meta.events.register("before-send.*", lambda request, **_: change(request))
        return lambda: CALLS[service](one)

    return make


def change_body(request) -> None:
    request.body += b" " if isinstance(request.body, bytes) else " "
    request.headers["Content-Length"] = str(len(request.body))


def unsign(request) -> None:
    del request.headers["Authorization"]


def header(name, value):
    return lambda request: request.headers.__setitem__(name, value)


def replace_in_authorization(old, new):
    def change(request) -> None:
        value = request.headers["Authorization"]
        text = value.decode() if isinstance(value, bytes) else value
        assert old in text
        request.headers["Authorization"] = text.replace(old, new, 1)

    return change


@pytest.mark.parametrize("service", [*JSON, "sts"])
def test_a_changed_body_is_refused(tampered, service) -> None:
    code = "SignatureDoesNotMatch" if service == "sts" else "InvalidSignatureException"
    status, found, text = refused(tampered(service, change_body))
    assert (status, found) == (403 if service == "sts" else 400, code)
    assert text.startswith(MISMATCH)


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("ssm", (400, "MissingAuthenticationTokenException", "Missing Authentication Token")),
        ("s3", (403, "AccessDenied", "Access Denied")),
        ("sts", (403, "MissingAuthenticationToken", "Request is missing Authentication Token")),
    ],
)
def test_an_unsigned_request_is_refused(tampered, service, expected) -> None:
    assert refused(tampered(service, unsign)) == expected


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("secretsmanager", (400, "UnrecognizedClientException", INVALID)),
        ("s3", (400, "InvalidToken", "The provided token is malformed or otherwise invalid.")),
        ("sts", (403, "InvalidClientTokenId", INVALID)),
    ],
)
def test_another_session_token_is_refused(tampered, service, expected) -> None:
    assert refused(tampered(service, header("X-Amz-Security-Token", "other"))) == expected


def test_a_missing_session_token_is_refused(client) -> None:
    assert refused(lambda: CALLS["ssm"](client("ssm", aws_session_token=None)))[1] == "UnrecognizedClientException"
    assert refused(lambda: CALLS["s3"](client("s3", aws_session_token=None)))[1] == "InvalidAccessKeyId"


@pytest.mark.parametrize("service", CALLS)
def test_a_wrong_secret_is_refused(client, service) -> None:
    status, code, text = refused(lambda: CALLS[service](client(service, aws_secret_access_key="wrong")))
    assert code == ("InvalidSignatureException" if service in JSON else "SignatureDoesNotMatch")
    assert (status, text.startswith(MISMATCH)) == (400 if service in JSON else 403, True)


@pytest.mark.parametrize("service", CALLS)
def test_an_unknown_access_key_is_refused(aws, client, service) -> None:
    one = client(service)
    aws.rotate_credentials(keep_old=False)
    codes = {"s3": "InvalidAccessKeyId", "sts": "InvalidClientTokenId"}
    assert refused(lambda: CALLS[service](one))[1] == codes.get(service, "UnrecognizedClientException")


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("secretsmanager", (400, "ExpiredTokenException", EXPIRED)),
        ("ssm", (400, "ExpiredTokenException", EXPIRED)),
        ("s3", (400, "ExpiredToken", "The provided token has expired.")),
        ("sts", (403, "ExpiredToken", EXPIRED)),
    ],
)
def test_expired_credentials_are_refused_and_new_ones_work(aws: FakeAws, client, service, expected) -> None:
    old = client(service)
    aws.expire_credentials()
    assert refused(lambda: CALLS[service](old)) == expected
    aws.rotate_credentials()
    assert refused(lambda: CALLS[service](client(service)))[1] not in (expected[1], "UnrecognizedClientException")


@pytest.mark.parametrize("service", [*JSON, "sts"])
@pytest.mark.parametrize(("offset", "text"), [(301, "Signature expired: "), (-302, "Signature not yet current: ")])
def test_a_clock_that_is_five_minutes_off_is_refused(aws, client, service, offset, text) -> None:
    aws.clock_offset = offset
    found = refused(lambda: CALLS[service](client(service)))
    assert found[1] == ("InvalidSignatureException" if service in JSON else "SignatureDoesNotMatch")
    assert found[2].startswith(text)
    assert "5 min.)" in found[2]
    aws.clock_offset = offset * 0.95
    assert "Signature" not in refused(lambda: CALLS[service](client(service)))[1]


@pytest.mark.parametrize("offset", [901, -902])
def test_s3_allows_a_quarter_of_an_hour(aws, client, offset) -> None:
    text = "The difference between the request time and the current time is too large."
    aws.clock_offset = offset
    assert refused(lambda: CALLS["s3"](client("s3"))) == (403, "RequestTimeTooSkewed", text)
    aws.clock_offset = offset * 0.95
    assert refused(lambda: CALLS["s3"](client("s3")))[1] == "NoSuchBucket"


def test_the_date_header_is_this_awss_clock(aws, client) -> None:
    aws.clock_offset = -86400
    with pytest.raises(ClientError) as caught:
        CALLS["ssm"](client("ssm"))
    sent = caught.value.response["ResponseMetadata"]["HTTPHeaders"]["date"]
    assert abs(parsedate_to_datetime(sent).timestamp() - aws.now()) < 5


def test_the_scope_must_name_the_right_service(tampered) -> None:
    found = refused(tampered("ssm", replace_in_authorization("/ssm/", "/secretsmanager/")))
    text = "Credential should be scoped to correct service: 'ssm'. "
    assert found == (400, "InvalidSignatureException", text)


def test_the_scopes_day_must_be_the_requests(tampered) -> None:
    found = refused(tampered("ssm", header("X-Amz-Date", "20200101T000000Z")))
    assert found[1] == "InvalidSignatureException"
    assert found[2].startswith(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
    )


def test_headers_of_amazons_must_be_signed(tampered) -> None:
    text = "There were headers present in the request which were not signed"
    assert refused(tampered("s3", header("x-amz-meta-extra", "1"))) == (403, "AccessDenied", text)
    assert refused(tampered("ssm", header("X-Amz-Extra", "1")))[1] == "InvalidSignatureException"


def test_s3_wants_the_hash_of_the_body(tampered) -> None:
    found = refused(tampered("s3", header("X-Amz-Content-SHA256", "0" * 64)))
    text = "The provided 'x-amz-content-sha256' header does not match what was computed."
    assert found == (400, "XAmzContentSHA256Mismatch", text)
    found = refused(tampered("s3", lambda request: request.headers.__delitem__("X-Amz-Content-SHA256")))
    assert found == (400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
