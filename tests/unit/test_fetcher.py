"""The workers: how many calls at once and per host, who waits for whom, and that every resource gets one outcome."""

import threading

import pytest

from extension.aws import outcome
from extension.fetcher import Fetcher
from extension.rounds import Job, Round
from tests.unit.doubles import double
from tests.unit.fetching import LIMIT, TIMEOUTS, Bench, Call, Held
from tests.unit.hand_clock import HandClock


@pytest.fixture
def held():
    held = Held()
    yield held
    held.release()


def test_a_job_runs_and_delivers_and_its_round_ends():
    bench = Bench()
    (job,) = bench.submit(Call("one", "two"))

    assert [("one", "value of one"), ("two", "value of two")] == bench.finish()
    assert (True, False, True) == (job.ended, job.cancelled, bench.round.finished)
    assert job.ms >= 0


def test_calls_to_several_hosts_run_at_the_same_time():
    """Each waits for all the others: were they one after another, the barrier would break."""
    bench = Bench(per_host=2)
    together = threading.Barrier(8)
    bench.submit(*[Call(str(n), host=str(n // 2), act=lambda *_: together.wait(LIMIT) and None) for n in range(8)])

    bench.finish()

    assert not together.broken


def test_no_host_gets_more_calls_at_once_than_the_limit_and_each_gets_them_all(held):
    bench = Bench(per_host=3)
    bench.submit(*[held.call(str(number)) for number in range(7)])
    held.wait_for(3)
    assert 3 == len(held.names)

    for number in range(4):
        held.release(str(number))
        held.wait_for(min(4 + number, 7))
        assert min(4 + number, 7) == len(held.names)
    held.release()

    assert 7 == len(bench.finish())
    assert 3 == held.most
    assert [str(number) for number in range(7)] == sorted(held.names)


def test_a_busy_host_does_not_keep_the_workers_from_another_one(held):
    bench = Bench(per_host=2, workers=3)
    bench.submit(*[held.call(f"slow{number}", host="slow") for number in range(50)])
    held.wait_for(2)

    other = Round(TIMEOUTS)
    bench.fetcher.submit(Job(Call("quick", host="quick"), other, bench.deliver))

    assert other.wait(LIMIT)
    assert [("quick", "value of quick")] == bench.outcomes
    held.release()
    bench.finish()


def test_there_are_never_more_workers_than_allowed(held):
    bench = Bench(per_host=100, workers=3)
    bench.submit(*[held.call(str(number)) for number in range(10)])
    held.wait_for(3)
    held.release()

    assert 10 == len(bench.finish())
    assert held.most <= 3


def test_a_worker_that_is_free_is_used_before_another_one_is_started():
    bench = Bench()
    for number in range(20):
        bench.submit(Call(str(number)))
        bench.finish()

    assert bench.fetcher._alive <= 2  # the one that has just ended may not be back yet


def test_a_job_that_waits_for_its_host_can_be_dropped(held):
    bench = Bench(per_host=1)
    _, waiting = bench.submit(held.call("first"), held.call("second"))
    held.wait_for(1)

    bench.fetcher.drop(waiting)

    assert (True, True) == (waiting.cancelled, waiting.ended)
    held.release()
    assert [("first", "value")] == bench.finish()


def test_a_job_that_waits_for_a_worker_can_be_dropped(held):
    bench = Bench(per_host=10, workers=1)
    _, queued, last = bench.submit(held.call("first"), held.call("second"), held.call("third"))
    held.wait_for(1)

    bench.fetcher.drop(queued)
    held.release()

    assert [("first", "value"), ("third", "value")] == bench.finish()
    assert (True, True, True) == (queued.cancelled, queued.ended, last.ended)
    assert ["first", "third"] == held.names


def test_a_job_that_runs_is_cancelled_and_its_host_is_free_again():
    bench = Bench(per_host=1)
    running = threading.Event()

    def wait(budget, deliver, resources):
        running.set()
        budget.cancel.pause(LIMIT)

    first, _ = bench.submit(Call("first", act=wait), Call("second"))
    assert running.wait(LIMIT)

    bench.fetcher.drop(first)

    second, failed = sorted(bench.finish(), key=lambda pair: pair[0] == "first")
    assert ("second", "value of second") == second
    assert ("first", "internal" in str(failed[1])) == (failed[0], True)


def test_the_calls_that_follow_belong_to_the_same_round_and_run_before_it_ends():
    bench = Bench(per_host=1)
    deepest = Call("three")
    bench.submit(Call("one", follow=[Call("two", follow=[deepest]), Call("four")]))

    assert ["four", "one", "three", "two"] == [name for name, _ in bench.finish()]
    assert 4 == len(bench.round.jobs)


def test_what_follows_a_cancelled_job_does_not_run():
    bench = Bench()
    running, go_on = threading.Event(), threading.Event()

    def wait(budget, deliver, resources):
        running.set()
        assert go_on.wait(LIMIT)
        return [Call("follower")]

    (job,) = bench.submit(Call("first", act=wait))
    assert running.wait(LIMIT)
    bench.fetcher.drop(job)
    go_on.set()

    assert "follower" not in [name for name, _ in bench.finish()]
    assert [True, True] == [job.cancelled for job in bench.round.jobs]


def test_an_empty_round_has_ended():
    assert Round(TIMEOUTS).wait(0)
    assert Round(TIMEOUTS).finished


def test_a_round_that_takes_too_long_is_not_waited_for(held):
    bench = Bench()
    bench.submit(held.call("a"))
    held.wait_for(1)

    assert not bench.round.wait(0)
    assert not bench.round.wait(-1)
    assert not bench.round.finished
    held.release()
    assert bench.round.wait(LIMIT)
    assert bench.round.wait(0)


def test_work_ahead_runs_and_what_breaks_in_it_hurts_nobody():
    bench = Bench(workers=1)
    ran = threading.Event()

    bench.fetcher.ahead(double({}.popitem))  # a KeyError
    bench.fetcher.ahead(ran.set)

    assert ran.wait(LIMIT)
    bench.submit(Call("a"))
    bench.finish()
    assert [("fetch.fault", {"error": "KeyError"})] == bench.faults


class Opener:
    """Opens a connection until it is let go."""

    def __init__(self, then=None):
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._then = then

    def __call__(self):
        self.begun.set()
        assert self.go_on.wait(LIMIT)
        if self._then is not None:
            self._then()


@pytest.mark.parametrize("then", [None, {}.popitem], ids=["opened", "broken"])
def test_a_job_whose_connection_is_being_opened_runs_once_it_is(then):
    bench = Bench()
    opener = Opener(double(then))
    bench.fetcher.open_ahead("a", opener)
    (job,) = bench.submit(Call("one"))
    assert opener.begun.wait(LIMIT)
    assert (True, False) == (job.queued, job.started)

    opener.go_on.set()

    assert [("one", "value of one")] == bench.finish()
    assert bench.fetcher._alive == 1  # it takes no second worker to wait for the first


def test_a_host_that_hangs_in_connecting_keeps_no_other_one_waiting():
    bench = Bench(workers=8)
    openers = [Opener() for _ in range(4)]
    for opener in openers:
        bench.fetcher.open_ahead("hangs", opener)
    bench.submit(*[Call(str(number), host="hangs") for number in range(9)])
    other = Round(TIMEOUTS)

    for number in range(4):
        bench.fetcher.submit(Job(Call(f"other{number}", host="other"), other, bench.deliver))

    assert other.wait(LIMIT)
    assert {f"other{number}" for number in range(4)} == {name for name, _ in bench.outcomes}
    for opener in openers:
        opener.go_on.set()
    assert 13 == len(bench.finish())


def test_a_job_can_be_dropped_while_its_connection_is_being_opened():
    bench = Bench(per_host=1)
    opener = Opener()
    bench.fetcher.open_ahead("a", opener)
    dropped, other = bench.submit(Call("one"), Call("two"))

    bench.fetcher.drop(dropped)

    other.wait(LIMIT)  # it has the place now
    opener.go_on.set()
    assert [("two", "value of two")] == bench.finish()


# What waiting costs


class Clocked(Bench):
    """A fetcher whose calls take time by a hand-driven clock."""

    def __init__(self, **options):
        super().__init__(**options)
        self.clock = HandClock()
        self.fetcher = Fetcher(self.clock, double(self), 1, 8)
        self.waited = []
        self.outcome = None

    def call(self, name, seconds, host="a"):
        def act(budget, deliver, resources):
            assert self.submitted.wait(LIMIT)
            self.waited.append(round(budget.waited, 3))
            self.clock.advance(seconds)
            if self.outcome is not None:
                raise self.outcome

        return Call(name, host=host, act=act)

    def run(self, *calls):
        self.submitted = threading.Event()
        self.submit(*calls)
        self.submitted.set()
        self.finish()
        return self.waited


def test_whoever_waits_for_a_host_that_does_not_answer_waits_for_one_timeout_only():
    bench = Clocked()
    bench.outcome = outcome.failure(outcome.TIMEOUT, "", "no answer in time")

    assert [0.0, 5.0, 10.0] == bench.run(*[bench.call(str(number), 5.0) for number in range(3)])


def test_what_was_waited_for_before_counts_with_the_place_in_the_queue():
    bench = Clocked()
    bench.outcome = outcome.failure(outcome.TIMEOUT, "", "no answer in time")
    bench.submitted = threading.Event()
    first, second = (Job(bench.call(name, 2.0), bench.round, bench.deliver) for name in ("first", "second"))
    second.budget.waited = 1.5
    for job in (first, second):
        bench.fetcher.submit(job)
    bench.submitted.set()
    bench.finish()

    assert [0.0, 3.5] == bench.waited


@pytest.mark.parametrize("result", [None, outcome.failure(outcome.NOT_FOUND, "ParameterNotFound", "no such")])
def test_a_place_in_a_queue_that_moves_costs_nothing(result):
    bench = Clocked()
    bench.outcome = result

    assert [0.0, 0.0, 0.0] == bench.run(*[bench.call(str(number), 5.0) for number in range(3)])


def test_connecting_is_part_of_a_fetch_and_waiting_for_a_worker_is_not():
    bench = Clocked()
    opener = Opener(lambda: bench.clock.advance(0.5))
    bench.fetcher = Fetcher(bench.clock, double(bench), 4, 1)
    busy = Opener(lambda: bench.clock.advance(3600))
    bench.fetcher.ahead(busy)
    assert busy.begun.wait(LIMIT)
    bench.fetcher.open_ahead("a", opener)
    bench.submitted = threading.Event()
    bench.submitted.set()
    bench.submit(bench.call("one", 0.0))

    busy.go_on.set()
    opener.go_on.set()
    bench.finish()

    assert [0.5] == bench.waited


def test_what_another_host_or_an_earlier_round_did_costs_nothing():
    bench = Clocked()
    bench.outcome = outcome.failure(outcome.TIMEOUT, "", "no answer in time")
    bench.run(bench.call("1", 5.0))

    assert [0.0, 0.0, 0.0] == bench.run(bench.call("2", 5.0), bench.call("3", 0.0, host="b"))


def test_a_job_can_be_waited_for(held):
    bench = Bench()
    (job,) = bench.submit(held.call("a"))
    held.wait_for(1)
    job.wait(0)
    job.wait(-1)
    assert not job.ended

    held.release()
    job.wait(LIMIT)

    assert job.ended
    job.wait(0)


def test_a_loan_is_one_of_its_hosts_places_and_waits_behind_the_jobs(held):
    bench = Bench(per_host=2)
    done = []
    bench.submit(*[held.call(name) for name in ("one", "two", "three")])
    bench.fetcher.lend("a", lambda: done.append("loan"))
    held.wait_for(2)
    held.release("one")
    held.wait_for(3)
    assert [] == done

    held.release()
    bench.finish()
    bench.submit(*[Call("four", host="a")])
    bench.finish()
    assert ["loan"] == done


def test_a_loan_that_breaks_gives_its_place_back():
    bench = Bench(per_host=1)
    bench.fetcher.lend("a", double(lambda: 1 // 0))
    bench.submit(Call("one"))

    assert [("one", "value of one")] == bench.finish()
    assert [("fetch.fault", {"error": "ZeroDivisionError"})] == bench.faults


def test_a_failure_holds_no_frame_of_the_call_that_failed():
    """It is remembered, and a frame would hold the value from before."""

    def fail(*_):
        try:
            raise KeyError
        except KeyError:
            raise outcome.failure(outcome.NOT_FOUND, "NoSuchKey", "gone") from None

    bench = Bench()
    bench.submit(Call("one", act=fail))
    ((_, error),) = bench.finish()

    assert (None, None) == (error.__traceback__, error.__context__)
