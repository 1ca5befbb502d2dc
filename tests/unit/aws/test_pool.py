"""Idle connections by host, and those that were opened ahead: who gets which, and what happens when one fails."""

import threading

import pytest

from extension.aws import pool as pool_module
from extension.aws.connection import Cancel, ConnectionFailed
from extension.aws.endpoints import Endpoint
from extension.aws.pool import IDLE_LIMIT, Pool
from extension.aws.trust import Trust
from tests.unit.hand_clock import HandClock

A = Endpoint("https", "a.example.com", 443)
B = Endpoint("https", "b.example.com", 443)
LIMIT = 10.0


class Opened:
    """What stands in for a connection."""

    def __init__(self, number, host, cancel):
        self.number = number
        self.host = host
        self.reused = False
        self.idle_since = 0.0
        self.closed = False
        self.cancel = cancel

    def watch(self, cancel):
        self.cancel = cancel
        if cancel.cancelled:
            raise ConnectionFailed("cancelled")

    def close(self):
        self.closed = True


class Bench:
    """A pool whose connections are made here. ``error``: what opening raises; ``gate``: what it waits for first."""

    def __init__(self, monkeypatch):
        self.clock = HandClock()
        self.pool = Pool(Trust(None, "none"), self.clock)
        self.opened = []
        self.limits = []
        self.error = None
        self.gate = None
        self.at_gate = threading.Event()

        class Connection(Opened):
            open = self.open

        self.make = Connection
        monkeypatch.setattr(pool_module, "Connection", Connection)

    def open(self, endpoint, host, trust, limit, cancel, clock, proxy=None):
        self.limits.append(limit)
        if self.gate is not None:
            self.at_gate.set()
            assert self.gate.wait(LIMIT)
        if self.error is not None:
            raise self.error
        self.opened.append(self.make(len(self.opened) + 1, host, cancel))
        return self.opened[-1]

    def acquire(self, endpoint=A, limit=5.0, cancel=None):
        return self.pool.acquire(endpoint, endpoint.host, limit, cancel or Cancel())

    def release(self, connection, endpoint=A):
        self.pool.release(endpoint, endpoint.host, connection)

    def warm(self, endpoint=A):
        self.pool.warm(endpoint, endpoint.host, 1.0, Cancel())

    def announce(self, endpoint=A):
        self.pool.announce(endpoint, endpoint.host)

    def in_background(self, work):
        """(thread, what it gave or raised)"""
        results = []

        def run():
            try:
                results.append(work())
            except Exception as error:  # noqa: BLE001 (it is what the test looks at)
                results.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread, results


@pytest.fixture
def bench(monkeypatch):
    return Bench(monkeypatch)


def test_where_nothing_is_idle_a_connection_is_opened_in_at_most_a_second(bench):
    first = bench.acquire(limit=5.0)
    second = bench.acquire(limit=0.3)

    assert (1, 2) == (first.number, second.number)
    assert [1.0, 0.3] == bench.limits
    assert not first.reused


def test_what_was_given_back_is_used_again_the_latest_first(bench):
    first, second = bench.acquire(), bench.acquire()
    bench.release(first)
    bench.release(second)

    assert [2, 1, 3] == [bench.acquire().number for _ in range(3)]
    assert first.reused


def test_each_host_and_port_has_connections_of_its_own(bench):
    bench.release(bench.acquire(A), A)

    assert 2 == bench.acquire(B).number
    assert 3 == bench.acquire(Endpoint("https", A.host, 8443)).number
    assert 1 == bench.acquire(A).number


@pytest.mark.parametrize(
    ("seconds", "used"), [(0, True), (IDLE_LIMIT - 0.1, True), (IDLE_LIMIT, False), (3600, False), (-1, False)]
)
def test_what_idled_for_long_by_the_wall_clock_is_closed_and_not_used(bench, seconds, used):
    """The monotonic clock stands still in a freeze; and where the wall clock went back, nobody knows."""
    first = bench.acquire()
    bench.release(first)

    bench.clock.freeze(seconds)

    assert used is (bench.acquire() is first)
    assert used is not first.closed


def test_all_that_idled_for_long_are_closed_at_once(bench):
    connections = [bench.acquire() for _ in range(3)]
    for connection in connections:
        bench.release(connection)
    bench.clock.freeze(IDLE_LIMIT)

    assert 4 == bench.acquire().number
    assert all(connection.closed for connection in connections)


def test_who_takes_an_idle_connection_can_cancel_it(bench):
    connection = bench.acquire()
    bench.release(connection)
    cancel = Cancel()

    bench.acquire(cancel=cancel)

    assert connection.cancel is cancel


def test_a_call_that_was_cancelled_closes_the_connection_that_it_took(bench):
    connection = bench.acquire()
    bench.release(connection)
    cancel = Cancel()
    cancel.cancel()

    with pytest.raises(ConnectionFailed, match="cancelled"):
        bench.acquire(cancel=cancel)

    assert connection.closed


def test_before_a_snapshot_everything_idle_is_closed_and_forgotten(bench):
    kept, idle = bench.acquire(), bench.acquire()
    bench.release(idle)

    bench.pool.close_idle()

    assert (True, False) == (idle.closed, kept.closed)
    assert 3 == bench.acquire().number


def test_before_a_snapshot_what_is_being_opened_ahead_is_cut_waited_for_and_closed(bench):
    bench.gate = threading.Event()
    bench.announce()
    cancel = Cancel()
    opening, _ = bench.in_background(lambda: bench.pool.warm(A, A.host, 1.0, cancel))
    assert bench.at_gate.wait(LIMIT)
    sealing, _ = bench.in_background(bench.pool.seal)
    with pytest.raises(ConnectionFailed, match="cancelled"):
        cancel.pause(LIMIT)
    assert sealing.is_alive()
    bench.gate.set()
    sealing.join(LIMIT)
    opening.join(LIMIT)

    assert [True] == [connection.closed for connection in bench.opened]


def test_before_a_snapshot_what_was_announced_is_not_opened_any_more(bench):
    bench.announce()
    bench.pool.seal()
    bench.warm()

    assert [] == bench.opened


# Ahead of need


def test_a_connection_that_was_opened_ahead_is_the_one_that_is_used(bench):
    bench.announce()
    bench.warm()

    assert 1 == bench.acquire().number
    assert 2 == bench.acquire().number


def test_one_that_was_opened_ahead_and_lay_idle_counts_as_a_pooled_one(bench):
    """It may be dead by the time it is used; then the call is made on a fresh one without a pause."""
    bench.announce()
    bench.warm()

    assert bench.acquire().reused


def test_one_that_lay_idle_for_long_is_not_used(bench):
    bench.announce()
    bench.warm()
    bench.clock.freeze(IDLE_LIMIT)

    assert 2 == bench.acquire().number
    assert bench.opened[0].closed


def test_who_comes_while_it_is_being_opened_waits_for_it(bench):
    bench.gate = threading.Event()
    bench.announce()
    opening, _ = bench.in_background(bench.warm)
    assert bench.at_gate.wait(LIMIT)
    waiting, taken = bench.in_background(bench.acquire)
    bench.gate.set()
    opening.join(LIMIT)
    waiting.join(LIMIT)

    assert bench.opened == taken
    assert 1 == len(bench.opened)


def test_two_who_come_take_two_that_are_announced_and_a_third_opens_its_own(bench):
    bench.gate = threading.Event()
    bench.announce()
    bench.announce()
    takers = [bench.in_background(bench.acquire) for _ in range(3)]
    assert bench.at_gate.wait(LIMIT)  # the third
    warmers = [bench.in_background(bench.warm) for _ in range(2)]
    bench.gate.set()
    for thread, _ in takers + warmers:
        thread.join(LIMIT)

    assert {1, 2, 3} == {results[0].number for _, results in takers}
    assert 3 == len(bench.opened)


def test_who_waits_for_one_that_fails_gets_the_reason(bench):
    bench.gate = threading.Event()
    bench.error = ConnectionFailed("connecting to a.example.com failed")
    bench.announce()
    opening, _ = bench.in_background(bench.warm)
    assert bench.at_gate.wait(LIMIT)
    waiting, results = bench.in_background(bench.acquire)
    bench.gate.set()
    opening.join(LIMIT)
    waiting.join(LIMIT)

    assert [bench.error] == results


def test_one_that_failed_before_anybody_came_is_nobodys_failure(bench):
    bench.error = ConnectionFailed("connecting to a.example.com failed")
    bench.announce()
    bench.warm()
    bench.error = None

    assert 1 == bench.acquire().number


def test_a_fault_in_opening_does_not_leave_anyone_waiting(bench):
    bench.gate = threading.Event()
    bench.error = MemoryError()
    bench.announce()
    opening, raised = bench.in_background(bench.warm)
    assert bench.at_gate.wait(LIMIT)
    waiting, results = bench.in_background(bench.acquire)
    bench.gate.set()
    opening.join(LIMIT)
    waiting.join(LIMIT)

    assert [bench.error] == raised
    assert isinstance(results[0], ConnectionFailed)


def test_one_that_takes_too_long_is_a_timeout_and_left_to_who_asks_next(bench):
    bench.announce()  # and nobody opens it yet
    with pytest.raises(ConnectionFailed) as caught:
        bench.acquire(limit=0.02)
    assert caught.value.timed_out

    bench.warm()

    assert 1 == bench.acquire().number
    assert 1 == len(bench.opened)
