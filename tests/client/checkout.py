"""The checkout's sidecar as a process. Not the layer as it is built: building it takes longer than these tests."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path
from typing import Any

from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.sidecar import ROOT, Sidecar

# The sidecar's own code and cachetools, and nothing of the function's.
_START = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
sys.path.append({sysconfig.get_path("purelib")!r})
from extension.boot import main
main()
"""


def start(api: FakeLambdaApi, aws: FakeAws, folder: Path, bytecode: Path, **settings: Any) -> Sidecar:
    """A sidecar in its INIT; `folder` is its own, `bytecode` may be shared. See Sidecar.start."""
    command = [sys.executable, "-I", "-S", "-X", f"pycache_prefix={bytecode}", "-c", _START, "", "preheat"]
    return Sidecar.start(api, aws, opt=folder, folder=folder, command=command, **settings)
