"""Keys of assumed roles: how long they are used, how many are held, who asks for them, what a failure means."""

import threading

import pytest

from extension.aws import outcome, roles
from extension.aws.call import Budget
from extension.aws.connection import Cancel
from extension.aws.credentials import Credentials
from extension.aws.roles import MOST_ROLES, AssumedRoles
from extension.errors import SourceError
from tests.unit.hand_clock import HandClock

ROLE = "arn:aws:iam::123456789012:role/reader"
HOUR = 3600.0


def denied():
    return outcome.failure(outcome.DENIED, "AccessDenied", "not authorized to perform: sts:AssumeRole", 403)


def throttled():
    return outcome.failure(outcome.THROTTLED, "Throttling", "Rate exceeded", 400)


class Sts:
    """Gives keys for an hour, numbered; or fails while ``error`` is set."""

    def __init__(self):
        self.clock = HandClock()
        self.asked = []
        self.budgets = []
        self.error = None
        self.roles = AssumedRoles(self.assume, self.clock)

    def assume(self, role, budget):
        self.asked.append(role)
        self.budgets.append(budget)
        if self.error is not None:
            raise self.error
        return Credentials(f"ASIA{len(self.asked)}", "secret", "token", self.clock.wall() + HOUR)

    def key(self, role=ROLE, timeout=5.0):
        return self.roles.current(role, Budget(timeout)).access_key

    def refused(self, role=ROLE):
        with pytest.raises(SourceError) as caught:
            self.roles.current(role, Budget(5.0))
        return caught.value


@pytest.mark.parametrize(("seconds", "calls"), [(0, 1), (HOUR - 301, 1), (HOUR - 300, 2), (HOUR, 2), (10 * HOUR, 2)])
def test_keys_are_used_until_five_minutes_before_they_expire(seconds, calls):
    sts = Sts()
    sts.key()

    sts.clock.freeze(seconds)

    assert f"ASIA{calls}" == sts.key()
    assert [ROLE] * calls == sts.asked


@pytest.mark.parametrize("again", [lambda sts: sts.roles.renew(ROLE), lambda sts: sts.roles.forget()])
def test_keys_that_were_refused_or_come_from_a_snapshot_are_not_used_again(again):
    sts = Sts()
    sts.key()

    again(sts)

    assert "ASIA2" == sts.key()


def test_the_least_recently_used_of_twenty_leaves_and_comes_back():
    sts = Sts()
    roles = [f"{ROLE}-{number}" for number in range(MOST_ROLES)]
    for role in roles:
        sts.key(role)
    sts.key(roles[0])
    assert 20 == len(sts.asked)

    sts.key(ROLE)

    assert "ASIA1" == sts.key(roles[0])
    sts.key(roles[1])
    assert [*roles, ROLE, roles[1]] == sts.asked


def test_a_role_that_is_refused_drives_none_out():
    sts = Sts()
    sts.key()
    sts.error = denied()
    for number in range(100):
        sts.refused(f"{ROLE}-{number}")

    assert "ASIA1" == sts.key()


def test_a_refusal_is_believed_for_five_seconds_and_names_its_role():
    sts = Sts()
    sts.error = denied()
    assert (ROLE, "AccessDenied", 403) == (sts.refused().role, sts.refused().code, sts.refused().answered)
    sts.clock.freeze(4.9)
    sts.refused()
    assert [ROLE] == sts.asked
    sts.refused(ROLE + "2")
    assert [ROLE, ROLE + "2"] == sts.asked

    sts.clock.freeze(0.1)
    sts.error = None

    assert "ASIA3" == sts.key()


def test_so_many_refusals_are_kept_in_mind_and_no_more():
    sts = Sts()
    sts.error = denied()
    roles = [f"{ROLE}-{number}" for number in range(257)]
    for role in roles:
        sts.refused(role)

    sts.refused(roles[1])
    assert 257 == len(sts.asked)
    sts.refused(roles[0])
    assert 258 == len(sts.asked)


def test_a_failure_that_may_pass_is_not_believed():
    sts = Sts()
    sts.error = throttled()
    assert (True, ROLE) == (sts.refused().transient, sts.refused().role)

    sts.error = None

    assert "ASIA3" == sts.key()


def test_keys_that_cannot_be_renewed_do_for_their_last_minutes():
    """And the renewal leaves half of the time for what they are wanted for, and is not tried at every call."""
    sts = Sts()
    sts.key()
    sts.clock.freeze(HOUR - 200)
    sts.error = throttled()

    assert ["ASIA1", "ASIA1"] == [sts.key(timeout=4.0), sts.key()]
    assert [5.0, 2.0] == [budget.timeout for budget in sts.budgets]

    sts.clock.freeze(5)
    assert "ASIA1" == sts.key()
    assert 3 == len(sts.asked)
    sts.clock.freeze(196)
    assert "Throttling" == sts.refused().code


def test_a_role_that_is_no_longer_trusted_is_not_used_to_its_end():
    sts = Sts()
    sts.key()
    sts.clock.freeze(HOUR - 200)
    sts.error = denied()

    assert "AccessDenied" == sts.refused().code
    assert "AccessDenied" == sts.refused().code
    assert 2 == len(sts.asked)


class Several:
    """Threads that want the same role at once: after ``start`` one of them is inside AssumeRole, and stays there until
    ``finish``, and all others wait for it."""

    def __init__(self, count, monkeypatch, error=None):
        self.entered, self.waiting, self.gate = threading.Semaphore(0), threading.Semaphore(0), threading.Event()
        wait = roles._Assuming.wait

        def noted(*arguments):
            self.waiting.release()
            return wait(*arguments)

        monkeypatch.setattr(roles._Assuming, "wait", noted)
        self.asked, self.outcomes = [], []
        self.error = error
        self.cancels = [Cancel() for _ in range(count)]
        self.leader = None
        self.roles = AssumedRoles(self.assume, HandClock())
        self.threads = [threading.Thread(target=self.run, args=(cancel,)) for cancel in self.cancels]

    def assume(self, role, budget):
        self.asked.append(role)
        self.leader = budget.cancel
        self.entered.release()
        assert self.gate.wait(10)
        if budget.cancel.cancelled:
            raise outcome.failure(outcome.CONNECTION, "", "cancelled")
        if self.error is not None:
            raise self.error
        return Credentials("ASIA", "secret", "token")

    def run(self, cancel):
        try:
            self.outcomes.append(self.roles.current(ROLE, Budget(30.0, cancel)).access_key)
        except SourceError as error:
            self.outcomes.append(error.code)

    def start(self):
        for thread in self.threads:
            thread.start()
        assert self.entered.acquire(timeout=10)
        for _ in self.threads[1:]:
            assert self.waiting.acquire(timeout=10)

    def finish(self):
        self.gate.set()
        for thread in self.threads:
            thread.join(10)


@pytest.mark.parametrize(
    ("error", "expected"), [(None, "ASIA"), (denied(), "AccessDenied"), (throttled(), "Throttling")]
)
def test_several_at_once_make_one_call_and_share_what_comes_of_it(error, expected, monkeypatch):
    several = Several(8, monkeypatch, error)
    several.start()
    several.finish()

    assert [expected] * 8 == several.outcomes
    assert [ROLE] == several.asked


def test_where_the_one_who_asks_is_called_off_the_next_one_asks(monkeypatch):
    several = Several(3, monkeypatch)
    several.start()
    several.leader.cancel()
    several.finish()

    assert ["ASIA", "ASIA", "ConnectionError"] == sorted(several.outcomes)
    assert [ROLE, ROLE] == several.asked


def test_nobody_waits_longer_than_there_is_time(monkeypatch):
    several = Several(1, monkeypatch)
    several.start()

    with pytest.raises(SourceError) as caught:
        several.roles.current(ROLE, Budget(0.01))

    assert ("TimeoutError", 504) == (caught.value.code, caught.value.status)
    several.finish()
    assert ["ASIA"] == several.outcomes
