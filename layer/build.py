"""Write ``dist/layer.zip``: gather, compile for each CPython found, pack, and say what was done. Beside it lies
``layer.cdx.json``, which says what it is made of."""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import zlib
from pathlib import Path

from layer import archive, bytecode, contents, interpreters, marshalled, minify, sbom, streams, wheels

ROOT = Path(__file__).resolve().parent.parent
# Bytes. Bytecode of four CPythons is 320 KB of it, of five 400; the client library with its own 185 KB. Whatever would
# make it smaller costs milliseconds of a cold start (a stronger compression), or the lines of a function's tracebacks.
MAX_SIZE = 850_000


class BuildError(Exception):
    """The layer cannot be built as it has to be."""


_PROBLEMS = (
    BuildError,
    OSError,
    bytecode.BytecodeError,
    contents.StrayFile,
    marshalled.FormatError,
    minify.Unreadable,
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
    layer = archive.write(everything, frozenset({launcher}), date)
    if len(layer) > MAX_SIZE:
        raise BuildError(f"the layer has {len(layer):,} bytes, more than {MAX_SIZE:,}")
    described = sbom.describe(ROOT, cache, layer, date)
    output.parent.mkdir(parents=True, exist_ok=True)
    for path, content in ((output.with_suffix(".cdx.json"), described), (output, layer)):
        unfinished = path.with_name(path.name + ".unfinished")
        unfinished.write_bytes(content)
        unfinished.replace(path)
    _tell(output, layer, parts, found)


def _parts(
    files: dict[str, bytes], modules: dict[str, str], found: list[interpreters.Interpreter]
) -> dict[str, dict[str, bytes]]:
    """All that is packed (path in ``/opt`` -> content), by what it is."""
    library = {path: content for path, content in files.items() if path.startswith("python/") and path.endswith(".py")}
    compiled = {each.minor: bytecode.compile_all(each, library, modules) for each in found}
    packed = streams.make({minor: made.modules for minor, made in compiled.items()}, contents.FIRST)
    parts = {
        "launcher, licenses": {path: files[path] for path in files if not path.startswith("python/")},
        "sources": {"preheat/sources": streams.of_sources(modules)},
        "shared bytecode": {"preheat/bytecode/shared": packed.shared},
    }
    for each in found:
        made, first, rest = compiled[each.minor], packed.first[each.minor], packed.rest[each.minor]
        bytecode.check(each, made.modules, [first, packed.shared + rest])
        place = f"preheat/bytecode/cpython-3{each.minor}"
        parts[f"bytecode {each}"] = {f"{place}.first": made.magic + first, f"{place}.rest": rest} | made.cached
    parts["client library"] = {path: files[path] for path in files if path.startswith("python/")}
    return parts


def _tell(
    output: Path, layer: bytes, parts: dict[str, dict[str, bytes]], found: list[interpreters.Interpreter]
) -> None:
    print(f"{output}: {sum(map(len, parts.values()))} files, {len(layer):,} bytes")
    for part, members in parts.items():
        if members:
            packed = len(archive.write(members, frozenset()))
            unpacked = sum(len(content) for content in members.values())
            print(f"  {part:<18} {len(members):3} files {packed:9,} bytes, {unpacked:9,} unpacked")
    print(f"  made by CPython {sys.version.split()[0]} with zlib {zlib.ZLIB_RUNTIME_VERSION}")
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
