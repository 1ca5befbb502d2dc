"""The kept inputs, and a few seconds of looking for new ones; `make fuzz` looks for longer."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

from tests.fuzz import corpus
from tests.fuzz.targets import LONGEST, TARGETS

ROOT = Path(__file__).parents[2]
set_hypothesis_home_dir(ROOT / ".cache" / "hypothesis")
SECONDS = 3


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_found_once_is_found_no_more(target):
    inputs = corpus.read(target)
    assert len(inputs) > 20
    for data in inputs:
        TARGETS[target](data)


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris has no wheel for this platform")
@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_found_in_a_few_seconds(target, tmp_path):
    command = [sys.executable, "-m", "tests.fuzz", target, tmp_path, f"-max_total_time={SECONDS}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert 0 == done.returncode, said[-4000:]
    (runs,) = re.findall(r"^Done (\d+) runs", said, re.MULTILINE)
    assert int(runs) > len(corpus.read(target))


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_is_found_among_pieces_of_what_was_kept(target):
    kept = corpus.read(target)
    pieces = sorted({piece for data in kept for piece in (data, *data.split(b"\r\n"), *data.split(b"/")) if piece})
    glue = st.sampled_from([b"", b"\r\n", b"\r\n\r\n", b"/", b",", b"&"])
    parts = st.lists(st.one_of(st.sampled_from(pieces), st.binary(max_size=8), glue), max_size=12)

    @settings(max_examples=200, deadline=None, database=None, derandomize=True)
    @given(parts.map(b"".join))
    def run(data):
        TARGETS[target](data[:LONGEST])

    run()


def test_an_input_is_kept_where_it_reaches_something_new(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "_FOLDER", tmp_path)
    plain, cut = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET"
    assert 2 == corpus.write("requests", [plain, cut, plain[:5] + b"x" + plain[5:], b"PUT"])
    assert [cut, plain] == corpus.read("requests")
