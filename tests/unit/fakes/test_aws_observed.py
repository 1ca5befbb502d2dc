"""What a test can see and hold: the record of calls, barriers, latency, connections, listening."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes.aws import FakeAws, Timeout
from tests.unit.fakes.refusals import refused
from tests.unit.fakes.signed_request import signed_bytes, talk


@pytest.fixture
def plain():
    """Without TLS and without boto3: quick to ask, many at once."""
    with FakeAws(tls=False) as aws:
        aws.put_parameter("/a", "value")
        yield aws


def ask(aws: FakeAws, count: int) -> list[bytes]:
    """That many requests at once, each on its own connection; their status lines."""
    with ThreadPoolExecutor(count) as pool:
        answers = pool.map(lambda _: talk(aws, signed_bytes(aws, close=True)), range(count))
        return [answer.split(b"\r\n")[0] for answer in answers]


OK, FAILED = b"HTTP/1.1 200 OK", b"HTTP/1.1 500 Internal Server Error"


def test_a_call_is_recorded_with_everything_but_secrets(aws, client) -> None:
    aws.put_secret("a", "1")
    client("secretsmanager", region_name="us-east-1").get_secret_value(SecretId="a")
    client("ssm", region_name="eu-west-1").get_parameters(Names=["/x", "/y"], WithDecryption=True)
    first, second = aws.calls
    assert (first.service, first.action, first.resources, first.status) == (
        "secretsmanager",
        "GetSecretValue",
        ["a"],
        200,
    )
    assert (second.service, second.region, second.resources) == ("ssm", "eu-west-1", ["/x", "/y"])
    assert second.parameters["WithDecryption"] is True
    assert second.role == "preheat-function-role"
    assert first.t_in < first.t_out <= second.t_in
    assert abs(first.wall - time.time()) < 10
    assert first.connection != second.connection
    names = {name.lower() for name, _ in first.headers}
    assert "x-amz-target" in names
    assert not names & {"authorization", "x-amz-security-token"}
    kept = repr(first.as_dict())
    assert aws.identity.secret_key not in kept
    assert aws.identity.session_token not in kept


def test_refused_calls_are_recorded_too(aws, client) -> None:
    one = client("ssm")
    aws.expire_credentials()
    refused(lambda: one.get_parameter(Name="/a"))
    call = aws.calls[0]
    assert (call.action, call.error, call.status) == ("GetParameter", "ExpiredTokenException", 400)


def test_count_is_of_all_or_of_a_kind(aws, client) -> None:
    aws.put_parameter("/a", "1")
    ssm = client("ssm")
    ssm.get_parameter(Name="/a")
    ssm.get_parameters(Names=["/a", "/b"])
    assert aws.max_in_flight == 1
    assert (aws.count(), aws.count("GetParameter"), aws.count("/b"), aws.count("s3")) == (2, 1, 1, 0)
    aws.clear_calls()
    assert aws.count() == 0


def test_one_connection_serves_many_calls(aws, client) -> None:
    aws.put_parameter("/a", "1")
    ssm = client("ssm")
    for _ in range(5):
        ssm.get_parameter(Name="/a")
    assert (aws.connections_opened, aws.open_connections, aws.count()) == (1, 1, 5)
    assert {call.connection for call in aws.calls} == {1}


def test_a_hold_opens_when_all_are_in(plain) -> None:
    hold = plain.hold(4)
    assert ask(plain, 4) == [OK] * 4
    assert (plain.max_in_flight, plain.hold_failed, hold.is_over) == (4, False, True)
    assert ask(plain, 1) == [OK]


def test_a_hold_fails_where_the_client_is_not_parallel(plain) -> None:
    plain.hold(2, timeout=0.05)
    assert ask(plain, 1) == [FAILED]
    assert plain.hold_failed
    assert plain.calls[0].error == "InternalServerError"


def test_a_failed_hold_counts_only_who_still_waits(plain) -> None:
    """Two requests one after the other are not two at once."""
    plain.hold(2, timeout=0.05)
    assert [ask(plain, 1)[0] for _ in range(3)] == [FAILED] * 3


def test_a_hold_may_be_for_some_calls_and_last_until_released(plain) -> None:
    hold = plain.hold(match="GetParameter")
    with ThreadPoolExecutor(1) as pool:
        answers = pool.submit(ask, plain, 3)
        assert len(hold.wait(3)) == 3
        assert plain.in_flight == 3
        plain.put_parameter("/a", "new")
        hold.release()
        assert answers.result(5) == [OK] * 3
    assert not plain.hold_failed
    assert hold.is_over


def test_a_hold_for_other_calls_holds_nothing(plain) -> None:
    plain.hold(2, match="secretsmanager")
    assert ask(plain, 1) == [OK]


def test_waiting_for_what_is_held_can_time_out(plain) -> None:
    with pytest.raises(Timeout, match="2 held requests"):
        plain.hold(2).wait(2, timeout=0.01)


def test_a_held_client_that_leaves_is_not_counted(plain) -> None:
    hold = plain.hold(2, timeout=5)
    with socket.create_connection(("127.0.0.1", plain.port)) as client:
        client.sendall(signed_bytes(plain))
        hold.wait(1)
    assert plain.wait_finished(1)[0].abandoned
    assert hold.held == []


def test_latency_holds_each_answer_and_can_be_changed(plain) -> None:
    plain.latency = 0.03
    ask(plain, 1)
    plain.latency = lambda call: 0.06 if call.action == "GetParameter" else 0.0
    ask(plain, 1)
    plain.latency = 0.0
    for _ in range(5):
        ask(plain, 1)
    first, second, *others = (call.t_out - call.t_in for call in plain.calls)
    assert first >= 0.03
    assert second >= 0.06
    assert min(others) < 0.03


def test_one_after_the_other_is_never_two_in_flight(plain) -> None:
    for _ in range(50):
        ask(plain, 1)
    assert (plain.max_in_flight, plain.in_flight) == (1, 0)


def test_latency_is_served_in_parallel(plain) -> None:
    plain.latency = 0.2
    start = time.monotonic()
    ask(plain, 8)
    assert time.monotonic() - start < 8 * 0.2 / 2
    assert plain.max_in_flight > 1


def test_waits_see_calls_that_come_later(plain) -> None:
    thread = threading.Thread(target=ask, args=(plain, 2))
    thread.start()
    assert [call.action for call in plain.wait_finished(2, "GetParameter")] == ["GetParameter"] * 2
    thread.join(5)
    with pytest.raises(Timeout, match="3 calls of any kind"):
        plain.wait_calls(3, timeout=0.01)


def test_listening_can_stop_and_start_again_on_the_same_port(plain) -> None:
    port = plain.port
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(signed_bytes(plain))
        assert client.recv(8) == b"HTTP/1.1"
        plain.stop_listening()
        while client.recv(65536):
            pass
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    plain.start_listening()
    assert plain.port == port
    assert ask(plain, 1) == [OK]


def test_open_connections_may_outlive_listening(aws, client) -> None:
    aws.put_parameter("/a", "1")
    ssm = client("ssm")
    ssm.get_parameter(Name="/a")
    aws.stop_listening(drop=False)
    assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "1"


def test_connections_can_be_dropped_while_listening(plain) -> None:
    with socket.create_connection(("127.0.0.1", plain.port)) as client:
        client.sendall(signed_bytes(plain))
        assert client.recv(8) == b"HTTP/1.1"
        plain.wait_finished(1)
        plain.drop_connections()
        while client.recv(65536):
            pass
    assert ask(plain, 1) == [OK]


def test_what_is_no_http_is_noted(plain) -> None:
    assert talk(plain, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert plain.malformed == ["2 Host headers"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("X-Amz-Target: AmazonSSM.GetParameter\r\n", b"404"),
        ("X-Amz-Target: Other.GetParameter\r\nContent-Type: application/x-amz-json-1.1\r\n", b"404"),
    ],
)
def test_an_operation_that_is_not_named_properly_is_unknown(plain, headers, status) -> None:
    data = f"POST / HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode()
    answer = talk(plain, data)
    assert answer.split(b" ")[1] == status
    assert answer.endswith(b'{"__type":"UnknownOperationException"}')


def test_nothing_is_left_behind(no_leaks) -> None:
    with FakeAws(tls=False) as aws:
        aws.put_parameter("/a", "1")
        aws.hold(2, timeout=0.01)
        aws.faults.add("throttled", times=1)
        idle = socket.create_connection(("127.0.0.1", aws.port))
        ask(aws, 1)
        aws.stop_listening(drop=False)
    idle.close()
