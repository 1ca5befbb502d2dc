"""What the answer parser reads out of hand-made answers cut at every byte, and what it does at its limits."""

import time
import tracemalloc

import pytest

from extension.http1.message import BadMessage, ResponseParser
from tests.unit.http1.reading import read_answer

OK = b"HTTP/1.1 200 OK\r\n"
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
    expected = read_answer(data, **options)
    assert (status, body, keep_alive) == (expected[0], *expected[3:])
    assert expected == read_answer(data, range(1, len(data)), **options)
    assert all(expected == read_answer(data, [cut], **options) for cut in range(1, len(data)))


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
    refusal = read_answer(data, end=False)
    assert 2 == len(refusal)
    assert "truncated" != refusal[1]
    assert refusal == read_answer(data, range(1, len(data)), end=False)
    assert all(refusal == read_answer(data, [cut], end=False) for cut in range(1, len(data)))


@pytest.mark.parametrize("name", ["declared", "chunked", "interim answers first", "304 with a length", "HTTP/1.0"])
def test_an_answer_that_ends_early_is_truncated(name):
    data, options, *_ = ACCEPTED[name]
    assert all((400, "truncated") == read_answer(data[:size], **options) for size in range(len(data)))


def test_a_refusal_is_final():
    parser = ResponseParser()
    chunks = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    for action in (lambda: parser.feed(chunks + b"0x5\r\n"), lambda: parser.feed(b"0\r\n\r\n"), parser.feed_eof):
        with pytest.raises(BadMessage, match="malformed chunk size"):
            action()
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


@pytest.mark.parametrize("piece", [1, 300, 1 << 20], ids=["byte by byte", "in pieces", "at once"])
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
def test_takes_what_is_at_the_limit_and_refuses_what_is_above(data, refusal, piece):
    limit = 1 << 20 if "many" in refusal[1] else 512

    def read(size):
        wire = data(size)
        return read_answer(wire, range(piece, len(wire), piece), max_head=limit)

    assert 5 == len(read(511))
    assert 5 == len(read(512))
    assert refusal == read(513)


def test_a_head_may_have_64_kb_unless_said_otherwise():
    for size in (65_536, 65_537):
        answer = read_answer(OK + b"X:1\r\n" + b"Y: " + b"y" * (size - len(OK) - 12) + b"\r\n\r\n")
        assert (answer == (431, "header too long")) is (size > 65_536)


def test_a_declared_length_may_have_18_digits():
    parser = ResponseParser()
    parser.feed(OK + b"Content-Length: 999999999999999999\r\n\r\nhello")
    assert b"hello" == parser.read()
    assert not parser.complete


def test_endless_interim_answers_are_refused():
    assert (431, "header too long") == read_answer(INTERIM * 2000, end=False)


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
