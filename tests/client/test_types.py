"""The types that a user's own check sees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.integration.sidecar import ROOT

SAMPLE = Path(__file__).parent / "sample" / "handler.py"


def test_a_users_function_is_checked_against_the_clients_types(tmp_path):
    """As a user has it: the package on the path, its own settings, strict. Unused ignores are errors, so each of the
    sample's wrong lines is really found to be wrong."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file=", "--python-version=3.10"),
            *("--cache-dir", str(ROOT / ".cache" / "mypy-sample"), str(SAMPLE)),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"MYPYPATH": str(ROOT / "layer" / "python"), "PATH": ""},
        timeout=55,
    )

    assert ("", 0) == (done.stderr, done.returncode), done.stdout


def test_the_package_says_that_it_is_typed():
    assert (ROOT / "layer" / "python" / "preheat" / "py.typed").read_bytes() == b""
