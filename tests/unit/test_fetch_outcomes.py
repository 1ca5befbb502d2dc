"""Every resource of a call gets exactly one outcome, whatever the call does."""

import pytest

from extension.aws import outcome
from extension.errors import SourceError
from extension.rounds import Job, Round
from tests.unit.fetching import CLOCK, LIMIT, TIMEOUTS, Bench, Call


def refuse(*_):
    raise outcome.failure(outcome.DENIED, "AccessDenied", "no")


def break_down(*_):
    raise KeyError("hunter2")


def deliver_first_then(then):
    def act(budget, deliver, resources):
        deliver(resources[0], "value", CLOCK.now())
        return then()

    return act


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (refuse, ["AccessDenied", "AccessDenied", "AccessDenied"]),
        (break_down, ["Unknown", "Unknown", "Unknown"]),
        (lambda *_: None, ["Unknown", "Unknown", "Unknown"]),
        (deliver_first_then(refuse), ["value", "AccessDenied", "AccessDenied"]),
        (deliver_first_then(break_down), ["value", "Unknown", "Unknown"]),
        (deliver_first_then(lambda: None), ["value", "Unknown", "Unknown"]),
        (deliver_first_then(lambda: [Call("b")]), ["value", "value of b", "Unknown"]),
        (deliver_first_then(lambda: [Call("b"), Call("c", act=refuse)]), ["value", "value of b", "AccessDenied"]),
    ],
)
def test_every_resource_gets_exactly_one_outcome_whatever_a_call_does(act, expected):
    bench = Bench()
    bench.submit(Call("a", "b", "c", act=act))

    outcomes = bench.finish()

    assert ["a", "b", "c"] == [name for name, _ in outcomes]
    assert expected == [result.code if isinstance(result, SourceError) else result for _, result in outcomes]
    assert all(
        result.transient or result.code == "AccessDenied" for _, result in outcomes if not isinstance(result, str)
    )
    assert (["fetch.fault"] if "KeyError" in str([result for _, result in outcomes]) else []) == [
        event for event, _ in bench.faults
    ]


def test_a_fault_of_ours_is_named_by_its_type_and_not_by_its_text():
    bench = Bench()
    bench.submit(Call("a", act=break_down))

    ((_, error),) = bench.finish()

    assert "KeyError" in error.message
    assert [("fetch.fault", {"error": "KeyError"})] == bench.faults
    assert "hunter2" not in str(error)


def test_a_fault_in_taking_an_outcome_costs_nobody_else_theirs():
    bench = Bench()
    faulty = Job(Call("a", "b", "c", act=refuse), bench.round, lambda job, resource, *_: taken(resource.name))
    names = []

    def taken(name):
        names.append(name)
        raise RuntimeError

    bench.fetcher.submit(faulty)
    assert bench.round.wait(LIMIT)
    bench.submit(Call("later"))
    bench.finish()

    assert ["a", "b", "c"] == sorted(names)
    assert [("later", "value of later")] == bench.outcomes
    assert [("fetch.fault", {"error": "RuntimeError"})] == bench.faults


def test_a_job_has_the_timeout_of_its_service_and_the_end_of_its_round():
    job = Job(Call("a"), Round(TIMEOUTS, 42.0), lambda *_: None)

    assert (5.0, 42.0, False) == (job.budget.timeout, job.budget.expires, job.budget.cancel.cancelled)
