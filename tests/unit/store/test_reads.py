"""What a reader gets, in every state of an entry, at once or after a fetch."""

import pytest

from tests.unit.hand_clock import HandClock
from tests.unit.store.bench import (
    LASTING,
    MISSING,
    PASSING,
    TIMED_OUT,
    TTL,
    A,
    B,
    Bench,
    secret,
)

SWR = {"stale_while_revalidate": 20.0}

# Age -> what a reader gets at once ("waits": it must wait for a fetch), and if the entry is to be refreshed then.
# With TTL 100, stale-if-error 50, and stale-while-revalidate 0 or 20.
STATES = [
    (0.0, {}, "hit", False),
    (71.9, {}, "hit", False),
    (80.0, {}, "hit", True),
    (99.9, {}, "hit", True),
    (100.0, {}, "waits", False),
    (149.9, {}, "waits", False),
    (150.0, {}, "waits", False),
    (99.9, SWR, "hit", True),
    (100.0, SWR, "stale", True),
    (119.9, SWR, "stale", True),
    (120.0, SWR, "waits", False),
    (150.0, SWR, "waits", False),
]


@pytest.mark.parametrize(("age", "settings", "how", "marked"), STATES)
@pytest.mark.parametrize("pass_time", [HandClock.advance, HandClock.freeze])
def test_the_age_decides_what_a_reader_gets_at_once(pass_time, age, settings, how, marked):
    bench = Bench(**settings)
    bench.load()
    pass_time(bench.clock, age)

    reader = bench.read()

    if how == "waits":
        assert reader.waits
        assert [["a"]] == bench.calls
    else:
        assert (how, "a 1", TTL) == (reader.how, reader.text, reader.result.ttl)
        assert age == pytest.approx(reader.result.age)
        assert [] == bench.calls  # where the environment freezes, nothing starts that nobody waits for
    assert ([A] if marked else []) == bench.store.due(first=False)


@pytest.mark.parametrize("age", [0.0, 80.0, 100.0, 149.9, 150.0])
def test_whoever_waited_gets_the_new_value(age):
    bench = Bench()
    bench.load()
    bench.clock.advance(age)
    reader = bench.read(force=True) if age < 100 else bench.read()
    assert reader.waits
    bench.clock.advance(0.25)
    sent = bench.clock.now()
    bench.clock.advance(0.25)

    bench.answer(secret(version="2"), sent=sent)

    assert ("miss", "a 2", TTL) == (reader.how, reader.text, reader.result.ttl)
    assert 0.25 == pytest.approx(reader.result.age)
    assert "hit" == bench.read().how


@pytest.mark.parametrize(("age", "served"), [(100.0, True), (149.9, True), (150.0, False), (1e6, False)])
@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING)
def test_a_stale_value_stands_in_only_for_a_transient_error_and_only_so_long(error, age, served):
    bench = Bench()
    bench.load()
    bench.clock.advance(age)
    reader = bench.read()

    bench.answer(error)

    if served:
        assert ("stale", "a 1") == (reader.how, reader.text)
        assert age == pytest.approx(reader.result.age)
    else:
        assert error is reader.result


def test_the_age_that_counts_for_stale_if_error_is_that_at_the_answer():
    bench = Bench()
    bench.load()
    bench.clock.advance(149)
    reader = bench.read()
    bench.clock.advance(2)

    bench.answer(TIMED_OUT)

    assert TIMED_OUT is reader.result


@pytest.mark.parametrize("error", LASTING.values(), ids=LASTING)
@pytest.mark.parametrize("age", [100.0, 149.9])
def test_a_refusal_is_never_hidden_by_a_stale_value(error, age):
    bench = Bench(**SWR)
    bench.load()
    bench.clock.advance(age + 20)
    reader = bench.read()

    bench.answer(error)

    assert error is reader.result


@pytest.mark.parametrize("error", [LASTING["denied"], LASTING["not found"]])
def test_after_a_refusal_the_value_is_gone_however_fresh_it_was(error):
    bench = Bench()
    bench.load()
    bench.read(force=True)
    bench.answer(error)

    bench.clock.advance(5)
    reader = bench.read()

    assert reader.waits
    assert bench.store.held(A) is None
    assert 0 == bench.store.used


@pytest.mark.parametrize(("seconds", "known"), [(0, True), (4.9, True), (5, False)])
@pytest.mark.parametrize("error", [LASTING["denied"], LASTING["not found"]])
def test_a_refusal_is_remembered_for_five_seconds(error, seconds, known):
    bench = Bench()
    bench.read()
    bench.answer(error)
    bench.clock.freeze(seconds)

    reader = bench.read()

    assert known is not reader.waits
    assert ([] if known else [["a"]]) == bench.calls
    assert not known or reader.result is error


@pytest.mark.parametrize("error", [*PASSING.values(), LASTING["malformed"]])
def test_no_other_error_is_remembered(error):
    bench = Bench()
    bench.read()
    bench.answer(error)

    assert bench.read().waits


def test_a_forced_refresh_asks_for_what_is_known_to_be_missing_and_for_what_is_fresh():
    bench = Bench()
    bench.read(B)
    bench.answer(MISSING)
    bench.load()

    readers = [bench.read(B, force=True), bench.read(A, force=True)]

    assert [["b"], ["a"]] == bench.calls
    bench.answer(secret("b"))
    bench.answer(secret(version="2"))
    assert ["b 1", "a 2"] == [reader.text for reader in readers]
    assert "hit" == bench.read(B).how


@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING)
def test_a_forced_refresh_that_fails_is_an_error_and_leaves_the_value_as_it_was(error):
    bench = Bench()
    bench.load()
    reader = bench.read(force=True)

    bench.answer(error)

    assert error is reader.result
    assert ("hit", "a 1") == (bench.read().how, bench.read().text)


@pytest.mark.parametrize(
    ("age", "max_age", "fetches"),
    [(10, 10, False), (10, 9.9, True), (0, 0, False), (90, 100, False), (99, None, False)],
)
def test_a_reader_may_ask_for_something_fresher(age, max_age, fetches):
    bench = Bench()
    bench.load()
    bench.clock.advance(age)

    reader = bench.read(max_age=max_age)

    assert fetches is reader.waits


def test_whoever_asked_for_something_fresher_gets_the_old_value_where_that_fails_for_now():
    bench = Bench()
    bench.load()
    bench.clock.advance(10)
    reader = bench.read(max_age=5)

    bench.answer(TIMED_OUT)

    assert ("stale", "a 1") == (reader.how, reader.text)


def test_a_wall_clock_that_went_back_makes_a_value_stale():
    bench = Bench()
    bench.load()
    bench.clock.step(-2)

    assert bench.read().waits


def test_a_restore_makes_everything_stale():
    bench = Bench()
    bench.load()
    bench.store.expire()
    reader = bench.read()
    assert reader.waits

    bench.answer(secret(version="2"))

    assert ("a 2", "hit") == (reader.text, bench.read().how)
