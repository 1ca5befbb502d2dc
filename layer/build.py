"""Write ``dist/layer.zip``: gather, compile for each CPython found, pack, and say what was done. Beside it lies
``layer.cdx.json``, which says what it is made of."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from layer import (
    archive,
    bytecode,
    contents,
    deflate,
    interpreters,
    marshalled,
    packing,
    sbom,
    shortening,
    sources,
    streams,
    wheels,
)

ROOT = Path(__file__).resolve().parent.parent
# Bytes. With bytecode of the four CPythons 3.10 to 3.13 it has 398,000: 234 KB for the sidecar, 57 for the client, and
# 73 of sources. 3.14 takes 64 KB more: it has its small numbers in the instructions, so other constants.
MAX_SIZE = 500_000
_LIBRARY = "python/preheat/"


class BuildError(Exception):
    """The layer cannot be built as it has to be."""


_PROBLEMS = (
    BuildError,
    OSError,
    bytecode.BytecodeError,
    contents.StrayFile,
    marshalled.FormatError,
    shortening.Unreadable,
    sbom.Undescribed,
    wheels.WheelError,
)


def main(arguments: list[str]) -> int:
    """Build as ``arguments`` say; return the exit status."""
    parser = argparse.ArgumentParser(prog="build.sh", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "layer.zip", help="default: dist/layer.zip")
    parser.add_argument(
        "--pythons", type=Path, nargs="+", metavar="PYTHON", help="make bytecode with these and look for no others"
    )
    parser.add_argument(
        "--aws-name",
        action="store_true",
        help=f"install the launcher as {contents.AWS_LAUNCHER}, for tools that look for that file",
    )
    options = parser.parse_args(arguments)
    launcher = contents.AWS_LAUNCHER if options.aws_name else contents.LAUNCHER
    try:
        build(options.output, options.pythons, os.environ.get("SOURCE_DATE_EPOCH"), launcher)
    except _PROBLEMS as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
    return 0


def build(output: Path, candidates: list[Path] | None, epoch: str | None, launcher: str) -> None:
    """Write the layer to ``output``, whole or not at all; ``launcher`` is where the launcher lies in it."""
    if epoch and not epoch.isdigit():
        raise BuildError(f"SOURCE_DATE_EPOCH is {epoch!r}: it must be a number of seconds")
    cache = ROOT / ".cache" / "layer"
    cache.mkdir(parents=True, exist_ok=True)
    found = interpreters.find(candidates)
    if not found:
        raise BuildError("no CPython to make bytecode with: install one of 3.10 to 3.14, or name one with --pythons")
    files, modules = contents.gather(ROOT, cache, launcher)
    parts = _parts(files, modules, found)
    everything = {name: content for members in parts.values() for name, content in members.items()}
    date = int(epoch) if epoch else None
    compress = deflate.load(ROOT / "requirements" / "build.txt", cache)
    layer = archive.write(everything, frozenset({launcher}), date, compress)
    if len(layer) > MAX_SIZE:
        raise BuildError(f"the layer has {len(layer):,} bytes, more than {MAX_SIZE:,}")
    described = sbom.describe(ROOT, cache, layer, date)
    output.parent.mkdir(parents=True, exist_ok=True)
    for path, content in ((output.with_suffix(".cdx.json"), described), (output, layer)):
        unfinished = path.with_name(path.name + ".unfinished")
        unfinished.write_bytes(content)
        unfinished.replace(path)
    _tell(output, layer, parts, found, compress)


def _parts(
    files: dict[str, bytes], modules: dict[str, str], found: list[interpreters.Interpreter]
) -> dict[str, dict[str, bytes]]:
    """All that is packed (path in ``/opt`` -> content), by what it is."""
    library = {
        path.removeprefix(_LIBRARY): content
        for path, content in files.items()
        if path.startswith(_LIBRARY) and path.endswith(".py")
    }
    compiled = {each.minor: bytecode.compile_all(each, library, modules) for each in found}
    opcodes = {minor: made.opcodes for minor, made in compiled.items()}
    packed = streams.make(
        {minor: made.modules for minor, made in compiled.items()}, opcodes, contents.FIRST, contents.LATE
    )
    packed_library = packing.pack({minor: made.library for minor, made in compiled.items()}, opcodes)
    first = {made.magic: packed.first[minor] for minor, made in compiled.items()}
    archives = {"first": marshalled.plain(first), "rest": packed.rest, "late": packed.late}
    parts = {
        "launcher, licenses": {path: files[path] for path in files if not path.startswith("python/")},
        "sources": {"preheat/sources": sources.pack(modules)},
        "bytecode": {f"preheat/bytecode/{name}": archive for name, archive in archives.items()},
    }
    programs = {made.magic: made.program for made in compiled.values()}
    client = {f"{_LIBRARY}__pycache__/bytecode": marshalled.plain((programs, packed_library))}
    for each in found:
        made = compiled[each.minor]
        bytecode.check(each, made.modules, packed.first[each.minor], packed.rest, packed.late)
        bytecode.check(each, made.library, streams.NOTHING, packed_library)
        client[f"{_LIBRARY}__pycache__/__init__.{packing.tag(each.minor)}.pyc"] = made.cached
    parts["client library"] = {path: files[path] for path in files if path.startswith("python/")}
    parts["its bytecode"] = client
    return parts


def _tell(
    output: Path,
    layer: bytes,
    parts: dict[str, dict[str, bytes]],
    found: list[interpreters.Interpreter],
    compress: Callable[[bytes], bytes],
) -> None:
    print(f"{output}: {sum(map(len, parts.values()))} files, {len(layer):,} bytes")
    for part, members in parts.items():
        if members:
            packed = len(archive.write(members, frozenset(), deflate=compress))
            unpacked = sum(len(content) for content in members.values())
            print(f"  {part:<18} {len(members):3} files {packed:9,} bytes, {unpacked:9,} unpacked")
    print(f"  bytecode for CPython {', '.join(map(str, found))}")
    print(f"  made by CPython {sys.version.split()[0]}")
    print(f"  made of what {output.with_suffix('.cdx.json').name} lists")
    print(f"sha256 {hashlib.sha256(layer).hexdigest()}")
    minors = {interpreter.minor for interpreter in found}
    for minor in interpreters.MINORS:
        if minor not in minors:
            print(
                f"WARNING: no CPython 3.{minor} here, so no bytecode for it:"
                f" on the runtime python3.{minor} every cold start will compile the sidecar again",
                file=sys.stderr,
            )
