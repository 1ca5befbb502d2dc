"""The small server under every stand-in: strict about requests, exact about answers, clean when it goes."""

from __future__ import annotations

import socket
import threading

import pytest

from tests.fakes.http_message import MalformedRequest, Reply, parse_head
from tests.fakes.http_server import HttpServer
from tests.fakes.waiting import Gate, Timeout, wait_for


@pytest.fixture
def server():
    """Answers with method, target and body of what it was asked."""

    def echo(connection, request):
        return Reply(
            200, [("X-Seen", request.header("x-seen"))], f"{request.method} {request.target} ".encode() + request.body
        )

    one = HttpServer(echo)
    yield one
    one.close()
    assert one.faults == []


def talk(server: HttpServer, *parts: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        for part in parts:
            client.sendall(part)
        return client.makefile("rb").read()


def test_keep_alive_pipelining_and_bodies(server) -> None:
    data = (
        b"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n"
        b"POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyz"
        b"POST /d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"2\r\nhi\r\n1;e=1\r\n!\r\n0\r\nT: 1\r\n\r\n"
    )
    answer = talk(server, data)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"GET /a?b ", b"POST /c xyz", b"POST /d hi!"]
    assert server.connections_opened == 1


def test_a_request_may_come_byte_by_byte(server) -> None:
    data = b"POST /c HTTP/1.1\r\nHost: x\r\nx-SEEN: 1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nxyz"
    answer = talk(server, *(bytes([byte]) for byte in data))
    assert b"X-Seen: 1\r\n" in answer
    assert answer.endswith(b"POST /c xyz")


def test_a_client_that_expects_100_continue_gets_it(server) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(head)
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"x")
        assert client.makefile("rb").read().endswith(b"POST / x")


def test_head_has_length_and_no_body(server) -> None:
    answer = talk(server, b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"Content-Length: 7\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.0\r\nHost: x",
        b"get / HTTP/1.1\r\nHost: x",
        b"GET  / HTTP/1.1\r\nHost: x",
        b"GET /\r\nHost: x",
        b"GET / HTTP/1.1",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y",
        b"GET / HTTP/1.1\r\nHost: x\r\nbad",
        b"GET / HTTP/1.1\r\nHost: x\r\nName : value",
        b"GET / HTTP/1.1\r\nHost: x\r\n folded",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b\nC: d",
        b"GET / HTTP/1.1\r\nHost: \xff",
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: 1\r\nAuthorization: 2",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
    ],
)
def test_a_loose_head_is_refused(head) -> None:
    with pytest.raises(MalformedRequest):
        parse_head(head)


@pytest.mark.parametrize("length", [b"-1", b"+1", b"1_0", b"x"])
def test_a_loose_length_is_refused(server, length) -> None:
    data = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + b"\r\n\r\n"
    assert talk(server, data).startswith(b"HTTP/1.1 400 ")


def test_a_fault_of_the_handler_is_kept_for_the_test(recwarn) -> None:
    def broken(connection, request):
        raise RuntimeError("a bug")

    original, threading.excepthook = threading.excepthook, lambda arguments: None
    try:
        server = HttpServer(broken)
        assert talk(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        server.close()
    finally:
        threading.excepthook = original
    assert [str(fault) for fault in server.faults] == ["a bug"]


def test_ipv6() -> None:
    server = HttpServer(lambda connection, request: Reply(200), host="::1")
    with socket.create_connection(("::1", server.port), timeout=5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert client.makefile("rb").read().startswith(b"HTTP/1.1 200 ")
    server.close()


def test_an_answer_counts_as_finished_before_its_last_byte_is_out() -> None:
    """Otherwise a client that asks one thing after the other would seem to ask two at once."""
    gate = Gate()

    def wait() -> None:
        gate.wait(5)

    def counted(connection, request):
        reply = Reply(200)
        reply.on_finished = wait
        return reply

    server = HttpServer(counted)
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.05) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        with pytest.raises(TimeoutError):
            client.recv(1)
        gate.open()
        client.settimeout(5)
        assert client.recv(8) == b"HTTP/1.1"
    server.close()
    gate.discard()


def test_a_big_answer_is_in_flight_until_it_is_read() -> None:
    """What does not fit into the buffers is not finished before the client takes it."""
    finished = threading.Event()

    def big(connection, request):
        reply = Reply(200, [], b"x" * 30_000_000)
        reply.on_finished = finished.set
        return reply

    server = HttpServer(big)
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        client.recv(1)
        assert not finished.wait(0.05)
        while client.recv(1_000_000):
            pass
    assert finished.wait(5)
    server.close()


def test_closing_does_not_wait_for_clients(no_leaks) -> None:
    server = HttpServer(lambda connection, request: Reply(200, [], b"x" * 30_000_000))
    idle = socket.create_connection(("127.0.0.1", server.port))
    slow = socket.create_connection(("127.0.0.1", server.port))
    slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    slow.recv(1)
    server.close()
    server.close()
    idle.close()
    slow.close()


def test_a_gate_lets_all_through_once_it_is_open(no_leaks) -> None:
    gate, passed = Gate(), []
    threads = [threading.Thread(target=lambda: passed.append(gate.wait(5))) for _ in range(5)]
    assert gate.wait(0) == "timeout"
    for thread in threads:
        thread.start()
    gate.open()
    gate.open()
    for thread in threads:
        thread.join(5)
    assert passed == ["open"] * 5
    assert gate.wait() == "open"
    gate.discard()
    gate.discard()
    assert gate.wait() == "open"


def test_a_gate_sees_that_a_peer_left(no_leaks) -> None:
    gate = Gate()
    ours, theirs = socket.socketpair()
    theirs.close()
    assert gate.wait(5, ours) == "gone"
    ours.close()
    assert gate.wait(5, ours) == "gone"
    gate.discard()


def test_waiting_for_a_condition_says_what_did_not_come() -> None:
    condition = threading.Condition()
    with condition:
        assert wait_for(condition, lambda: "value", 0.01, "thing") == "value"
        with pytest.raises(Timeout, match=r"no thing within 0\.01 s"):
            wait_for(condition, lambda: None, 0.01, "thing")
