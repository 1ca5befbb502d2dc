"""Asking for several things together: one answer when the last has come."""

import pytest

from extension.api.reading import gather
from extension.references import secret_resource
from tests.unit.api.bench import Bench
from tests.unit.store.bench import MISSING, TIMED_OUT, A, B, secret

HELD, LATE = A, B


def gathered(bench, resources, **options):
    finished = []
    abandon = gather(bench.store, resources, lambda results: finished.append(list(results)), **options)
    return finished, abandon


def test_nothing_at_all_is_finished_at_once():
    finished, abandon = gathered(Bench(), [])

    assert ([[]], None) == (finished, abandon)


def test_what_is_known_is_finished_at_once():
    bench = Bench()
    bench.load(HELD)
    finished, abandon = gathered(bench, [HELD, HELD])

    assert [["a 1", "a 1"]] == [[result.value.string for result in results] for results in finished]
    assert abandon is None


def test_the_rest_is_fetched_together_and_finished_once_in_the_order_of_asking():
    bench = Bench(batch=True)
    bench.load(HELD)
    other = secret_resource("c")
    finished, abandon = gathered(bench, [LATE, HELD, other])
    assert ([], [["b", "c"]]) == (finished, bench.calls)

    bench.answer(secret("b"), MISSING)

    assert ["b 1", "a 1"] == [result.value.string for result in finished[0][:2]]
    assert MISSING is finished[0][2]
    assert 1 == len(finished)
    abandon()


def test_whoever_goes_away_waits_for_nothing_any_more():
    bench = Bench()
    finished, abandon = gathered(bench, [A, B])
    bench.answer(secret())
    abandon()

    assert 1 == bench.store.cut()
    assert [] == finished


@pytest.mark.parametrize("known", [True, False])
def test_a_second_spelling_that_is_waited_for_can_be_abandoned(known):
    """Also where the first was known to be missing, so that nothing had to be waited for before."""
    bench = Bench()
    if known:
        bench.ask("/parameters/x").abandon()
        bench.answer(MISSING)
    reply = bench.ask("/batch", "POST", body=b'{"parameters":["x"]}')
    if not known:
        bench.answer(MISSING)
    assert [["/x"]] == bench.calls

    reply.abandon()

    assert 1 == bench.store.cut()
    assert reply.response is None


def test_a_failure_of_each_is_its_own():
    bench = Bench()
    finished, _ = gathered(bench, [A, B])
    bench.answer(TIMED_OUT)
    bench.answer(secret("b"))

    assert TIMED_OUT is finished[0][0]
    assert "b 1" == finished[0][1].value.string
