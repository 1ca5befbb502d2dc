"""One fetch per identity at a time, whose outcome all who wait share; and nobody is left waiting."""

import pytest

from extension.references import secret_resource
from tests.unit.doubles import double
from tests.unit.store.bench import A_ARN, DENIED, TIMED_OUT, A, B, Bench, secret

PENDING = secret_resource("a", stage="AWSPENDING")


@pytest.mark.parametrize("result", [secret(), DENIED, TIMED_OUT])
def test_500_readers_of_one_missing_thing_cost_one_call_and_share_its_outcome(result):
    bench = Bench()
    readers = [bench.read() for _ in range(500)]
    assert [["a"]] == bench.calls

    bench.answer(result)

    if result in (DENIED, TIMED_OUT):
        assert {result} == {reader.result for reader in readers}
    else:
        assert ["miss"] + ["coalesced"] * 499 == [reader.how for reader in readers]
        assert {"a 1"} == {reader.text for reader in readers}
    assert [] == bench.calls


def test_after_a_failure_the_next_reader_asks_anew():
    bench = Bench()
    bench.read()
    bench.answer(TIMED_OUT)

    reader = bench.read()

    assert [["a"]] == bench.calls
    bench.answer(secret())
    assert "miss" == reader.how


def test_the_broken_callback_of_one_reader_costs_the_others_nothing():
    bench = Bench()
    first = bench.read()
    bench.store.read(A, double(lambda result: 1 / 0))
    last = bench.read()

    bench.answer(secret())

    assert ["a 1", "a 1"] == [first.text, last.text]
    assert [{"error": "ZeroDivisionError"}] == bench.events("read.fault")


def test_a_reader_during_a_round_joins_its_call_and_counts_as_a_read_since():
    bench = Bench(secrets="a,b", batch=True)
    bench.store.fetch([A, B], bench.store.round())
    reader = bench.read()
    assert [["a", "b"]] == bench.calls

    bench.answer(secret("a"), secret("b"))

    assert ("coalesced", "a 1") == (reader.how, reader.text)
    bench.clock.advance(90)
    assert [A] == bench.store.due(first=False)


def test_a_round_does_not_fetch_what_is_under_way():
    bench = Bench()
    bench.read()

    bench.store.fetch([A, B], bench.store.round())

    assert [["a"], ["b"]] == bench.calls


def test_another_stage_is_another_call():
    bench = Bench()
    readers = [bench.read(A), bench.read(PENDING)]
    bench.answer(secret(version="1"))
    bench.answer(secret(version="2"))

    assert ["a 1", "a 2"] == [reader.text for reader in readers]
    assert ["a 1", "a 2"] == [bench.read(A).text, bench.read(PENDING).text]


# Forced refreshes


def test_a_forced_refresh_never_joins_a_call_that_began_before_it():
    bench = Bench()
    early = bench.read()
    forced = [bench.read(force=True) for _ in range(1)]
    late = bench.read()
    assert [["a"]] == bench.calls

    bench.answer(secret(version="1"))
    assert ("a 1", "a 1") == (early.text, late.text)
    assert forced[0].waits
    assert [["a"]] == bench.calls

    bench.answer(secret(version="2"))
    assert "a 2" == forced[0].text
    assert "a 2" == bench.read().text


def test_a_forced_refresh_behind_a_call_that_fails_still_gets_its_own():
    bench = Bench()
    bench.read()
    forced = bench.read(force=True)
    bench.answer(DENIED)
    assert forced.waits

    bench.answer(secret())

    assert "a 1" == forced.text


@pytest.mark.parametrize("between", [0.1, 0.5, 0.99])
def test_a_second_forced_refresh_within_a_second_shares_the_first_ones_outcome(between):
    """Contract §3.2 limits them to one a second, and the answer then carries the newest value known."""
    bench = Bench()
    bench.load()
    first = bench.read(force=True)
    bench.clock.advance(between)
    second = bench.read(force=True)
    bench.answer(secret(version="2"))
    assert ["a 2", "a 2"] == [first.text, second.text]
    assert not bench.calls


@pytest.mark.parametrize("between", [0.0, 0.1, 0.99])
def test_of_two_forced_refreshes_in_a_row_neither_is_answered_with_what_was_held(between):
    bench = Bench()
    bench.load()
    bench.clock.advance(1)
    readers = [bench.read(force=True)]
    bench.clock.advance(between)
    readers.append(bench.read(force=True))

    while bench.calls:
        bench.answer(TIMED_OUT)

    assert [TIMED_OUT, TIMED_OUT] == [reader.result for reader in readers]


def test_a_second_forced_refresh_joins_the_one_that_lines_up_and_not_the_call_before_it():
    bench = Bench()
    bench.read()
    bench.clock.advance(2)
    readers = [bench.read(force=True), bench.read(force=True)]
    bench.answer(secret(version="1"))
    assert [True, True] == [reader.waits for reader in readers]

    bench.answer(secret(version="2"))

    assert ["a 2", "a 2"] == [reader.text for reader in readers]
    assert [] == bench.calls


def test_who_lined_up_behind_a_call_that_hung_does_not_wait_for_a_second_timeout():
    bench = Bench()
    bench.read()
    bench.clock.advance(1)
    bench.read(force=True)
    bench.clock.advance(3)
    bench.read(force=True)  # shares that one's outcome
    assert [0.0] == [job.budget.waited for job in bench.fetcher.jobs]
    bench.clock.advance(1)

    bench.answer(TIMED_OUT)

    assert [4.0] == [job.budget.waited for job in bench.fetcher.jobs]


@pytest.mark.parametrize("result", [secret(), DENIED])
def test_who_lined_up_behind_a_call_that_is_answered_has_all_the_time(result):
    """However long it took: a large object may take longer than the timeout, and a listing has it for each page."""
    bench = Bench()
    bench.read()
    bench.read(force=True)
    bench.clock.advance(20)

    bench.answer(result)

    assert [0.0] == [job.budget.waited for job in bench.fetcher.jobs]


def test_a_spelling_that_lined_up_behind_a_call_that_hung_does_not_either():
    bench = Bench()
    readers = [bench.read(A), bench.read(A_ARN)]
    bench.answer(secret(), job=1)  # joins the two, while the call by name is out
    bench.clock.advance(1)
    readers += [bench.read(A, force=True), bench.read(A_ARN, force=True)]
    bench.clock.advance(2)

    bench.answer(TIMED_OUT)

    assert max(job.budget.waited for job in bench.fetcher.jobs) == 2.0
    while bench.calls:
        bench.answer(secret(version="2"))
    assert ["a 1", "a 2", "a 2"] == [reader.text for reader in readers[1:]]


@pytest.mark.parametrize("after", [0.0, 7.0])
def test_who_comes_after_a_call_that_hung_has_all_the_time(after):
    bench = Bench()
    bench.read()
    bench.clock.advance(5)
    bench.answer(TIMED_OUT)
    bench.clock.advance(after)
    bench.read(force=True)

    assert [0.0] == [job.budget.waited for job in bench.fetcher.jobs]


def test_a_forced_refresh_whose_reader_went_away_is_not_made():
    bench = Bench()
    bench.read()
    bench.read(force=True).pending.abandon()

    bench.answer(secret())

    assert [] == bench.calls


@pytest.mark.parametrize("between", [0.0, 0.1, 0.99])
def test_two_forced_refreshes_in_a_row_both_bring_something_new(between):
    bench = Bench()
    bench.load()
    readers = [bench.read(force=True)]
    bench.clock.advance(between)
    readers.append(bench.read(force=True))
    assert [["a"]] == bench.calls

    while bench.calls:
        bench.answer(secret(version="2"))

    assert ["a 2", "a 2"] == [reader.text for reader in readers]


def test_a_second_later_a_forced_refresh_is_a_call_again():
    bench = Bench()
    bench.load()
    bench.read(force=True)
    bench.answer(secret(version="2"))
    bench.clock.advance(1.0)

    bench.read(force=True)

    assert [["a"]] == bench.calls


# Spellings


def test_two_spellings_that_are_asked_for_at_once_are_two_calls_and_one_entry():
    bench = Bench()
    readers = [bench.read(A), bench.read(A_ARN)]
    assert 2 == len(bench.calls)
    bench.answer(secret(version="1"))
    bench.clock.advance(0.1)
    bench.answer(secret(version="2"))

    assert ["a 1", "a 2"] == [reader.text for reader in readers]
    assert ["a 2", "a 2"] == [bench.read(A).text, bench.read(A_ARN).text]


def test_a_spelling_that_was_joined_while_its_own_call_is_out_is_a_hit():
    """What is fresh is served, whoever brought it."""
    bench = Bench()
    slow = bench.read(A)
    bench.read(A_ARN)
    bench.answer(secret(), job=1)

    assert "hit" == bench.read(A).how
    assert slow.waits
    bench.answer(secret())
    assert "a 1" == slow.text


def test_an_answer_to_an_older_question_does_not_replace_a_newer_one():
    bench = Bench()
    older = bench.clock.now()
    readers = [bench.read(A), bench.read(A_ARN)]
    bench.clock.advance(1)
    bench.answer(secret(version="2"), job=1)
    bench.answer(secret(version="1"), sent=older)

    assert "a 2" == bench.read(A).text == bench.read(A_ARN).text
    assert not readers[0].waits
    assert [] == bench.events("entry.changed")
