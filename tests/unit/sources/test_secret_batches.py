"""What is made of a batch that failed, as a whole or for one of its secrets."""

import pytest

from extension.errors import SourceError
from tests.unit.sources.scripted import (
    DENIED,
    MALFORMED,
    MISSING,
    SERVER_ERROR,
    THROTTLED,
    TIMED_OUT,
    plan_and_run,
)
from tests.unit.sources.secrets_account import ROLE, Account, document, fetched, secrets, source_of


def test_what_a_batch_leaves_out_is_asked_for_alone():
    def script(asked):
        return {"SecretValues": [document("name-003")]} if asked.action.startswith("Batch") else Account()(asked)

    outcomes, client = fetched(script, secrets(9))

    assert ["BatchGetSecretValue", *["GetSecretValue"] * 8] == client.actions
    assert all(secret.string for secret in outcomes.values())


@pytest.mark.parametrize("error", [MISSING, DENIED, THROTTLED])
def test_the_error_of_one_item_is_its_own(error):
    outcomes, client = fetched(Account(singles={"name-004": error}), secrets(9))

    assert ["BatchGetSecretValue"] == client.actions
    assert (error.code, error.kind) == (outcomes[secrets(9)[4]].code, outcomes[secrets(9)[4]].kind)
    assert 8 == len([result for result in outcomes.values() if not isinstance(result, SourceError)])


@pytest.mark.parametrize("error", [SERVER_ERROR, TIMED_OUT])
def test_after_a_batch_that_failed_or_timed_out_nobody_is_asked_for_alone(error):
    outcomes, client = fetched(Account(batch=error), secrets(30))

    assert ["BatchGetSecretValue"] * 2 == client.actions
    assert {error} == set(outcomes.values())


@pytest.mark.parametrize(("error", "again"), [(DENIED, ["GetSecretValue"] * 9), (MALFORMED, ["GetSecretValue"] * 9)])
def test_after_a_denied_or_malformed_batch_each_is_asked_for_alone_and_the_batch_never_again(error, again):
    source, client = source_of(Account(batch=error))
    outcomes, _ = plan_and_run(source, secrets(9), client.clock)
    assert ["BatchGetSecretValue", *again] == client.actions
    assert all(secret.string for secret in outcomes.values())
    client.asked.clear()
    client.clock.advance(86400)

    plan_and_run(source, secrets(9), client.clock)

    assert again == client.actions


def test_a_throttled_batch_is_replaced_by_single_calls_for_a_minute():
    account = Account(batch=THROTTLED)
    source, client = source_of(account)
    outcomes, _ = plan_and_run(source, secrets(9), client.clock)
    assert ["BatchGetSecretValue", *["GetSecretValue"] * 9] == client.actions
    assert all(secret.string for secret in outcomes.values())

    client.asked.clear()
    plan_and_run(source, secrets(9), client.clock)
    assert ["GetSecretValue"] * 9 == client.actions

    account.batch = None
    client.asked.clear()
    client.clock.advance(60)
    plan_and_run(source, secrets(9), client.clock)
    assert ["BatchGetSecretValue"] == client.actions


def test_a_name_that_sank_a_batch_is_alone_from_then_on_and_the_others_are_batched():
    account = Account(singles={"name-004": DENIED}, batch=DENIED)
    source, client = source_of(account)
    plan_and_run(source, secrets(12), client.clock)
    account.batch = None
    client.asked.clear()

    outcomes, _ = plan_and_run(source, secrets(12), client.clock)

    batch, single = client.payloads
    assert (11, "name-004") == (len(batch["SecretIdList"]), single["SecretId"])
    assert 11 == len([result for result in outcomes.values() if not isinstance(result, SourceError)])


def test_a_batch_that_breaks_on_its_second_page_keeps_the_first():
    def script(asked):
        return THROTTLED if asked.payload.get("NextToken") else Account(page=8)(asked)

    outcomes, client = fetched(script, secrets(10))

    assert ["BatchGetSecretValue"] * 2 + ["GetSecretValue"] * 2 == client.actions
    assert all(secret.string for secret in outcomes.values())


@pytest.mark.parametrize("error", [DENIED, THROTTLED])
def test_what_one_role_is_denied_is_still_a_batch_for_the_others(error):
    source, client = source_of(lambda asked: Account(batch=error if asked.call.role else None)(asked))
    own = secrets(9)
    plan_and_run(source, [secret.replaced(role=ROLE) for secret in own] + own, client.clock)
    client.asked.clear()

    plan_and_run(source, [secret.replaced(role=ROLE) for secret in own] + own, client.clock)

    assert [(ROLE, "GetSecretValue")] * 9 + [("", "BatchGetSecretValue")] == [
        (asked.call.role, asked.action) for asked in client.asked
    ]
