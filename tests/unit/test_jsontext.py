"""JSON on the accelerator, and on ``json`` where there is none: both must agree with ``json`` itself."""

import json
import math
import random
import subprocess
import sys
from pathlib import Path

import pytest

from extension import jsontext

WAYS = {"accelerated": jsontext._accelerated, "plain": jsontext._plain}
TEXTS = ["", "a", "ä", "東京", "\U0001f511", '"', "\\", "/", "\x00\x1f\x7f", "\u2028", "</script>", " " * 3, "a" * 300]


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Both ways, through the public face."""
    scan, encode = WAYS[request.param]()
    monkeypatch.setattr(jsontext, "_scan", scan)
    monkeypatch.setattr(jsontext, "_encode", encode)
    return request.param


def generated(random_, depth=4):
    """Some value that JSON can hold."""
    kind = random_.randrange(9 if depth else 6)
    if kind == 0:
        return random_.choice([None, True, False])
    if kind == 1:
        return random_.randrange(-(10**20), 10**20)
    if kind == 2:
        return random_.choice([0.0, -0.0, 1e300, 5e-324, 1 / 3, -random_.random() * 1e9])
    if kind in (3, 4, 5):
        return "".join(random_.choices(TEXTS, k=random_.randrange(3)))
    if kind == 6:
        return [generated(random_, depth - 1) for _ in range(random_.randrange(4))]
    return {"".join(random_.choices(TEXTS, k=2)): generated(random_, depth - 1) for _ in range(random_.randrange(4))}


VALUES = [generated(random.Random(seed)) for seed in range(400)]


def test_what_is_written_is_byte_for_byte_what_json_writes_compactly(way):
    for value in VALUES:
        expected = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        assert expected == jsontext.dumps(value)


@pytest.mark.parametrize("options", [{}, {"indent": 2}, {"ensure_ascii": False}, {"separators": (" ,\t", "\r\n: ")}])
def test_what_json_writes_is_read_back(way, options):
    for value in VALUES:
        text = json.dumps(value, **options)
        assert (
            value == jsontext.loads(text) == jsontext.loads(text.encode()) == jsontext.loads(bytearray(text.encode()))
        )
        assert repr(value) == repr(jsontext.loads(f" \t\r\n{text} \t\r\n"))  # 0 is not False, 1.0 not 1


BROKEN = [
    "",
    " ",
    "{",
    "}",
    "[1,]",
    "[1 2]",
    '{"a":1,}',
    "{'a':1}",
    "{a:1}",
    '{"a"}',
    '{"a":}',
    '"abc',
    '"\\x"',
    '"\\u12"',
    '"a\nb"',
    '"\x00"',
    "01",
    "+1",
    "1.",
    ".5",
    "1e",
    "-",
    "0x10",
    "1_000",
    "nul",
    "True",
    "NaN",
    "Infinity",
    "-Infinity",
    '{"a":NaN}',
    "1 2",
    "{}{}",
    "{}x",
    "// comment\n1",
    "\ufeff1",
    "\x0b1",
    "\xa01",
    "[" * 100_000,
    '{"a":' * 100_000,
    "[" * 100_000 + "]" * 100_000,
]


@pytest.mark.parametrize("text", BROKEN, ids=lambda text: ascii(text[:20]))
def test_what_is_not_exactly_one_json_value_is_a_value_error(way, text):
    with pytest.raises(ValueError):  # noqa: PT011  (whose text is nobody's business)
        jsontext.loads(text)


def test_every_mutilated_document_is_refused_or_read_as_json_reads_it(way):
    random_ = random.Random(7)
    for value in VALUES[:150]:
        text = json.dumps(value)
        place = random_.randrange(len(text) + 1)
        mutilated = text[:place] + random_.choice(["", "}", '"', ",", "\\", "0", "e", "\n", "["]) + text[place + 1 :]
        try:
            expected = json.loads(mutilated, parse_constant=lambda name: 1 / 0)
        except (ValueError, ZeroDivisionError):
            with pytest.raises(ValueError):  # noqa: PT011
                jsontext.loads(mutilated)
        else:
            assert repr(expected) == repr(jsontext.loads(mutilated))


@pytest.mark.parametrize("data", [b"\xff", b'"\xc3"', b'"\xed\xa0\x80"', "1".encode("utf-16"), b"\xef\xbb\xbf1"])
def test_bytes_that_are_not_utf_8_are_a_value_error(way, data):
    with pytest.raises(ValueError):  # noqa: PT011
        jsontext.loads(data)


def test_a_number_of_too_many_digits_is_a_value_error_and_no_denial_of_service(way):
    if not hasattr(sys, "get_int_max_str_digits"):
        pytest.skip("an interpreter without that limit")
    with pytest.raises(ValueError):  # noqa: PT011
        jsontext.loads("1" * 100_000)


def test_the_last_of_a_repeated_key_counts_as_with_json(way):
    assert {"a": 2} == jsontext.loads('{"a":1,"a":2}')


def test_a_lone_surrogate_is_written_as_an_escape_and_comes_back(way):
    value = {"a\ud800": ["ü\udfff"]}

    written = jsontext.dumps(value)

    assert written.isascii()
    assert value == jsontext.loads(written)


def test_utf_8_is_written_as_it_is(way):
    assert '{"ключ":"東京"}'.encode() == jsontext.dumps({"ключ": "東京"})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [math.nan]])
def test_a_number_without_a_json_form_is_a_value_error(way, value):
    with pytest.raises(ValueError):  # noqa: PT011
        jsontext.dumps(value)


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object(), {"a": 1j}])
def test_a_value_without_a_json_form_is_a_type_error_that_does_not_show_it(way, value):
    with pytest.raises(TypeError):
        jsontext.dumps(value)


def test_the_refusal_of_our_own_encoder_names_the_type_alone():
    _, encode = jsontext._accelerated()

    with pytest.raises(TypeError) as caught:
        encode({"password": b"hunter2"}, False)

    assert "no JSON form for bytes" == str(caught.value)


def test_where_json_was_never_imported_what_is_broken_is_a_value_error_too():
    """As in the sidecar: the scanner raises an exception of ``json.decoder``, which some versions do not find then."""
    program = """
import sys
sys.path.insert(0, sys.argv[1])
from extension import jsontext
assert "json" not in sys.modules
for text in sys.argv[2:]:
    try:
        jsontext.loads(text)
    except ValueError:
        continue
    sys.exit(f"{text} was read")
"""
    broken = [text for text in BROKEN if "\0" not in text and len(text) < 100]
    root = str(Path(__file__).parents[2])
    subprocess.run([sys.executable, "-I", "-S", "-c", program, root, *broken], check=True, timeout=30)


def test_this_interpreter_uses_the_accelerator():
    """Otherwise every cold start would pay 20 ms, and only a benchmark would tell."""
    assert "_json" == type(jsontext._scan).__module__
    assert jsontext._encode.__qualname__.startswith("_accelerated")
