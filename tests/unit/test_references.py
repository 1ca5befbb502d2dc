"""The list syntax, contract §2.2: what an entry may be, what it may not be, and what is said then."""

import random

import pytest

from extension.errors import InvalidSetting
from extension.references import (
    ListEntry,
    make_entry,
    merge,
    parameter_path,
    parameter_resource,
    parse_list,
    s3_prefix,
    s3_resource,
    secret_resource,
)

SECRET_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-AbCd12"
PARTIAL_ARN = "arn:aws-us-gov:secretsmanager:us-gov-west-1:123456789012:secret:prod/db"
PARAMETER_ARN = "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/app/prod/flag"
ROLE = "arn:aws:iam::123456789012:role/reader"
VARIABLES = {"secretsmanager": "PREHEAT_SECRETS", "ssm": "PREHEAT_PARAMETERS", "s3": "PREHEAT_S3"}
PLAIN = {"secretsmanager": "prod/db", "ssm": "/app/x", "s3": "s3://bucket/key"}
WILD = {"ssm": "/app/*", "s3": "s3://bucket/prefix/**"}


def parsed(service, text):
    return parse_list(service, text, VARIABLES[service])


def one(service, text):
    (entry,) = parsed(service, text)
    return entry


def refusal(service, text):
    with pytest.raises(InvalidSetting) as caught:
        parsed(service, text)
    assert caught.value.name == VARIABLES[service]
    assert str(caught.value).startswith(f"{VARIABLES[service]} entry ")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 500
    return str(caught.value)


# Separators


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c",
        "a, b ,c",
        "a\nb\nc",
        "a\r\nb\r\nc",
        "a\rb\rc",
        "a,\n b,\n\tc,\n",
        ",,a,,b,\n\n,c,,",
        "  a\n\n  b  \n c\t",
    ],
)
def test_entries_are_separated_by_commas_or_line_breaks_and_blanks_around_them_dropped(text):
    assert [entry.resource for entry in parsed("secretsmanager", text)] == [secret_resource(name) for name in "abc"]


@pytest.mark.parametrize("text", ["", " ", ",", "\n", " ,\r\n\t, "])
@pytest.mark.parametrize("service", VARIABLES)
def test_a_list_may_hold_nothing(service, text):
    assert parsed(service, text) == []


def test_an_entry_keeps_its_spelling_and_its_variable():
    entry = one("ssm", "%2Fapp%2Fx?ttl=5")

    assert (entry.spelling, entry.source) == ("/app/x", "PREHEAT_PARAMETERS")


# References


@pytest.mark.parametrize(
    ("text", "resource"),
    [
        ("prod/db", secret_resource("prod/db")),
        ("a+b=c@d", secret_resource("a+b=c@d")),
        ("prod%2Fdb", secret_resource("prod/db")),
        (SECRET_ARN, secret_resource(SECRET_ARN)),
        (PARTIAL_ARN, secret_resource(PARTIAL_ARN)),
        ("prod/db?stage=AWSPENDING", secret_resource("prod/db", stage="AWSPENDING")),
        ("prod/db?stage=AWSCURRENT", secret_resource("prod/db")),
        ("prod/db?stage=my%2Cstage", secret_resource("prod/db", stage="my,stage")),
        ("prod/db?version=ID", secret_resource("prod/db", version="ID")),
        ("prod/db?region=eu-west-1", secret_resource("prod/db", region="eu-west-1")),
        (f"{SECRET_ARN}?region=eu-west-1", secret_resource(SECRET_ARN)),
        (f"prod/db?role={ROLE}", secret_resource("prod/db", role=ROLE)),
        (f"prod/db?role={ROLE}%2Cx", secret_resource("prod/db", role=f"{ROLE},x")),
    ],
)
def test_secrets(text, resource):
    entry = one("secretsmanager", text)

    assert (entry.resource, entry.pattern) == (resource, "")


@pytest.mark.parametrize(
    ("text", "resource", "pattern"),
    [
        ("name", parameter_resource("name"), ""),
        ("/app/prod/flag", parameter_resource("/app/prod/flag"), ""),
        (PARAMETER_ARN, parameter_resource(PARAMETER_ARN), ""),
        ("/app/x?version=3", parameter_resource("/app/x", version="3"), ""),
        ("/app/x:3", parameter_resource("/app/x", version="3"), ""),
        ("/app/x?label=live", parameter_resource("/app/x", label="live"), ""),
        ("/app/x?decrypt=false", parameter_resource("/app/x", decrypt=False), ""),
        ("/app/x?decrypt=TRUE", parameter_resource("/app/x"), ""),
        (f"/app/x?role={ROLE}&region=eu-west-1", parameter_resource("/app/x", role=ROLE, region="eu-west-1"), ""),
        ("/app/prod/*", parameter_path("/app/prod/"), "*"),
        ("/app/prod/**", parameter_path("/app/prod/"), "**"),
        ("/*", parameter_path("/"), "*"),
        ("/**", parameter_path("/"), "**"),
        ("/app/*?decrypt=false&region=eu-west-1", parameter_path("/app/", decrypt=False, region="eu-west-1"), "*"),
    ],
)
def test_parameters(text, resource, pattern):
    entry = one("ssm", text)

    assert (entry.resource, entry.pattern) == (resource, pattern)


@pytest.mark.parametrize(
    ("text", "resource", "pattern"),
    [
        ("s3://bucket/key", s3_resource("bucket", "key"), ""),
        ("s3://bucket//key", s3_resource("bucket", "/key"), ""),
        ("s3://bucket/../a//b", s3_resource("bucket", "../a//b"), ""),
        ("s3://bucket/a%20b+c", s3_resource("bucket", "a b+c"), ""),
        ("s3://bucket/100%25%3F%2C", s3_resource("bucket", "100%?,"), ""),
        ("s3://bucket/Z%C3%BCrich/東京", s3_resource("bucket", "Zürich/東京"), ""),
        ("s3://bucket/a=b&c", s3_resource("bucket", "a=b&c"), ""),
        ("s3://bucket/%2A", s3_resource("bucket", "*"), ""),
        ("s3://bucket/a/%2A%2A", s3_resource("bucket", "a/**"), ""),
        ("s3://bucket/%2Fkey", s3_resource("bucket", "/key"), ""),
        ("s3://bucket/key?version=null", s3_resource("bucket", "key", version="null"), ""),
        (
            f"s3://bucket/key?role={ROLE}&region=eu-west-1",
            s3_resource("bucket", "key", role=ROLE, region="eu-west-1"),
            "",
        ),
        ("s3://bucket/prefix/*", s3_prefix("bucket", "prefix/"), "*"),
        ("s3://bucket/prefix/**", s3_prefix("bucket", "prefix/"), "**"),
        ("s3://bucket/*", s3_prefix("bucket", ""), "*"),
        ("s3://bucket/**", s3_prefix("bucket", ""), "**"),
        ("s3://bucket/a%2A/*", s3_prefix("bucket", "a*/"), "*"),
    ],
)
def test_objects(text, resource, pattern):
    entry = one("s3", text)

    assert (entry.resource, entry.pattern) == (resource, pattern)


@pytest.mark.parametrize(
    ("service", "text", "allowed"),
    [
        ("secretsmanager", "a b", "letters, digits and /_+=.@-"),
        ("secretsmanager", "x" * 513, "1 to 512"),
        ("secretsmanager", "a%00", "letters, digits"),
        ("secretsmanager", "a%0Ab", "letters, digits"),
        ("secretsmanager", "ä", "letters, digits"),
        ("secretsmanager", "?ttl=5", "1 to 512"),
        ("secretsmanager", PARAMETER_ARN, "arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME"),
        ("secretsmanager", "prod/*", "can't have a wildcard"),
        ("secretsmanager", "*", "can't have a wildcard"),
        ("secretsmanager", "pr*d", "can't have a wildcard"),
        ("secretsmanager", "a%2A", "letters, digits"),
        ("secretsmanager", f"{SECRET_ARN}?region=eu-west-2", "another region than its ARN"),
        ("secretsmanager", "a?region=Europe", "a region, as in eu-west-1"),
        ("secretsmanager", "a?role=reader", "arn:PARTITION:iam::ACCOUNT:role/NAME"),
        ("secretsmanager", "a?stage=x&version=y", "not both"),
        ("secretsmanager", "a?version=" + "x" * 65, "1 to 64 visible"),
        ("secretsmanager", "a?stage=" + "x" * 257, "1 to 256 visible"),
        ("ssm", "a b", "letters, digits and _.-/"),
        ("ssm", "app/x", "/level/level/name"),
        ("ssm", "/app/", "/level/level/name"),
        ("ssm", "/l" * 16, "at most 15 levels"),
        ("ssm", "/x%00", "letters, digits"),
        ("ssm", SECRET_ARN, "arn:PARTITION:ssm:REGION:ACCOUNT:parameter/NAME"),
        ("ssm", f"{PARAMETER_ARN}?region=eu-west-2", "another region than its ARN"),
        ("ssm", "/x?version=1&label=live", "not both"),
        ("ssm", "/x?version=live", "whole number from 1"),
        ("ssm", "/x?label=1st", "begins with no digit"),
        ("ssm", "/x?decrypt=maybe", "option decrypt= must be true or false"),
        ("ssm", "*", "at its end only, /* for one level or /** for all below"),
        ("ssm", "**", "at its end only"),
        ("ssm", "/app*", "at its end only"),
        ("ssm", "/app/***", "at its end only"),
        ("ssm", "/a*/x", "at its end only"),
        ("ssm", "/*/x", "at its end only"),
        ("ssm", "/*/*", "at its end only"),
        ("ssm", "/app/*:3", "at its end only"),
        ("ssm", "/app/%2A", "letters, digits"),
        ("ssm", "app/*", "must begin with /"),
        ("ssm", "//*", "parameter"),
        ("ssm", "arn:aws:ssm:eu-west-1:123456789012:parameter/app/*", "an ARN takes none"),
        ("s3", "bucket/key", "must be s3://BUCKET/KEY"),
        ("s3", "S3://bucket/key", "must be s3://BUCKET/KEY"),
        ("s3", "s3%3A//bucket/key", "must be s3://BUCKET/KEY"),
        ("s3", "arn:aws:s3:::bucket/key", "must be s3://BUCKET/KEY"),
        ("s3", "s3://", "3 to 63"),
        ("s3", "s3:///key", "3 to 63"),
        ("s3", "s3://bucket", "must name an object"),
        ("s3", "s3://bucket/", "must name an object"),
        ("s3", "s3://Bucket/key", "3 to 63"),
        ("s3", "s3://192.168.0.1/key", "no IP address"),
        ("s3", "s3://bucket%2Fkey", "3 to 63"),
        ("s3", "s3://bucket/%00", "without control characters"),
        ("s3", "s3://bucket/a%0Db", "without control characters"),
        ("s3", "s3://bucket/" + "x" * 1025, "at most 1024 bytes"),
        ("s3", "s3://bucket/" + "%C3%BC" * 513, "at most 1024 bytes"),
        ("s3", "s3://bucket/a*b", "a literal asterisk in a key is %2A"),
        ("s3", "s3://bucket/a*", "a literal asterisk in a key is %2A"),
        ("s3", "s3://*", "3 to 63"),
        ("s3", "s3://b*/key", "at its end only"),
        ("s3", "s3://bucket/*/key", "at its end only"),
        ("s3", "s3://bucket/" + "x" * 1024 + "/*", "at most 1024 bytes"),
        ("s3", "s3://bucket/100%", "a literal % is %25"),
        ("s3", "s3://bucket/%zz", "a literal % is %25"),
        ("s3", "s3://bucket/%ff", "UTF-8"),
        ("s3", "s3://bucket/%ED%A0%80", "UTF-8"),
        ("s3", "s3://bucket/\udcff", "UTF-8"),
        ("s3", "s3://bucket/\udcff%20", "UTF-8"),
    ],
)
def test_a_malformed_reference_is_refused_with_what_is_allowed(service, text, allowed):
    assert allowed in refusal(service, text)


# Options


@pytest.mark.parametrize("service", VARIABLES)
@pytest.mark.parametrize(
    ("options", "attributes"),
    [
        ("ttl=0", {"ttl": 0.0}),
        ("ttl=7d", {"ttl": 604800.0}),
        ("ttl=1.5m", {"ttl": 90.0}),
        ("ttl=60&required=true", {"ttl": 60.0, "required": True}),
        ("required=TRUE", {"required": True}),
        ("required=false", {"required": False}),
        ("as=db", {"alias": "db", "aliases": ("db",)}),
        ("as=A.b_c-9", {"alias": "A.b_c-9"}),
        ("as=" + "a" * 64, {"alias": "a" * 64}),
        ("%61s=d%62", {"alias": "db"}),
    ],
)
def test_options_of_every_store(service, options, attributes):
    entry = one(service, f"{PLAIN[service]}?{options}")

    assert {name: getattr(entry, name) for name in attributes} == attributes


@pytest.mark.parametrize("service", VARIABLES)
def test_without_options_everything_is_left_to_the_settings(service):
    entry = one(service, PLAIN[service])

    assert (entry.ttl, entry.required, entry.alias, entry.aliases) == (None, False, None, ())
    assert (entry.table, entry.keys, entry.format, entry.strict, entry.file) == ("", (), "", False, False)


@pytest.mark.parametrize(
    ("options", "attributes"),
    [
        ("file=true", {"file": True}),
        ("table=rates", {"table": "rates", "keys": ()}),
        ("table=rates&key=currency", {"keys": ("currency",)}),
        ("table=rates&key=from&key=to", {"keys": ("from", "to")}),
        ("table=rates&key=Currency%20Code", {"keys": ("Currency Code",)}),
        ("table=rates&key=a=b", {"keys": ("a=b",)}),
        ("table=rates&key=" + "ü" * 256, {"keys": ("ü" * 256,)}),
        ("table=rates&format=json", {"format": "json"}),
        ("table=rates&format=jsonl", {"format": "jsonl"}),
        ("table=rates&format=csv", {"format": "csv"}),
        ("table=rates&format=tsv", {"format": "tsv"}),
        ("table=rates&format=sqlite", {"format": "sqlite"}),
        ("table=rates&strict=true", {"strict": True}),
        ("file=true&table=rates&as=r&version=v", {"file": True, "table": "rates", "alias": "r"}),
    ],
)
def test_options_of_objects(options, attributes):
    entry = one("s3", f"s3://bucket/key?{options}")

    assert {name: getattr(entry, name) for name in attributes} == attributes


@pytest.mark.parametrize("service", VARIABLES)
@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ("ttl=8d", "option ttl= must be a duration from 0 to 7d"),
        ("ttl=604801", "option ttl= must be a duration from 0 to 7d"),
        ("ttl=-1", "option ttl= must be a duration from 0 to 7d"),
        ("ttl=soon", 'got "soon"'),
        ("required=perhaps", "option required= must be true or false"),
        ("as=a b", "option as= must be 1 to 64 letters, digits and _.-"),
        ("as=" + "a" * 65, "option as= must be 1 to 64 letters"),
        ("as=a/b", "option as= must be 1 to 64 letters"),
        ("as=%00", r'got "\x00"'),
        ("as=%C3%A4", "option as= must be 1 to 64 letters"),
        ("tll=5", "there are ttl, required, as, region, role"),
        ("tll=5", 'got "tll"'),
        ("TTL=5", "unknown option; there are ttl"),
        (" ttl=5", "unknown option; there are ttl"),
        ("ttl=5&ttl=5", 'each option once (only key= may come again), got "ttl"'),
        ("ttl=5&t%74l=6", "each option once"),
        ("as=a&required=true&as=b", "each option once"),
        ("", "NAME=VALUE"),
        ("ttl", "NAME=VALUE"),
        ("ttl=", "NAME=VALUE"),
        ("=5", "NAME=VALUE"),
        ("ttl=5&", "NAME=VALUE"),
        ("&ttl=5", "NAME=VALUE"),
        ("ttl=5?as=x", "option ttl= must be a duration"),
        ("as=%", "a literal % is %25"),
        ("as=%ff", "UTF-8"),
        ("%zz=1", "a literal % is %25"),
    ],
)
def test_a_malformed_option_is_refused_with_what_is_allowed(service, options, allowed):
    assert allowed in refusal(service, f"{PLAIN[service]}?{options}")


@pytest.mark.parametrize(
    ("service", "option"),
    [
        ("secretsmanager", "label=x"),
        ("secretsmanager", "decrypt=true"),
        ("secretsmanager", "table=x"),
        ("secretsmanager", "key=x"),
        ("secretsmanager", "file=true"),
        ("ssm", "stage=x"),
        ("ssm", "table=x"),
        ("ssm", "key=x"),
        ("ssm", "strict=true"),
        ("s3", "stage=x"),
        ("s3", "label=x"),
        ("s3", "decrypt=true"),
    ],
)
def test_an_option_of_another_store_is_unknown(service, option):
    assert "unknown option" in refusal(service, f"{PLAIN[service]}?{option}")


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ("key=x", "needs table= for the option key="),
        ("format=csv", "needs table= for the option format="),
        ("strict=true", "needs table= for the option strict="),
        ("strict=false&file=true", "needs table="),
        ("table=a/b", "option table= must be 1 to 64 letters, digits and _.-"),
        ("table=" + "t" * 65, "option table= must be 1 to 64"),
        ("table=t&format=xml", "option format= must be json, jsonl, csv, tsv or sqlite"),
        ("table=t&format=CSV", "option format= must be json"),
        ("table=t&key=x&key=x", "each column once"),
        ("table=t&key=" + "x" * 257, "1 to 256 characters"),
        ("table=t&key=%00", "option key= must be a column"),
        ("table=t&key=\udcff", "option key= must be a column"),
        ("table=t&strict=x", "option strict= must be true or false"),
        ("file=x", "option file= must be true or false"),
        ("table=t&table=u", "each option once"),
        ("version=" + "v" * 1025, "1 to 1024 visible"),
    ],
)
def test_malformed_options_of_objects_are_refused(options, allowed):
    assert allowed in refusal("s3", f"s3://bucket/key?{options}")


@pytest.mark.parametrize(
    ("service", "option"),
    [
        ("ssm", "as=x"),
        ("ssm", "version=3"),
        ("ssm", "label=live"),
        ("s3", "as=x"),
        ("s3", "version=ID"),
        ("s3", "table=t"),
    ],
)
def test_a_wildcard_takes_no_option_that_is_about_one_thing(service, option):
    name = option.partition("=")[0]

    assert f"can't have the option {name}= with a wildcard" in refusal(service, f"{WILD[service]}?{option}")


@pytest.mark.parametrize(
    ("service", "option"),
    [("ssm", "decrypt=false"), ("s3", "file=true")]
    + [(service, option) for service in WILD for option in ("ttl=5", "required=true", "region=x", f"role={ROLE}")],
)
def test_a_wildcard_takes_the_others(service, option):
    assert one(service, f"{WILD[service]}?{option}").pattern


def test_an_error_names_the_position_and_the_text_of_the_entry():
    text = refusal("secretsmanager", "good\n\n, fine ,\nbad?tll=5,other")

    assert text.startswith('PREHEAT_SECRETS entry 3 "bad?tll=5": has an unknown option; ')


def test_a_long_entry_is_cut_in_the_error_and_the_offending_piece_still_shown():
    text = refusal("secretsmanager", f"{SECRET_ARN}?role={ROLE}&as=bad!")

    assert '"...: option as= must be' in text
    assert text.endswith('got "bad!"')


def test_what_an_inline_configuration_holds_is_not_shown():
    for text in ("hunter2 hunter2", "x?ttl=hunter2", "x?hunter2=1", "x?hunter2", "%hunter2"):
        with pytest.raises(InvalidSetting) as caught:
            parse_list("secretsmanager", text, "PREHEAT_CONFIG secrets")
        assert "hunter2" not in str(caught.value)
        assert str(caught.value).startswith("PREHEAT_CONFIG secrets entry 1: ")


def test_an_entry_can_be_made_of_a_reference_and_decoded_options():
    entry = make_entry("s3", "s3://bucket/a%20b", [("table", "t"), ("key", "50%"), ("ttl", "5")], "here")

    assert entry.resource == s3_resource("bucket", "a b")
    assert (entry.table, entry.keys, entry.ttl, entry.source) == ("t", ("50%",), 5.0, "here")
    with pytest.raises(ValueError, match="unknown option"):
        make_entry("s3", "s3://bucket/key", [("nope", "1")], "here")


# What a wildcard covers


@pytest.mark.parametrize(
    ("service", "text", "covered", "not_covered"),
    [
        ("secretsmanager", "prod/db", ["prod/db"], ["prod/db2", "prod", "prod/db/x", ""]),
        ("ssm", "/app/x", ["/app/x"], ["/app/x/y", "/app", "app/x"]),
        ("ssm", "/app/*", ["/app/x", "/app/y.z"], ["/app", "/app/", "/app/x/y", "/apple/x", "/x", "x"]),
        ("ssm", "/app/**", ["/app/x", "/app/x/y/z"], ["/app", "/app/", "/apple/x"]),
        ("ssm", "/*", ["/x"], ["x", "/", "/x/y"]),
        ("ssm", "/**", ["/x", "/x/y"], ["x", "/"]),
        ("s3", "s3://bucket/p/*", ["bucket/p/k"], ["bucket/p/", "bucket/p/k/l", "bucket/q/k", "bucket2/p/k"]),
        ("s3", "s3://bucket/p/**", ["bucket/p/k", "bucket/p/k/l", "bucket/p//k"], ["bucket/p/", "bucket/px"]),
        ("s3", "s3://bucket/*", ["bucket/k"], ["bucket/", "bucket/k/l", "bucke/k"]),
    ],
)
def test_one_asterisk_is_one_further_level_and_two_are_any_depth(service, text, covered, not_covered):
    entry = one(service, text)

    assert [name for name in covered + not_covered if entry.covers(name)] == covered


# Several entries for one resource


def merged(service, text, **options):
    return merge(parsed(service, text), **options)


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        ("a,a", {"ttl": None, "required": False, "aliases": ()}),
        ("a?ttl=60,a?ttl=5", {"ttl": 5.0}),
        ("a?ttl=5,a?ttl=60", {"ttl": 5.0}),
        ("a?ttl=0,a", {"ttl": 0.0}),
        ("a,a?ttl=60", {"ttl": 60.0}),
        ("a,a?required=true", {"required": True}),
        ("a?required=true,a?required=false", {"required": True}),
        ("a?as=x,a?as=y", {"alias": "x", "aliases": ("x", "y")}),
        ("a?as=x,a?as=x,a", {"aliases": ("x",)}),
        ("a?ttl=9,a?required=true,%61?as=x,a?stage=AWSCURRENT&ttl=8", {"ttl": 8.0, "required": True, "alias": "x"}),
    ],
)
def test_the_same_resource_twice_is_one_entry_with_the_stricter_options(text, attributes):
    (entry,) = merged("secretsmanager", text)

    assert entry.resource == secret_resource("a")
    assert {name: getattr(entry, name) for name in attributes} == attributes


@pytest.mark.parametrize(
    ("text", "expected"), [("a,a?ttl=3600", 300.0), ("a?ttl=3600,a", 300.0), ("a,a?ttl=60", 60.0), ("a,a", None)]
)
def test_an_entry_without_a_ttl_brings_that_of_the_settings(text, expected):
    (entry,) = merged("secretsmanager", text, ttl={"secretsmanager": 300.0})

    assert entry.ttl == expected


@pytest.mark.parametrize("service", ["secretsmanager", "ssm", "s3"])
def test_naming_the_own_region_makes_no_other_resource(service):
    reference = "s3://bucket/b" if service == "s3" else "/a"
    text = f"{reference}?region=eu-west-1&ttl=60,{reference}?ttl=5,{reference}?region=eu-west-2"

    own, other = merge(parse_list(service, text, "X"), None, "eu-west-1")

    assert (("", 5.0), ("eu-west-2", None)) == ((own.resource.region, own.ttl), (other.resource.region, other.ttl))


def test_the_merged_entry_keeps_the_first_spelling_variable_and_place():
    first = parse_list("secretsmanager", "b,%61", "PREHEAT_SECRETS")
    entries = merge(first + parse_list("secretsmanager", "a?required=true,c", "the file"))

    assert [(entry.spelling, entry.source) for entry in entries] == [
        ("b", "PREHEAT_SECRETS"),
        ("a", "PREHEAT_SECRETS"),
        ("c", "the file"),
    ]


@pytest.mark.parametrize(
    ("service", "text"),
    [
        ("secretsmanager", "a,a?stage=AWSPENDING,a?version=x,a?region=eu-west-1,a?region=eu-west-2,b"),
        ("secretsmanager", f"a,a?role={ROLE},{SECRET_ARN},{PARTIAL_ARN}"),
        ("ssm", "/a,/a?version=3,/a?label=live,/a?decrypt=false,/a/*,/a/**,a"),
        ("s3", "s3://bucket/a,s3://bucket/a?version=x,s3://bucket/a/*,s3://bucket/a/**,s3://bucket/%61%2F"),
    ],
)
def test_different_identities_stay_apart(service, text):
    assert len(merged(service, text)) == text.count(",") + 1


def test_options_of_a_table_are_joined():
    (entry,) = merged(
        "s3", "s3://bucket/a,s3://bucket/a?table=t&key=x,s3://bucket/a?table=t&format=csv&strict=true&file=true"
    )

    assert (entry.table, entry.keys, entry.format, entry.strict, entry.file) == ("t", ("x",), "csv", True, True)


@pytest.mark.parametrize(
    ("service", "text", "held"),
    [
        ("secretsmanager", "a?as=x,b?as=x", '"x"'),
        ("secretsmanager", "a?as=x,a?stage=AWSPENDING&as=x", '"x"'),
        ("ssm", "/a?as=x,/b?as=x", '"x"'),
        ("s3", "s3://bucket/a?as=x,s3://bucket/b?as=x", '"x"'),
        ("s3", "s3://bucket/a?table=x,s3://bucket/b?table=x", '"x"'),
        ("s3", "s3://bucket/a?table=x,s3://bucket/a?table=y", "s3://bucket/a"),
        ("s3", "s3://bucket/a?table=x&key=i,s3://bucket/a?table=x&key=j", "s3://bucket/a"),
        ("s3", "s3://bucket/a?table=x&format=csv,s3://bucket/a?table=x&format=tsv", "s3://bucket/a"),
    ],
)
def test_an_alias_or_a_table_used_twice_is_refused(service, text, held):
    with pytest.raises(InvalidSetting) as caught:
        merged(service, text)

    assert str(caught.value).startswith(VARIABLES[service] + " must ")
    assert held in str(caught.value)


def test_an_alias_is_of_its_store_and_no_table():
    entries = merge(
        parsed("secretsmanager", "a?as=x")
        + parsed("ssm", "/a?as=x")
        + parsed("s3", "s3://bucket/a?as=x,s3://bucket/b?table=x")
    )

    assert [entry.alias for entry in entries] == ["x", "x", "x", None]


def test_an_alias_may_equal_another_entrys_name():
    assert len(merged("secretsmanager", "a,b?as=a")) == 2


def test_merging_changes_none_of_the_entries_given():
    entries = parsed("secretsmanager", "a?as=x,a?as=y&ttl=5")
    merge(entries)

    assert [(entry.aliases, entry.ttl) for entry in entries] == [(("x",), None), (("y",), 5.0)]


def test_an_entry_shows_what_it_is():
    assert repr(one("ssm", "/app/*?ttl=5")) == "<ListEntry <Resource ssm /app/> *>"
    assert repr(one("ssm", "/app/x")) == "<ListEntry <Resource ssm /app/x>>"


# Arbitrary text


def test_arbitrary_lists_raise_nothing_but_invalid_settings():
    source = random.Random(20240613)
    pieces = ["prod/db", "/app/", "s3://", "bucket/", "key", "arn:aws:ssm:", ":", "*", "**", "/*", "?", "&", "=", "ttl"]
    pieces += ["as=", "table=t", "key=", "ttl=5", ",", "\n", "%", "%00", "%2A", "%ff", "\x00", "ä", "\udcff", " ", "x"]
    entries = []
    said = []
    for _ in range(4000):
        text = "".join(source.choices(pieces, k=source.randrange(12)))
        for service in VARIABLES:
            try:
                entries += merge(parsed(service, text))
            except InvalidSetting as error:
                said.append(str(error))
    assert len(entries) > 200
    assert all(isinstance(entry, ListEntry) for entry in entries)
    assert all(text.isprintable() for text in said)


def test_arbitrary_bytes_raise_nothing_but_invalid_settings():
    """As ``os.environ`` hands them on: what is no UTF-8 as lone surrogates."""
    source = random.Random(20240614)
    said = []
    for _ in range(2000):
        text = source.randbytes(source.randrange(24)).decode("utf-8", "surrogateescape")
        for service, start in PLAIN.items():
            for candidate in (text, start + text, f"{start}?as={text}"):
                try:
                    merge(parsed(service, candidate))
                except InvalidSetting as error:
                    said.append(str(error))
    assert len(said) > 2000
    assert all(text.isprintable() for text in said)


def test_a_huge_list_is_read_or_refused_at_once():
    assert len(parsed("secretsmanager", ",".join(f"secret-{number}" for number in range(5000)))) == 5000
    for text in ("x" * 1_000_000, "s3://bucket/" + "x" * 1_000_000, "?" * 100_000, "a?" + "ttl=1&" * 50_000):
        for service in VARIABLES:
            with pytest.raises(InvalidSetting):
                parsed(service, text)
