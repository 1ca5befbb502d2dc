"""Readers who go away, calls that are cut, and what of it is fetched again."""

import pytest

from extension.references import parse_list, s3_resource
from extension.rounds import Job
from extension.sources.listing import Listing, PagedCall, listing_resource
from extension.sources.object import Object
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


class Pages(PagedCall):
    """A listing of which a test reads the pages."""

    action, host = "ListObjectsV2", "s3"

    def __init__(self, resources):
        super().__init__(*resources)

    def read(self, bench):
        self.began = self.began or bench.clock.now()
        self._turn((*self._read[0], ONE), "token")

    @property
    def pages(self):
        return len(self._read[0])


def cut_listing(bench, pages=1):
    """The call for a wildcard that was cut after so many pages."""
    bench.source.make = Pages
    bench.store.fetch([PLACE], bench.store.round())
    call = bench.fetcher.jobs[0].call
    for _ in range(pages):
        call.read(bench)
    bench.store.cut()
    return call


def pages_read(bench):
    """Of the one listing that is under way."""
    (job,) = bench.fetcher.jobs
    return job.call.pages


def test_a_listing_that_was_cut_goes_on_where_it_was():
    bench = Bench(s3="s3://bucket/a/*")
    old = cut_listing(bench, 3)

    bench.store.fetch(bench.store.due(first=False), bench.store.round())

    assert 3 == pages_read(bench)
    old.read(bench)  # what a thread that was cut does last is no matter
    assert 3 == pages_read(bench)


def test_one_that_is_cut_again_without_another_page_begins_anew():
    """Its token may be no good any more."""
    bench = Bench(s3="s3://bucket/a/*")
    cut_listing(bench)
    bench.store.fetch([PLACE], bench.store.round())
    bench.store.cut()

    bench.store.fetch([PLACE], bench.store.round())

    assert 0 == pages_read(bench)


@pytest.mark.parametrize(("age", "pages"), [(0, 1), (71, 1), (80, 0), (100, 0), (10_000, 0)])
def test_one_that_would_not_be_fresh_any_more_begins_anew(age, pages):
    bench = Bench(s3="s3://bucket/a/*")
    cut_listing(bench)
    bench.clock.advance(age)

    bench.store.fetch([PLACE], bench.store.round())

    assert pages == pages_read(bench)


def test_after_a_restore_it_begins_anew():
    bench = Bench(s3="s3://bucket/a/*")
    cut_listing(bench)
    bench.store.expire()

    bench.store.fetch([PLACE], bench.store.round())

    assert 0 == pages_read(bench)


def test_a_forced_refresh_begins_anew_and_so_does_what_comes_after_it():
    bench = Bench(s3="s3://bucket/a/*")
    cut_listing(bench)

    bench.read(PLACE, force=True)

    assert 0 == pages_read(bench)
    bench.answer(Listing([ONE], False))
    bench.store.fetch([PLACE], bench.store.round())
    assert 0 == pages_read(bench)


def test_what_a_snapshot_may_hold_of_a_listing_is_not_gone_on_with():
    bench = Bench(s3="s3://bucket/a/*")
    bench.source.make = Pages
    bench.store.fetch([PLACE], bench.store.round(), deferred=True)
    bench.fetcher.jobs[0].call.read(bench)
    bench.store.cut()

    bench.store.fetch([PLACE], bench.store.round())

    assert 0 == pages_read(bench)


# Bodies


def test_a_body_that_arrives_is_spared_where_nobody_waits_and_is_not_counted_where_somebody_does():
    bench = Bench(s3="s3://bucket/a/1,s3://bucket/a/2")
    read = s3_resource("bucket", "read")
    bench.store.fetch([ONE, TWO], bench.store.round())
    bench.read(read)
    one, _, third = bench.fetcher.jobs
    one.budget.arriving = third.budget.arriving = True

    bodies = bench.store.bodies()

    assert [one] == bodies
    assert 1 == bench.store.cut(arriving=False)
    assert [[ONE.label], [read.label]] == bench.calls
    assert 1 == bench.store.cut()
    assert [TWO, ONE] == bench.store.due(first=False)


def test_a_body_that_has_begun_to_come_is_spared_once():
    bench = Bench()
    bench.store.fetch([A, B], bench.store.round())
    arriving = bench.fetcher.jobs[0]
    arriving.budget.arriving = True

    assert 1 == bench.store.cut(arriving=False)
    assert [arriving] == bench.fetcher.jobs
    assert 1 == bench.store.cut()
    assert [] == bench.fetcher.jobs
