"""Who may read, and what is told about who did: counters, log lines, what to grant. Never a value."""

import pytest

from extension.aws import outcome
from extension.references import parameter_resource, secret_resource
from extension.sources.parameter import Parameter
from tests.unit.store.bench import A_ARN, DENIED, MISSING, TIMED_OUT, A, B, Bench, arn_of, secret

ONE = parameter_resource("/app/1")


def parameter(name):
    arn = f"arn:aws:ssm:eu-west-1:123456789012:parameter{name}"
    return Parameter({"Name": name, "Value": "v", "Type": "String", "ARN": arn, "Version": 1}, True)


# Who may read


@pytest.mark.parametrize(
    ("resource", "allowed"),
    [
        (A, True),
        (secret_resource("a", stage="AWSPENDING"), True),
        (secret_resource("a", version="7"), True),
        (B, False),
        (A_ARN, False),
        (secret_resource(arn_of("a"), stage="AWSPENDING"), False),
    ],
)
def test_before_any_answer_only_the_listed_spelling_may_be_read(resource, allowed):
    bench = Bench(secrets="a", allow="listed")

    reader = bench.read(resource)

    assert allowed is reader.waits
    if not allowed:
        assert ("NotListed", 403) == (reader.result.code, reader.result.status)
        assert [] == bench.calls


@pytest.mark.parametrize("selector", ["", "stage:AWSPENDING", "stage:AWSPREVIOUS", "version:7", "version:1"])
def test_once_an_answer_has_told_every_spelling_may_be_read_in_any_stage_or_version(selector):
    bench = Bench(secrets="a", allow="listed")
    bench.load()

    for resource in (A, A_ARN):
        reader = bench.read(resource.replaced(selector=selector))
        assert reader.waits or reader.how == "hit"


def test_a_refusal_by_the_list_is_not_a_miss_and_is_not_remembered():
    bench = Bench(secrets="a", allow="listed")
    bench.read(A_ARN)
    bench.load()

    assert "hit" == bench.read(A_ARN).how
    bench.read(B)
    bench.read(B)
    assert [A_ARN.label, "b"] == [line["resource"] for line in bench.events("read.refused")]  # once each
    assert [(1, 0)] == [(row["hits"], row["misses"]) for row in bench.store.snapshot()]


@pytest.mark.parametrize("decrypt", [True, False])
@pytest.mark.parametrize("name", ["/app/1", "flag"])
def test_any_decryption_of_a_listed_parameter_may_be_read_by_its_arn(name, decrypt):
    bench = Bench(parameters=name, allow="listed")
    secure = parameter(name if "/" in name else "/" + name)
    secure.name, secure.type = name, "SecureString"
    bench.load(parameter_resource(name), secure)

    reader = bench.read(bench.resolver.meant(parameter_resource(secure.arn, decrypt=decrypt)))

    assert reader.waits or reader.how == "hit"


# What is told


def test_the_counters_say_who_read_what_and_never_what_it_is():
    bench = Bench(secrets="a,b,c", stale_while_revalidate=10.0)
    bench.load()
    bench.read()
    bench.read()
    bench.clock.advance(105)
    bench.read()
    bench.clock.advance(10)
    bench.read()
    bench.answer(TIMED_OUT)
    bench.read(B)
    bench.answer(DENIED)
    bench.read(secret_resource("unlisted"))
    bench.answer(secret("unlisted", SecretString="x" * 100))

    rows = {row["resource"]: row for row in bench.store.snapshot()}

    a, b, unlisted = rows["a"], rows["b"], rows["unlisted"]
    assert (2, 1, 2, True, "lapsed") == (a["hits"], a["misses"], a["stale"], a["listed"], a["state"])
    assert (115.0, "TimeoutError") == (a["age"], a["last_error"])
    assert {"resource": "b", "listed": True, "state": "absent", "last_error": "AccessDeniedException"} == b
    assert (0, 1, False, "fresh") == (unlisted["hits"], unlisted["misses"], unlisted["listed"], unlisted["state"])
    assert unlisted["bytes"] >= 100
    assert {"a", "b", "unlisted"} == set(rows)


def test_a_new_version_is_logged_once_and_the_same_one_not():
    bench = Bench()
    bench.load()
    bench.load(A, secret(version="1"))
    bench.load(A, secret(version="2"))
    bench.load(A, secret(version="2"))

    assert [{"resource": "a", "was": "1", "now": "2"}] == bench.events("entry.changed")


def test_a_failure_is_logged_with_what_it_needs():
    bench = Bench(secrets="a")
    for error in (DENIED, MISSING, TIMED_OUT):
        bench.clock.advance(6)
        bench.read()
        bench.answer(error)

    first, second, third = bench.events("fetch.failed")
    assert ("a", "AccessDeniedException", "not authorized") == (first["resource"], first["code"], first["reason"])
    assert "secretsmanager:GetSecretValue" == first["grant"] == second["grant"]
    assert "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-??????" == first["on"]
    assert "grant" not in third
    assert f"{first['grant']} on {first['on']}" == bench.store.needs(A, DENIED)


def test_where_a_role_could_not_be_assumed_that_is_what_has_to_be_granted():
    bench = Bench(secrets="a")
    role = "arn:aws:iam::123456789012:role/reader"
    error = outcome.failure(outcome.DENIED, "AccessDenied", "no", 403)
    error.role = role
    bench.read()
    bench.answer(error)

    (line,) = bench.events("fetch.failed")
    assert ("sts:AssumeRole", role) == (line["grant"], line["on"])
    assert f"sts:AssumeRole on {role}" == bench.store.needs(A, error)


def test_of_two_spellings_the_one_that_is_held_is_preferred():
    bench = Bench()
    bench.load(B)

    assert (B, B, A, A) == (
        bench.store.preferred((A, B)),
        bench.store.preferred((B, A)),
        bench.store.preferred((A,)),
        bench.store.preferred((A, secret_resource("c"))),
    )


def test_what_a_refresh_of_everything_means():
    bench = Bench(secrets="a")
    bench.load(B)
    assert [A] == bench.store.refreshable()
    bench.read(B)

    assert [A, B] == bench.store.refreshable()
