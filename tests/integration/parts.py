"""What the tests of large objects have in common: bodies, and what was asked for them."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from tests.fakes.aws import FakeAws
from tests.fakes.aws.calls import Call
from tests.integration.sidecar import Sidecar

MB = 1 << 20
PART = 8 * MB


def part(call: Call) -> bool:
    """It asks for a part of an object."""
    return bool(call.header("range"))


def whole(call: Call) -> bool:
    """It asks for all of one."""
    return not part(call)


def noise(size: int) -> bytes:
    """Bytes of which no two stretches are alike."""
    return os.urandom(MB) * (size // MB) + os.urandom(size % MB)


def asked(aws: FakeAws) -> Counter[tuple[str, int]]:
    return Counter((call.action, call.status) for call in aws.calls)


def peak_bytes(sidecar: Sidecar) -> int:
    """The most memory that the process has had, mapped files included."""
    status = Path(f"/proc/{sidecar.process.pid}/status").read_text("ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:"))
