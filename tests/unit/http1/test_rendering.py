"""What is rendered reads back as the same message, in h11's eyes and in our own; anything else is refused."""

import itertools
import random
from http import HTTPStatus

import h11
import pytest

from extension.http1.message import RequestParser, ResponseParser, render_request, render_response

HEADERS = [
    (b"Content-Type", b"application/json"),
    (b"Age", b"12"),
    (b"Cache-Control", b"private, max-age=288"),
    (b"ETag", b'"\xe9"'),
    (b"X-Empty", b""),
]


def lowered(headers):
    return [(name.lower(), value) for name, value in headers]


def read_response_with_h11(wire, head):
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="HEAD" if head else "GET", target="/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(wire)
    answer, body = client.next_event(), b""
    while isinstance(event := client.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert b"" == client.trailing_data[0]
    return answer.status_code, list(answer.headers), body, client.their_state is h11.DONE


def read_response(wire, head):
    parser = ResponseParser(head_request=head)
    parser.feed(wire)
    assert parser.complete
    return parser.status, parser.headers, parser.read(), parser.keep_alive


@pytest.mark.parametrize("status", [200, 204, 206, 304, 404, 418, 599])
@pytest.mark.parametrize("body", [b"", b"hello", bytes(70_000)], ids=len)
@pytest.mark.parametrize("head", [False, True])
@pytest.mark.parametrize("close", [False, True])
def test_an_answer_reads_back_the_same(status, body, head, close):
    wire = render_response(status, HEADERS, body, head=head, close=close)
    bodiless = status in (204, 304)
    headers = lowered(HEADERS)
    headers += [] if bodiless else [(b"content-length", b"%d" % len(body))]
    headers += [(b"connection", b"close")] if close else []
    expected = (status, headers, b"" if head or bodiless else body, not close)
    assert expected == read_response(wire, head)
    assert expected == read_response_with_h11(wire, head)


def test_an_answer_looks_as_expected_on_the_wire():
    wire = render_response(404, [(b"Content-Type", b"text/plain")], b"Not found", close=True)
    assert (
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 9\r\nConnection: close\r\n\r\nNot found"
        == wire
    )


@pytest.mark.parametrize(
    "status", [200, 204, 206, 304, 400, 401, 403, 404, 405, 413, 414, 416, 429, 431, 500, 501, 502, 503, 504, 505]
)
def test_a_status_has_its_name(status):
    newer = {
        413: "Content Too Large",
        414: "URI Too Long",
        416: "Range Not Satisfiable",
    }  # RFC 9110; Python's are older
    name = newer.get(status) or HTTPStatus(status).phrase
    assert render_response(status, [], b"").startswith(b"HTTP/1.1 %d %b\r\n" % (status, name.encode()))


def test_a_status_without_name_keeps_the_blank_before_it():
    assert render_response(299, [], b"").startswith(b"HTTP/1.1 299 \r\n")


def test_answers_in_a_row_are_read_one_by_one():
    """No answer is longer or shorter than it says, so the next one begins where it should."""
    client = h11.Connection(h11.CLIENT)
    kinds = list(itertools.product([200, 204, 304, 500], [b"", b"hello"], [False, True]))
    wire = b"".join(render_response(status, HEADERS, body, head=head) for status, body, head in kinds)
    client.receive_data(wire)
    for status, body, head in kinds:
        client.send(h11.Request(method="HEAD" if head else "GET", target="/", headers=[("Host", "x")]))
        client.send(h11.EndOfMessage())
        assert status == client.next_event().status_code
        if body and not head and status not in (204, 304):
            assert body == client.next_event().data
        assert isinstance(client.next_event(), h11.EndOfMessage)
        client.start_next_cycle()
    assert b"" == client.trailing_data[0]


FORBIDDEN_VALUES = ["a\r\nSet-Cookie: b", "a\rb", "a\nb", "\0", "a\r\n", "\r\n\r\nbody", "\x1b[0m", "\x7f"]
FORBIDDEN_NAMES = ["", "a b", "a:b", "a\r\nb", "\xe9", "a\0", "Content-Length", "content-length", "Transfer-Encoding"]


@pytest.mark.parametrize("value", FORBIDDEN_VALUES)
def test_a_value_that_would_split_a_message_is_refused(value):
    for position in range(2):
        headers = [("X-One", "1"), ("X-Two", "2")]
        headers[position] = ("X-Bad", value)
        with pytest.raises(ValueError, match="not allow"):
            render_request("GET", "/", headers)
        with pytest.raises(ValueError, match="not allow"):
            render_response(200, [(name.encode(), text.encode()) for name, text in headers], b"")


@pytest.mark.parametrize("name", FORBIDDEN_NAMES)
def test_a_name_that_is_none_or_frames_the_message_is_refused_each_time(name):
    for _ in range(2):
        with pytest.raises(ValueError, match="not allowed"):
            render_request("GET", "/", [(name, "1")])
        with pytest.raises(ValueError, match="not allowed"):
            render_response(200, [(name.encode("latin-1"), b"1")], b"")


@pytest.mark.parametrize("status", [0, 99, 100, 199, 600, -200])
def test_only_a_final_status_is_rendered(status):
    with pytest.raises(ValueError, match="final"):
        render_response(status, [], b"")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("", "/"),
        ("GE T", "/"),
        ("GET\r\n", "/"),
        ("GÉT", "/"),
        ("GET", ""),
        ("GET", "/a b"),
        ("GET", "/a\r\nX: y"),
        ("GET", "/a\0"),
        ("GET", "/\x7f"),
        ("GET", "/ä"),
        ("GET", "/\u20ac"),
    ],
)
def test_a_request_line_that_would_read_otherwise_is_refused(method, target):
    with pytest.raises(ValueError, match="not allow"):
        render_request(method, target, [("Host", "x")])


def test_a_refusal_does_not_hold_the_value():
    """It may be a secret, and errors are logged with what caused them."""
    for value in ("hidden\n", "hidden\u20ac"):
        with pytest.raises(ValueError, match="not allow") as refusal:
            render_request("GET", "/", [("Authorization", value)])
        assert "hidden" not in repr(refusal.value)
        assert refusal.value.__context__ is None


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("GET", b"", None), ("HEAD", b"", None), ("POST", b"", b"0"), ("POST", b"{}", b"2"), ("PUT", b"x", b"1")],
)
def test_a_length_is_sent_where_there_is_a_body_or_one_is_expected(method, body, length):
    parser = RequestParser()
    parser.feed(render_request(method, "/", [("Host", "x")], body))
    request = parser.next()
    assert length == request.get(b"content-length")
    assert body == request.body
    assert not parser.buffered


def test_requests_read_back_the_same():
    rng = random.Random(20250409)
    visible = "".join(map(chr, range(0x21, 0x7F)))
    text = visible + " \t" + "".join(map(chr, range(0x80, 0x100)))
    parser = RequestParser()
    for _ in range(500):
        method = rng.choice(["GET", "POST", "PUT", "HEAD"])
        target = "/" + "".join(rng.choices(visible, k=rng.randrange(60)))
        headers = [("Host", "secretsmanager.eu-west-1.amazonaws.com")]
        headers += [
            (f"X-{n}", "".join(rng.choices(text, k=rng.randrange(40))).strip(" \t")) for n in range(rng.randrange(6))
        ]
        body = rng.randbytes(rng.randrange(200)) if method in ("POST", "PUT") else b""
        wire = render_request(method, target, headers, body)
        parser.feed(wire)
        ours = parser.next()
        server = h11.Connection(h11.SERVER)
        server.receive_data(wire)
        theirs, received = server.next_event(), b""
        while isinstance(event := server.next_event(), h11.Data):
            received += event.data
        assert isinstance(event, h11.EndOfMessage)
        sent = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        assert sent == ours.headers[: len(sent)] == list(theirs.headers)[: len(sent)]
        assert ours.headers == list(theirs.headers)
        assert (method.encode(), target.encode(), body) == (ours.method, ours.target, ours.body)
        assert (method.encode(), target.encode(), body) == (theirs.method, theirs.target, received)
        assert b"" == server.trailing_data[0]
