"""A mistake of ours costs as little as it can: never the function, never somebody else's answer, never silence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.integration.http_client import Closed
from tests.integration.world import LISTS, fill

SABOTEUR = Path(__file__).with_name("saboteur.py")


@pytest.fixture
def sabotaged(launch, opt, aws, api):
    """sabotaged("module:Class.name"): a sidecar in which that function raises; `next` has been called."""

    def start(broken, **options):
        python = Path(sys.executable).resolve()
        command = [python, "-I", "-S", "-B", SABOTEUR, broken, opt / "preheat" / "start.py", "", "preheat"]
        sidecar = launch(aws, command=command, **options)
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
        "extension.sources.secrets_manager:SecretsManager.plan",
        "extension.store:Store.fetch",
        "extension.report:Report.init",
        "extension.refresher:Refresher.invoke",
        "extension.report:Report.shutdown",
        "extension.http1.loop:Loop.stop",
    ],
)
def test_whatever_breaks_the_function_runs_on(aws, api, sabotaged, broken):
    fill(aws)
    _lives(sabotaged(broken, **LISTS), api)


@pytest.mark.parametrize("broken", ["extension.report:Report.init", "extension.prefetch:Prefetch.wait"])
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
        "extension.api.native:_fresh",
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
