"""Cold starts where the emulator cannot run: the project's own stand-in for Lambda, everything else real.

The Extensions API is that of the tests; the sidecar is started by its launcher out of the built layer, the function in
a child process as soon as the extension has registered, as Lambda does it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

from demo import interruption, timeline, workload
from demo.prepare import ROOT
from demo.records import ColdStart, Failed
from tests.fakes.lambda_api import FakeLambdaApi, Timeout

_LIMIT = 60.0  # seconds; never waited for but where something hangs


class StandIn:
    """``folder``, an empty one, is for files; ``opt``: the layer; ``task``: the function; ``stack`` ends what runs."""

    def __init__(self, folder: Path, opt: Path, task: Path, stack: contextlib.ExitStack) -> None:
        self._folder = folder
        self._opt = opt
        self._task = task
        (folder / "bin").mkdir()
        (folder / "bin" / "python3").symlink_to(Path(sys.executable).resolve())  # for the launcher: it asks PATH
        aws = _start(stack, [sys.executable, "-m", "demo.aws", folder], _plain(), ROOT, folder / "aws.log")
        self._environ: dict[str, str] = aws.read()

    def cold_start(self, *, with_preheat: bool, warm: int) -> ColdStart:
        """A new sidecar and a new function, one cold and ``warm`` warm invocations, and their end."""
        journal = self._folder / "journal"
        known = journal.stat().st_size if journal.exists() else 0
        with FakeLambdaApi() as api, contextlib.ExitStack() as stack:
            environ = self._environ | _plain() | api.environ | (workload.PREHEAT if with_preheat else workload.BOTO3)
            environ["PATH"] = f"{self._folder / 'bin'}{os.pathsep}{environ.get('PATH', os.defpath)}"
            environ["PREHEAT_PORT"] = str(_free_port())
            log = self._folder / "log"
            log.write_bytes(b"")
            began = time.time()
            registered = 0.0
            if with_preheat:
                self._start_sidecar(stack, api, environ, log)
                registered = _told(log, lambda: api.wait_calls("register", 1)[0].wall)
            environ["PYTHONPATH"] = os.pathsep.join(map(str, (self._task, self._opt / "python")))
            function = _start(stack, [sys.executable, self._task / "stand_in_runtime.py"], environ, self._task, log)
            function.read()
            ready = _told(log, lambda: api.wait_calls("next", 1)[0].wall) if with_preheat else 0.0
            moments = timeline.Moments(began, registered, ready, time.time())
            answers = []
            for _ in range(1 + warm):
                invocation = api.invoke()
                function.write(workload.EVENT)
                answers.append(_answer(function.read(), log))
                api.wait_invocation(invocation)
            fetched = timeline.prefetched(timeline.reports(log.read_text())[0]) if with_preheat else ()
        with journal.open(encoding="utf-8") as lines:
            lines.seek(known)
            entries = timeline.journal(lines)
        return timeline.cold_start(moments, entries, answers[0], answers[1:], fetched)

    def _start_sidecar(
        self, stack: contextlib.ExitStack, api: FakeLambdaApi, environ: dict[str, str], log: Path
    ) -> None:
        launcher = self._opt / "extensions" / "preheat"
        with log.open("ab") as output, interruption.held():
            process = subprocess.Popen([launcher], env=environ, stdout=output, stderr=output, start_new_session=True)  # noqa: S603 (our own)
            stack.push(_Shutdown(api, process))


class _Shutdown:
    """Ends a sidecar as Lambda does; one that is in the way of an exception at once."""

    def __init__(self, api: FakeLambdaApi, process: subprocess.Popen[bytes]) -> None:
        self._api = api
        self._process = process

    def __call__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._api.shutdown()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(2)  # as long as Lambda waits
        finally:
            self._process.kill()
            self._process.wait()


class _Child:
    """A program that talks in lines of JSON; out of the terminal's reach, so that we end it, and it with us."""

    def __init__(self, command: list[str | Path], environ: dict[str, str], folder: Path, log: Path) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(  # noqa: S603 (our own)
                command,
                env=environ,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
            )

    def write(self, document: Any) -> None:
        """One line; that nobody reads it any more is told by ``read``."""
        with contextlib.suppress(BrokenPipeError):
            _pipe(self._process.stdin).write(json.dumps(document).encode() + b"\n")
            _pipe(self._process.stdin).flush()

    def read(self) -> Any:
        """The next line; ``Failed`` where none comes."""
        output = _pipe(self._process.stdout)
        line = output.readline() if select.select([output], [], [], _LIMIT)[0] else b""
        if not line:
            program = Path(str(self._process.args[-1])).name  # type: ignore[index]
            raise Failed(f"{program} gave no answer; what it said:\n{timeline.tail(self._log.read_text())}")
        return json.loads(line)

    def end(self) -> None:
        """Kill it and whatever it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


def _start(
    stack: contextlib.ExitStack, command: list[str | Path], environ: dict[str, str], folder: Path, log: Path
) -> _Child:
    with interruption.held():
        child = _Child(command, environ, folder, log)
        stack.callback(child.end)
    return child


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _told(log: Path, moment: Any) -> float:
    try:
        return float(moment())
    except Timeout as error:
        raise Failed(
            f"the sidecar does not come up ({error}); what it said:\n{timeline.tail(log.read_text())}"
        ) from None


def _answer(document: dict[str, Any], log: Path) -> timeline.Answer:
    answer = timeline.answer(document)
    if answer.status != 200:
        raise Failed(f"the function answered {answer.status}: {answer.body}\n{timeline.tail(log.read_text())}")
    return answer


def _plain() -> dict[str, str]:
    """What a program of ours needs of this process's environment."""
    names = ("HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "TMPDIR")
    return {name: os.environ[name] for name in names if name in os.environ}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
