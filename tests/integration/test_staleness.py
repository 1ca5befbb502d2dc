"""Past its TTL: what is still served, for how long, and who fetches it anew."""

from __future__ import annotations

import time

import pytest

from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.passing_time import let_pass
from tests.integration.reading import wait_read
from tests.integration.world import fill

TTL = 0.4  # seconds
SHORT = {"ttl": f"{TTL * 1000:.0f}ms"}


@pytest.mark.parametrize(("fault", "how"), [("error_500", "stale"), ("throttled", "stale"), ("hang", "stale")])
def test_past_its_ttl_the_old_value_serves_where_aws_fails(aws, ready, fault, how):
    fill(aws)
    sidecar = ready(secrets=["app/secret-1"], **SHORT, fetch_timeout="200ms", stale_if_error="1m")
    let_pass(TTL)
    aws.faults.add(fault)
    answer = sidecar.get("/secrets/app/secret-1")
    assert (200, "secret value 1", how) == (answer.status, answer.text, answer.header("preheat-cache"))
    assert "private, max-age=0" == answer.header("cache-control")
    aws.faults.clear()
    assert "miss" == sidecar.get("/secrets/app/secret-1").header("preheat-cache")


def test_and_no_longer_than_that(aws, ready):
    fill(aws)
    sidecar = ready(secrets=["app/secret-1"], **SHORT, fetch_timeout="200ms", stale_if_error="100ms")
    let_pass(TTL + 0.1)
    aws.faults.add("error_500")
    assert 502 == sidecar.get("/secrets/app/secret-1").status


def test_stale_while_revalidate_serves_at_once_and_refreshes_at_the_next_invoke(aws, api, ready):
    fill(aws)
    sidecar = ready(secrets=["app/secret-1"], **SHORT, stale_while_revalidate="1m")
    api.invoke_and_wait()
    aws.put_secret("app/secret-1", "new")
    let_pass(TTL)
    aws.clear_calls()
    answer = sidecar.get("/secrets/app/secret-1")
    assert ("secret value 1", "stale") == (answer.text, answer.header("preheat-cache"))
    assert "private, max-age=0" == answer.header("cache-control")
    assert [] == aws.calls
    api.invoke_and_wait()
    answer = sidecar.get("/secrets/app/secret-1")
    assert ("new", "hit") == (answer.text, answer.header("preheat-cache"))


def test_where_nothing_freezes_a_read_starts_the_refresh_itself(aws, launch):
    """Managed Instances: no INVOKE ever comes."""
    fill(aws)
    with FakeLambdaApi(managed_instances=True) as api:
        sidecar = launch(aws, api=api, secrets=["app/secret-1"], **SHORT, stale_while_revalidate="1m")
        api.wait_next()
        aws.put_secret("app/secret-1", "new")
        let_pass(TTL)
        aws.clear_calls()
        assert "stale" == sidecar.get("/secrets/app/secret-1").header("preheat-cache")
        aws.wait_finished(1)
        # The answer has left AWS; the sidecar has it as soon as it says so.
        deadline = time.monotonic() + 5
        while "new" != sidecar.get("/secrets/app/secret-1").text:
            assert time.monotonic() < deadline


def test_where_nothing_freezes_a_hundred_processes_may_ask_at_once(aws, launch):
    """Managed Instances run many of a function's processes in one environment, and start them together."""
    fill(aws)
    with FakeLambdaApi(managed_instances=True) as api:
        sidecar = launch(aws, api=api, parameters=["/app/parameter-1"])
        api.wait_next()
        hold = aws.hold()
        clients = [sidecar.connect() for _ in range(100)]
        targets = ["/secrets/app/secret-1", "/parameters/app/parameter-1", "/s3/lookup/rates.json", "/secrets/absent"]
        expected = [(200, "secret value 1"), (200, "parameter value 1"), (200, '{"EUR": 1.0}'), (404, None)]
        for number, client in enumerate(clients):
            client.ask("GET", targets[number % 4])
        wait_read(*clients)
        hold.release()
        for number, client in enumerate(clients):
            status, text = expected[number % 4]
            answer = client.answer()
            assert (status, text) == (answer.status, answer.text if status == 200 else None)
            client.close()
        assert 1 + 3 == aws.count()


def test_where_nothing_freezes_a_timer_keeps_what_is_read_fresh(aws, launch):
    fill(aws)
    with FakeLambdaApi(managed_instances=True) as api:
        sidecar = launch(aws, api=api, secrets=["app/secret-1"], ttl="1s")
        api.wait_next()
        assert 200 == sidecar.get("/secrets/app/secret-1").status
        aws.wait_calls(2)
