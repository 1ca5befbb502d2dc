"""One start of the layer under a tool, up to ready and SHUTDOWN: what docs/profiling.md was found with.

python -m benchmarks.profiled strace -f -c
python -m benchmarks.profiled valgrind --trace-children=yes --tool=callgrind --callgrind-out-file=start.%p

Instruction counts do not depend on what else the machine does.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import variants
from benchmarks.gate import registering
from tests.fakes.lambda_api import FakeLambdaApi

_PATIENCE = 120.0  # seconds: under valgrind all takes fifty times as long


def main(tool: list[str], layer: Path = variants.LAYER) -> int:
    """The exit status is the tool's."""
    with tempfile.TemporaryDirectory(prefix="preheat-profile-") as path:
        folder = Path(path)
        layouts = variants.lay_out(folder / "opt", layer)
        registering.show_python(folder)
        aws, told = registering.start_aws(folder)
        try:
            with FakeLambdaApi() as api:
                command = [*tool, str(variants.launcher(layouts[variants.PREHEAT]))]
                process = subprocess.Popen(command, env=registering.environ_for(folder, told | api.environ))
                try:
                    api.wait_calls("next", 1, timeout=_PATIENCE)
                    api.shutdown(timeout_ms=int(_PATIENCE * 1000))
                    return process.wait(_PATIENCE)
                finally:
                    process.kill()
        finally:
            aws.terminate()
            aws.communicate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
