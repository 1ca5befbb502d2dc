"""Write ``dist/layer.zip``: gather, compile for each CPython found, pack, and say what was done."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import zlib
from pathlib import Path

from layer import archive, bytecode, contents, interpreters, wheels

ROOT = Path(__file__).resolve().parent.parent
# Bytes. Bytecode of one CPython deflates to half the size of the sources, and there are five versions of it.
MAX_SIZE = 1_200_000


class BuildError(Exception):
    """The layer cannot be built as it has to be."""


def main(arguments: list[str]) -> int:
    """Build as ``arguments`` say; return the exit status."""
    parser = argparse.ArgumentParser(prog="build.sh", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "layer.zip", help="default: dist/layer.zip")
    parser.add_argument(
        "--pythons", type=Path, nargs="+", metavar="PYTHON", help="make bytecode with these and look for no others"
    )
    options = parser.parse_args(arguments)
    try:
        build(options.output, options.pythons, os.environ.get("SOURCE_DATE_EPOCH"))
    except (BuildError, bytecode.BytecodeError, contents.StrayFile, wheels.WheelError, OSError) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


def build(output: Path, candidates: list[Path] | None, epoch: str | None) -> None:
    """Write the layer to ``output``, whole or not at all."""
    if epoch and not epoch.isdigit():
        raise BuildError(f"SOURCE_DATE_EPOCH is {epoch!r}: it must be a number of seconds")
    cache = ROOT / ".cache" / "layer"
    cache.mkdir(parents=True, exist_ok=True)
    files = contents.gather(ROOT, cache)
    found = interpreters.find(candidates)
    if not found:
        raise BuildError("no CPython to make bytecode with: install one of 3.10 to 3.14, or name one with --pythons")
    # In this order and no other: what an interpreter has compiled before is part of what it writes.
    sources = {name: files[name] for name in sorted(files) if name.endswith(".py")}
    compiled: dict[str, bytes] = {}
    for interpreter in found:
        compiled |= bytecode.compile_all(interpreter, sources)
    layer = archive.write(files | compiled, frozenset({contents.LAUNCHER}), int(epoch) if epoch else None)
    if len(layer) > MAX_SIZE:
        raise BuildError(f"the layer has {len(layer):,} bytes, more than {MAX_SIZE:,}")
    output.parent.mkdir(parents=True, exist_ok=True)
    unfinished = output.with_name(output.name + ".unfinished")
    unfinished.write_bytes(layer)
    unfinished.replace(output)
    _tell(output, layer, files, compiled, found)


def _tell(
    output: Path,
    layer: bytes,
    files: dict[str, bytes],
    compiled: dict[str, bytes],
    found: list[interpreters.Interpreter],
) -> None:
    print(f"{output}: {len(files) + len(compiled)} files, {len(layer):,} bytes")
    parts = {
        "launcher": {name: files[name] for name in files if name.startswith("extensions/")},
        "sidecar": {name: files[name] for name in files if name.startswith("preheat/")},
        "client library": {name: files[name] for name in files if name.startswith("python/")},
    }
    for interpreter in found:
        tag = f".cpython-3{interpreter.minor}.pyc"
        parts[f"bytecode {interpreter}"] = {name: compiled[name] for name in compiled if name.endswith(tag)}
    for part, members in parts.items():
        if members:
            packed = len(archive.write(members, frozenset()))
            unpacked = sum(len(content) for content in members.values())
            print(f"  {part:<18} {len(members):3} files {packed:9,} bytes, {unpacked:9,} unpacked")
    print(f"  made by CPython {sys.version.split()[0]} with zlib {zlib.ZLIB_RUNTIME_VERSION}")
    print(f"sha256 {hashlib.sha256(layer).hexdigest()}")
    minors = {interpreter.minor for interpreter in found}
    for minor in interpreters.MINORS:
        if minor not in minors:
            print(
                f"WARNING: no CPython 3.{minor} here, so no bytecode for it:"
                f" on the runtime python3.{minor} every cold start will compile the sidecar again",
                file=sys.stderr,
            )
