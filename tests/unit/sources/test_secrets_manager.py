"""Secrets: which calls for which, exactly how many, and whose answer is whose."""

import base64

import pytest

from extension.aws.call import Budget
from extension.references import secret_resource
from tests.unit.sources.scripted import (
    named,
)
from tests.unit.sources.secrets_account import ROLE, Account, arn_of, document, fetched, secrets, source_of


@pytest.mark.parametrize(
    ("batch", "count", "expected"),
    [
        ("auto", 1, [1]),
        ("auto", 8, [1] * 8),
        ("auto", 9, [9]),
        ("auto", 20, [20]),
        ("auto", 21, [20, 1]),
        ("auto", 40, [20, 20]),
        ("auto", 45, [20, 20, 5]),
        ("never", 45, [1] * 45),
        ("always", 1, [1]),
        ("always", 2, [2]),
        ("always", 8, [8]),
    ],
)
def test_so_many_secrets_take_so_many_calls(batch, count, expected):
    outcomes, client = fetched(Account(), secrets(count), batch)

    assert expected == [len(payload.get("SecretIdList", [1])) for payload in client.payloads]
    assert {f"name-{number:03}": f"value of name-{number:03}" for number in range(count)} == named(outcomes)


def test_a_single_secret_is_no_batch_of_one():
    _, client = fetched(Account(), secrets(1), "always")

    assert ["GetSecretValue"] == client.actions


def test_each_region_and_role_has_calls_of_its_own():
    resources = [
        resource.replaced(region=region, role=role)
        for resource in secrets(3)
        for region, role in [("", ""), ("eu-west-1", ""), ("", ROLE), ("eu-west-1", ROLE)]
    ]
    _, client = fetched(Account(), resources, "always")

    assert ["BatchGetSecretValue"] * 4 == client.actions
    assert {("us-east-1", ""), ("eu-west-1", ""), ("us-east-1", ROLE), ("eu-west-1", ROLE)} == {
        (asked.call.region, asked.call.role) for asked in client.asked
    }
    assert {f"secretsmanager.{asked.call.region}.amazonaws.com" for asked in client.asked} == {
        asked.call.host for asked in client.asked
    }


def test_names_and_arns_of_the_own_region_go_into_one_batch():
    """An ARN says its region, a name means the own one: the same host answers for both."""
    resources = secrets(6) + [secret_resource(arn_of(f"other-{number}")) for number in range(6)]
    outcomes, client = fetched(Account(), resources)

    assert [12] == [len(payload["SecretIdList"]) for payload in client.payloads]
    assert 12 == len(outcomes)


def test_stages_versions_and_partial_arns_are_never_in_a_batch():
    special = [
        secret_resource("staged", stage="AWSPENDING"),
        secret_resource("versioned", version="0d0a"),
        secret_resource(arn_of("partial", suffix="")),
    ]
    outcomes, client = fetched(Account(), [*secrets(9), *special, secret_resource(arn_of("full"))])

    assert 10 == len(client.payloads[0]["SecretIdList"])
    assert [
        {"SecretId": "staged", "VersionStage": "AWSPENDING"},
        {"SecretId": "versioned", "VersionId": "0d0a"},
        {"SecretId": arn_of("partial", suffix="")},
    ] == client.payloads[1:]
    assert 13 == len(outcomes)


def test_special_ones_do_not_count_for_whether_a_batch_pays():
    special = [secret_resource(f"s{number}", stage="AWSPENDING") for number in range(5)]
    _, client = fetched(Account(), secrets(8) + special)

    assert ["GetSecretValue"] * 13 == client.actions


def test_answers_find_their_questions_by_name_and_by_arn_in_any_order():
    resources = [*secrets(5), *[secret_resource(arn_of(f"other-{number}")) for number in range(5)]]
    outcomes, client = fetched(Account(), resources, "always")

    assert 1 == len(client.asked)
    assert {resource: f"value of {Account.name(resource.name)}" for resource in resources} == {
        resource: secret.string for resource, secret in outcomes.items()
    }


def test_the_name_and_the_arn_of_one_secret_both_get_its_only_answer():
    resources = [*secrets(1), secret_resource(arn_of("name-000"))]
    answer = {"SecretValues": [document("name-000")]}
    outcomes, client = fetched(lambda asked: answer, resources, "always")

    assert 1 == len(client.asked)
    assert ["value of name-000"] * 2 == [secret.string for secret in outcomes.values()]


def test_pages_are_followed_until_everyone_has_an_answer():
    outcomes, client = fetched(Account(page=8), secrets(20))

    assert [None, "8", "16"] == [payload.get("NextToken") for payload in client.payloads]
    assert 20 == len(outcomes)


def test_a_token_behind_the_last_answer_is_not_followed():
    answer = {"SecretValues": [document(f"name-{number:03}") for number in range(9)], "NextToken": "more"}
    _, client = fetched(lambda asked: answer, secrets(9))

    assert 1 == len(client.asked)


def test_a_page_that_is_followed_by_itself_ends_as_an_error():
    """Otherwise it would go round for ever: each call has a timeout, the circle has none."""
    answers = iter([{"SecretValues": [], "NextToken": "again"}] * 50)
    outcomes, client = fetched(lambda asked: next(answers), secrets(9))

    assert ["BatchGetSecretValue"] * 2 == client.actions
    assert {(502, True)} == {(result.status, result.transient) for result in outcomes.values()}


@pytest.mark.parametrize("count", [1, 9])
@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, b""),
        (200, {}, b"[]"),
        (200, {}, b"null"),
        (200, {}, b"<html>"),
        (200, {}, b'{"SecretValues":[{}]}'),
        (200, {}, b'{"SecretValues":[null]}'),
        (200, {}, b'{"SecretValues":7}'),
        (200, {}, b'{"Errors":[null]}'),
        (200, {}, b'{"ARN":"a","Name":"n"}'),
        (200, {}, b'{"ARN":"a","Name":"n","SecretString":7}'),
        (200, {}, b'{"ARN":"a","Name":"n","SecretBinary":"a"}'),
        (200, {}, b'{"ARN":7,"Name":"n","SecretString":"s"}'),
    ],
)
def test_nonsense_is_a_transient_error_of_each(count, answer):
    outcomes, _ = fetched(lambda asked: answer, secrets(count))

    assert count == len(outcomes)
    assert {(502, True)} == {(result.status, result.transient) for result in outcomes.values()}


def test_a_secret_is_what_the_answer_says():
    outcomes, _ = fetched(lambda asked: document("n", VersionStages=["AWSCURRENT", "blue"]), [secret_resource("n")])
    (secret,) = outcomes.values()

    assert (arn_of("n"), "n", "version-of-n", "value of n") == (secret.arn, secret.name, secret.version, secret.string)
    assert (["AWSCURRENT", "blue"], 1668586960.499, None) == (secret.stages, secret.created, secret.binary)
    assert secret.etag == secret.version
    assert secret.size == len(arn_of("n") + "n" + "value of n")


@pytest.mark.parametrize("data", [b"", b"\x00\xff", bytes(range(256))])
def test_a_binary_secret_is_its_bytes(data):
    answer = document("n", SecretBinary=base64.b64encode(data).decode())
    del answer["SecretString"]
    outcomes, _ = fetched(lambda asked: answer, [secret_resource("n")])
    (secret,) = outcomes.values()

    assert (data, None) == (secret.binary, secret.string)


def test_an_empty_secret_is_a_value():
    outcomes, _ = fetched(lambda asked: document("n", SecretString=""), [secret_resource("n")])

    assert [""] == [secret.string for secret in outcomes.values()]


def test_no_budget_is_spent_on_planning_and_the_call_that_is_planned_is_the_one_that_is_made():
    source, client = source_of(Account())
    (call,) = source.plan(secrets(9))
    assert ("BatchGetSecretValue", "secretsmanager.us-east-1.amazonaws.com:443", []) == (
        call.action,
        call.host,
        client.asked,
    )

    call.run(Budget(5.0), lambda *_: None)

    assert [call.action] == client.actions
    assert "secretsmanager:GetSecretValue" == source.needs(secrets(1)[0])
