"""What is put right once and then asked again: refused keys, a skewed clock, a freeze, the wrong place."""

from email.utils import formatdate
from unittest.mock import Mock

import pytest

from extension.aws import client as client_module
from extension.aws import outcome
from extension.aws.call import Call
from extension.aws.connection import ConnectionFailed
from extension.aws.endpoints import Endpoint
from extension.errors import SourceError
from tests.unit.aws.scripted_pool import END, TIMED_OUT, Bench, Freeze, Later, answer, refusal

GOOD = answer(200, b'{"ok":1}')


@pytest.fixture(autouse=True)
def whole_pauses(monkeypatch):
    """Full jitter draws from 0 to 1; here always the longest pause."""
    monkeypatch.setattr(client_module, "_random", lambda: 1.0)


def refused(bench, **call):
    with pytest.raises(SourceError) as caught:
        bench.perform(**call)
    return caught.value


# Refused keys


def test_refused_keys_are_read_anew_once():
    bench = Bench(refusal("ExpiredTokenException"), GOOD)

    assert 200 == bench.perform(role="arn:role").status
    assert (["arn:role"], []) == (bench.renewed, bench.cancel.pauses)
    assert ["token1", "token2"] == [connection.header("X-Amz-Security-Token") for connection in bench.connections]


@pytest.mark.parametrize("code", ["ExpiredToken", "UnrecognizedClientException", "InvalidToken"])
def test_keys_that_are_refused_again_are_a_transient_error(code):
    bench = Bench(refusal(code))

    error = refused(bench)

    assert (502, True, code) == (error.status, error.transient, error.code)
    assert (2, [""], []) == (bench.acquired, bench.renewed, bench.cancel.pauses)


def test_where_there_are_no_keys_at_all_nothing_is_asked(monkeypatch):
    bench = Bench(GOOD)
    error = outcome.failure(outcome.CREDENTIALS, "NoCredentials", "none")
    monkeypatch.setattr(bench, "current", Mock(side_effect=error))

    assert "NoCredentials" == refused(bench).code
    assert (0, []) == (bench.acquired, bench.cancel.pauses)


# The clock


def dated(bench, offset, code="InvalidSignatureException"):
    return lambda: refusal(code, headers=[f"Date: {formatdate(int(bench.clock.wall()) + offset, usegmt=True)}"])


def signed_at(connection):
    return connection.header("X-Amz-Date")


@pytest.mark.parametrize(
    "code", ["InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed", "RequestExpired"]
)
@pytest.mark.parametrize("offset", [3600, -3600, 300, -300])
def test_a_skewed_clock_is_mended_with_the_servers_time_once_and_for_good(code, offset):
    bench = Bench(GOOD)
    bench.script = [[dated(bench, offset, code)], GOOD]
    bench.perform()

    assert offset == pytest.approx(bench.client.skew, abs=1.1)
    assert (2, []) == (bench.acquired, bench.cancel.pauses)
    bench.perform()
    assert 3 == bench.acquired
    hours = [int(signed_at(connection)[9:11]) for connection in bench.connections]
    assert hours[1] == hours[2]
    assert (hours[0] != hours[1]) is (abs(offset) == 3600)


@pytest.mark.parametrize("offset", [0, 200, -200])
def test_a_signature_that_is_refused_with_the_clock_right_is_no_matter_of_the_clock(offset):
    bench = Bench(GOOD)
    bench.script = [[dated(bench, offset)], GOOD]

    error = refused(bench)

    assert (502, "skewed_clock", 1, 0.0) == (error.status, error.kind, bench.acquired, bench.client.skew)


def test_a_refusal_without_a_date_says_nothing_of_the_clock():
    bench = Bench(refusal("InvalidSignatureException"), GOOD)

    refused(bench)

    assert (1, 0.0) == (bench.acquired, bench.client.skew)


def test_what_another_call_learns_of_the_clock_meanwhile_mends_this_one_too():
    """Several are refused at once, and one of them is the first to learn why."""
    bench = Bench(GOOD)

    def learnt_meanwhile():
        bench.client.skew = 3600.0
        return dated(bench, 3600)()

    bench.script = [[learnt_meanwhile], GOOD]

    assert 200 == bench.perform().status
    assert 2 == bench.acquired


def test_a_clock_that_is_skewed_again_is_mended_only_once_a_call():
    bench = Bench(GOOD)
    bench.script = [[dated(bench, 3600)], [dated(bench, -3600)], GOOD]

    assert "skewed_clock" == refused(bench).kind
    assert 2 == bench.acquired


def test_a_clock_that_was_put_right_meanwhile_is_noticed():
    bench = Bench(GOOD)
    bench.client.skew = 3600.0
    bench.script = [[dated(bench, 0)], GOOD]

    assert 200 == bench.perform().status
    assert abs(bench.client.skew) < 2


# Freezes


@pytest.mark.parametrize("then", [GOOD, END, TIMED_OUT, refusal("ThrottlingException")])
def test_a_call_that_a_freeze_may_have_cut_is_done_once_more_with_all_its_time(then):
    bench = Bench([Freeze(3600, then)], GOOD, timeout=5.0)

    assert 200 == bench.perform().status
    assert (2, []) == (bench.acquired, bench.cancel.pauses)
    first, second = bench.connections
    assert "closed" == first.end
    assert signed_at(first) != signed_at(second)


@pytest.mark.parametrize("left", [1.0, 10_000.0])
def test_a_freeze_outlives_the_invocation_and_its_deadline(left):
    bench = Bench([Later(3600, END)], GOOD, timeout=5.0)
    bench.budget.expires = bench.clock.monotonic() + left

    assert 200 == bench.perform().status


def test_a_freeze_while_connecting_is_one_too(monkeypatch):
    bench = Bench(GOOD)
    acquire = bench.acquire

    def frozen(*arguments):
        monkeypatch.setattr(bench, "acquire", acquire)
        bench.clock.freeze(3600)
        raise ConnectionFailed("connecting took over 1.0 s", timed_out=True)

    monkeypatch.setattr(bench, "acquire", frozen)

    assert 200 == bench.perform().status
    assert [] == bench.cancel.pauses


@pytest.mark.parametrize(("seconds", "attempts"), [(5.9, 1), (6.5, 2)])
def test_a_freeze_is_told_by_more_than_the_timeout_and_a_second(seconds, attempts):
    bench = Bench([Freeze(seconds, GOOD)], GOOD, timeout=5.0)

    assert 200 == bench.perform().status
    assert attempts == bench.acquired


def test_a_second_freeze_in_the_same_call_is_a_timeout():
    bench = Bench([Freeze(3600, GOOD)], timeout=5.0)

    error = refused(bench)

    assert (504, True, 2) == (error.status, error.transient, bench.acquired)


# Redirects


def test_a_call_is_made_elsewhere_once_where_the_answer_says_so():
    bench = Bench(answer(301, b""), GOOD)
    asked = []

    def elsewhere(found, code):
        asked.append((found.status, code))
        return Call("s3", "eu-west-1", Endpoint("https", "s3.eu-west-1.amazonaws.com", 443), method="GET")

    assert 200 == bench.perform(elsewhere=elsewhere).status
    assert ([(301, "Unknown")], []) == (asked, bench.cancel.pauses)
    assert "s3.eu-west-1.amazonaws.com" == bench.connections[1].header("Host")
    assert "/eu-west-1/s3/" in bench.connections[1].header("Authorization")


@pytest.mark.parametrize("code", ["PermanentRedirect", "AuthorizationHeaderMalformed"])
def test_a_place_that_is_wrong_and_gives_no_other_is_asked_once(code):
    bench = Bench(answer(301, b"<Error><Code>%b</Code></Error>" % code.encode()), GOOD)

    assert code == refused(bench, elsewhere=lambda *_: None).code
    assert 1 == bench.acquired
