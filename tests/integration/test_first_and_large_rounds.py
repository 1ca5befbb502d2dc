"""Two rounds that are larger than usual: many things due at one INVOKE, and the first INVOKE, hours after INIT."""

from __future__ import annotations

from collections import Counter

from tests.integration.passing_time import let_pass
from tests.integration.world import LISTS, OBJECTS, PARAMETERS, SECRETS, fill

TTL = 0.4  # seconds
SHORT = {"ttl": f"{TTL * 1000:.0f}ms"}
BATCHED = {"BatchGetSecretValue": 1, "GetParameters": 1, "GetObject": 2}


def _actions(aws):
    return Counter(call.action for call in aws.calls)


def test_thirty_parameters_and_twenty_five_secrets_due_at_once_cost_five_calls(aws, api, ready):
    """A round is batched as the prefetch is, and its calls are made at the same time."""
    parameters = {f"/many/parameter-{number}": f"parameter {number}" for number in range(30)}
    secrets = {f"many/secret-{number}": f"secret {number}" for number in range(25)}
    for name, value in parameters.items():
        aws.put_parameter(name, value, type="SecureString")
    for name, value in secrets.items():
        aws.put_secret(name, value)
    # One connection each: four to a host carry only four calls at once, and here one host is all of AWS.
    connections = {"PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS": "8"}
    sidecar = ready(parameters=list(parameters), secrets=list(secrets), environ=connections, **SHORT)
    assert {"GetParameters": 3, "BatchGetSecretValue": 2} == _actions(aws)
    for _ in range(2):  # at the first INVOKE all that is listed; then what was read since
        let_pass(0.8 * TTL)
        aws.clear_calls()
        together = aws.hold(5)
        api.invoke_and_wait()
        assert 5 == len(together.held)
        assert {"GetParameters": 3, "BatchGetSecretValue": 2} == _actions(aws)
        assert [10, 10, 10] == [len(call.resources) for call in aws.calls if call.action == "GetParameters"]
        assert parameters == {name: sidecar.get(f"/parameters{name}").text for name in parameters}
        assert secrets == {name: sidecar.get(f"/secrets/{name}").text for name in secrets}


def test_the_first_invoke_long_after_init_fetches_all_that_is_listed_though_nobody_read_it(aws, api, ready):
    """Provisioned concurrency, or an INIT ahead of demand: hours may lie between the two (here: more than the TTL)."""
    fill(aws)
    environ = {"AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency"}
    sidecar = ready(**LISTS, ttl="1s", stale_if_error="0", environ=environ)
    assert BATCHED == _actions(aws)
    for name in SECRETS:
        aws.rotate_secret(name, "rotated meanwhile")
    let_pass(1.5)
    aws.clear_calls()

    api.invoke_and_wait()

    assert BATCHED == _actions(aws)
    answers = [sidecar.get(f"/secrets/{name}") for name in SECRETS]
    assert {("rotated meanwhile", "hit")} == {(answer.text, answer.header("preheat-cache")) for answer in answers}
    assert {"hit"} == {sidecar.get(f"/parameters{name}").header("preheat-cache") for name in PARAMETERS}
    assert {"hit"} == {sidecar.get(f"/s3/{name}").header("preheat-cache") for name in OBJECTS}
    assert BATCHED == _actions(aws)


def test_what_the_first_invoke_had_no_time_for_the_next_one_fetches(aws, api, ready):
    """Its function's timeout is too short for any round: the entries are still before their first."""
    fill(aws)
    ready(**LISTS, **SHORT)
    let_pass(TTL)
    aws.clear_calls()
    api.invoke_and_wait(timeout_ms=450)
    assert [] == aws.calls
    api.invoke_and_wait()
    assert BATCHED == _actions(aws)
