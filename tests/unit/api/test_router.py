"""The order of the checks, the routes, the methods: who is asked first, and what each says."""

import json
from unittest.mock import Mock

import pytest

from extension.api.problems import problem
from tests.unit.api.bench import Bench, Reply, parts, request
from tests.unit.api.bench import problem as problem_of
from tests.unit.doubles import double
from tests.unit.store.bench import DENIED, A, B, secret

READ = ["/secrets/a", "/parameters/a", "/s3/bucket/a", "/health", "/stats"]
POST = ["/batch", "/refresh", "/restore"]
FORWARDED = {"headers": [("X-Forwarded-For", "x")]}


# The order: forwarded, token, route, method


@pytest.mark.parametrize(
    ("target", "options", "expected"),
    [
        ("/nowhere", {"method": "POST", "token": None, **FORWARDED}, (400, "Forwarded")),
        ("/nowhere", {"method": "POST", "token": None, "host": "evil"}, (400, "Forwarded")),
        ("/nowhere", {"method": "POST", "token": None}, (401, "AccessDeniedException")),
        ("/nowhere", {"method": "POST", "token": "wrong"}, (401, "AccessDeniedException")),
        ("/nowhere", {"method": "POST"}, (404, "")),
        ("/secrets/a", {"method": "POST"}, (405, "")),
        ("/secrets/%ff", {"method": "POST"}, (405, "")),
        ("/secrets/%ff", {}, (400, "")),
        ("/secrets/%ff", {"token": None}, (401, "AccessDeniedException")),
    ],
)
def test_the_first_check_that_fails_answers(target, options, expected):
    bench = Bench()

    assert expected == problem_of(bench.ask(target, **options).response)
    assert [] == bench.calls


@pytest.mark.parametrize("target", ["/secretsmanager/get?secretId=x", "/systemsmanager/parameters/get/?name=x"])
def test_a_forwarded_drop_in_request_is_refused_in_the_agents_words(target):
    bench = Bench()

    for options in (FORWARDED, {"host": "evil", "token": None}, {"host": None}):
        status, headers, body = parts(bench.ask(target, **options).response)
        assert (400, "text/plain", b"Forwarded") == (status, headers["Content-Type"], body)


@pytest.mark.parametrize(
    "options", [{}, {"token": None}, {"token": "wrong"}, {"host": "evil"}, {"host": None}, FORWARDED]
)
def test_ping_skips_both_checks(options):
    assert (200, {}, b"healthy") == parts(Bench().ask("/ping", **options).response)


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "DELETE"])
def test_ping_can_only_be_got(method):
    assert 405 == Bench().ask("/ping", method).response.status


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/secret/a",
        "/secretsx",
        "/Secrets/a",
        "//secrets/a",
        "/v2/a",
        "/health/",
        "/stats/x",
        "/batch/",
        "/ping/",
        "/.",
        "/%73ecrets/a",
    ],
)
def test_there_are_no_other_paths(target):
    status, _, body = parts(Bench().ask(target).response)

    assert 404 == status
    assert b"there are /secrets, /parameters, /s3" in body


@pytest.mark.parametrize("target", READ)
def test_what_is_read_has_get_head_and_options(target):
    bench = Bench()
    bench.load(A)

    for method in ("POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get"):
        response = bench.ask(target, method).response
        assert (405, "GET, HEAD, OPTIONS") == (response.status, parts(response)[1]["Allow"])
    status, headers, body = parts(bench.ask(target, "OPTIONS").response)
    assert (204, {"Allow": "GET, HEAD, OPTIONS"}, b"") == (status, headers, body)


@pytest.mark.parametrize("target", POST)
def test_what_is_done_has_post_and_options(target):
    bench = Bench()

    for method in ("GET", "HEAD", "PUT", "DELETE"):
        response = bench.ask(target, method).response
        assert (405, "POST, OPTIONS") == (response.status, parts(response)[1]["Allow"])
    assert {"Allow": "POST, OPTIONS"} == parts(bench.ask(target, "OPTIONS").response)[1]


def test_head_has_what_get_has_and_the_connection_leaves_the_body_out():
    bench = Bench()
    bench.load(A)

    assert bench.get("/secrets/a") == parts(bench.ask("/secrets/a", "HEAD").response)


@pytest.mark.parametrize("target", [*READ, *POST, "/ping", "/nowhere"])
def test_no_answer_lets_a_page_of_elsewhere_read_it(target):
    for method in ("GET", "OPTIONS", "POST"):
        response = Bench().ask(target, method, headers=[("Origin", "http://evil.example.com")]).response
        if response is not None:
            assert not any(name.lower().startswith(b"access-control") for name, _ in response.headers)


# Faults


def test_a_fault_of_ours_is_a_500_with_no_text_of_it_and_a_log_line(monkeypatch):
    bench = Bench()
    bench.load(A)
    monkeypatch.setattr(bench.store, "read", Mock(side_effect=KeyError("hunter2")))

    assert (500, "InternalFault") == problem_of(bench.ask("/secrets/a").response)
    assert b"hunter2" not in bench.ask("/secrets/a").response.body
    assert [{"error": "KeyError"}] * 2 == bench.events("api.fault")


def test_a_fault_in_rendering_what_came_later_is_a_500_too():
    bench = Bench()
    reply = bench.ask("/secrets/a")
    broken = secret()
    broken.string = 7

    bench.answer(broken)

    assert (500, "InternalFault") == problem_of(reply.response)
    assert 1 == len(bench.events("read.fault"))


@pytest.mark.parametrize(
    ("status", "reason"), [(400, "malformed request line"), (414, "target too long"), (505, "version")]
)
def test_what_never_became_a_request_is_refused_and_the_connection_closed(status, reason):
    response = Bench().api.refuse(status, reason)

    assert (status, "") == problem_of(response)
    assert response.close


def test_one_connection_too_many_is_refused_in_the_agents_words():
    response = Bench().api.refuse(429, "Connection limit exceeded")

    assert (429, {}, b"Connection limit exceeded") == parts(response)
    assert response.close


# What is remembered of a question


def test_the_same_question_is_understood_once_and_means_the_same_each_time(monkeypatch):
    bench = Bench()
    bench.load(A)
    asked = Mock(wraps=bench.resolver.alias)
    monkeypatch.setattr(bench.resolver, "alias", asked)

    answers = [bench.get("/secrets/a") for _ in range(3)]

    assert answers[0] == answers[1] == answers[2]
    assert 1 == asked.call_count


def test_a_path_and_a_drop_in_path_are_not_mixed_up():
    bench = Bench()
    bench.load(A)
    bench.load(B)

    for _ in range(2):
        assert b"a 1" == bench.get("/secrets/a")[2]
        assert b"b 1" == bench.get("/secrets/b")[2]
        assert "a" == json.loads(bench.get("/secretsmanager/get?secretId=a")[2])["Name"]
        assert "b" == json.loads(bench.get("/secretsmanager/get?secretId=b")[2])["Name"]


def test_a_broken_question_stays_broken():
    bench = Bench()

    assert [(400, ""), (400, "")] == [bench.problem("/secrets/%ff"), bench.problem("/secrets/%ff")]


def test_what_is_understood_is_still_behind_the_token():
    bench = Bench()
    bench.load(A)
    asked = request("GET", "/secrets/a")
    first, second = Reply(), Reply()
    bench.api.answer(asked, double(first))
    bench.tokens._fixed = (b"another token",)
    bench.api.answer(asked, double(second))

    assert (200, 401) == (first.response.status, second.response.status)


# Health and statistics


@pytest.mark.parametrize(
    ("ready", "fault", "status", "state"),
    [
        (False, None, 503, "prefetching"),
        (True, None, 200, "ready"),
        (True, "KeyError", 503, "degraded"),
        (False, "X", 503, "degraded"),
    ],
)
def test_health_says_where_it_stands(ready, fault, status, state):
    bench = Bench()
    bench.health.ready = ready
    if fault:
        bench.health.fault(fault)
    found, headers, body = bench.get("/health")

    assert (status, "application/json", "no-store") == (found, headers["Content-Type"], headers["Cache-Control"])
    assert {"status": state, "reasons": [fault] if fault else [], "failed": []} == json.loads(body)


def test_health_lists_what_is_missing_and_stays_ready():
    bench = Bench(secrets="a,b")
    bench.health.ready = True
    bench.load(B)
    bench.store.fetch([A], bench.store.round())
    bench.answer(DENIED)
    status, _, body = bench.get("/health")

    assert 200 == status
    assert ["a"] == [row["resource"] for row in json.loads(body)["failed"]]


def test_no_number_of_faults_fills_the_memory():
    bench = Bench()
    for number in range(100):
        bench.health.fault(str(number))

    assert [str(number) for number in range(20)] == bench.health.faults


def test_the_statistics_count_and_show_no_value():
    bench = Bench(secrets="a")
    bench.load(A, secret(SecretString="hunter2"))
    bench.get("/secrets/a")
    bench.health.invocations = 7
    bench.clock.advance(12.5)
    _, _, body = bench.get("/stats")
    document = json.loads(body)

    assert (12.5, 7) == (document["age"], document["invocations"])
    assert document["bytes"] == bench.store.used > 0
    assert [("a", 1, 0)] == [(row["resource"], row["hits"], row["misses"]) for row in document["entries"]]
    assert b"hunter2" not in body


# Problem documents


def test_a_problem_has_a_title_for_its_status_and_no_empty_members():
    document = json.loads(problem(404, "there is none").body)

    assert {"status": 404, "title": "Not found", "detail": "there is none"} == document
    assert "Error" == json.loads(problem(418, "x").body)["title"]


def test_a_problem_has_what_else_it_is_given():
    found = problem(416, "d", code="C", resource="r", title="T", headers=((b"Content-Range", b"bytes */1"),))

    assert {"status": 416, "title": "T", "detail": "d", "code": "C", "resource": "r"} == json.loads(found.body)
    assert "bytes */1" == parts(found)[1]["Content-Range"]
