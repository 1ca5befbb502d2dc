"""What a reader's headers ask of freshness."""

import pytest

from extension.api.conditions import matches, quoted, wanted_age
from tests.unit.api.bench import request


@pytest.mark.parametrize(
    ("etag", "tag"), [("abc", b'"abc"'), ("", b'""'), ('a"b', b'"ab"'), ("\xe4", b'"?"'), ("a \r\nb\0", b'"ab"')]
)
def test_a_tag_is_quoted_and_can_not_break_out(etag, tag):
    assert tag == quoted(etag)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (b'"abc"', True),
        (b'W/"abc"', True),
        (b"*", True),
        (b" * ", True),
        (b'"x", "abc"', True),
        (b'"x",W/"abc","y"', True),
        (b'"x"', False),
        (b"abc", False),
        (b'"ABC"', False),
        (b'"abcd"', False),
        (b'w/"abc"', False),
        (b"", False),
        (b'"*"', False),
    ],
)
def test_a_condition_names_the_tag_or_not(condition, expected):
    assert expected is matches(condition, b'"abc"')


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (None, None),
        ("", None),
        ("no-cache", 0.0),
        ("No-Cache", 0.0),
        ("no-store", None),
        ("max-age=0", 0.0),
        ("max-age=10", 10.0),
        ('max-age="10"', 10.0),
        ("Max-Age=10", 10.0),
        ("max-age=10, max-age=5", 5.0),
        ("max-age=5, max-age=10", 5.0),
        ("max-stale=60, max-age=10", 10.0),
        ("max-age=10, no-cache", 0.0),
        ("max-age", None),
        ("max-age=", None),
        ("max-age=-1", None),
        ("max-age=1.5", None),
        ("max-age=ten", None),
        ("max-age=" + "9" * 30, None),
        ("x-max-age=1", None),
    ],
)
def test_a_request_may_say_how_old_an_answer_may_be(field, expected):
    headers = () if field is None else (("Cache-Control", field),)

    assert expected == wanted_age(request(headers=headers))
