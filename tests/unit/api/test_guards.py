"""The checks at the door: what came from elsewhere, and who may ask."""

from functools import partial
from hmac import compare_digest

import pytest

from extension.api import guards
from extension.api.guards import Tokens, forwarded
from extension.errors import SourceError
from extension.http1.request import Request
from tests.unit.api.bench import request
from tests.unit.doubles import double
from tests.unit.hand_clock import HandClock
from tests.unit.store.bench import Fetcher

HEADERS = ("X-Aws-Parameters-Secrets-Token", "X-Vault-Token")


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:2773",
        "LOCALHOST:80",
        "127.0.0.1",
        "127.0.0.1:2773",
        "[::1]",
        "[::1]:2773",
        "sandbox.localdomain",
        "sandbox.localdomain:8080",
        "localhost:",
    ],
)
def test_a_request_for_this_machine_is_let_in(host):
    assert not forwarded(request(host=host))


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example.com",
        "localhost.evil.example.com",
        "localhost.",
        "127.0.0.1.example.com",
        "127.0.0.2",
        "0.0.0.0",
        "::1",
        "[::2]",
        "[::1]x",
        "[::1]:2773:80",
        "localhost:2773:80",
        "localhost:http",
        "localhost:-1",
        "user@localhost",
        "localhost, localhost",
        "localhost/",
        " localhost",
        "2130706433",
    ],
)
def test_a_request_for_another_host_is_not(host):
    """DNS rebinding: a page in somebody's browser, or a library that follows redirects."""
    assert forwarded(request(host=host))


@pytest.mark.parametrize("value", ["10.0.0.1", "127.0.0.1", ""])
def test_what_was_forwarded_is_not_let_in_whatever_the_header_says(value):
    assert forwarded(request(headers=[("X-Forwarded-For", value)]))


def test_two_hosts_or_none_are_as_good_as_another():
    assert forwarded(request(headers=[("Host", "localhost")]))
    assert forwarded(request(host=None))


def test_an_old_client_need_not_name_a_host():
    assert not forwarded(Request(b"GET", b"/", False, [], b""))
    assert forwarded(Request(b"GET", b"/", False, [(b"host", b"evil.example.com")], b""))


# Tokens


class Credentials:
    """Keys that rotate, or not."""

    def __init__(self, *tokens, rotates=False):
        self.tokens = tokens
        self.rotates = rotates
        self.reloads = 0
        self.next = None

    def session_tokens(self):
        return self.tokens

    def reload(self, budget):
        assert 0 < budget.timeout <= 1
        self.reloads += 1
        if isinstance(self.next, Exception):
            raise self.next
        self.tokens = (self.next, *self.tokens[:1])


class Bench:
    def __init__(self, environ=None, credentials=None):
        self.clock = HandClock()
        self.fetcher = Fetcher()
        self.credentials = credentials or Credentials()
        self.tokens = Tokens(environ or {}, double(self.credentials), double(self.fetcher), self.clock)

    def accepts(self, token, header=HEADERS[0]):
        return self.tokens.accept(request(token=None, headers=[(header, token)]))

    def renew(self):
        """(whether something is read, how often the request was taken up again)"""
        again = []
        begun = self.tokens.renew(lambda: again.append(1))
        for work in self.fetcher.waiting:
            work()
        self.fetcher.waiting.clear()
        return begun, len(again)


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("name", ["AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "PREHEAT_TOKEN"])
def test_each_token_is_accepted_in_either_header(name, header):
    bench = Bench({name: "right"})

    assert bench.accepts("right", header)
    assert bench.tokens.any


def test_the_tokens_of_rotating_keys_are_accepted_the_current_one_and_the_one_before():
    bench = Bench(credentials=Credentials("new", "old", rotates=True))

    assert [True, True, False] == [bench.accepts(token) for token in ("new", "old", "older")]
    assert bench.tokens.any


@pytest.mark.parametrize(
    "token", ["", "wrong", "Right", "righ", "right ", "rightright", "\0right", "r\xefght", "x" * 100_000]
)
def test_anything_else_is_not(token):
    bench = Bench({"AWS_SESSION_TOKEN": "right"}, Credentials("other"))

    assert not bench.accepts(token)


@pytest.mark.parametrize("environ", [{}, {"AWS_SESSION_TOKEN": "", "PREHEAT_TOKEN": ""}])
def test_where_there_is_no_token_none_is_right_not_even_an_empty_one(environ):
    bench = Bench(environ)

    assert not bench.tokens.any
    assert [False, False] == [bench.accepts(""), bench.accepts("x")]
    assert not bench.tokens.accept(request(token=None))


def test_the_token_in_another_header_is_none():
    bench = Bench({"AWS_SESSION_TOKEN": "right"})

    assert not bench.accepts("right", "Authorization")
    assert not bench.accepts("right", "X-Amz-Security-Token")


def test_one_right_header_is_enough():
    bench = Bench({"AWS_SESSION_TOKEN": "right"})

    assert bench.tokens.accept(request(token="wrong", headers=[(HEADERS[1], "right")]))


@pytest.mark.parametrize("token", ["one", "two", "three", "new", "old"])
def test_of_several_tokens_each_is_right(token):
    environ = {"AWS_SESSION_TOKEN": "one", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "two", "PREHEAT_TOKEN": "three"}
    bench = Bench(environ, Credentials("new", "old", rotates=True))

    assert bench.tokens.accept(request(token=token, headers=[(HEADERS[1], "wrong")]))
    assert bench.tokens.accept(request(token="wrong", headers=[(HEADERS[1], token)]))


def test_a_token_that_is_no_ascii_is_compared_as_bytes():
    bench = Bench({"PREHEAT_TOKEN": "sch\xfcssel\udcff"})
    fields = [(HEADERS[0].lower().encode(), "sch\xfcssel".encode() + b"\xff")]

    assert bench.tokens.accept(Request(b"GET", b"/", True, fields, b""))


@pytest.mark.parametrize("shown", ["one", "old", "wrong", "w\xfcrong", "", None])
def test_every_candidate_is_compared_as_bytes_in_constant_time_whatever_the_outcome(monkeypatch, shown):
    """No early exit: how long it takes tells neither which token was right nor that one was."""
    compared = []

    def compare(left, right):
        compared.append((left, right))
        return compare_digest(left, right)

    monkeypatch.setattr(guards, "compare_digest", compare)
    environ = {"AWS_SESSION_TOKEN": "one", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "tw\xf6", "PREHEAT_TOKEN": "\u2603"}
    bench = Bench(environ, Credentials("new", "old", "\ud800", rotates=True))
    wanted = [b"one", "tw\xf6".encode(), "\u2603".encode(), b"new", b"old", b"\xed\xa0\x80"]

    accepted = bench.tokens.accept(request(token=shown, headers=[(HEADERS[1], "other")]))

    assert (shown in ("one", "old")) is accepted
    headers = [shown.encode(), b"other"] if shown else [b"other"]
    assert [(header, token) for header in headers for token in wanted] == compared
    assert {bytes} == {type(each) for pair in compared for each in pair}


def test_where_nothing_rotates_there_is_nothing_to_read_anew():
    bench = Bench({"AWS_SESSION_TOKEN": "right"})

    assert (False, 0) == bench.renew()
    assert 0 == bench.credentials.reloads


def test_an_unknown_token_has_rotating_keys_read_anew_and_the_request_taken_up_again():
    bench = Bench(credentials=Credentials("old", rotates=True))
    bench.credentials.next = "new"
    assert not bench.accepts("new")

    assert (True, 1) == bench.renew()

    assert [True, True] == [bench.accepts("new"), bench.accepts("old")]


@pytest.mark.parametrize(("seconds", "reads"), [(0, 1), (0.9, 1), (1.0, 2)])
def test_they_are_read_anew_at_most_once_a_second(seconds, reads):
    bench = Bench(credentials=Credentials("old", rotates=True))
    bench.renew()
    bench.clock.advance(seconds)
    bench.renew()

    assert reads == bench.credentials.reloads


@pytest.mark.parametrize(
    "fault", [SourceError(502, transient=True, code="X", message="no", kind="credentials"), KeyError("x")]
)
def test_keys_that_can_not_be_read_leave_nobody_without_an_answer(fault):
    bench = Bench(credentials=Credentials("old", rotates=True))
    bench.credentials.next = fault
    again = []
    assert bench.tokens.renew(lambda: again.append(1))
    (work,) = bench.fetcher.waiting
    try:
        work()
    except KeyError:
        pass  # the worker logs it

    assert [1] == again
    assert bench.accepts("old")


def test_whoever_comes_while_they_are_being_read_waits_for_the_same_reading():
    """After a restore several threads of the function ask at once, all with the new token."""
    bench = Bench(credentials=Credentials("old", rotates=True))
    bench.credentials.next = "new"
    again = []
    begun = [bench.tokens.renew(partial(again.append, number)) for number in range(3)]
    (read,) = bench.fetcher.waiting

    read()

    assert ([True] * 3, [0, 1, 2], 1) == (begun, again, bench.credentials.reloads)
    assert not bench.tokens.renew(lambda: again.append(3))
