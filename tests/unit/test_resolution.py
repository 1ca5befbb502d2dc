"""Which resource a reader means, and whether a list names it."""

import pytest

from extension.references import parameter_path, parameter_resource, parse_list, s3_resource, secret_resource
from extension.resolution import Resolver
from extension.sources.listing import listing_resource

REGION, ACCOUNT, OTHER = "eu-west-1", "123456789012", "999999999999"
ROLE = f"arn:aws:iam::{OTHER}:role/reader"
VARIABLES = {"secretsmanager": "PREHEAT_SECRETS", "ssm": "PREHEAT_PARAMETERS", "s3": "PREHEAT_S3"}


def secret_arn(name="prod/db-AbCdEf", region=REGION, account=ACCOUNT):
    return f"arn:aws:secretsmanager:{region}:{account}:secret:{name}"


def parameter_arn(name="app/x", region=REGION, account=ACCOUNT):
    return f"arn:aws:ssm:{region}:{account}:parameter/{name}"


def resolver(*, secrets="", parameters="", s3="", account=ACCOUNT, listed_only=True):
    lists = {"secretsmanager": secrets, "ssm": parameters, "s3": s3}
    entries = [entry for service, text in lists.items() for entry in parse_list(service, text, VARIABLES[service])]
    return Resolver(entries, REGION, account, listed_only)


# One spelling of what is in the own region and account


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (secret_resource("prod/db"), secret_resource("prod/db")),
        (secret_resource("prod/db", region=REGION), secret_resource("prod/db")),
        (secret_resource("prod/db", region="us-east-1"), secret_resource("prod/db", region="us-east-1")),
        (secret_resource(secret_arn()), secret_resource(secret_arn())),
        (s3_resource("bucket", "key", region=REGION), s3_resource("bucket", "key")),
        (s3_resource("bucket", "key", region="us-east-1"), s3_resource("bucket", "key", region="us-east-1")),
        (parameter_resource("/app/x", region=REGION), parameter_resource("/app/x")),
        (parameter_resource(parameter_arn()), parameter_resource("/app/x")),
        (parameter_resource(parameter_arn() + ":3"), parameter_resource("/app/x:3")),
        (parameter_resource(parameter_arn(), decrypt=False), parameter_resource("/app/x", decrypt=False)),
        (parameter_resource(parameter_arn(region="us-east-1")), parameter_resource(parameter_arn(region="us-east-1"))),
        (parameter_resource(parameter_arn(account=OTHER)), parameter_resource(parameter_arn(account=OTHER))),
    ],
)
def test_naming_the_own_region_or_account_makes_no_other_resource(resource, expected):
    assert expected == resolver().own(resource)


@pytest.mark.parametrize("order", [1, -1])
def test_a_name_and_an_arn_of_the_own_account_are_one_entry_with_the_stricter_options(order):
    listed = ["/app/x?ttl=60&as=one", f"{parameter_arn()}?ttl=5&as=two&required=true"][::order]

    ((resource, entry),) = resolver(parameters=",".join(listed)).entries.items()

    assert (parameter_resource("/app/x"), 5.0, True) == (resource, entry.ttl, entry.required)
    assert {"one", "two"} == set(entry.aliases)


def test_an_arn_stays_one_while_the_own_account_is_not_known():
    arn = parameter_resource(parameter_arn())
    found = resolver(account="")
    assert arn == found.own(arn)

    found.own_account = ACCOUNT

    assert parameter_resource("/app/x") == found.own(arn)


def test_an_arn_that_does_not_tell_x_from_slash_x_stays_one():
    """Both have the ARN parameter/x; asked for by the wrong one of the two names, AWS finds nothing."""
    arn = parameter_resource(parameter_arn("flag"))

    assert arn == resolver().own(arn)


def test_an_arn_that_another_role_reads_stays_one():
    """To a role of another account the bare name is a parameter of that account."""
    arn = parameter_resource(parameter_arn(), role=ROLE)

    assert arn == resolver().own(arn)


# What a reader means


def test_an_alias_is_of_its_store_and_stands_for_the_entry_as_listed():
    found = resolver(
        secrets="prod/db?as=db&stage=AWSPENDING&region=us-east-1",
        parameters=f"{parameter_arn()}?as=db&decrypt=false",
        s3="s3://bucket/key?as=data",
    )

    assert secret_resource("prod/db", stage="AWSPENDING", region="us-east-1") == found.alias("secretsmanager", "db")
    assert parameter_resource("/app/x", decrypt=False) == found.alias("ssm", "db")
    assert s3_resource("bucket", "key") == found.alias("s3", "data")
    assert (None, None) == (found.alias("s3", "db"), found.alias("secretsmanager", "prod/db"))


def test_a_listed_name_is_found_by_its_name_whatever_its_place():
    found = resolver(parameters="/app/x?region=us-east-1,plain,/app/tree/*")

    assert parameter_resource("/app/x", region="us-east-1") == found.listed_name("ssm", "/app/x")
    assert parameter_resource("plain") == found.listed_name("ssm", "plain")
    assert found.listed_name("ssm", "/plain") is None
    assert found.listed_name("secretsmanager", "plain") is None


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_places_the_own_one_is_meant_by_the_bare_name(order):
    entries = ["prod/db", "prod/db?region=us-east-1", f"prod/db?role={ROLE}"][::order]

    assert secret_resource("prod/db") == resolver(secrets=",".join(entries)).meant(secret_resource("prod/db"))


@pytest.mark.parametrize(
    ("listed", "asked", "meant"),
    [
        ("prod/db?region=us-east-1", {}, {"region": "us-east-1"}),
        (f"prod/db?role={ROLE}", {}, {"role": ROLE}),
        (f"prod/db?role={ROLE}&region=us-east-1", {}, {"role": ROLE, "region": "us-east-1"}),
        ("prod/db?region=us-east-1", {"stage": "AWSPENDING"}, {"stage": "AWSPENDING", "region": "us-east-1"}),
        ("prod/db?region=us-east-1", {"region": "us-west-2"}, {"region": "us-west-2"}),
        ("prod/db?region=us-east-1", {"role": ROLE}, {"role": ROLE}),
        ("prod/db", {"region": REGION}, {}),
        ("prod/db?region=us-east-1", {"region": REGION}, {"region": "us-east-1"}),
        ("other?region=us-east-1", {}, {}),
        ("prod/db?stage=AWSPENDING", {}, {}),
    ],
)
def test_a_bare_name_means_the_listed_place(listed, asked, meant):
    found = resolver(secrets=listed)

    assert secret_resource("prod/db", **meant) == found.meant(secret_resource("prod/db", **asked))


@pytest.mark.parametrize(
    "arn",
    [parameter_arn(region="us-east-1"), parameter_arn(account=OTHER), parameter_arn(region="us-east-1", account=OTHER)],
)
def test_a_bare_name_means_the_own_account_and_region_whatever_arn_is_listed(arn):
    """Contract §4, Identity. It must not be looked for by its bare name in the place that the ARN names."""
    assert parameter_resource("/app/x") == resolver(parameters=arn).meant(parameter_resource("/app/x"))


def test_a_partial_arn_of_elsewhere_does_not_lend_its_region_to_the_name():
    found = resolver(secrets=secret_arn("prod/db", region="us-east-1", account=OTHER))

    assert secret_resource("prod/db") == found.meant(secret_resource("prod/db"))


# PREHEAT_ALLOW


@pytest.mark.parametrize(
    ("lists", "resource", "allowed"),
    [
        ({"secrets": "prod/db"}, secret_resource("prod/db"), True),
        ({"secrets": "prod/db"}, secret_resource("prod/db", stage="AWSPENDING"), True),
        ({"secrets": "prod/db"}, secret_resource("prod/db", version="0d0a"), True),
        ({"secrets": "prod/db"}, secret_resource("prod/db2"), False),
        ({"secrets": "prod/db"}, secret_resource("prod/d"), False),
        ({"secrets": "prod/db"}, secret_resource("prod"), False),
        ({"secrets": "prod/db"}, secret_resource("prod/db", region="us-east-1"), False),
        ({"secrets": "prod/db"}, secret_resource("prod/db", role=ROLE), False),
        ({"secrets": "prod/db"}, parameter_resource("prod"), False),
        ({"secrets": "prod/db"}, secret_resource(secret_arn()), False),  # known only once an answer has told
        ({"secrets": "prod/db?region=us-east-1"}, secret_resource("prod/db", region="us-east-1"), True),
        ({"secrets": "prod/db?region=us-east-1"}, secret_resource("prod/db"), False),
        ({"secrets": f"prod/db?role={ROLE}"}, secret_resource("prod/db", role=ROLE), True),
        ({"secrets": f"prod/db?role={ROLE}"}, secret_resource("prod/db"), False),
        ({"secrets": secret_arn()}, secret_resource(secret_arn()), True),
        ({"secrets": secret_arn()}, secret_resource(secret_arn(), stage="AWSPENDING"), True),
        ({"secrets": secret_arn()}, secret_resource(secret_arn(account=OTHER)), False),
        ({"secrets": secret_arn()}, secret_resource(secret_arn(region="us-east-1")), False),
        ({"parameters": "/app/x"}, parameter_resource("/app/x", decrypt=False), True),
        ({"parameters": "/app/x"}, parameter_resource("/app/x:7"), True),
        ({"parameters": "/app/x:7"}, parameter_resource("/app/x"), True),
        ({"parameters": "/app/x"}, parameter_resource("/app/x/y"), False),
        ({"parameters": "/app/*"}, parameter_resource("/app/x"), True),
        ({"parameters": "/app/*"}, parameter_resource("/app/x/y"), False),
        ({"parameters": "/app/*"}, parameter_resource("/application"), False),
        ({"parameters": "/app/**"}, parameter_resource("/app/x/y/z"), True),
        ({"parameters": "/app/**"}, parameter_resource("/app"), False),
        ({"parameters": "/app/**?region=us-east-1"}, parameter_resource("/app/x"), False),
        ({"s3": "s3://bucket/a/*"}, s3_resource("bucket", "a/b"), True),
        ({"s3": "s3://bucket/a/*"}, s3_resource("bucket", "a/b/c"), False),
        ({"s3": "s3://bucket/a/*"}, s3_resource("bucket", "a/"), False),
        ({"s3": "s3://bucket/a/*"}, s3_resource("bucket2", "a/b"), False),
        ({"s3": "s3://bucket/**"}, s3_resource("bucket", "x/y"), True),
        ({"s3": "s3://bucket/**"}, s3_resource("bucket2", "x/y"), False),
        ({"s3": "s3://bucket/key"}, s3_resource("bucket", "key", version="v1"), True),
        ({"s3": "s3://bucket/a/*"}, s3_resource("bucket", "a/../b"), False),
        ({}, secret_resource("prod/db"), False),
    ],
)
def test_with_listed_only_what_a_list_names_may_be_read(lists, resource, allowed):
    assert allowed is resolver(**lists).permits(resource)
    assert resolver(**lists, listed_only=False).permits(resource)


def test_the_listing_of_a_wildcard_may_be_read():
    place = parse_list("ssm", "/app/*", "X")[0].resource

    assert resolver(parameters="/app/*").permits(parameter_resource("/app/x"), [listing_resource(place, "*")])


def test_a_spelling_that_is_known_to_be_the_same_is_enough():
    found, arn = resolver(secrets="prod/db"), secret_resource(secret_arn())

    assert found.permits(arn, [secret_resource("other"), secret_resource("prod/db")])
    assert not found.permits(arn, [secret_resource("other")])


@pytest.mark.parametrize("known_at_first", [True, False])
def test_what_is_listed_by_its_arn_may_be_read_whenever_the_own_account_is_learnt(known_at_first):
    found = resolver(parameters=f"{parameter_arn()},{parameter_arn('flag')}", account=ACCOUNT if known_at_first else "")
    found.own_account = ACCOUNT

    for name in ("app/x", "flag"):
        assert found.permits(found.meant(parameter_resource(parameter_arn(name))))
    assert found.permits(found.meant(parameter_resource("/app/x")))
    assert not found.permits(found.meant(parameter_resource(parameter_arn("other"))))


@pytest.mark.parametrize(
    ("resource", "wanted"),
    [
        (s3_resource("bucket", "one"), True),
        (s3_resource("bucket", "one", version="v1"), False),
        (s3_resource("bucket", "old", version="v1"), True),
        (s3_resource("bucket", "old"), False),
        (s3_resource("bucket", "models/a"), True),
        (s3_resource("bucket", "models/deep/a"), False),
        (s3_resource("bucket", "far", region="us-east-1"), True),
        (s3_resource("bucket", "far"), False),
        (s3_resource("bucket", "plain"), False),
    ],
)
def test_what_is_kept_as_a_file(resource, wanted):
    found = resolver(
        s3="s3://bucket/one?file=true, s3://bucket/old?version=v1&file=true, s3://bucket/models/*?file=true,"
        "s3://bucket/far?region=us-east-1&file=true, s3://bucket/plain"
    )

    assert wanted is found.wants_file(resource)


@pytest.mark.parametrize(
    ("listed", "place", "pattern", "allowed"),
    [
        ("/app/*", "/app/", "*", True),
        ("/app/*", "/app/", "**", False),
        ("/app/*", "/", "*", False),
        ("/app/*", "/app/x/", "*", False),
        ("/app/**", "/app/", "*", True),
        ("/app/**", "/app/", "**", True),
        ("/app/**", "/app/x/", "**", True),
        ("/app/**", "/", "**", False),
        ("/app/**", "/application/", "*", False),
        ("/app/x", "/app/", "*", False),
    ],
)
def test_a_wildcard_may_be_read_where_the_list_has_one_that_is_as_wide(listed, place, pattern, allowed):
    found = resolver(parameters=listed)
    assert allowed is found.permits(found.meant(listing_resource(parameter_path(place), pattern)))
