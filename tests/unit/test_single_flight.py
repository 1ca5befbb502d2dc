"""One fetch per key: who leads, who joins, who lines up behind a call that left too early."""

from extension.references import secret_resource
from extension.single_flight import Flights
from tests.unit.doubles import double

A = secret_resource("a")
B = secret_resource("b")


def forced_by(flights, reader="a reader"):
    flight, leads = flights.join("key", A, forced=True)
    flight.waiters.append(double(reader))
    return flight, leads


def begun(flights, key="key", resource=A):
    flight, leads = flights.join(key, resource)
    assert leads
    assert flights.lift(flight)
    flight.begun = True
    return flight


def test_the_first_leads_and_whoever_comes_later_joins():
    flights = Flights()

    first, leads = flights.join("key", A)
    second, leads_too = flights.join("key", B)

    assert (True, False) == (leads, leads_too)
    assert second is first
    assert (A, "key") == (first.resource, first.key)


def test_another_key_is_another_flight():
    flights = Flights()

    first, _ = flights.join("key", A)
    second, leads = flights.join("other", A)

    assert leads
    assert second is not first
    assert (first, second) == (flights.get("key"), flights.get("other"))


def test_after_landing_the_next_one_leads_again():
    flights = Flights()
    flight = begun(flights)

    assert [] == flights.land(flight)

    assert ({}, {}) == (flights._by_key, flights._aloft)
    again, leads = flights.join("key", A)
    assert leads
    assert again is not flight


def test_a_forced_refresh_joins_a_call_that_has_not_begun():
    flights = Flights()
    first, _ = flights.join("key", A)

    forced, leads = flights.join("key", A, forced=True)

    assert (first, False) == (forced, leads)


def test_a_forced_refresh_leads_where_nothing_is_under_way():
    forced, leads = Flights().join("key", A, forced=True)

    assert leads
    assert not forced.begun


def test_a_forced_refresh_lines_up_behind_a_call_that_has_begun_and_all_forced_share_that_one():
    flights = Flights()
    first = begun(flights)

    second, leads = flights.join("key", A, forced=True)
    third, leads_too = flights.join("key", B, forced=True)

    assert (False, False) == (leads, leads_too)
    assert second is third is first.then
    assert second is not first
    assert not second.begun


def test_whoever_is_not_forced_joins_the_call_under_way_and_not_the_one_behind_it():
    flights = Flights()
    first = begun(flights)
    flights.join("key", A, forced=True)

    joined, leads = flights.join("key", A)

    assert (first, False) == (joined, leads)


def test_landing_gives_the_one_that_lined_up_and_it_is_the_one_under_way_from_then_on():
    flights = Flights()
    first = begun(flights)
    second, _ = forced_by(flights)

    assert [second] == flights.land(first)

    assert [second] == [flights.get("key")]
    assert (second, False) == flights.join("key", A)
    second.begun = True
    third, _ = forced_by(flights)
    assert [third] == [second.then]
    assert [third] == flights.land(second)
    assert [] == flights.land(third)
    assert ({}, {}) == (flights._by_key, flights._aloft)


def test_landing_twice_does_not_tear_down_the_flight_that_came_after():
    flights = Flights()
    first = begun(flights)
    flights.land(first)
    second = begun(flights)

    flights.land(first)

    assert [second] == [flights.get("key")]


def test_a_flight_under_another_key_that_asks_for_the_same_lines_up():
    flights = Flights()
    ahead, late = begun(flights, "name"), flights.join("arn", A)[0]
    late.waiters.append(double("a reader"))

    assert not flights.lift(late)

    assert late is ahead.then
    assert flights.get("arn") is None
    assert [late] == flights.land(ahead)
    assert (late, False) == flights.join("name", A)
    assert [] == flights.land(late)
    assert ({}, {}) == (flights._by_key, flights._aloft)


def test_where_one_has_lined_up_already_the_late_one_hands_over_its_readers_and_its_wish():
    flights = Flights()
    ahead, late = begun(flights, "name"), flights.join("arn", A)[0]
    forced, _ = flights.join("name", A, forced=True)
    forced.waiters.append(double("first"))
    late.waiters += [double("second"), double("third")]
    late.listed = True

    assert not flights.lift(late)

    assert forced is ahead.then
    assert ["first", "second", "third"] == forced.waiters
    assert forced.listed
    assert flights.get("arn") is None


def test_a_forced_refresh_whose_readers_have_all_gone_away_is_not_made():
    flights = Flights()
    first = begun(flights)
    forced, _ = forced_by(flights)
    forced.waiters.clear()

    assert [] == flights.land(first)

    assert ({}, {}) == (flights._by_key, flights._aloft)


def test_one_that_a_list_wants_is_made_though_nobody_waits():
    flights = Flights()
    first = begun(flights)
    wanted, _ = flights.join("key", A, forced=True)
    wanted.listed = True

    assert [wanted] == flights.land(first)


def test_who_is_forced_makes_the_flight_that_he_gets_a_forced_one():
    flights = Flights()
    plain, _ = flights.join("key", A)
    before = plain.forced
    assert (plain, False) == forced_by(flights)
    assert (False, True) == (before, plain.forced)  # it has not begun
    begun_, behind = begun(flights, "other"), flights.join("other", A, forced=True)[0]
    assert [False, True] == [begun_.forced, behind.forced]


def test_a_forced_one_that_hands_its_readers_over_hands_that_over_too():
    flights = Flights()
    begun(flights, "name")
    late, _ = flights.join("arn", A, forced=True)
    behind, _ = flights.join("name", A, forced=True)
    behind.forced = False

    assert not flights.lift(late)

    assert behind.forced
