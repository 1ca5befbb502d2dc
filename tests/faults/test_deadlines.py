"""AWS hangs while an INVOKE refreshes: the invocation never times out because of us.

An answered invocation ends when every extension has asked for the next event, and is a "Task timed out" where one of
them has not by the function's timeout.
"""

from __future__ import annotations

import pytest

from tests.faults.cell import LISTS, OLD, SERVICES, TARGETS
from tests.integration.passing_time import let_pass

STALE_SOON = {"ttl": "200ms", "stale_while_revalidate": "1h"}
hangs = pytest.mark.parametrize("fault", ["hang", "tls_hang"])
timeouts = pytest.mark.parametrize("seconds", [1.0, 3.0])


def _stale(cell, fault, **settings):
    cell = cell(fault)
    cell.start(**LISTS, **settings, fetch_timeout="30s")
    let_pass(0.2)
    return cell


@hangs
@timeouts
def test_next_is_asked_for_before_the_function_times_out(cell, fault, seconds):
    cell = _stale(cell, fault, **STALE_SOON)
    assert {(OLD, "stale")} == set(cell.read().values())
    cell.begin()
    for _ in range(2):  # what the first round had no time for is due in the second, and no worse
        invocation = cell.api.invoke_and_wait(timeout_ms=round(seconds * 1000))
        assert invocation.elapsed < seconds
    if fault == "hang":
        assert dict.fromkeys(SERVICES, 2) == cell.calls
        assert all(call.abandoned for call in cell.aws.wait_finished(6))
    assert [] == cell.sidecar.events("fetch.failed"), "cut is not failed"
    cell.end()
    cell.api.invoke_and_wait()
    assert {OLD} == set(cell.values().values())


@hangs
@timeouts
def test_a_reader_that_waits_gets_its_answer_before_the_function_times_out(cell, fault, seconds):
    """A handler that waits for us for ever times out because of us; with an error it can end as it likes. It may even
    have asked before the event came to this process."""
    cell = _stale(cell, fault, ttl="200ms")
    cell.begin()
    clients = [cell.sidecar.connect() for _ in SERVICES]
    for client, service in zip(clients, SERVICES, strict=True):
        client.ask("GET", TARGETS[service])
    if fault == "hang":
        cell.aws.wait_calls(len(SERVICES))
    invocation = cell.api.invoke(timeout_ms=round(seconds * 1000))
    assert [504, 504, 504] == [client.answer().status for client in clients]
    assert cell.api.wait_invocation(invocation).elapsed < seconds
    for client in clients:
        client.close()
    cell.end()
    assert {OLD} == set(cell.values().values())
