"""Both clocks, read together."""

import time

from extension.clock import Clock, Instant


def test_an_instant_holds_both_readings_and_does_not_mix_them_up():
    instant = Instant(1_795_000_000.5, 12.25)

    assert (instant.wall, instant.monotonic) == (1_795_000_000.5, 12.25)


def test_now_is_both_clocks_at_the_same_moment():
    before = (time.time(), time.monotonic())
    now = Clock().now()
    after = (time.time(), time.monotonic())

    assert before[0] <= now.wall <= after[0]
    assert before[1] <= now.monotonic <= after[1]


def test_the_single_readings_are_those_of_now():
    clock = Clock()
    first = clock.now()
    wall, monotonic = clock.wall(), clock.monotonic()
    second = clock.now()

    assert first.wall <= wall <= second.wall
    assert first.monotonic <= monotonic <= second.monotonic
