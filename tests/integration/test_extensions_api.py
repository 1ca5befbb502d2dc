"""Registration, events, and an Extensions API that refuses, fails or goes away."""

from __future__ import annotations

import socket

import pytest

from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.sidecar import free_port
from tests.integration.world import LISTS, fill

# A start takes about 0.2 s of CPU; a loop that spins takes a second for each second.
BUSY = 1.2


def _only_error(sidecar):
    (line,) = [line for line in sidecar.log if "ERROR" == line["level"]]
    return line


def test_it_registers_for_invoke_and_shutdown_under_its_file_name(api, ready):
    ready()
    assert ["INVOKE", "SHUTDOWN"] == api.extension().events
    assert ["register", "next"] == [call.kind for call in api.calls]
    register = api.calls[0]
    assert "preheat" == register.header("lambda-extension-name")
    assert "accountId" == register.header("lambda-extension-accept-feature")
    assert [] == api.malformed


def test_everything_goes_over_one_connection(api, ready):
    sidecar = ready()
    for _ in range(3):
        api.invoke_and_wait()
    api.shutdown()
    assert 0 == sidecar.wait_exit()
    assert 1 == api.connections_opened
    assert 1 == len({call.header("lambda-extension-identifier") for call in api.calls if "next" == call.kind})


def test_on_managed_instances_it_registers_for_shutdown_alone(aws, launch):
    fill(aws)
    with FakeLambdaApi(managed_instances=True) as api:
        sidecar = launch(aws, api=api, **LISTS)
        api.wait_next()
        assert ["SHUTDOWN"] == api.extension().events
        assert ["register", "next"] == [call.kind for call in api.calls]
        assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
        api.shutdown()
        assert 0 == sidecar.wait_exit()
    assert 4 == aws.count()


def test_where_invoke_is_refused_it_falls_back_to_shutdown(aws, launch):
    """Managed Instances that do not say so in the environment."""
    fill(aws)
    with FakeLambdaApi(managed_instances=True) as api:
        sidecar = launch(aws, api=api, **LISTS, environ={"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"})
        api.wait_next()
        assert [("register", 403), ("register", 200)] == [(call.kind, call.status) for call in api.calls[:2]]
        assert ["SHUTDOWN"] == api.extension().events
        assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
        api.shutdown()
        assert 0 == sidecar.wait_exit()


def test_the_account_id_is_no_condition(aws, launch):
    """The emulator does not send it; then the first answer tells."""
    fill(aws)
    with FakeLambdaApi(account_id=None) as api:
        sidecar = launch(aws, api=api, **LISTS)
        api.wait_next()
        aws.clear_calls()
        arn = "arn:aws:ssm:us-east-1:123456789012:parameter/app/parameter-1"
        assert "parameter value 1" == sidecar.get(f"/parameters/{arn}").text
        assert [] == aws.calls


def test_a_registration_that_is_refused_ends_it(api, launch):
    """Another extension has that name already; or none of that name lies in /opt/extensions."""
    with FakeLambdaApi(extensions=("somebody-else",)) as api:
        sidecar = launch(None, api=api)
        assert 1 == sidecar.wait_exit()
    line = _only_error(sidecar)
    assert "boot.register_refused" == line["event"]
    assert "SHUTDOWN" in line["problem"]
    assert BUSY > sidecar.cpu_seconds


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:port", ":", "host.invalid:1"])
def test_an_api_without_an_address_ends_it(launch, address):
    sidecar = launch(None, environ={"AWS_LAMBDA_RUNTIME_API": address})
    assert 1 == sidecar.wait_exit()
    assert "boot.register_failed" == _only_error(sidecar)["event"]


def test_an_api_that_nobody_serves_ends_it(launch):
    sidecar = launch(None, environ={"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{free_port()}"})
    assert 1 == sidecar.wait_exit()
    assert "boot.register_failed" == _only_error(sidecar)["event"]
    assert BUSY > sidecar.cpu_seconds


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"\x00" * 100_000,
    ],
    ids=["nothing", "half a head", "500", "no identifier", "another protocol", "no end"],
)
def test_an_api_that_answers_nonsense_ends_it(launch, answer):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        sidecar = launch(None, environ={"AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{listener.getsockname()[1]}"})
        with listener.accept()[0] as connection:
            connection.settimeout(10)
            connection.recv(65536)
            try:
                connection.sendall(answer)
            except ConnectionError:
                pass  # it has read enough
        assert 1 == sidecar.wait_exit()
    assert _only_error(sidecar)["event"].startswith("boot.register_")


@pytest.mark.parametrize("status", [500, 503, 403])
@pytest.mark.parametrize("after", [0, 2])
def test_next_that_is_answered_with_an_error_ends_it(api, ready, status, after):
    sidecar = ready()
    for _ in range(after):
        api.invoke_and_wait()
    api.fail_next(status)
    assert 1 == sidecar.wait_exit()
    line = _only_error(sidecar)
    assert "lambda_api.gone" == line["event"]
    assert str(status) in line["problem"]
    assert after + 1 == api.extension().next_calls
    assert BUSY > sidecar.cpu_seconds


@pytest.mark.parametrize("reset", [False, True])
def test_an_api_that_vanishes_ends_it(api, ready, reset):
    sidecar = ready()
    api.drop(reset=reset)
    assert 1 == sidecar.wait_exit()
    assert "lambda_api.gone" == _only_error(sidecar)["event"]
    assert BUSY > sidecar.cpu_seconds


def test_an_api_that_vanishes_during_init_ends_it(aws, api, launch):
    fill(aws)
    hold = aws.hold()
    sidecar = launch(aws, **LISTS)
    hold.wait(4)
    api.drop()
    hold.release()
    assert 1 == sidecar.wait_exit()
    assert "lambda_api.gone" == _only_error(sidecar)["event"]


def test_an_api_that_vanishes_before_the_init_error_ends_it(api, launch):
    sidecar = launch(None, ttl="wrong")
    api.wait_registered()
    api.drop()
    assert 1 == sidecar.wait_exit()
    assert sidecar.log[0]["event"] in ("init.invalid_setting", "boot.register_failed")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"INVOKE"', b"{", b"\xff"])
def test_an_event_that_is_none_ends_it(api, ready, body):
    sidecar = ready()
    api.fail_next(200, body)
    assert 1 == sidecar.wait_exit()
    assert "lambda_api.gone" == _only_error(sidecar)["event"]


@pytest.mark.parametrize("document", [b"{}", b'{"eventType":"TELEMETRY"}', b'{"eventType":null,"deadlineMs":"soon"}'])
def test_an_event_that_nobody_knows_is_passed_over(api, ready, document):
    sidecar = ready()
    api.fail_next(200, document)
    api.wait_calls("next", 2)
    api.wait_next()
    api.invoke_and_wait()
    api.shutdown()
    assert 0 == sidecar.wait_exit()
