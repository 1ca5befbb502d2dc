"""Contract §4's table, at, below and above every boundary."""

import pytest

from extension.clock import Instant
from extension.freshness import DEAD, DUE, FRESH, LAPSED, STALE, Policy, age, state, stepped_back

TINY = 1e-6
# ttl 100: due from 80; with both windows: stale to 130, lapsed to 160.
BOTH = Policy(100.0, 30.0, 60.0)
NO_REVALIDATE = Policy(100.0, 0.0, 60.0)
NO_STALE = Policy(100.0, 0.0, 0.0)
ONLY_REVALIDATE = Policy(100.0, 30.0, 0.0)
REVALIDATE_LONGER = Policy(100.0, 60.0, 30.0)
NEVER = Policy(0.0, 30.0, 60.0)
WEEK = Policy(604800.0, 604800.0, 604800.0)


@pytest.mark.parametrize(
    ("policy", "seconds", "expected"),
    [
        (BOTH, 0.0, FRESH),
        (BOTH, 80 - TINY, FRESH),
        (BOTH, 80.0, DUE),
        (BOTH, 80 + TINY, DUE),
        (BOTH, 100 - TINY, DUE),
        (BOTH, 100.0, STALE),
        (BOTH, 100 + TINY, STALE),
        (BOTH, 130 - TINY, STALE),
        (BOTH, 130.0, LAPSED),
        (BOTH, 160 - TINY, LAPSED),
        (BOTH, 160.0, DEAD),
        (BOTH, 1e9, DEAD),
        (NO_REVALIDATE, 100 - TINY, DUE),
        (NO_REVALIDATE, 100.0, LAPSED),
        (NO_REVALIDATE, 160 - TINY, LAPSED),
        (NO_REVALIDATE, 160.0, DEAD),
        (NO_STALE, 100 - TINY, DUE),
        (NO_STALE, 100.0, DEAD),
        (ONLY_REVALIDATE, 130 - TINY, STALE),
        (ONLY_REVALIDATE, 130.0, DEAD),
        (REVALIDATE_LONGER, 140.0, STALE),
        (REVALIDATE_LONGER, 160.0, DEAD),
        (NEVER, 0.0, DEAD),
        (NEVER, 10.0, DEAD),
        (WEEK, 604800.0 * 0.8 - TINY, FRESH),
        (WEEK, 604800.0, STALE),
        (WEEK, 1209600.0, DEAD),
    ],
)
def test_the_age_decides_the_state(policy, seconds, expected):
    assert expected == state(seconds, policy)


@pytest.mark.parametrize(
    ("policy", "seconds", "expected"),
    [
        (BOTH, 0.0, STALE),
        (BOTH, 90.0, STALE),
        (BOTH, 129.0, STALE),
        (BOTH, 130.0, LAPSED),
        (BOTH, 160.0, DEAD),
        (NO_REVALIDATE, 0.0, LAPSED),
        (NO_REVALIDATE, 159.0, LAPSED),
        (NO_REVALIDATE, 160.0, DEAD),
        (NO_STALE, 0.0, DEAD),
        (NEVER, 0.0, DEAD),
    ],
)
def test_what_has_expired_is_never_fresh_and_never_younger_than_it_is(policy, seconds, expected):
    assert expected == state(seconds, policy, expired=True)


@pytest.mark.parametrize("ttl", [0.001, 1.0, 60.0, 300.0, 604800.0])
@pytest.mark.parametrize("jitter", [0.0, 0.25, 0.5, 65535 / 65536])
def test_jitter_brings_the_refresh_forward_by_up_to_a_tenth_and_never_puts_it_off(ttl, jitter):
    refresh_at = Policy(ttl, 0.0, 0.0, jitter).refresh_at

    assert 0.8 * ttl * 0.9 <= refresh_at <= 0.8 * ttl
    assert refresh_at == pytest.approx(0.8 * ttl * (1 - jitter / 10))


def test_without_jitter_the_refresh_is_due_at_eight_tenths_and_not_before():
    assert 240.0 == Policy(300.0, 0.0, 0.0).refresh_at
    assert 240.0 * 0.9 == pytest.approx(Policy(300.0, 0.0, 0.0, 1.0).refresh_at)


def test_with_ttl_zero_both_windows_are_zero():
    assert (0.0, 0.0, 0.0) == (NEVER.ttl, NEVER.stale_while_revalidate, NEVER.stale_if_error)


@pytest.mark.parametrize(
    ("wall", "monotonic", "expected"),
    [
        (10.0, 10.0, 10.0),
        (3600.0, 2.0, 3600.0),  # frozen, and the monotonic clock stood still
        (2.0, 3600.0, 3600.0),  # the wall clock was set back
        (-3600.0, 5.0, 5.0),
        (-3600.0, -5.0, 0.0),  # a snapshot's monotonic clock: never younger than new
        (0.0, 0.0, 0.0),
    ],
)
def test_the_age_is_the_larger_distance_of_both_clocks(wall, monotonic, expected):
    sent = Instant(1_795_000_000.0, 5_000.0)

    assert expected == age(Instant(sent.wall + wall, sent.monotonic + monotonic), sent)


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0.0, False), (-0.5, False), (-1.0, False), (-1.0 - TINY, True), (-86400.0, True), (86400.0, False)],
)
def test_a_wall_clock_that_went_back_by_more_than_a_second_has_stepped_back(step, expected):
    sent = Instant(1_795_000_000.0, 5_000.0)

    assert expected is stepped_back(Instant(sent.wall + step, sent.monotonic + 10), sent)


def test_the_states_have_names_of_their_own():
    assert 5 == len({FRESH, DUE, STALE, LAPSED, DEAD})
