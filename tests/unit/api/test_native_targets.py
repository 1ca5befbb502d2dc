"""Which resource a path means: aliases, slashes, selections, wildcards."""

import pytest

from extension.references import parameter_path, parameter_resource, s3_resource, secret_resource
from extension.sources.listing import listing_resource
from tests.unit.api.bench import Bench, parameter, problem
from tests.unit.store.bench import DENIED, MISSING, arn_of

REFERENCE = "/aws/reference/secretsmanager/"


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


# Which secret


@pytest.mark.parametrize(
    ("target", "resource"),
    [
        ("/secrets/prod/db", secret_resource("prod/db")),
        ("/secrets/prod%2Fdb", secret_resource("prod/db")),
        ("/secrets//db", secret_resource("/db")),
        ("/secrets/a+b", secret_resource("a+b")),
        (f"/secrets/{arn_of('x')}", secret_resource(arn_of("x"))),
        ("/secrets/x?stage=AWSPENDING", secret_resource("x", stage="AWSPENDING")),
        ("/secrets/x?stage=AWSCURRENT", secret_resource("x")),
        ("/secrets/x?version=0d0a", secret_resource("x", version="0d0a")),
        ("/secrets/x?field=user", secret_resource("x")),
    ],
)
def test_which_secret_a_path_means(target, resource):
    assert resource == asked(target)


@pytest.mark.parametrize(
    ("target", "resource"),
    [
        ("/secrets/db", secret_resource("prod/db", stage="BLUE", region="us-east-1")),
        ("/secrets/db?stage=AWSPENDING", secret_resource("prod/db", stage="AWSPENDING", region="us-east-1")),
        ("/secrets/db?stage=AWSCURRENT", secret_resource("prod/db", region="us-east-1")),
        ("/secrets/db?version=7", secret_resource("prod/db", version="7", region="us-east-1")),
        ("/secrets/other", secret_resource("other")),
    ],
)
def test_an_alias_means_its_secret_in_the_stage_that_is_asked_for(target, resource):
    assert resource == asked(target, secrets="prod/db?as=db&stage=BLUE&region=us-east-1")


# Which parameter


@pytest.mark.parametrize(
    ("target", "lists", "resource"),
    [
        ("/parameters/app/x", "", parameter_resource("/app/x")),
        ("/parameters//app/x", "", parameter_resource("/app/x")),
        ("/parameters/%2Fapp%2Fx", "", parameter_resource("/app/x")),
        ("/parameters/x", "", parameter_resource("x")),
        ("/parameters/x", "/x", parameter_resource("/x")),
        ("/parameters/x", "x,/x", parameter_resource("x")),
        ("/parameters/x", "/app/y?as=x,x", parameter_resource("/app/y")),
        ("/parameters/x:3", "", parameter_resource("x:3")),
        ("/parameters/x?version=3", "", parameter_resource("x:3")),
        ("/parameters/x?label=live", "", parameter_resource("x:live")),
        ("/parameters/x?decrypt=false", "", parameter_resource("x", decrypt=False)),
        (
            "/parameters/x",
            "/x?decrypt=false&region=us-east-1",
            parameter_resource("/x", decrypt=False, region="us-east-1"),
        ),
        ("/parameters/x?decrypt=true", "/x?decrypt=false", parameter_resource("/x")),
        ("/parameters/x?version=4", "/x?version=3", parameter_resource("/x:4")),
        (f"/parameters{REFERENCE}db?version=b1c3-7f", "", parameter_resource(REFERENCE + "db:b1c3-7f")),
        ("/parameters/app/*", "", listing_resource(parameter_path("/app/"), "*")),
        ("/parameters//app/**", "", listing_resource(parameter_path("/app/"), "**")),
        ("/parameters/app/%2A", "", listing_resource(parameter_path("/app/"), "*")),
        ("/parameters/app/*?decrypt=false", "", listing_resource(parameter_path("/app/", decrypt=False), "*")),
    ],
)
def test_which_parameter_a_path_means(target, lists, resource):
    assert resource == asked(target, parameters=lists)


def test_a_name_without_a_slash_is_looked_for_with_one_where_there_is_none_without():
    bench = Bench()
    reply = bench.ask("/parameters/x")
    bench.answer(MISSING)
    assert [["/x"]] == bench.calls
    bench.answer(parameter("/x"))

    assert (200, b"v") == (reply.response.status, reply.response.body)


def test_where_there_is_neither_it_is_not_found_and_a_refusal_looks_no_further():
    bench = Bench()
    reply = bench.ask("/parameters/x")
    bench.answer(MISSING)
    bench.answer(MISSING)
    assert 404 == problem(reply.response)[0]

    reply = bench.ask("/parameters/y")
    bench.answer(DENIED)
    assert 403 == problem(reply.response)[0]
    assert [] == bench.calls


def test_of_the_two_the_one_that_is_held_is_meant():
    bench = held(parameter_resource("/x"), parameter("/x"))

    assert (200, b"v") == bench.get("/parameters/x")[::2]


# Which object


@pytest.mark.parametrize(
    ("target", "lists", "resource"),
    [
        ("/s3/bucket/a/b.csv", "", s3_resource("bucket", "a/b.csv")),
        ("/s3/bucket/a%2Fb", "", s3_resource("bucket", "a/b")),
        ("/s3/bucket//a/../b", "", s3_resource("bucket", "/a/../b")),
        ("/s3/bucket/a+b%20c", "", s3_resource("bucket", "a+b c")),
        ("/s3/bucket/key?version=v1", "", s3_resource("bucket", "key", version="v1")),
        ("/s3/bucket/key", "s3://bucket/key?region=us-east-1", s3_resource("bucket", "key", region="us-east-1")),
        ("/s3/data", "s3://bucket/key?as=data&version=v1", s3_resource("bucket", "key", version="v1")),
        ("/s3/data?version=v2", "s3://bucket/key?as=data&version=v1", s3_resource("bucket", "key", version="v2")),
    ],
)
def test_which_object_a_path_means(target, lists, resource):
    assert resource == asked(target, s3=lists)
