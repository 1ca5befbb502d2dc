"""Many things in one question: what goes out, what comes back, how failures are told."""

from __future__ import annotations

import json

import pytest

import preheat
from tests.client.stand_in import as_json, ok, problem


def item(value: object, age: float = 1.0) -> dict[str, object]:
    return {"value": value, "version": "v1", "age": age}


def error(status: int, detail: str = "no") -> dict[str, object]:
    return {"error": {"status": status, "title": "Title", "detail": detail}}


def answer(secrets=None, parameters=None):
    return as_json({"secrets": secrets or {}, "parameters": parameters or {}, "tables": {}})


REFRESHED = as_json({"refreshed": 1, "failed": {}, "skipped": 0})


def bodies(stand_in, path="/batch"):
    return [json.loads(request.body) for request in stand_in.requests if request.target == path]


def names(count):
    return [f"secret-{number}" for number in range(count)]


def all_of_them(connection, request):
    """Answers whatever is asked for with a value that names it."""
    asked = json.loads(request.body)
    return as_json({kind: {name: item(f"value of {name}") for name in asked[kind]} for kind in asked})


def test_many_things_are_one_question(stand_in):
    stand_in.script = [
        answer({"db": item("s"), "bin": {"base64": "AP8=", "version": "v", "age": 0.5}}, {"/a": item("p")})
    ]

    many = stand_in.client().get_many(secrets=["db", "bin"], parameters=["/a"])

    assert ({"db": "s", "bin": b"\x00\xff"}, {"/a": "p"}, {}) == (many.secrets, many.parameters, many.errors)
    (request,) = stand_in.requests
    assert ("POST", "/batch") == (request.method, request.target)
    assert {"secrets": ["db", "bin"], "parameters": ["/a"]} == json.loads(request.body)


def test_items_may_have_options(stand_in):
    secret = {"id": "db", "field": "port", "stage": "AWSPENDING"}
    parameter = {"name": "/a", "label": "live", "decrypt": False}
    stand_in.script = [answer({"db": item(5432)}, {"/a": item("p")})]

    many = stand_in.client().get_many(secrets=[secret], parameters=[parameter])

    assert {"db": 5432} == many.secrets
    assert {"secrets": [secret], "parameters": [parameter]} == bodies(stand_in)[0]


@pytest.mark.parametrize(("count", "questions"), [(0, 0), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_more_than_the_sidecar_takes_at_once_are_several_questions(stand_in, count, questions):
    stand_in.usual = all_of_them

    many = stand_in.client().get_many(secrets=names(count))

    assert {name: f"value of {name}" for name in names(count)} == many.secrets
    assert questions == len(bodies(stand_in))
    assert all(len(body["secrets"]) <= 100 for body in bodies(stand_in))


def test_long_names_are_several_questions_too(stand_in):
    stand_in.usual = all_of_them
    long = [f"{number:02}" + "x" * 2000 for number in range(60)]

    many = stand_in.client().get_many(secrets=long)

    assert set(long) == set(many.secrets)
    assert all(len(request.body) < 64 * 1024 for request in stand_in.requests)
    assert 3 == len(stand_in.requests)


def test_a_thing_that_is_named_twice_is_asked_for_once(stand_in):
    stand_in.usual = all_of_them

    assert {"a": "value of a"} == stand_in.client().get_many(secrets=["a", "a"]).secrets
    assert {"a": "value of a"} == stand_in.client().get_secrets_by_name(["a", "a"])
    assert [{"secrets": ["a"]}] * 2 == bodies(stand_in)


def test_the_same_in_two_ways_is_refused(stand_in):
    with pytest.raises(ValueError, match="secret 'a' is asked for in two ways"):
        stand_in.client().get_many(secrets=["a", {"id": "a", "field": "x"}])

    assert [] == stand_in.requests


@pytest.mark.parametrize("odd", [5, None, {}, {"id": 5}, {"field": "x"}, ""])
def test_an_item_without_name_is_refused(stand_in, odd):
    with pytest.raises((ValueError, AttributeError, TypeError)):
        stand_in.client().get_many(secrets=[odd])

    assert [] == stand_in.requests


def test_the_first_failure_raises(stand_in):
    stand_in.script = [answer({"a": item("1"), "b": error(403, "grant it"), "c": error(404)})]

    with pytest.raises(preheat.AccessDenied, match="secret 'b': grant it"):
        stand_in.client().get_many(secrets=["a", "b", "c"])


def test_failures_can_be_collected(stand_in):
    stand_in.script = [answer({"a": item("1"), "b": error(429)}, {"a": error(404), "c": item(None)})]

    many = stand_in.client().get_many(secrets=["a", "b"], parameters=["a", "c"], raise_on_error=False)

    assert {"a": "1"} == many.secrets
    assert {} == many.parameters
    assert {
        ("secrets", "b"): preheat.Throttled,
        ("parameters", "a"): preheat.NotFound,
        ("parameters", "c"): preheat.NotFound,  # a binary secret through SSM has no text
    } == {key: type(value) for key, value in many.errors.items()}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"secrets": {}},
        {"secrets": {"a": {}}},
        {"secrets": {"a": "1"}},
        {"secrets": {"a": {"value": "1"}}},
        {"secrets": {"a": {"value": "1", "age": "old"}}},
        {"secrets": {"a": {"base64": "x", "age": 1}}},
        {"secrets": {"a": {"error": {}}}},
        {"secrets": ["a"]},
    ],
)
def test_an_answer_of_another_shape_is_refused(stand_in, document):
    stand_in.script = [as_json(document)]

    with pytest.raises(preheat.SidecarUnavailable, match="not Preheat"):
        stand_in.client().get_many(secrets=["a"])


def test_an_answer_that_is_no_json_is_refused_and_not_shown(stand_in):
    stand_in.script = [ok("{s3cr3t", media="application/json")]

    with pytest.raises(preheat.SidecarUnavailable, match="no JSON object") as raised:
        stand_in.client().get_many(secrets=["a"])

    assert raised.value.__context__ is None


def test_secrets_by_name(stand_in):
    stand_in.usual = lambda connection, request: answer({"a": item("[1]"), "b": item("[2]")})

    assert {"a": [1], "b": [2]} == stand_in.client().get_secrets_by_name(["a", "b"], transform="json")


def test_names_are_a_list_and_not_one_text(stand_in):
    with pytest.raises(TypeError, match="names are a list"):
        stand_in.client().get_secrets_by_name("db")


def test_failures_by_name_are_listed_as_powertools_lists_them(stand_in):
    stand_in.usual = lambda connection, request: answer({"a": item("1"), "b": error(404), "c": item("no json")})
    client = stand_in.client()

    found = client.get_secrets_by_name(["a", "b", "c"], transform="json", raise_on_error=False)

    assert {"a": 1, "_errors": ["b", "c"]} == found
    with pytest.raises(preheat.NotFound):
        client.get_secrets_by_name(["a", "b"])
    with pytest.raises(preheat.TransformFailed, match="secret 'c'"):
        client.get_secrets_by_name(["c"], transform="json")
    with pytest.raises(ValueError, match="_errors"):
        client.get_secrets_by_name(["_errors"], raise_on_error=False)


def test_parameters_by_name_with_options_of_their_own(stand_in):
    stand_in.script = [answer(parameters={"/a": item("[1]"), "/b": item("AP8="), "/c": item("plain")})]
    asked = {"/a": {"transform": "json"}, "/b": {"transform": "binary", "decrypt": False}, "/c": None}

    found = stand_in.client().get_parameters_by_name(asked)

    assert {"/a": [1], "/b": b"\x00\xff", "/c": "plain"} == found
    assert [{"parameters": ["/a", {"name": "/b", "decrypt": False}, "/c"]}] == bodies(stand_in)
    assert {"/a": {"transform": "json"}, "/b": {"transform": "binary", "decrypt": False}, "/c": None} == asked


def test_parameters_by_name_may_be_a_plain_list(stand_in):
    stand_in.script = [answer(parameters={"/a": item("1")})]

    assert {"/a": 1} == stand_in.client().get_parameters_by_name(["/a"], transform=int, decrypt=False)
    assert [{"parameters": [{"name": "/a", "decrypt": False}]}] == bodies(stand_in)


def test_an_unknown_option_of_a_parameter_is_refused(stand_in):
    with pytest.raises(ValueError, match="transform, max_age and decrypt"):
        stand_in.client().get_parameters_by_name({"/a": {"versoin": 3}})


def test_what_is_older_than_max_age_is_fetched_anew_and_nothing_else(stand_in):
    stand_in.script = [
        answer({"old": item("1", age=9.5), "new": item("2", age=2)}),
        REFRESHED,
        answer({"old": item("3", age=0)}),
    ]

    assert {"old": "3", "new": "2"} == stand_in.client().get_secrets_by_name(["old", "new"], max_age=5)
    assert [{"secrets": ["old"]}] == bodies(stand_in, "/refresh")


def test_force_fetch_fetches_first_and_then_reads(stand_in):
    stand_in.script = [REFRESHED, answer({"a": item("new")})]

    assert {"a": "new"} == stand_in.client().get_many(secrets=["a"], force_fetch=True).secrets
    assert ["/refresh", "/batch"] == stand_in.targets


def test_what_could_not_be_fetched_by_force_is_an_error_and_not_the_old_value(stand_in):
    """The sidecar names failures its own way, so whose they are has to be asked one by one."""
    failed = as_json({"refreshed": 1, "failed": {"arn:of:b": error(504, "timed out")["error"]}, "skipped": 0})
    skipped = as_json({"refreshed": 0, "failed": {}, "skipped": 1})
    stand_in.script = [failed, skipped, failed, answer({"a": item("new"), "b": item("old")})]

    many = stand_in.client().get_many(secrets=["a", "b"], force_fetch=True, raise_on_error=False)

    assert {"a": "new"} == many.secrets
    assert {("secrets", "b"): preheat.Unavailable} == {key: type(value) for key, value in many.errors.items()}


def test_refresh_says_what_it_did(stand_in):
    failed = {"db": {"status": 403, "title": "Title", "detail": "grant it", "code": "AccessDenied"}}
    stand_in.script = [as_json({"refreshed": 3, "failed": failed, "skipped": 2})]

    done = stand_in.client().refresh(secrets=["db"], parameters=["/a"])

    assert (3, 2, "'db': grant it (AccessDenied)") == (done.refreshed, done.skipped, str(done.failed["db"]))
    assert isinstance(done.failed["db"], preheat.AccessDenied)
    assert [{"secrets": ["db"], "parameters": ["/a"]}] == bodies(stand_in, "/refresh")


def test_refresh_without_arguments_means_all_and_with_an_empty_list_nothing(stand_in):
    stand_in.usual = lambda connection, request: REFRESHED
    client = stand_in.client()

    assert 1 == client.refresh().refreshed
    assert 0 == client.refresh(secrets=[]).refreshed

    assert [{}] == bodies(stand_in, "/refresh")


@pytest.mark.parametrize("document", [{}, {"refreshed": 1}, {"refreshed": "x", "failed": {}, "skipped": 0}])
def test_an_answer_to_refresh_of_another_shape_is_refused(stand_in, document):
    stand_in.script = [as_json(document)]

    with pytest.raises(preheat.SidecarUnavailable, match="not Preheat"):
        stand_in.client().refresh()


def test_a_question_that_is_refused_as_a_whole_raises(stand_in):
    stand_in.script = [problem(400, "at most 100 items at once")]

    with pytest.raises(preheat.BadRequest, match="at most 100 items"):
        stand_in.client().get_many(secrets=["a"])


def test_reprs_show_no_values(stand_in):
    stand_in.usual = lambda connection, request: answer({"a": item("s3cr3t")})
    client = stand_in.client()

    many = client.get_many(secrets=["a"])

    assert "<Many: secrets=1 parameters=0 errors=0>" == repr(many)
