"""The request target: path and query, decoded once and never guessed at."""

import pytest

from extension.api.target import flag, options, parameters, split


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/", ("/", "")),
        (b"/a?b", ("/a", "b")),
        (b"/a?", ("/a", "")),
        (b"/a?b?c", ("/a", "b?c")),
        (b"/a%3Fb?c", ("/a%3Fb", "c")),
        (b"//a//b", ("//a//b", "")),
        (b"/a/../b", ("/a/../b", "")),
    ],
)
def test_a_target_is_split_at_its_first_question_mark_and_nothing_is_normalised(target, expected):
    assert expected == split(target)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", []),
        ("a=1", [("a", "1")]),
        ("a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]),
        ("a", [("a", "")]),
        ("a=", [("a", "")]),
        ("=1", [("", "1")]),
        ("a=b=c", [("a", "b=c")]),
        ("a=1&&b=2", [("a", "1"), ("", ""), ("b", "2")]),
        ("name=%2Fapp%2Fx", [("name", "/app/x")]),
        ("name=/app/x", [("name", "/app/x")]),
        ("n%61me=1", [("name", "1")]),
        ("a=x+y", [("a", "x+y")]),
        ("a=x%2By", [("a", "x+y")]),
        ("a=%26b%3Dc", [("a", "&b=c")]),
        ("a=%2561", [("a", "%61")]),
        ("a=%C3%A4", [("a", "\xe4")]),
    ],
)
def test_names_and_values_come_decoded_in_their_order(query, expected):
    assert expected == parameters(query)


@pytest.mark.parametrize("query", ["a=%", "a=%zz", "%4=1", "a=%ff", "a=1&b=%C3"])
def test_a_broken_escape_is_a_value_error(query):
    with pytest.raises(ValueError, match="percent"):
        parameters(query)


def test_options_are_those_that_are_allowed_once_each():
    assert {"stage": "x", "field": ""} == options("stage=x&field=", ("stage", "field", "version"))
    assert {} == options("", ("stage",))


@pytest.mark.parametrize("query", ["hunter2=1", "stage=1&hunter2", "stage=1&", "Stage=1"])
def test_an_unknown_option_is_refused_and_not_repeated(query):
    with pytest.raises(ValueError, match="there are stage, version") as caught:
        options(query, ("stage", "version"))
    assert "hunter2" not in str(caught.value)


def test_an_option_that_comes_twice_is_refused():
    with pytest.raises(ValueError, match="stage comes twice"):
        options("stage=a&stage=a", ("stage",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("TRUE", True), ("True", True), ("1", True), ("false", False), ("FALSE", False), ("0", False)],
)
def test_a_flag_is_a_word_or_a_digit_in_any_case(text, expected):
    assert expected is flag(text)


@pytest.mark.parametrize("text", ["", "yes", "2", " true", "t", "null", "true,true"])
def test_anything_else_is_no_flag(text):
    with pytest.raises(ValueError, match="true or false"):
        flag(text)
