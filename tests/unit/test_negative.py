"""What is missing or refused is known for five seconds, and 256 names of it at most."""

import pytest

from extension.aws import outcome
from extension.negative import NegativeCache
from extension.references import secret_resource
from tests.unit.hand_clock import HandClock

A, B = secret_resource("a"), secret_resource("b")
MISSING = outcome.failure(outcome.NOT_FOUND, "ResourceNotFoundException", "no such secret")
DENIED = outcome.failure(outcome.DENIED, "AccessDeniedException", "no")


@pytest.mark.parametrize(("seconds", "known"), [(0, True), (4.999, True), (5.0, False), (60.0, False)])
@pytest.mark.parametrize("pass_time", [HandClock.advance, HandClock.freeze])
def test_it_is_known_for_five_seconds_of_either_clock(pass_time, seconds, known):
    clock, negative = HandClock(), NegativeCache()
    negative.put(A, MISSING, clock.now())

    pass_time(clock, seconds)

    assert (MISSING if known else None) is negative.get(A, clock.now())


def test_what_is_past_stays_forgotten():
    clock, negative = HandClock(), NegativeCache()
    negative.put(A, MISSING, clock.now())
    clock.advance(6)
    assert negative.get(A, clock.now()) is None

    clock.advance(-6)

    assert negative.get(A, clock.now()) is None


def test_a_wall_clock_that_went_back_ends_it():
    clock, negative = HandClock(), NegativeCache()
    negative.put(A, MISSING, clock.now())

    clock.step(-2)

    assert negative.get(A, clock.now()) is None


def test_it_is_known_of_that_resource_alone():
    clock, negative = HandClock(), NegativeCache()
    negative.put(A, MISSING, clock.now())

    assert negative.get(B, clock.now()) is None
    assert negative.get(A.replaced(selector="stage:AWSPENDING"), clock.now()) is None


def test_what_turns_up_is_not_missing_any_more():
    clock, negative = HandClock(), NegativeCache()
    negative.put(A, MISSING, clock.now())

    negative.forget(A)
    negative.forget(B)

    assert negative.get(A, clock.now()) is None


def test_the_latest_reason_counts_and_begins_anew():
    clock, negative = HandClock(), NegativeCache()
    negative.put(A, MISSING, clock.now())
    clock.advance(3)
    negative.put(A, DENIED, clock.now())
    clock.advance(3)

    assert DENIED is negative.get(A, clock.now())


def test_of_257_names_the_one_learnt_first_is_forgotten():
    clock, negative = HandClock(), NegativeCache()
    names = [secret_resource(f"name-{number}") for number in range(257)]
    for name in names[:256]:
        negative.put(name, MISSING, clock.now())
    negative.put(names[0], MISSING, clock.now())  # learnt again: now the latest

    negative.put(names[256], MISSING, clock.now())

    assert [names[1]] == [name for name in names if negative.get(name, clock.now()) is None]
