"""Which spellings are the same thing: joined only by answers, told apart by role, stage and decryption."""

import pytest

from extension.references import parameter_resource, s3_resource, secret_resource
from extension.sources.object import Object
from tests.unit.identities import (
    ACCOUNT,
    FULL,
    NAME,
    OTHER,
    PARTIAL,
    REFERENCE,
    REGION,
    ROLE,
    Bench,
    parameter,
    parameter_arn,
    secret,
    secret_arn,
)


def test_until_an_answer_tells_every_spelling_is_a_thing_of_its_own():
    bench = Bench(ACCOUNT)

    assert [NAME, FULL, PARTIAL] == [bench.links.key(resource) for resource in (NAME, FULL, PARTIAL)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [(NAME, (NAME, FULL)), (FULL, (FULL, NAME)), (PARTIAL, (PARTIAL, FULL, NAME))],
)
def test_an_answer_joins_what_was_asked_with_the_name_and_the_arn_that_it_gives(asked, found):
    bench = Bench(ACCOUNT)
    entry = bench.keep(asked, secret())

    for resource in (NAME, FULL, PARTIAL):
        assert (entry if resource in found else None) is bench.find(resource)
    assert set(found) == entry.spellings


def test_a_partial_arn_is_joined_by_its_own_answer():
    bench = Bench(ACCOUNT)
    entry = bench.keep(NAME, secret())
    assert bench.find(PARTIAL) is None

    assert entry is bench.keep(PARTIAL, secret())

    assert entry is bench.find(PARTIAL)
    assert 1 == len(list(bench.cache))


@pytest.mark.parametrize(
    "other",
    [
        NAME.replaced(selector="stage:AWSPENDING"),
        NAME.replaced(selector="version:v1"),
        NAME.replaced(role=ROLE),
        NAME.replaced(region="us-east-1"),
        FULL.replaced(selector="stage:AWSPENDING"),
        FULL.replaced(role=ROLE),
        secret_resource(secret_arn(region="us-east-1")),
        secret_resource(secret_arn(account=OTHER)),
        secret_resource("prod/db2"),
    ],
)
def test_another_stage_role_region_or_account_is_another_thing(other):
    bench = Bench(ACCOUNT)
    bench.keep(NAME, secret())

    assert bench.find(other) is None


def test_a_stage_is_joined_across_spellings_too():
    bench = Bench(ACCOUNT)
    pending = {"selector": "stage:AWSPENDING"}
    entry = bench.keep(NAME.replaced(**pending), secret(version="v2"))

    assert entry is bench.find(FULL.replaced(**pending))
    assert bench.find(NAME) is None


def test_what_a_role_reads_is_joined_for_that_role_by_its_arn_alone():
    """Which account the role's bare name is in, nobody knows."""
    bench = Bench(ACCOUNT)
    entry = bench.keep(NAME.replaced(role=ROLE), secret())

    assert entry is bench.find(FULL.replaced(role=ROLE))
    assert (None, None) == (bench.find(NAME), bench.find(FULL))


@pytest.mark.parametrize(
    ("asked", "arn"),
    [
        (secret_resource(secret_arn(account=OTHER)), secret_arn(account=OTHER)),
        (secret_resource(secret_arn(region="us-east-1")), secret_arn(region="us-east-1")),
        (secret_resource("prod/db", region="us-east-1"), secret_arn(region="us-east-1")),
    ],
)
def test_a_secret_of_elsewhere_does_not_answer_for_the_bare_name(asked, arn):
    bench = Bench(ACCOUNT)
    entry = bench.keep(asked, secret(arn=arn))

    assert entry is bench.find(secret_resource(arn))
    assert bench.find(NAME) is None


def test_a_name_that_comes_back_with_another_arn_leaves_the_old_entry():
    """The secret was deleted and made anew."""
    bench = Bench(ACCOUNT)
    old = bench.keep(NAME, secret())
    old.listed = True
    new_arn = secret_arn(suffix="-XyZ123")

    new = bench.keep(NAME, secret(arn=new_arn))

    assert new is not old
    assert new is bench.find(NAME) is bench.find(secret_resource(new_arn))
    assert old is bench.find(FULL)
    assert ({FULL}, {NAME, secret_resource(new_arn)}) == (old.spellings, new.spellings)


def test_an_entry_that_goes_takes_its_spellings_with_it_and_no_others():
    bench = Bench(ACCOUNT)
    bench.keep(NAME, secret())
    other = bench.keep(secret_resource("other"), secret("other"))
    entry = bench.find(NAME)

    bench.cache.remove(entry.key)

    assert (NAME, FULL) == (bench.links.key(NAME), bench.links.key(FULL))
    assert set() == entry.spellings
    assert other is bench.find(secret_resource("other"))


def test_an_old_entry_that_goes_does_not_take_a_spelling_that_has_left_it():
    bench = Bench(ACCOUNT)
    old = bench.keep(NAME, secret())
    new = bench.keep(NAME, secret(arn=secret_arn(suffix="-XyZ123")))
    old.spellings.add(NAME)  # as if it had not been told

    bench.cache.remove(old.key)

    assert new is bench.find(NAME)


# The own account


def test_the_own_account_is_learnt_from_the_answer_to_a_bare_name():
    bench = Bench()
    entry = bench.keep(NAME, secret())

    assert ACCOUNT == bench.resolver.own_account
    assert entry is bench.find(FULL)


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        (FULL, secret()),
        (NAME.replaced(region="us-east-1"), secret(arn=secret_arn(region="us-east-1"))),
        (NAME.replaced(role=ROLE), secret(arn=secret_arn(account=OTHER))),
        (parameter_resource(parameter_arn(account=OTHER)), parameter(arn=parameter_arn(account=OTHER))),
        (
            parameter_resource("/aws/service/ami"),
            parameter("/aws/service/ami", f"arn:aws:ssm:{REGION}::parameter/aws/service/ami"),
        ),
        (
            parameter_resource(REFERENCE),
            parameter(REFERENCE, secret_arn(account=OTHER), SourceResult='{"versionId":"v1"}'),
        ),
        (s3_resource("bucket", "key"), Object("bucket/key", {}, b"")),
    ],
)
def test_nothing_else_tells_the_own_account(asked, value):
    bench = Bench()
    bench.keep(asked, value)

    assert "" == bench.resolver.own_account
