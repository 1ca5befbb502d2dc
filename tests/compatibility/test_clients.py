"""The ways in which published samples and clients read AWS's extension, each in its language, against a running
Preheat. Where the machine does not have the language its test is skipped, and says so."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.compatibility.account import PARAMETER, SECRET
from tests.integration.world import World

CLIENTS = Path(__file__).with_name("clients")
BINARY = base64.b64encode(b"an insecure binary \x00\xff").decode()
EXPECTED = {
    "secret": "an-insecure-string-secret-value",
    "parameter": "my-secure-string-value",
    "binary": BINARY,
    "missing": "400 an unexpected error occurred while executing request",
    "refused": "401 bad session token or header key",
}
AGENT = {"agent": "an-insecure-string-secret-value 1668586960.499"}
# Compiling the library of a language for the first time takes longer than a test may.
COMPILED = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def world(make_world) -> World:
    return make_world(secrets=[SECRET], parameters=[PARAMETER])


@pytest.fixture
def run(world, tmp_path) -> Callable[[Sequence[str | Path]], dict[str, str]]:
    """run(command): what a client says that it read, by name. It sees what a function sees of the environment."""

    def start(command: Sequence[str | Path]) -> dict[str, str]:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_SESSION_TOKEN": world.sidecar.environ["AWS_SESSION_TOKEN"],
            "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": str(world.sidecar.port),
        }
        done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=50)
        assert 0 == done.returncode, done.stderr
        pairs = [line.partition("=") for line in done.stdout.splitlines()]
        return {name: value for name, _, value in pairs}

    return start


def language(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed here")
    return found


@pytest.mark.parametrize("client", ["with_requests.py", "with_urllib.py"])
def test_python(run, client):
    assert EXPECTED == run([sys.executable, "-B", CLIENTS / client])


@pytest.mark.parametrize("client", ["with_fetch.mjs", "with_http.cjs"])
def test_node(run, client):
    node = language("node")
    version = subprocess.run([node, "-p", "typeof fetch"], capture_output=True, text=True).stdout
    if client == "with_fetch.mjs" and "function" != version.strip():
        pytest.skip("this Node.js has no fetch")
    assert EXPECTED == run([node, CLIENTS / client])


def test_java(run):
    assert EXPECTED == run([language("java"), "-XX:TieredStopAtLevel=1", CLIENTS / "WithStringSearch.java"])


@COMPILED
def test_go(run, tmp_path):
    """Built without a module and without a network; the library's build is kept in Go's own cache."""
    program = tmp_path / "typed"
    environ = os.environ | {"GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": "", "GO111MODULE": "auto"}
    command = [language("go"), "build", "-o", program, CLIENTS / "typed.go"]
    built = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, timeout=250)
    assert 0 == built.returncode, built.stderr
    assert EXPECTED | AGENT | {"binary": '"an insecure binary \\x00\\xff"'} == run([program])


@COMPILED
def test_rust(run, tmp_path):
    program = tmp_path / "typed"
    command = [language("rustc"), "--edition", "2021", "-D", "warnings", "-o", program, CLIENTS / "typed.rs"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=250)
    assert 0 == built.returncode, built.stderr
    assert EXPECTED | AGENT == run([program])
