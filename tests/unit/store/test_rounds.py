"""What an INVOKE fetches again, and how long a round may take."""

import pytest

from extension.references import parameter_resource, parse_list, secret_resource
from extension.sources.listing import Listing, listing_resource
from extension.sources.parameter import Parameter
from tests.unit.store.bench import A_ARN, DENIED, MALFORMED, MISSING, THROTTLED, TIMED_OUT, A, B, Bench, secret

# Whether an entry is fetched at a round: its age, listed, read since its fetch, the first INVOKE.
RULES = [
    (0, True, True, True, False),
    (71, True, True, True, False),
    (80, True, False, True, True),
    (80, True, False, False, False),
    (80, True, True, False, True),
    (80, False, False, True, False),
    (80, False, True, False, True),  # its read at that age has marked it
    (100, True, False, True, True),
    (100, True, False, False, False),
    (149, True, False, True, True),
    (1000, True, False, True, True),
    (1000, True, False, False, False),
]


@pytest.mark.parametrize(("age", "listed", "read", "first", "fetched"), RULES)
def test_which_entries_a_round_fetches(age, listed, read, first, fetched):
    bench = Bench(secrets="a" if listed else "")
    if listed:
        bench.load()
    else:
        bench.read()
        bench.answer(secret())
        bench.store.fetch([A], bench.store.round())  # nobody has read what this brings
        bench.answer(secret())
    bench.clock.advance(min(age, 99))
    if read:
        bench.read()
    bench.clock.advance(max(age - 99, 0))

    assert ([A] if fetched else []) == bench.store.due(first=first)


def test_a_read_while_it_was_fresh_counts_once_it_is_due():
    bench = Bench(secrets="a")
    bench.load()
    bench.read()
    assert [] == bench.store.due(first=False)

    bench.clock.advance(80)

    assert [A] == bench.store.due(first=False)
    assert [A] == bench.store.due(first=False)  # asking changes nothing
    bench.load()
    bench.clock.advance(80)
    assert [] == bench.store.due(first=False)  # nobody has read it since


def test_a_read_while_the_refresh_is_under_way_counts_as_one_since():
    """That is when a handler reads what its INVOKE refreshes: it would else be refreshed at every other one only."""
    bench = Bench(secrets="a")
    bench.load()
    bench.clock.advance(80)
    bench.store.fetch([A], bench.store.round())
    sent = bench.clock.now()
    bench.clock.advance(0.01)
    assert "hit" == bench.read().how
    bench.clock.advance(0.01)
    bench.answer(secret(version="2"), sent=sent)
    assert [] == bench.store.due(first=False)

    bench.clock.advance(80)

    assert [A] == bench.store.due(first=False)


def test_a_mark_lasts_until_it_is_fetched():
    bench = Bench()
    bench.load()
    bench.clock.advance(80)
    bench.read()
    assert [A] == bench.store.due(first=False) == bench.store.due(first=False)

    bench.load()

    assert [] == bench.store.due(first=False)


def test_a_read_that_was_not_a_list_s_counts_only_by_its_mark():
    bench = Bench()
    bench.read()
    bench.answer(secret())
    bench.read()
    bench.clock.advance(80)

    assert [] == bench.store.due(first=True)
    bench.read()
    assert [A] == bench.store.due(first=False)


def test_what_is_asked_for_again_is_what_was_asked_for_first():
    bench = Bench(secrets="a")
    bench.load()
    bench.clock.advance(80)
    bench.read(A_ARN)

    assert [A] == bench.store.due(first=False)


def test_what_served_stale_after_an_error_is_fetched_again():
    bench = Bench()
    bench.load()
    bench.clock.advance(100)
    bench.read()
    bench.answer(TIMED_OUT)

    assert [A] == bench.store.due(first=False)


def test_what_is_missing_is_not_asked_for_by_every_round():
    bench = Bench(secrets="a,b")
    bench.store.fetch([A, B], bench.store.round())
    bench.answer(MISSING)
    bench.answer(DENIED)

    assert [] == bench.store.due(first=True)


# Where nothing freezes


def test_where_nothing_freezes_a_read_of_something_due_starts_its_refresh_once():
    bench = Bench(freezes=False)
    bench.load()
    bench.clock.advance(80)
    assert ["hit", "hit"] == [bench.read().how, bench.read().how]
    assert [] == bench.calls  # not in the reader's thread

    assert 1 == bench.run_ahead()

    assert [["a"]] == bench.calls
    bench.answer(secret(version="2"))
    assert "a 2" == bench.read().text
    assert 0 == bench.run_ahead()


def test_where_nothing_freezes_a_refresh_that_failed_is_tried_again_by_the_next_reader():
    bench = Bench(freezes=False)
    bench.load()
    bench.clock.advance(80)
    bench.read()
    bench.run_ahead()
    bench.answer(TIMED_OUT)

    bench.read()

    assert 1 == bench.run_ahead()


def asked_by_a_timer(bench, result, seconds):
    """When a timer that looks each second asks, and gets this."""
    moments = []
    for second in range(seconds):
        due = bench.store.due(first=False)
        bench.store.fetch(due, bench.store.round())
        if due:
            moments.append(second)
            bench.answer(*[result for _ in due])
        bench.clock.advance(1)
    return moments


@pytest.mark.parametrize("result", [THROTTLED, TIMED_OUT, MALFORMED])
@pytest.mark.parametrize("held", [True, False])
def test_where_nothing_freezes_what_fails_is_asked_for_less_and_less_often(result, held):
    bench = Bench(secrets="a", freezes=False)
    if held:
        bench.load()
        bench.read()
        bench.clock.advance(200)  # dead
    else:
        bench.store.want([A])

    assert [0, 2, 6, 14, 30, 62, 122, 182] == asked_by_a_timer(bench, result, 200)

    bench.clock.advance(60)
    assert [0] == asked_by_a_timer(bench, secret(version="2"), 50)
    assert "a 2" == bench.read().text
    bench.clock.advance(40)
    assert [0, 2, 6] == asked_by_a_timer(bench, result, 10)


@pytest.mark.parametrize("result", [DENIED, MISSING])
def test_where_nothing_freezes_what_is_refused_is_not_asked_for_until_somebody_reads_it(result):
    bench = Bench(secrets="a", freezes=False)
    bench.load()
    bench.read()
    bench.clock.advance(200)

    assert [0] == asked_by_a_timer(bench, result, 100)
    assert bench.read().waits


def test_what_failed_is_asked_for_at_each_invoke_and_by_each_reader():
    bench = Bench(secrets="a")
    bench.store.want([A])
    assert [*range(5)] == asked_by_a_timer(bench, TIMED_OUT, 5)

    bench = Bench(secrets="a", freezes=False)
    bench.store.want([A])
    asked_by_a_timer(bench, TIMED_OUT, 5)
    assert [A] == bench.store.due(first=True)
    assert bench.read().waits


def test_where_it_freezes_a_read_starts_nothing():
    bench = Bench()
    bench.load()
    bench.clock.advance(80)
    bench.read()

    assert 0 == bench.run_ahead()
    assert [] == bench.calls


# How long


def test_a_call_has_its_timeout_and_ends_with_its_round_and_the_invocation():
    bench = Bench(fetch_timeout={"secretsmanager": 3.0, "ssm": None, "s3": 5.0})
    deadline = bench.clock.monotonic() + 2.0
    bench.store.begin_invocation(deadline)
    bench.read()
    (job,) = bench.fetcher.jobs

    assert (3.0, deadline) == (job.budget.timeout, job.budget.expires)
    assert bench.clock.monotonic() + 1 == bench.store.round(bench.clock.monotonic() + 1).expires
    assert deadline == bench.store.round(bench.clock.monotonic() + 9).expires
    assert 900.0 == bench.store.round().timeouts["ssm"]


def test_who_asked_before_the_event_came_obeys_the_invocation_too():
    bench = Bench()
    bench.read()
    (job,) = bench.fetcher.jobs
    assert float("inf") == job.budget.expires
    now = bench.clock.monotonic()

    bench.store.begin_invocation(now + 3)
    assert [now + 3] * 2 == [job.budget.expires, job.round.expires]
    bench.store.begin_invocation(now + 900)
    assert now + 3 == job.budget.expires
    bench.clock.advance(3)
    bench.store.begin_invocation(now + 900)
    assert now + 900 == job.budget.expires  # its reader has outlived the invocation before, frozen with it
    assert now + 900 == bench.store.round().expires


@pytest.mark.parametrize("passed", [0.0, 0.001, 3600.0])
def test_a_deadline_that_is_over_was_that_of_an_invocation_before(passed):
    """The handler may read before its INVOKE event has come to us."""
    bench = Bench()
    bench.store.begin_invocation(bench.clock.monotonic() - passed)
    bench.read()

    assert float("inf") == bench.fetcher.jobs[0].budget.expires
    assert 7.0 == bench.store.round(7.0).expires


def test_what_a_reader_asks_for_together_is_fetched_together():
    bench = Bench(batch=True)
    bench.load(secret_resource("held"))
    results = []

    answers = bench.store.read_many([(name, results.append) for name in (A, secret_resource("held"), B)])

    assert [["a", "b"]] == bench.calls
    assert "hit" == answers[1].how
    bench.answer(secret("a"), secret("b"))
    assert ["a 1", "b 1"] == [result.value.string for result in results]


# Wildcards

PLACE = listing_resource(parse_list("ssm", "/app/*", "X")[0].resource, "*")
ONE, TWO = parameter_resource("/app/1"), parameter_resource("/app/2")


def parameter(name):
    arn = f"arn:aws:ssm:eu-west-1:123456789012:parameter{name}"
    return Parameter({"Name": name, "Value": "v", "Type": "String", "ARN": arn, "Version": 1}, True)


def wildcard_bench(members=(ONE, TWO)):
    bench = Bench(parameters="/app/*")
    refresh(bench, members)
    return bench


def refresh(bench, members):
    bench.store.fetch([PLACE], bench.store.round())
    job = bench.fetcher.jobs[0]
    for member in members:
        job.deliver(member, parameter(member.name), bench.clock.now())
    bench.answer(Listing(members, False))


def test_a_member_that_was_read_has_its_wildcard_listed_again():
    bench = wildcard_bench()
    assert "hit" == bench.read(ONE).how
    bench.clock.advance(90)

    assert [PLACE] == bench.store.due(first=False)


def test_a_new_member_appears_and_is_listed():
    bench = wildcard_bench([ONE])
    bench.clock.advance(90)
    refresh(bench, [ONE, TWO])

    assert "hit" == bench.read(TWO).how
    bench.clock.advance(80)
    assert [PLACE] == bench.store.due(first=False)


def test_a_member_that_vanished_goes_at_its_ttl():
    bench = wildcard_bench()
    bench.clock.advance(90)
    refresh(bench, [ONE])
    assert "hit" == bench.read(TWO).how

    bench.clock.advance(10)

    assert ["hit", None] == [bench.read(ONE).how, bench.read(TWO).pending and None]
    assert bench.read(TWO).waits


def test_at_the_first_invoke_a_wildcard_is_one_fetch_and_not_one_per_member():
    bench = wildcard_bench()
    bench.clock.advance(90)

    assert [PLACE] == bench.store.due(first=True)
