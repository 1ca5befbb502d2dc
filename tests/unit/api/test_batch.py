"""POST /batch and /refresh: what may be asked together, and what each item comes to."""

import json

import pytest

from extension.references import parameter_resource, secret_resource
from tests.unit.api.bench import Bench, parameter, problem
from tests.unit.store.bench import DENIED, MISSING, THROTTLED, TIMED_OUT, A, B, secret


def ask(bench, path, document):
    return bench.ask(path, "POST", body=document if isinstance(document, bytes) else json.dumps(document).encode())


def answered(bench, path, document):
    reply = ask(bench, path, document)
    assert (200, "application/json") == (reply.response.status, dict(reply.response.headers)[b"Content-Type"].decode())
    return json.loads(reply.response.body)


@pytest.fixture
def bench():
    bench = Bench(secrets="a?as=alias,b", parameters="/app/x")
    bench.load(A, secret(SecretString='{"user":"me","list":[1,2]}'))
    bench.load(parameter_resource("/app/x"), parameter("/app/x", "value"))
    return bench


# /batch


def test_each_item_is_under_the_string_as_asked_with_its_value_version_and_age(bench):
    bench.clock.advance(1.2345)

    assert {
        "secrets": {"a": {"value": '{"user":"me","list":[1,2]}', "version": "1", "age": 1.234}},
        "parameters": {"app/x": {"value": "value", "version": 3, "age": 1.234}},
        "tables": {},
    } == answered(bench, "/batch", {"secrets": ["a"], "parameters": ["app/x"]})


@pytest.mark.parametrize("name", ["id", "name"])
@pytest.mark.parametrize(
    ("item", "value"),
    [({"field": "user"}, "me"), ({"field": "list"}, [1, 2]), ({"stage": "AWSCURRENT"}, '{"user":"me","list":[1,2]}')],
)
def test_an_item_may_be_an_object_with_options(bench, name, item, value):
    found = answered(bench, "/batch", {"secrets": [{name: "alias", **item}]})

    assert value == found["secrets"]["alias"]["value"]


def test_a_binary_secret_is_base64(bench):
    binary = secret("b")
    binary.string, binary.binary = None, b"\x00\xff"
    bench.load(B, binary)

    assert {"base64": "AP8=", "version": "1", "age": 0.0} == answered(bench, "/batch", {"secrets": ["b"]})["secrets"][
        "b"
    ]


def test_what_is_not_held_is_fetched_together_and_each_failure_is_its_own():
    bench = Bench(batch=True)
    bench.load(A)
    names = ["a", "b", "missing", "denied", "throttled"]
    reply = ask(bench, "/batch", {"secrets": names})
    assert (None, [["b", "missing", "denied", "throttled"]]) == (reply.response, bench.calls)

    bench.answer(secret("b"), MISSING, DENIED, THROTTLED)

    found = json.loads(reply.response.body)["secrets"]
    assert names == list(found)
    assert ["a 1", "b 1"] == [found[name]["value"] for name in names[:2]]
    assert [404, 403, 429] == [found[name]["error"]["status"] for name in names[2:]]


def test_a_parameter_is_looked_for_under_both_spellings():
    bench = Bench()
    reply = ask(bench, "/batch", {"parameters": ["x"]})
    bench.answer(MISSING)
    bench.answer(parameter("/x", "value"))

    assert "value" == json.loads(reply.response.body)["parameters"]["x"]["value"]


def test_a_field_that_there_is_not_is_that_items_problem(bench):
    error = answered(bench, "/batch", {"secrets": [{"id": "a", "field": "xyzzy"}]})["secrets"]["a"]["error"]

    assert (404, "FieldNotFound") == (error["status"], error["code"])


@pytest.mark.parametrize("name", ["a b", "%", "\x00", "arn:aws:nothing"])
def test_what_can_be_no_name_costs_the_others_nothing(bench, name):
    found = answered(bench, "/batch", {"secrets": ["a", name], "parameters": [name]})

    assert "value" in found["secrets"]["a"]
    assert 400 == found["secrets"][name]["error"]["status"] == found["parameters"][name]["error"]["status"]


def test_an_empty_batch_is_empty():
    assert {"secrets": {}, "parameters": {}, "tables": {}} == answered(Bench(), "/batch", {})


@pytest.mark.parametrize("path", ["/batch", "/refresh"])
@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"hunter2"',
        b"\xff",
        b"[" * 60_000,
        {"hunter2": []},
        {"secrets": "hunter2"},
        {"secrets": {"hunter2": 1}},
        {"secrets": [1]},
        {"secrets": [None]},
        {"secrets": [["hunter2"]]},
        {"secrets": [""]},
        {"secrets": [{}]},
        {"secrets": [{"field": "hunter2"}]},
        {"secrets": [{"id": "a", "hunter2": 1}]},
        {"secrets": [{"id": "a", "label": "x"}]},
        {"secrets": [{"id": "a", "name": "b"}]},
        {"secrets": [{"id": "a", "stage": ["hunter2"]}]},
        {"parameters": [{"name": "x", "stage": "S"}]},
        {"secrets": ["a", "a"]},
        {"secrets": [f"name-{number}" for number in range(101)]},
        {"secrets": [f"name-{number}" for number in range(60)], "parameters": [f"p{number}" for number in range(41)]},
        {"secrets": ["a"] * 100_000},
        {"tables": "hunter2"},
        {"tables": {"rates": "hunter2"}},
        {"tables": {"rates": [{}]}},
        {"tables": {"rates": [[]]}},
    ],
    ids=lambda document: ascii(document)[:40],
)
def test_what_is_not_understood_is_a_400_that_repeats_nothing_and_asks_nobody(path, document):
    bench = Bench()
    reply = ask(bench, path, document)

    assert 400 == problem(reply.response)[0]
    assert b"hunter2" not in reply.response.body
    assert [] == bench.calls


def test_a_hundred_items_are_allowed():
    bench = Bench(batch=True)
    ask(bench, "/batch", {"secrets": [f"name-{number}" for number in range(100)]})

    assert [100] == [len(names) for names in bench.calls]


# /refresh


def test_what_is_named_is_fetched_anew_together_and_failures_are_named():
    bench = Bench(batch=True)
    bench.load(A)
    bench.load(B)
    bench.clock.advance(2)
    reply = ask(bench, "/refresh", {"secrets": ["a", "b", "c"]})
    assert [["a", "b", "c"]] == bench.calls

    bench.answer(secret("a", "2"), TIMED_OUT, MISSING)

    summary = json.loads(reply.response.body)
    assert (1, 0, {"b": 504, "c": 404}) == (
        summary["refreshed"],
        summary["skipped"],
        {name: error["status"] for name, error in summary["failed"].items()},
    )
    assert "a 2" == bench.read(A).text


def test_nothing_named_means_what_is_listed_and_what_was_read_since_its_fetch():
    bench = Bench(secrets="a", batch=True)
    for name in "abc":
        bench.load(secret_resource(name))
    bench.read(B)
    bench.clock.advance(2)

    ask(bench, "/refresh", {})

    assert [["a", "b"]] == bench.calls


@pytest.mark.parametrize(("seconds", "skipped"), [(0.5, 1), (1.5, 0)])
def test_what_was_refreshed_a_moment_ago_is_skipped(seconds, skipped):
    bench = Bench()
    bench.load(A)
    ask(bench, "/refresh", {"secrets": ["a"]})
    bench.answer(secret(version="2"))
    bench.clock.advance(seconds)

    reply = ask(bench, "/refresh", {"secrets": ["a"]})

    assert [["a"]] * (1 - skipped) == bench.calls
    if skipped:
        assert {"refreshed": 0, "failed": {}, "skipped": 1} == json.loads(reply.response.body)


def test_a_parameter_is_refreshed_under_the_spelling_that_is_held():
    bench = Bench()
    bench.load(parameter_resource("/x"), parameter("/x"))
    bench.clock.advance(2)
    reply = ask(bench, "/refresh", {"parameters": ["x"]})
    assert [["/x"]] == bench.calls

    bench.answer(parameter("/x", "new"))

    assert {"refreshed": 1, "failed": {}, "skipped": 0} == json.loads(reply.response.body)


# /restore


def test_a_restore_hook_does_what_the_first_invoke_would_and_waits_for_it():
    bench = Bench(secrets="a,b", batch=True)
    bench.load(A)
    bench.load(B)
    bench.store.expire()
    reply = ask(bench, "/restore", b"")
    assert (1, [["a", "b"]], None) == (bench.restore.invocations, bench.calls, reply.response)

    bench.answer(secret("a", "2"), TIMED_OUT)

    summary = json.loads(reply.response.body)
    assert (2, 0) == (summary["refreshed"] + len(summary["failed"]), summary["skipped"])
    assert "a 2" == bench.read(A).text
