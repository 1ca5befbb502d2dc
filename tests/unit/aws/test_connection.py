"""TCP and TLS: connecting in bounded time, believing whom to believe, and being woken from a wait."""

import socket
import threading
from contextlib import contextmanager

import pytest

from extension.aws.connection import Cancel, Connection, ConnectionFailed
from extension.aws.endpoints import Endpoint
from extension.aws.trust import Trust
from extension.clock import Clock
from tests.fakes.aws import FakeAws

NO_ROOTS = "there are none"
LIMIT = 10.0


@contextmanager
def listener(backlog=5, accept=True):
    """(endpoint, the sockets that it has accepted)."""
    server = socket.create_server(("127.0.0.1", 0), backlog=backlog)
    accepted = []
    came = threading.Event()

    def serve():
        try:
            while True:
                accepted.append(server.accept()[0])
                came.set()
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    if accept:
        thread.start()
    try:
        yield Endpoint("http", "127.0.0.1", server.getsockname()[1]), accepted, came
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        if accept:
            thread.join(LIMIT)
        for each in accepted:
            each.close()


def connect(endpoint, trust=None, limit=5.0, cancel=None):
    return Connection.open(endpoint, endpoint.host, trust or Trust(None, NO_ROOTS), limit, cancel or Cancel(), Clock())


def failure(*args, **options):
    with pytest.raises(ConnectionFailed) as caught:
        connect(*args, **options)
    return caught.value


@pytest.fixture(scope="module")
def aws():
    with FakeAws() as server:
        yield server


def tls_endpoint(aws, host="localhost", custom=True):
    return Endpoint("https", host, aws.port, custom=custom)


# Connecting


def test_what_is_sent_arrives_and_what_comes_is_received():
    with listener() as (endpoint, accepted, came):
        connection = connect(endpoint)
        assert came.wait(LIMIT)
        connection.send(b"question", 1.0)
        assert b"question" == accepted[0].recv(100)
        accepted[0].sendall(b"answer")
        assert b"answer" == connection.receive(1.0)
        accepted[0].close()
        assert b"" == connection.receive(1.0)
        connection.close()


def test_delays_of_small_packets_are_off():
    with listener() as (endpoint, _, _came):
        connection = connect(endpoint)
        assert connection._plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        connection.close()


def test_a_port_that_nobody_listens_on_is_a_failure_and_no_timeout():
    with listener() as (endpoint, _, _came):
        pass
    problem = failure(endpoint)

    assert str(problem).startswith("connecting to 127.0.0.1 failed")
    assert (False, False) == (problem.timed_out, problem.untrusted)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 64 + ".com", "-"])
def test_a_name_that_has_no_address_is_a_failure(host):
    problem = failure(Endpoint("http", host, 80))

    assert host in str(problem)
    assert not problem.timed_out


def test_a_host_that_does_not_answer_costs_the_limit_and_no_more():
    with listener(backlog=0, accept=False) as (endpoint, _, _came):
        full = []
        problem = None
        for _ in range(20):  # until the backlog is full, the kernel answers
            try:
                full.append(connect(endpoint, limit=0.05))
            except ConnectionFailed as failed:
                problem = failed
                break
        for connection in full:
            connection.close()

    assert problem is not None
    assert problem.timed_out
    assert "took over 0.1 s" in str(problem) or "took over 0.0 s" in str(problem)


def test_no_time_at_all_is_a_timeout():
    with listener() as (endpoint, _, _came):
        assert failure(endpoint, limit=0.0).timed_out


def test_a_handshake_that_hangs_is_a_timeout(aws):
    aws.faults.add("tls_hang", times=1)

    assert failure(tls_endpoint(aws), Trust(str(aws.ca_bundle), NO_ROOTS), limit=0.05).timed_out


def test_a_handshake_that_breaks_is_a_failure(aws):
    aws.faults.add("tls", times=1)
    problem = failure(tls_endpoint(aws), Trust(str(aws.ca_bundle), NO_ROOTS))

    assert (False, False) == (problem.timed_out, problem.untrusted)


# Whom to believe


def test_a_certificate_of_the_bundle_is_believed(aws):
    connection = connect(tls_endpoint(aws), Trust(str(aws.ca_bundle), NO_ROOTS))
    connection.send(b"GET / HTTP/1.1\r\n\r\n", 1.0)

    assert connection.receive(LIMIT).startswith(b"HTTP/1.1 4")
    connection.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_names_and_addresses_are_both_checked(aws, host):
    connect(tls_endpoint(aws, host), Trust(str(aws.ca_bundle), NO_ROOTS)).close()


def test_a_certificate_of_another_name_is_not_believed(aws):
    """The listener answers on 127.0.0.1 alone, so the other name goes in behind the look-up."""

    class Renamed(Trust):
        def context(self, custom_endpoint):
            self.wrap = super().context(custom_endpoint)._wrap_socket
            return self

        def _wrap_socket(self, plain, server_side, _host):
            return self.wrap(plain, server_side, "other.example.com")

    assert failure(tls_endpoint(aws), Renamed(str(aws.ca_bundle), NO_ROOTS)).untrusted


def test_a_certificate_that_nobody_knows_is_not_believed(aws):
    problem = failure(tls_endpoint(aws), Trust(None, NO_ROOTS))

    assert problem.untrusted
    assert "the certificate of localhost is not trusted" in str(problem)


def test_plain_text_on_a_tls_port_is_a_failure():
    with listener() as (endpoint, accepted, came):
        thread = threading.Thread(target=lambda: came.wait(LIMIT) and accepted[0].sendall(b"HTTP/1.1 400 no\r\n\r\n"))
        thread.start()
        problem = failure(Endpoint("https", "127.0.0.1", endpoint.port, custom=True))
        thread.join(LIMIT)

    assert not problem.untrusted


# Waiting


@pytest.mark.parametrize("limit", [0.01, 0, -1])
def test_silence_is_a_timeout_whatever_is_left(limit):
    with listener() as (endpoint, _, _came):
        connection = connect(endpoint)
        with pytest.raises(ConnectionFailed) as caught:
            connection.receive(limit)
        connection.close()

    assert caught.value.timed_out


def test_a_peer_that_does_not_read_is_a_timeout():
    with listener() as (endpoint, _, _came):
        connection = connect(endpoint)
        with pytest.raises(ConnectionFailed) as caught:
            connection.send(b"x" * (64 << 20), 0.05)
        connection.close()

    assert caught.value.timed_out


def test_a_peer_that_resets_is_a_failure():
    with listener() as (endpoint, accepted, came):
        connection = connect(endpoint)
        assert came.wait(LIMIT)
        accepted[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        accepted[0].close()
        with pytest.raises(ConnectionFailed) as caught:
            connection.receive(LIMIT)
        connection.close()

    assert not caught.value.timed_out


@pytest.mark.parametrize("tls", [False, True])
def test_cancelling_wakes_who_waits_for_an_answer(aws, tls):
    cancel = Cancel()
    with listener() as (endpoint, _, _came):
        if tls:
            connection = connect(tls_endpoint(aws), Trust(str(aws.ca_bundle), NO_ROOTS), cancel=cancel)
        else:
            connection = connect(endpoint, cancel=cancel)
        waits = threading.Event()
        received = []

        def wait():
            waits.set()
            try:
                received.append(connection.receive(LIMIT))
            except ConnectionFailed as failed:
                received.append(failed)

        thread = threading.Thread(target=wait)
        thread.start()
        assert waits.wait(LIMIT)
        cancel.cancel()
        thread.join(LIMIT)
        connection.close()

    assert not thread.is_alive()
    assert received[0] == b"" or not received[0].timed_out


def test_a_connection_is_not_even_opened_for_a_call_that_was_cancelled():
    cancel = Cancel()
    cancel.cancel()
    with listener() as (endpoint, accepted, _came):
        assert "cancelled" == str(failure(endpoint, cancel=cancel))
        assert [] == accepted


def test_cancelling_once_the_socket_was_given_back_does_not_touch_it():
    cancel = Cancel()
    with listener() as (endpoint, accepted, came):
        connection = connect(endpoint, cancel=cancel)
        cancel.attach(None)
        cancel.cancel()
        assert came.wait(LIMIT)
        accepted[0].sendall(b"still here")
        assert b"still here" == connection.receive(LIMIT)
        connection.close()


def test_a_pause_ends_at_its_end_or_when_cancelled_and_from_then_on_at_once():
    cancel = Cancel()
    cancel.pause(0)
    cancel.pause(0.001)
    waits, ended = threading.Event(), []

    def wait():
        waits.set()
        try:
            cancel.pause(LIMIT)
        except ConnectionFailed as failed:
            ended.append(str(failed))

    threads = [threading.Thread(target=wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert waits.wait(LIMIT)
    cancel.cancel()
    cancel.cancel()
    for thread in threads:
        thread.join(LIMIT)

    assert ["cancelled"] * 2 == ended
    with pytest.raises(ConnectionFailed):
        cancel.pause(LIMIT)


def test_a_branch_ends_with_what_it_branches_from_and_not_the_other_way_round():
    cancel = Cancel()
    one, other = cancel.branch(), cancel.branch()
    one.cancel()
    assert (False, True, False) == (cancel.cancelled, one.cancelled, other.cancelled)

    cancel.cancel()
    late = cancel.branch()

    for each in (cancel, one, other, late):
        with pytest.raises(ConnectionFailed, match="cancelled"):
            each.pause(10.0)
