"""Readers who go away, calls that are cut, and what of it is fetched again."""

import pytest

from extension.fetcher import Job
from extension.references import parse_list, s3_resource
from extension.sources.listing import Listing, listing_resource
from extension.sources.s3 import Object
from tests.unit.doubles import double
from tests.unit.store.bench import DENIED, MISSING, PASSING, THROTTLED, TIMED_OUT, A, B, Bench, Call, secret

# Readers who go away


def test_a_reader_who_went_away_is_not_answered_and_the_fetch_goes_on():
    bench = Bench()
    gone, stays = bench.read(), bench.read()
    gone.pending.abandon()
    gone.pending.abandon()

    bench.answer(secret())

    assert [] == gone.results
    assert "a 1" == stays.text
    gone.pending.abandon()


def test_what_nobody_waits_for_any_more_can_be_cut():
    bench = Bench()
    bench.read().pending.abandon()

    assert 1 == bench.store.cut()

    assert [] == bench.calls
    assert [] == bench.store.due(first=True)  # nobody listed it, nobody waits: it is forgotten
    assert bench.read().waits


# Cutting


def test_cutting_ends_what_nobody_waits_for_and_what_is_listed_stays_due():
    bench = Bench(secrets="a,b")
    bench.store.fetch([A, B], bench.store.round())
    reader = bench.read(B)

    assert 1 == bench.store.cut()

    assert [["b"]] == bench.calls
    assert [True] == [job.cancelled for job in bench.fetcher.dropped]
    assert [A] == bench.store.due(first=False)
    bench.answer(secret("b"))
    assert "b 1" == reader.text


def test_a_batch_with_one_reader_goes_on():
    bench = Bench(secrets="a,b", batch=True)
    bench.store.fetch([A, B], bench.store.round())
    bench.read(B)

    assert 0 == bench.store.cut()
    assert [["a", "b"]] == bench.calls


def test_cutting_twice_cuts_once_and_what_has_ended_is_not_cut():
    bench = Bench(secrets="a,b")
    bench.store.fetch([A, B], bench.store.round())
    bench.answer(secret("a"))

    assert [1, 0] == [bench.store.cut(), bench.store.cut()]
    assert [B] == bench.store.due(first=False)


def test_whoever_comes_after_a_cut_gets_a_new_call_and_what_the_old_one_still_says_is_no_failure():
    bench = Bench(secrets="a")
    bench.store.fetch([A], bench.store.round())
    (old,) = bench.fetcher.jobs
    bench.store.cut()
    reader = bench.read()

    old.deliver(A, TIMED_OUT, bench.clock.now())
    assert reader.waits
    assert [] == bench.events("fetch.failed")
    bench.answer(secret())

    assert "a 1" == reader.text


def test_a_value_that_a_cut_call_still_brought_is_kept():
    bench = Bench(secrets="a")
    bench.store.fetch([A], bench.store.round())
    (old,) = bench.fetcher.jobs
    bench.store.cut()

    old.deliver(A, secret(), bench.clock.now())

    assert "hit" == bench.read().how
    assert [] == bench.store.due(first=False)


def test_a_forced_refresh_behind_a_call_that_is_cut_is_made():
    bench = Bench(secrets="a")
    bench.store.fetch([A], bench.store.round())
    forced = bench.read(force=True)

    bench.store.cut()

    assert [["a"]] == bench.calls
    bench.answer(secret())
    assert "a 1" == forced.text


@pytest.mark.parametrize("error", PASSING.values(), ids=PASSING)
def test_what_is_listed_and_failed_for_now_is_tried_again_at_the_next_round(error):
    bench = Bench(secrets="a,b")
    bench.store.fetch([A, B], bench.store.round())
    bench.answer(error)
    bench.answer(MISSING)

    assert [A] == bench.store.due(first=False)
    assert error is bench.store.failure(A)
    bench.load(A)
    assert bench.store.failure(A) is None


# Wildcards

PLACE = listing_resource(parse_list("s3", "s3://bucket/a/*", "X")[0].resource, "*")
ONE, TWO = s3_resource("bucket", "a/1"), s3_resource("bucket", "a/2")


def listed(bench):
    """A wildcard that has brought two names, whose objects are now fetched one by one."""
    round_ = bench.store.round()
    bench.store.fetch([PLACE], round_)
    deliver = bench.fetcher.jobs[0]._deliver
    bench.answer(Listing([ONE, TWO], False))
    for member in (ONE, TWO):
        bench.fetcher.submit(Job(double(Call([member])), round_, deliver))


def test_the_members_of_a_wildcard_that_were_cut_stay_due():
    bench = Bench(s3="s3://bucket/a/*")
    listed(bench)
    bench.answer(Object("bucket/a/1", {}, b"one"))

    bench.store.cut()

    assert [TWO] == bench.store.due(first=True)


def test_a_member_that_failed_for_now_is_tried_again_and_one_that_is_denied_is_not():
    bench = Bench(s3="s3://bucket/a/*")
    listed(bench)
    bench.answer(THROTTLED)
    bench.answer(DENIED)

    assert [ONE] == bench.store.due(first=True)
    assert [THROTTLED, DENIED] == [bench.store.failure(member) for member in (ONE, TWO)]


def test_a_member_has_the_options_of_its_wildcard():
    bench = Bench(s3="s3://bucket/a/*?ttl=10")
    listed(bench)
    bench.answer(Object("bucket/a/1", {}, b"one"))

    assert 10.0 == bench.read(ONE).result.ttl


def test_a_body_that_has_begun_to_come_is_spared_once():
    bench = Bench()
    bench.store.fetch([A, B], bench.store.round())
    arriving = bench.fetcher.jobs[0]
    arriving.budget.arriving = True

    assert 1 == bench.store.cut(arriving=False)
    assert [arriving] == bench.fetcher.jobs
    assert 1 == bench.store.cut()
    assert [] == bench.fetcher.jobs
