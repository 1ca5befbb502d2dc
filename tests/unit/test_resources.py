"""Spellings of secrets, parameters and S3 objects, and the identity they become."""

import random
from typing import Any

import pytest

from extension.resources import (
    Resource,
    parameter_path,
    parameter_resource,
    s3_prefix,
    s3_resource,
    secret_resource,
)

SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCd12"
PARTIAL_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db"
PARAMETER_ARN = "arn:aws:ssm:eu-west-1:123456789012:parameter/app/prod/flag"
ROLE = "arn:aws:iam::123456789012:role/path/reader"
PARTITIONS = ["aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"]


def test_a_bare_name_leaves_place_and_role_open():
    secret = secret_resource("prod/db")

    assert (secret.service, secret.name, secret.selector, secret.arn) == ("secretsmanager", "prod/db", "", "")
    assert (secret.partition, secret.region, secret.account, secret.role) == ("", "", "", "")
    assert secret.decrypt is False


@pytest.mark.parametrize(
    "name", ["x", "prod/db", "/prod/db", "a_b+c=d.e@f-g", "AWSsecret", "//", "rds!cluster-1fcd41b2", "x" * 512]
)
def test_a_secret_has_any_name_that_secrets_manager_allows(name):
    """And those that a service gives to the secrets that it manages, which hold an exclamation mark."""
    assert secret_resource(name).name == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "a:b",
        "a*",
        "a,b",
        "a%2Fb",
        "x" * 513,
        "x" * 1_000_000,
        "ä",
        "a\x00",
        "a\nb",
        "\x00",
        "a\udcff",
        "?",
        "arn:",
        "ARN:aws:secretsmanager:eu-west-1:123456789012:secret:x",
        "a\u200b",
        "..\\x",
    ],
)
def test_a_secret_has_no_other_name(name):
    with pytest.raises(ValueError, match=r"secret") as caught:
        secret_resource(name)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize("partition", PARTITIONS)
def test_an_arn_of_any_partition_says_region_and_account(partition):
    secret = secret_resource(f"arn:{partition}:secretsmanager:xx-west-7:123456789012:secret:prod/db")
    parameter = parameter_resource(f"arn:{partition}:ssm:xx-west-7:123456789012:parameter/app/x")

    for resource, name in ((secret, "prod/db"), (parameter, "/app/x")):
        assert (resource.partition, resource.region, resource.account) == (partition, "xx-west-7", "123456789012")
        assert resource.name == name


@pytest.mark.parametrize(
    ("arn", "name", "full"), [(SECRET_ARN, "prod/db-AbCd12", True), (PARTIAL_ARN, "prod/db", False)]
)
def test_a_secret_may_be_given_by_a_full_or_a_partial_arn(arn, name, full):
    secret = secret_resource(arn)

    assert (secret.arn, secret.name, secret.full_arn) == (arn, name, full)


@pytest.mark.parametrize("name", ["-AbCd12", "db-AbCd1", "db-AbC.12", "dbAbCd123", "x"])
def test_what_has_no_suffix_is_no_full_arn(name):
    assert not secret_resource(f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}").full_arn


def test_a_name_is_no_full_arn_whatever_it_looks_like():
    assert not secret_resource("prod/db-AbCd12").full_arn


def test_the_suffix_of_an_arn_does_not_count_against_the_length_of_a_name():
    start = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"

    assert secret_resource(start + "x" * 512 + "-AbCd12").full_arn
    with pytest.raises(ValueError, match="1 to 512"):
        secret_resource(start + "x" * 513 + "-AbCd12")


def with_part(arn, number, part):
    parts = arn.split(":", 5)
    parts[number] = part
    return ":".join(parts)


@pytest.mark.parametrize(
    ("number", "part"),
    [
        (0, "ARN"),
        (1, ""),
        (1, "azure"),
        (1, "awsx"),
        (1, "aws-"),
        (1, "aws-CN"),
        (1, "aws-" + "x" * 100),
        (2, ""),
        (2, "s3"),
        (3, ""),
        (3, "eu west 1"),
        (3, "EU-WEST-1"),
        (3, "-eu"),
        (3, "eu-"),
        (3, "1234"),
        (3, "eu.west"),
        (3, "eu-west-1/"),
        (3, "x" * 64),
        (4, "12345678901"),
        (4, "1234567890123"),
        (4, "12345678901x"),
        (4, "١٢٣٤٥٦٧٨٩٠١٢"),
        (5, ""),
        (5, "thing:x"),
        (5, "secret"),
        (5, "secret:"),
        (5, "parameter"),
        (5, "parameter/"),
        (5, "secret:x:key:stage:version"),
        (5, "secret:a b"),
        (5, "x" * 3000),
    ],
)
def test_a_malformed_arn_is_refused(number, part):
    with pytest.raises(ValueError, match=r"^must be"):
        secret_resource(with_part(SECRET_ARN, number, part))
    with pytest.raises(ValueError, match=r"^(must be|a label)"):
        parameter_resource(with_part(PARAMETER_ARN, number, part))


def test_a_secret_belongs_to_an_account():
    with pytest.raises(ValueError, match="ACCOUNT"):
        secret_resource(with_part(SECRET_ARN, 4, ""))


@pytest.mark.parametrize("service_arn", [PARAMETER_ARN, "arn:aws:s3:::bucket/key", ROLE])
def test_the_error_of_a_foreign_arn_shows_the_right_form(service_arn):
    with pytest.raises(ValueError, match="arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME"):
        secret_resource(service_arn)


@pytest.mark.parametrize(
    ("options", "selector"),
    [
        ({}, ""),
        ({"stage": "AWSCURRENT"}, ""),
        ({"stage": "AWSPENDING"}, "stage:AWSPENDING"),
        ({"stage": "AWSPREVIOUS"}, "stage:AWSPREVIOUS"),
        ({"stage": "s" * 256}, "stage:" + "s" * 256),
        ({"version": "b1c367b9-7f53-4a47-82c4-be51a054b953"}, "version:b1c367b9-7f53-4a47-82c4-be51a054b953"),
        ({"version": "v" * 64}, "version:" + "v" * 64),
    ],
)
def test_a_stage_or_a_version_selects_and_the_current_stage_is_none(options, selector):
    assert secret_resource("prod/db", **options).selector == selector


@pytest.mark.parametrize(
    "options",
    [
        {"stage": "AWSPENDING", "version": "1"},
        {"stage": "AWSCURRENT", "version": "1"},
        {"stage": "s" * 257},
        {"stage": "a b"},
        {"stage": "a\x00"},
        {"stage": "ä"},
        {"version": "v" * 65},
        {"version": "v\n"},
    ],
)
def test_other_selections_of_a_secret_are_refused(options):
    with pytest.raises(ValueError, match=r"stage|version"):
        secret_resource("prod/db", **options)


@pytest.mark.parametrize("name", ["flag", "/app/prod/flag", "/x", "a.b_c-D9", ".", "/" + "x" * 1010, "/l" * 15])
def test_a_parameter_has_any_name_that_parameter_store_allows(name):
    parameter = parameter_resource(name)

    assert (parameter.service, parameter.name, parameter.selector, parameter.arn) == ("ssm", name, "", "")
    assert parameter.decrypt is True


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "a+b",
        "a@b",
        "x" * 1012,
        "/l" * 16,
        "app/x",
        "/",
        "//",
        "/app/",
        "/app//x",
        "a*",
        "ä",
        "a\x00",
        "/app/\n",
        "a,b",
        "a?b",
        "\udcff",
        "x" * 1_000_000,
        "/" * 1_000_000,
        "\u0663",
    ],
)
def test_a_parameter_has_no_other_name(name):
    with pytest.raises(ValueError, match=r"^must") as caught:
        parameter_resource(name)
    assert len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        (PARAMETER_ARN, "/app/prod/flag"),
        ("arn:aws:ssm:eu-west-1:123456789012:parameter/flag", "flag"),
        ("arn:aws:ssm:eu-west-1::parameter/aws/service/x", "/aws/service/x"),
    ],
)
def test_a_parameter_may_be_given_by_its_arn(arn, name):
    parameter = parameter_resource(arn)

    assert (parameter.arn, parameter.name, parameter.full_arn) == (arn, name, False)


@pytest.mark.parametrize("number", ["1", "3", "9223372036854775807"])
@pytest.mark.parametrize("ref", ["/app/x", PARAMETER_ARN])
def test_a_version_can_be_an_option_or_follow_a_colon(ref, number):
    by_option = parameter_resource(ref, version=number)

    assert by_option.selector == f":{number}"
    assert parameter_resource(f"{ref}:{number}") == by_option


@pytest.mark.parametrize("label", ["live", "Live_2.0-x", "_", "l" * 100])
@pytest.mark.parametrize("ref", ["/app/x", PARAMETER_ARN])
def test_a_label_can_be_an_option_or_follow_a_colon(ref, label):
    by_option = parameter_resource(ref, label=label)

    assert by_option.selector == f":{label}"
    assert by_option.arn == (ref if ref == PARAMETER_ARN else "")
    assert parameter_resource(f"{ref}:{label}") == by_option


@pytest.mark.parametrize("version", ["0", "01", "-1", "1.0", "three", "9" * 20, "1 ", "٣", "\x001"])
def test_a_version_of_a_parameter_is_a_number_from_1(version):
    with pytest.raises(ValueError, match="whole number from 1"):
        parameter_resource("/app/x", version=version)


@pytest.mark.parametrize("label", ["3live", "l" * 101, "a b", "a/b", "ä", "a:b", "a\x00"])
def test_a_label_is_a_word_that_begins_with_no_digit(label):
    with pytest.raises(ValueError, match="label"):
        parameter_resource("/app/x", label=label)


@pytest.mark.parametrize("ref", ["/app/x:", "/app/x:0", "/app/x:3x", "/app/x:3:4", "/app/x:a b", "/app/x::"])
def test_what_follows_a_colon_is_a_version_or_a_label(ref):
    with pytest.raises(ValueError, match=r"version|label"):
        parameter_resource(ref)


@pytest.mark.parametrize(
    ("ref", "options"),
    [
        ("/app/x", {"version": "3", "label": "live"}),
        ("/app/x:3", {"version": "3"}),
        ("/app/x:3", {"label": "live"}),
        ("/app/x:live", {"version": "3"}),
    ],
)
def test_a_parameter_is_selected_once(ref, options):
    with pytest.raises(ValueError, match="not both"):
        parameter_resource(ref, **options)


@pytest.mark.parametrize("ref", ["/aws/reference/secretsmanager/a+b=c@d", "/aws/reference/secretsmanager/prod/db"])
def test_a_secret_through_parameter_store_has_the_name_and_the_versions_of_a_secret(ref):
    assert parameter_resource(ref).name == ref
    assert parameter_resource(f"{ref}:11-22+33").selector == ":11-22+33"
    for bad in (f"{ref}:", f"{ref}:a b", f"{ref}:" + "x" * 257):
        with pytest.raises(ValueError, match="visible ASCII"):
            parameter_resource(bad)


def test_decryption_is_part_of_a_parameter_and_asked_for_unless_refused():
    assert parameter_resource("x").decrypt is True
    assert parameter_resource("x", decrypt=False).decrypt is False
    assert parameter_resource("x", decrypt=False) != parameter_resource("x")


@pytest.mark.parametrize("path", ["/", "/app/", "/app/prod/", "/aws/service/x/"])
def test_a_path_of_parameters_ends_in_a_slash_so_it_is_never_taken_for_a_parameter(path):
    place = parameter_path(path, decrypt=False, role=ROLE, region="eu-west-1")

    assert (place.name, place.decrypt, place.role, place.region) == (path, False, ROLE, "eu-west-1")


@pytest.mark.parametrize("path", ["", "app/", "/app", "//", "/a//b/", PARAMETER_ARN + "/", "/a b/", "/l" * 16 + "/"])
def test_no_other_path_of_parameters_is_understood(path):
    with pytest.raises(ValueError, match=r"^must"):
        parameter_path(path)


@pytest.mark.parametrize("bucket", ["abc", "a-b.c", "1bucket", "b" * 63, "1.2.3", "1.2.3.4.5", "1.2.3.x"])
def test_a_bucket_has_a_name_that_s3_allows(bucket):
    assert s3_resource(bucket, "k").name == f"{bucket}/k"
    assert s3_prefix(bucket, "").name == f"{bucket}/"


@pytest.mark.parametrize(
    "bucket",
    [
        "",
        "ab",
        "b" * 64,
        "Bucket",
        "a_b",
        "-ab",
        "ab-",
        ".ab",
        "ab.",
        "a..b",
        "192.168.0.1",
        "a b",
        "ä-b",
        "a/b",
        "a\x00b",
        "b" * 1_000_000,
        "a%b",
        "abc\n",
        "a*b",
    ],
)
def test_a_bucket_has_no_other_name(bucket):
    for make in (s3_resource, s3_prefix):
        with pytest.raises(ValueError, match="3 to 63"):
            make(bucket, "k/")


@pytest.mark.parametrize(
    "key", ["k", "/k", "a/../b//c", ".", "..", "a b", "Zürich/東京.csv", "100%", "a*b", "x" * 1024, "ü" * 512, "a\\b"]
)
def test_a_key_is_taken_as_it_is(key):
    assert s3_resource("bucket", key).name == f"bucket/{key}"


@pytest.mark.parametrize("key", ["x" * 1025, "ü" * 513, "a\x00", "a\nb", "\x1f", "\x7f", "a\udcff", "x" * 10_000_000])
def test_a_key_is_bounded_utf_8_without_control_characters(key):
    with pytest.raises(
        ValueError, match=r"^must have a key of at most 1024 bytes of UTF-8 without control characters$"
    ):
        s3_resource("bucket", key)


def test_an_object_has_a_key():
    with pytest.raises(ValueError, match="s3://BUCKET/KEY"):
        s3_resource("bucket", "")


def test_the_version_of_an_object_selects():
    assert s3_resource("bucket", "k", version="null").selector == "null"
    assert s3_resource("bucket", "k").selector == ""
    assert s3_resource("bucket", "k").decrypt is False
    for version in ("a b", "v" * 1025, "ä"):
        with pytest.raises(ValueError, match="version"):
            s3_resource("bucket", "k", version=version)


def test_a_prefix_ends_in_a_slash():
    assert s3_prefix("bucket", "a/b/").name == "bucket/a/b/"
    with pytest.raises(ValueError, match="ends with /"):
        s3_prefix("bucket", "a/b")


MAKERS = [
    pytest.param(lambda **options: secret_resource("x", **options), id="secret"),
    pytest.param(lambda **options: parameter_resource("x", **options), id="parameter"),
    pytest.param(lambda **options: parameter_path("/x/", **options), id="path"),
    pytest.param(lambda **options: s3_resource("bucket", "x", **options), id="object"),
    pytest.param(lambda **options: s3_prefix("bucket", "x/", **options), id="prefix"),
]


@pytest.mark.parametrize("make", MAKERS)
def test_region_and_role_can_be_given(make):
    resource = make(region="us-gov-west-1", role=ROLE)

    assert (resource.region, resource.role) == ("us-gov-west-1", ROLE)
    assert resource != make()


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "region", ["EU-WEST-1", "eu west", "eu/west", "x" * 64, "-a", "a-", "1", "evil.com", "a\x00", "ä"]
)
def test_a_region_is_one_label_of_a_host_name(make, region):
    with pytest.raises(ValueError, match="region"):
        make(region=region)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "role",
    [
        "reader",
        "arn:aws:iam::123456789012:user/reader",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:role/a/",
        "arn:aws:iam::123456789012:role",
        "arn:aws:iam::12345678901:role/reader",
        "arn:aws:iam:eu-west-1:123456789012:role/reader",
        "arn:azure:iam::123456789012:role/reader",
        "arn:aws:sts::123456789012:role/reader",
        "arn:aws:iam::123456789012:role/rea der",
        "arn:aws:iam::123456789012:role/reader\n",
        "arn:aws:iam::123456789012:role/reader:x",
        "ARN:aws:iam::123456789012:role/reader",
        "arn:aws:iam::123456789012:role/" + "r" * 2048,
    ],
)
def test_a_role_is_an_arn(make, role):
    with pytest.raises(ValueError, match="arn:PARTITION:iam::ACCOUNT:role/NAME"):
        make(role=role)


@pytest.mark.parametrize("role", [ROLE, "arn:aws-cn:iam::123456789012:role/a+b=c,d.e@f-g_h"])
def test_a_role_has_the_characters_that_iam_allows(role):
    assert secret_resource("x", role=role).role == role


@pytest.mark.parametrize(("make", "arn"), [(secret_resource, SECRET_ARN), (parameter_resource, PARAMETER_ARN)])
def test_a_region_beside_an_arn_is_the_arns(make, arn):
    assert make(arn, region="eu-west-1") == make(arn)
    with pytest.raises(ValueError, match="another region than its ARN"):
        make(arn, region="eu-west-2")


FIELDS: dict[str, Any] = {
    "service": "ssm",
    "name": "x",
    "selector": ":3",
    "decrypt": True,
    "region": "eu-west-1",
    "account": "123456789012",
    "role": ROLE,
    "partition": "aws-cn",
    "arn": SECRET_ARN,
}


@pytest.mark.parametrize("field", FIELDS)
def test_each_attribute_counts_in_comparing(field):
    plain = Resource("secretsmanager", "prod/db")
    other = plain.replaced(**{field: FIELDS[field]})

    assert getattr(other, field) == FIELDS[field]
    assert other != plain
    assert len({other, plain}) == 2


def test_equal_resources_are_one_key():
    one, other = Resource(**FIELDS), Resource(**FIELDS)

    same = one

    assert one is not other
    assert one == other
    assert one == same
    assert hash(one) == hash(other)
    assert {one: 1}[other] == 1


def test_a_resource_is_no_tuple_and_no_text():
    resource = Resource("ssm", "x")

    assert resource != ("ssm", "x", "", False, "", "", "", "", "")
    assert resource != "x"


def test_name_partial_arn_and_full_arn_are_three_until_aws_says_otherwise():
    spellings = {
        secret_resource("prod/db"),
        secret_resource(PARTIAL_ARN),
        secret_resource(SECRET_ARN),
        secret_resource("prod/db-AbCd12").replaced(region="eu-west-1", account="123456789012", partition="aws"),
    }

    assert len(spellings) == 4


@pytest.mark.parametrize("field", [*FIELDS, "_hash", "anything"])
def test_a_resource_does_not_change(field):
    resource = secret_resource("prod/db")
    before = hash(resource)

    with pytest.raises(AttributeError, match="does not change"):
        setattr(resource, field, "y")
    with pytest.raises(AttributeError, match="does not change"):
        delattr(resource, field)
    assert resource == secret_resource("prod/db")
    assert hash(resource) == before


def test_replacing_nothing_gives_an_equal_resource_and_an_unknown_attribute_is_refused():
    resource = parameter_resource(PARAMETER_ARN, version="3", role=ROLE)

    assert resource.replaced() == resource
    with pytest.raises(TypeError):
        resource.replaced(nmae="x")


def test_a_resource_shows_what_it_is():
    shown = repr(secret_resource("prod/db", stage="AWSPENDING", region="eu-west-1", role=ROLE))

    assert shown == f"<Resource secretsmanager prod/db stage:AWSPENDING eu-west-1 {ROLE}>"
    assert repr(secret_resource(PARTIAL_ARN)) == f"<Resource secretsmanager {PARTIAL_ARN} eu-west-1>"


def test_arbitrary_text_raises_nothing_but_value_errors():
    source = random.Random(20240612)
    pieces = ["arn:", "aws", ":", "ssm", "secretsmanager", "secret:", "parameter/", "/", "123456789012", "eu-west-1"]
    pieces += ["x", "*", "%00", "\x00", "ä", "\udcff", " ", "\n", "-", ".", "AWSCURRENT", "3", "\u0661"]
    made = 0
    problems = []
    for _ in range(4000):
        text, other = ("".join(source.choices(pieces, k=source.randrange(8))) for _ in range(2))
        for attempt in (
            lambda text, other: secret_resource(text, stage=other),
            lambda text, other: secret_resource(text, version=other),
            lambda text, other: parameter_resource(text, label=other),
            lambda text, other: parameter_resource(text, region=other),
            lambda text, other: parameter_path(text, role=other),
            s3_resource,
            lambda text, other: s3_prefix(other, text),
        ):
            try:
                made += isinstance(attempt(text, other), Resource)
            except ValueError as error:
                problems.append(error)
    assert made > 100
    assert len({str(problem) for problem in problems}) < 40, "each text is fixed, so it repeats nothing of the input"
    assert not [problem for problem in problems if isinstance(problem, UnicodeError)]
