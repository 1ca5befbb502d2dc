"""What the tests of large objects have in common: bodies, and what was asked for them."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


# What keeps a download from its end, as for the stand-in's faults; beside it the first answer's body is cut, too.
LASTING: list[tuple[str, Callable[[Call], bool] | None, dict[str, Any]]] = [
    ("cut_body", None, {"at": 100_000}),
    ("too_long", part, {}),
    ("empty", part, {}),
    ("garbage", part, {}),
    ("error_500", part, {}),
]


def assert_came_in_parts(aws: FakeAws, body: bytes) -> None:
    """By one GET for the whole, and by others for parts of that version."""
    calls = {call.header("range"): call for call in aws.calls}
    first = calls.pop("")
    assert ("ENABLED", "", 200) == (first.header("x-amz-checksum-mode"), first.header("if-match"), first.status)
    assert calls  # others have helped
    assert {f'"{hashlib.md5(body).hexdigest()}"'} == {call.header("if-match") for call in calls.values()}
    assert set(calls) <= {f"bytes={start}-{min(start + PART, len(body)) - 1}" for start in range(PART, len(body), PART)}
