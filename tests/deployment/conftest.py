"""What is deployed, and the tools that look at it. A tool that is not here skips its tests, with the reason."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def layer_zip(tmp_path_factory):
    """What ``build.sh`` packs from this checkout."""
    path = tmp_path_factory.mktemp("layer") / "layer.zip"
    command = [ROOT / "build.sh", "--output", path, "--pythons", sys.executable]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    return path


@pytest.fixture(scope="session")
def opt(layer_zip, tmp_path_factory):
    """The layer as Lambda lays it on /opt."""
    folder = tmp_path_factory.mktemp("deployment") / "opt"
    with zipfile.ZipFile(layer_zip) as archive:
        archive.extractall(folder)
        for entry in archive.infolist():
            (folder / entry.filename).chmod(entry.external_attr >> 16)
    return folder


@pytest.fixture(scope="session")
def path(tmp_path_factory):
    """A PATH on which the launcher finds the Python that runs the tests."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "python3").symlink_to(Path(sys.executable).resolve())
    return str(folder)


@pytest.fixture(scope="session")
def sam(tmp_path_factory):
    """Runs AWS SAM; its standard output and error in one."""
    program = ROOT / ".cache" / "sam" / "bin" / "sam"
    if not program.exists():
        pytest.skip("no AWS SAM here: `make sam` installs it")

    own = {
        # The template's Python has to be found on PATH: here the one that runs the tests.
        "PATH": f"{Path(sys.base_prefix, 'bin')}:{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
        "AWS_DEFAULT_REGION": "us-east-1",
        "__SAM_CLI_APP_DIR": str(tmp_path_factory.mktemp("sam-cli")),  # else in the home folder
    }

    def run(*arguments: str | Path, cwd: Path) -> str:
        environ = os.environ | own
        output = subprocess.STDOUT
        done = subprocess.run(
            [program, *arguments], cwd=cwd, env=environ, stdout=subprocess.PIPE, stderr=output, text=True
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run
