"""The hands that a test has on the stand-in for the Extensions API."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from tests.fakes.lambda_api import FakeLambdaApi, Timeout, freeze, thaw
from tests.unit.fakes.extension_client import ExtensionClient, call


def test_invoke_and_wait_measures_until_the_next_next(extension, api) -> None:
    extension.register("INVOKE")
    got = threading.Event()

    def work() -> None:
        extension.next()
        got.wait(5)
        with pytest.raises((OSError, http.client.HTTPException)):
            extension.next()

    thread = threading.Thread(target=work)
    thread.start()
    invocation = api.invoke()
    with pytest.raises(Timeout, match="next of preheat after INVOKE"):
        api.wait_invocation(invocation, timeout=0.05)
    got.set()
    assert 0.05 <= api.wait_invocation(invocation).elapsed < 5
    api.drop()
    thread.join(10)


def test_invoke_does_not_wait_for_who_did_not_subscribe(extension, api) -> None:
    extension.register("SHUTDOWN")
    assert api.invoke_and_wait().elapsed == 0.0


def test_invoke_waits_for_the_extension_to_be_ready(extension, api) -> None:
    extension.register("INVOKE")
    with pytest.raises(Timeout, match="no next of preheat within"):
        api.invoke(wait=0.02)


@pytest.mark.parametrize(
    ("wait", "what"),
    [("wait_registered", "register"), ("wait_next", "next"), ("wait_init_error", "init/error")],
)
def test_what_does_not_happen_is_a_timeout_that_says_what(api, wait, what) -> None:
    with pytest.raises(Timeout, match=f"no {what} within 0.01 s"):
        getattr(api, wait)(timeout=0.01)


def test_shutdown_reaches_an_extension_that_is_still_at_work_when_it_asks(extension, api) -> None:
    extension.register("INVOKE", "SHUTDOWN")
    extension.next_in_thread()
    api.invoke()
    extension.join()
    api.shutdown("timeout")
    assert extension.next().json["shutdownReason"] == "timeout"


def test_shutdown_is_not_sent_to_who_did_not_subscribe(extension, api) -> None:
    extension.register("INVOKE")
    answers = extension.next_in_thread()
    api.wait_next()
    api.shutdown()
    assert (answers, api.state()) == ([], "Ready")


def test_after_shutdown_next_blocks(extension, api) -> None:
    extension.register("SHUTDOWN")
    extension.next_in_thread()
    api.wait_next()
    api.shutdown()
    extension.join()
    answers = extension.next_in_thread()
    api.wait_next()
    assert answers == []


def test_fail_next_answers_the_one_that_is_blocked_and_the_following(extension, api) -> None:
    extension.register("INVOKE")
    answers = extension.next_in_thread()
    api.wait_next()
    api.fail_next(503, b"sorry", times=2)
    extension.join()
    assert (answers[0].status, answers[0].body) == (503, b"sorry")
    assert extension.next().status == 503
    extension.next_in_thread()
    api.wait_next()


def test_drop_cuts_connections_and_refuses_new_ones(extension, api) -> None:
    extension.register("INVOKE")
    answers = extension.next_in_thread()
    api.wait_next()
    api.drop()
    extension.join()
    assert answers == []
    with pytest.raises(ConnectionRefusedError):
        extension.next()


def test_drop_with_reset_sends_a_reset(api) -> None:
    host, port = api.address.split(":")
    with socket.create_connection((host, int(port))) as plain:
        plain.sendall(b"GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert plain.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
        api.drop(reset=True)
        with pytest.raises(ConnectionResetError):
            plain.recv(1)


def test_reset_begins_a_new_environment_and_keeps_the_records(extension, api) -> None:
    extension.register("INVOKE")
    answers = extension.next_in_thread()
    api.wait_next()
    api.process_exited(1)
    api.reset()
    extension.join()
    assert (answers, api.state(), api.fatal_error) == ([], "Started", None)
    second = ExtensionClient(api)
    assert second.register("INVOKE").status == 200
    assert second.identifier != extension.identifier
    assert [one.kind for one in api.calls] == ["register", "next", "register"]
    assert extension.next().error[:2] == (403, "Extension.UnknownExtensionIdentifier")


def test_several_extensions_get_the_same_event_and_all_are_waited_for() -> None:
    with FakeLambdaApi(extensions=("preheat", "other")) as api:
        clients = [ExtensionClient(api), ExtensionClient(api, "other")]
        for client in clients:
            client.register("INVOKE", "SHUTDOWN")
        answers = [client.next_in_thread() for client in clients]
        invocation = api.invoke()
        for client in clients:
            client.join()
        clients[0].next_in_thread()
        with pytest.raises(Timeout, match="next of other"):
            api.wait_invocation(invocation, timeout=0.02)
        clients[1].next_in_thread()
        assert set(api.wait_invocation(invocation).next_at) == {"preheat", "other"}
        assert answers[0][0].json == answers[1][0].json
        api.drop()
        for client in clients:
            client.join()


@pytest.mark.parametrize("framing", ["length", "chunked"])
@pytest.mark.parametrize("case", ["as-is", "lower", "upper"])
@pytest.mark.parametrize("piece", [0, 1])
def test_answers_can_come_awkwardly_and_mean_the_same(extension, api, framing, case, piece) -> None:
    api.framing, api.header_case, api.piece = framing, case, piece
    extension.register("INVOKE")
    answers = extension.next_in_thread()
    api.invoke(request_id="r")
    extension.join()
    assert answers[0].json["requestId"] == "r"
    assert ("transfer-encoding" in answers[0].headers) == (framing == "chunked")


def test_header_case_is_really_on_the_wire(api) -> None:
    host, port = api.address.split(":")
    seen = set()
    for api.header_case in ("as-is", "lower", "upper"):
        with socket.create_connection((host, int(port))) as plain:
            plain.sendall(b"GET /2018-06-01/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            seen.add(plain.makefile("rb").read().split(b"\r\n")[1].split(b":")[0])
    assert seen == {b"Content-Type", b"content-type", b"CONTENT-TYPE"}


def test_calls_are_recorded_with_times_headers_and_status(extension, api) -> None:
    extension.register("INVOKE", Lambda_Extension_Accept_Feature="accountId")
    extension.report("exit", "A.B", "{}")
    register, error = api.calls
    assert (register.kind, register.method, register.status) == ("register", "POST", 200)
    assert register.header("lambda-extension-accept-feature") == "accountId"
    assert register.body == b'{"events": ["INVOKE"]}'
    assert (error.kind, error.status, error.header("Lambda-Extension-Function-Error-Type")) == (
        "exit/error",
        202,
        "A.B",
    )
    assert register.monotonic <= error.monotonic
    assert register.wall <= error.wall
    assert api.wait_calls("exit/error", 1) == [error]


def test_a_client_that_leaves_next_is_no_longer_ready(extension, api) -> None:
    extension.register("INVOKE")
    host, port = api.address.split(":")
    with socket.create_connection((host, int(port))) as plain:
        headers = f"Host: x\r\nLambda-Extension-Identifier: {extension.identifier}"
        plain.sendall(f"GET /2020-01-01/extension/event/next HTTP/1.1\r\n{headers}\r\n\r\n".encode())
        api.wait_next()
    api.wait_left()
    with pytest.raises(Timeout):
        api.invoke(wait=0.01)


def test_a_frozen_process_does_nothing_until_it_is_thawed() -> None:
    program = "import sys\nfor line in sys.stdin: print('did', line, end='', flush=True)"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        freeze(process.pid)
        assert os.waitpid(process.pid, os.WUNTRACED)[1] >> 8 == signal.SIGSTOP
        process.stdin.write("it\n")
        process.stdin.close()
        thaw(process.pid)
        assert process.stdout.read() == "did it\n"


def test_nothing_is_left_behind(no_leaks) -> None:
    with FakeLambdaApi() as api:
        extension = ExtensionClient(api)
        extension.register("INVOKE")
        answers = extension.next_in_thread()
        api.wait_next()
    extension.join()
    assert answers == []


def test_what_is_no_http_is_refused_and_noted(api) -> None:
    host, port = api.address.split(":")
    for data in (b"GET / HTTP/1.0\r\nHost: x\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection((host, int(port))) as plain:
            plain.sendall(data)
            assert plain.makefile("rb").read().startswith(b"HTTP/1.1 400 ")
    assert len(api.malformed) == 3
    assert call(api.address, "GET", "/2018-06-01/ping").status == 200
