"""The answer parser against h11, on hand-made answers cut at every byte, and at its limits."""

import random
import time
import tracemalloc
from itertools import pairwise

import h11
import pytest

from extension.http1.message import BadMessage, ResponseParser

GENERATED = 5_000
OK = b"HTTP/1.1 200 OK\r\n"


def parse(data, cuts=(), *, end=True, **options):
    """(status, reason, headers, body, keep_alive) of the answer in these bytes, or (status, reason) of its refusal.

    `end`: the connection ends behind the bytes. keep_alive is what it was before that.
    """
    parser, body = ResponseParser(**options), b""
    edges = [0, *cuts, len(data)]
    try:
        for start, stop in pairwise(edges):
            parser.feed(data[start:stop])
            body += parser.read()
        keep_alive = parser.keep_alive
        if end:
            parser.feed_eof()
            assert not parser.keep_alive
    except BadMessage as bad:
        return bad.status, bad.reason
    assert b"" == parser.read()
    assert parser.complete or not end
    return parser.status, parser.reason, parser.headers, body, keep_alive


# --- agreement with h11 -------------------------------------------------------------------------------------------


def parse_with_h11(data, head_request):
    """The same as parse(), or None where h11 refuses."""
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    client.send(h11.Request(method="HEAD" if head_request else "GET", target="/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    body, ended = b"", False
    while True:
        try:
            event = client.next_event()
        except h11.RemoteProtocolError:
            return None
        if event is h11.NEED_DATA:
            client.receive_data(b"")
            ended = True
        elif isinstance(event, h11.Response):
            answer = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            keep_alive = client.their_state is h11.DONE and not ended and not client.trailing_data[0]
            return answer.status_code, answer.reason, list(answer.headers), body, keep_alive


def as_h11_reports(answer):
    status, reason, headers, body, keep_alive = answer
    lowered = [(name, value.lower() if name == b"transfer-encoding" else value) for name, value in headers]
    return status, reason, lowered, body, keep_alive


def has_control_character(data):
    bare = data.replace(b"\r\n", b"")
    return any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in bare)


# All that h11 takes and this parser does not: the reason it gives, and a sign in the bytes that the reason is true.
STRICTER = {
    "not an HTTP/1 answer": lambda d: b"HTTP/1.2" in d or b"HTTP/2.0" in d,
    "malformed status line": has_control_character,
    "bare line break or control character in the header": has_control_character,
    "malformed header field": lambda d: b"\n " in d or b"\n\t" in d,
    "both Content-Length and Transfer-Encoding": lambda d: b"content-length:" in d.lower() and b"chunked" in d.lower(),
    "Transfer-Encoding in HTTP/1.0": lambda d: b"HTTP/1.0" in d and b"chunked" in d.lower(),
    "repeated Content-Length": lambda d: d.lower().count(b"content-length:") > 1,
    "malformed Content-Length": lambda d: b"," in d,
    "malformed chunk size": lambda d: b" \r\n" in d or b"\t\r\n" in d,
    "framing field behind the body": lambda d: b"\r\n0\r\n" in d,
}


def generate(rng):
    body = rng.choice([b"", b"{}", b"HTTP/1.1 200 OK\r\n\r\n", rng.randbytes(rng.randrange(400))])
    fields = rng.choices(
        [
            b"Date: Wed, 09 Apr 2025 12:00:00 GMT",
            b"x-amzn-RequestId:  5f0c \t",
            b"ETag: \xe9",
            b"Connection: keep-alive",
            b"Connection: foo, Close",
            b"X: a\r\n b",
            b"X: \x01",
            b"X : 1",
            b"no colon",
        ],
        [20, 20, 9, 9, 5, 1, 1, 1, 1],
        k=rng.randrange(5),
    )
    length, wire = b"%d" % len(body), body
    framing = rng.randrange(16)
    if framing < 5:
        fields.append(b"Content-Length: " + length)
    elif framing < 10:
        fields.append(rng.choice([b"Transfer-Encoding: chunked", b"transfer-encoding:CHUNKED "]))
        fields += rng.choices([[], [b"Content-Length: " + length]], [30, 1])[0]
        middle = rng.randrange(len(body) + 1)
        sizes = [b"%x\r\n", b"%X;a=b\r\n", b"0%x\r\n", b"%x \r\n", b"+%x\r\n"]
        size = rng.choices(sizes, [20, 20, 20, 1, 1])[0]
        wire = b"".join(size % len(part) + part + b"\r\n" for part in (body[:middle], body[middle:]) if part)
        trailer = rng.choices([b"", b"X-Sum: 1\r\n", b"Content-Length: 1\r\n", b"X\r\n"], [9, 9, 1, 1])[0]
        wire += b"0\r\n" + trailer + b"\r\n"
    elif framing < 12:
        lengths = [b"+" + length, b"-1", b"", length + b"," + length, b"1" * 21, b"0" + length]
        fields += [b"Content-Length: " + rng.choice(lengths)] * rng.randrange(1, 3)
    elif framing < 13:
        fields.append(b"Transfer-Encoding: " + rng.choice([b"gzip", b"gzip, chunked", b"identity", b""]))
    rng.shuffle(fields)
    version = rng.choices([b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1"], [40, 5, 1, 1, 1])[0]
    status = rng.choices([b"200", b"204", b"304", b"503", b"999", b"20", b"099", b"2000", b"101"], [9] * 5 + [1] * 4)[0]
    reason = rng.choices([b" OK", b" ", b"", b" Not  \xe9 Found", b"  two blanks", b" \x01"], [9, 9, 9, 9, 1, 1])[0]
    interim = [b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 \r\nLink: x\r\n\r\n" * 2]
    line_end = rng.choices([b"\r\n", b"\n"], [30, 1])[0]
    data = rng.choices(interim, [9, 1, 1])[0]
    data += line_end.join((b"%b %b%b" % (version, status, reason), *fields, b"", b"")) + wire
    data = data[: rng.randrange(len(data))] if rng.random() < 0.05 else data
    data += rng.choices([b"", b"more"], [9, 1])[0]
    for _ in range(rng.choices([0, 1, 3], [8, 1, 1])[0]):
        at = rng.randrange(len(data) or 1)
        odd = rng.choice([b"", b"\r", b"\n", b"\0", b" ", b"\t", b":", b"\x0b", b"\x80", b"0", b"\r\n"])
        data = data[:at] + odd + data[at + rng.randrange(2) :]
    return data


def test_agrees_with_h11_on_generated_answers_and_is_stricter_only_where_the_list_says():
    """Nothing that h11 refuses is accepted, and what both accept is the same, however the bytes are cut."""
    rng = random.Random(20250409)
    accepted = refused = 0
    stricter = set()
    for _ in range(GENERATED):
        data, head_request = generate(rng), rng.random() < 0.1
        ours = parse(data, head_request=head_request)
        cuts = sorted(rng.randrange(len(data) or 1) for _ in range(rng.randrange(1, 9)))
        assert parse(data, cuts, head_request=head_request) == ours, data
        theirs = parse_with_h11(data, head_request)
        if len(ours) == 5:
            assert theirs is not None, data
            if b"HTTP/1.0" in data:  # h11 never goes on with an HTTP/1.0 server
                ours, theirs = (*ours[:4], None), (*theirs[:4], None)
            assert as_h11_reports(ours) == theirs, data
            accepted += 1
        elif theirs is None:
            refused += 1
        else:
            assert STRICTER[ours[1]](data), (ours, data)
            stricter.add(ours[1])
    assert accepted > GENERATED / 3
    assert refused > GENERATED / 10
    assert stricter == set(STRICTER)


@pytest.mark.parametrize("seed", range(20))
def test_reads_what_h11_writes(seed):
    rng = random.Random(seed)
    server = h11.Connection(h11.SERVER)
    server.receive_data(b"GET / HTTP/1.%d\r\nHost: x\r\n\r\n" % (seed % 5 > 0))
    while server.next_event() is not h11.PAUSED and server.their_state is h11.SEND_BODY:
        pass
    body = [rng.randbytes(rng.randrange(1, 3000)) for _ in range(rng.randrange(5))]
    fields = [("Server", "h11")] + [("Content-Length", str(sum(map(len, body))))] * (seed % 2)
    wire = server.send(h11.InformationalResponse(status_code=103, headers=[])) if seed % 3 == 0 else b""
    wire += server.send(h11.Response(status_code=200, headers=fields, reason="Fine"))
    wire += b"".join(server.send(h11.Data(data=piece)) for piece in body) + server.send(h11.EndOfMessage())
    for cuts in ((), range(1, len(wire)), sorted(rng.randrange(len(wire)) for _ in range(9))):
        status, reason, _, received, keep_alive = parse(wire, cuts)
        assert (200, b"Fine", b"".join(body)) == (status, reason, received)
        assert keep_alive is (server.our_state is h11.DONE)


# --- hand-made answers --------------------------------------------------------------------------------------------

INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
CHUNKS = b"3;a=b\r\nHTT\r\n00C\r\nP/1.1 200 OK\r\n0\r\nX-Sum: 1\r\n\r\n"

ACCEPTED = {
    "declared": (OK + b"Content-Length: 5\r\n\r\nhello", {}, 200, b"hello", True),
    "declared empty": (OK + b"Content-Length: 0\r\n\r\n", {}, 200, b"", True),
    "chunked": (OK + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS, {}, 200, b"HTTP/1.1 200 OK", True),
    "until the end": (OK + b"\r\nhello\r\n\r\n", {}, 200, b"hello\r\n\r\n", False),
    "nothing until the end": (OK + b"\r\n", {}, 200, b"", False),
    "closing": (OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello", {}, 200, b"hello", False),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", {}, 200, b"hello", False),
    "HTTP/1.0 kept alive": (
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5\r\n\r\nhello",
        {},
        200,
        b"hello",
        True,
    ),
    "no reason": (b"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", {}, 404, b"", True),
    "interim answers first": (INTERIM + OK + b"Content-Length: 5\r\n\r\nhello", {}, 200, b"hello", True),
    "204 with a length": (b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", {}, 204, b"", True),
    "304 with a length": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", {}, 304, b"", True),
    "304 said to be chunked": (b"HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n", {}, 304, b"", True),
    "HEAD with a length": (OK + b"Content-Length: 5\r\n\r\n", {"head_request": True}, 200, b"", True),
    "HEAD without length": (OK + b"\r\n", {"head_request": True}, 200, b"", True),
    "bytes behind the body": (OK + b"Content-Length: 5\r\n\r\nhello" + OK, {}, 200, b"hello", False),
    "bytes behind the last chunk": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS + b"!",
        {},
        200,
        b"HTTP/1.1 200 OK",
        False,
    ),
    "a body behind 304": (b"HTTP/1.1 304 x\r\n\r\nhello", {}, 304, b"", False),
    "a body behind HEAD": (OK + b"Content-Length: 5\r\n\r\nhello", {"head_request": True}, 200, b"", False),
}


@pytest.mark.parametrize(("data", "options", "status", "body", "keep_alive"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_reads_the_answer_wherever_the_bytes_are_cut(data, options, status, body, keep_alive):
    expected = parse(data, **options)
    assert (status, body, keep_alive) == (expected[0], *expected[3:])
    assert expected == parse(data, range(1, len(data)), **options)
    assert all(expected == parse(data, [cut], **options) for cut in range(1, len(data)))


REFUSED = {
    "both framings": OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "length twice": OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "list of lengths": OK + b"Content-Length: 5, 5\r\n\r\nhello",
    "length +5": OK + b"Content-Length: +5\r\n\r\nhello",
    "length of 19 digits": OK + b"Content-Length: 1111111111111111111\r\n\r\nhello",
    "unknown coding": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding in HTTP/1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "line feeds only": b"HTTP/1.1 200 OK\n\nhello",
    "line feed in the status line": b"HTTP/1.1 200 OK\nX: 1\r\n\r\n",
    "line feed in a header": OK + b"X: 1\nY: 2\r\n\r\n",
    "carriage return in a header": OK + b"X: 1\rY: 2\r\n\r\n",
    "folded header": OK + b"X: 1\r\n 2\r\n\r\n",
    "blank before the colon": OK + b"Content-Length : 5\r\n\r\nhello",
    "control character in the reason": b"HTTP/1.1 200 \x01\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "status 099": b"HTTP/1.1 099 x\r\n\r\n",
    "status +20": b"HTTP/1.1 +20 x\r\n\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "two blanks": b"HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.2": b"HTTP/1.2 200 OK\r\n\r\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n",
    "lower-case http": b"http/1.1 200 OK\r\n\r\n",
    "no HTTP": b"hello, this is no answer at all",
    "TLS alert": b"\x15\x03\x01\x00\x02\x02\x46",
    "switch of protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    "broken interim answer": b"HTTP/1.1 100 Continue\r\nX\r\n\r\n" + OK + b"\r\n",
    "chunk size 0x5": OK + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "chunk longer than its size": OK + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_refuses_the_answer_before_the_connection_ends(data):
    """With the same reason wherever the bytes are cut, and not by waiting for more until a timeout."""
    refusal = parse(data, end=False)
    assert 2 == len(refusal)
    assert "truncated" != refusal[1]
    assert refusal == parse(data, range(1, len(data)), end=False)
    assert all(refusal == parse(data, [cut], end=False) for cut in range(1, len(data)))


@pytest.mark.parametrize("name", ["declared", "chunked", "interim answers first", "304 with a length", "HTTP/1.0"])
def test_an_answer_that_ends_early_is_truncated(name):
    data, options, *_ = ACCEPTED[name]
    assert all((400, "truncated") == parse(data[:size], **options) for size in range(len(data)))


def test_a_refusal_is_final():
    parser = ResponseParser()
    for action in (lambda: parser.feed(b"SSH-2.0"), lambda: parser.feed(OK + b"\r\n"), parser.feed_eof):
        with pytest.raises(BadMessage, match="not an HTTP/1 answer"):
            action()
    assert parser.status is None
    assert not parser.complete
    assert not parser.keep_alive


def test_nothing_is_known_until_the_head_is_complete():
    parser = ResponseParser()
    parser.feed(INTERIM + OK + b"X-Amz-Id: 1\r\n\r")
    assert (None, b"", []) == (parser.status, parser.reason, parser.headers)
    parser.feed(b"\n")
    assert (200, b"OK", [(b"x-amz-id", b"1")]) == (parser.status, parser.reason, parser.headers)
    assert b"1" == parser.get(b"x-amz-id")
    assert parser.get(b"x") is None
    assert not parser.complete


def test_the_answer_is_complete_as_soon_as_its_last_byte_is_here():
    parser = ResponseParser()
    parser.feed(OK + b"Content-Length: 5\r\n\r\nhell")
    assert (False, False) == (parser.complete, parser.keep_alive)
    parser.feed(b"o")
    assert (True, True) == (parser.complete, parser.keep_alive)
    assert b"hello" == parser.read()


# --- large bodies -------------------------------------------------------------------------------------------------

PIECE = bytes(65536)


def test_a_piece_of_a_body_is_handed_on_without_a_copy():
    parser = ResponseParser()
    parser.feed(OK + b"Content-Length: %d\r\n\r\n" % (2 * len(PIECE)))
    assert b"" == parser.read()
    for _ in range(2):
        parser.feed(PIECE)
        assert parser.read() is PIECE
    assert parser.complete


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"Content-Length: %d\r\n\r\n" % (1600 * len(PIECE)), PIECE),
        (b"\r\n", PIECE),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + PIECE + b"\r\n"),
    ],
    ids=["declared", "until the end", "chunked"],
)
def test_a_body_of_100_mb_takes_the_memory_of_one_piece(start, piece):
    parser = ResponseParser()
    size = 0
    tracemalloc.start()
    try:
        parser.feed(OK + start)
        for _ in range(1600):
            parser.feed(piece)
            size += len(parser.read())
        assert tracemalloc.get_traced_memory()[1] < 2 * len(PIECE)
    finally:
        tracemalloc.stop()
    assert 1600 * len(PIECE) == size


@pytest.mark.parametrize("framing", [b"Content-Length: 10", b"Transfer-Encoding: chunked", b"X: until the end"])
def test_a_receive_buffer_may_be_used_again(framing):
    """What read() hands over later does not change with a buffer that was fed."""
    parser = ResponseParser()
    buffer = bytearray(OK + framing + b"\r\n\r\n" + (b"a\r\nhello" if b"chunked" in framing else b"hello"))
    parser.feed(buffer)
    buffer[:] = bytes(len(buffer))
    parser.feed(memoryview(b"world"))
    assert b"helloworld" == parser.read()


# --- limits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [lambda data: (), lambda data: range(1, len(data))], ids=["at once", "byte by byte"])
@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (lambda size: OK + b"X: " + b"x" * (size - len(OK) - 7) + b"\r\n\r\n", (431, "header too long")),
        (
            lambda size: b"HTTP/1.1 100 C\r\n\r\n" + OK + b"X: " + b"x" * (size - 42) + b"\r\n\r\n",
            (431, "header too long"),
        ),
        (
            lambda size: OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * (size - 3) + b"\r\n\r\n",
            (431, "chunk framing too long"),
        ),
        (lambda size: OK + b"X:1\r\n" * (size - 312) + b"\r\n", (431, "too many header fields")),
    ],
    ids=["head", "interim answers", "trailers", "headers"],
)
def test_takes_what_is_at_the_limit_and_refuses_what_is_above(data, refusal, cut):
    limit = 1 << 20 if "many" in refusal[1] else 512
    for size in (511, 512):
        assert 5 == len(parse(data(size), cut(data(size)), max_head=limit))
    assert refusal == parse(data(513), cut(data(513)), max_head=limit)


def test_endless_interim_answers_are_refused():
    assert (431, "header too long") == parse(INTERIM * 2000, end=False)


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 ", OK + b"\r\n", OK + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n"],
    ids=["header", "status line", "body", "chunk"],
)
def test_a_slow_server_costs_in_proportion_to_its_bytes(start):
    """Four times the bytes, one by one: four times the work when linear, sixteen times when quadratic."""

    def cost(size):
        parser = ResponseParser(max_head=1 << 20)
        parser.feed(start)
        began = time.process_time()
        for _ in range(size):
            parser.feed(b"x")
            parser.read()
        return time.process_time() - began

    small, large = (min(cost(size) for _ in range(3)) for size in (12_000, 48_000))
    assert large < 8 * small
