"""The kept inputs, and a few seconds of looking for new ones; `make fuzz` looks for longer."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import corpus
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
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


def test_an_input_is_kept_where_it_reaches_something_new(tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "_FOLDER", tmp_path)
    plain, cut = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET"
    assert 2 == corpus.write("requests", [plain, cut, plain[:5] + b"x" + plain[5:], b"PUT"])
    assert [cut, plain] == corpus.read("requests")
