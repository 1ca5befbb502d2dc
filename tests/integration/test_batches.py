"""Batches are an optimisation: what becomes of a round when a batch is denied, throttled, or sunk by one name."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.integration.passing_time import let_pass
from tests.integration.world import PARAMETERS, SECRETS, fill

# Entries are due at 0.72 to 0.8 of it, and all of them are fetched again at the first INVOKE after that.
TTL = 0.4
DUE_AFTER = 0.8 * TTL


def _actions(aws):
    return Counter(call.action for call in aws.calls)


def _next_round(aws, api):
    """What the first INVOKE fetches, once everything is due."""
    aws.wait_finished(aws.count())
    let_pass(DUE_AFTER)
    aws.clear_calls()
    api.invoke_and_wait()
    return _actions(aws)


def test_one_denied_parameter_sinks_its_batch_once_and_is_alone_from_then_on(aws, api, ready):
    fill(aws)
    culprit = "/app/parameter-5"
    aws.deny("ssm:GetParameter*", culprit)
    sidecar = ready(parameters=list(PARAMETERS), ttl=f"{TTL * 1000:.0f}ms")
    assert {"GetParameters": 1, "GetParameter": 10} == _actions(aws)
    assert {"GetParameters": 1} == _next_round(aws, api)
    (batch,) = aws.calls
    assert sorted(set(PARAMETERS) - {culprit}) == sorted(batch.resources)
    assert 403 == sidecar.get(f"/parameters{culprit}?refresh=true").status
    assert {"GetParameters": 1, "GetParameter": 1} == _actions(aws)
    assert [culprit] == aws.calls[-1].resources


def test_a_culprit_is_fetched_alone_among_those_that_are_batched(aws, api, ready):
    """It was granted meanwhile: nothing is denied any more, and yet it may not sink a batch again."""
    fill(aws)
    culprit = "/app/parameter-5"
    aws.deny("ssm:GetParameter*", culprit)
    sidecar = ready(parameters=list(PARAMETERS), ttl=f"{TTL * 1000:.0f}ms")
    aws.allow_all()
    assert "parameter value 5" == sidecar.get(f"/parameters{culprit}?refresh=true").text
    assert {"GetParameters": 1, "GetParameter": 1} == _next_round(aws, api)
    assert {(culprit,), tuple(sorted(set(PARAMETERS) - {culprit}))} == {
        tuple(sorted(call.resources)) for call in aws.calls
    }


@pytest.mark.parametrize(
    ("denied", "lists", "batch", "single"),
    [
        ("ssm:GetParameters", {"parameters": list(PARAMETERS)}, "GetParameters", "GetParameter"),
        ("secretsmanager:BatchGetSecretValue", {"secrets": list(SECRETS)}, "BatchGetSecretValue", "GetSecretValue"),
    ],
)
def test_a_role_that_may_only_make_single_calls_will_do(aws, api, ready, denied, lists, batch, single):
    """The denied action is remembered for the life of the process, and is no failure."""
    fill(aws)
    aws.deny(denied)
    sidecar = ready(**lists, ttl=f"{TTL * 1000:.0f}ms")
    assert {batch: 1, single: 10} == _actions(aws)
    assert [] == sidecar.events("fetch.failed")
    assert {single: 10} == _next_round(aws, api)
    assert [] == sidecar.events("fetch.failed")


def test_a_throttled_batch_of_parameters_is_retried_and_never_split(aws, ready):
    """All three actions share one quota: single calls would multiply the load."""
    fill(aws)
    aws.faults.add("throttled", "ssm")
    sidecar = ready(parameters=list(PARAMETERS), fetch_timeout="500ms")
    assert {"GetParameters"} == set(_actions(aws))
    assert 2 <= aws.count() <= 8
    assert {"ThrottlingException"} == {line["code"] for line in sidecar.events("fetch.failed")}
    assert 10 == len(sidecar.events("fetch.failed"))
    aws.faults.clear()
    assert "parameter value 1" == sidecar.get("/parameters/app/parameter-1").text


def test_a_batch_of_parameters_that_is_throttled_for_a_moment_succeeds(aws, ready):
    fill(aws)
    aws.faults.add("throttled", "ssm", times=2)
    sidecar = ready(parameters=list(PARAMETERS))
    assert {"GetParameters": 3} == _actions(aws)
    assert [] == sidecar.events("fetch.failed")


def test_a_throttled_batch_of_secrets_is_made_of_single_calls_instead(aws, api, ready):
    """BatchGetSecretValue may be called 100 times a second, GetSecretValue 10,000 times; for 60 s only this one is."""
    fill(aws)
    aws.faults.add("throttled", "BatchGetSecretValue")
    sidecar = ready(secrets=list(SECRETS), ttl=f"{TTL * 1000:.0f}ms", fetch_timeout="500ms")
    actions = _actions(aws)
    assert 10 == actions.pop("GetSecretValue")
    assert {"BatchGetSecretValue"} == set(actions)
    assert [] == sidecar.events("fetch.failed")
    aws.faults.clear()
    assert {"GetSecretValue": 10} == _next_round(aws, api)


@pytest.mark.parametrize("fault", ["error_500", "hang"])
@pytest.mark.parametrize(
    ("lists", "batch"),
    [
        ({"parameters": list(PARAMETERS)}, "GetParameters"),
        ({"secrets": list(SECRETS)}, "BatchGetSecretValue"),
    ],
)
def test_a_batch_that_fails_or_times_out_is_not_split(aws, ready, lists, batch, fault):
    fill(aws)
    aws.faults.add(fault, batch)
    sidecar = ready(**lists, fetch_timeout="300ms")
    assert {batch} == set(_actions(aws))
    assert 10 == len(sidecar.events("fetch.failed"))


def test_a_malformed_name_does_not_sink_the_others(aws, ready):
    """AWS refuses what no list can know: a name that begins with "ssm"."""
    fill(aws)
    sidecar = ready(parameters=[*list(PARAMETERS)[:4], "/ssmx"])
    (line,) = sidecar.events("fetch.failed")
    assert ("/ssmx", "ValidationException") == (line["resource"], line["code"])
    assert 400 == sidecar.get("/parameters/ssmx").status
    assert "parameter value 3" == sidecar.get("/parameters/app/parameter-3").text


def test_a_reference_to_a_secret_is_never_in_a_batch(aws, ready):
    """GetParameters does not take it."""
    fill(aws)
    sidecar = ready(parameters=[*list(PARAMETERS)[:3], "/aws/reference/secretsmanager/app/secret-1"])
    assert {"GetParameters": 1, "GetParameter": 1} == _actions(aws)
    assert "secret value 1" == sidecar.get("/parameters/aws/reference/secretsmanager/app/secret-1").text


def test_batches_are_apart_by_decryption_and_names_in_them_are_unique(aws, ready):
    fill(aws)
    sidecar = ready(
        parameters=[
            "/app/parameter-0",
            "/app/parameter-1",
            "/app/parameter-1?decrypt=false",
            "/app/parameter-2?decrypt=false",
            "arn:aws:ssm:us-east-1:123456789012:parameter/app/parameter-1",
            "/app/parameter-1?version=1",
        ]
    )
    assert {"GetParameters": 2} == _actions(aws)
    assert [] == sidecar.events("fetch.failed")
    assert {(True, 3), (False, 2)} == {
        (call.parameters["WithDecryption"], len(call.parameters["Names"])) for call in aws.calls
    }


def test_versions_and_partial_arns_of_secrets_are_never_in_a_batch(aws, ready):
    secret = aws.put_secret("a", "1", version_id="v" * 32)
    aws.put_secret("a", "2")
    aws.put_secret("b", "3")
    sidecar = ready(
        secrets=["a", "b", "a?stage=AWSPREVIOUS", f"a?version={'v' * 32}", secret.arn[:-7]], secrets_batch="always"
    )
    assert {"BatchGetSecretValue": 1, "GetSecretValue": 3} == _actions(aws)
    assert [] == sidecar.events("fetch.failed")
    assert "1" == sidecar.get("/secrets/a?stage=AWSPREVIOUS").text


def test_a_batch_of_secrets_is_read_page_after_page(aws, ready):
    fill(aws)
    aws.secrets_manager.batch_page_size = 4
    sidecar = ready(secrets=list(SECRETS))
    assert {"BatchGetSecretValue": 3} == _actions(aws)
    assert list(SECRETS.values()) == [sidecar.get(f"/secrets/{name}").text for name in SECRETS]
