"""The loop goes on where the kernel has no room for one more connection."""

import select
import socket
import struct
import threading

from extension.http1.connection import Response
from extension.http1.loop import Loop
from tests.unit.doubles import double


class Application:
    """Answers everything with 200."""

    def answer(self, request, reply):
        reply(Response(200, [], b"served"))

    def refuse(self, status, reason):
        return Response(status, [], reason.encode(), close=True)


class Poller:
    """An epoll that is full when the third number is registered: after the wake-up pipe and the listener."""

    def __init__(self):
        self._epoll = select.epoll()
        self._registered = 0

    def register(self, number, events):
        self._registered += 1
        if self._registered == 3:
            raise OSError(28, "ENOSPC: fs.epoll.max_user_watches")
        self._epoll.register(number, events)

    def __getattr__(self, name):
        return getattr(self._epoll, name)


def _ask(place):
    with socket.create_connection(place, timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return client.makefile("rb").read()


def test_a_connection_that_can_not_be_watched_is_closed_and_the_next_one_is_served():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    place = listener.getsockname()
    loop = Loop([double(listener)], double(Application()), double(None))
    loop._poller = Poller()
    loop.start()

    try:
        with socket.create_connection(place, timeout=10) as unlucky:
            assert b"" == unlucky.recv(1)
        assert _ask(place).endswith(b"served")
    finally:
        assert loop.stop(5)


def test_of_those_that_came_together_the_first_makes_room():
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    clients = [socket.create_connection(listener.getsockname(), timeout=10) for _ in range(5)]
    loop = Loop([double(listener)], double(Application()), double(None), limit=2)
    loop.start()

    try:
        assert [b""] * 3 == [client.recv(1) for client in clients[:3]]
        for client in clients[3:]:
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(1000).endswith(b"served")
    finally:
        for client in clients:
            client.close()
        assert loop.stop(5)


class Gated:
    """An epoll whose events wait for the gate, and then come with the listener's first."""

    def __init__(self, listener):
        self._epoll = select.epoll()
        self._listener = listener.fileno()
        self.gate = threading.Event()
        self.gate.set()

    def poll(self, timeout):
        self._epoll.poll(timeout)
        assert self.gate.wait(10)
        return sorted(self._epoll.poll(0), key=lambda event: event[0] != self._listener)

    def __getattr__(self, name):
        return getattr(self._epoll, name)


def test_what_happened_to_a_connection_is_not_taken_for_the_one_that_got_its_number():
    """With room for one: the first is reset, the second makes room by closing it, the third gets its number."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    place = listener.getsockname()
    loop = Loop([double(listener)], double(Application()), double(None), limit=1)
    loop._poller = gated = Gated(listener)
    loop.start()

    try:
        with socket.create_connection(place, timeout=10) as first:
            first.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert first.recv(1000).endswith(b"served")
            gated.gate.clear()
            first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing resets it
        with (
            socket.create_connection(place, timeout=10) as second,
            socket.create_connection(place, timeout=10) as third,
        ):
            gated.gate.set()
            assert b"" == second.recv(1)
            third.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert third.recv(1000).endswith(b"served")
    finally:
        gated.gate.set()
        assert loop.stop(5)
