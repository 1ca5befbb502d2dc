"""What the request parser reads out of well-formed requests, and what it does at its limits."""

import time
import tracemalloc

import pytest

from extension.http1.message import BadMessage, RequestParser
from tests.unit.http1.reading import chunked, head, read_requests, read_requests_bytewise

FOLLOW_UP = b"GET /follow-up HTTP/1.1\r\nHost: localhost\r\n\r\n"


def test_names_are_lower_cased_and_values_stripped_of_blanks_only():
    data = b"GET /a?b=c HTTP/1.1\r\nHOST: x\r\nX-One:\t 1 \t\r\nx-one:2\r\nX-Latin: \xa0\xe4\xa0\r\n\r\n"
    headers = [(b"host", b"x"), (b"x-one", b"1"), (b"x-one", b"2"), (b"x-latin", b"\xa0\xe4\xa0")]
    assert ([(b"GET", b"/a?b=c", True, headers, b"", True)], None) == read_requests(data)


def test_get_answers_the_first_value_and_count_all():
    parser = RequestParser()
    parser.feed(b"GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n")
    request = parser.next()
    assert b"a" == request.get(b"host")
    assert 2 == request.count(b"host")
    assert request.get(b"x") is None
    assert 0 == request.count(b"x")


def test_repr_shows_nothing_that_was_sent():
    parser = RequestParser()
    parser.feed(head(b"X-Aws-Parameters-Secrets-Token: hidden", b"Content-Length: 6", line=b"POST /hidden HTTP/1.1"))
    parser.feed(b"hidden")
    assert "hidden" not in repr(parser.next()).lower()


@pytest.mark.parametrize(
    ("version", "connection", "keep_alive"),
    [
        (b"1.1", [], True),
        (b"1.1", [b"keep-alive"], True),
        (b"1.1", [b"Close"], False),
        (b"1.1", [b"keep-alive, close"], False),
        (b"1.1", [b"Upgrade", b"a,\tCLOSE"], False),
        (b"1.1", [b"closed"], True),
        (b"1.0", [], False),
        (b"1.0", [b"keep-alive"], True),
        (b"1.0", [b"a , Keep-Alive"], True),
        (b"1.0", [b"keep-alive", b"close"], False),
    ],
)
def test_keep_alive_follows_version_and_connection_header(version, connection, keep_alive):
    lines = [b"Connection: " + value for value in connection]
    ((request,), refusal) = read_requests(head(*lines, line=b"GET / HTTP/" + version))
    assert refusal is None
    assert keep_alive is request[5]


def test_nothing_is_read_behind_a_request_that_ends_the_connection():
    """RFC 9112 §9.6: a request behind it must not be processed."""
    data = head(b"Connection: close") + FOLLOW_UP
    requests, refusal = read_requests(data)
    assert ([b"/p"], None) == ([request[1] for request in requests], refusal)
    assert (requests, None) == read_requests_bytewise(data)


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (head(b"Content-Length: 5") + b"hello", b"hello"),
        (head(b"content-length:\t005 ") + b"hello", b"hello"),
        (head(b"Content-Length: 0"), b""),
        (head(line=b"POST / HTTP/1.1"), b""),
        (head(b"Content-Length: 5", b"Connection: keep-alive", line=b"POST / HTTP/1.0") + b"hello", b"hello"),
        (chunked(b"0\r\n\r\n"), b""),
        (head(b"transfer-encoding: CHUNKED") + b"5\r\nhello\r\n00000000\r\n\r\n", b"hello"),
        (chunked(b'2;a=b\r\nhe\r\n3;"x;y"\r\nllo\r\n0;end\r\nX-Sum: 1\r\nY:\r\n\r\n'), b"hello"),
        (chunked(b"B\r\n\r\n0\r\n\r\nGET \r\n0\r\n\r\n"), b"\r\n0\r\n\r\nGET "),
    ],
)
def test_takes_the_body_and_no_more(data, body):
    requests, refusal = read_requests(data + FOLLOW_UP)
    assert refusal is None
    assert [body, b""] == [request[4] for request in requests]
    assert b"/follow-up" == requests[1][1]
    assert (requests, None) == read_requests_bytewise(data + FOLLOW_UP)


def test_pipelined_requests_come_one_by_one_in_order():
    targets = [b"/%d" % number for number in range(1000)]
    requests, refusal = read_requests(b"".join(head(line=b"GET " + target + b" HTTP/1.1") for target in targets))
    assert refusal is None
    assert targets == [request[1] for request in requests]


def test_buffered_tells_an_idle_connection_from_one_in_the_middle_of_a_request():
    parser = RequestParser()
    data = head(b"Content-Length: 5") + b"hello"
    states = []
    for position in range(len(data)):
        states.append(parser.buffered)
        parser.feed(data[position : position + 1])
        request = parser.next()
    assert [False] + [True] * (len(data) - 1) == states
    assert b"hello" == request.body
    assert not parser.buffered


# --- Expect: 100-continue -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", [b"Content-Length: 50", b"Transfer-Encoding: chunked"])
def test_a_client_that_waits_for_permission_is_noticed_once(framing):
    parser = RequestParser()
    seen = []
    for piece in (head(framing, b"Expect: 100-Continue")[:-1], b"\n", b"5", b"\r\nhel"):
        parser.feed(piece)
        assert parser.next() is None
        seen.append(parser.expects_continue)
        assert parser.next() is None
        assert not parser.expects_continue
    assert [False, True, False, False] == seen


@pytest.mark.parametrize(
    "data",
    [
        head(b"Content-Length: 5", b"Expect: 100-continue") + b"h",
        head(b"Content-Length: 5"),
        head(b"Content-Length: 0", b"Expect: 100-continue"),
        head(b"Expect: 100-continue"),
        head(b"Content-Length: 5", b"Expect: 100-continue", line=b"POST / HTTP/1.0"),
        head(b"Content-Length: 5", b"Expect: more"),
    ],
    ids=["body begun", "not asked", "no body", "no length", "HTTP/1.0", "something else"],
)
def test_no_permission_is_needed(data):
    parser = RequestParser()
    parser.feed(data)
    parser.next()
    assert not parser.expects_continue


def test_a_body_that_will_be_refused_is_refused_before_permission_is_given():
    parser = RequestParser(max_body=4)
    parser.feed(head(b"Content-Length: 5", b"Expect: 100-continue"))
    with pytest.raises(BadMessage, match="body too large"):
        parser.next()
    assert not parser.expects_continue


# --- limits -------------------------------------------------------------------------------------------------------


def test_the_limits_are_these_unless_said_otherwise():
    """A target of 8 KB, 100 headers, 16 KB in all, and a body of 64 KB: what /batch takes and AWS's names need."""
    limits = {"max_head": 16384, "max_target": 8192, "max_headers": 100, "max_body": 65536}
    for data in (
        *(padded(size) for size in (16384, 16385)),
        *(head(line=b"GET /%b HTTP/1.1" % (b"x" * size)) for size in (8191, 8192)),
        *(head(*[b"X: 1"] * count) for count in (99, 100)),
        *(head(b"Content-Length: %d" % size) + b"x" * size for size in (65536, 65537)),
    ):
        assert read_requests(data, **limits) == read_requests(data)


def padded(size):
    """A request whose head has this many bytes."""
    data = head(b"X: ", line=b"GET / HTTP/1.1")
    return data[:-4] + b"x" * (size - len(data)) + b"\r\n\r\n"


@pytest.mark.parametrize("run", [read_requests, read_requests_bytewise], ids=["at once", "byte by byte"])
@pytest.mark.parametrize(
    ("below", "at", "above", "status"),
    [
        (padded(511), padded(512), padded(513), 431),
        (*(head(line=b"GET /%b HTTP/1.1" % (b"x" * size)) for size in (98, 99, 100)), 414),
        (*(head(*[b"X: 1"] * count, line=b"GET / HTTP/1.1") for count in (8, 9, 10)), 431),
        (*(head(b"Content-Length: %d" % size) + b"x" * size for size in (63, 64, 65)), 413),
        (*(chunked(b"20\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (b"x" * 32, n, b"x" * n)) for n in (31, 32, 33)), 413),
        (*(chunked(b"0\r\nX: %b\r\n\r\n" % (b"x" * size)) for size in (508, 509, 510)), 431),
        (*(chunked(b"0\r\n" + b"X: 1\r\n" * count + b"\r\n") for count in (84, 85, 86)), 431),
    ],
    ids=["head", "target", "headers", "declared body", "chunked body", "long trailer", "many trailers"],
)
def test_takes_what_is_at_the_limit_and_refuses_what_is_above(run, below, at, above, status):
    limits = {"max_head": 512, "max_target": 100, "max_headers": 10, "max_body": 64}
    for data in (below, at):
        requests, refusal = run(data + FOLLOW_UP, **limits)
        assert refusal is None
        assert 2 == len(requests)
    requests, refusal = run(above + FOLLOW_UP, **limits)
    assert [] == requests
    assert status == refusal[0]


@pytest.mark.parametrize(
    ("data", "status", "taken"),
    [
        (b"GET /" + b"x" * 5000, 414, 1024),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 5000, 431, 1024),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 5000, 431, 1024),
        (b"\0" * 5000, 400, 1),
    ],
    ids=["target", "one header", "many headers", "not HTTP"],
)
def test_an_endless_head_is_refused_at_the_limit(data, status, taken):
    """After how many bytes: at the first that leaves no way for a head within the limit."""
    parser = RequestParser(max_head=1024)

    def refused_after():
        for count in range(1, len(data)):
            parser.feed(data[count - 1 : count])
            try:
                parser.next()
            except BadMessage as bad:
                return bad.status, count
        return None

    assert (status, taken) == refused_after()


def test_the_line_of_a_chunk_size_is_bounded():
    for size in (255, 256, 257):
        requests, refusal = read_requests(chunked(b"1;" + b"a" * (size - 4) + b"\r\nX\r\n0\r\n\r\n"))
        assert (None if size <= 256 else (400, "chunk framing too long")) == refusal
        assert (size <= 256) == len(requests)


def test_chunk_extensions_are_bounded_in_all():
    """Each is within the limit of a line; together they would make the server work for a body of a few bytes."""
    requests, refusal = read_requests(chunked(b"1;" + b"a" * 200 + b"\r\nX\r\n"), max_head=1024)
    assert ([], None) == (requests, refusal)
    requests, refusal = read_requests(chunked((b"1;" + b"a" * 200 + b"\r\nX\r\n") * 6), max_head=1024)
    assert ([], (400, "chunk framing too long")) == (requests, refusal)
    for count in (63, 64, 65):
        requests, refusal = read_requests(
            chunked((b"1;" + b"a" * 16 + b"\r\nX\r\n") * count + b"0\r\n\r\n"), max_head=1024
        )
        assert (refusal is None) is (count <= 64)


@pytest.mark.parametrize(
    ("start", "piece"),
    [
        (b"GET / HTTP/1.1\r\nX: ", b"x" * 512),
        (chunked(b""), b"10\r\n0123456789abcdef\r\n" * 80),
        (chunked(b"0\r\n"), b"X: 1\r\n" * 80),
        (head(b"Connection: close", line=b"GET / HTTP/1.1"), b"x" * 512),
        (head(b"Content-Length: 60000") + b"x" * 59_000, b""),
    ],
    ids=["head", "chunks", "trailers", "behind the last request", "body"],
)
def test_memory_stays_bounded_whatever_is_fed(start, piece):
    parser = RequestParser()
    tracemalloc.start()
    try:
        parser.feed(start)
        for _ in range(1000):
            try:
                parser.next()
            except BadMessage:
                pass
            parser.feed(piece)
        assert tracemalloc.get_traced_memory()[1] < 300_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "start",
    [b"GET / HTTP/1.1\r\nX: ", b"GET /", head(b"Content-Length: 1000000"), chunked(b"f4240\r\n")],
    ids=["header", "target", "declared body", "chunk"],
)
def test_a_slow_client_costs_in_proportion_to_its_bytes(start):
    """Four times the bytes, one by one: four times the work when linear, sixteen times when quadratic."""

    def cost(size):
        parser = RequestParser(max_head=1 << 20, max_target=1 << 20, max_body=1 << 20)
        parser.feed(start)
        began = time.process_time()
        for _ in range(size):
            parser.feed(b"x")
            parser.next()
        return time.process_time() - began

    small, large = (min(cost(size) for _ in range(3)) for size in (12_000, 48_000))
    assert large < 8 * small
