"""Bytes that two programs could read as different requests are refused, so that no request can hide in another."""

from __future__ import annotations

import pytest

from tests.integration.world import LISTS, fill

SECRET = "/secrets/app/secret-1"


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(fill, **LISTS)


def _shape(*lines, body=""):
    return ("\r\n".join([*lines, "", ""]) + body).encode("latin-1")


GET = f"GET {SECRET} HTTP/1.1"
HOST = "Host: localhost"
SMUGGLED = f"{GET}\r\n{HOST}\r\n\r\n"
SHAPES = {
    "both framings": (_shape(GET, HOST, "Content-Length: 4", "Transfer-Encoding: chunked", body="0\r\n\r\n"), 400),
    "both framings the other way": (_shape(GET, HOST, "Transfer-Encoding: chunked", "Content-Length: 4"), 400),
    "two lengths": (_shape(GET, HOST, "Content-Length: 4", "Content-Length: 5"), 400),
    "the same length twice": (_shape(GET, HOST, "Content-Length: 4", "Content-Length: 4"), 400),
    "a list of lengths": (_shape(GET, HOST, "Content-Length: 4, 4"), 400),
    "a length with a sign": (_shape(GET, HOST, "Content-Length: +4"), 400),
    "a negative length": (_shape(GET, HOST, "Content-Length: -1"), 400),
    "a hexadecimal length": (_shape(GET, HOST, "Content-Length: 0x4"), 400),
    "a length of another script": (_shape(GET, HOST, "Content-Length: \xb2"), 400),
    "an empty length": (_shape(GET, HOST, "Content-Length:"), 400),
    "chunked twice": (_shape(GET, HOST, "Transfer-Encoding: chunked, chunked"), 400),
    "two codings": (_shape(GET, HOST, "Transfer-Encoding: chunked", "Transfer-Encoding: identity"), 400),
    "nearly chunked": (_shape(GET, HOST, "Transfer-Encoding: xchunked"), 400),
    "chunked in HTTP/1.0": (_shape(f"GET {SECRET} HTTP/1.0", HOST, "Transfer-Encoding: chunked"), 400),
    "a coding that nobody knows": (_shape(GET, HOST, "Transfer-Encoding: gzip, chunked"), 501),
    "a bad chunk size": (_shape(GET, HOST, "Transfer-Encoding: chunked", body="-1\r\n"), 400),
    "a chunk longer than its size": (_shape(GET, HOST, "Transfer-Encoding: chunked", body="1\r\nab\r\n"), 400),
    "a folded line": (_shape(GET, HOST, "X-Folded: a", " b"), 400),
    "a blank before the colon": (_shape(GET, HOST, "Content-Length : 4"), 400),
    "a blank before the name": (_shape(GET, " Host: localhost"), 400),
    "a line without a colon": (_shape(GET, HOST, "nothing"), 400),
    "no name": (_shape(GET, HOST, ": x"), 400),
    "a bare line feed": (f"{GET}\n{HOST}\n\n".encode(), 400),
    "a bare line feed in the header": (_shape(GET, f"{HOST}\nX: y"), 400),
    "a bare carriage return": (_shape(GET, f"{HOST}\rX: y"), 400),
    "a NUL": (_shape(GET, HOST, "X: a\0b"), 400),
    "two blanks": (_shape(f"GET  {SECRET} HTTP/1.1", HOST), 400),
    "a tab": (_shape(f"GET\t{SECRET} HTTP/1.1", HOST), 400),
    "no version": (_shape(f"GET {SECRET}", HOST), 400),
    "an absolute target": (_shape(f"GET http://localhost{SECRET} HTTP/1.1", HOST), 400),
    "an asterisk": (_shape("OPTIONS * HTTP/1.1", HOST), 400),
    "a tunnel": (_shape("CONNECT localhost:80 HTTP/1.1", HOST), 400),
    "a target outside ASCII": (_shape("GET /s\xe4 HTTP/1.1", HOST), 400),
    "another version": (_shape(f"GET {SECRET} HTTP/2.0", HOST), 505),
    "another protocol's version": (_shape(f"GET {SECRET} HTTPS/1.1", HOST), 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "a blank line first": (b"\r\n" + _shape(GET, HOST), 400),
    "a target too long": (_shape(f"GET /{'x' * 9000} HTTP/1.1", HOST), 414),
    "a header too long": (_shape(GET, HOST, *[f"X-{number}: {'x' * 1000}" for number in range(40)]), 431),
    "too many headers": (_shape(GET, HOST, *[f"X-{number}: x" for number in range(200)]), 431),
    "a body too long": (_shape(GET, HOST, "Content-Length: 70000"), 413),
    "a length without end": (_shape(GET, HOST, f"Content-Length: {'9' * 40}"), 413),
}


@pytest.mark.parametrize("what", SHAPES)
def test_what_could_be_read_in_two_ways_is_refused_and_the_connection_closed(world, what):
    """So that no second request can hide behind it."""
    shape, status = SHAPES[what]
    with world.sidecar.connect() as client:
        client.send(shape)
        try:
            client.send(SMUGGLED.encode())
        except ConnectionError:
            pass  # closed already
        answer = client.answer()
        assert (status, "close") == (answer.status, answer.header("connection"))
        assert answer.problem
        assert b"" == client.rest()
