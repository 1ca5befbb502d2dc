"""What the errors say and, above all, what they never say."""

from typing import Any

import pytest

from extension.errors import InvalidSetting, PreheatError, RequiredResourceUnavailable, SourceError, shown


def source_error(**changes):
    fields: dict[str, Any] = {
        "status": 502,
        "transient": True,
        "code": "Throttling",
        "message": "slow down",
        "kind": "throttled",
    }
    fields.update(changes)
    return SourceError(fields.pop("status"), **fields)


def test_an_invalid_setting_names_the_variable_what_it_held_and_what_is_allowed():
    error = InvalidSetting("PREHEAT_TTL", "must be a duration from 0 to 7d", "8d")

    assert str(error) == 'PREHEAT_TTL must be a duration from 0 to 7d, got "8d"'
    assert error.name == "PREHEAT_TTL"
    assert error.error_type == "Preheat.InvalidSetting"
    assert isinstance(error, PreheatError)


def test_an_invalid_setting_needs_no_text_that_was_held():
    assert str(InvalidSetting("PREHEAT_TTL", "must be set")) == "PREHEAT_TTL must be set"


def test_an_invalid_list_names_the_entry_and_the_piece_of_it():
    error = InvalidSetting("PREHEAT_S3", "has an unknown option", "tabel", entry=(3, "s3://b/k?tabel=x"))

    assert str(error) == 'PREHEAT_S3 entry 3 "s3://b/k?tabel=x": has an unknown option, got "tabel"'


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("PREHEAT_TOKEN", "hunter2"),
        ("AWS_SESSION_TOKEN", "hunter2"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ("PREHEAT_CONFIG", '{"token": "hunter2"}'),
        ("PREHEAT_CONFIG", ' \n{"token": "hunter2"}'),
        ("PREHEAT_CONFIG", '"token"\nhunter2'),
        ("PREHEAT_CONFIG, secrets", "hunter2"),
        ("HTTPS_PROXY", "http://user:hunter2@proxy:3128"),
        ("HTTPS_PROXY", "http://user:hunter2/@:3@proxy:3128"),
        ("https_proxy", "user:hunter2@proxy"),
        ("AWS_ENDPOINT_URL_SSM", "ftp://user:hunter2@host"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://user:hunter2@host"),
    ],
)
def test_what_may_be_a_password_is_never_repeated(name, held):
    alone = str(InvalidSetting(name, "must be something else", held))
    in_entry = str(InvalidSetting(name, "must be something else", held, entry=(1, held)))

    for text in (alone, in_entry):
        assert "hunter2" not in text
        assert name in text
        assert "must be something else" in text


def test_what_was_held_and_is_hidden_is_not_taken_for_empty():
    error = InvalidSetting("PREHEAT_TOKEN", "must be x", "y")

    assert str(error) == "PREHEAT_TOKEN must be x (what it holds is not shown)"


@pytest.mark.parametrize(
    ("name", "held", "part"),
    [
        ("HTTPS_PROXY", "socks5://user:hunter2@proxy:1080", '"socks5://***@proxy:1080"'),
        ("HTTPS_PROXY", "user:hunter2@proxy:1080", '"***@proxy:1080"'),
        ("HTTPS_PROXY", "socks5://proxy:1080", '"socks5://proxy:1080"'),
        ("PREHEAT_CONFIG", "preheat.yaml", '"preheat.yaml"'),
        ("PREHEAT_S3", "s3://bucket/me@home", '"s3://bucket/me@home"'),
        ("PREHEAT_SECRETS", "prod/db token", '"prod/db token"'),
    ],
)
def test_the_rest_is_shown(name, held, part):
    assert part in str(InvalidSetting(name, "must be something else", held))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", '"plain"'),
        ("", '""'),
        ("two words", '"two words"'),
        ("Zürich 東京", '"Zürich 東京"'),
        ("a\nb\tc\r", r'"a\nb\tc\r"'),
        ("\x00\x1b[31m\x7f", r'"\x00\x1b[31m\x7f"'),
        ('say "hi"', r'"say \"hi\""'),
        ("back\\slash", r'"back\\slash"'),
        ("\u202egnp.exe", r'"\u202egnp.exe"'),
        ("\udcff", r'"\udcff"'),
        ("\u2028", r'"\u2028"'),
        ("a" * 80, '"' + "a" * 80 + '"'),
        ("a" * 81, '"' + "a" * 80 + '"...'),
        ("a" * 79 + "\n", '"' + "a" * 79 + '"...'),
        ("\x00" * 21, '"' + r"\x00" * 20 + '"...'),
        ("a" * 10_000_000, '"' + "a" * 80 + '"...'),
    ],
)
def test_text_is_shown_escaped_and_cut_at_80_characters(text, expected):
    assert shown(text) == expected


@pytest.mark.parametrize("character", [chr(code) for code in (*range(32), *range(127, 160), 0xAD, 0x200B, 0xFEFF)])
def test_no_control_character_is_shown_as_it_is(character):
    assert character not in shown(f"a{character}b")
    assert shown(f"a{character}b").isprintable()


def test_a_source_error_carries_what_an_answer_needs():
    error = source_error(status=403, transient=False, code="AccessDenied", message="no", kind="denied")

    assert (error.status, error.transient, error.code, error.message, error.kind) == (
        403,
        False,
        "AccessDenied",
        "no",
        "denied",
    )
    assert str(error) == "AccessDenied: no"
    assert isinstance(error, PreheatError)


@pytest.mark.parametrize(
    ("code", "kind", "expected"),
    [
        ("ThrottlingException", "throttled", "ThrottlingException"),
        ("AWS.Some.Code1", "malformed", "AWS.Some.Code1"),
        ("Bad Code\r\nSet-Cookie: x=1", "transient", "BadCodeSetCookiex1"),
        ("Ünknown", "transient", "nknown"),
        ("A" * 64, "transient", "A" * 64),
        ("A" * 65, "transient", "A" * 64),
        ("A" * 10_000_000, "transient", "A" * 64),
        ("", "transient", "Unknown"),
        ("\r\n", "denied", "Unknown"),
        ("", "timeout", "TimeoutError"),
        ("", "connection", "ConnectionError"),
    ],
)
def test_a_code_is_safe_in_a_header(code, kind, expected):
    assert source_error(code=code, kind=kind).code == expected


def test_a_message_is_printable_and_bounded():
    assert source_error(message="a\r\nb\x00").message == "a  b "
    assert len(source_error(message="a" * 1_000_000).message) == 1000


def test_required_resources_are_named_with_their_reasons():
    error = RequiredResourceUnavailable([("prod/db", "AccessDenied: no\n"), ("/app/\x00", "NotFound")])

    assert str(error) == r'required, but not available: "prod/db" (AccessDenied: no ), "/app/\x00" (NotFound)'
    assert error.error_type == "Preheat.RequiredResourceUnavailable"
    assert isinstance(error, PreheatError)


@pytest.mark.parametrize(("count", "more"), [(10, False), (11, True)])
def test_of_many_required_resources_ten_are_named(count, more):
    text = str(RequiredResourceUnavailable([(f"secret-{number}", "gone") for number in range(count)]))

    assert ("secret-9" in text, "secret-10" in text) == (True, False)
    assert text.endswith(" and 1 more") is more
