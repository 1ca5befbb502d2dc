"""Every shape of a request that two programs could read in two ways is refused, wherever its bytes are cut."""

import pytest

from extension.http1.message import BadMessage, RequestParser
from tests.unit.http1.reading import chunked, head, read_requests, read_requests_bytewise

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

REFUSED = {
    # two readings of the body's length
    "CL.TE": (head(b"Content-Length: 6", b"Transfer-Encoding: chunked") + b"0\r\n\r\nG", 400),
    "TE.CL": (head(b"Transfer-Encoding: chunked", b"Content-Length: 3") + b"1\r\nX\r\n0\r\n\r\n", 400),
    "TE.TE": (head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity") + b"0\r\n\r\n", 400),
    "TE.TE the other way round": (head(b"Transfer-Encoding: x", b"Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
    "same coding twice": (head(*[b"Transfer-Encoding: chunked"] * 2) + b"0\r\n\r\n", 400),
    "same length twice": (head(b"Content-Length: 5", b"Content-Length: 5") + b"hello", 400),
    "two lengths": (head(b"Content-Length: 5", b"Content-Length: 0") + b"hello", 400),
    "list of lengths": (head(b"Content-Length: 5, 5") + b"hello", 400),
    "length +5": (head(b"Content-Length: +5") + b"hello", 400),
    "length -5": (head(b"Content-Length: -5") + b"hello", 400),
    "length 0x5": (head(b"Content-Length: 0x5") + b"hello", 400),
    "length 5_0": (head(b"Content-Length: 5_0"), 400),
    "length with inner blank": (head(b"Content-Length: 5 5"), 400),
    "length behind a vertical tab": (head(b"Content-Length: \x0b5") + b"hello", 400),
    "length in other digits": (head("Content-Length: \u0665".encode()), 400),
    "superscript length": (head(b"Content-Length: \xb2"), 400),
    "empty length": (head(b"Content-Length:"), 400),
    "quoted length": (head(b'Content-Length: "5"') + b"hello", 400),
    "length of 19 digits": (head(b"Content-Length: " + b"9" * 19), 413),
    "length of 5000 digits": (head(b"Content-Length: " + b"9" * 5000), 413),
    "unknown coding": (head(b"Transfer-Encoding: gzip, chunked"), 501),
    "chunked not last": (head(b"Transfer-Encoding: chunked, gzip"), 400),
    "chunked twice": (head(b"Transfer-Encoding: chunked, chunked"), 400),
    "coding without chunked": (head(b"Transfer-Encoding: identity"), 400),
    "coding that ends like chunked": (head(b"Transfer-Encoding: xchunked"), 400),
    "coding with an empty member": (head(b"Transfer-Encoding: , chunked"), 400),
    "empty coding": (head(b"Transfer-Encoding:"), 400),
    "coding behind a vertical tab": (head(b"Transfer-Encoding: \x0bchunked"), 400),
    "coding in HTTP/1.0": (head(b"Transfer-Encoding: chunked", line=b"POST / HTTP/1.0") + b"0\r\n\r\n", 400),
    # header lines
    "blank before the colon": (head(b"Transfer-Encoding : chunked") + b"0\r\n\r\n", 400),
    "tab before the colon": (head(b"Content-Length\t: 5") + b"hello", 400),
    "folded value": (head(b"X: a", b" b"), 400),
    "folded coding": (head(b"Transfer-Encoding:", b"\tchunked"), 400),
    "folded first header": (b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", 400),
    "no colon": (head(b"Host"), 400),
    "empty name": (head(b": value"), 400),
    "blank in a name": (head(b"X Y: value"), 400),
    "umlaut in a name": (head(b"X\xe4: value"), 400),
    "parenthesis in a name": (head(b"X(): value"), 400),
    "line feed ends a line": (head(b"X: 1\nContent-Length: 5") + b"hello", 400),
    "line feeds end the head": (b"GET / HTTP/1.1\r\nHost: localhost\n\n" + SMUGGLED, 400),
    "line feeds end the head and nothing follows": (b"GET / HTTP/1.1\r\nHost: localhost\n\n", 400),
    "line feeds only": (b"GET / HTTP/1.1\nHost: localhost\n\n", 400),
    "carriage return in a value": (head(b"X: 1\rContent-Length: 5") + b"hello", 400),
    "carriage return in a name": (head(b"X\r: 1"), 400),
    "carriage return doubled": (head(b"X: 1\r"), 400),
    "line feed, carriage return": (head(b"X: 1\n\rY: 2"), 400),
    "NUL in a value": (head(b"X: a\0b"), 400),
    "NUL in a name": (head(b"X\0: a"), 400),
    "escape character in a value": (head(b"X: \x1b[31m"), 400),
    "DEL in a value": (head(b"X: \x7f"), 400),
    # request lines
    "blank line first": (b"\r\n" + SMUGGLED, 400),
    "two blanks": (head(line=b"GET  / HTTP/1.1"), 400),
    "blank in the target": (head(line=b"GET /a b HTTP/1.1"), 400),
    "blank in front": (head(line=b" GET / HTTP/1.1"), 400),
    "blank behind": (head(line=b"GET / HTTP/1.1 "), 400),
    "tabs for blanks": (head(line=b"GET\t/\tHTTP/1.1"), 400),
    "no method": (head(line=b" / HTTP/1.1"), 400),
    "method that is no token": (head(line=b"G@T / HTTP/1.1"), 400),
    "NUL in the target": (head(line=b"GET /\0 HTTP/1.1"), 400),
    "raw umlaut in the target": (head(line=b"GET /\xc3\xa4 HTTP/1.1"), 400),
    "line feed in the target": (head(line=b"GET /\nHost:x HTTP/1.1"), 400),
    "carriage return in the target": (head(line=b"GET /\rx HTTP/1.1"), 400),
    "absolute form": (head(line=b"GET http://169.254.169.254/ HTTP/1.1"), 400),
    "authority form": (head(line=b"CONNECT secretsmanager.us-east-1.amazonaws.com:443 HTTP/1.1"), 400),
    "asterisk form": (head(line=b"OPTIONS * HTTP/1.1"), 400),
    "HTTP/0.9 without version": (b"GET /\r\n", 400),
    "HTTP/0.9": (head(line=b"GET / HTTP/0.9"), 505),
    "HTTP/1.2": (head(line=b"GET / HTTP/1.2"), 505),
    "HTTP/2.0": (head(line=b"GET / HTTP/2.0"), 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/1.10": (head(line=b"GET / HTTP/1.10"), 400),
    "HTTP/11": (head(line=b"GET / HTTP/11"), 400),
    "lower-case http": (head(line=b"GET / http/1.1"), 400),
    "another protocol": (head(line=b"GET / HTTQ/1.1"), 400),
    "TLS client hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    # chunks
    "chunk size -5": (chunked(b"-5\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk size +5": (chunked(b"+5\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk size 0x5": (chunked(b"0x5\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk size 5_0": (chunked(b"5_0\r\nhello\r\n0\r\n\r\n"), 400),
    "blank before a chunk size": (chunked(b" 5\r\nhello\r\n0\r\n\r\n"), 400),
    "blank behind a chunk size": (chunked(b"5 \r\nhello\r\n0\r\n\r\n"), 400),
    "empty chunk size": (chunked(b"\r\nhello\r\n0\r\n\r\n"), 400),
    "extension without chunk size": (chunked(b";a=b\r\n\r\n"), 400),
    "chunk size of 17 digits": (chunked(b"0" * 16 + b"5\r\nhello\r\n0\r\n\r\n"), 400),
    "largest chunk size": (chunked(b"f" * 16 + b"\r\nhello"), 413),
    "line feed behind a chunk size": (chunked(b"5\nhello\r\n0\r\n\r\n"), 400),
    "line feed behind the second digit": (chunked(b"05\nhello\r\n0\r\n\r\n"), 400),
    "line feed in a chunk extension": (chunked(b"5;a\nb\r\nhello\r\n0\r\n\r\n"), 400),
    "carriage return in a chunk extension": (chunked(b"5;a\rb\r\nhello\r\n0\r\n\r\n"), 400),
    "NUL in a chunk extension": (chunked(b"5;\0\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk size line without end": (chunked(b"5;" + b"a" * 300), 400),
    "chunk longer than its size": (chunked(b"4\r\nhello\r\n0\r\n\r\n"), 400),
    "chunk without CRLF": (chunked(b"5\r\nhello0\r\n\r\n"), 400),
    "chunk ended by line feed": (chunked(b"5\r\nhello\n0\r\n\r\n"), 400),
    "chunk ended by carriage return": (chunked(b"5\r\nhello\r0\r\n\r\n"), 400),
    "line feed ends the body": (chunked(b"0\n\n"), 400),
    "length behind the body": (chunked(b"0\r\nContent-Length: 5\r\n\r\n"), 400),
    "coding behind the body": (chunked(b"0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400),
    "host behind the body": (chunked(b"0\r\nHost: other\r\n\r\n"), 400),
    "line feed behind a trailer": (chunked(b"0\r\nX: 1\nY: 2\r\n\r\n"), 400),
    "folded trailer": (chunked(b"0\r\nX: a\r\n b\r\n\r\n"), 400),
    "trailer without colon": (chunked(b"0\r\n" + SMUGGLED), 400),
}


@pytest.mark.parametrize(("data", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_the_shape_without_letting_a_request_through(data, status):
    requests, refusal = read_requests(data)
    assert [] == requests
    assert refusal is not None
    assert status == refusal[0]
    assert ([], refusal) == read_requests(data + SMUGGLED)
    assert ([], refusal) == read_requests_bytewise(data)
    assert all(([], refusal) == read_requests(data, [cut]) for cut in range(1, len(data), 1 + len(data) // 400))


@pytest.mark.parametrize("data", [b"GET / HTTP/3.0\r\n\r\n", chunked(b"0x5\r\n")], ids=["in the head", "in the body"])
def test_a_refusal_is_final(data):
    """The connection has to be closed: what follows is not looked at, and asking again gives the same answer."""
    parser = RequestParser()
    parser.feed(data + SMUGGLED)
    refusals = set()
    for _ in range(3):
        with pytest.raises(BadMessage) as refusal:
            parser.next()
        refusals.add((refusal.value.status, refusal.value.reason))
        parser.feed(b"0\r\n\r\n" + SMUGGLED)
    assert {read_requests(data)[1]} == refusals
    assert not parser.buffered
