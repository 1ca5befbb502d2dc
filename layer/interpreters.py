"""The CPythons on this machine that can make bytecode for the layer."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

MINORS = (10, 11, 12, 13, 14)  # Python 3.x: the Lambda runtimes that the layer serves
_TELL = """
import json, sys
version, level = sys.version_info[:3], sys.version_info[3]
print(json.dumps([sys.implementation.name, version, level, getattr(sys, "abiflags", ""), sys.executable]))
"""


class Interpreter(NamedTuple):
    """One CPython: its full version and where it is."""

    version: tuple[int, int, int]
    path: Path

    @property
    def minor(self) -> int:
        """The ``x`` of 3.x, which decides about the format of bytecode."""
        return self.version[1]

    def __str__(self) -> str:
        return ".".join(str(part) for part in self.version)


def find(candidates: list[Path] | None = None) -> list[Interpreter]:
    """Return one interpreter for each minor version found, lowest first.

    Without ``candidates``, looks along PATH and through what pyenv has installed (whose shims on PATH answer only for
    the version that is switched on). Of several with the same minor version the newest is taken, whatever the order.
    """
    found: dict[int, Interpreter] = {}
    for path in _usual_places() if candidates is None else candidates:
        interpreter = _ask(path)
        if interpreter is None:
            continue
        known = found.get(interpreter.minor)
        if known is None or interpreter.version > known.version:
            found[interpreter.minor] = interpreter
    return [found[minor] for minor in sorted(found)]


def _usual_places() -> list[Path]:
    names = ["python3", *(f"python3.{minor}" for minor in MINORS)]
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    places = [folder / name for folder in folders for name in names]
    places += [folder / "bin" / "python3" for folder in sorted(versions.glob("3.*"))]
    return [place for place in places if os.access(place, os.X_OK)]


def _ask(path: Path) -> Interpreter | None:
    """What ``path`` is; None where it does not run, or its bytecode is not what a Lambda runtime would make."""
    try:
        done = subprocess.run([path, "-I", "-S", "-c", _TELL], capture_output=True, check=True, timeout=20)
        implementation, version, level, flags, executable = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    # Before "final" the format may still change; "d" and "t" in the flags are debug and free-threaded builds.
    usual = implementation == "cpython" and level == "final" and not flags
    if not usual or version[0] != 3 or version[1] not in MINORS:
        return None
    # Where it says that it is: what answered may be a shim.
    return Interpreter((version[0], version[1], version[2]), Path(executable))
