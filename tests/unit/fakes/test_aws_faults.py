"""Faults: each service's refusals as boto3 reads them, and answers that break on the wire, byte by byte."""

from __future__ import annotations

import socket
import threading

import botocore.exceptions
import pytest

from tests.fakes.aws import FakeAws
from tests.fakes.http_message import Reply
from tests.unit.fakes.refusals import refused
from tests.unit.fakes.signed_request import signed_bytes, talk

CALLS = {
    "secretsmanager": lambda client: client.get_secret_value(SecretId="a"),
    "ssm": lambda client: client.get_parameter(Name="/a"),
    "s3": lambda client: client.get_object(Bucket="bucket", Key="a"),
    "sts": lambda client: client.assume_role(RoleArn="arn:aws:iam::123456789012:role/r", RoleSessionName="rr"),
}


@pytest.fixture
def full(aws: FakeAws) -> FakeAws:
    aws.put_secret("a", "value")
    aws.put_parameter("/a", "value")
    aws.put_object("bucket", "a", "value")
    aws.add_role("arn:aws:iam::123456789012:role/r")
    return aws


@pytest.fixture
def plain():
    """Without TLS, so that a test can see the bytes."""
    with FakeAws(tls=False) as aws:
        aws.put_parameter("/a", "value")
        yield aws


@pytest.mark.parametrize(
    ("service", "kind", "expected"),
    [
        ("secretsmanager", "throttled", (400, "ThrottlingException", "Rate exceeded")),
        ("ssm", "throttled", (400, "ThrottlingException", "Rate exceeded")),
        ("s3", "throttled", (503, "SlowDown", "Please reduce your request rate.")),
        ("sts", "throttled", (400, "Throttling", "Rate exceeded")),
        ("secretsmanager", "error_500", (500, "InternalServiceError", "An error occurred on the server side.")),
        ("ssm", "error_500", (500, "InternalServerError", "An error occurred on the server side.")),
        ("s3", "error_500", (500, "InternalError", "We encountered an internal error. Please try again.")),
        ("ssm", "error_503", (503, "ServiceUnavailableException", "Service is unable to handle request.")),
        ("s3", "error_503", (503, "ServiceUnavailable", "Service is unable to handle request.")),
    ],
)
def test_refusals_are_in_each_services_words(full, client, service, kind, expected) -> None:
    one = client(service)
    full.faults.add(kind, service, times=1)
    assert refused(lambda: CALLS[service](one)) == expected
    assert CALLS[service](one)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert (full.calls[0].fault, full.calls[0].error, full.calls[0].status) == (kind, expected[1], expected[0])


@pytest.mark.parametrize("service", CALLS)
def test_any_error_can_be_made(full, client, service) -> None:
    full.faults.add("error", code="DecryptionFailure", status=400, message="Secrets Manager can't decrypt", times=1)
    found = refused(lambda: CALLS[service](client(service)))
    assert found == (400, "DecryptionFailure", "Secrets Manager can't decrypt")


def test_a_fault_matches_action_service_resource_role_all_of_several_or_a_function(full, client) -> None:
    ssm, manager = client("ssm"), client("secretsmanager")
    for match in ("GetParameter", "ssm", "ssm:GetParameter", "/a", full.identity.role, ("ssm", "/a")):
        fault = full.faults.add("throttled", match)
        assert refused(lambda: CALLS["ssm"](ssm))[1] == "ThrottlingException"
        full.faults.remove(fault)
    full.faults.add("throttled", ("ssm", "/b"))
    full.faults.add("throttled", lambda call: call.parameters.get("SecretId") == "a")
    assert CALLS["ssm"](ssm)["Parameter"]["Value"] == "value"
    assert refused(lambda: CALLS["secretsmanager"](manager))[1] == "ThrottlingException"


def test_times_and_after_count_matching_calls(full, client) -> None:
    ssm = client("ssm")
    fault = full.faults.add("throttled", "GetParameter", times=2, after=1)
    outcomes = []
    for _ in range(5):
        try:
            outcomes.append(CALLS["ssm"](ssm)["Parameter"]["Value"])
        except botocore.exceptions.ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    assert outcomes == ["value", "ThrottlingException", "ThrottlingException", "value", "value"]
    assert fault.applied == 2


def test_clear_removes_all(full, client) -> None:
    full.faults.add("throttled")
    full.faults.clear()
    assert CALLS["ssm"](client("ssm"))["Parameter"]["Value"] == "value"


def test_an_unknown_kind_is_a_mistake_of_the_test(aws) -> None:
    with pytest.raises(ValueError, match="'slow' is not one of"):
        aws.faults.add("slow")


@pytest.mark.parametrize("kind", ["cut", "garbage", "tls"])
def test_boto3_notices_that_no_answer_came(full, client, kind) -> None:
    full.faults.add(kind, times=1)
    one = client("ssm")
    with pytest.raises(botocore.exceptions.HTTPClientError):
        CALLS["ssm"](one)
    assert [call.status for call in full.calls] == ([] if kind == "tls" else [0])
    assert CALLS["ssm"](one)["Parameter"]["Value"] == "value"


@pytest.mark.parametrize("kind", ["cut_body", "too_long"])
def test_boto3_notices_that_a_body_is_incomplete(full, client, kind) -> None:
    """Only where it streams: for the JSON services botocore takes a truncated body as it is."""
    full.faults.add(kind, times=1)
    one = client("s3")
    incomplete = (botocore.exceptions.IncompleteReadError, botocore.exceptions.ResponseStreamingError)
    with pytest.raises(incomplete):
        CALLS["s3"](one)["Body"].read()
    assert CALLS["s3"](one)["Body"].read() == b"value"


def body_of(data: bytes) -> bytes:
    return data.partition(b"\r\n\r\n")[2]


def announced(data: bytes) -> int:
    line = next(line for line in data.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    return int(line.split(b":")[1])


def test_cut_sends_nothing(plain) -> None:
    plain.faults.add("cut")
    assert talk(plain, signed_bytes(plain)) == b""


def test_cut_can_be_a_reset(plain) -> None:
    plain.faults.add("cut", reset=True)
    with pytest.raises(ConnectionResetError):
        talk(plain, signed_bytes(plain))


def test_cut_body_sends_head_and_part(plain) -> None:
    whole = talk(plain, signed_bytes(plain, close=True))
    plain.faults.add("cut_body", times=1)
    half = talk(plain, signed_bytes(plain))
    assert announced(half) == announced(whole)
    assert len(body_of(half)) == len(body_of(whole)) // 2
    plain.faults.add("cut_body", at=3)
    assert body_of(talk(plain, signed_bytes(plain))) == body_of(whole)[:3]


def test_a_chunked_answer_can_be_cut_too(plain) -> None:
    plain.put_object("bucket", "a", "0123456789" * 5, chunked=True)
    plain.faults.add("cut_body", "s3")
    data = talk(plain, signed_bytes(plain, service="s3", path="/bucket/a"))
    assert b"Transfer-Encoding: chunked" in data
    assert not data.endswith(b"0\r\n\r\n")


def test_too_long_promises_more_than_comes_and_too_short_less(plain) -> None:
    whole = talk(plain, signed_bytes(plain, close=True))
    plain.faults.add("too_long", times=1, by=7)
    data = talk(plain, signed_bytes(plain))
    assert (announced(data), len(body_of(data))) == (announced(whole) + 7, announced(whole))
    plain.faults.add("too_short", times=1, by=7)
    data = talk(plain, signed_bytes(plain, close=True))
    assert (announced(data), len(body_of(data))) == (announced(whole) - 7, announced(whole))


def test_empty_is_a_good_head_without_body(plain) -> None:
    plain.faults.add("empty", times=1)
    data = talk(plain, signed_bytes(plain, close=True))
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert (announced(data), body_of(data)) == (0, b"")


def test_garbage_is_no_http(plain) -> None:
    plain.faults.add("garbage", data=b"SSH-2.0-x\r\n")
    assert talk(plain, signed_bytes(plain)) == b"SSH-2.0-x\r\n"


def test_drip_sends_all_of_it_in_pieces(plain) -> None:
    whole = talk(plain, signed_bytes(plain, close=True))
    plain.faults.add("drip", piece=50, pause=0.001, times=1)
    assert body_of(talk(plain, signed_bytes(plain, close=True))) == body_of(whole)


def test_a_reply_can_be_made_by_hand(plain) -> None:
    plain.faults.add("reply", make=lambda call: Reply(302, [("Location", "http://elsewhere/")]))
    assert talk(plain, signed_bytes(plain, close=True)).startswith(b"HTTP/1.1 302 ")


def test_hang_waits_until_it_is_released(full, client) -> None:
    fault = full.faults.add("hang", "ssm")
    one, values = client("ssm"), []
    thread = threading.Thread(target=lambda: values.append(CALLS["ssm"](one)["Parameter"]["Value"]))
    thread.start()
    call = full.wait_calls(1, "GetParameter")[0]
    assert (call.t_out, values) == (None, [])
    full.put_parameter("/a", "new")
    fault.release()
    thread.join(5)
    assert values == ["new"]
    assert CALLS["ssm"](one)["Parameter"]["Value"] == "new"


def test_a_client_that_leaves_a_hang_is_noted(plain) -> None:
    plain.faults.add("hang")
    with socket.create_connection(("127.0.0.1", plain.port)) as client:
        client.sendall(signed_bytes(plain))
        plain.wait_calls(1)
    call = plain.wait_finished(1)[0]
    assert (call.abandoned, call.status) == (True, 0)
    assert plain.in_flight == 0


def test_close_ends_what_hangs(no_leaks) -> None:
    with FakeAws(tls=False) as aws:
        aws.faults.add("hang")
        client = socket.create_connection(("127.0.0.1", aws.port))
        client.sendall(signed_bytes(aws))
        aws.wait_calls(1)
    assert client.recv(10) == b""
    client.close()


def test_a_handshake_can_hang(aws) -> None:
    fault = aws.faults.add("tls_hang", times=1)
    with socket.create_connection(("127.0.0.1", aws.port)) as client:
        client.sendall(b"\x16\x03\x01")
        fault.wait(1)
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.recv(1)
