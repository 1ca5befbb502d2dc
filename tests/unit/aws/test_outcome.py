"""What an AWS error code means: the table of contract §4, whole, in the words of JSON and of XML."""

import json

import pytest

from extension.aws import outcome

TABLE = {
    "throttled": [
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "SlowDown",
        "ProvisionedThroughputExceededException",
    ],
    "skewed_clock": ["InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "RequestExpired"],
    "credentials": ["ExpiredToken", "ExpiredTokenException", "UnrecognizedClientException", "InvalidToken"],
    "denied": [
        "AccessDenied",
        "AccessDeniedException",
        "DecryptionFailure",
        "InvalidKeyId",
        "InvalidObjectState",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "KMSOptInRequired",
    ],
    "not_found": [
        "ResourceNotFoundException",
        "ParameterNotFound",
        "ParameterVersionNotFound",
        "NoSuchKey",
        "NoSuchBucket",
        "NoSuchVersion",
    ],
    "malformed": ["ValidationException", "InvalidParameterException"],
    "transient": [
        "InternalServiceError",
        "InternalFailure",
        "ServiceUnavailable",
        "SomethingNew",
        "InvalidRequestException",
    ],
}
ANSWERS = {
    "throttled": (429, True),
    "skewed_clock": (502, True),
    "credentials": (502, True),
    "denied": (403, False),
    "not_found": (404, False),
    "malformed": (400, False),
    "transient": (502, True),
    "timeout": (504, True),
    "connection": (502, True),
    "frozen": (504, True),
    "too_large": (413, True),
}
CODES = [(code, kind) for kind, codes in TABLE.items() for code in codes]


def json_body(code, message="why", **more):
    return json.dumps({"__type": code, "message": message, **more}).encode()


def s3_body(code, message="why"):
    text = f"<Error><Code>{code}</Code><Message>{message}</Message><Key>a</Key><HostId>x</HostId></Error>"
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode()


def sts_body(code, message="why"):
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    text = f'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">{error}<RequestId>1</RequestId></ErrorResponse>'
    return text.encode()


@pytest.mark.parametrize(("code", "kind"), CODES)
@pytest.mark.parametrize("body", [json_body, s3_body, sts_body])
def test_every_code_of_the_table_has_its_class_in_whatever_form_it_comes(body, code, kind):
    error = outcome.from_answer(400, {}, body(code))

    assert (kind, code, "why") == (error.kind, error.code, error.message)
    assert ANSWERS[kind] == (error.status, error.transient)


@pytest.mark.parametrize(("code", "kind"), CODES)
def test_an_item_of_a_batch_has_the_same_class(code, kind):
    error = outcome.from_item(code, "why")

    assert (kind, code, *ANSWERS[kind]) == (error.kind, error.code, error.status, error.transient)


@pytest.mark.parametrize(("kind", "answer"), ANSWERS.items())
def test_every_class_has_its_status_and_says_if_a_stale_value_helps(kind, answer):
    error = outcome.failure(kind, "Code", "text")

    assert (kind, "Code", "text", *answer) == (error.kind, error.code, error.message, error.status, error.transient)


def test_there_is_no_class_without_an_answer():
    assert set(ANSWERS) == set(outcome.ANSWERS)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, "transient"),
        (502, "transient"),
        (503, "transient"),
        (504, "transient"),
        (429, "throttled"),
        (403, "denied"),
        (404, "not_found"),
        (400, "transient"),
        (301, "transient"),
        (401, "transient"),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html><body>Bad gateway</body></html>", b"oops", b"{}", b"[]", b'{"a":'])
def test_where_there_is_no_code_the_status_decides(body, status, kind):
    error = outcome.from_answer(status, {}, body)

    assert (kind, "Unknown") == (error.kind, error.code)
    assert f"AWS answered {status}" == error.message


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (503, "SlowDown", "throttled"),
        (500, "AccessDenied", "denied"),
        (400, "SomethingNew", "transient"),
        (403, "SomethingNew", "transient"),
        (404, "SomethingNew", "transient"),
        (500, "SomethingNew", "transient"),
        (429, "SomethingNew", "throttled"),
        (500, "KMSInternalException", "transient"),
        (400, "KMSThrottlingException", "throttled"),
        (400, "KMS.ThrottlingException", "throttled"),
        (400, "KMSAccessDeniedException", "denied"),
    ],
)
def test_a_code_of_the_table_counts_more_than_the_status(status, code, kind):
    assert kind == outcome.from_answer(status, {}, json_body(code)).kind


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
            "not_found",
        ),
        ("InvalidRequestException", "You provided a parameter value that is not valid.", "transient"),
        ("ValidationException", "marked for deletion", "malformed"),
    ],
)
def test_a_secret_that_is_marked_for_deletion_is_not_there(code, message, kind):
    assert kind == outcome.from_answer(400, {}, json_body(code, message)).kind
    assert kind == outcome.from_item(code, message).kind


@pytest.mark.parametrize(
    "written",
    [
        "AccessDeniedException",
        "com.amazonaws.secretsmanager#AccessDeniedException",
        "AccessDeniedException:http://internal.amazon.com/coral/com.amazon.coral.validate/",
        "com.amazonaws#AccessDeniedException:http://internal.amazon.com/coral/",
    ],
)
def test_the_bare_code_is_taken_out_of_what_aws_writes_around_it(written):
    """https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html, operation error serialization."""
    for error in (
        outcome.from_answer(400, {}, json_body(written)),
        outcome.from_answer(400, {"x-amzn-errortype": written}, b"{}"),
        outcome.from_answer(400, {"x-amzn-errortype": written}, b""),
        outcome.from_answer(400, {}, json.dumps({"code": written}).encode()),
    ):
        assert ("AccessDeniedException", "denied") == (error.code, error.kind)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"__type": "X", "message": "small"}, "small"),
        ({"__type": "X", "Message": "large"}, "large"),
        ({"__type": "X", "message": None, "Message": "large"}, "large"),
        ({"__type": "X", "message": 7}, "AWS answered 400"),
        ({"__type": "X"}, "AWS answered 400"),
    ],
)
def test_the_message_is_found_in_both_spellings(document, message):
    assert message == outcome.from_answer(400, {}, json.dumps(document).encode()).message


@pytest.mark.parametrize(
    "body",
    [
        b'{"__type":7}',
        b'{"__type":["AccessDenied"]}',
        b'{"__type":null,"code":{}}',
        b"{" * 100_000,
        b'{"a":' * 100_000,
        b"<a>" * 100_000,
        b"<Error><Code>AccessDenied</Code>",
        b"<!DOCTYPE a [<!ENTITY b 'AccessDenied'>]><Error><Code>&b;</Code></Error>",
        b'<?xml version="1.0" encoding="no-such-thing"?><Error><Code>AccessDenied</Code></Error>',
        b'<?xml version="1.0" encoding="utf-7"?><Error><Code>AccessDenied</Code></Error>',
        b"\xff\xfe\x00",
        b"\x00" * 1000,
    ],
    ids=lambda body: ascii(body[:30]),
)
def test_garbage_is_an_error_like_another_and_never_an_exception(body):
    error = outcome.from_answer(500, {}, body)

    assert ("transient", 502, True) == (error.kind, error.status, error.transient)


def test_the_outermost_of_a_repeated_element_counts():
    body = b"<Error><Code>AccessDenied</Code><Detail><Code>SlowDown</Code></Detail><Code>NoSuchKey</Code></Error>"

    assert "AccessDenied" == outcome.from_answer(403, {}, body).code


@pytest.mark.parametrize(
    ("code", "shown"), [("Bad\r\nSet-Cookie=a", "BadSetCookiea"), ("<script>", "script"), ("A" * 100, "A" * 64)]
)
def test_a_code_can_go_into_a_header_whatever_it_was(code, shown):
    assert shown == outcome.from_answer(400, {}, json_body(code)).code
