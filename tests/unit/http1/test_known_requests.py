"""Requests that are known by heart: the same bytes again are the same request, and nothing else changes."""

import random

import pytest

from extension.http1.request import LONGEST_KNOWN, MOST_KNOWN, RequestParser
from tests.unit.http1.reading import head, read_requests
from tests.unit.http1.test_request_agreement import generate

GET = b"GET /secrets/a HTTP/1.1\r\nHost: localhost\r\nX-Vault-Token: t\r\n\r\n"


def parse(known, data):
    parser = RequestParser(known=known)
    parser.feed(data)
    return parser.next()


def test_the_same_bytes_are_one_object_on_every_connection():
    known = {}
    first = parse(known, GET)
    first.understood = "this"
    assert first is parse(known, GET)
    assert "this" == parse(known, GET).understood


def test_one_byte_more_is_another_request():
    known = {}
    for other in (GET.replace(b": t", b": u"), GET.replace(b"/a", b"/b"), GET.replace(b"1.1", b"1.0")):
        assert parse(known, GET) is not parse(known, other)


def test_the_same_fields_are_those_of_another_target():
    known = {}
    first, second = parse(known, GET), parse(known, GET.replace(b"/a", b"/b"))
    assert (b"/secrets/a", b"/secrets/b") == (first.target, second.target)
    assert first.headers == second.headers
    assert second is parse(known, GET.replace(b"/a", b"/b"))
    assert 3 == len(known)


@pytest.mark.parametrize("before", [b"", b"\n", b"\r\n", b" "])
def test_what_is_known_of_fields_is_no_request(before):
    known = {}
    parse(known, GET)
    _, refusal = read_requests(before + GET.partition(b"\r\n")[2], known=known)
    assert refusal is not None


@pytest.mark.parametrize(
    "data",
    [
        head(b"Content-Length: 1") + b"x",
        head(b"Content-Length: 0"),
        head(b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
        head(b"Connection: close", line=b"GET /p HTTP/1.1"),
        head(b"Expect: 100-continue", b"Content-Length: 1") + b"x",
        head(b"X: " + b"x" * LONGEST_KNOWN, line=b"GET /p HTTP/1.1"),
    ],
    ids=["body", "no length", "chunks", "close", "expect", "long"],
)
def test_what_has_framing_or_is_long_is_parsed_each_time(data):
    known = {}
    assert parse(known, data) is not None
    assert {} == known


def test_no_number_of_requests_fills_the_memory():
    known = {}
    for number in range(3 * MOST_KNOWN):
        parse(known, GET.replace(b"/a", b"/%d" % number))
        assert len(known) <= MOST_KNOWN


def test_an_old_client_still_has_its_connection_closed():
    old = GET.replace(b"HTTP/1.1", b"HTTP/1.0")
    known = {}
    for _ in range(2):
        assert not parse(known, old).keep_alive
        requests, refusal = read_requests(old + GET, known=known)
        assert (1, None) == (len(requests), refusal)


def test_what_was_learnt_changes_no_outcome():
    """Streams cut anywhere, by parsers that have learnt from all the streams before; then once more, by heart."""
    rng = random.Random(7)
    known = {}
    for _ in range(1500):
        data = generate(rng) + generate(rng)
        cuts = sorted(rng.sample(range(1, len(data)), rng.randrange(3)))
        expected = read_requests(data)
        assert expected == read_requests(data, cuts, known=known)
        assert expected == read_requests(data, known=known)
    assert known
