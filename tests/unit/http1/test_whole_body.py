"""The short way to an answer's body never reads another body than the parser does, nor one that is not there."""

import random

import pytest

from extension.http1.message import BadMessage, ResponseParser, whole_body
from tests.unit.http1.test_response_agreement import generate

GENERATED = 20_000
# Mistakes that have no bearing on where the message ends: the short way does not look for them.
HARMLESS = {
    "malformed status line",
    "malformed header field",
    "bare line break or control character in the header",
}


def answer(*fields, body=b"{}"):
    return b"\r\n".join((b"HTTP/1.1 200 OK", *fields, b"", body))


@pytest.mark.parametrize("name", [b"Content-Length", b"content-length", b"CONTENT-LENGTH"])
@pytest.mark.parametrize("body", [b"", b"{}", b"a\r\n\r\nContent-Length: 1", b"x" * 100_000])
def test_a_plain_answer_has_its_body(name, body):
    length = name + b": %d" % len(body)

    assert body == whole_body(answer(length, body=body))
    assert body == whole_body(answer(b"Date: now", length, b"X: y", body=body))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: no",
        answer(b"Content-Length: 3"),
        answer(b"Content-Length: 1"),
        answer(b"Content-Length: 2", b"Content-Length: 2"),
        answer(b"Content-Length: 2", b"content-length : 3"),
        answer(b"X: a\ncontent-length: 3", b"Content-Length: 2"),
        answer(b"X-Content-Length: 2"),
        answer(b"Content-Length: +2"),
        answer(b"Content-Length: 2", b"Transfer-Encoding: chunked"),
        answer(b"Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n"),
        answer(b"Content-Length: 2", b"CONNECTION: close"),
        answer(),
        answer(b"Content-Length: 2").replace(b"200", b"500"),
        answer(b"Content-Length: 2").replace(b"1.1", b"1.0"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"Content-Length: 2"),
    ],
)
def test_whatever_else_is_left_to_the_parser(data):
    assert whole_body(data) is None


def test_it_agrees_with_the_parser():
    rng = random.Random(11)
    taken = 0
    for _ in range(GENERATED):
        data = generate(rng)
        body = whole_body(data)
        if body is None:
            continue
        parser = ResponseParser()
        try:
            parser.feed(data)
        except BadMessage as bad:
            assert {bad.reason} <= HARMLESS, data  # noqa: PT017 (most are accepted, and then there is nothing to raise)
            continue
        assert (200, True, body) == (parser.status, parser.keep_alive, parser.read()), data
        taken += 1
    assert taken > GENERATED / 200
