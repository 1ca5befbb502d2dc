"""Every way in which AWS fails, at every moment at which it is asked, for every service: what comes of it.

The table is contract §4's, as it is seen from outside. At each of the five moments the same holds: `next` is asked for
in time, a reader gets the error of the table or, where there may be one, the old value; nothing is called more often
than the class of the error allows; the old value is never lost and never shown as fresh; when AWS answers again all is
well at once; and no socket, no thread and no fault of our own is left.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import pytest

from tests.faults.cell import LISTS, NEW, OLD, SERVICES
from tests.integration.passing_time import let_pass


class Row(NamedTuple):
    """Status and AWS's code (of 200: the value) for who waits for a secret, a parameter, an object; calls a fetch."""

    secretsmanager: tuple[int, str]
    ssm: tuple[int, str]
    s3: tuple[int, str]
    calls: tuple[int, int]

    def outcome(self, service: str) -> tuple[int, str]:
        return getattr(self, service)

    def fails(self, service: str) -> bool:
        return self.outcome(service)[0] != 200

    def meanwhile(self, service: str) -> str:
        """What is held after such a fetch."""
        return OLD if self.fails(service) else self.outcome(service)[1]

    def afterwards(self, service: str) -> str:
        """What is read when AWS answers again."""
        return NEW if self.fails(service) else self.outcome(service)[1]


# How often one fetch asks: not at all, once, once more, or again and again with pauses while there is time.
NEVER, ONCE, ONCE_MORE, AGAIN = (0, 0), (1, 1), (2, 2), (2, 12)
THROTTLED, TIMEOUT, CONNECTION = (429, "ThrottlingException"), (504, "TimeoutError"), (502, "ConnectionError")
UNAVAILABLE, EXPIRED = (502, "ServiceUnavailableException"), (502, "ExpiredTokenException")
NONSENSE, GOOD = (502, "Unknown"), (200, NEW)

FAULTS = {
    # fault         a secret                          a parameter                       an object               calls
    "throttled": Row(THROTTLED, THROTTLED, (429, "SlowDown"), AGAIN),
    "error_500": Row((502, "InternalServiceError"), (502, "InternalServerError"), (502, "InternalError"), AGAIN),
    "error_503": Row(UNAVAILABLE, UNAVAILABLE, (502, "ServiceUnavailable"), AGAIN),
    "hang": Row(TIMEOUT, TIMEOUT, TIMEOUT, ONCE),
    "cut": Row(CONNECTION, CONNECTION, CONNECTION, AGAIN),  # before the first byte
    "cut_body": Row(CONNECTION, CONNECTION, CONNECTION, AGAIN),
    "garbage": Row(CONNECTION, CONNECTION, CONNECTION, AGAIN),
    "too_long": Row(CONNECTION, CONNECTION, CONNECTION, AGAIN),  # the length that is announced; likewise
    "too_short": Row(CONNECTION, CONNECTION, CONNECTION, AGAIN),
    "empty": Row(NONSENSE, NONSENSE, (200, ""), AGAIN),  # an object may be empty, and nothing says that this one is not
    "tls": Row(CONNECTION, CONNECTION, CONNECTION, NEVER),
    "DNS failure": Row(CONNECTION, CONNECTION, CONNECTION, NEVER),
    "expired token": Row(EXPIRED, EXPIRED, (502, "ExpiredToken"), ONCE_MORE),
    "skewed clock": Row(GOOD, GOOD, GOOD, (1, 2)),  # put right by AWS's own time, which one of them learns for all
}
NAMES = dict(zip(SERVICES, ("db", "/app/flag", "s3://bucket/rates"), strict=True))
faults = pytest.mark.parametrize("fault", FAULTS)
# Past its TTL in a moment and served nevertheless, so that no moment of the test is too late.
STALE_SOON = {"ttl": "200ms", "stale_while_revalidate": "1h"}


def _check_calls(cell, row, fetches=1):
    for service in SERVICES:
        least, most = row.calls if row.fails(service) else (1, 2)
        assert least <= cell.calls[service] <= most * fetches, service


def _check_answers(row, answers):
    """Everybody who waited has the outcome of the table."""
    for service, several in answers.items():
        status, what = row.outcome(service)
        for answer in several:
            assert status == answer.status, service
            assert what == (answer.text if status == 200 else answer.problem["code"]), service


def _check_log(cell, row):
    assert {NAMES[service]: row.outcome(service)[1] for service in SERVICES if row.fails(service)} == cell.failures()


def _check_first_reads(cell, row):
    """Of what failed nothing is remembered, and the rest is held."""
    expected = {service: (row.afterwards(service), "miss" if row.fails(service) else "hit") for service in SERVICES}
    assert expected == cell.read()


def _check_stale(answer, since):
    assert (OLD, "stale") == (answer.text, answer.header("preheat-cache"))
    assert "private, max-age=0" == answer.header("cache-control")
    assert int(answer.header("age")) <= time.monotonic() - since + 1


@faults
def test_a_prefetch_in_init(cell, fault):
    row, cell = FAULTS[fault], cell(fault)
    cell.put(NEW)
    cell.begin()
    cell.start(**LISTS, init_timeout="5s")
    extension = cell.api.extension("preheat")
    assert extension.ready_at - extension.registered_at < 5
    _check_calls(cell, row)
    _check_log(cell, row)
    assert 200 == cell.sidecar.get("/health").status  # none of them is required
    cell.end()
    _check_first_reads(cell, row)


@faults
def test_a_readers_miss(cell, fault):
    """Two readers of each: they share the call, and its failure."""
    row, cell = FAULTS[fault], cell(fault)
    cell.start()
    cell.put(NEW)
    cell.begin()
    _check_answers(row, cell.ask(readers=2))
    _check_calls(cell, row)
    _check_log(cell, row)
    cell.end()
    _check_first_reads(cell, row)


@faults
def test_a_refresh_ahead(cell, fault):
    """Where nothing freezes, a read of what is due starts its refresh, and does not wait for it."""
    row, cell = FAULTS[fault], cell(fault, managed_instances=True)
    cell.start(**LISTS, **STALE_SOON)
    cell.put(NEW)
    started = time.monotonic()
    let_pass(0.2)
    cell.begin()
    assert {(OLD, "stale")} == set(cell.read().values())
    failing = {NAMES[service] for service in SERVICES if row.fails(service)}
    expected = {service: row.meanwhile(service) for service in SERVICES}
    cell.wait(lambda: failing == set(cell.failures()) and expected == cell.values(), "the refresh has no outcome")
    _check_log(cell, row)
    _check_calls(cell, row, fetches=3)  # the timer may have come twice meanwhile
    for service, answers in cell.ask().items():
        if row.fails(service):
            _check_stale(answers[0], started)
    cell.end()
    expected = {service: row.afterwards(service) for service in SERVICES}
    cell.wait(lambda: expected == cell.values(), "the new value does not come")


@faults
def test_a_refresh_at_invoke(cell, fault):
    row, cell = FAULTS[fault], cell(fault)
    started = time.monotonic()
    cell.start(**LISTS, **STALE_SOON)
    cell.put(NEW)
    let_pass(0.2)
    assert {(OLD, "stale")} == set(cell.read().values())
    cell.begin()
    assert cell.api.invoke_and_wait(timeout_ms=30_000).elapsed < 5
    _check_log(cell, row)
    _check_calls(cell, row)
    for service, answers in cell.ask().items():
        assert row.meanwhile(service) == answers[0].text
        if row.fails(service):
            _check_stale(answers[0], started)
    cell.end()
    cell.api.invoke_and_wait(timeout_ms=30_000)
    assert {service: row.afterwards(service) for service in SERVICES} == cell.values()


@faults
def test_a_forced_refresh(cell, fault):
    """It fails for who asked for it, and for nobody else: the old entry is as good as it was."""
    row, cell = FAULTS[fault], cell(fault)
    cell.start(**LISTS)
    cell.put(NEW)
    cell.begin()
    _check_answers(row, cell.ask("?refresh=true", readers=2))
    _check_calls(cell, row)
    _check_log(cell, row)
    assert {service: (row.meanwhile(service), "hit") for service in SERVICES} == cell.read()
    cell.end()
    assert 200 == cell.sidecar.request("POST", "/restore").status  # which fetches all, however little ago that was
    assert {service: row.afterwards(service) for service in SERVICES} == cell.values()
