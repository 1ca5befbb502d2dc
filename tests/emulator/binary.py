"""Where AWS's Runtime Interface Emulator is: taken once out of the aws-sam-cli wheel, into ``.cache/emulator``."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path

from layer import wheels

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements" / "emulator.txt"
_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def emulator() -> Path:
    """Return the emulator for this machine's architecture, fetching it by its hash where it is not there yet.

    Raises ``LookupError`` on an architecture that the wheel carries no emulator for.
    """
    machine = platform.machine().lower()
    if machine not in _ARCHITECTURES:
        raise LookupError(f"aws-sam-cli carries no emulator for {machine}")
    name = f"aws-lambda-rie-{_ARCHITECTURES[machine]}"
    # A folder for each state of the lock: a newer emulator is another file, and nothing compares times.
    cache = ROOT / ".cache" / "emulator" / hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    program = cache / name
    if not program.exists():
        cache.mkdir(parents=True, exist_ok=True)
        member = f"samcli/local/rapid/{name}"
        unfinished = program.with_suffix(".unfinished")
        unfinished.write_bytes(wheels.read(wheels.fetch(REQUIREMENTS, cache), [member])[member])
        unfinished.chmod(0o755)
        unfinished.replace(program)
    return program


if __name__ == "__main__":
    print(emulator())
