"""AWS, played by moto, as a process of its own; prints one line of JSON, what a function needs to reach it, when ready.

    python -m demo.aws FOLDER

moto alone answers at once, over plain HTTP, a connection for each request. So something stands in front of it: TLS,
connections that are kept, a fixed time for each call; it also writes down what came when, a line of JSON for each
connection and each call, to ``FOLDER/journal``. moto checks every signature. Ends on a signal, and where its input is a
pipe with that.
"""

from __future__ import annotations

import http.client
import json
import os
import stat
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.server import ThreadedMotoServer

from demo.workload import DATA, LATENCY_MS
from tests.emulator.moto_server import REGION, assumed_role, fill
from tests.fakes.aws import certificates
from tests.fakes.http_message import Reply, Request
from tests.fakes.http_server import HttpServer

if TYPE_CHECKING:
    import ssl

    from tests.fakes.http_connection import Connection

_FROM_HOP_TO_HOP = ("connection", "content-length", "keep-alive", "transfer-encoding")


class Front:
    """Passes each request to moto on ``port`` and holds the answer back until ``LATENCY_MS`` are over."""

    def __init__(self, port: int, journal: Path, tls: ssl.SSLContext) -> None:
        self._port = port
        self._tls = tls
        self._lock = threading.Lock()
        self._journal = journal.open("a", encoding="utf-8", buffering=1)
        self._server = HttpServer(self._answer, on_accept=self._accept, name="front")

    @property
    def url(self) -> str:
        """What AWS_ENDPOINT_URL holds."""
        return f"https://127.0.0.1:{self._server.port}"

    def _accept(self, connection: Connection) -> bool:
        began = time.time()
        connection.secure(self._tls)
        self._note(start=began, end=time.time())
        return True

    def _answer(self, connection: Connection, request: Request) -> Reply | None:
        reply = self._ask_moto(request)
        left = request.monotonic + LATENCY_MS / 1000 - time.monotonic()
        if left > 0 and connection.wait(self._server.closing, left) != "timeout":
            return None
        self._note(action=action_of(request), start=request.wall, end=time.time())
        return reply

    def _ask_moto(self, request: Request) -> Reply:
        moto = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            moto.request(request.method, request.target, request.body or None, dict(request.headers))
            answer = moto.getresponse()
            headers = [pair for pair in answer.getheaders() if pair[0].lower() not in _FROM_HOP_TO_HOP]
            return Reply(answer.status, headers, answer.read())
        finally:
            moto.close()

    def _note(self, **entry: Any) -> None:
        with self._lock:
            self._journal.write(json.dumps(entry) + "\n")


def action_of(request: Request) -> str:
    """The operation, as AWS calls it; of S3 only reading an object occurs here."""
    return request.header("x-amz-target").rpartition(".")[2] or "GetObject"


def main() -> None:
    """Serve."""
    folder = Path(sys.argv[1])
    os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "1000000"  # signatures are not looked at before all data are in
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    _, port = moto.get_host_and_port()
    inside = f"http://127.0.0.1:{port}"
    fill(inside, DATA)
    credentials = assumed_role(inside)
    reset = urllib.request.Request(f"{inside}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})  # noqa: S310 (our own)
    urllib.request.urlopen(reset).close()  # noqa: S310
    bundle = folder / "ca.pem"
    bundle.write_bytes(certificates.ca_pem())
    front = Front(port, folder / "journal", certificates.server_context())
    environ = {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,  # Lambda sets both
        "AWS_ENDPOINT_URL": front.url,
        "AWS_CA_BUNDLE": str(bundle),
    }
    sys.stdout.write(json.dumps(environ) + "\n")
    sys.stdout.flush()
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        sys.stdin.read()
    else:
        threading.Event().wait()


if __name__ == "__main__":
    main()
