"""The AWS stand-in as a process of its own: prints one line of JSON when it is ready, ends on SIGTERM or SIGINT.

python -m tests.fakes.aws --port 0 --tls /tmp/certificates --data data.json --latency-ms 15
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path

from tests.fakes.aws.control import Control
from tests.fakes.aws.server import FakeAws


def main() -> int:
    """Serve until told to stop; returns the exit status."""
    options = _options()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if options.tls is not None:
        options.tls.mkdir(parents=True, exist_ok=True)
    with FakeAws(
        tls=options.tls is not None,
        folder=options.tls,
        latency=options.latency_ms / 1000,
        region=options.region,
        account_id=options.account,
        host=options.host,
        port=options.port,
        names=tuple(options.name),
    ) as aws:
        if options.data is not None:
            aws.load(json.loads(options.data.read_text()))
        control = Control(aws, host=options.host, port=options.control_port)
        try:
            ready = {"port": aws.port, "control_port": control.port, "url": aws.url, "environ": aws.environ}
            print(json.dumps(ready), flush=True)
            stop.wait()
        finally:
            control.close()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.aws", description="A stand-in for AWS on one port.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument("--tls", type=Path, metavar="FOLDER", help="serve HTTPS and write ca.pem there")
    parser.add_argument("--name", action="append", default=[], help="a further name of the certificate (repeatable)")
    parser.add_argument("--data", type=Path, metavar="FILE", help="JSON to load, see Data.load")
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--account", default="123456789012")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
