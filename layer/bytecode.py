"""Bytecode for one CPython, the same bytes wherever and whenever it is made.

``/opt`` is read-only: without shipped bytecode every cold start compiles every module again. It is made with

- unchecked-hash invalidation (PEP 552): unzipping changes the time of the sources, and nothing edits them;
- optimize=2 under the plain file name: no docstrings or asserts, for an interpreter that runs without ``-OO``;
- no column tables (``-X no_debug_ranges``, from 3.11 on): a quarter smaller, and a traceback still has its lines;
- the path that the file will have on Lambda, and PYTHONHASHSEED=0: sets are written in the order of their hashes.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from layer.interpreters import Interpreter

# Runs in the other interpreter. A file and not -c, which has the working directory on its path.
_COMPILER = """
import json, py_compile, sys
for source, target, name in json.load(sys.stdin):
    py_compile.compile(
        source, target, name, doraise=True, optimize=2,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
"""


class BytecodeError(Exception):
    """A source does not compile, or the interpreter broke down."""


def compile_all(interpreter: Interpreter, sources: dict[str, bytes]) -> dict[str, bytes]:
    """Compile ``sources`` (path in ``/opt`` -> text); return what belongs in ``__pycache__`` (path -> content)."""
    with tempfile.TemporaryDirectory() as folder:
        compiler = Path(folder, "compiler.py")
        compiler.write_text(_COMPILER, encoding="utf-8")
        jobs: list[tuple[str, str, str]] = []
        for number, (name, text) in enumerate(sources.items()):
            source = Path(folder, f"{number}.py")
            source.write_bytes(text)
            jobs.append((str(source), str(source) + "c", f"/opt/{name}"))
        command: list[str | Path] = [interpreter.path, "-s", "-S", "-B", "-X", "no_debug_ranges", compiler]
        # Nothing else of the environment: PYTHONPATH or a locale must not reach the result.
        environment = {"PYTHONHASHSEED": "0", "PATH": os.environ.get("PATH", "")}
        if "LD_LIBRARY_PATH" in os.environ:  # where an interpreter outside the system's folders finds its own library
            environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
        done = subprocess.run(
            command, input=json.dumps(jobs).encode(), capture_output=True, check=False, env=environment, cwd=folder
        )
        if done.returncode:
            raise BytecodeError(f"Python {interpreter}: {done.stderr.decode(errors='replace').strip()}")
        return {_cached(name, interpreter): Path(job[1]).read_bytes() for name, job in zip(sources, jobs, strict=True)}


def _cached(name: str, interpreter: Interpreter) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder}/__pycache__/{file.removesuffix('.py')}.cpython-3{interpreter.minor}.pyc"
