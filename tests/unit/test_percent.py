"""Percent-encoding against ``urllib.parse`` as oracle."""

import random
import urllib.parse

import pytest

from extension import percent

SEED = 20150830
ALPHABET = "aZ09-._~ %+/*?&=#'\"<>\\\x00\x1f\x7f\x80äÿ€語\u2028\ufffd😀\U0010ffff"


def some_texts():
    chance = random.Random(SEED)
    return ["".join(chance.choices(ALPHABET, k=chance.randrange(12))) for _ in range(2000)]


def test_encoding_agrees_with_the_standard_library():
    for text in some_texts():
        for safe in ("", "/", "&=%"):
            assert percent.encode(text, safe) == urllib.parse.quote(text, safe=safe), (SEED, text, safe)


def test_decoding_agrees_with_the_standard_library():
    for text in some_texts():
        for safe in ("", " /+"):
            escaped = urllib.parse.quote(text, safe=safe)
            assert percent.decode(escaped) == urllib.parse.unquote(escaped, errors="strict") == text, (SEED, text)


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("", ""),
        ("prod/db", "prod%2Fdb"),
        ("a b+c", "a%20b%2Bc"),
        ("100%", "100%25"),
        ("%41", "%2541"),
        ("ü", "%C3%BC"),
        ("~*'()!", "~%2A%27%28%29%21"),
        (percent.UNRESERVED, percent.UNRESERVED),
    ],
)
def test_only_unreserved_characters_stay_and_escapes_are_upper_case(text, encoded):
    assert percent.encode(text) == encoded
    assert percent.decode(encoded) == text


def test_characters_named_safe_stay_as_they_are():
    assert percent.encode("/app/a b", "/") == "/app/a%20b"


def test_a_plus_sign_is_decoded_as_itself():
    assert percent.decode("a+b%2Bc%20d") == "a+b+c d"


def test_escapes_in_lower_case_and_beside_plain_unicode_are_decoded():
    assert percent.decode("ü%c3%bcü%C3%BCü") == "üüüüü"


@pytest.mark.parametrize(
    "text", ["%", "a%", "%4", "%4%41", "%G1", "%1G", "%%41", "% 1", "%1 ", "%+1", "%-1", "%0x", "%_1", "%\u0661\u0661"]
)
def test_an_escape_without_two_hexadecimal_digits_is_refused(text):
    with pytest.raises(ValueError, match=r"^a percent sign without two hexadecimal digits$"):
        percent.decode(text)


@pytest.mark.parametrize("text", ["%FF", "%C3", "%C3x", "%C0%AF", "%ED%A0%80", "%F4%90%80%80", "%E2%82"])
def test_escapes_that_are_not_utf8_are_refused(text):
    """Among them the overlong form of "/" and an encoded surrogate: both have slipped past filters elsewhere."""
    with pytest.raises(ValueError, match=r"^percent escapes that are not UTF-8$"):
        percent.decode(text)


@pytest.mark.parametrize("call", [percent.encode, lambda text: percent.decode(text + "%41")])
def test_a_lone_surrogate_is_refused(call):
    with pytest.raises(ValueError, match="surrogates not allowed"):
        call("\ud800")
