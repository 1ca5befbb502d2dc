"""Lambda Managed Instances as the emulator has them: SHUTDOWN alone may be registered, INIT waits for no invocation,
several processes ask at once, nothing freezes."""

from __future__ import annotations

import base64
import time

import pytest

from tests.emulator.resources import value_of

WORKERS = 4
LIMIT = 15.0  # seconds; for what a timer does once a second


@pytest.fixture
def managed(start, aws, resources):
    """managed(**variables): an environment with four workers, ready."""

    def managed(**variables):
        environment = start(aws.environ | resources.lists | variables, concurrency=WORKERS)
        environment.__enter__()
        entered.append(environment)
        _until(lambda: environment.events("init.report"))
        if "operation not permitted" in environment.log:
            pytest.skip("the emulator runs everything as another user, and may not change to it here")
        return environment

    entered = []
    yield managed
    for environment in entered:
        environment.__exit__(None, None, None)


def _until(come):
    deadline = time.monotonic() + LIMIT
    while not (found := come()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def _all_work(environment):
    """INIT is over with the first worker; the others come after it, and until then there is "Runtime.Unavailable"."""
    answers = [answer.json() for answer in environment.invoke_together([{"then": "linger"}] * WORKERS)]
    return WORKERS == len({answer["pid"] for answer in answers if "pid" in answer})


def test_everything_is_there_before_the_first_invocation(managed, aws):
    environment = managed()
    (report,) = environment.events("init.report")
    assert (["SHUTDOWN"], 22, 0) == (report["events"], report["loaded"], report["failed"])
    assert 4 == len(aws.calls())


def test_several_processes_ask_at_once_and_shut_down_is_spindown(managed, aws, resources):
    """For what is listed, and for what is not: one call for all of them."""
    aws.control("POST", "/do", {"method": "put_secret", "positional": ["prod/unlisted", "found"]})
    environment = managed()
    _until(lambda: _all_work(environment))
    aws.control("DELETE", "/calls")
    aws.control("POST", "/settings", {"latency_ms": 1000})  # all of them ask before the first has its answer
    paths = ["/secrets/prod/unlisted", *resources.reads]
    answers = [answer.json() for answer in environment.invoke_together([{"reads": paths}] * WORKERS)]
    assert WORKERS == len({answer["pid"] for answer in answers})
    for answer in answers:
        reads = [base64.b64decode(body) for _, body in answer["reads"]]
        assert b"found" == reads[0]
        assert resources.reads == {path: value_of(path, body) for path, body in zip(paths[1:], reads[1:], strict=True)}
    assert [["prod/unlisted"]] == [call["resources"] for call in aws.calls()]
    assert 0 == environment.terminate()
    (report,) = environment.events("shutdown.report")
    assert ("spindown", 0, []) == (report["reason"], report["invocations"], report["never_read"])


def test_a_timer_keeps_what_is_read_fresh(managed, aws):
    environment = managed(PREHEAT_TTL="3s")
    assert 200 == environment.get("/secrets/prod/db-0").status
    aws.control("POST", "/do", {"method": "rotate_secret", "positional": ["prod/db-0", "rotated"]})
    aws.control("DELETE", "/calls")
    (call,) = _until(aws.calls)  # nobody reads meanwhile
    assert ["prod/db-0"] == call["resources"]
    _until(lambda: environment.events("entry.changed"))
    answer = environment.get("/secrets/prod/db-0")
    assert (b"rotated", "hit") == (answer.body, answer.headers["preheat-cache"])
