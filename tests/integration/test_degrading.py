"""A mistake of ours costs as little as it can: never the function, never somebody else's answer, never silence."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import pytest

from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.http_client import Closed
from tests.integration.passing_time import let_pass
from tests.integration.world import LISTS, fill

SABOTEUR = Path(__file__).with_name("saboteur.py")


@pytest.fixture
def sabotaged_command(opt):
    """sabotaged_command("module:Class.name"): what starts a sidecar in which that function raises."""
    python = Path(sys.executable).resolve()
    return lambda broken: [python, "-I", "-S", "-B", SABOTEUR, broken, opt / "preheat" / "start.py", "", "preheat"]


@pytest.fixture
def sabotaged(launch, aws, api, sabotaged_command):
    """sabotaged("module:Class.name"): the same, started; `next` has been called."""

    def start(broken, **options):
        sidecar = launch(aws, command=sabotaged_command(broken), **options)
        sidecar.may_fault = True
        api.wait_next()
        return sidecar

    return start


def _lives(sidecar, api):
    """It takes part in the environment's life to its end, and tells no value."""
    api.invoke_and_wait()
    api.invoke_and_wait()
    api.shutdown()
    assert 0 == sidecar.wait_exit()
    assert "a-value" not in sidecar.output
    assert [] != [line for line in sidecar.log if "ERROR" == line["level"]]


@pytest.mark.parametrize(
    "broken",
    [
        "extension.prefetch:Prefetch.start",
        "extension.prefetch:Prefetch.wait",
        "extension.assembly:connect",
        "extension.ahead:connect",
        "extension.marker:Marker.hold",
        "extension.sources.secrets_manager:SecretsManager.plan",
        "extension.loader:Loader.fetch",
        "extension.report:Report.init",
        "extension.refresher:Refresher.invoke",
        "extension.marker:Marker.first_invoke",
        "extension.report:Report.shutdown",
        "extension.http1.loop:Loop.stop",
    ],
)
def test_whatever_breaks_the_function_runs_on(aws, api, sabotaged, broken):
    fill(aws)
    _lives(sabotaged(broken, **LISTS), api)


@pytest.mark.parametrize(
    "broken",
    ["extension.report:Report.init", "extension.prefetch:Prefetch.start", "extension.prefetch:Prefetch.wait"],
)
def test_health_tells_and_reads_are_served(aws, api, sabotaged, broken):
    fill(aws)
    sidecar = sabotaged(broken, **LISTS)
    health = sidecar.get("/health")
    assert (503, "degraded") == (health.status, health.json["status"])
    assert health.json["reasons"]
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
    _lives(sidecar, api)


@pytest.mark.parametrize(
    "broken",
    [
        "extension.holdings:Holdings.keep",
        "extension.sources.secrets_manager:SecretsManager.plan",
        "extension.sources.secrets_manager:_secret",
        "extension.aws.sigv4:sign",
        "extension.aws.credentials:CredentialStore.current",
        "extension.api.native:fresh",
        "extension.store:Store.read",
    ],
)
def test_a_reader_gets_an_error_and_not_silence(aws, api, sabotaged, broken):
    fill(aws)
    sidecar = sabotaged(broken)
    for _ in range(2):
        answer = sidecar.get("/secrets/app/secret-1")
        assert answer.status in (500, 502)
        assert answer.problem
        assert "a-value" not in answer.text
    assert "healthy" == sidecar.get("/ping").text
    _lives(sidecar, api)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("extension.refresher:Refresher.invoke", "lifecycle.degraded: RuntimeError"),
        ("extension.store:Store.due", "lifecycle.degraded: RuntimeError"),
        ("extension.loader:Loader.cut", "lifecycle.degraded: RuntimeError"),
        ("extension.sources.parameter_store:ParameterStore.plan", "store.fault: RuntimeError"),
        ("extension.sources.parameter_store:_parameter", "fetch.fault: RuntimeError"),
        ("extension.aws.exchange:Exchange.run", "fetch.fault: RuntimeError"),
        ("extension.holdings:Holdings.keep", "store.fault: RuntimeError"),
        ("extension.single_flight:Flights.land", "fetch.fault: RuntimeError"),
    ],
)
def test_a_fault_in_a_refresh_costs_no_invocation_and_health_says_why(aws, api, sabotaged, broken, reason):
    """At log level NONE, too, where nothing else does."""
    fill(aws)
    sidecar = sabotaged(broken, parameters=["/app/parameter-1"], log_level="NONE", fetch_timeout="300ms")
    for _ in range(3):
        assert api.invoke_and_wait().elapsed < 2
    health = sidecar.get("/health")
    assert (503, "degraded", True) == (health.status, health.json["status"], reason in health.json["reasons"])
    api.shutdown()
    assert 0 == sidecar.wait_exit()
    assert "" == sidecar.output


def test_the_timer_of_what_never_freezes_outlives_a_fault(aws, launch, sabotaged_command):
    fill(aws)
    with FakeLambdaApi(managed_instances=True) as api:
        command = sabotaged_command("extension.store:Store.due")
        sidecar = launch(aws, api=api, command=command, secrets=["app/secret-1"], ttl="1s")
        sidecar.may_fault = True
        api.wait_next()
        until = time.monotonic() + 10
        while len(sidecar.events("refresh.fault")) < 2:
            assert time.monotonic() < until
            let_pass(0.05)
        assert "degraded" == sidecar.get("/health").json["status"]
        assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
        api.shutdown()
        assert 0 == sidecar.wait_exit()


def test_no_memory_for_a_value_is_an_error_of_that_value(aws, api, ready):
    """The environment's memory is the function's, too; its limit is not ours to know."""
    fill(aws)
    aws.put_object("lookup", "large.bin", bytes(16 << 20))  # one byte more, and it would be kept as a file
    # One heap: what the C library has set aside for each thread is no memory that is left.
    sidecar = ready(**LISTS, cache_memory="128MB", environ={"MALLOC_ARENA_MAX": "1"})
    sidecar.may_fault = True
    used = int(Path(f"/proc/{sidecar.process.pid}/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.prlimit(sidecar.process.pid, resource.RLIMIT_AS, (used + (8 << 20), used + (8 << 20)))
    answer = sidecar.get("/s3/lookup/large.bin")
    assert (502, True) == (answer.status, "MemoryError" in answer.problem["detail"])
    until = time.monotonic() + 10  # the reader has his answer a moment before it is written down
    while "fetch.fault: MemoryError" not in sidecar.get("/health").json["reasons"]:
        assert time.monotonic() < until
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
    aws.put_secret("other", "found")
    assert "found" == sidecar.get("/secrets/other").text
    _lives(sidecar, api)


@pytest.mark.parametrize("folder", ["/proc/nowhere", "/dev/null"])
def test_no_disk_is_no_matter(aws, api, ready, folder):
    fill(aws)
    sidecar = ready(**LISTS, environ={"TMPDIR": folder})
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
    api.invoke_and_wait()
    assert 200 == sidecar.get("/health").status
    api.shutdown()
    assert 0 == sidecar.wait_exit()


def test_what_is_broken_for_secrets_is_not_for_parameters(aws, api, sabotaged):
    fill(aws)
    sidecar = sabotaged("extension.sources.secrets_manager:_secret", **LISTS)
    assert 500 <= sidecar.get("/secrets/app/secret-1").status
    assert "parameter value 1" == sidecar.get("/parameters/app/parameter-1").text
    assert b'{"EUR": 1.0}' == sidecar.get("/s3/lookup/rates.json").body
    _lives(sidecar, api)


def test_a_broken_connection_handler_costs_that_connection(aws, api, sabotaged):
    fill(aws)
    sidecar = sabotaged("extension.http1.connection:Client.receive")
    for _ in range(3):
        with sidecar.connect() as client, pytest.raises(Closed):
            client.get("/ping")
    _lives(sidecar, api)
