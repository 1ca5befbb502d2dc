"""What several clocks and logs say about one cold start, put together."""

from __future__ import annotations

import json

import pytest

from demo.records import Failed, Row
from demo.timeline import Answer, Entry, Moments, cold_start, emulated, journal, kind_of, prefetched, reports

REPORT = {
    "time": "2026-11-23T16:15:13.911Z",
    "level": "INFO",
    "logger": "preheat",
    "event": "init.report",
    "resources": [
        {"resource": "db", "ms": 30.5, "call": "BatchGetSecretValue", "bytes": 66, "outcome": "ok"},
        {"resource": "/flag", "ms": 25.8, "call": "GetParameters", "outcome": "AccessDeniedException"},
    ],
}
LOG = f"""23 Nov 2026 16:15:13,752 [INFO] (rapid) exec '/usr/bin/python3' (cwd=/var/task, handler=app.handler)
START RequestId: a355baac Version: $LATEST
23 Nov 2026 16:15:13,757 [INFO] (rapid) INIT START(type: on-demand, phase: init)
23 Nov 2026 16:15:13,780 [INFO] (rapid) External agent preheat (b29855ef) registered, subscribed to [INVOKE SHUTDOWN]
{json.dumps(REPORT, separators=(",", ":"))}
23 Nov 2026 16:15:14,038 [INFO] (rapid) INIT RTDONE(status: success)
23 Nov 2026 16:15:14,039 [INFO] (rapid) INIT REPORT(durationMs: 280.850000)
23 Nov 2026 16:15:14,039 [INFO] (rapid) INVOKE START(requestId: a355baac)
"""
T = 1_795_450_513.0  # 2026-11-23T16:15:13Z


def test_the_emulators_log_tells_when_init_began_and_ended():
    assert [0.757, 0.78, 0.911, 1.039] == [round(moment - T, 3) for moment in emulated(LOG)]


def test_without_an_extension_nothing_registered():
    lines = [line for line in LOG.splitlines() if "External" not in line and "init.report" not in line]
    moments = emulated("\n".join(lines))
    assert (0.0, 0.0) == (moments.registered, moments.ready)


def test_an_init_without_an_end_is_a_failure_that_shows_the_log():
    log = LOG.replace("INIT REPORT", "INIT TROUBLE")
    with pytest.raises(Failed, match="INIT TROUBLE"):
        emulated(log)


def test_the_report_says_what_was_prefetched():
    first, second = prefetched(reports(LOG)[0])
    assert ("db", "secret", 66, 30.5, "ok") == first
    assert ("/flag", "parameter", 0, 25.8, "AccessDeniedException") == second


@pytest.mark.parametrize(
    ("action", "kind"),
    [("GetSecretValue", "secret"), ("GetParameter", "parameter"), ("GetObject", "object"), ("AssumeRole", "")],
)
def test_a_call_tells_the_kind(action, kind):
    assert kind == kind_of(action)


def test_the_journal_is_read_in_order():
    lines = ['{"action": "GetObject", "start": 2.0, "end": 3.0}', '{"start": 1.0, "end": 1.5}']
    assert [Entry(1.0, 1.5, ""), Entry(2.0, 3.0, "GetObject")] == journal(lines)


FIRST = Answer(static=(100.1, 100.2), handler=(100.26, 100.27), status=200, body="{}")
WARM = Answer(static=(100.1, 100.2), handler=(101.0, 101.002), status=200, body="{}")
CALLS = [Entry(100.03, 100.04), Entry(100.05, 100.07, "GetObject"), Entry(103.0, 103.1, "GetParameters")]


def spans(rows):
    return {row.text: [(round(start), round(end)) for start, end in row.bars] for row in rows}


def test_a_cold_start_with_preheat_is_told_from_exec_to_the_first_answer():
    start = cold_start(Moments(100.0, 100.02, 100.08, 100.25), CALLS, FIRST, [WARM], ())
    assert {
        "exec to registered": [(0, 20)],
        "connections (1)": [(30, 40)],
        "GetObject": [(50, 70)],
        "sidecar ready": [(80, 80)],
        "runtime starts": [(20, 100)],
        "static code": [(100, 200)],
        "INIT over": [(250, 250)],
        "first handler": [(260, 270)],
    } == spans(start.rows)
    assert (250, 270, 10) == (round(start.init_ms), round(start.answered_ms), round(start.first_ms))
    assert [2] == [round(value) for value in start.warm_ms]
    assert 2 == start.calls


def test_without_preheat_calls_come_where_the_function_makes_them():
    rows = cold_start(Moments(100.0, 0.0, 0.0, 100.25), CALLS, FIRST, [], ()).rows
    assert ["runtime starts", "static code", "INIT over", "first handler", "connections (1)", "GetObject"] == [
        row.text for row in rows
    ]
    assert [(0, 100)] == spans(rows)["runtime starts"]


def test_what_a_coarser_clock_puts_before_the_beginning_begins_there():
    rows = cold_start(Moments(100.0, 100.02, 100.08, 100.25), [Entry(99.99, 100.01, "GetObject")], FIRST, [], ()).rows
    assert [(0, 10)] == spans(rows)["GetObject"]


@pytest.mark.parametrize(
    ("bars", "duration"),
    [((), 0), (((1, 3), (2, 5)), 4), (((1, 2), (4, 6)), 3), (((1, 9), (2, 3)), 8), (((5, 5),), 0)],
)
def test_time_that_bars_share_counts_once(bars, duration):
    assert duration == Row("", "", bars).duration
