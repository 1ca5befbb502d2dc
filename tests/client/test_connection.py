"""The kept-alive connection: when it is used again, when it is not, and what hostile answers come to."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import warnings

import pytest

from preheat import Client, SidecarTimeout, SidecarUnavailable
from tests.client.sockets import connections
from tests.client.stand_in import TOKEN, TOKEN_HEADER, Raw, ok
from tests.fakes.waiting import Gate

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n"


def raw(body: bytes, **options) -> Raw:
    return Raw(HEAD % len(body) + body, **options)


def hang_up(connection, request):
    return None


def hung_up(stand_in) -> None:
    """Wait until the stand-in has seen the end of every connection and has given its own descriptors back."""
    for thread in list(stand_in.server._connections.values()):
        thread.join(10)
        assert not thread.is_alive()


def read(client, name: str) -> str:
    """Past layer 1."""
    return client.get_secret(name, max_age=0)


def test_many_reads_use_one_connection(stand_in):
    client = stand_in.client()

    for number in range(200):
        assert f"value of /secrets/{number}" == read(client, str(number))

    assert {1} == set(stand_in.connections)


def test_a_request_is_small_and_says_what_has_to_be_said(stand_in):
    stand_in.client().get_secret("db")

    (request,) = stand_in.requests
    assert ("GET", "/secrets/db", b"") == (request.method, request.target, request.body)
    assert [("Host", f"localhost:{stand_in.port}"), (TOKEN_HEADER, TOKEN)] == request.headers


def test_each_thread_has_its_own_connection(stand_in):
    client = stand_in.client()
    barrier = threading.Barrier(4)

    def work(number):
        barrier.wait(10)
        for _ in range(20):
            assert f"value of /secrets/{number}" == read(client, str(number))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    by_target = {}
    for target, connection in zip(stand_in.targets, stand_in.connections, strict=True):
        by_target.setdefault(target, set()).add(connection)
    assert [1, 1, 1, 1] == [len(connections) for connections in by_target.values()]
    assert 4 == len(set(stand_in.connections))


def test_a_connection_that_was_closed_in_between_is_replaced_without_a_lost_question(stand_in):
    client = stand_in.client()
    read(client, "a")
    stand_in.server.drop_connections()

    assert "value of /secrets/b" == read(client, "b")
    assert ["/secrets/a", "/secrets/b"] == stand_in.targets


def test_a_connection_that_was_reset_in_between_is_replaced(stand_in):
    client = stand_in.client()
    read(client, "a")
    stand_in.server.drop_connections(reset=True)

    assert "value of /secrets/b" == read(client, "b")


def test_an_answer_that_says_close_ends_the_connection(stand_in):
    stand_in.script = [Raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na")]
    client = stand_in.client()

    assert "a" == read(client, "a")
    assert "value of /secrets/b" == read(client, "b")
    assert [1, 2] == stand_in.connections


def test_a_question_that_got_no_answer_is_asked_once_more_on_a_fresh_connection(stand_in):
    stand_in.script = [ok("first"), hang_up]
    client = stand_in.client()
    read(client, "a")

    assert "value of /secrets/b" == read(client, "b")
    assert ["/secrets/a", "/secrets/b", "/secrets/b"] == stand_in.targets
    assert [1, 1, 2] == stand_in.connections


def test_a_question_is_asked_twice_at_most(stand_in):
    stand_in.usual = hang_up

    with pytest.raises(SidecarUnavailable, match="closed the connection twice"):
        stand_in.client().get_secret("db")

    assert 2 == len(stand_in.requests)


@pytest.mark.parametrize("at", [1, 30, 60, -1])
def test_an_answer_that_breaks_off_is_asked_for_once_more_and_never_taken_for_whole(stand_in, at):
    whole = HEAD % 20 + b"x" * 20
    stand_in.script = [Raw(whole[:at], keep=False), Raw(whole[:at], keep=False)]

    with pytest.raises(SidecarUnavailable, match="closed the connection twice"):
        stand_in.client().get_secret("db")
    assert 2 == len(stand_in.requests)

    stand_in.script = [Raw(whole[:at], keep=False)]
    assert "value of /secrets/db" == stand_in.client().get_secret("db")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00" * 100,
        b"220 mail.example.com ESMTP\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nno length",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999\r\n\r\nx",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
        HEAD % 2 + b"\xff\xfe",
    ],
)
def test_garbage_is_refused_and_its_connection_not_used_again(stand_in, garbage):
    stand_in.script = [Raw(garbage)]
    client = stand_in.client()

    with pytest.raises(SidecarUnavailable, match="not"):
        read(client, "a")

    assert 1 == len(stand_in.requests)  # what is no answer is not asked for again
    assert "value of /secrets/b" == read(client, "b")


def test_interim_answers_are_passed_over(stand_in):
    stand_in.script = [Raw(b"HTTP/1.1 102 Processing\r\n\r\n" + HEAD % 2 + b"ok")]

    assert "ok" == stand_in.client().get_secret("db")


@pytest.mark.parametrize("more", [HEAD % 5 + b"wrong", b"x", b"\r\n"])
def test_what_comes_after_an_answer_is_never_taken_for_the_next(stand_in, more):
    stand_in.script = [Raw(HEAD % 5 + b"right" + more)]
    client = stand_in.client()

    assert "right" == read(client, "a")
    assert "value of /secrets/b" == read(client, "b")
    assert [1, 2] == stand_in.connections


def test_an_answer_to_nothing_that_comes_later_is_never_taken_for_the_next(stand_in):
    sent = threading.Event()

    def answer_twice(connection, request):
        connection.send((HEAD % 5) + b"right")
        asked.wait(10)
        connection.send((HEAD % 5) + b"wrong")
        sent.set()
        return raw(b"wrong again")

    asked = threading.Event()
    stand_in.script = [answer_twice]
    client = stand_in.client()
    assert "right" == read(client, "a")
    asked.set()
    assert sent.wait(10)

    assert "value of /secrets/b" == read(client, "b")


def test_a_sidecar_that_hangs_does_not_hang_the_function(stand_in):
    gate = Gate()
    stand_in.script = [lambda connection, request: connection.wait(gate) and None]
    client = stand_in.client(timeout=0.2)
    started = time.monotonic()

    with pytest.raises(SidecarTimeout, match=r"did not answer within 0\.2 s"):
        read(client, "a")

    assert 0.15 < time.monotonic() - started < 5
    assert 1 == len(stand_in.requests)  # what hangs is not asked again
    gate.discard()


def test_an_answer_that_comes_too_late_is_never_taken_for_the_next(stand_in):
    timed_out, sent = threading.Event(), threading.Event()

    def late(connection, request):
        timed_out.wait(10)
        try:
            connection.send(HEAD % 5 + b"wrong")
        finally:
            sent.set()

    stand_in.script = [late]
    client = stand_in.client(timeout=0.2)
    with pytest.raises(SidecarTimeout):
        read(client, "a")
    timed_out.set()
    assert sent.wait(10)

    assert "value of /secrets/b" == read(client, "b")
    assert [1, 2] == stand_in.connections


@pytest.mark.parametrize("data", [HEAD % 2 + b"ok", HEAD % 50_000 + b"x" * 50_000])
def test_an_answer_that_drips_does_not_outlive_the_timeout(stand_in, data):
    stand_in.script = [Raw(data, piece=1, pause=0.02)]
    client = stand_in.client(timeout=0.3)
    started = time.monotonic()

    with pytest.raises(SidecarTimeout):
        read(client, "a")

    assert time.monotonic() - started < 5


def test_the_timeout_is_whole_again_after_an_answer_that_took_long(stand_in):
    gate = Gate()
    drips = Raw(HEAD % 2 + b"ok", piece=10, pause=0.1)
    stand_in.script = [drips, lambda connection, request: gate.wait(0.65) and raw(b"in time")]
    client = stand_in.client(timeout=1)

    assert "ok" == read(client, "a")
    assert "in time" == read(client, "b")
    assert [1, 1] == stand_in.connections
    gate.discard()


def test_both_tries_together_do_not_outlive_the_timeout(stand_in):
    gate = Gate()

    def hang(connection, request):
        connection.wait(gate)

    stand_in.script = [lambda connection, request: gate.wait(0.8) and None, hang]
    started = time.monotonic()

    with pytest.raises(SidecarTimeout):
        stand_in.client(timeout=1).get_secret("db")

    assert 0.9 < time.monotonic() - started < 1.6
    assert 2 == len(stand_in.requests)
    gate.discard()


def test_an_answer_in_single_bytes_is_understood(stand_in):
    stand_in.script = [Raw(HEAD % 5 + b"hello", piece=1)]

    assert "hello" == stand_in.client().get_secret("db")


@pytest.mark.parametrize("size", [0, 1, 65_000, 65_536, 70_000, 5_000_000])
def test_bodies_of_any_size_come_whole_and_the_connection_goes_on(stand_in, size):
    body = os.urandom(size)
    stand_in.script = [ok(body, media="application/octet-stream")]
    client = stand_in.client()

    assert body == client.get_object("s3://b/k")
    assert b"value of /s3/b/k" == client.get_object("s3://b/k", max_age=0)
    assert {1} == set(stand_in.connections)


def test_a_token_that_changes_in_the_environment_is_picked_up(stand_in):
    environ = {**stand_in.environ}
    client = Client(environ=environ)
    client.get_secret("a")
    environ["AWS_SESSION_TOKEN"] = "another-token"
    client.get_secret("b")

    assert [TOKEN, "another-token"] == [request.header(TOKEN_HEADER) for request in stand_in.requests]
    assert [1, 1] == stand_in.connections


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"AWS_SESSION_TOKEN": "a", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "b", "PREHEAT_TOKEN": "c"}, "a"),
        ({"AWS_SESSION_TOKEN": "", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "b", "PREHEAT_TOKEN": "c"}, "b"),
        ({"AWS_SESSION_TOKEN": "", "PREHEAT_TOKEN": "c"}, "c"),
        ({"AWS_SESSION_TOKEN": ""}, ""),
    ],
)
def test_the_token_is_the_first_that_the_environment_holds(stand_in, environ, expected):
    stand_in.client(environ).get_secret("db")

    assert expected == stand_in.requests[0].header(TOKEN_HEADER)


@pytest.mark.parametrize(
    "environ",
    [
        {"PREHEAT_PORT": "{port}"},
        {"PREHEAT_PORT": " {port} "},
        {"PREHEAT_PORT": "{port}", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": "1"},
        {"PREHEAT_PORT": "", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": "{port}"},
    ],
)
def test_where_the_port_comes_from(stand_in, environ):
    given = {name: value.format(port=stand_in.port) for name, value in environ.items()}

    assert "value of /secrets/db" == stand_in.client(given).get_secret("db")


class Signals:
    """Handles SIGUSR1 in the main thread: the first one calls `action`. Another thread sends them."""

    def __init__(self, action) -> None:
        self._action = action
        self._handled = threading.Event()
        self._over = threading.Event()

    def send(self) -> None:
        """Until one was handled: one that comes just before the main thread waits does not wake it."""
        while not self._handled.wait(0.02):
            os.kill(os.getpid(), signal.SIGUSR1)
        self._over.set()

    def __enter__(self) -> Signals:
        self._before = signal.signal(signal.SIGUSR1, self._handle)
        return self

    def __exit__(self, *exception) -> None:
        assert self._over.wait(10)
        signal.signal(signal.SIGUSR1, self._before)

    def _handle(self, number, frame) -> None:
        if not self._handled.is_set():
            self._handled.set()
            self._action()


def test_a_signal_handler_may_ask_while_a_question_is_on_its_way(stand_in):
    """Both get their own answers, and one of the two connections goes on."""
    client = stand_in.client()
    from_handler = []

    def interrupted(connection, request):
        signals.send()
        return ok("for the main thread")

    stand_in.script = [interrupted]
    with Signals(lambda: from_handler.append(read(client, "handler"))) as signals:
        assert "for the main thread" == read(client, "main")

    assert ["value of /secrets/handler"] == from_handler
    assert "value of /secrets/next" == read(client, "next")
    assert 2 == len(set(stand_in.connections))
    assert 1 == len(client._channel._local.idle)


def test_an_exception_from_a_signal_handler_leaves_no_answer_behind(stand_in):
    class Interrupt(BaseException):
        pass

    def interrupt():
        raise Interrupt

    def interrupted(connection, request):
        signals.send()
        return ok("wrong")

    stand_in.script = [interrupted]
    client = stand_in.client()
    with Signals(interrupt) as signals, pytest.raises(Interrupt):
        read(client, "a")

    assert "value of /secrets/b" == read(client, "b")
    assert [1, 2] == stand_in.connections


def test_a_default_timeout_of_other_sockets_changes_nothing(stand_in):
    socket.setdefaulttimeout(0.001)
    try:
        gate = Gate()
        stand_in.script = [lambda connection, request: gate.wait(0.1) and ok("in time")]
        assert "in time" == stand_in.client().get_secret("db")
        gate.discard()
    finally:
        socket.setdefaulttimeout(None)


def test_small_packets_are_sent_at_once(stand_in):
    client = stand_in.client()
    client.get_secret("db")

    assert client._channel._local.idle[0]._plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_no_descriptor_is_left_behind(stand_in):
    client = stand_in.client(timeout=0.1)
    read(client, "warm-up")
    gate = Gate()
    errors = []  # kept: what is left behind must not hang on who still looks at a traceback
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(10):
            for script in ([hang_up, hang_up], [Raw(b"garbage")]):
                stand_in.script = script
                with pytest.raises(SidecarUnavailable) as raised:
                    read(client, "x")
                errors.append(raised.value)
            thread = threading.Thread(target=read, args=(client, "thread"))
            thread.start()
            thread.join(10)
            stand_in.client().get_secret("another client")
        stand_in.script = [lambda connection, request: connection.wait(gate) and None]
        with pytest.raises(SidecarTimeout) as raised:
            read(client, "late")
        errors.append(raised.value)
    client.close()
    hung_up(stand_in)
    gate.discard()

    assert 0 == connections(stand_in.port)
    assert 21 == len(errors)
