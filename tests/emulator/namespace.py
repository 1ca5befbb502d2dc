"""A mount and network namespace of our own: nothing on the machine is touched, ports 8080, 9001 and 2773 are free.

Needs Linux and ``unshare``, as root or where ordinary users may make user namespaces.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_MARGIN = 20.0  # seconds beyond what a request may take itself, on a machine that is busy
# What programs in the namespace need to find, wherever on the machine it is.
_NEEDED = (ROOT, Path(sys.prefix), Path(sys.base_prefix))


class NamespaceError(Exception):
    """The namespace cannot be had, or something in it did not go as asked."""


class Response:
    """An HTTP answer from inside."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body

    def json(self) -> Any:
        return json.loads(self.body)

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.body[:200]!r}>"


class Namespace:
    """Use as a context manager. ``folder``, an empty one, stays reachable from inside under its own path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._keep = sorted({str(path.resolve()) for path in (*_NEEDED, self.folder)})
        self._process = self._enter()
        self.pid = self._process.pid

    def __enter__(self) -> Namespace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End everything in it."""
        _close(self._process)

    def _enter(self) -> subprocess.Popen[bytes]:
        if sys.platform != "linux":
            raise NamespaceError("namespaces are Linux's")
        if shutil.which("unshare") is None:
            raise NamespaceError("there is no unshare (util-linux)")
        problems = []
        # Root in a container may lack what it takes, and have it in a user namespace.
        for options in ("-mn", "-Urmn") if os.geteuid() == 0 else ("-Urmn",):
            process = subprocess.Popen(
                ["unshare", options, "--propagation", "private", sys.executable, "-m", "tests.emulator.inside"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=ROOT,
            )
            try:
                self._process = process
                # To be let in is not yet to be allowed to mount.
                with tempfile.TemporaryDirectory(dir=self.folder) as probe:
                    for target in ("/opt", "/tmp", "/var"):
                        self.cover(target, Path(probe), read_only=True)
                        self.uncover(target)
            except NamespaceError as error:
                _close(process)
                problems.append(f"unshare {options}: {error}")
            else:
                return process
        raise NamespaceError("; ".join(problems))

    @property
    def ended(self) -> bool:
        """Nothing runs in it any more."""
        return self._process.returncode is not None

    def call(self, name: str, *, limit: float = 0.0, **arguments: Any) -> Any:
        """Ask for one of Inside's methods; ``limit``: seconds that it may take by itself."""
        if self.ended:
            raise NamespaceError("it has ended")
        try:
            line = self._exchange(json.dumps([name, arguments]), limit + _MARGIN)
        except BaseException:  # a test's timeout, for one: a late answer would be taken for the next one's
            self.close()
            raise
        answer = json.loads(line)
        if "error" in answer:
            raise NamespaceError(answer["error"])
        return answer["result"]

    def _exchange(self, question: str, limit: float) -> bytes:
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        line = b""
        try:
            self._process.stdin.write(question.encode() + b"\n")
            self._process.stdin.flush()
            if not select.select([self._process.stdout], [], [], limit)[0]:
                raise NamespaceError(f"no answer after {limit:.0f} s to {question[:200]}")
            line = self._process.stdout.readline()
        except BrokenPipeError:
            pass  # it has said why
        if not line:
            said = self._process.stderr.read().decode(errors="replace").strip()
            raise NamespaceError(said.rpartition("\n")[2] or "it has ended")
        return line

    def cover(self, target: str, source: Path, *, read_only: bool = False) -> None:
        """Lay a folder over another one; what programs need to find stays."""
        self.call("cover", target=target, source=str(source), keep=self._keep, read_only=read_only)

    def uncover(self, target: str) -> None:
        self.call("uncover", target=target)

    def spawn(
        self,
        command: Sequence[str | Path],
        *,
        environ: dict[str, str],
        folder: Path | str,
        log: Path,
        ready: float = 0.0,
    ) -> tuple[int, str]:
        """Start a program; its process id, and the line it says when ready, within ``ready`` seconds (0: none)."""
        started = self.call(
            "spawn",
            limit=ready,
            command=[str(part) for part in command],
            environ=environ,
            folder=str(folder),
            log=str(log),
            ready=ready or None,
        )
        return started["pid"], started["ready"]

    def request(
        self,
        method: str,
        port: int,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: str = "",
        timeout: float = 30.0,
    ) -> Response:
        """One HTTP request to a port of 127.0.0.1 inside."""
        (response,) = self.requests(method, port, path, [body], headers=headers, timeout=timeout)
        return response

    def requests(
        self,
        method: str,
        port: int,
        path: str,
        bodies: Sequence[str],
        *,
        headers: dict[str, str] | None = None,
        timeout: float = 30.0,
    ) -> list[Response]:
        """A request for each body, all at once."""
        one = {"method": method, "port": port, "path": path, "headers": headers or {}, "timeout": timeout}
        answers = self.call("requests", limit=timeout, asked=[one | {"body": body} for body in bodies])
        return [Response(answer["status"], answer["headers"], base64.b64decode(answer["base64"])) for answer in answers]


def _close(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, which ends what it started, too; the end of its input is enough where it is not at work."""
    for ask in (lambda: None, process.terminate, process.kill):
        ask()
        try:
            process.communicate(timeout=_MARGIN / 2)
        except subprocess.TimeoutExpired:
            continue
        return
