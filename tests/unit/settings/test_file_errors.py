"""PREHEAT_CONFIG where it leads to no document: what is said, and what never is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from extension.settings import Settings, file
from tests.unit.settings.config import inline, refusal

ROOT = Path(__file__).resolve().parents[3]
TOML = pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib came with Python 3.11")


# The file


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ("/nowhere/x.json", "be the path of a file that can be read: No such file or directory"),
        ("x.json", "be the path of a file that can be read: No such file or directory; a relative path is under TASK"),
        ("/dev/null/x.json", "be the path of a file that can be read: Not a directory"),
        ("nul\0.json", "be the path of a file that can be read: it is no path; a relative path is under TASK"),
        ("/" + "x" * 300 + ".json", "be the path of a file that can be read: File name too long"),
        ("/var/task/x.yaml", "be JSON that begins with {, or the path of a .json or .toml file"),
        ("preheat", "be JSON that begins with {, or the path of a .json or .toml file"),
        ("/var/task/.json", "be JSON that begins with {, or the path of a .json or .toml file"),
    ],
)
def test_what_leads_to_no_file_is_shown(tmp_path, monkeypatch, held, expected):
    monkeypatch.setattr(file, "TASK_ROOT", str(tmp_path))
    text = refusal(held)
    assert text.startswith(f"PREHEAT_CONFIG must {expected.replace('TASK', str(tmp_path))}, got ")
    assert held[:8].replace("\0", r"\x00") in text


def test_a_directory_and_a_device_are_no_files(tmp_path):
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "device.json").symlink_to("/dev/zero")
    for name in ("folder.json", "device.json"):
        assert "must be the path of a file, and this is a directory or a device, got" in refusal(str(tmp_path / name))


def test_a_named_pipe_does_not_hold_init(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    assert "and this is a directory or a device" in refusal(str(tmp_path / "pipe.json"))


def test_a_file_that_may_not_be_read(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    (tmp_path / "x.json").chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may read everything
    try:
        text = refusal(str(tmp_path / "x.json"))
    finally:
        os.seteuid(user)
    assert "must be the path of a file that can be read: Permission denied, got" in text


def test_a_link_in_a_circle(tmp_path):
    (tmp_path / "x.json").symlink_to("x.json")
    assert "Too many levels of symbolic links" in refusal(str(tmp_path / "x.json"))


def test_a_file_is_bounded(stored):
    most = b'{"ttl": 5}'.ljust(file.LARGEST)
    assert stored(most + b" ").startswith(f"PREHEAT_CONFIG must be a file of at most {file.LARGEST} bytes, got ")
    Path("x.json").write_bytes(most)
    assert Settings.from_environ({"PREHEAT_CONFIG": str(Path("x.json").resolve())}).ttl["s3"] == 5


@pytest.mark.parametrize(("data", "byte"), [(b"\xff\xfe{\x00}\x00", 0), (b'{"token": "hunter2\xe9"}', 18)])
def test_a_file_is_utf8(stored, data, byte):
    assert stored(data) == f'PREHEAT_CONFIG must be a file of UTF-8, which byte {byte} is not, got "PATH"'


# The document


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('{"token": "hunter2"', 1, 20),
        ('{\n  "token": "hunter2"\n  "ttl": 5\n}', 3, 3),
        ('{"token": hunter2}', 1, 11),
        ("{'token': 'hunter2'}", 1, 2),
        ('{"token": "hunter2\n"}', 1, 19),
        ('{"token": "\\hunter2"}', 1, 12),
        ('{"token": "hunter2"} // hunter2', 1, 22),
        ('{"token": "hunter2"}\n\n{}', 3, 1),
        ('{"ttl": 05}', 1, 10),
        ('{"ttl": +5}', 1, 9),
        ('{"ttl": .5}', 1, 9),
    ],
)
def test_malformed_json_is_refused_with_its_place(stored, text, line, column):
    problem = f"must be JSON; it is not at line {line}, column {column}"
    assert inline(text) == f"PREHEAT_CONFIG (inline) {problem}"
    assert stored(text) == f"PATH (PREHEAT_CONFIG) {problem}"


def test_a_comma_too_many(stored):
    """Python 3.13 says where the comma is, older ones where the next key should be."""
    assert inline('{"ttl": 5,}') in [
        f"PREHEAT_CONFIG (inline) must be JSON; it is not at line 1, column {column}" for column in (10, 11)
    ]


@pytest.mark.parametrize("text", ["", " ", "\n", "\x00", "nope", "#"])
def test_a_file_with_anything_else_is_not_json(stored, text):
    assert stored(text).startswith("PATH (PREHEAT_CONFIG) must be JSON; it is not at line ")


@pytest.mark.parametrize("text", ["[]", '"x"', "5", "null", "true", '["prod/db"]'])
def test_a_document_is_an_object(stored, text):
    assert stored(text) == "PATH (PREHEAT_CONFIG) must hold one object of lists and settings"


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_python_alone_takes_for_json_is_refused(word):
    text = inline(f'{{"ttl": {word}}}')
    assert text == "PREHEAT_CONFIG (inline) must be JSON, which has no NaN and no Infinity"


@pytest.mark.parametrize(
    "text",
    ['{"ttl": 5, "ttl": 6}', '{"secrets": [{"ref": "a", "ttl": 5, "ttl": 5}]}', r'{"ttl": 5, "\u0074tl": 6}'],
)
def test_a_key_twice_is_refused(stored, text):
    assert stored(text) == 'PATH (PREHEAT_CONFIG) must have each key once, got "ttl"'
    assert inline(text) == "PREHEAT_CONFIG (inline) must have each key once (what it holds is not shown)"


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("closed", [True, False])
def test_nesting_without_end_is_refused(stored, opening, closed):
    closing = "".join({"[": "]", "{": "}"}[character] for character in reversed(opening) if character in "[{")
    text = '{"secrets": ' + opening * 100_000 + "1" + (closing * 100_000 + "}" if closed else "")
    assert stored(text) == "PATH (PREHEAT_CONFIG) must not be nested so deeply"


def test_a_number_of_a_million_digits_is_a_number_out_of_bounds(stored):
    assert stored('{"ttl": ' + "9" * 900_000 + "}").startswith("ttl in PATH must be a duration from 0 to 7d ")


def test_the_places_are_told_where_json_is_not_loaded(tmp_path):
    """In the sidecar it is not; the scanner of 3.10 and 3.11 then fails without a word."""
    program = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}]\n"
        "from extension.settings import Settings\n"
        "try: Settings.from_environ({'PREHEAT_CONFIG': '{\"ttl\": 5 6}'})\n"
        "except Exception as error: print(error)"
    )
    result = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, timeout=30)
    assert result.stderr == ""
    assert result.stdout == "PREHEAT_CONFIG (inline) must be JSON; it is not at line 1, column 11\n"


# TOML


@TOML
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('ttl = 5\ntoken = "hunter2', "must be TOML; it is not at end of document"),
        ('token = "hunter2" hunter2', "must be TOML; it is not at line 1, column 19"),
        ('hunter2 = 1\n[hunter2]\nhunter2 = "x"', "must be TOML; it is not at line 2, column 9"),
        ("ttl = 5\nttl = 6", "must be TOML; it is not at end of document"),
        ("ttl = " + "9" * 5000, "must be TOML"),
        ("secrets = " + "[" * 50_000, "must not be nested so deeply"),
        ('{"ttl": 5}', "must be TOML; it is not at line 1, column 1"),
    ],
)
def test_malformed_toml_is_refused_with_its_place_and_without_its_keys(stored, text, problem):
    assert stored(text, "x.toml") == f"PATH (PREHEAT_CONFIG) {problem}"


@TOML
@pytest.mark.parametrize("value", ["2026-11-23", "2026-11-23T10:00:00Z", "10:00:00", "[5]", "{a = 5}"])
def test_what_toml_has_besides_is_no_setting(stored, value):
    assert stored(f"ttl = {value}", "x.toml") == "ttl in PATH must be a text, a number or a boolean"


@TOML
@pytest.mark.parametrize("value", ["inf", "-nan", "1e3", "0x" + "f" * 5000, "-5"])
def test_a_number_of_tomls_is_read_like_any_text(stored, value):
    assert stored(f"cache_items = {value}", "x.toml").startswith(
        "cache_items in PATH must be a whole number from 1 to 100000, got "
    )


def test_toml_where_python_has_none_is_sent_to_json(stored, monkeypatch):
    monkeypatch.setitem(sys.modules, "tomllib", None)
    assert stored("ttl = 5", "x.toml") == "PATH (PREHEAT_CONFIG) must be JSON, as TOML takes Python 3.11 or newer"
