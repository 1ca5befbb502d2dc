"""Which spellings of a parameter are the same thing, and what a version that is held answers for."""

import pytest

from extension.identity import Links
from extension.references import parameter_path, parameter_resource, s3_prefix, s3_resource
from extension.sources.listing import Listing, listing_resource
from extension.sources.object import Object
from tests.unit.identities import (
    ACCOUNT,
    FULL,
    NAME,
    OTHER,
    REFERENCE,
    REGION,
    ROLE,
    Bench,
    parameter,
    parameter_arn,
    secret,
    secret_arn,
)

# Parameters

PLAIN, ARN = parameter_resource("/app/x"), parameter_resource(parameter_arn())
CIPHER = {"decrypt": False}


@pytest.mark.parametrize("asked", [PLAIN, PLAIN.replaced(**CIPHER)])
@pytest.mark.parametrize("kind", ["String", "StringList"])
def test_of_a_plain_parameter_both_decryptions_are_the_same(asked, kind):
    bench = Bench(ACCOUNT)
    entry = bench.keep(asked, parameter(kind=kind))

    for resource in (
        PLAIN,
        PLAIN.replaced(**CIPHER),
        bench.resolver.own(ARN),
        bench.resolver.own(ARN.replaced(**CIPHER)),
    ):
        assert entry is bench.find(resource)


def test_of_a_secure_parameter_text_and_ciphertext_are_two():
    bench = Bench(ACCOUNT)
    text = bench.keep(PLAIN, parameter(kind="SecureString"))
    assert bench.find(PLAIN.replaced(**CIPHER)) is None

    cipher = bench.keep(PLAIN.replaced(**CIPHER), parameter(kind="SecureString", decrypted=False))

    assert text is not cipher
    assert (text, cipher) == (bench.find(PLAIN), bench.find(PLAIN.replaced(**CIPHER)))
    assert text is bench.find(bench.resolver.own(ARN))


@pytest.mark.parametrize("selector", [":3", ":live"])
def test_a_version_or_label_is_another_thing_and_joined_across_spellings(selector):
    bench = Bench(ACCOUNT)
    chosen = {"selector": selector}
    entry = bench.keep(PLAIN.replaced(**chosen), parameter(Selector=selector))

    assert entry is bench.find(bench.resolver.own(ARN.replaced(**chosen)))
    assert bench.find(PLAIN) is None


def test_a_shared_parameter_is_joined_by_its_arn_and_not_by_its_name():
    bench = Bench(ACCOUNT)
    shared = parameter_resource(parameter_arn(account=OTHER))
    entry = bench.keep(shared, parameter(arn=parameter_arn(account=OTHER)))

    assert entry is bench.find(shared)
    assert bench.find(PLAIN) is None


def test_a_secret_through_ssm_is_not_the_secret():
    bench = Bench(ACCOUNT)
    through = parameter_resource(REFERENCE)
    value = parameter(REFERENCE, secret_arn(), kind="SecureString", SourceResult='{"versionId":"v1"}')
    entry = bench.keep(through, value)
    other = bench.keep(parameter_resource(REFERENCE + "2"), value)

    assert entry is bench.find(through)
    assert other is not entry
    assert (None, None) == (bench.find(FULL), bench.find(NAME))
    assert bench.keep(NAME, secret()) is not entry


@pytest.mark.parametrize(
    "arn",
    ["", "x", "arn", "arn:aws:ssm", "arn:aws:ssm:eu-west-1:123456789012:oops", ":::::", "arn:aws:ssm:EU:1:parameter/x"],
)
def test_an_answer_whose_arn_is_none_joins_nothing_and_breaks_nothing(arn):
    bench = Bench(ACCOUNT)
    one = bench.keep(PLAIN, parameter(arn=arn))
    two = bench.keep(NAME, secret(arn=arn or "-"))

    assert (one, two) == (bench.find(PLAIN), bench.find(NAME))
    assert ACCOUNT == bench.resolver.own_account


def test_an_answer_whose_name_is_none_joins_nothing_more():
    bench = Bench(ACCOUNT)
    entry = bench.keep(NAME, secret("what? is this", arn=secret_arn()))

    assert entry is bench.find(NAME)


# Objects, wildcards, versions that are held


def test_objects_and_listings_are_kept_as_they_are_asked_for():
    bench = Bench(ACCOUNT)
    key, version = s3_resource("bucket", "key"), s3_resource("bucket", "key", version="v1")
    entry = bench.keep(key, Object("bucket/key", {"x-amz-version-id": "v1"}, b""))
    one, all_ = [listing_resource(parameter_path("/app/"), pattern) for pattern in ("*", "**")]
    listing = bench.keep(one, Listing([], False))

    assert entry is bench.find(key)
    assert listing is bench.find(one)
    assert [None, None] == [bench.find(version), bench.find(all_)]


@pytest.mark.parametrize(
    ("asked", "value", "selector", "held"),
    [
        (NAME, secret(version="v1"), "version:v1", True),
        (NAME, secret(version="v1"), "version:v2", False),
        (NAME, secret(version="v1"), "stage:v1", False),
        (PLAIN, parameter(), ":3", True),
        (PLAIN, parameter(), ":4", False),
        (PLAIN, parameter(), ":live", False),
        (s3_resource("bucket", "key"), Object("bucket/key", {"x-amz-version-id": "v1"}, b""), "v1", False),
    ],
)
def test_a_version_that_is_the_held_one_is_answered_by_it(asked, value, selector, held):
    bench = Bench(ACCOUNT)
    entry = bench.keep(asked, value)

    assert (entry if held else None) is bench.links.same_version(asked.replaced(selector=selector), bench.cache)
    assert bench.links.same_version(asked, bench.cache) is None


# What a policy must name


@pytest.mark.parametrize(
    ("resource", "account", "arn"),
    [
        (NAME, ACCOUNT, f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/db-??????"),
        (NAME, "", f"arn:aws:secretsmanager:{REGION}:*:secret:prod/db-??????"),
        (
            NAME.replaced(region="us-east-1"),
            ACCOUNT,
            f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:prod/db-??????",
        ),
        (NAME.replaced(role=ROLE), ACCOUNT, f"arn:aws:secretsmanager:{REGION}:{OTHER}:secret:prod/db-??????"),
        (FULL, ACCOUNT, secret_arn()),
        (PLAIN, ACCOUNT, parameter_arn()),
        (parameter_resource("plain"), ACCOUNT, parameter_arn("plain")),
        (ARN, "", parameter_arn()),
        (listing_resource(parameter_path("/app/"), "**"), ACCOUNT, parameter_arn("app")),
        (
            NAME.replaced(region="cn-north-1"),
            ACCOUNT,
            f"arn:aws-cn:secretsmanager:cn-north-1:{ACCOUNT}:secret:prod/db-??????",
        ),
        (s3_resource("bucket", "a/b"), ACCOUNT, "arn:aws:s3:::bucket/a/b"),
        (listing_resource(s3_prefix("bucket", "a/"), "*"), ACCOUNT, "arn:aws:s3:::bucket"),
    ],
)
def test_the_arn_that_a_policy_must_name(resource, account, arn):
    assert arn == Links(REGION).arn(resource, account)
