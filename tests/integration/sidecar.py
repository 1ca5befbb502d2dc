"""The sidecar as a real process, started by its own launcher from a folder laid out like /opt, seen from outside."""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.fakes.processes import freeze, thaw
from tests.integration.http_client import Answer, Closed, HttpClient

ROOT = Path(__file__).resolve().parents[2]
TOKEN_HEADER = "X-Aws-Parameters-Secrets-Token"
# What a fault of the sidecar's own is logged as: no test may end with one.
FAULTS = (
    "api.fault",
    "fetch.fault",
    "init.degraded",
    "lifecycle.degraded",
    "prefetch.fault",
    "read.fault",
    "refresh.fault",
    "server.fault",
    "store.fault",
)


def lay_out(opt: Path) -> Path:
    """Fill `opt` with what `build.sh` packs of this checkout; `bin/python3` is the Python that runs the tests."""
    (opt / "bin").mkdir(parents=True)
    built = subprocess.run([ROOT / "build.sh", "--output", opt / "layer.zip"], capture_output=True, text=True)
    assert 0 == built.returncode, built.stderr
    shutil.unpack_archive(opt / "layer.zip", opt)
    (opt / "extensions" / "preheat").chmod(0o755)
    (opt / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
    return opt


class Sidecar:
    """One process. Use as a context manager: it always ends, and what it printed is shown if the test fails.

    What it wrote must be log lines, one JSON object each, none of them a fault of its own; standard error stays empty.
    """

    def __init__(
        self, command: Sequence[str | Path], environ: Mapping[str, str], folder: Path, cwd: Path | None = None
    ) -> None:
        self.environ = dict(environ)
        self.folder = folder
        self.cpu_seconds = 0.0  # known once it has ended
        self.may_fault = False  # True: a fault of its own is what the test is about
        self._client: HttpClient | None = None
        (folder / "tmp").mkdir(parents=True)
        (folder / "cwd").mkdir()
        with (folder / "stdout").open("wb") as stdout, (folder / "stderr").open("wb") as stderr:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                env=self.environ,
                stdout=stdout,
                stderr=stderr,
                cwd=cwd or folder / "cwd",
            )
        self._pidfd = os.pidfd_open(self.process.pid)

    @classmethod
    def start(
        cls,
        api: FakeLambdaApi,
        aws: FakeAws | None,
        *,
        opt: Path,
        folder: Path,
        environ: Mapping[str, str | None] | None = None,
        command: Sequence[str | Path] = (),
        cwd: Path | None = None,
        **settings: str | Sequence[str] | None,
    ) -> Sidecar:
        """Start the launcher of `opt` with an environment of its own.

        `settings`: ttl="1s" is PREHEAT_TTL; a list is joined by commas. `environ`: further variables; None: not set.
        """
        variables: dict[str, str | None] = {
            "PATH": str(opt / "bin"),
            "LANG": "en_US.UTF-8",
            "TMPDIR": str(folder / "tmp"),
            **api.environ,
            **(aws.environ if aws is not None else {}),
            "PREHEAT_PORT": str(free_port()),
            **(environ or {}),
        }
        for name, value in settings.items():
            variables["PREHEAT_" + name.upper()] = value if value is None or isinstance(value, str) else ",".join(value)
        given = {name: value for name, value in variables.items() if value is not None}
        return cls(command or [opt / "extensions" / "preheat"], given, folder, cwd)

    @property
    def port(self) -> int:
        names = ("PREHEAT_PORT", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT")
        return next((int(self.environ[name]) for name in names if self.environ.get(name)), 2773)

    # -- its HTTP API --

    def connect(self, headers: Mapping[str, str | None] | None = None, *, host: str = "127.0.0.1") -> HttpClient:
        """A new connection that shows the function's session token; `headers` change or add to that."""
        token = self.environ.get("AWS_SESSION_TOKEN") or self.environ.get("PREHEAT_TOKEN")
        return HttpClient(self.port, {TOKEN_HEADER: token, **(headers or {})}, host=host)

    def request(
        self, method: str, target: str, headers: Mapping[str, str | None] | None = None, body: bytes = b""
    ) -> Answer:
        """Ask over the one connection that is kept for this; a new one where the sidecar has closed it."""
        if self._client is None:
            self._client = self.connect()
        try:
            answer = self._client.request(method, target, headers, body)
        except (Closed, OSError):
            self._client.close()
            self._client = None
            raise
        if "close" == answer.header("connection"):
            self._client.close()
            self._client = None
        return answer

    def get(self, target: str, headers: Mapping[str, str | None] | None = None) -> Answer:
        return self.request("GET", target, headers)

    # -- its output --

    @property
    def output(self) -> str:
        return (self.folder / "stdout").read_text("utf-8")

    @property
    def log(self) -> list[dict[str, Any]]:
        """Its log lines so far."""
        return [json.loads(line) for line in self.output.splitlines()]

    def events(self, event: str) -> list[dict[str, Any]]:
        """The log lines of one kind."""
        return [line for line in self.log if line["event"] == event]

    # -- its process --

    @property
    def threads(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("Threads:"))

    @property
    def open_files(self) -> list[str]:
        """What its descriptors stand for, as proc(5) names it; one that is closed meanwhile is left out."""
        folder = Path(f"/proc/{self.process.pid}/fd")
        names = []
        for number in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                names.append(os.readlink(folder / number))
        return names

    def freeze(self) -> None:
        freeze(self.process.pid)

    def thaw(self) -> None:
        thaw(self.process.pid)

    def wait_exit(self, timeout: float = 10.0) -> int:
        """Its exit status (a signal's number, negative), once it has ended; `cpu_seconds` is what it used."""
        if self.process.returncode is None:
            poller = select.poll()
            poller.register(self._pidfd, select.POLLIN)
            assert poller.poll(timeout * 1000), f"still running after {timeout:g} s"
            _, status, usage = os.wait4(self.process.pid, 0)
            self.process.returncode = os.waitstatus_to_exitcode(status)
            self.cpu_seconds = usage.ru_utime + usage.ru_stime
        return self.process.returncode

    def __enter__(self) -> Sidecar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(check=error is None)

    def close(self, *, check: bool = True) -> None:
        """End the process if it has not ended; then, if `check`, look at what it wrote."""
        if self._client is not None:
            self._client.close()
        if self.process.returncode is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.wait_exit()
        os.close(self._pidfd)
        complaints = (self.folder / "stderr").read_text("utf-8", "replace")
        # pytest shows it where a test fails.
        print(f"--- sidecar, exit status {self.process.returncode} ---\n{self.output}--- stderr ---\n{complaints}---")
        if check:
            assert "" == complaints
            assert self.may_fault or [] == [line for line in self.log if line["event"] in FAULTS]


def free_port() -> int:
    """A port that nothing uses; below those that the kernel gives to outgoing connections, so that it stays free."""
    while True:
        port = random.randrange(10240, 32768)
        try:
            for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
                with socket.socket(family) as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind((host, port))
        except OSError:
            continue
        return port
