"""A large object on its way into a file: by the sidecar, over one to four connections, and by boto3.download_file.

python -m benchmarks.objects [--megabytes 500] [--pace MB_PER_S]: both from the same stand-in for S3, over TLS. --pace
is what one connection brings at the most, as with S3 itself; without it the stand-in, Python too, is the limit.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import processes, session
from tests.client import checkout
from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.sidecar import ROOT

MB = 1 << 20
PLACE = "s3://bucket/model.bin"
BOTO3 = """
import json, sys, time
import boto3
client = boto3.client("s3", verify=sys.argv[2])
started, before = time.monotonic(), time.process_time()
client.download_file("bucket", "model.bin", sys.argv[1])
seconds, cpu = time.monotonic() - started, time.process_time() - before
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
print(json.dumps([seconds, cpu, peak]))
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.objects", description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--pace", type=float, default=0.0, metavar="MB_PER_S", help="of one connection")
    options = parser.parse_args()
    size = options.megabytes * MB
    with tempfile.TemporaryDirectory(prefix="preheat-objects-") as folder, FakeAws() as aws:
        aws.put_object("bucket", "model.bin", os.urandom(MB) * options.megabytes, checksum="crc32")
        if options.pace:
            aws.faults.add("drip", "GetObject", piece=MB, pause=1 / options.pace)
        found = {
            f"Preheat, {count} connection(s)": _sidecar(aws, Path(folder, str(count)), count) for count in (1, 2, 3, 4)
        }
        found["boto3.download_file"] = _boto3(aws, Path(folder))
    print(f"{options.megabytes} MB" + (f", at most {options.pace:g} MB/s a connection" if options.pace else ""))
    for name, (seconds, cpu, peak) in found.items():
        rate = size / MB / seconds
        print(f"  {name:<24} {seconds:6.2f} s  {rate:6.0f} MB/s  CPU {cpu:5.2f} s  peak {peak / MB:5.0f} MB")
    return 0


def _sidecar(aws: FakeAws, folder: Path, connections: int) -> tuple[float, float, float]:
    """Seconds that the fetch took, CPU seconds and peak memory of the whole process since its start."""
    settings = {
        "s3": f"{PLACE}?file=true",
        "init_timeout": "120s",
        "fetch_timeout": "60s",
        "environ": {
            "AWS_LAMBDA_INITIALIZATION_TYPE": "provisioned-concurrency",
            "PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS": str(connections),
        },
    }
    with (
        contextlib.redirect_stdout(io.StringIO()),  # what the sidecar wrote, which a failing test would show
        FakeLambdaApi() as api,
        checkout.start(api, aws, folder, folder.parent / "bytecode", **settings) as sidecar,
    ):
        api.wait_next(timeout=120)
        (row,) = sidecar.events("init.report")[0]["resources"]
        assert row["outcome"] == "ok", row
        pid = sidecar.process.pid
        return row["ms"] / 1000, processes.cpu_seconds(pid), processes.peak_bytes(pid)


def _boto3(aws: FakeAws, folder: Path) -> tuple[float, float, float]:
    """The same of the call alone, in a process that has imported boto3 and made its client."""
    command = [sys.executable, "-c", BOTO3, str(folder / "copy"), str(aws.ca_bundle)]
    environ = {**aws.environ, "PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, cpu, peak = json.loads(done.stdout)
    return seconds, cpu, peak


if __name__ == "__main__":
    sys.exit(session.run(main))
