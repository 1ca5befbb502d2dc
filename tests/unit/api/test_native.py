"""What Preheat's own paths answer: the value, how fresh it is, and what each failure is."""

import json

import pytest

from extension.references import parameter_path, parameter_resource
from extension.sources.listing import Listing, listing_resource
from tests.unit.api.bench import Bench, parameter, parts, problem
from tests.unit.store.bench import DENIED, MALFORMED, MISSING, THROTTLED, TIMED_OUT, A, secret

REFERENCE = "/aws/reference/secretsmanager/"
FAILURES = [(MISSING, 404), (DENIED, 403), (MALFORMED, 400), (THROTTLED, 429), (TIMED_OUT, 504)]


def asked(target, **lists):
    """What such a request fetches first."""
    bench = Bench(**lists)
    reply = bench.ask(target)
    assert reply.response is None, reply.response.body
    return bench.fetcher.jobs[0].call.resources[0]


def held(resource, value, **options):
    """A bench that holds a value and has not been read."""
    bench = Bench(**options)
    bench.load(resource, value)
    return bench


# Values


def test_a_secret_comes_as_it_is_with_how_fresh_it_is():
    bench = held(A, secret(SecretString="p\xe4ss \u2028\nword"))
    bench.clock.advance(12.9)

    assert (
        200,
        {
            "Content-Type": "text/plain; charset=utf-8",
            "Age": "12",
            "Cache-Control": "private, max-age=100",
            "ETag": '"1"',
            "Preheat-Cache": "hit",
        },
        "p\xe4ss \u2028\nword".encode(),
    ) == bench.get("/secrets/a")


@pytest.mark.parametrize(
    ("age", "how", "lifetime"), [(0, "hit", 100), (99, "hit", 100), (100, "stale", 0), (119, "stale", 0)]
)
def test_what_is_stale_says_so(age, how, lifetime):
    bench = held(A, secret(), stale_while_revalidate=20.0)
    bench.clock.advance(age)
    _, headers, _ = bench.get("/secrets/a")

    assert (how, f"private, max-age={lifetime}") == (headers["Preheat-Cache"], headers["Cache-Control"])


def test_who_waited_for_a_fetch_says_so_and_so_does_who_joined_it():
    bench = Bench()
    replies = [bench.ask("/secrets/a"), bench.ask("/secrets/a")]
    bench.answer(secret())

    assert ["miss", "coalesced"] == [parts(reply.response)[1]["Preheat-Cache"] for reply in replies]


@pytest.mark.parametrize("data", [b"", b"\x00\xff"])
def test_a_binary_secret_is_its_bytes(data):
    value = secret()
    value.string, value.binary = None, data
    status, headers, body = held(A, value).get("/secrets/a")

    assert (200, "application/octet-stream", data) == (status, headers["Content-Type"], body)


DOCUMENT = '{"user":"me","port":5432,"tls":true,"none":null,"list":[1, "\xe4"],"":"empty","a/b":"path","user":"last"}'


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("user", "last"),
        ("port", "5432"),
        ("tls", "true"),
        ("none", "null"),
        ("list", '[1,"\xe4"]'),
        ("", "empty"),
        ("a%2Fb", "path"),
    ],
)
def test_a_field_of_a_secret_is_its_text_or_compact_json(field, body):
    status, headers, found = held(A, secret(SecretString=DOCUMENT)).get(f"/secrets/a?field={field}")

    assert (200, body.encode()) == (status, found)
    assert headers["ETag"].startswith('"1-field-')


def test_two_fields_have_two_etags_that_tell_nothing_of_their_names():
    bench = held(A, secret(SecretString=DOCUMENT))
    tags = [bench.get(f"/secrets/a?field={field}")[1]["ETag"] for field in ("user", "port", "user")]

    assert tags[0] == tags[2] != tags[1]
    assert "user" not in tags[0]


@pytest.mark.parametrize(
    "text", ["hunter2", '"hunter2"', '["hunter2"]', '{"hunter2":', '{"other":"hunter2"}', "", "null"]
)
def test_a_field_that_there_is_not_is_not_found_and_names_neither_keys_nor_value(text):
    bench = held(A, secret(SecretString=text))
    _, _, body = bench.get("/secrets/a?field=xyzzy")

    assert (404, "FieldNotFound") == bench.problem("/secrets/a?field=xyzzy")
    assert b"hunter2" not in body
    assert b"xyzzy" not in body
    assert b"other" not in body


def test_a_parameter_comes_as_it_is():
    status, headers, body = held(parameter_resource("/app/x"), parameter(value="a,b")).get("/parameters/app/x")

    assert (200, b"a,b", '"3-1500"') == (status, body, headers["ETag"])
    assert "text/plain; charset=utf-8" == headers["Content-Type"]


def test_a_binary_secret_through_ssm_has_no_text():
    value = parameter(REFERENCE + "x", None, SourceResult='{"versionId":"v"}', Type="SecureString")
    bench = held(parameter_resource(REFERENCE + "x"), value)

    assert (404, "NoText") == bench.problem(f"/parameters{REFERENCE}x")


def test_a_wildcard_is_the_names_below_with_their_values():
    bench = Bench(parameters="/app/*")
    place = listing_resource(parameter_path("/app/"), "*")
    bench.store.fetch([place], bench.store.round())
    job = bench.fetcher.jobs[0]
    members = [parameter_resource("/app/b"), parameter_resource("/app/a")]
    for member in members:
        job.deliver(member, parameter(member.name, f"value of {member.name}"), bench.clock.now())
    bench.answer(Listing(members, False))

    status, headers, body = bench.get("/parameters/app/*")

    assert (200, "application/json") == (status, headers["Content-Type"])
    assert {"/app/b": "value of /app/b", "/app/a": "value of /app/a"} == json.loads(body)
    assert 304 == bench.get("/parameters/app/*", ("If-None-Match", headers["ETag"]))[0]


# Conditions


@pytest.mark.parametrize(
    ("condition", "status"), [('"1"', 304), ('W/"1"', 304), ("*", 304), ('"2", "1"', 304), ('"2"', 200), ("1", 200)]
)
def test_who_has_it_already_gets_304_with_the_same_headers_and_no_body(condition, status):
    bench = held(A, secret())
    expected = bench.get("/secrets/a")[1]
    found, headers, body = bench.get("/secrets/a", ("If-None-Match", condition))

    assert status == found
    if status == 304:
        del expected["Content-Type"]
        assert (expected, b"") == (headers, body)


@pytest.mark.parametrize(
    ("field", "fetches"), [("no-cache", True), ("max-age=9", True), ("max-age=10", False), ("no-store", False)]
)
def test_a_request_may_ask_for_something_fresher(field, fetches):
    bench = held(A, secret())
    bench.clock.advance(10)

    assert fetches is (bench.ask("/secrets/a", headers=[("Cache-Control", field)]).response is None)


@pytest.mark.parametrize("target", ["/secrets/a?refresh=true", "/secrets/a?refresh=1"])
def test_refresh_fetches_what_is_fresh(target):
    bench = held(A, secret())
    reply = bench.ask(target)
    assert [["a"]] == bench.calls
    bench.answer(secret(version="2"))

    assert b"a 2" == reply.response.body


# Failures


@pytest.mark.parametrize(("error", "status"), FAILURES)
@pytest.mark.parametrize(
    "target", ["/secrets/a", "/secrets/a?field=x", "/parameters/app/x", "/s3/bucket/key", "/parameters/app/*"]
)
def test_each_failure_has_its_status_and_its_code(target, error, status):
    bench = Bench()
    reply = bench.ask(target)
    bench.answer(error)

    assert (status, error.code) == problem(reply.response)


@pytest.mark.parametrize(
    ("target", "part"),
    [
        (
            "/secrets/a",
            "grant secretsmanager:GetSecretValue on arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-??????",
        ),
        ("/s3/bucket/key", "missing, or not permitted: grant "),
    ],
)
def test_a_denied_read_says_what_to_grant(target, part):
    bench = Bench()
    reply = bench.ask(target)
    bench.answer(DENIED)

    assert part in json.loads(reply.response.body)["detail"]


@pytest.mark.parametrize(
    "target",
    [
        "/secrets/",
        "/secrets",
        "/secrets/a%20b",
        "/secrets/%ff",
        "/secrets/a?stage=x&version=y",
        "/secrets/a?hunter2=1",
        "/secrets/a?refresh=perhaps",
        "/parameters/",
        "/parameters/a//b",
        "/parameters/x?version=0",
        "/parameters/x?version=1&label=a",
        "/parameters/x?decrypt=perhaps",
        "/parameters/app*",
        "/parameters/app/***",
        "/parameters/*/x",
        "/parameters/app/*?version=1",
        "/s3/",
        "/s3/bucket",
        "/s3/bucket/",
        "/s3/B_/key",
        "/s3/bucket/%00",
    ],
)
def test_what_can_be_no_name_is_a_400_that_repeats_nothing_and_asks_nobody(target):
    bench = Bench()
    status, _ = bench.problem(target)

    assert (400, []) == (status, bench.calls)
    assert b"hunter2" not in bench.ask(target).response.body


def test_what_no_list_names_is_a_403():
    assert (403, "NotListed") == Bench(allow="listed", secrets="a").problem("/secrets/b")
