"""The process inside the namespace: does what ``namespace.Namespace`` asks for, one line of JSON each way.

It alone can reach what runs there: it mounts, starts processes, sends HTTP requests. It knows nothing of Lambda. When
its input ends, so does everything that it started.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.emulator import kernel

_POLL = 0.002  # seconds between two looks at a port that is not open yet: what listens there has no way to say so


class Inside:
    """The methods without underscore are the requests that there are."""

    def __init__(self) -> None:
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._covers: dict[str, list[str]] = {}

    def cover(self, target: str, source: str, keep: list[str], read_only: bool = False) -> None:
        """Lay the folder ``source`` over ``target``; paths in ``keep`` stay reachable."""
        mounted = self._covers.setdefault(target, [])
        if any(target == path or target.startswith(path + "/") for path in keep):
            raise OSError(f"{target} can't be covered: Python, the checkout or the test's folder is, or holds, it")
        for path in keep:
            if path.startswith(target + "/"):  # a checkout in /tmp, a Python in /opt
                place = source + path.removeprefix(target)
                os.makedirs(place, exist_ok=True)
                kernel.bind(path, place)
                mounted.append(place)
        kernel.bind(source, target)
        mounted.append(target)
        if read_only:
            kernel.make_read_only(target)

    def uncover(self, target: str) -> None:
        """Take away what the last ``cover`` laid there."""
        for place in reversed(self._covers.pop(target)):
            kernel.detach(place)

    def spawn(
        self, command: list[str], environ: dict[str, str], folder: str, log: str, ready: float | None = None
    ) -> dict[str, Any]:
        """Start a program, output to ``log``; ``ready``: seconds until it has to say so, in one line of its output."""
        with open(log, "ab") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if ready else output,
                stderr=output,
                env=environ,
                cwd=folder,
            )
        self._processes[process.pid] = process
        try:
            line = _first_line(process, ready) if ready else ""
        except OSError as error:
            with open(log, "rb") as said:
                raise OSError(f"{error}; {log}: {said.read()[-2000:].decode(errors='replace')}") from None
        return {"pid": process.pid, "ready": line}

    def signal(self, pid: int, number: int) -> None:
        os.kill(pid, number)

    def wait(self, pid: int, timeout: float) -> int:
        """The exit status of what was started as ``pid``; negative for a signal."""
        return self._processes[pid].wait(timeout)

    def reap(self, pid: int, timeout: float) -> int:
        """As ``wait``, and forget it. Orphans stay, unlike with ``end``: an extension may have left one to work."""
        status = self.wait(pid, timeout)
        process = self._processes.pop(pid)
        if process.stdout:
            process.stdout.close()
        return status

    def wait_port(self, pid: int, port: int, timeout: float) -> None:
        """Until something listens there; fails at once where process ``pid``, which should, has ended."""
        deadline = time.monotonic() + timeout
        while True:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), timeout):
                return
            if self._processes[pid].poll() is not None:
                raise ChildProcessError(f"process {pid} ended with {self._processes[pid].returncode}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing listens on port {port}")
            time.sleep(_POLL)

    def request(
        self, method: str, port: int, path: str, headers: dict[str, str], body: str, timeout: float
    ) -> dict[str, Any]:
        """One HTTP request to 127.0.0.1; the body of the answer in base64."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        try:
            connection.request(method, path, body.encode() or None, headers)
            response = connection.getresponse()
            content = base64.b64encode(response.read()).decode()
            return {"status": response.status, "headers": dict(response.getheaders()), "base64": content}
        finally:
            connection.close()

    def requests(self, asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same, all at once."""
        with ThreadPoolExecutor(len(asked)) as pool:
            return list(pool.map(lambda arguments: self.request(**arguments), asked))

    def end(self, pids: list[int] | None = None) -> list[str]:
        """End these (by default all) processes and whatever they left behind; the command lines of the left-behind."""
        for pid in self._processes if pids is None else pids:
            self._processes[pid].kill()
            self._processes[pid].wait()
            if self._processes[pid].stdout:
                self._processes[pid].stdout.close()
        for pid in list(self._processes) if pids is None else pids:
            del self._processes[pid]
        orphans = []
        # Orphans come to us, their reaper; killing one may set others free.
        while left := [child for child in kernel.children(os.getpid()) if child not in self._processes]:
            for pid in left:
                command = kernel.command_line(pid)
                if command:  # a zombie has none
                    orphans.append(command)
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        return orphans


def _first_line(process: subprocess.Popen[bytes], timeout: float) -> str:
    assert process.stdout
    if not select.select([process.stdout], [], [], timeout)[0]:
        raise TimeoutError(f"{process.args!r} is not ready after {timeout} s")
    line = process.stdout.readline().decode()
    if not line:
        raise ChildProcessError(f"{process.args!r} ended with {process.wait(timeout)}")
    return line


def main() -> None:
    """Serve requests until the input ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # also out of something that hangs, and with all cleared away
    kernel.become_reaper()
    kernel.bring_up_loopback()
    inside = Inside()
    try:
        for line in sys.stdin:
            name, arguments = json.loads(line)
            answer: dict[str, Any] = {}
            try:
                answer["result"] = getattr(inside, name)(**arguments)
            except (OSError, ValueError, subprocess.SubprocessError, http.client.HTTPException) as error:
                answer["error"] = f"{type(error).__name__}: {error}"
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
    finally:
        inside.end()


if __name__ == "__main__":
    main()
