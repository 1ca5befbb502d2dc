"""SHUTDOWN: in whatever form it comes, the process ends by itself, with status 0, well inside the deadline."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.integration.passing_time import let_pass
from tests.integration.world import LISTS, fill

DRAIN = 0.5  # seconds that requests in progress are given
SLACK = 0.35


def _ends_within(sidecar, seconds):
    started = time.monotonic()
    assert 0 == sidecar.wait_exit()
    took = time.monotonic() - started
    assert took < seconds, f"it took {took:.2f} s"


@pytest.mark.parametrize("reason", ["spindown", "timeout", "failure"])
def test_it_ends_at_once_and_says_who_read_what(aws, api, ready, reason):
    fill(aws)
    sidecar = ready(**LISTS)
    sidecar.get("/secrets/app/secret-1")
    sidecar.get("/secrets/app/secret-1")
    sidecar.get("/secrets/absent")
    api.invoke_and_wait()
    api.shutdown(reason)
    _ends_within(sidecar, SLACK)
    (line,) = sidecar.events("shutdown.report")
    assert (reason, 1, 5) == (line["reason"], line["invocations"], line["calls"])
    (read,) = line["entries"]
    assert {"resource": "app/secret-1", "hits": 2, "misses": 0, "stale": 0} == read
    assert 21 == len(line["never_read"])
    assert "Exited" == api.process_exited()


def test_what_was_never_read_is_what_was_prefetched_and_not_what_was_never_there(aws, api, ready):
    """A wildcard stands for its members: those may have been for nothing."""
    fill(aws)
    sidecar = ready(secrets=["app/secret-1", "absent"], parameters=["/app/*"])
    for number in range(1, 10):
        sidecar.get(f"/parameters/app/parameter-{number}")
    sidecar.get("/secrets/absent")
    api.shutdown()
    _ends_within(sidecar, SLACK)
    (line,) = sidecar.events("shutdown.report")
    assert ["/app/parameter-0", "app/secret-1"] == sorted(line["never_read"])
    assert {f"/app/parameter-{number}" for number in range(1, 10)} == {row["resource"] for row in line["entries"]}


FORMS: dict[str, dict[str, Any]] = {
    "text/plain": {},
    "application/json": {"content_type": "application/json"},
    "no content type": {"content_type": ""},
    "chunked": {"framing": "chunked"},
    "ended by closing": {"framing": "close"},
    "dribbled": {"piece": 1, "pause": 0.001},
    "dribbled in chunks": {"framing": "chunked", "piece": 3, "pause": 0.001},
    "upper case": {"header_case": "upper"},
    "lower case": {"header_case": "lower"},
}


@pytest.mark.parametrize("form", FORMS)
def test_whatever_form_it_comes_in(api, ready, form):
    """The emulator sends it as text/plain."""
    sidecar = ready()
    options = dict(FORMS[form])
    content_type = options.pop("content_type", "text/plain; charset=utf-8")
    for name, value in options.items():
        setattr(api, name, value)
    api.invoke_and_wait()
    api.shutdown(content_type=content_type)
    _ends_within(sidecar, 1 + SLACK)


def test_connections_that_wait_for_nothing_are_closed(aws, api, ready):
    fill(aws)
    sidecar = ready(**LISTS)
    clients = [sidecar.connect() for _ in range(50)]
    for client in clients[:25]:
        client.get("/secrets/app/secret-1")
    api.shutdown()
    _ends_within(sidecar, SLACK)
    for client in clients:
        assert b"" == client.rest()
        client.close()


def test_a_hanging_call_and_its_readers_do_not_keep_it(aws, api, ready):
    """The readers are told so, in contract form; not silence."""
    fill(aws)
    sidecar = ready(**LISTS, fetch_timeout="30s")
    hold = aws.hold(timeout=30)
    clients = [sidecar.connect() for _ in range(8)]
    for number, client in enumerate(clients):
        client.ask("GET", f"/secrets/absent-{number % 2}")
    hold.wait(2)
    api.shutdown()
    started = time.monotonic()
    for client in clients:
        answer = client.answer()
        assert (503, 503, "close") == (answer.status, answer.json["status"], answer.header("connection"))
        assert time.monotonic() - started < DRAIN + SLACK
        client.close()
    _ends_within(sidecar, DRAIN + SLACK)
    assert 1 == len(sidecar.events("shutdown.report"))


def test_a_request_in_progress_is_still_answered(aws, api, ready):
    fill(aws)
    sidecar = ready(fetch_timeout="30s")
    hold = aws.hold(timeout=30)
    with sidecar.connect() as client, sidecar.connect() as idle:
        client.ask("GET", "/secrets/app/secret-1")
        hold.wait()
        api.shutdown()
        assert b"" == idle.rest()  # it is draining now
        with pytest.raises(ConnectionRefusedError):
            sidecar.connect()
        hold.release()
        answer = client.answer()
        assert (200, "secret value 1", "close") == (answer.status, answer.text, answer.header("connection"))
    _ends_within(sidecar, DRAIN + SLACK)


@pytest.mark.parametrize(("timeout_ms", "most"), [(2000, DRAIN), (500, 0.2), (200, 0.0), (-100, 0.0)])
def test_the_less_time_is_left_the_less_it_drains(aws, api, ready, timeout_ms, most):
    sidecar = ready(fetch_timeout="30s")
    hold = aws.hold(timeout=30)
    with sidecar.connect() as client:
        client.ask("GET", "/secrets/absent")
        hold.wait()
        api.shutdown(timeout_ms=timeout_ms)
        _ends_within(sidecar, most + SLACK)


def test_it_comes_while_a_round_hangs(aws, api, ready):
    """It is delivered when the process asks for the next event, which a round may delay by a second at most."""
    fill(aws)
    sidecar = ready(**LISTS, ttl="200ms")
    let_pass(0.2)
    hold = aws.hold(timeout=30)
    api.invoke(timeout_ms=1000)
    hold.wait(4)
    api.shutdown(timeout_ms=3000)
    _ends_within(sidecar, 0.5 + SLACK)
    assert 1 == len(sidecar.events("shutdown.report"))


def test_at_log_level_none_it_ends_in_silence(api, ready):
    sidecar = ready(log_level="NONE")
    api.shutdown()
    _ends_within(sidecar, SLACK)
    assert "" == sidecar.output
