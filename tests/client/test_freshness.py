"""Layer 1: what is answered from memory, and until when."""

from __future__ import annotations

import threading

import pytest

from preheat import Client
from tests.client.stand_in import StandIn, as_json, ok, problem
from tests.unit.hand_clock import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def client(stand_in: StandIn, clock: HandClock) -> Client:
    return stand_in.client(wall=clock.wall, monotonic=clock.monotonic)


def asked(stand_in: StandIn) -> int:
    return len(stand_in.requests)


def test_a_value_is_asked_for_once_while_it_is_fresh(stand_in, client):
    stand_in.script = [ok("first"), ok("second")]

    assert ["first"] * 1000 == [client.get_secret("db") for _ in range(1000)]
    assert 1 == asked(stand_in)


@pytest.mark.parametrize(
    ("age", "lifetime", "seconds", "fresh"),
    [
        (0, 300, 298.9, True),
        (0, 300, 299, False),  # Age is rounded down: the value may be 300 s old now
        (100, 300, 198.9, True),
        (100, 300, 199, False),
        (298, 300, 0.9, True),
        (299, 300, 0, False),
        (300, 300, 0, False),
        (400, 300, 0, False),
        (0, 1, 0, False),
        (0, 2, 0.9, True),
        (0, 0, 0, False),  # stale, or a time to live of 0
        (0, None, 0, False),
        ("", 300, 0, False),
        ("?", 300, 0, False),
    ],
)
def test_how_long_a_value_is_fresh_is_what_its_own_headers_say(stand_in, client, clock, age, lifetime, seconds, fresh):
    stand_in.script = [ok("first", age=age, lifetime=lifetime), ok("second")]
    assert "first" == client.get_secret("db")

    clock.advance(seconds)

    assert ("first" if fresh else "second") == client.get_secret("db")


def test_time_that_passes_in_a_freeze_counts(stand_in, client, clock):
    """A frozen environment's monotonic clock stands still, its wall clock does not (contract §4)."""
    stand_in.script = [ok("first"), ok("second")]
    client.get_secret("db")

    clock.freeze(299)

    assert "second" == client.get_secret("db")


@pytest.mark.parametrize(("back", "expected"), [(0.9, "first"), (1.1, "second"), (3600, "second")])
def test_a_wall_clock_that_went_back_by_more_than_a_second_ends_freshness(stand_in, client, clock, back, expected):
    stand_in.script = [ok("first"), ok("second")]
    client.get_secret("db")

    clock.step(-back)

    assert expected == client.get_secret("db")


def test_a_wall_clock_that_went_back_does_not_make_a_value_younger(stand_in, client, clock):
    stand_in.script = [ok("first"), ok("second")]
    client.get_secret("db")

    clock.advance(299)
    clock.step(-200)

    assert "second" == client.get_secret("db")


def test_an_answer_is_as_old_as_its_question(stand_in, client, clock):
    """A freeze may lie between the two."""

    def slow(connection, request):
        clock.freeze(200)
        return ok("first")

    stand_in.script = [slow, ok("second")]
    client.get_secret("db")

    clock.advance(98)
    assert "first" == client.get_secret("db")
    clock.advance(2)
    assert "second" == client.get_secret("db")


def test_each_question_has_an_answer_of_its_own(client):
    values = [
        client.get_secret("x"),
        client.get_secret("x", stage="AWSPENDING"),
        client.get_secret("x", version="1"),
        client.get_parameter("x"),
        client.get_parameter("x", version=1),
        client.get_parameter("x", label="live"),
        client.get_parameter("x", decrypt=False),
        client.get_object("s3://x/y"),
        client.get_object("s3://x/y", version="1"),
    ]

    assert len(values) == len(set(values))


@pytest.mark.parametrize(("age", "max_age", "expected"), [(5, 20, "first"), (5, 6, "second"), (5, 5, "second")])
def test_max_age_asks_for_something_fresher(stand_in, client, clock, age, max_age, expected):
    stand_in.script = [ok("first", age=age), ok("second")]
    client.get_secret("db")
    clock.advance(1)

    assert expected == client.get_secret("db", max_age=max_age)


def test_time_that_passes_in_a_freeze_counts_for_max_age_too(stand_in, client, clock):
    stand_in.script = [ok("first"), ok("second")]
    client.get_secret("db")
    clock.freeze(10)

    assert "second" == client.get_secret("db", max_age=5)


def test_a_wall_clock_that_went_back_a_little_does_not_make_a_value_younger_for_max_age(stand_in, client, clock):
    stand_in.script = [ok("first"), ok("second")]
    client.get_secret("db")
    clock.advance(10)
    clock.step(-10)

    assert "second" == client.get_secret("db", max_age=5)


def test_max_age_is_passed_on_to_the_sidecar(stand_in, client):
    client.get_secret("db", max_age=7.9)
    client.get_secret("db", max_age=float("inf"))
    client.get_secret("other", max_age=10**12)

    assert ["max-age=7", "max-age=1000000000"] == [each.header("cache-control") for each in stand_in.requests]


def test_max_age_0_passes_over_memory_and_leaves_freshness_to_the_sidecar(stand_in, client):
    stand_in.script = [ok("first"), ok("first"), ok("second"), ok("third")]

    assert ["first", "first"] == [client.get_secret("db"), client.get_secret("db", max_age=0)]
    assert "first" == client.get_secret("db")
    assert 2 == asked(stand_in)
    assert "second" == client.get_secret("db", max_age=0)
    assert ["", "", ""] == [each.header("cache-control") for each in stand_in.requests]
    # It kept nothing; but nobody sees an older value after a newer one.
    assert "third" == client.get_secret("db")


@pytest.mark.parametrize("max_age", [-1, float("nan")])
def test_an_impossible_max_age_is_refused(client, max_age):
    client.get_secret("db")

    with pytest.raises(ValueError, match="max_age"):
        client.get_secret("db", max_age=max_age)


def test_force_fetch_asks_for_a_fetch_and_no_older_value_is_seen_afterwards_by_any_name(stand_in, client):
    stand_in.usual = lambda connection, request: ok(f"{len(stand_in.requests)}", lifetime=300)
    assert ["1", "2", "3"] == [client.get_secret("db"), client.get_secret("arn:of:db"), client.get_parameter("p")]

    assert "4" == client.get_secret("db", force_fetch=True)

    assert "/secrets/db?refresh=true" == stand_in.targets[-1]
    assert "4" == client.get_secret("db")
    assert ["5", "6"] == [client.get_secret("arn:of:db"), client.get_parameter("p")]


def test_force_fetch_of_a_version_keeps_the_other_options(stand_in, client):
    client.get_secret("db", version="v 1", force_fetch=True)

    assert ["/secrets/db?version=v%201&refresh=true"] == stand_in.targets


def test_a_force_fetch_that_fails_leaves_memory_as_it_was(stand_in, client):
    stand_in.script = [ok("first"), problem(504)]
    client.get_secret("db")

    with pytest.raises(Exception, match="can't be read"):
        client.get_secret("db", force_fetch=True)

    assert "first" == client.get_secret("db")


def test_refresh_forgets_what_was_read(stand_in, client):
    stand_in.script = [ok("first"), as_json({"refreshed": 1, "failed": {}, "skipped": 0}), ok("second")]
    client.get_secret("db")

    client.refresh()

    assert "second" == client.get_secret("db")


@pytest.mark.parametrize("options", [{"force_fetch": True}, {"max_age": 5}])
def test_what_was_fetched_anew_together_with_others_is_not_answered_with_its_old_value(stand_in, client, options):
    def many(connection, request):
        return as_json({"secrets": {"db": {"value": "second", "version": "v", "age": 7 - len(stand_in.requests)}}})

    refreshed = as_json({"refreshed": 1, "failed": {}, "skipped": 0})
    stand_in.script = [ok("first"), many, refreshed, many, ok("second")]
    if "force_fetch" in options:
        del stand_in.script[1]
    client.get_secret("db")

    assert {"db": "second"} == client.get_secrets_by_name(["db"], **options)
    assert "second" == client.get_secret("db")


def test_clear_cache_forgets_what_was_read(stand_in, client):
    stand_in.script = [ok("first"), ok("second")]
    client.get_secret("db")

    client.clear_cache()

    assert "second" == client.get_secret("db")


def test_an_answer_that_was_on_its_way_when_memory_was_cleared_is_not_kept(stand_in, client):
    def slow(connection, request):
        client.clear_cache()
        return ok("before")

    stand_in.script = [slow, ok("after")]

    assert "before" == client.get_secret("db")
    assert "after" == client.get_secret("db")


def test_an_answer_that_was_on_its_way_during_a_force_fetch_is_not_kept(stand_in, client):
    """Another thread's question left before the fetch was over: its old value must not outlive the new one."""
    started, go_on = threading.Event(), threading.Event()

    def slow(connection, request):
        started.set()
        go_on.wait(10)
        return ok("old")

    stand_in.script = [slow, ok("new"), ok("newest")]
    other = threading.Thread(target=client.get_secret, args=("alias-of-db",))
    other.start()
    assert started.wait(10)
    assert "new" == client.get_secret("db", force_fetch=True)
    go_on.set()
    other.join(10)

    assert "newest" == client.get_secret("alias-of-db")


@pytest.mark.parametrize("setting", ["false", "FALSE", "0", "off", "No", " false "])
def test_the_environment_can_turn_memory_off(stand_in, setting):
    client = stand_in.client({"PREHEAT_CLIENT_CACHE": setting})

    client.get_secret("db")
    client.get_secret("db")

    assert 2 == asked(stand_in)


@pytest.mark.parametrize("setting", ["", "true", "1", "perhaps"])
def test_memory_is_on_unless_it_is_turned_off(stand_in, setting):
    client = stand_in.client({"PREHEAT_CLIENT_CACHE": setting})

    client.get_secret("db")
    client.get_secret("db")

    assert 1 == asked(stand_in)


def test_failures_are_not_kept(stand_in, client):
    stand_in.script = [problem(404), ok("there")]

    with pytest.raises(Exception, match="can't be read"):
        client.get_secret("db")

    assert "there" == client.get_secret("db")


def test_nobody_finds_in_a_value_what_another_reader_has_put_there(stand_in, client):
    stand_in.script = [ok('{"hosts": ["a"]}'), ok('{"/app/a": "1"}', media="application/json")]

    client.get_secret("db", transform="json")["hosts"].append("b")
    client.get_parameters("/app")["c"] = "d"

    assert {"hosts": ["a"]} == client.get_secret("db", transform="json")
    assert {"a": "1"} == client.get_parameters("/app")
    assert 2 == asked(stand_in)


def test_all_fields_of_a_secret_in_memory_are_of_one_version(stand_in, client):
    stand_in.script = [ok('{"user": "u1", "password": "p1"}'), ok('{"user": "u2", "password": "p2"}')]

    assert "u1" == client.get_secret("db", field="user")
    assert "p1" == client.get_secret("db", field="password")
    assert 1 == asked(stand_in)
