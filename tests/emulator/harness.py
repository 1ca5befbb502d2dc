"""One execution environment under AWS's Runtime Interface Emulator: layer, function and the AWS stand-in, all inside.

    with Namespace(folder) as namespace, Aws(namespace, data) as aws:
        with Environment(namespace, opt=layer, task=function, environ=aws.environ) as environment:
            answer = environment.invoke({"n": 1})

The emulator differs from Lambda: INIT happens at the first invocation, the Init Duration in REPORT means nothing
(`init_ms` is right), and whatever is in its own environment reaches the extensions.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.emulator.binary import emulator
from tests.emulator.namespace import ROOT, Namespace, Response

INVOKE_PORT, API_PORT, SIDECAR_PORT = 8080, 9001, 2773
_INVOKE_PATH = "/2015-03-31/functions/function/invocations"
_LIMIT = 30.0  # seconds; never waited for but where something hangs
_PYTHON = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")


class Aws:
    """The stand-in for AWS, a process inside. ``environ`` is what the function's environment needs to reach it."""

    def __init__(self, namespace: Namespace, data: dict[str, Any], *, latency_ms: float = 0.0) -> None:
        self._namespace = namespace
        folder = Path(tempfile.mkdtemp(prefix="aws-", dir=namespace.folder))
        folder.chmod(0o755)  # on Managed Instances another user reads the certificate
        (folder / "data.json").write_text(json.dumps(data))
        command = [sys.executable, "-m", "tests.fakes.aws", "--tls", str(folder), "--data", str(folder / "data.json")]
        command += ["--latency-ms", str(latency_ms)]
        self.log = folder / "log"
        self.pid, ready = namespace.spawn(command, environ=plain_environ(), folder=ROOT, log=self.log, ready=_LIMIT)
        told = json.loads(ready)
        self.environ: dict[str, str] = told["environ"]
        self.environ["AWS_DEFAULT_REGION"] = self.environ["AWS_REGION"]  # Lambda sets both
        self._port: int = told["control_port"]

    def __enter__(self) -> Aws:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._namespace.ended:
            return
        self._namespace.call("signal", pid=self.pid, number=signal.SIGTERM)
        status = self._namespace.call("wait", pid=self.pid, timeout=_LIMIT)
        self._namespace.call("end", pids=[self.pid])
        assert status == 0, self.log.read_text()  # a fault of the stand-in itself

    def control(self, method: str, path: str, document: dict[str, Any] | None = None) -> dict[str, Any]:
        """See tests.fakes.aws.control.Control."""
        body = json.dumps(document) if document is not None else ""
        response = self._namespace.request(method, self._port, path, body=body)
        assert response.status == 200, response
        answer: dict[str, Any] = response.json()
        return answer

    def calls(self) -> list[dict[str, Any]]:
        """All requests so far."""
        calls: list[dict[str, Any]] = self.control("GET", "/calls")["calls"]
        return calls


class Environment:
    """An execution environment: runs from its first invocation to ``terminate``. Use as a context manager.

    ``opt``: what the layers laid on /opt; ``task``: the function's folder, with app.py; ``timeout``: the function's, in
    whole seconds; ``log_level``: the emulator's ("debug" shows the heads of API requests). ``orphans``: the processes
    that survived it. ``concurrency``: as on Managed Instances, with so many invocations at once and an INIT that waits
    for none; the emulator runs everything as another user then, who need not be able to come to where Python is.
    """

    def __init__(
        self,
        namespace: Namespace,
        *,
        opt: Path,
        task: Path,
        environ: dict[str, str],
        timeout: int = 30,
        python: Path = _PYTHON,
        log_level: str = "info",
        concurrency: int = 0,
    ) -> None:
        self._namespace = namespace
        self.folder = Path(tempfile.mkdtemp(prefix="environment-", dir=namespace.folder))
        self.tmp = self.folder / "tmp"
        self.tmp.mkdir()
        self.tmp.chmod(0o1777)
        self.environ = _function_environ(timeout) | environ
        self._managed = concurrency > 0
        if self._managed:
            self.environ["AWS_LAMBDA_MAX_CONCURRENCY"] = str(concurrency)
            self.environ["LD_LIBRARY_PATH"] = "/var/lang/lib"  # as on Lambda
            self.environ["PYTHONPATH"] += ":/var/runtime/packages"
        self.orphans: list[str] = []
        self._opt = opt
        self._task = task
        self._python = python
        self._timeout = timeout
        self._log_level = log_level
        self._log = self.folder / "log"
        self._covered: list[str] = []
        self.pid = 0
        self._status: int | None = None

    # -- from beginning to end --

    def __enter__(self) -> Environment:
        try:
            self._start()
        except BaseException:
            self._clear()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._status is None and kind is None:
                self.terminate()
        finally:
            self._clear()

    def _start(self) -> None:
        for folder in (self.folder / "var" / "lang" / "bin", self.folder / "var" / "task"):
            folder.mkdir(parents=True)
        (self.folder / "var" / "lang" / "bin" / "python3").symlink_to(self._python)
        packages, bootstrap = (
            self.folder / "var" / "runtime" / "packages",
            self.folder / "var" / "runtime" / "bootstrap",
        )
        packages.mkdir(parents=True)
        bootstrap.write_text("#!/bin/sh\nexec /var/lang/bin/python3 -m awslambdaric app.handler\n")
        bootstrap.chmod(0o755)
        self._cover("/opt", self._opt, read_only=True)
        self._cover("/var", self.folder / "var")
        if self._managed:
            self._cover("/var/lang", Path(sys.base_prefix), read_only=True)
            self._cover("/var/runtime/packages", Path(sysconfig.get_path("purelib")), read_only=True)
        self._cover("/var/task", self._task, read_only=True)
        self._cover("/tmp", self.tmp)
        self.pid, _ = self._namespace.spawn(
            [
                *(emulator(), "--log-level", self._log_level),
                *("--runtime-interface-emulator-address", f"127.0.0.1:{INVOKE_PORT}"),
                *("--runtime-api-address", f"127.0.0.1:{API_PORT}"),
                *(sys.executable, "-m", "awslambdaric", "app.handler"),
            ],
            environ=self.environ,
            folder="/var/task",
            log=self._log,
        )
        self._namespace.call("wait_port", limit=_LIMIT, pid=self.pid, port=INVOKE_PORT, timeout=_LIMIT)

    def _cover(self, target: str, source: Path, *, read_only: bool = False) -> None:
        self._namespace.cover(target, source, read_only=read_only)
        self._covered.append(target)

    def _clear(self) -> None:
        if self._namespace.ended:
            return  # and so has everything in it
        if self.pid:
            self.orphans = self._namespace.call("end", pids=[self.pid])
            self.pid = 0
        while self._covered:
            self._namespace.uncover(self._covered.pop())

    def terminate(self, number: int = signal.SIGTERM) -> int:
        """Let Lambda end the environment; the emulator's exit status, negative for a signal."""
        self._namespace.call("signal", pid=self.pid, number=number)
        self._status = self._namespace.call("wait", limit=_LIMIT, pid=self.pid, timeout=_LIMIT)
        return self._status

    # -- while it runs --

    def invoke(self, event: Any = None) -> Response:
        """One invocation; they have to come one at a time. Whatever the function does, its status is 200 or 502."""
        (response,) = self.invoke_together([event])
        return response

    def invoke_together(self, events: Sequence[Any]) -> list[Response]:
        """Several invocations at once, as on Managed Instances."""
        bodies = [json.dumps(event or {}) for event in events]
        return self._namespace.requests("POST", INVOKE_PORT, _INVOKE_PATH, bodies, timeout=self._timeout + _LIMIT)

    def get(self, path: str, **headers: str) -> Response:
        """Ask the sidecar, as the function would; ``headers`` with ``_`` for ``-``."""
        token = {"X-Aws-Parameters-Secrets-Token": self.environ["AWS_SESSION_TOKEN"]}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._namespace.request("GET", SIDECAR_PORT, path, headers=token | named)

    # -- what it says --

    @property
    def log(self) -> str:
        """Everything: the emulator's lines, the function's and the extensions'."""
        return self._log.read_text(errors="replace")

    @property
    def sidecar(self) -> list[dict[str, Any]]:
        """Preheat's lines."""
        lines = [json.loads(line) for line in self.log.splitlines() if line.startswith('{"time":')]
        return [line for line in lines if line.get("logger") == "preheat"]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Preheat's lines of that event."""
        return [line for line in self.sidecar if line["event"] == name]

    @property
    def init_ms(self) -> list[float]:
        """How long each INIT took, from the first extension's start until all have asked for ``next``."""
        return [float(text) for text in re.findall(r"INIT REPORT\(durationMs: ([\d.]+)\)", self.log)]


def plain_environ() -> dict[str, str]:
    """What a program of ours needs of this process's environment, and nothing that would make it do other things."""
    names = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH")
    return {name: os.environ[name] for name in names if name in os.environ}


def _function_environ(timeout: int) -> dict[str, str]:
    """As in Lambda's image for Python, which also puts the function's folder and /opt/python on the path."""
    return plain_environ() | {
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": "/var/task:/opt/python",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",  # makes the runtime react to SIGTERM; it is compared, not parsed
        "AWS_LAMBDA_FUNCTION_NAME": "test_function",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
    }
