"""Reads out of the ordinary: what is never stored, does not fit, cannot be planned, or is spelled in another way."""

import pytest

from extension.references import secret_resource
from tests.unit.store.bench import (
    A_ARN,
    A_PARTIAL,
    LASTING,
    MISSING,
    TIMED_OUT,
    A,
    B,
    Bench,
    Call,
    arn_of,
    secret,
)

# TTL 0


@pytest.mark.parametrize("how", [{"ttl": {"secretsmanager": 0.0, "ssm": 0.0, "s3": 0.0}}, {"secrets": "a?ttl=0"}])
def test_with_ttl_zero_nothing_is_stored_and_nothing_is_stale(how):
    bench = Bench(**how, stale_while_revalidate=20.0)
    first = bench.read()
    bench.answer(secret())
    assert ("miss", 0.0) == (first.how, first.result.ttl)
    assert (None, 0) == (bench.store.held(A), bench.store.used)

    second = bench.read()
    bench.answer(TIMED_OUT)

    assert TIMED_OUT is second.result


def test_what_turned_up_is_not_missing_any_more_even_where_it_is_not_stored():
    bench = Bench(secrets="a?ttl=0")
    bench.read()
    bench.answer(MISSING)
    bench.read(force=True)
    bench.answer(secret())

    assert bench.read().waits


def test_an_entry_has_the_ttl_that_its_list_gives_it():
    bench = Bench(secrets="a?ttl=10")
    bench.load()
    bench.load(B)
    bench.clock.advance(10)

    assert (True, False) == (bench.read(A).waits, bench.read(B).waits)


# What does not fit, what is a version, what cannot be planned


@pytest.mark.parametrize(
    ("listed", "ttl"), [("a?ttl=10,{arn}?ttl=60", 10), ("a,{arn}?ttl=60", 60), ("a?ttl=500,{arn}", 100)]
)
@pytest.mark.parametrize("order", [1, -1])
def test_two_listed_spellings_of_one_thing_have_the_shorter_ttl(listed, ttl, order):
    bench = Bench(secrets=listed.format(arn=arn_of("a")))
    for resource in (A, A_ARN)[::order]:
        bench.load(resource, secret())

    assert [ttl, ttl] == [bench.read(resource).result.ttl for resource in (A, A_ARN)]


def test_of_two_listed_spellings_one_may_forbid_to_store_it():
    bench = Bench(secrets=f"a,{arn_of('a')}?ttl=0")
    bench.load()

    assert bench.read().waits


def test_what_does_not_fit_is_answered_and_not_held():
    bench = Bench(cache_memory=1000)
    reader = bench.read()
    bench.answer(secret(SecretString="x" * 2000))

    assert "x" * 2000 == reader.text
    assert bench.read().waits


def test_the_least_recently_read_goes_with_its_spellings():
    bench = Bench(cache_items=1)
    bench.load(A)
    assert "hit" == bench.read(A_ARN).how
    bench.load(B)

    assert [True, True, False] == [bench.read(resource).waits for resource in (A, A_ARN, B)]


def test_the_id_of_the_version_that_is_held_is_a_hit_and_another_is_not():
    bench = Bench()
    bench.load()

    assert "hit" == bench.read(secret_resource("a", version="1")).how
    assert bench.read(secret_resource("a", version="2")).waits


@pytest.mark.parametrize("count", [1, 3])
def test_an_error_in_planning_is_the_answer_of_each(count):
    bench = Bench()
    bench.source.error = LASTING["malformed"]
    readers = [bench.read(secret_resource(f"name-{number}")) for number in range(count)]

    assert [LASTING["malformed"]] * count == [reader.result for reader in readers]
    bench.source.error = None
    assert bench.read(secret_resource("name-0")).waits
    assert [["name-0"]] == bench.calls


def test_a_fault_in_planning_does_not_leave_a_reader_waiting():
    bench = Bench()
    bench.source.error = RuntimeError("hunter2")

    reader = bench.read()

    assert (502, True) == (reader.result.status, reader.result.transient)
    assert "hunter2" not in reader.result.message


def test_a_fault_in_keeping_a_value_does_not_leave_a_reader_waiting():
    bench = Bench()
    readers = [bench.read(), bench.read()]

    bench.answer(object())

    assert [(502, True)] * 2 == [(reader.result.status, reader.result.transient) for reader in readers]
    assert bench.read().waits
    assert [["a"]] == bench.calls


def test_one_that_can_not_be_planned_costs_the_others_nothing(monkeypatch):
    bench = Bench()

    def plan(resources, *, deferred=False):
        if A in resources:
            raise LASTING["malformed"]
        return [Call(resources)]

    monkeypatch.setattr(bench.source, "plan", plan)
    bench.store.fetch([A, B], bench.store.round())

    assert [["b"]] == bench.calls
    assert LASTING["malformed"] is bench.read(A).result


# Spellings


@pytest.mark.parametrize("first", [A, A_ARN, A_PARTIAL])
def test_once_an_answer_has_told_every_spelling_that_it_gave_is_a_hit(first):
    bench = Bench()
    bench.load(first, secret())

    assert ["hit", "hit"] == [bench.read(resource).how for resource in (A, A_ARN)]
    assert (first is A_PARTIAL) is not bench.read(A_PARTIAL).waits


def test_a_name_that_comes_back_with_another_arn_is_another_thing():
    bench = Bench()
    bench.load()
    reader = bench.read(force=True)
    bench.answer(secret(version="2", ARN=arn_of("a", "-XyZ123")))

    assert ("a 2", "a 2") == (reader.text, bench.read(A).text)
    assert "a 1" == bench.read(A_ARN).text


@pytest.mark.parametrize("arn", ["x", "arn:aws:secretsmanager", ":::::", "arn:aws:secretsmanager:r:a:secret:b c"])
def test_an_answer_with_an_arn_that_is_none_still_reaches_its_reader(arn):
    bench = Bench()
    reader = bench.read()

    bench.answer(secret(ARN=arn))

    assert "a 1" == reader.text
    assert "hit" == bench.read().how


def test_no_repr_and_no_log_line_shows_a_value():
    bench = Bench(secrets="a")
    reader = bench.read()
    bench.answer(secret(SecretString="hunter2"))
    bench.read(force=True)
    bench.answer(secret(version="2", SecretString="hunter2"))
    bench.read(B)
    bench.answer(MISSING)

    assert "hunter2" not in repr(
        [reader.result, bench.logged, bench.store.snapshot(), list(bench.store._holdings.cache)]
    )
    assert 2 == len(bench.logged)
