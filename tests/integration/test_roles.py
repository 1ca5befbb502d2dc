"""Reading as another role: the list option role=, and roleArn of the paths that have it."""

from __future__ import annotations

import pytest

ACCOUNT = "210987654321"
READER = f"arn:aws:iam::{ACCOUNT}:role/reader"
STRANGER = f"arn:aws:iam::{ACCOUNT}:role/stranger"  # trusts nobody
FUNCTION = {"AWS_LAMBDA_FUNCTION_NAME": "n" * 64}


@pytest.fixture
def shared(aws):
    """An AWS with another account, which has things of the same names."""
    aws.add_role(READER)
    for number in range(12):
        aws.put_secret(f"app/{number}", "mine")
        aws.put_secret(f"app/{number}", "theirs", account=ACCOUNT)
        aws.put_parameter(f"/app/{number}", "mine")
        aws.put_parameter(f"/app/{number}", "theirs", account=ACCOUNT)
    return aws


def actions(aws):
    return [call.action for call in aws.calls]


def as_role(role, *names):
    return [f"{name}?role={role}" for name in names]


def test_lists_are_fetched_as_their_role_which_is_assumed_once(shared, ready):
    """Six calls want its keys at the same time, and STS takes its time."""
    shared.latency = lambda call: 0.3 if call.service == "sts" else 0.0
    sidecar = ready(
        secrets=as_role(READER, "app/0", "app/1", "app/2", "app/3"),
        parameters=as_role(READER, "/app/0", "/app/1"),
        environ=FUNCTION,
    )
    assert 1 == actions(shared).count("AssumeRole")
    (identity,) = shared.sts.issued
    assert (ACCOUNT, "preheat-" + "n" * 56) == (identity.account, identity.session)
    (call,) = [call for call in shared.calls if call.service == "sts"]
    assert (shared.region, "preheat-function-role") == (call.region, call.role)
    shared.clear_calls()
    assert ["theirs"] * 4 == [sidecar.get(f"/secrets/app/{number}").text for number in range(4)]
    assert "theirs" == sidecar.get("/parameters/app/0").text
    assert "theirs" == sidecar.get("/secretsmanager/get?secretId=app/0").json["SecretString"]
    assert [] == shared.calls
    assert "mine" == sidecar.get("/secrets/app/5").text


def test_one_name_as_two_is_two_entries(shared, ready):
    sidecar = ready(secrets=["app/0?as=ours", f"app/0?as=theirs&role={READER}"])
    shared.clear_calls()
    for _ in range(2):
        assert ["mine", "mine", "theirs"] == [
            sidecar.get(f"/secrets/{name}").text for name in ("app%2F0", "ours", "theirs")
        ]
        assert "theirs" == sidecar.get(f"/secretsmanager/get?secretId=app/0&roleArn={READER}").json["SecretString"]
    # Who names a role means that role, whatever an alias stands for; here there is no secret of such a name.
    assert 400 == sidecar.get(f"/secretsmanager/get?secretId=ours&roleArn={READER}").status
    assert ["GetSecretValue"] == actions(shared)


def test_a_role_that_is_refused_costs_one_call_and_no_batch(shared, ready):
    names = [f"app/{number}" for number in range(10)]
    sidecar = ready(secrets=[*names, *as_role(STRANGER, *names)], secrets_batch="always")
    assert ["AssumeRole", "BatchGetSecretValue"] == sorted(actions(shared))
    failures = sidecar.events("fetch.failed")
    assert [("AccessDenied", "sts:AssumeRole", STRANGER)] * 10 == [
        (line["code"], line["grant"], line["on"]) for line in failures
    ]
    assert "mine" == sidecar.get("/secrets/app/0").text
    shared.clear_calls()
    summary = sidecar.request("POST", "/refresh", body=b"{}").json
    assert 10 == summary["refreshed"]
    assert f"grant sts:AssumeRole on {STRANGER}" in summary["failed"]["app/0"]["detail"]
    assert 1 == actions(shared).count("BatchGetSecretValue")
    assert 0 == actions(shared).count("GetSecretValue")


def test_more_than_twenty_roles_are_read_as_none_is_refused_for_it(shared, ready):
    roles = [f"{READER}-{number}" for number in range(21)]
    for role in roles:
        shared.add_role(role)
    sidecar = ready()
    for _ in range(2):
        answers = [sidecar.get(f"/v1/app/0?roleArn={role}") for role in roles]
        assert {(200, "theirs")} == {(answer.status, answer.json["SecretString"]) for answer in answers}
    assert (21, 21) == (actions(shared).count("AssumeRole"), actions(shared).count("GetSecretValue"))
    assert 200 == sidecar.get(f"/v1/app/1?roleArn={roles[1]}").status
    assert 21 == actions(shared).count("AssumeRole")
    assert 200 == sidecar.get(f"/v1/app/1?roleArn={roles[0]}").status  # had left
    assert 22 == actions(shared).count("AssumeRole")


def test_keys_of_a_role_that_aws_refuses_are_asked_for_anew_once(shared, ready):
    sidecar = ready(secrets=as_role(READER, "app/0"))
    shared.expire_credentials(shared.sts.issued[0])
    shared.put_secret("app/0", "newer", account=ACCOUNT)
    assert "newer" == sidecar.get("/secrets/app/0?refresh=true").text
    assert 2 == len(shared.sts.issued)


def test_the_functions_own_keys_are_renewed_for_assuming_a_role_too(shared, ready):
    """They are in the environment here, so that nothing newer can be had: the answer says so, and nothing is refused
    for good."""
    sidecar = ready()
    shared.expire_credentials()
    answer = sidecar.get(f"/v1/app/0?roleArn={READER}")
    assert (403, "ExpiredToken") == (answer.status, answer.json["__type"])
