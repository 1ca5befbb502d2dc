"""Objects as files: large ones, and those listed with file=true."""

from __future__ import annotations

import os
import time
from pathlib import Path
from collections import Counter

MB = 1 << 20


def body_of(size):
    return os.urandom(MB) * (size // MB) + os.urandom(size % MB)


def test_smoke(aws, ready):
    body = body_of(64 * MB + 5)
    aws.put_object("bucket", "m/model.bin", body, checksum="sha256")
    t=time.time()
    sidecar = ready(s3=["s3://bucket/m/model.bin"], init_timeout="8s")
    print("ready", time.time()-t)
    answer = sidecar.get("/s3/bucket/m/model.bin")
    print("read", time.time()-t)
    assert answer.body == body
    path = answer.header("preheat-file")
    assert Path(path).read_bytes() == body
    print(path, os.listdir(os.path.dirname(path)))
    print(Counter((c.action, c.status) for c in aws.calls), [c.header("range") for c in aws.calls])
    print(Path(f"/proc/{sidecar.process.pid}/status").read_text().split("VmHWM")[1][:30])
    assert sidecar.get("/s3/bucket/m/model.bin", {"Range": "bytes=10-20"}).body == body[10:21]
    print(sidecar.log)
