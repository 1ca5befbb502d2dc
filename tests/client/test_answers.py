"""The reader of answers: what it takes, what it refuses, and that it never mistakes one for the other."""

from __future__ import annotations

import pytest

from preheat import answers
from preheat.answers import LARGEST_BODY, LARGEST_HEAD, Answer, BadAnswer

GOOD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nAge: 12\r\n"
    b'Cache-Control: private, max-age=300\r\nETag: "v"\r\nPreheat-Cache: hit\r\nContent-Length: 5\r\n\r\n'
)


def head(*lines: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    return b"\r\n".join([status, *lines, b"", b""])


def read(data: bytes) -> Answer:
    found = answers.read(data)
    assert found is not None
    answer, rest = found
    assert b"" == rest
    return answer


def test_a_usual_answer():
    answer = read(GOOD)

    assert (200, 5, 12, 300, "text/plain", False) == (
        answer.status,
        answer.length,
        answer.age,
        answer.lifetime,
        answer.media_type,
        answer.close,
    )


def test_an_answer_that_comes_in_pieces_is_understood_when_it_is_whole_and_not_before():
    for cut in range(len(GOOD)):
        assert answers.read(GOOD[:cut]) is None, cut

    assert 5 == read(GOOD).length


def test_what_follows_the_head_does_not_count():
    found = answers.read(GOOD + b"hello and HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")

    assert found is not None
    assert b"hello and HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n" == found[1]
    assert 200 == found[0].status


def test_names_are_compared_without_regard_to_case_and_values_without_the_blanks_around_them():
    answer = read(head(b"CONTENT-LENGTH:7", b"age: \t 3 ", b"cOnnection: Close"))

    assert (7, 3, True) == (answer.length, answer.age, answer.close)


def test_fields_that_do_not_count_may_come_twice():
    assert 1 == read(head(b"Content-Length: 1", b"A: b", b"A: b", b"Connection: keep-alive", b"connection: x")).length


def test_interim_answers_are_passed_over():
    answer = read(head(status=b"HTTP/1.1 100 Continue") + head(b"Link: <x>", status=b"HTTP/1.1 103 Early Hints") + GOOD)

    assert (200, 5) == (answer.status, answer.length)


@pytest.mark.parametrize(
    ("field", "lifetime"),
    [
        (b"max-age=300", 300),
        (b"private, max-age=300", 300),
        (b"Private,Max-Age=7", 7),
        (b"max-age=0", 0),
        (b"no-store", 0),
        (b"max-age=300, no-store", 0),
        (b"no-cache, max-age=300", 0),
        (b"max-age=300, max-age=200", 0),
        (b"max-age=-1", 0),
        (b"max-age=3.5", 0),
        (b'max-age="300"', 0),
        (b"max-age=999999999999999999999", 0),
        (b"s-maxage=300", 0),
        (b"", 0),
    ],
)
def test_only_a_plain_max_age_lets_an_answer_be_used_again(field, lifetime):
    assert lifetime == read(head(b"Content-Length: 0", b"Cache-Control: " + field)).lifetime


@pytest.mark.parametrize("value", [b"", b"-1", b"1.5", b"x", b"9999999999999"])
def test_an_age_that_is_no_number_is_unknown(value):
    assert -1 == read(head(b"Content-Length: 0", b"Age: " + value)).age


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"<html>",
        head(b"Content-Length: 0", status=b"HTTP/1.1 2x0 OK"),
        head(b"Content-Length: 0", status=b"HTTP/1.1 20 OK"),
        head(b"Content-Length: 0", status=b"HTTP/1.1 2000 OK"),
        head(b"Content-Length: 0", status=b"HTTP/1.1  200 OK"),
        head(b"Content-Length: 0", status=b"HTTP/1.1 999 What"),
        head(b"Content-Length: 0", status=b"HTTP/1.1 099 What"),
        head(b"Content-Length: 0", status=b"HTTP/1.1 101 Switching Protocols"),
        head(status=b"HTTP/1.1 204 No Content"),
        head(status=b"HTTP/1.1 304 Not Modified"),
        head(b"Content-Length: 0", status=b"HTTP/1.1 200 O\x00K"),
        head(b"Content-Length: 0", status=b"HTTP/1.1 200 O\nK"),
        head(b"Content-Type: text/plain"),
        head(b"Content-Length: 1", b"Content-Length: 1"),
        head(b"Content-Length: 1", b"content-length: 2"),
        head(b"Content-Length: 1", b"Age: 1", b"Age: 1"),
        head(b"Content-Length: 1", b"Age: 1", b"age: 2"),
        head(b"Content-Length: 1", b"Cache-Control: max-age=300", b"Cache-Control: max-age=300"),
        head(b"Content-Length: 1", b"Cache-Control: max-age=300", b"Cache-Control: no-store"),
        head(b"Content-Length: 1", b"Content-Type: text/plain", b"Content-Type: application/octet-stream"),
        head(b"Content-Length: -1"),
        head(b"Content-Length: +1"),
        head(b"Content-Length: 1, 1"),
        head(b"Content-Length: 0x10"),
        head(b"Content-Length: "),
        head(b"Content-Length: " + b"9" * 19),
        head(b"Content-Length: %d" % (LARGEST_BODY + 1)),
        head(b"Transfer-Encoding: chunked"),
        head(b"Content-Length: 1", b"Transfer-Encoding: identity"),
        head(b"Content-Length : 1"),
        head(b" Content-Length: 1"),
        head(b"Content-Length: 1", b" folded"),
        head(b"Content-Length: 1", b"no colon"),
        head(b"Content-Length: 1", b": no name"),
        head(b"Content-Length: 1", b"A: b\rc"),
        head(b"Content-Length: 1", b"A: b\nc"),
        head(b"Content-Length: 1", b"A: b\x00c"),
        head(b"Content-Length: 1", b"\xe9: b"),
        head(b"Content-Length: 1", *[b"A: b"] * 70),
        head(status=b"HTTP/1.1 100 Continue") * 9 + GOOD,
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * LARGEST_HEAD,
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * LARGEST_HEAD + b"\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_what_the_sidecar_never_sends_is_refused(data):
    with pytest.raises(BadAnswer):
        answers.read(data)

    # The same when all of it has been seen before.
    with pytest.raises(BadAnswer):
        answers.read(data)


def test_a_refusal_repeats_nothing_of_what_came():
    with pytest.raises(BadAnswer) as raised:
        answers.read(head(b"Content-Length: s3cr3t"))

    assert "s3cr3t" not in str(raised.value)


def test_an_answers_repr_shows_nothing_of_its_body():
    answer = read(GOOD)
    answer.body = b"s3cr3t"

    assert "<Answer 200>" == repr(answer)
