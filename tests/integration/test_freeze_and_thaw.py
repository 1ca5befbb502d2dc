"""Frozen and thawed at random moments, in mid-call too, while everything in AWS rotates: nobody is shown an old value.

SIGSTOP is Lambda's freezer, except that CLOCK_MONOTONIC goes on; ``tests/unit/store/test_week.py`` has clocks that
stand still. ``make soak`` runs many more cycles.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.integration.passing_time import let_pass
from tests.integration.rotation import LISTS, Reader, Rotation

CYCLES = int(os.environ.get("SOAK_CYCLES", "30"))
TTL = 0.5  # seconds
MEMORY_MAY_GROW = 4096  # KB; a value in flight here and there, never with the number of cycles


def _descriptors(sidecar):
    return len(list(Path(f"/proc/{sidecar.process.pid}/fd").iterdir()))


def _memory(sidecar):
    status = Path(f"/proc/{sidecar.process.pid}/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))


class Cycle:
    """One invocation, frozen once somewhere in it, and the pause after it, frozen or not."""

    def __init__(self, chance):
        self.before = chance.random() * 0.04
        self.frozen = chance.choice([0.002, 0.05, 0.15, 0.6 if chance.random() < 0.3 else 0.01])
        self.cut = chance.choice([None, None, False, True])  # AWS's connections, in the freeze; with a reset or not
        self.idle = chance.choice([0.0, 0.02, 0.15])
        self.idle_frozen = chance.random() < 0.5
        self.forced = chance.random() < 0.2
        self.in_mid_call = False

    def run(self, api, aws, sidecar, rotation, chance):
        invocation = api.invoke(timeout_ms=10_000)
        let_pass(self.before)
        sidecar.freeze()
        self.in_mid_call = aws.in_flight > 0
        let_pass(self.frozen)
        if self.cut is not None:
            aws.drop_connections(reset=self.cut)
        sidecar.thaw()
        if self.forced:
            assert 200 == sidecar.get(chance.choice(rotation.targets) + "?refresh=true").status
        api.wait_invocation(invocation, timeout=20)
        if self.idle_frozen:
            sidecar.freeze()
        let_pass(self.idle)
        sidecar.thaw()


@pytest.mark.timeout(60 + CYCLES)
def test_no_failed_read_and_nothing_old_shown_as_fresh(aws, api, ready):
    chance = random.Random(4)
    rotation = Rotation(aws)
    aws.latency = lambda call: 0.03 * chance.random()
    sidecar = ready(**LISTS, ttl=f"{TTL * 1000:.0f}ms", log_level="WARN")
    with rotation.going_on(seed=5, pause=0.02):
        readers = [Reader(sidecar, rotation, TTL, seed) for seed in range(3)]
        with readers[0], readers[1], readers[2]:
            before = 0, 0
            in_mid_call = 0
            for number in range(CYCLES):
                cycle = Cycle(chance)
                cycle.run(api, aws, sidecar, rotation, chance)
                in_mid_call += cycle.in_mid_call
                if number == min(CYCLES // 3, 50):  # all paths have been trodden
                    before = _descriptors(sidecar), _memory(sidecar)
                assert [] == [problem for reader in readers for problem in reader.problems]
                aws.clear_calls()
        assert [] == [problem for reader in readers for problem in reader.problems]
        descriptors, memory = before
        assert _descriptors(sidecar) <= descriptors + 4  # connections to AWS: four to a host
        assert _memory(sidecar) <= memory + MEMORY_MAY_GROW
        assert sidecar.threads <= 10  # main, server, eight that fetch
    assert in_mid_call > CYCLES / 10
    assert sum(reader.reads for reader in readers) > CYCLES
    assert [] == sidecar.log  # no failure, no fault
    api.shutdown()
    assert 0 == sidecar.wait_exit()
