"""Which call is made again, how often, after which pause, and which never: contract §4's table, under one deadline."""

import gc
import weakref

import pytest

from extension.aws import client as client_module
from extension.aws.call import Memory
from extension.aws.connection import ConnectionFailed
from extension.errors import SourceError
from tests.unit.aws.scripted_pool import END, REFUSED, TIMED_OUT, UNTRUSTED, Bench, Later, answer, refusal

GOOD = answer(200, b'{"ok":1}')


@pytest.fixture(autouse=True)
def whole_pauses(monkeypatch):
    """Full jitter draws from 0 to 1; here always the longest pause."""
    monkeypatch.setattr(client_module, "_random", lambda: 1.0)


def refused(bench, **call):
    with pytest.raises(SourceError) as caught:
        bench.perform(**call)
    return caught.value


RETRIED = {
    "throttled": refusal("ThrottlingException"),
    "429": answer(429, b""),
    "slow down": answer(503, b"<Error><Code>SlowDown</Code></Error>"),
    "5xx": answer(500, b""),
    "503": answer(503, b"<html>"),
    "unknown code": refusal("SomethingNew"),
    "refused": REFUSED,
    "closed": END,
    "garbage": b"SSH-2.0-OpenSSH\r\n\r\n",
    "truncated": answer(200, b"{", length=10),
    "redirect": answer(301, b""),
}


@pytest.mark.parametrize("failure", RETRIED.values(), ids=RETRIED)
def test_what_may_pass_is_asked_again(failure):
    bench = Bench(failure, failure, GOOD)

    assert b'{"ok":1}' == bench.perform().body
    assert [0.1, 0.2] == bench.cancel.pauses
    assert 3 == bench.acquired


def _number(body):
    if body == b"0":
        raise ValueError("nonsense")
    return int(body)


def test_a_body_that_does_not_say_what_it_should_is_asked_for_again():
    bench = Bench(answer(200, b"x"), answer(200, b"0"), answer(200, b"7"))

    assert 7 == bench.perform(parse=_number).content
    assert [0.1, 0.2] == bench.cancel.pauses


def test_and_where_it_never_does_that_is_a_transient_error():
    error = refused(Bench(answer(200, b"0")), parse=_number)

    assert (502, True, "ssm.us-east-1.amazonaws.com answered nonsense: its body") == (
        error.status,
        error.transient,
        error.message,
    )


@pytest.mark.parametrize("failure", RETRIED.values(), ids=RETRIED)
def test_the_pauses_double_up_to_two_seconds_and_never_go_past_the_deadline(failure):
    bench = Bench(failure, timeout=10.0)
    started = bench.clock.monotonic()

    error = refused(bench)

    assert [0.1, 0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0] == bench.cancel.pauses
    assert bench.clock.monotonic() - started < 10.0
    assert error.transient


def test_a_pause_is_a_random_share_of_its_longest(monkeypatch):
    monkeypatch.setattr(client_module, "_random", lambda: 0.25)
    bench = Bench(REFUSED, REFUSED, REFUSED, GOOD)
    bench.perform()

    assert [0.025, 0.05, 0.1] == bench.cancel.pauses


def test_the_share_is_drawn_from_the_whole_range(monkeypatch):
    monkeypatch.undo()
    drawn = [client_module._random() for _ in range(300)]

    assert all(0 <= share < 1 for share in drawn)
    assert min(drawn) < 0.1
    assert max(drawn) > 0.9


@pytest.mark.parametrize(
    ("failure", "kind", "status"),
    [
        (refusal("AccessDeniedException"), "denied", 403),
        (refusal("KMSAccessDeniedException"), "denied", 403),
        (refusal("ResourceNotFoundException"), "not_found", 404),
        (refusal("ParameterNotFound"), "not_found", 404),
        (refusal("ValidationException"), "malformed", 400),
        (answer(403, b""), "denied", 403),
        (answer(404, b""), "not_found", 404),
    ],
)
def test_what_will_not_pass_is_asked_once(failure, kind, status):
    bench = Bench(failure)

    error = refused(bench)

    assert (kind, status, 1, []) == (error.kind, error.status, bench.acquired, bench.cancel.pauses)


def test_a_certificate_that_is_not_trusted_does_not_get_better():
    bench = Bench(UNTRUSTED)

    error = refused(bench)

    assert (502, "UntrustedCertificate", 1) == (error.status, error.code, bench.acquired)


# The deadline


@pytest.mark.parametrize(("expires_in", "timeout", "waited"), [(None, 5.0, 5.0), (2.0, 5.0, 2.0), (9.0, 5.0, 5.0)])
def test_a_silent_host_costs_the_timeout_or_what_is_left_of_the_round(expires_in, timeout, waited):
    bench = Bench([TIMED_OUT], timeout=timeout)
    started = bench.clock.monotonic()
    bench.budget.expires = float("inf") if expires_in is None else started + expires_in

    error = refused(bench)

    assert (504, "timeout", "TimeoutError", True) == (error.status, error.kind, error.code, error.transient)
    assert waited == pytest.approx(bench.clock.monotonic() - started)
    assert 1 == bench.acquired


@pytest.mark.parametrize(("before", "left"), [(4.0, 1.0), (5.0, 0.0), (9.0, 0.0)])
def test_what_was_waited_before_is_part_of_the_timeout(before, left):
    bench = Bench([TIMED_OUT], timeout=5.0)
    bench.budget.waited = before
    started = bench.clock.monotonic()

    assert "timeout" == refused(bench).kind
    assert left == pytest.approx(bench.clock.monotonic() - started, abs=0.01)


def test_a_silent_host_is_left_when_its_round_is_to_end_earlier_than_it_was():
    bench = Bench(GOOD, timeout=30.0)
    started = bench.clock.monotonic()

    def closer():
        bench.budget.expires = started + 2.0
        return b"HTTP/1.1 "

    bench.script = [[closer, TIMED_OUT]]
    error = refused(bench)

    assert (504, 1) == (error.status, bench.acquired)
    assert 2.0 == pytest.approx(bench.clock.monotonic() - started, abs=0.02)


def test_a_round_that_is_over_asks_nobody():
    bench = Bench(GOOD)
    bench.budget.expires = bench.clock.monotonic()

    error = refused(bench)

    assert (504, 0) == (error.status, bench.acquired)


def test_a_round_that_ends_earlier_than_it_was_to_is_obeyed_by_the_next_attempt():
    bench = Bench(GOOD)

    def closer():
        bench.budget.expires = bench.clock.monotonic() + 0.05
        return answer(500, b"")

    bench.script = [[closer], GOOD]
    refused(bench)

    assert (1, []) == (bench.acquired, bench.cancel.pauses)


def test_connecting_too_slowly_is_tried_again_while_there_is_time():
    bench = Bench(TIMED_OUT, GOOD)

    assert 200 == bench.perform().status
    assert [0.1] == bench.cancel.pauses


# Cancelling


def test_a_call_that_is_cancelled_is_not_made_again():
    bench = Bench(GOOD)

    def cancel():
        bench.cancel.cancelled = True
        return END

    bench.script = [[cancel], GOOD]
    error = refused(bench)

    assert (1, []) == (bench.acquired, bench.cancel.pauses)
    assert error.transient


def test_a_pooled_connection_that_was_cut_by_cancelling_is_not_taken_for_a_dead_one():
    bench = Bench(GOOD, reused=(1,))

    def cancel():
        bench.cancel.cancelled = True
        return END

    bench.script = [[cancel], GOOD]
    refused(bench)

    assert 1 == bench.acquired


def test_cancelling_ends_the_pause_with_the_reason_for_it():
    bench = Bench(refusal("ThrottlingException"))
    bench.cancel.cancel_in_pause = 2

    error = refused(bench)

    assert ("throttled", 2) == (error.kind, bench.acquired)


# Dead pooled connections


@pytest.mark.parametrize("dead", [END, ConnectionFailed("the connection broke")])
def test_a_pooled_connection_that_is_dead_costs_no_pause(dead):
    bench = Bench([dead], GOOD, reused=(1,))

    assert 200 == bench.perform().status
    assert (2, []) == (bench.acquired, bench.cancel.pauses)
    assert ["closed", ""] == [connection.end for connection in bench.connections]


def test_several_dead_ones_are_gone_through_without_a_pause():
    bench = Bench([END], [END], [END], GOOD, reused=(1, 2, 3))

    assert 200 == bench.perform().status
    assert (4, []) == (bench.acquired, bench.cancel.pauses)


def test_each_attempt_is_signed_anew():
    bench = Bench([Later(2, END)], GOOD, reused=(1,))
    bench.perform()

    first, second = [connection.header("X-Amz-Date") for connection in bench.connections]
    assert first != second


def test_a_connection_that_had_begun_to_answer_is_no_dead_one():
    bench = Bench([b"HTTP/1.1 200 OK\r\n", END], GOOD, reused=(1,))

    assert 200 == bench.perform().status
    assert [0.1] == bench.cancel.pauses


def test_a_pooled_connection_that_stays_silent_is_a_timeout():
    bench = Bench([TIMED_OUT], GOOD, reused=(1,))

    assert 504 == refused(bench).status
    assert 1 == bench.acquired


@pytest.mark.parametrize(
    "script", [[refusal("AccessDenied")], [answer(500, b""), REFUSED], [answer(200, b"{", length=10)] * 9], ids=len
)
def test_an_error_holds_nothing_of_what_has_come(script):
    """Whoever passes over it, as a part's helper does, has let go of the file at once: its room is wanted again."""

    class Sink(Memory):
        """One that can be watched."""

    bench = Bench(*script, timeout=1.0)
    sink = Sink(100)
    watched = weakref.ref(sink)
    failed = False
    gc.disable()
    try:
        bench.perform(sink)
    except SourceError:
        failed = True
    del sink
    try:
        assert (True, None) == (failed, watched())
    finally:
        gc.enable()
