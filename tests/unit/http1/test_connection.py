"""One client's connection: what it does with an answer that can not be sent."""

import socket
from typing import ClassVar

import pytest

from extension.http1.connection import Client, Response
from tests.unit.doubles import double


class Loop:
    """Runs what is posted at once."""

    known: ClassVar = {}

    def post(self, work, *arguments):
        work(*arguments)

    def watch(self, client):
        pass


class Application:
    """Answers everything in one way."""

    def __init__(self, response):
        self.response = response

    def answer(self, request, reply):
        reply(self.response)

    def refuse(self, status, reason):
        return Response(status, [], reason.encode(), close=True)


@pytest.fixture
def sockets():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


SPLIT = [(b"ETag", b'"a\r\nX-Split: 1"'), (b"X\r\nY", b"1"), (b"Content-Length", b"5"), (b"ETag", b"\0")]


@pytest.mark.parametrize("header", SPLIT)
@pytest.mark.parametrize("body", [b"value", b"v" * 100_000])
def test_an_answer_that_would_read_as_two_is_a_500_and_no_word_of_it_is_sent(sockets, header, body):
    ours, theirs = sockets
    client = Client(double(ours), double(Loop()), double(Application(Response(200, [header], body))), over_limit=False)
    theirs.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")

    client.receive()

    head, _, said = theirs.recv(1 << 20).partition(b"\r\n\r\n")
    assert b"HTTP/1.1 500 Internal Server Error" == head.split(b"\r\n")[0]
    assert b"an answer that HTTP does not allow" == said
    assert b"" == theirs.recv(1)
