"""Bytecode for one CPython, the same bytes wherever and whenever it is made.

``/opt`` is read-only: without shipped bytecode every cold start compiles every module again. It is made with

- optimize=2: no docstrings or asserts, for an interpreter that runs without ``-OO``;
- no column tables (``-X no_debug_ranges``, from 3.11 on): a quarter smaller;
- the path that the source has, or would have, on Lambda.

What functions import (``python/``) keeps its lines. Its one .pyc, that of the package (``layer/cached.py``), has
unchecked-hash invalidation (PEP 552): unzipping changes the time of the sources, and nothing edits them.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from layer.dialects import Opcodes
from layer.interpreters import Interpreter

_COMPILER = Path(__file__).with_name("compiler.py")
_CACHED = Path(__file__).with_name("cached.py")
_LIBRARY = Path(__file__).with_name("library.py")
_SHORTENING = Path(__file__).with_name("shortening.py")
_UNPACKING = Path(__file__).with_name("preheat") / "unpacking.py"
LIBRARY = "/opt/python/preheat"  # where its files lie on Lambda
PACKAGE = "__init__.py"


class BytecodeError(Exception):
    """A source does not compile, or the interpreter broke down."""


class Compiled(NamedTuple):
    """What one interpreter made of ``library`` and ``modules``: marshalled code by path; the package's .pyc and the
    ``program`` that this runs.

    ``magic`` is the magic number of its bytecode, which an interpreter must share to run it, ``opcodes`` what the code
    consists of.
    """

    library: dict[str, bytes]
    modules: dict[str, bytes]
    cached: bytes
    program: bytes
    magic: bytes
    opcodes: Opcodes


def compile_all(interpreter: Interpreter, library: dict[str, bytes], sidecar: dict[str, str]) -> Compiled:
    """Compile ``library`` (path in ``LIBRARY`` -> source) and ``sidecar`` (path in ``/opt/preheat`` -> source)."""
    with tempfile.TemporaryDirectory() as folder:
        lined = _jobs(Path(folder, "lined"), LIBRARY, library)
        bare = _jobs(Path(folder, "bare"), "/opt/preheat", {path: text.encode() for path, text in sidecar.items()})
        instead = _write(Path(folder, "instead.py"), _CACHED.read_bytes())
        program = _write(Path(folder, "program.py"), b"\n".join([_UNPACKING.read_bytes(), *_without_future(_LIBRARY)]))
        package = _write(Path(folder, "package.py"), library.get(PACKAGE, b""))
        cached = Path(folder, "package.pyc")
        jobs = {
            "lined": list(lined.values()),
            "bare": [*bare.values(), (program, program + "c", "<preheat>")],
            "cached": [(package, str(cached), instead)],
        }
        told = json.loads(_run(interpreter, folder, jobs))
        opcodes = {int(opcode): (name, room) for opcode, (name, room) in told["opcodes"].items()}
        made, modules = (
            {path: Path(target).read_bytes() for path, (_, target, _) in jobs.items()} for jobs in (lined, bare)
        )
        compiled_program = Path(program + "c").read_bytes()
        return Compiled(made, modules, cached.read_bytes(), compiled_program, bytes.fromhex(told["magic"]), opcodes)


def check(interpreter: Interpreter, compiled: dict[str, bytes], first: bytes, *archives: bytes) -> None:
    """Let the interpreter compare what it reads from ``first`` and ``archives`` with what it has compiled."""
    with tempfile.TemporaryDirectory() as folder:
        names = [_write(Path(folder, f"archive{number}"), archive) for number, archive in enumerate(archives)]
        numbered = enumerate(compiled.items())
        expected = {path: _write(Path(folder, f"{number}"), code) for number, (path, code) in numbered}
        _run(interpreter, folder, {"check": [(_write(Path(folder, "first"), first), names, expected)]})


def _without_future(path: Path) -> list[bytes]:
    lines = path.read_bytes().splitlines()
    return [line for line in lines if not line.startswith(b"from __future__")]


def _jobs(folder: Path, root: str, sources: dict[str, bytes]) -> dict[str, tuple[str, str, str]]:
    """By path: where the source is, where the bytecode has to go, and the name that goes into it."""
    folder.mkdir()
    jobs = {}
    # In this order and no other: what an interpreter has compiled before is part of what it writes.
    for number, path in enumerate(sorted(sources)):
        source = _write(folder / f"{number}.py", sources[path])
        jobs[path] = (source, source + "c", f"{root}/{path}")
    return jobs


def _write(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def _run(interpreter: Interpreter, folder: str, jobs: dict[str, Any]) -> str:
    # A copy, in a folder where nothing else can be imported by mistake.
    program = _write(Path(folder, "compiler.py"), _COMPILER.read_bytes())
    for needed in (_UNPACKING, _SHORTENING):
        _write(Path(folder, needed.name), needed.read_bytes())
    command: list[str | Path] = [interpreter.path, "-s", "-S", "-B", "-X", "no_debug_ranges", program]
    # Nothing else of the environment: PYTHONPATH or a locale must not reach the result. Sets are written in the order
    # of their hashes.
    environment = {"PYTHONHASHSEED": "0", "PATH": os.environ.get("PATH", "")}
    if "LD_LIBRARY_PATH" in os.environ:  # where an interpreter outside the system's folders finds its own library
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    done = subprocess.run(
        command, input=json.dumps(jobs).encode(), capture_output=True, check=False, env=environment, cwd=folder
    )
    if done.returncode:
        raise BytecodeError(f"Python {interpreter}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode().strip()
