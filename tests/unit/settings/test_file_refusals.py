"""PREHEAT_CONFIG where what it says is not understood: what is said of it, and what of an inline one never is."""

from __future__ import annotations

import json
import random

import pytest

from extension.errors import InvalidSetting
from extension.settings import Settings
from tests.unit.settings.config import inline, refusal

# Keys


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("tll", "ttl"),
        ("TTL", "ttl"),
        ("secret", "secrets"),
        ("params", "parameters"),
        ("PREHEAT_TTL", "ttl"),
        ("preheat_parameters", "parameters"),
        ("cache_size", "cache_items"),
        ("stale-if-error", "stale_if_error"),
        ("", "s3"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(stored, key, meant):
    document = {"ttl": 5, key: 1}
    problem = f"has an unknown key (2 of 2); the nearest known one is {meant}"
    assert stored(document) == f'PATH (PREHEAT_CONFIG) {problem}, got "{key}"'
    assert inline(document) == f"PREHEAT_CONFIG (inline) {problem} (what it holds is not shown)"


@pytest.mark.parametrize("key", ["hunter2", "x" * 100_000, "\x00\x1b[31m", "\ud800", "ttl\n", "ключ"])
def test_any_key_can_be_refused(stored, key):
    assert "has an unknown key (1 of 1)" in stored({key: 1})
    assert key not in inline({key: 1})


@pytest.mark.parametrize("key", ["port", "enabled"])
def test_what_is_needed_before_the_file_is_a_variable_only(stored, key):
    problem = f"can't hold {key}, as it is needed before this can be read: set the variable PREHEAT_{key.upper()}"
    assert stored({key: "2773"}) == f"PATH (PREHEAT_CONFIG) {problem}"
    assert inline({key: False}) == f"PREHEAT_CONFIG (inline) {problem}"


def test_what_the_function_reads_is_a_variable_only():
    assert inline({"client_cache": False}) == (
        "PREHEAT_CONFIG (inline) can't hold client_cache, as the function reads it: "
        "set the variable PREHEAT_CLIENT_CACHE"
    )


# Values


@pytest.mark.parametrize("value", [None, [], ["5"], {}, {"a": 1}])
@pytest.mark.parametrize("key", ["ttl", "allow", "cache_items", "log_level"])
def test_a_setting_is_a_text_a_number_or_a_boolean(stored, key, value):
    assert stored({key: value}) == f"{key} in PATH must be a text, a number or a boolean"


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("ttl", "8d", 'must be a duration from 0 to 7d (a number, then ms, s, m, h or d), got "8d"'),
        ("ttl", -1, 'must be a duration from 0 to 7d (a number, then ms, s, m, h or d), got "-1"'),
        ("ttl", True, 'must be a duration from 0 to 7d (a number, then ms, s, m, h or d), got "true"'),
        ("cache_items", 0, 'must be a whole number from 1 to 100000, got "0"'),
        ("cache_items", 1.0, 'must be a whole number from 1 to 100000, got "1.0"'),
        ("cache_memory", 64, 'must be a size of at least 1MB (a number, then KB, MB or GB), got "64"'),
        ("allow", "ANY", 'must be any or listed, got "ANY"'),
        ("allow", True, 'must be any or listed, got "true"'),
        ("compat", "no\ngood", r'must be extension or agent, got "no\ngood"'),
        ("secrets_batch", "x" * 81, f'must be auto, always or never, got "{"x" * 80}"...'),
    ],
)
def test_a_wrong_value_is_told_like_its_variables_with_its_place(stored, key, value, problem):
    assert stored({key: value}) == f"{key} in PATH {problem}"
    hidden = problem.partition(", got ")[0] + " (what it holds is not shown)"
    assert inline({key: value}) == f"PREHEAT_CONFIG, {key} {hidden}"


@pytest.mark.parametrize("value", [7, 7.5, True, None, [], "hunter2\nx", "hunter2\ud800", "\x00"])
def test_a_token_is_a_text_and_never_shown(stored, value):
    assert stored({"token": value}) == "token in PATH must be a text without control characters"
    assert inline({"token": value}) == "PREHEAT_CONFIG, token must be a text without control characters"


def test_a_good_token_is_not_shown_where_something_else_is_wrong(stored):
    assert "hunter2" not in stored('{"token": "hunter2", "ttl": "x"}')
    assert "hunter2" not in inline({"token": "hunter2", "secrets": ["a b"]})


# Lists


@pytest.mark.parametrize("value", [None, 5, True, {}, {"ref": "a"}])
def test_a_list_is_a_list(stored, value):
    text = stored({"secrets": value})
    assert text == "secrets in PATH must be a list of references, each a text or an object"


@pytest.mark.parametrize("value", [None, 5, True, [], ["a"]])
def test_an_entry_is_a_text_or_an_object(stored, value):
    text = stored({"secrets": ["a", value]})
    assert text == "secrets in PATH must hold texts and objects only, which entry 2 is not"


@pytest.mark.parametrize("item", [{}, {"ref": None}, {"ref": 5}, {"ref": ["a"]}, {"name": "a"}])
def test_an_object_has_a_ref(stored, item):
    text = stored({"secrets": ["a, b", item]})
    assert text == "secrets in PATH must name what it is about by ref, a text, which entry 3 does not"


@pytest.mark.parametrize(
    ("key", "item", "problem"),
    [
        ("secrets", "b?tll=5", 'entry 2 "b?tll=5": has an unknown option; there are '),
        ("secrets", "a b", 'entry 2 "a b": must be the name or the ARN of a secret'),
        ("secrets", {"ref": "b", "tll": None}, 'entry 2 "b": has an unknown option; there are '),
        ("secrets", {"ref": "b", "label": "x"}, 'entry 2 "b": has an unknown option; there are '),
        ("secrets", {"ref": "b?ttl=5"}, 'entry 2 "b?ttl=5": must have its options beside ref, not in it; a literal ?'),
        ("secrets", {"ref": "a\nb"}, r'entry 2 "a\nb": must be the name or the ARN of a secret'),
        ("secrets", {"ref": ""}, 'entry 2 "": must be the name or the ARN of a secret'),
        ("secrets", {"ref": "b", "ttl": "x"}, 'entry 2 "b": option ttl= must be a duration from 0 to 7d'),
        ("secrets", {"ref": "b", "ttl": True}, 'entry 2 "b": must have a number or a text for the option ttl'),
        ("secrets", {"ref": "b", "ttl": None}, 'entry 2 "b": must have a number or a text for the option ttl'),
        ("secrets", {"ref": "b", "required": 1}, 'entry 2 "b": must have true or false for the option required'),
        ("secrets", {"ref": "b", "required": "maybe"}, 'entry 2 "b": option required= must be true or false'),
        ("secrets", {"ref": "b", "version": 5}, 'entry 2 "b": must have a text for the option version'),
        ("secrets", {"ref": "b", "as": ""}, 'entry 2 "b": must have a text for the option as'),
        ("secrets", {"ref": "b", "as": ["x"]}, 'entry 2 "b": must have a text for the option as'),
        ("secrets", {"ref": "b", "as": "x y"}, 'entry 2 "b": option as= must be 1 to 64 letters'),
        ("s3", {"ref": "s3://bucket/*", "table": "t"}, 'entry 2 "s3://bucket/*": can\'t have the option table= with a'),
        ("s3", {"ref": "s3://bucket/x", "key": 5}, 'entry 2 "s3://bucket/x": must have a text or a list of texts for'),
        (
            "s3",
            {"ref": "s3://bucket/x", "table": "t", "key": ["a", 5]},
            'entry 2 "s3://bucket/x": must have a text or a list of texts for the option key',
        ),
    ],
)
def test_a_wrong_entry_is_told_with_its_place(stored, key, item, problem):
    document = {key: ["a" if key == "secrets" else "s3://bucket/a", item]}
    assert stored(document).startswith(f"{key} in PATH {problem}")
    hidden = problem.partition(": ")[2]
    assert inline(document).startswith(f"PREHEAT_CONFIG, {key} entry 2: {hidden}")


@pytest.mark.parametrize(
    "item",
    [
        "hunter2 x",
        "x?hunter2=5",
        "x?ttl=hunter2",
        {"ref": "hunter2 x"},
        {"ref": "x", "hunter2": ""},
        {"ref": "x", "hunter2": None},
        {"ref": "x", "ttl": "hunter2"},
        {"ref": "x", "as": ["hunter2"]},
        {"hunter2": "x"},
    ],
)
def test_nothing_of_an_inline_entry_is_shown(item):
    assert "hunter2" not in inline({"secrets": [item]})


def test_an_alias_used_twice_is_told_where_it_is_used_again(stored):
    text = stored('{"secrets": ["a?as=x", "b?as=x"]}')
    assert text == 'secrets in PATH must use an alias once only, got "x"'
    document = {"secrets": ["a?as=hunter2", "b?as=hunter2"]}
    assert inline(document).startswith("PREHEAT_CONFIG, secrets must use an alias once only (what it holds")


@pytest.mark.parametrize(
    "held",
    ['"token": "hunter2"}', '[{"token": "hunter2"}]', "token=hunter2", '\'{"token": "hunter2"}\'', "token: hunter2"],
)
def test_what_may_be_a_mistyped_inline_configuration_is_not_shown(held):
    assert refusal(held) == (
        "PREHEAT_CONFIG must be JSON that begins with {, or the path of a .json or .toml file "
        "(what it holds is not shown)"
    )


def test_arbitrary_documents_raise_nothing_but_invalid_settings_that_show_nothing():
    source = random.Random(20261123)
    good = json.dumps({"ttl": 5, "token": "hunter2", "secrets": ["hunter2?as=x", {"ref": "b", "ttl": 1}], "s3": []})
    read = 0
    said = []
    for _ in range(1500):
        text = list(good)
        for _ in range(source.randrange(1, 4)):
            at = source.randrange(1, len(text))
            text[at : at + source.randrange(3)] = source.choice(['"', "{", "}", "[", "]", ",", ":", "\\", "0", "é", ""])
        try:
            Settings.from_environ({"PREHEAT_CONFIG": "".join(text)})
            read += 1
        except InvalidSetting as error:
            said.append(str(error))
    assert read > 50
    assert len(said) > 500
    assert [text for text in said if "hunter2" in text] == []
