"""PREHEAT_CONFIG, contract §2.3: what a file or an inline configuration may say, and what becomes of it."""

from __future__ import annotations

import json
import sys

import pytest

from extension.errors import InvalidSetting
from extension.references import make_entry, parse_list
from extension.settings import Settings, file, names

SERVICES = {"secrets": "secretsmanager", "parameters": "ssm", "s3": "s3"}
TOML = pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")


@pytest.fixture
def task(tmp_path, monkeypatch):
    """The function's own folder, /var/task."""
    monkeypatch.setattr(file, "TASK_ROOT", str(tmp_path))
    return tmp_path


def inline(document, **environ):
    return Settings.from_environ({"PREHEAT_CONFIG": json.dumps(document), **environ})


def stored(path, text, **environ):
    path.write_text(text, "utf-8")
    return Settings.from_environ({"PREHEAT_CONFIG": str(path), **environ})


def entries(document, **environ):
    return inline(document, **environ).entries


def same(entry):
    """All of an entry but where it stands."""
    return {name: getattr(entry, name) for name in type(entry).__slots__ if name not in ("source", "spelling")}


# Where it stands


EVERYTHING = {
    "secrets": ["prod/db?ttl=60&as=db", {"ref": "prod/api", "stage": "AWSPENDING"}],
    "parameters": ["/app/*"],
    "s3": [{"ref": "s3://bucket/rates.csv", "table": "rates", "key": ["from", "to"]}],
    "ttl": "10m",
    "cache_items": 50,
    "allow": "listed",
}
EVERYTHING_TOML = """
ttl = "10m"
cache_items = 50
allow = "listed"
secrets = ["prod/db?ttl=60&as=db", {ref = "prod/api", stage = "AWSPENDING"}]
parameters = ["/app/*"]

[[s3]]
ref = "s3://bucket/rates.csv"
table = "rates"
key = ["from", "to"]
"""


def check_everything(result):
    assert [same(entry) for entry in result.entries] == [
        same(entry)
        for service, text in [
            ("secretsmanager", "prod/db?ttl=60&as=db,prod/api?stage=AWSPENDING"),
            ("ssm", "/app/*"),
            ("s3", "s3://bucket/rates.csv?table=rates&key=from&key=to"),
        ]
        for entry in parse_list(service, text, "here")
    ]
    assert set(result.ttl.values()) == {600}
    assert (result.cache_items, result.allow, result.warnings) == (50, "listed", ())


def test_inline_json():
    check_everything(inline(EVERYTHING))


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_json_file_with_or_without_a_byte_order_mark(task, indent, mark):
    check_everything(stored(task / "preheat.json", mark + json.dumps(EVERYTHING, indent=indent) + "\r\n"))


@TOML
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_toml_file(task, mark):
    check_everything(stored(task / "preheat.toml", mark + EVERYTHING_TOML))


@pytest.mark.parametrize("name", ["preheat.json", "./preheat.json", "config/../preheat.json", "PREHEAT.JSON"])
def test_a_relative_path_is_under_the_functions_folder(task, monkeypatch, name, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    (task / "config").mkdir()
    for each in ("preheat.json", "PREHEAT.JSON"):
        (task / each).write_text('{"ttl": 5}')
    assert Settings.from_environ({"PREHEAT_CONFIG": f" {name}\n"}).ttl["s3"] == 5


def test_the_functions_folder_is_var_task():
    assert file.TASK_ROOT == "/var/task"


def test_a_link_to_a_file_is_a_file(task):
    (task / "real.json").write_text('{"ttl": 5}')
    (task / "link.json").symlink_to("real.json")
    assert Settings.from_environ({"PREHEAT_CONFIG": "link.json"}).ttl["s3"] == 5


@pytest.mark.parametrize("document", [{}, {"secrets": []}, {"secrets": ""}, {"secrets": ["", " , "]}, {"ttl": ""}])
def test_nothing_in_it_changes_nothing(document):
    result = inline(document)
    assert (result.entries, result.ttl["ssm"], result.warnings) == ((), 300, ())


# Settings


@pytest.mark.parametrize(
    ("key", "value", "field", "expected"),
    [
        ("ttl", "1m", "ttl", {"secretsmanager": 60, "ssm": 60, "s3": 60}),
        ("ttl", 90, "ttl", {"secretsmanager": 90, "ssm": 90, "s3": 90}),
        ("ttl", 0, "ttl", {"secretsmanager": 0, "ssm": 0, "s3": 0}),
        ("stale_if_error", 0.5, "stale_if_error", 0.5),
        ("stale_while_revalidate", " 30s ", "stale_while_revalidate", 30),
        ("init_timeout", 1.5, "init_timeout", 1.5),
        ("fetch_timeout", "250ms", "fetch_timeout", {"secretsmanager": 0.25, "ssm": 0.25, "s3": 0.25}),
        ("cache_items", 5, "cache_items", 5),
        ("cache_items", "5", "cache_items", 5),
        ("cache_memory", "2MB", "cache_memory", 2 * 2**20),
        ("allow", "listed", "allow", "listed"),
        ("secrets_batch", "never", "secrets_batch", "never"),
        ("snapstart", "include", "snapstart", "include"),
        ("compat", "agent", "compat", "agent"),
        ("token", " hunter2 ", "token", "hunter2"),
        ("token", "007", "token", "007"),
        ("log_level", "warn", "log_level", "WARN"),
    ],
)
def test_a_setting_is_read_as_its_variable_is(key, value, field, expected):
    assert getattr(inline({key: value}), field) == expected


def test_every_variable_but_four_has_its_key():
    known = {variable.removeprefix("PREHEAT_").lower() for variable in names.KNOWN}
    assert known - {"config", "port", "enabled", "client_cache"} == {*file._LISTS, *file._SETTINGS}


def test_a_variable_wins_over_the_file_and_the_file_over_awss_names():
    document = {"ttl": 60, "log_level": "ERROR"}
    assert inline(document, PREHEAT_TTL="5").ttl["ssm"] == 5
    assert inline(document, PREHEAT_TTL="").ttl["ssm"] == 60
    assert inline(document, SSM_PARAMETER_STORE_TTL="7").ttl["ssm"] == 60
    assert inline(document, PARAMETERS_SECRETS_EXTENSION_LOG_LEVEL="debug").log_level == "ERROR"


def test_init_is_held_no_longer_than_lambda_allows_whoever_says_so():
    with pytest.raises(InvalidSetting, match=r"^PREHEAT_CONFIG, init_timeout must be a duration from 0 to 9s "):
        inline({"init_timeout": 10})
    assert inline({"init_timeout": 10}, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start").init_timeout == 10


@TOML
def test_tomls_ways_to_write_a_number(task):
    text = "ttl = 6_0\ncache_items = 1_000\nstale_if_error = 1_0.5\nstale_while_revalidate = 0x10\ninit_timeout = +5"
    result = stored(task / "x.toml", text)
    assert (result.ttl["s3"], result.cache_items, result.stale_if_error) == (60, 1000, 10.5)
    assert (result.stale_while_revalidate, result.init_timeout) == (16, 5)


# Entries


@pytest.mark.parametrize("key", SERVICES)
def test_a_list_adds_to_its_variables_list(key):
    prefix = {"secrets": "", "parameters": "/", "s3": "s3://bucket/"}[key]
    result = inline({key: [prefix + "b", {"ref": prefix + "c"}]}, **{f"PREHEAT_{key.upper()}": prefix + "a"})
    expected = parse_list(SERVICES[key], f"{prefix}a,{prefix}b,{prefix}c", "here")
    assert [entry.resource for entry in result.entries] == [entry.resource for entry in expected]
    assert [entry.source for entry in result.entries] == [f"PREHEAT_{key.upper()}", *[f"PREHEAT_CONFIG, {key}"] * 2]


def test_the_same_resource_in_variable_and_file_is_one_entry_with_the_stricter_options():
    (entry,) = entries({"secrets": [{"ref": "a", "ttl": 5, "as": "y"}]}, PREHEAT_SECRETS="a?required=true&as=x")
    assert (entry.ttl, entry.required, entry.aliases) == (5, True, ("x", "y"))


def test_a_list_may_be_one_text_and_a_text_may_be_several_entries():
    whole = entries({"secrets": "a, b?ttl=5\nc"})
    pieces = entries({"secrets": ["a, b?ttl=5", "c"]})
    assert [same(entry) for entry in whole] == [same(entry) for entry in pieces]
    assert [entry.resource.name for entry in whole] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("key", "item", "written"),
    [
        ("secrets", {"ref": "a"}, "a"),
        ("secrets", {"ref": " a\t"}, "a"),
        ("secrets", {"ref": "a%2Fb"}, "a/b"),
        ("secrets", {"ref": "a", "ttl": 5}, "a?ttl=5"),
        ("secrets", {"ref": "a", "ttl": 0.25}, "a?ttl=250ms"),
        ("secrets", {"ref": "a", "ttl": "5m"}, "a?ttl=5m"),
        ("secrets", {"ref": "a", "required": True}, "a?required=true"),
        ("secrets", {"ref": "a", "required": False}, "a"),
        ("secrets", {"ref": "a", "required": "yes"}, "a?required=yes"),
        ("secrets", {"ref": "a", "as": "x", "region": "eu-west-1"}, "a?as=x&region=eu-west-1"),
        ("secrets", {"ref": "a", "version": "12345"}, "a?version=12345"),
        ("secrets", {"ref": "a", "stage": "100%25"}, "a?stage=100%2525"),
        ("secrets", {"ref": "a", "stage": "a&b=c?d,e"}, "a?stage=a%26b=c?d%2Ce"),
        ("parameters", {"ref": "/a", "version": 3}, "/a?version=3"),
        ("parameters", {"ref": "/a", "version": "3"}, "/a?version=3"),
        ("parameters", {"ref": "/a", "label": "live", "decrypt": False}, "/a?label=live&decrypt=false"),
        ("parameters", {"ref": "/a/**", "ttl": 5}, "/a/**?ttl=5"),
        ("s3", {"ref": "s3://bucket/a,b"}, "s3://bucket/a%2Cb"),
        ("s3", {"ref": "s3://bucket/a%3Fb"}, "s3://bucket/a%3Fb"),
        ("s3", {"ref": "s3://bucket/x", "table": "t", "key": "a%20b"}, "s3://bucket/x?table=t&key=a%2520b"),
        ("s3", {"ref": "s3://bucket/x", "table": "t", "key": ["a", "b"]}, "s3://bucket/x?table=t&key=a&key=b"),
        ("s3", {"ref": "s3://bucket/x", "table": "t", "key": []}, "s3://bucket/x?table=t"),
        (
            "s3",
            {"ref": "s3://bucket/x", "table": "t", "format": "csv", "strict": True, "file": True},
            "s3://bucket/x?table=t&format=csv&strict=true&file=true",
        ),
    ],
)
def test_an_object_is_an_entry_with_literal_options(key, item, written):
    (entry,) = entries({key: [item]})
    (expected,) = parse_list(SERVICES[key], written, "here")
    assert same(entry) == same(expected)


def test_an_object_takes_every_option_that_a_list_takes():
    texts = {"ttl": "5", "as": "x", "region": "eu-west-1", "role": "arn:aws:iam::123456789012:role/r", "version": "3"}
    for key, reference in (("secrets", "a"), ("parameters", "/a"), ("s3", "s3://bucket/x")):
        (entry,) = entries({key: [{"ref": reference, **texts}]})
        assert same(entry) == same(make_entry(SERVICES[key], reference, list(texts.items()), "here"))
