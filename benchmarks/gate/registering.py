"""From the launcher's start to ``register``, where Lambda lets the runtime start, and to ``next``, where INIT ends.

Measured outside the emulator, whose log has milliseconds only: the stand-in for the Extensions API notes when a request
came. The reference is a bare interpreter that does no more than register and ask for ``next``.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks import variants
from benchmarks.figures import Figure
from benchmarks.gate import workload
from benchmarks.quiet import Quiet
from benchmarks.variants import CONVENTIONAL, PREHEAT
from tests.emulator.harness import plain_environ
from tests.emulator.namespace import ROOT
from tests.fakes.lambda_api import FakeLambdaApi, Timeout

BARE = "bare interpreter"
REGISTERED, READY = "exec to registered", "exec to ready"
_PYTHON = Path(sys.base_prefix, "bin", "python3")


def measure(folder: Path, layouts: dict[str, Path], pairs: int, quiet: Quiet) -> dict[str, dict[str, Figure]]:
    """What -> variant -> figure, variant after variant in turn; one round that does not count comes first."""
    commands: dict[str, list[str | Path]] = {
        BARE: [_PYTHON, "-I", "-S", "-B", variants.HERE / "bare.py"],
        PREHEAT: [variants.launcher(layouts[PREHEAT])],
        CONVENTIONAL: [variants.launcher(layouts[CONVENTIONAL])],
    }
    show_python(folder)
    found: dict[str, dict[str, list[float]]] = {REGISTERED: {}, READY: {}}
    aws, told = start_aws(folder)
    quiet.is_ours(aws.pid)
    try:
        for number in range(pairs + 1):
            names = list(commands)
            for name in names[number % 3 :] + names[: number % 3]:
                registered, ready = quiet.measure(partial(_start, commands[name], name, folder, told))
                if number:
                    found[REGISTERED].setdefault(name, []).append(registered * 1e3)
                    found[READY].setdefault(name, []).append(ready * 1e3)
    finally:
        aws.terminate()
        aws.communicate()
    del found[READY][BARE]  # it has nothing to get ready
    return {what: {name: Figure(values, "ms") for name, values in of.items()} for what, of in found.items()}


def _start(command: list[str | Path], name: str, folder: Path, aws: dict[str, str]) -> tuple[float, float]:
    """Seconds until it registered, and until it asked for ``next``."""
    with FakeLambdaApi(extensions=("preheat", "conventional", "bare")) as api, open(folder / "log", "wb") as log:
        environ = environ_for(folder, aws | api.environ)
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environ)
        try:
            (register,) = api.wait_calls("register", 1)
            (ready,) = api.wait_calls("next", 1)
        except Timeout as error:
            raise RuntimeError(f"{name}: {error}\n{(folder / 'log').read_text()}") from None
        finally:
            process.kill()
            process.wait()
    return register.monotonic - started, ready.monotonic - started


def environ_for(folder: Path, told: dict[str, str]) -> dict[str, str]:
    """What a launcher gets: ``told`` by the stand-ins, and what any needs."""
    environ = plain_environ() | workload.LISTS | told
    environ["PATH"] = f"{folder}{os.pathsep}{environ['PATH']}"
    environ["PYTHON"] = str(_PYTHON)
    environ["AWS_DEFAULT_REGION"] = environ["AWS_REGION"]  # Lambda sets both
    environ["PREHEAT_PORT"] = str(_free_port())
    environ["TMPDIR"] = tempfile.mkdtemp(dir=folder)  # what a sidecar leaves for the next one is not for ours
    return environ


def show_python(folder: Path) -> None:
    """Let launchers find the interpreter in ``folder``: /var/lang is Lambda's."""
    (folder / "python3").symlink_to(_PYTHON)


def start_aws(folder: Path) -> tuple[subprocess.Popen[bytes], dict[str, str]]:
    """The stand-in for AWS, and how to reach it."""
    data = folder / "data.json"
    data.write_text(json.dumps(workload.DATA))
    command: list[str | Path] = [sys.executable, "-m", "tests.fakes.aws", "--tls", folder, "--data", data]
    command += ["--latency-ms", str(workload.LATENCY_MS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=plain_environ())
    assert process.stdout
    environ: dict[str, str] = json.loads(process.stdout.readline())["environ"]
    return process, environ


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
