"""Each way in which a function can end, with AWS up and with AWS down: what the next invocation reads, and how long its
INIT is held (contract §5)."""

from __future__ import annotations

import base64

import pytest

from tests.emulator.test_lifecycle import assert_ended_in_good_order, assert_reads_are_right

TIMEOUT = 2  # seconds; of the function
LIMIT_MS = min(500, TIMEOUT * 1000 / 4)  # that the prefetch may hold an INIT inside an invocation
SLACK_MS = 600  # what the rest of such an INIT takes on a busy machine; without the limit it would be seconds
SETTINGS = {"PREHEAT_INIT_TIMEOUT": "8s", "PREHEAT_FETCH_TIMEOUT": "6s"}
# What the next invocation finds: the same process, or a new one in the same environment.
ENDINGS = {
    "fail": (False, b"the handler failed"),
    "hang": (True, b"Task timed out after 2.00 seconds"),
    "exit": (True, b"Runtime.ExitError"),
    "abort": (True, b"Runtime.ExitError"),
    "sigterm": (True, b"Runtime.ExitError"),
}


def _assert_held_for_a_moment(environment, inits):
    reports = environment.events("init.report")
    assert inits == len(reports)
    for report in reports[1:]:
        assert report["ready_ms"] < LIMIT_MS + SLACK_MS


@pytest.mark.parametrize("end", ["fail", "abort", "sigterm"])  # the others: test_lifecycle
def test_with_aws_up_the_next_invocation_reads_as_before(start, aws, resources, end):
    anew, said = ENDINGS[end]
    with start(aws.environ | resources.lists | SETTINGS, timeout=TIMEOUT) as environment:
        assert_reads_are_right(environment, resources)
        assert said in environment.invoke({"then": end}).body
        assert_reads_are_right(environment, resources)
        _assert_held_for_a_moment(environment, 1 + anew)
        assert_ended_in_good_order(environment)
    assert (8 if anew else 4) == len(aws.calls())


@pytest.mark.parametrize("end", ENDINGS)
def test_with_aws_down_the_next_init_is_held_for_a_moment_and_all_is_well_when_it_is_back(start, aws, resources, end):
    """A process that goes on has its values; a new one says that it has none, and does not make the function hang."""
    anew, said = ENDINGS[end]
    with start(aws.environ | resources.lists | SETTINGS, timeout=TIMEOUT) as environment:
        assert_reads_are_right(environment, resources)
        aws.control("POST", "/faults", {"kind": "hang"})
        assert said in environment.invoke({"then": end}).body
        answer = environment.invoke()  # the function need not read anything
        assert [] == answer.json()["reads"]
        if not anew:
            assert_reads_are_right(environment, resources)
        aws.control("DELETE", "/faults")
        assert_reads_are_right(environment, resources)
        _assert_held_for_a_moment(environment, 1 + anew)
        assert_ended_in_good_order(environment)


def test_a_read_while_aws_refuses_connections_says_so_at_once(start, aws, resources):
    environ = aws.environ | resources.lists | {"PREHEAT_FETCH_TIMEOUT": "500ms"}
    with start(environ, timeout=TIMEOUT) as environment:
        assert_reads_are_right(environment, resources)
        aws.control("POST", "/do", {"method": "stop_listening"})
        environment.invoke({"then": "exit"})
        answer = environment.invoke({"reads": ["/secrets/prod/db-0?refresh=true"]})
        ((status, body),) = answer.json()["reads"]
        assert 502 == status, base64.b64decode(body)
        aws.control("POST", "/do", {"method": "start_listening"})
        assert_reads_are_right(environment, resources)
        _assert_held_for_a_moment(environment, 2)


@pytest.mark.parametrize("down", [False, True])
def test_a_function_that_fails_in_init_is_tried_again_with_a_hold_of_a_moment(start, aws, resources, down):
    """The environment's first process has seen no INVOKE, so nobody knows the function's timeout yet."""
    if down:
        aws.control("POST", "/faults", {"kind": "hang"})
    # Time enough for the emulator's own second attempt, which always fails; a timeout in the middle of it crashes it.
    with start(aws.environ | resources.lists | SETTINGS | {"FAILS_ONCE": "1"}, timeout=8) as environment:
        assert b'"reads"' not in environment.invoke().body
        assert [] == environment.invoke().json()["reads"]
        if down:
            aws.control("DELETE", "/faults")
        assert_reads_are_right(environment, resources)
        assert environment.terminate() == 0
        assert environment.events("init.report")[-1]["ready_ms"] < LIMIT_MS + SLACK_MS
