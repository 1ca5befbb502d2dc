"""AWS cannot be reached during INIT: `next` is called in time, readers get an answer, and all works once it is back."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.aws import FakeAws
from tests.integration.sidecar import Sidecar
from tests.integration.world import LISTS, SECRETS, fill

INIT_TIMEOUT, FETCH_TIMEOUT = 0.4, 0.25
SLACK = 0.5  # seconds after PREHEAT_INIT_TIMEOUT by which `next` must have been called


class FullBacklog:
    """A port on which connecting takes for ever: it listens, accepts nobody, and its queue is full."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self._listener.getsockname()[1]
        self._fillers = []
        while True:
            filler = socket.socket()
            filler.settimeout(0.05)
            self._fillers.append(filler)
            try:
                filler.connect(("127.0.0.1", self.port))
            except TimeoutError:
                return

    def close(self) -> None:
        for filler in [*self._fillers, self._listener]:
            filler.close()


# Each makes AWS unreachable, and returns variables to set and what makes it reachable again (None: nothing can).
def _refused(aws: FakeAws) -> tuple[dict[str, str], Callable[[], None] | None]:
    aws.stop_listening()
    return {}, aws.start_listening


def _tls_hangs(aws: FakeAws) -> tuple[dict[str, str], Callable[[], None] | None]:
    aws.faults.add("tls_hang")
    return {}, aws.faults.clear


def _handshake_is_cut(aws: FakeAws) -> tuple[dict[str, str], Callable[[], None] | None]:
    aws.faults.add("tls")
    return {}, aws.faults.clear


def _answers_hang(aws: FakeAws) -> tuple[dict[str, str], Callable[[], None] | None]:
    aws.faults.add("hang")
    return {}, aws.faults.clear


def _name_unknown(aws: FakeAws) -> tuple[dict[str, str], Callable[[], None] | None]:
    return {"AWS_ENDPOINT_URL": "https://secretsmanager.preheat.invalid"}, None


WAYS = [(_refused, 502), (_tls_hangs, 504), (_handshake_is_cut, 502), (_answers_hang, 504), (_name_unknown, 502)]
TARGETS = ["/secrets/app/secret-1", "/parameters/app/parameter-1", "/s3/lookup/rates.json"]


def _held_for(api) -> float:
    """Seconds from registration to the first `next`."""
    extension = api.wait_next()
    return extension.ready_at - extension.registered_at


def _check_reads_fail(sidecar: Sidecar, statuses: set[int]) -> None:
    for target in TARGETS:
        started = time.monotonic()
        answer = sidecar.get(target)
        assert answer.status in statuses, target
        assert answer.problem["code"]
        assert time.monotonic() - started < FETCH_TIMEOUT + SLACK
    answer = sidecar.get("/secretsmanager/get?secretId=app/secret-2")
    assert (400, "an unexpected error occurred while executing request") == (answer.status, answer.text)
    assert answer.header("preheat-error") in ("ConnectionError", "TimeoutError")


@pytest.mark.parametrize(("way", "status"), WAYS)
def test_init_is_held_no_longer_than_allowed_and_reads_work_once_aws_is_back(aws, api, launch, way, status):
    fill(aws)
    variables, restore = way(aws)
    sidecar = launch(
        aws,
        **LISTS,
        environ=variables,
        init_timeout=f"{INIT_TIMEOUT * 1000:.0f}ms",
        fetch_timeout=f"{FETCH_TIMEOUT * 1000:.0f}ms",
    )
    assert _held_for(api) < INIT_TIMEOUT + SLACK
    _check_reads_fail(sidecar, {status})
    if restore is not None:
        restore()
        assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
        assert "parameter value 1" == sidecar.get("/parameters/app/parameter-1").text
        assert b'{"EUR": 1.0}' == sidecar.get("/s3/lookup/rates.json").body


@pytest.fixture
def full_backlog():
    server = FullBacklog()
    yield server
    server.close()


def test_connections_that_hang(aws, api, launch, full_backlog):
    """Nobody answers to the very first packet, as behind a security group that drops."""
    sidecar = launch(
        aws,
        **LISTS,
        environ={"AWS_ENDPOINT_URL": f"https://127.0.0.1:{full_backlog.port}"},
        init_timeout=f"{INIT_TIMEOUT * 1000:.0f}ms",
        fetch_timeout=f"{FETCH_TIMEOUT * 1000:.0f}ms",
    )
    assert _held_for(api) < INIT_TIMEOUT + SLACK
    _check_reads_fail(sidecar, {504})


def test_one_service_that_hangs_keeps_no_other_one_waiting(aws, api, launch, full_backlog):
    """As behind a VPC endpoint of one service whose security group drops."""
    fill(aws)
    sidecar = launch(
        aws,
        **LISTS | {"secrets": list(SECRETS)[:6]},
        environ={"AWS_ENDPOINT_URL_SECRETS_MANAGER": f"https://127.0.0.1:{full_backlog.port}"},
        init_timeout="700ms",  # connecting may take a second
    )
    api.wait_next()
    aws.clear_calls()
    assert "parameter value 1" == sidecar.get("/parameters/app/parameter-1").text
    assert b'{"EUR": 1.0}' == sidecar.get("/s3/lookup/rates.json").body
    assert [] == aws.calls


@pytest.mark.parametrize(
    ("variables", "expected"), [({}, "timeout:1 attempts:2"), ({"RES_OPTIONS": "timeout:3"}, "timeout:3")]
)
def test_a_name_look_up_gives_up_early(launch, api, variables, expected):
    """It cannot be cancelled, so the launcher bounds it, unless the user has."""
    sidecar = launch(None, environ=variables)
    api.wait_registered()
    environ = Path(f"/proc/{sidecar.process.pid}/environ").read_text("utf-8").split("\0")
    assert f"RES_OPTIONS={expected}" in environ


def test_init_timeout_0_holds_nothing_and_the_prefetch_is_made_at_the_first_invoke(aws, api, launch):
    fill(aws)
    hold = aws.hold(timeout=30)
    sidecar = launch(aws, **LISTS, init_timeout="0")
    assert _held_for(api) < SLACK
    hold.release()
    api.invoke_and_wait()
    aws.clear_calls()
    assert list(SECRETS.values()) == [sidecar.get(f"/secrets/{name}").text for name in SECRETS]
    assert [] == aws.calls


def test_no_call_that_nobody_waits_for_is_under_way_at_next(aws, api, launch):
    """An environment may be frozen from then on."""
    fill(aws)
    aws.hold(timeout=30)
    sidecar = launch(aws, **LISTS, init_timeout="300ms")
    api.wait_next()
    assert 4 == len(aws.wait_finished(4))
    assert all(call.abandoned for call in aws.calls)
    (report,) = sidecar.events("init.report")
    assert (0, 4) == (report["loaded"], report["cut"])
    assert [] == sidecar.events("fetch.failed"), "cut is not failed"


def test_readers_that_wait_when_init_times_out_get_their_answer(aws, api, launch):
    """AWS answers after all: their call went on, with everybody else's cut."""
    fill(aws)
    hold = aws.hold(timeout=30)
    sidecar = launch(aws, **LISTS, init_timeout="400ms", fetch_timeout="5s")
    api.wait_registered()
    clients = [sidecar.connect() for _ in TARGETS]
    for client, target in zip(clients, TARGETS, strict=True):
        client.ask("GET", target)
    hold.wait(4)
    api.wait_next()
    hold.release()
    assert ["secret value 1", "parameter value 1", '{"EUR": 1.0}'] == [client.answer().text for client in clients]
    for client in clients:
        client.close()


def test_readers_that_wait_when_init_times_out_get_an_error_in_time(aws, api, launch):
    """AWS never answers: the fetch timeout is theirs, not INIT's."""
    fill(aws)
    hold = aws.hold(timeout=30)
    sidecar = launch(aws, **LISTS, init_timeout="300ms", fetch_timeout="800ms")
    api.wait_registered()
    client = sidecar.connect()
    client.ask("GET", "/secrets/app/secret-1")
    hold.wait(4)
    api.wait_next()
    answer = client.answer()
    assert (504, "TimeoutError") == (answer.status, answer.problem["code"])
    client.close()


@pytest.mark.parametrize("bundle", ["/no/such/file", "/proc/self/environ"], ids=["missing", "no certificates"])
def test_a_ca_bundle_that_cannot_be_loaded_is_told_and_not_tried_again(aws, api, launch, bundle):
    fill(aws)
    started = time.monotonic()
    sidecar = launch(aws, secrets=["app/secret-1"], environ={"AWS_CA_BUNDLE": bundle})
    api.wait_next()
    (line,) = sidecar.events("fetch.failed")
    assert f"AWS_CA_BUNDLE '{bundle}' can't be loaded" in line["reason"]
    assert 502 == sidecar.get("/secrets/app/secret-1").status
    assert time.monotonic() - started < 2


def test_a_server_that_nobody_vouches_for_is_refused_at_once(aws, api, launch):
    """Without AWS_CA_BUNDLE the stand-in's certificate is a stranger's. Trying again would not make it good."""
    fill(aws)
    started = time.monotonic()
    sidecar = launch(aws, secrets=["app/secret-1"], environ={"AWS_CA_BUNDLE": None})
    api.wait_next()
    assert time.monotonic() - started < 2
    (line,) = sidecar.events("fetch.failed")
    assert "not trusted" in line["reason"]
    assert 502 == sidecar.get("/secrets/app/secret-1").status
    assert 0 == aws.count()
