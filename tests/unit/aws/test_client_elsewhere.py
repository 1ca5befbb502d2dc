"""A call that belongs elsewhere: it is made there once, inside the same time, and never goes round."""

from __future__ import annotations

import pytest

from extension.aws.call import Call
from extension.aws.endpoints import Endpoint
from extension.errors import SourceError
from tests.unit.aws.scripted_pool import TIMED_OUT, Bench, answer, refusal

OTHER = Endpoint("https", "ssm.eu-west-1.amazonaws.com", 443)
MOVED = refusal("PermanentRedirect", 301)


class Elsewhere:
    """Sends every error that it is asked about to another region; `asked`: their statuses and codes."""

    def __init__(self, *, nowhere=False):
        self.asked = []
        self.nowhere = nowhere

    def __call__(self, answer, code):
        self.asked.append((answer.status, code))
        return None if self.nowhere else Call("ssm", "eu-west-1", OTHER, body=b"{}")


def failure(bench, elsewhere):
    with pytest.raises(SourceError) as caught:
        bench.perform(elsewhere=elsewhere)
    return caught.value


def test_it_is_asked_there_at_once_signed_for_there():
    bench, elsewhere = Bench(MOVED, answer(body=b"found")), Elsewhere()
    assert b"found" == bench.perform(elsewhere=elsewhere).body
    assert [(301, "PermanentRedirect")] == elsewhere.asked
    assert ([], 2) == (bench.cancel.pauses, bench.client.calls)
    first, second = bench.connections
    assert (
        "ssm.us-east-1.amazonaws.com",
        "ssm.eu-west-1.amazonaws.com",
    ) == (first.header("host"), second.header("host"))
    assert "/eu-west-1/ssm/aws4_request" in second.header("authorization")


def test_a_second_redirect_is_the_end_of_it():
    bench, elsewhere = Bench(MOVED), Elsewhere()
    error = failure(bench, elsewhere)
    assert ("PermanentRedirect", True, 502) == (error.code, error.transient, error.status)
    assert (2, 1, []) == (bench.acquired, len(elsewhere.asked), bench.cancel.pauses)


@pytest.mark.parametrize(
    "code", ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"]
)
def test_where_it_leads_nowhere_asking_again_helps_nobody(code):
    bench = Bench(refusal(code, 400))
    assert code == failure(bench, Elsewhere(nowhere=True)).code
    assert 1 == bench.acquired


def test_an_answer_that_is_none_is_not_asked_about():
    bench, elsewhere = Bench(TIMED_OUT, timeout=0.5), Elsewhere()
    assert "timeout" == failure(bench, elsewhere).kind
    assert [] == elsewhere.asked


def test_a_good_answer_is_not_asked_about():
    elsewhere = Elsewhere()
    Bench(answer()).perform(elsewhere=elsewhere)
    Bench(answer(304, b"")).perform(elsewhere=elsewhere)
    assert [] == elsewhere.asked


def test_there_too_what_may_pass_is_tried_again():
    bench = Bench(MOVED, refusal("InternalServerError", 500), answer(body=b"found"))
    assert b"found" == bench.perform(elsewhere=Elsewhere()).body
    assert 1 == len(bench.cancel.pauses)
    assert "ssm.eu-west-1.amazonaws.com" == bench.connections[2].header("host")


def test_it_has_what_is_left_of_the_time():
    bench = Bench(MOVED, [TIMED_OUT], timeout=1.0)
    before = bench.clock.monotonic()
    assert "timeout" == failure(bench, Elsewhere()).kind
    assert 1.0 == pytest.approx(bench.clock.monotonic() - before, abs=0.05)
