"""What the simulated storm shows about how Preheat fetches; docs/storms.md has the whole of it."""

import pytest

from benchmarks.storm import ALWAYS_BATCH, BATCH_FIRST, ENVIRONMENTS, LATENCY, ONE_BY_ONE, PREHEAT, Storm
from extension.quotas import PARAMETERS_IN_BATCH, SECRETS_IN_BATCH, SECRETS_SINGLES


def test_it_is_the_same_at_every_run():
    first, second = (Storm(PREHEAT, secrets=10, environments=200).run() for _ in range(2))
    assert (first.calls, first.throttled, first.took) == (second.calls, second.throttled, second.took)


def test_a_few_secrets_meet_no_throttling_at_all():
    storm = Storm(PREHEAT, secrets=SECRETS_SINGLES).run()
    assert (SECRETS_SINGLES * ENVIRONMENTS, 0) == (storm.calls, storm.throttled)
    assert ENVIRONMENTS == storm.ready_in_init


def test_which_a_batch_of_the_same_few_would():
    assert Storm(BATCH_FIRST, secrets=SECRETS_SINGLES).run().throttled > ENVIRONMENTS / 2


@pytest.mark.parametrize("count", [SECRETS_SINGLES + 1, SECRETS_IN_BATCH])
def test_more_secrets_are_one_call_alone_and_in_a_storm_only_an_answer_later_than_single_ones(count):
    assert 1 == Storm(PREHEAT, secrets=count, environments=1).run().calls
    ours, singles = (Storm(policy, secrets=count).run() for policy in (PREHEAT, ONE_BY_ONE))
    assert ENVIRONMENTS == ours.ready_in_init
    assert ours.calls < singles.calls
    assert ours.took[-1] <= singles.took[-1] + LATENCY + 1e-9


def test_insisting_on_the_batch_takes_seconds():
    storm = Storm(ALWAYS_BATCH, secrets=10).run()
    assert storm.all_ready_at > 8
    assert storm.ready_in_init < ENVIRONMENTS


def test_ten_parameters_cost_one_token_of_the_small_quota():
    ours, singles = (
        Storm(policy, parameters=PARAMETERS_IN_BATCH, environments=40).run() for policy in (PREHEAT, ONE_BY_ONE)
    )
    assert (40, 0) == (ours.calls, ours.throttled)
    assert ours.all_ready_at < 1.1
    assert singles.all_ready_at > 8
