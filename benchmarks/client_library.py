"""What `import preheat` costs a function: the import, a read from memory, a read over the kept-alive connection.

python -m benchmarks.client_library [--python INTERPRETER] prints medians beside the limits that they are held to.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import session
from preheat import Client
from tests.client import checkout
from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.sidecar import ROOT

PACKAGE = ROOT / "layer" / "python" / "preheat"
IMPORTS = 21
BATCHES = 60  # of reads, in turn with those that they are compared with
READS = 100
HITS = 5000
SECRET = '{"user": "orders", "password": "a secret of forty characters, at least", "port": 5432}'


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.client_library", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="the interpreter that the import is measured in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="preheat-client-") as folder:
        print(f"import preheat: {import_milliseconds(options.python, Path(folder)):.2f} ms (at most 5)")
        with contextlib.redirect_stdout(io.StringIO()):  # what the sidecar wrote, which a failing test would show
            lines = read_figures(Path(folder))
    print("\n".join(lines))
    return 0


def read_figures(folder: Path) -> list[str]:
    """Between a real sidecar and its stand-ins."""
    with FakeLambdaApi() as api, FakeAws() as aws:
        aws.put_secret("db", SECRET)
        with checkout.start(api, aws, folder / "sidecar", folder / "bytecode", secrets="db") as sidecar:
            api.wait_next()
            os.environ.update({name: sidecar.environ[name] for name in ("PREHEAT_PORT", "AWS_SESSION_TOKEN")})
            return reads(Client(), sidecar.port, sidecar.environ["AWS_SESSION_TOKEN"])


def import_milliseconds(python: str, folder: Path) -> float:
    """By -X importtime, after the runtime's own client where that is installed, with bytecode as the layer has it."""
    packed = folder / "python" / "preheat"
    shutil.copytree(PACKAGE, packed, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([python, "-m", "compileall", "-q", packed], check=True)
    program = "try:\n import awslambdaric.bootstrap\nexcept ImportError:\n pass\nimport preheat"
    found = []
    for _ in range(IMPORTS):
        done = subprocess.run(
            [python, "-X", "importtime", "-c", program],
            env={"PYTHONPATH": str(packed.parent), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        )
        (line,) = [line for line in done.stderr.splitlines() if line.endswith("| preheat")]
        found.append(int(line.split("|")[1]) / 1000)
    return statistics.median(found)


def reads(client: Client, port: int, token: str) -> list[str]:
    """Each beside what it is compared with, in turn, so that a busy moment meets both."""
    client.get_secret("db")
    head = f"GET /secrets/db HTTP/1.1\r\nHost: localhost:{port}\r\nX-Aws-Parameters-Secrets-Token: {token}\r\n\r\n"
    data = head.encode()
    with socket.create_connection(("127.0.0.1", port)) as plain:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def raw() -> None:
            plain.sendall(data)
            plain.recv(65536)

        found = in_turn([raw, lambda: client.get_secret("db", max_age=0)])
    bare, ours = [statistics.median(seconds) * 1e6 for seconds in found]
    return [
        f"a read from memory: {hit(lambda: client.get_secret('db')):.2f} us (at most 2)",
        f"  of one field: {hit(lambda: client.get_secret('db', field='password')):.2f} us",
        f"  as JSON, parsed anew: {hit(lambda: client.get_secret('db', transform='json')):.2f} us",
        f"a read over the kept-alive connection: {ours:.0f} us; over a raw socket: {bare:.0f} us",
        f"  that is {ours / bare:.2f} times as long (at most 1.5)",
    ]


def hit(read: Callable[[], object]) -> float:
    """Microseconds of CPU for one call; the median of many loops, less the loop."""

    def microseconds(function: Callable[[], object]) -> float:
        started = time.thread_time()
        for _ in range(HITS):
            function()
        return (time.thread_time() - started) / HITS * 1e6

    return statistics.median([microseconds(read) - microseconds(lambda: None) for _ in range(15)])


def in_turn(functions: list[Callable[[], object]]) -> list[list[float]]:
    """Seconds of every call, of each function."""
    found: list[list[float]] = [[] for _ in functions]
    for _ in range(BATCHES):
        for function, seconds in zip(functions, found, strict=True):
            for _ in range(READS):
                started = time.perf_counter()
                function()
                seconds.append(time.perf_counter() - started)
    return found


if __name__ == "__main__":
    sys.exit(session.run(main))
