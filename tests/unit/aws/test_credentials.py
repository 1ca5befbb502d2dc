"""Where keys come from, and what of it is believed."""

import pytest

from extension.aws.call import Budget
from extension.aws.connection import Cancel
from extension.aws.credentials import (
    ContainerCredentials,
    EnvironmentCredentials,
    NoCredentials,
    expiration,
    own_credentials,
)
from extension.aws.trust import Trust
from extension.clock import Clock
from extension.errors import SourceError
from tests.fakes.container_credentials import MODES, FakeContainerCredentials

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


def own(environ):
    return own_credentials(environ, TRUST, Clock())


def budget():
    return Budget(5.0)


# The environment


def test_keys_in_the_environment_are_taken_as_they_are():
    keys = own(KEYS).load(budget())

    assert ("AKIA", "hunter2", "token", FOREVER) == (keys.access_key, keys.secret_key, keys.session_token, keys.expires)


@pytest.mark.parametrize("environ", [{}, {"AWS_SESSION_TOKEN": ""}])
def test_keys_without_a_session_token_have_none(environ):
    keys = own({"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s", **environ}).load(budget())

    assert keys.session_token is None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (KEYS, EnvironmentCredentials),
        ({**KEYS, URI: "http://127.0.0.1:9/x"}, EnvironmentCredentials),
        ({URI: "http://127.0.0.1:9/x"}, ContainerCredentials),
        ({**KEYS, "AWS_ACCESS_KEY_ID": "", URI: "http://127.0.0.1:9/x"}, ContainerCredentials),
        ({**KEYS, "AWS_SECRET_ACCESS_KEY": ""}, NoCredentials),
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, NoCredentials),
        ({URI: ""}, NoCredentials),
        ({}, NoCredentials),
    ],
)
def test_the_environment_comes_first_then_the_endpoint_and_empty_is_unset(environ, expected):
    assert type(own(environ)) is expected


def test_without_any_keys_every_call_fails_with_one_clear_reason():
    with pytest.raises(SourceError) as caught:
        own({}).load(budget())

    assert (502, "NoCredentials", "credentials") == (caught.value.status, caught.value.code, caught.value.kind)
    assert "AWS_ACCESS_KEY_ID" in caught.value.message
    assert URI in caught.value.message


@pytest.mark.parametrize(
    ("uri", "good"),
    [
        ("http://127.0.0.1:9001/2021-04-23/credentials", True),
        ("http://localhost/x", True),
        ("http://[::1]:9001/x", True),
        ("http://169.254.170.2/v2/credentials/id", True),
        ("http://169.254.170.23/v1/credentials", True),
        ("https://credentials.example.com/x", True),
        ("http://credentials.example.com/x", False),
        ("http://169.254.169.254/latest", False),
        ("http://127.0.0.1.example.com/x", False),
        ("http://localhost.example.com/x", False),
        ("http://127.0.0.2/x", False),
        ("http://user:hunter2@127.0.0.1/x", False),
        ("ftp://127.0.0.1/x", False),
        ("127.0.0.1:9001", False),
        ("http://127.0.0.1:99999/x", False),
    ],
)
def test_plain_http_goes_to_this_machine_alone_and_a_bad_address_stops_nothing(uri, good):
    found = own({URI: uri})

    assert type(found) is (ContainerCredentials if good else NoCredentials)
    if not good:
        with pytest.raises(SourceError) as caught:
            found.load(budget())
        assert (502, "NoCredentials") == (caught.value.status, caught.value.code)
        assert URI in caught.value.message
        assert "hunter2" not in caught.value.message


# The container endpoint


def test_the_endpoint_is_asked_with_the_bare_token_and_its_keys_are_taken():
    with FakeContainerCredentials(lambda: Keys(1, 1_900_000_000.0)) as endpoint:
        keys = own(endpoint.environ).load(budget())

        (request,) = endpoint.requests
        assert (endpoint.token, "GET") == (request.header("authorization"), request.method)
        assert endpoint.url.partition("//")[2].partition("/")[0] == request.header("host")
    assert ("AKIA1", "secret1", "token1") == (keys.access_key, keys.secret_key, keys.session_token)
    assert 1_900_000_000.0 == keys.expires


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2030-01-01T00:00:00Z", 1893456000.0),
        ("year one", FOREVER),
        ("0001-01-01T00:00:00Z", FOREVER),
        ("tomorrow", FOREVER),
        ("9" * 400 + "-01-01T00:00:00Z", FOREVER),
        ("2030-01-01T00:00:00+02:00", FOREVER),
    ],
)
def test_an_expiry_that_says_nothing_is_none(text, expected):
    with FakeContainerCredentials(Keys, expiration=text) as endpoint:
        assert expected == own(endpoint.environ).load(budget()).expires


@pytest.mark.parametrize("value", [None, 7, [], "", {}])
def test_an_expiry_of_another_type_is_none_too(value):
    assert FOREVER == expiration(value)


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in ("ok", "hang")])
def test_an_endpoint_that_answers_nonsense_gives_no_keys_and_one_reason(mode):
    with FakeContainerCredentials(Keys) as endpoint:
        endpoint.mode = mode
        with pytest.raises(SourceError) as caught:
            own(endpoint.environ).load(budget())

    assert ("credentials", "CredentialsUnavailable", 502, True) == (
        caught.value.kind,
        caught.value.code,
        caught.value.status,
        caught.value.transient,
    )
    assert URI in caught.value.message


@pytest.mark.parametrize("missing", ["access_key", "secret_key", "session_token"])
@pytest.mark.parametrize("value", ["", None, 7])
def test_keys_that_are_incomplete_are_none_and_are_not_shown(missing, value):
    keys = Keys()
    setattr(keys, missing, value)
    with FakeContainerCredentials(lambda: keys) as endpoint, pytest.raises(SourceError) as caught:
        own(endpoint.environ).load(budget())

    assert "holds no keys" in caught.value.message
    assert "secret1" not in str(caught.value)


def test_a_wrong_token_gives_no_keys():
    with FakeContainerCredentials(Keys) as endpoint, pytest.raises(SourceError, match="404"):
        own({**endpoint.environ, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong"}).load(budget())


def test_an_endpoint_that_is_not_there_gives_no_keys():
    with FakeContainerCredentials(Keys) as endpoint:
        environ = endpoint.environ
    with pytest.raises(SourceError, match=r"connecting to 127\.0\.0\.1 failed"):
        own(environ).load(budget())


def test_an_endpoint_that_hangs_costs_no_more_than_the_budget():
    with FakeContainerCredentials(Keys) as endpoint:
        endpoint.mode = "hang"
        with pytest.raises(SourceError, match="no answer in time"):
            own(endpoint.environ).load(Budget(0.05))


def test_an_answer_that_does_not_end_is_not_kept():
    class Endless(Keys):
        def __init__(self):
            super().__init__()
            self.session_token = "x" * 100_000

    with FakeContainerCredentials(Endless) as endpoint, pytest.raises(SourceError, match="more than 64 KB"):
        own(endpoint.environ).load(budget())


def test_after_asking_the_budgets_cancel_is_free_for_the_call_itself():
    cancel = Cancel()
    with FakeContainerCredentials(Keys) as endpoint:
        own(endpoint.environ).load(Budget(5.0, cancel))
    cancel.cancel()  # must not touch the socket that is closed by now

    assert cancel.cancelled
