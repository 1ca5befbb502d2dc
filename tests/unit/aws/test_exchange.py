"""One request and its answer: what is sent, what is kept, where a body goes, and how much of it."""

import pytest

from extension.aws import client as client_module
from extension.aws.call import Enough, Memory, TooLarge
from extension.errors import SourceError
from tests.unit.aws.scripted_pool import END, TIMED_OUT, Bench, Later, answer

GOOD = answer(200, b'{"ok":1}', ["ETag: x", "X-Thing: y"])


class Sink:
    """Where a body goes, with a record of it."""

    resumes = False

    def __init__(self, limit=None):
        self.begun = []
        self.body = b""
        self.limit = limit

    def begin(self, headers):
        self.begun.append(headers)
        self.body = b""

    def write(self, data):
        self.body += data
        if self.limit is not None and len(self.body) > self.limit:
            raise TooLarge(len(self.body), self.limit)


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(client_module, "_random", lambda: 0.0)


def refused(bench, **call):
    with pytest.raises(SourceError) as caught:
        bench.perform(**call)
    return caught.value


def test_the_request_is_the_call_signed():
    bench = Bench(GOOD)
    bench.perform(method="GET", path="/a%20b", query="x=1&y=", body=b"", headers=[("If-None-Match", '"e"')])
    (connection,) = bench.connections

    assert connection.sent.startswith(b"GET /a%20b?x=1&y= HTTP/1.1\r\nHost: ssm.us-east-1.amazonaws.com\r\n")
    assert '"e"' == connection.header("If-None-Match")
    assert connection.header("Authorization").startswith("AWS4-HMAC-SHA256 Credential=AKIA1/")
    assert "/us-east-1/ssm/aws4_request" in connection.header("Authorization")
    assert "token1" == connection.header("X-Amz-Security-Token")


def test_the_answer_has_its_status_its_headers_in_lower_case_and_its_body():
    bench = Bench(GOOD)
    found = bench.perform()

    assert (200, b'{"ok":1}') == (found.status, found.body)
    assert {"content-length": "8", "etag": "x", "x-thing": "y"} == found.headers
    assert "ok" not in repr(found)


def test_an_answer_is_as_old_as_its_question():
    bench = Bench([Later(3, GOOD)])
    asked = bench.clock.now()

    sent = bench.perform().sent

    assert (asked.wall, asked.monotonic) == (sent.wall, sent.monotonic)


def test_the_second_question_is_the_one_that_counts():
    bench = Bench(answer(500, b""), GOOD)

    assert bench.clock.monotonic() < bench.perform().sent.monotonic


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_it_does_not_matter_in_which_pieces_an_answer_comes(size):
    data = answer(200, bytes(range(256)) * 4)
    bench = Bench([data[start : start + size] for start in range(0, len(data), size)], timeout=100.0)

    assert bytes(range(256)) * 4 == bench.perform().body


@pytest.mark.parametrize(
    ("data", "body", "kept"),
    [
        (GOOD, b'{"ok":1}', True),
        (answer(200, b"x", ["Connection: close"]), b"x", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", b"x", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD, b'{"ok":1}', True),
        (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", b"", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n{}", b"", False),  # as some servers do
    ],
)
def test_a_connection_is_kept_only_where_the_answer_left_it_clean(data, body, kept):
    bench = Bench(data)

    assert body == bench.perform().body
    (connection,) = bench.connections
    assert [connection] * kept == bench.released
    assert "closed" * (not kept) == connection.end


def test_a_body_that_is_longer_than_announced_is_not_believed():
    """Its end is not known, and it is asked for again."""
    bench = Bench(answer(200, b'{"ok":1}', length=3), GOOD)

    assert b'{"ok":1}' == bench.perform().body
    assert ["closed", ""] == [connection.end for connection in bench.connections]


def test_a_body_that_ends_with_the_connection_is_whole_and_the_connection_is_gone():
    bench = Bench([b"HTTP/1.1 200 OK\r\n\r\nab", b"cd", END])

    assert b"abcd" == bench.perform().body
    assert [] == bench.released


def test_a_body_that_cancelling_cut_is_not_taken_for_whole():
    """Where only the end of the connection marks the end of the body, a cut body looks complete."""
    bench = Bench(END)

    def cancel():
        bench.cancel.cancelled = True
        return END

    bench.script = [[b"HTTP/1.1 200 OK\r\n\r\nhalf of i", cancel]]
    assert refused(bench).transient


def test_a_connection_whose_answer_was_a_refusal_is_kept_too():
    bench = Bench(answer(400, b'{"__type":"ValidationException"}'))

    refused(bench)

    assert bench.connections == bench.released


def test_after_the_call_the_budgets_cancel_holds_no_socket():
    bench = Bench(GOOD)
    bench.perform()

    assert [None] == bench.cancel.attached


# Bounds


@pytest.mark.parametrize(("size", "good"), [(99, True), (100, True), (101, False)])
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_a_body_over_the_limit_is_too_large_and_not_asked_for_again(framing, size, good):
    body = b"x" * size
    data = {
        "length": answer(200, body),
        "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, body),
        "close": b"HTTP/1.1 200 OK\r\n\r\n" + body,
    }[framing]
    bench = Bench([data, END], memory=100)

    if good:
        assert body == bench.perform().body
    else:
        error = refused(bench)
        assert (413, "EntityTooLarge", True, 1) == (error.status, error.code, error.transient, bench.acquired)
        assert [] == bench.released


def test_a_length_over_the_limit_is_not_even_read():
    bench = Bench([answer(200, b"", length=10**12), lambda: 1 / 0], memory=100)

    assert 413 == refused(bench).status


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (answer(503, b"<html>" + b"x" * 100_000), 502, "Unknown"),
        (
            answer(400, b'{"__type":"AccessDeniedException","message":"why"}' + b" " * 100_000),
            403,
            "AccessDeniedException",
        ),
        (
            answer(400, b'{"__type":"AccessDeniedException","message":"' + b"x" * 10_000 + b'"}'),
            403,
            "AccessDeniedException",
        ),
    ],
)
def test_an_error_is_that_error_however_long_its_text(data, status, code):
    error = refused(Bench(data, timeout=0.1))

    assert (status, code) == (error.status, error.code)


# Sinks


def test_a_body_goes_to_its_sink_and_not_into_the_answer():
    sink = Sink()
    found = Bench([GOOD[:50], GOOD[50:]]).perform(sink)

    assert (b'{"ok":1}', b"") == (sink.body, found.body)
    assert [{"content-length": "8", "etag": "x", "x-thing": "y"}] == sink.begun


def test_a_sink_has_a_limit_of_its_own():
    bench = Bench(answer(200, b"x" * 1000), memory=10)

    assert 1000 == len(sink_after(bench, Sink(1000)).body)
    assert 413 == refused(Bench(answer(200, b"x" * 1001)), sink=Sink(1000)).status


def sink_after(bench, sink):
    bench.perform(sink)
    return sink


def test_an_error_never_goes_to_the_sink():
    sink = Sink()
    bench = Bench(answer(500, b"<html>"), answer(200, b"good"))
    bench.perform(sink)

    assert (b"good", 1) == (sink.body, len(sink.begun))


def test_a_304_begins_no_body():
    sink = Sink()

    assert 304 == Bench(b"HTTP/1.1 304 Not Modified\r\n\r\n").perform(sink).status
    assert [] == sink.begun


def test_a_body_that_broke_in_the_middle_begins_anew():
    sink = Sink()
    Bench([answer(200, b"half", length=8), END], answer(200, b"complete")).perform(sink)

    assert (b"complete", 2) == (sink.body, len(sink.begun))


def test_an_empty_body_begins_too():
    sink = Sink()
    Bench(answer(200, b"")).perform(sink)

    assert (1, b"") == (len(sink.begun), sink.body)


def test_while_a_body_streams_the_timeout_counts_for_each_silence():
    """A large object may take its time."""
    bench = Bench([answer(200, b"x", length=10), *[Later(4, b"x")] * 9], timeout=5.0)
    sink = Sink()

    bench.perform(sink)

    assert b"x" * 10 == sink.body


def test_a_body_that_falls_silent_is_a_timeout():
    bench = Bench([answer(200, b"x", length=10), TIMED_OUT], timeout=5.0)
    started = bench.clock.monotonic()

    assert 504 == refused(bench, sink=Sink()).status
    assert bench.clock.monotonic() - started < 5.1


def test_without_a_sink_the_timeout_counts_for_the_whole():
    bench = Bench([answer(200, b"x", length=10), *[Later(2, b"x")] * 9], timeout=5.0)

    assert 504 == refused(bench).status


def test_a_streamed_body_ends_with_its_round():
    bench = Bench([answer(200, b"x", length=10), TIMED_OUT], timeout=5.0)
    bench.budget.expires = bench.clock.monotonic() + 2.0
    started = bench.clock.monotonic()

    refused(bench, sink=Sink())

    assert bench.clock.monotonic() - started < 2.1


# Memory, the sink that sources use


def test_memory_keeps_what_is_written_since_it_last_began():
    memory = Memory(10)
    memory.begin({})
    memory.write(b"old")
    memory.begin({"content-length": "10"})
    memory.write(b"01234")
    memory.write(b"56789")

    assert b"0123456789" == memory.value()
    with pytest.raises(TooLarge, match=r"^11 bytes or more where 10 are the limit$"):
        memory.write(b"x")


@pytest.mark.parametrize(("length", "good"), [("10", True), ("11", False), ("1e9", True), ("-1", True), ("", True)])
def test_memory_refuses_a_length_that_is_announced(length, good):
    memory = Memory(10)
    if good:
        memory.begin({"content-length": length})
        assert b"" == memory.value()
    else:
        with pytest.raises(TooLarge):
            memory.begin({"content-length": length})


@pytest.mark.parametrize("at_once", [True, False])
def test_a_sink_that_has_enough_ends_the_exchange_and_the_connection(at_once):
    class Modest(Sink):
        def begin(self, headers):
            super().begin(headers)
            if at_once:
                raise Enough

        def write(self, data):
            super().write(data)
            raise Enough

    bench, sink = Bench(answer(200, b"x" * 1000, ["ETag: e"])), Modest()
    found = bench.perform(sink=sink)

    assert (200, "e", b"") == (found.status, found.headers["etag"], found.body)
    assert (b"" if at_once else b"x" * 1000) == sink.body
    assert (1, []) == (bench.acquired, bench.released)


@pytest.mark.parametrize(("ending", "resumes"), [(END, True), (END, False), (TIMED_OUT, True)])
def test_a_body_that_breaks_off_is_begun_again_unless_the_sink_knows_better(ending, resumes):
    whole = answer(200, b"x" * 1000)
    bench, sink = Bench([whole[:-400], ending], whole), Sink()
    sink.resumes = resumes

    bench.perform(sink=sink)

    assert ((1, 600) if resumes else (2, 1000)) == (bench.acquired, len(sink.body))
