"""A week of invocations in virtual time, with the real store, prefetch, refresher and restore.

Idle gaps in which either clock may stand still, a wall clock that is set forwards and backwards, a SnapStart restore,
rotation, outages, denials; and each read and each round beside a model of contract §4. And hours where nothing freezes.
"""

import os
import types

import pytest

from extension import refresher
from extension.rounds import Round
from tests.unit.store.virtual_world import STEPS, World

WEEKS = int(os.environ.get("SOAK_WEEKS", "24"))  # each with a seed of its own
HOUR = 3600.0


@pytest.fixture
def make_world(monkeypatch):
    """make_world(seed, …): its rounds wait in virtual time."""

    def make_world(seed, **options):
        world = World(seed, **options)

        def wait(round_, timeout):
            return world.wait_for_round(round_, timeout)

        monkeypatch.setattr(Round, "wait", wait)
        return world

    return make_world


@pytest.mark.parametrize("seed", range(WEEKS))
def test_a_week(seed, make_world):
    world = make_world(seed)
    world.live()
    assert [] == world.wrong
    assert world.reads > 100


class End(BaseException):
    """Of the timer, which has none."""


@pytest.mark.parametrize("seed", range(WEEKS // 3))
def test_an_hour_where_nothing_freezes(seed, make_world, monkeypatch):
    """Managed Instances: reads come at any time and start what is due themselves; a timer looks once a second."""
    world = make_world(seed, freezes=False)
    end = world.time.monotonic() + HOUR

    def sleep(seconds):
        world.check_round()
        if world.random.random() < 0.1:
            world.aws.change()
        if world.random.random() < 0.01:
            world.time.step(world.random.choice(STEPS))
        if world.random.random() < 0.2:
            world.time.after(world.random.random() * seconds, world.read)
        world.time.run(seconds, lambda: False)
        if world.time.monotonic() > end:
            raise End
        world.expect_round()

    monkeypatch.setattr(refresher, "time", types.SimpleNamespace(sleep=sleep))
    world.initialize()
    with pytest.raises(End):
        world.refresher._keep_fresh()
    world.settle()
    assert [] == world.wrong
    assert world.reads > 100
