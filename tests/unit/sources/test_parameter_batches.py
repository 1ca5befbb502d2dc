"""What is made of a batch that failed: single calls, or none where they would only add to the load."""

import pytest

from extension.errors import SourceError
from tests.unit.sources.parameter_account import ROLE, Account, parameters, source_of
from tests.unit.sources.scripted import (
    DENIED,
    MALFORMED,
    SERVER_ERROR,
    THROTTLED,
    TIMED_OUT,
    plan_and_run,
)


@pytest.mark.parametrize("error", [THROTTLED, SERVER_ERROR, TIMED_OUT])
def test_after_a_batch_that_was_throttled_or_failed_nobody_is_asked_for_alone(error):
    """Single calls count against the same quota: they would only add to it."""
    source, client = source_of(Account(batch=error))
    outcomes, _ = plan_and_run(source, parameters(12), client.clock)
    assert ["GetParameters"] * 2 == client.actions
    assert {error} == set(outcomes.values())
    client.asked.clear()

    plan_and_run(source, parameters(12), client.clock)

    assert ["GetParameters"] * 2 == client.actions  # and the batch is still the way


@pytest.mark.parametrize("error", [DENIED, MALFORMED])
def test_after_a_denied_or_malformed_batch_each_is_asked_for_alone_and_the_batch_never_again(error):
    source, client = source_of(Account(batch=error))
    outcomes, _ = plan_and_run(source, parameters(3), client.clock)
    assert ["GetParameters", *["GetParameter"] * 3] == client.actions
    assert all(parameter.value for parameter in outcomes.values())
    client.asked.clear()

    plan_and_run(source, parameters(3), client.clock)

    assert ["GetParameter"] * 3 == client.actions


def test_a_name_that_sank_a_batch_is_alone_from_then_on_and_the_others_are_batched():
    account = Account(singles={"/app/001": DENIED}, batch=DENIED)
    source, client = source_of(account)
    first, _ = plan_and_run(source, parameters(3), client.clock)
    account.batch = None
    client.asked.clear()

    second, _ = plan_and_run(source, parameters(3), client.clock)

    assert [["/app/000", "/app/002"], "/app/001"] == [p.get("Names") or p["Name"] for p in client.payloads]
    for outcomes in (first, second):
        assert [False, True, False] == [
            isinstance(result, SourceError) for _, result in sorted(outcomes.items(), key=str)
        ]


def test_what_one_role_is_denied_is_still_a_batch_for_the_others():
    source, client = source_of(lambda asked: Account(batch=DENIED if asked.call.role else None)(asked))
    own = parameters(3)
    plan_and_run(source, [parameter.replaced(role=ROLE) for parameter in own] + own, client.clock)
    client.asked.clear()

    plan_and_run(source, [parameter.replaced(role=ROLE) for parameter in own] + own, client.clock)

    assert [(ROLE, "GetParameter")] * 3 + [("", "GetParameters")] == [
        (asked.call.role, asked.action) for asked in client.asked
    ]
