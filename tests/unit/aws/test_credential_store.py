"""Which keys are held, when they are read anew, and which session tokens they leave."""

import pytest

from extension.aws.call import Budget
from extension.aws.credentials import (
    Credentials,
    CredentialStore,
    own_credentials,
)
from extension.aws.trust import Trust
from extension.clock import Clock
from extension.errors import SourceError
from tests.fakes.container_credentials import FakeContainerCredentials
from tests.unit.doubles import double
from tests.unit.hand_clock import HandClock

TRUST = Trust(None, "no roots are needed")
KEYS = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_SESSION_TOKEN": "token"}
URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
ROLE = "arn:aws:iam::123456789012:role/reader"
FOREVER = float("inf")


class Keys:
    """What the endpoint hands out."""

    def __init__(self, number=1, expires=FOREVER):
        self.access_key = f"AKIA{number}"
        self.secret_key = f"secret{number}"
        self.session_token = f"token{number}"
        self.expires = expires


class Endpoint:
    """A place that keys come from, counted."""

    rotates = True

    def __init__(self, expires=FOREVER):
        self.loads = 0
        self.expires = expires
        self.error = None

    def load(self, budget):
        if self.error is not None:
            raise self.error
        self.loads += 1
        return Credentials(f"AKIA{self.loads}", "secret", f"token{self.loads}", self.expires)


def own(environ):
    return own_credentials(environ, TRUST, Clock())


def store_of(own, clock, roles=None):
    return CredentialStore(own, double(roles), clock)


def budget():
    return Budget(5.0)


# What is held, and for how long


@pytest.mark.parametrize(("seconds", "loads"), [(0, 1), (59.9, 1), (60, 2), (3600, 2), (-5, 2)])
def test_the_own_keys_are_used_for_a_minute(seconds, loads):
    clock, endpoint = HandClock(), Endpoint()
    store = store_of(endpoint, clock)
    store.current("", budget())

    clock.freeze(seconds)

    assert f"AKIA{loads}" == store.current("", budget()).access_key
    assert loads == endpoint.loads


@pytest.mark.parametrize(("left", "loads"), [(61, 1), (60, 2), (59, 2), (-1, 2)])
def test_keys_that_expire_within_a_minute_are_read_anew(left, loads):
    clock = HandClock()
    endpoint = Endpoint(expires=clock.wall() + left)
    store = store_of(endpoint, clock)
    store.current("", budget())
    store.current("", budget())

    assert loads == endpoint.loads


@pytest.mark.parametrize("again", [lambda store: store.begin_round(), lambda store: store.renew("")])
def test_a_new_round_and_a_refusal_read_the_own_keys_anew_once(again):
    endpoint = Endpoint()
    store = store_of(endpoint, HandClock())
    again(store)  # nothing is held yet: nothing happens
    store.current("", budget())

    again(store)
    store.current("", budget())
    store.current("", budget())

    assert 2 == endpoint.loads


def test_reload_reads_at_once():
    endpoint = Endpoint()
    store = store_of(endpoint, HandClock())
    store.current("", budget())

    store.reload(budget())

    assert 2 == endpoint.loads


class Roles:
    """The roles' side, which is made when the first one is asked for."""

    def __init__(self):
        self.made = 0
        self.heard = []

    def __call__(self):
        self.made += 1
        return self

    def current(self, role, budget):
        self.heard.append(("current", role))
        return Credentials(role, "secret", None)

    def renew(self, role):
        self.heard.append(("renew", role))

    def forget(self):
        self.heard.append(("forget",))


def test_roles_are_another_ones_business_and_cost_nothing_before_they_are_asked_for():
    endpoint, roles = Endpoint(), Roles()
    store = store_of(endpoint, HandClock(), roles)
    store.current("", budget())
    store.forget_snapshot()
    assert 0 == roles.made

    assert ROLE == store.current(ROLE, budget()).access_key
    store.renew(ROLE)
    store.begin_round()
    store.forget_snapshot()
    store.current("", budget())

    assert (1, 2) == (roles.made, endpoint.loads)
    assert [("current", ROLE), ("renew", ROLE), ("forget",)] == roles.heard


def test_the_session_tokens_are_the_current_one_and_the_one_before_it():
    endpoint = Endpoint()
    store = store_of(endpoint, HandClock())
    assert () == store.session_tokens()
    store.current("", budget())
    assert ("token1",) == store.session_tokens()

    store.reload(budget())
    assert ("token2", "token1") == store.session_tokens()

    store.reload(budget())
    assert ("token3", "token2") == store.session_tokens()


def test_reading_the_same_keys_again_does_not_lose_the_token_before_them():
    endpoint = Endpoint()
    store = store_of(endpoint, HandClock())
    store.current("", budget())
    store.reload(budget())
    endpoint.loads -= 1
    store.reload(budget())

    assert ("token2", "token1") == store.session_tokens()


def test_keys_that_can_not_be_read_are_an_error_and_the_tokens_stay():
    endpoint = Endpoint()
    store = store_of(endpoint, HandClock())
    store.current("", budget())
    endpoint.error = SourceError(502, transient=True, code="X", message="no", kind="credentials")

    with pytest.raises(SourceError):
        store.reload(budget())

    assert ("token1",) == store.session_tokens()


def test_a_token_of_the_environment_is_not_one_that_rotates():
    store = store_of(own(KEYS), HandClock())
    store.current("", budget())

    assert (False, ()) == (store.rotates, store.session_tokens())


def test_no_repr_shows_a_key():
    with FakeContainerCredentials(Keys) as endpoint:
        things = [own(KEYS), own(KEYS).load(budget()), own(endpoint.environ), Credentials("AKIA", "hunter2", "token")]
        assert all(secret not in repr(things) for secret in ("AKIA", "hunter2", "token'", endpoint.token))
