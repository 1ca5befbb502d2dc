"""What is noted is known for so many seconds, and of so many names at most."""

import pytest

from extension.aws import outcome
from extension.recent import Recent
from extension.references import secret_resource
from tests.unit.hand_clock import HandClock

A, B = secret_resource("a"), secret_resource("b")
MISSING = outcome.failure(outcome.NOT_FOUND, "ResourceNotFoundException", "no such secret")
DENIED = outcome.failure(outcome.DENIED, "AccessDeniedException", "no")


@pytest.mark.parametrize(("seconds", "known"), [(0, True), (4.999, True), (5.0, False), (60.0, False)])
@pytest.mark.parametrize("pass_time", [HandClock.advance, HandClock.freeze])
def test_it_is_known_for_five_seconds_of_either_clock(pass_time, seconds, known):
    clock, recent = HandClock(), Recent(5.0, 256)
    recent.note(A, MISSING, clock.now())

    pass_time(clock, seconds)

    assert (MISSING if known else None) is recent.get(A, clock.now())


def test_what_is_past_stays_forgotten():
    clock, recent = HandClock(), Recent(5.0, 256)
    recent.note(A, MISSING, clock.now())
    clock.advance(6)
    assert recent.get(A, clock.now()) is None

    clock.advance(-6)

    assert recent.get(A, clock.now()) is None


def test_a_wall_clock_that_went_back_ends_it():
    clock, recent = HandClock(), Recent(5.0, 256)
    recent.note(A, MISSING, clock.now())

    clock.step(-2)

    assert recent.get(A, clock.now()) is None


def test_it_is_known_of_that_resource_alone():
    clock, recent = HandClock(), Recent(5.0, 256)
    recent.note(A, MISSING, clock.now())

    assert recent.get(B, clock.now()) is None
    assert recent.get(A.replaced(selector="stage:AWSPENDING"), clock.now()) is None


def test_what_turns_up_is_not_missing_any_more():
    clock, recent = HandClock(), Recent(5.0, 256)
    recent.note(A, MISSING, clock.now())

    recent.forget(A)
    recent.forget(B)

    assert recent.get(A, clock.now()) is None


def test_the_latest_reason_counts_and_begins_anew():
    clock, recent = HandClock(), Recent(5.0, 256)
    recent.note(A, MISSING, clock.now())
    clock.advance(3)
    recent.note(A, DENIED, clock.now())
    clock.advance(3)

    assert DENIED is recent.get(A, clock.now())


def test_of_257_names_the_one_learnt_first_is_forgotten():
    clock, recent = HandClock(), Recent(5.0, 256)
    names = [secret_resource(f"name-{number}") for number in range(257)]
    for name in names[:256]:
        recent.note(name, MISSING, clock.now())
    recent.note(names[0], MISSING, clock.now())  # learnt again: now the latest

    recent.note(names[256], MISSING, clock.now())

    assert [names[1]] == [name for name in names if recent.get(name, clock.now()) is None]
