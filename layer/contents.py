"""What goes into the layer: the files of the checkout and the vendored library, under their names in ``/opt``."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from layer import wheels
from layer.minify import minify
from layer.shortening import blank

LAUNCHER = "extensions/preheat"
# Some frameworks look for this file to know that AWS's extension is there. Lambda takes the registered name from it.
AWS_LAUNCHER = "extensions/AWSParametersAndSecretsLambdaExtension"
# Of the sidecar, what is not packed: it runs before anything is unpacked.
_PLAIN = ("start.py", "otherwise.py")
# What runs up to "registered", and so is read first; all else is found in the rest.
FIRST = frozenset({"importer.py", "unpacking.py", "extension/__init__.py", "extension/boot.py"})
# What an ordinary start does without, and is read when it is first asked for: 1 ms then, and none of a cold start.
LATE = frozenset(
    {
        "extension/__main__.py",
        "extension/api/secrets_agent.py",
        "extension/api/tables.py",
        "extension/aws/checksums.py",
        "extension/aws/roles.py",
        "extension/aws/tunnel.py",
        "extension/files.py",
        "extension/local.py",
        "extension/proxies.py",
        "extension/settings/documents.py",
        "extension/settings/file.py",
        "extension/sources/ranged.py",
        "extension/tables/__init__.py",
        "extension/tables/delimited.py",
        "extension/tables/documents.py",
        "extension/tables/files.py",
        "extension/tables/index.py",
        "extension/tables/making.py",
        "extension/tables/problems.py",
        "extension/tables/registry.py",
        "extension/tables/sqlite.py",
        "extension/tables/table.py",
        "extension/unlisted.py",
    }
)
# Of the vendored library nothing else is used; what is left out takes imports with it (random, heapq, functools).
_VENDORED = "cachetools/__init__.py"
VENDORED_NAMES = ("Cache", "LRUCache")
# ``collections`` takes 1.5 ms of CPU to import. What the library uses of it is made in modules that are there anyway.
VENDORED_ORIGINS = {"collections.abc.MutableMapping": "_collections_abc", "collections.OrderedDict": "_collections"}
_VENDORED_LICENSE = "licenses/LICENSE"
_SUFFIXES = frozenset({".py", ".pem"})
_NAMES = frozenset({"py.typed"})


class StrayFile(Exception):
    """A file lies where everything is packed, and nobody said what it is."""


class Contents(NamedTuple):
    """``files`` are packed as they are (path in ``/opt`` -> content), the sidecar's ``modules`` (path in
    ``/opt/preheat`` -> minified source) in archives."""

    files: dict[str, bytes]
    modules: dict[str, str]


def gather(root: Path, cache: Path, launcher: str = LAUNCHER) -> Contents:
    """Return what the layer is made of; ``launcher`` is where the launcher lies in it."""
    sidecar = _tree(root / "extension", "extension") | _tree(root / "layer" / "preheat", "")
    files = {launcher: (root / "layer" / LAUNCHER).read_bytes()}
    for path, content in _tree(root / "layer" / "python", "").items():
        files[f"python/{path}"] = blank(content, path) if path.endswith(".py") else content
    for name in ("LICENSE", "NOTICE"):
        files[f"preheat/{name}"] = (root / name).read_bytes()

    wheel = wheels.fetch(root / "requirements" / "layer.txt", cache)
    name, version = wheel.name.split("-")[:2]
    license_name = f"{name}-{version}.dist-info/{_VENDORED_LICENSE}"
    vendored = wheels.read(wheel, [_VENDORED, license_name])
    files[f"preheat/{name}.LICENSE"] = vendored[license_name]

    modules = {_VENDORED: minify(vendored[_VENDORED], _VENDORED, VENDORED_NAMES, VENDORED_ORIGINS)}
    for path, content in sidecar.items():
        if path.endswith(".py") and path not in _PLAIN:
            modules[path] = minify(content, path)
        else:
            files[f"preheat/{path}"] = content
    return Contents(files, modules)


def _tree(folder: Path, prefix: str) -> dict[str, bytes]:
    contents = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_dir() or any(part == "__pycache__" or part.startswith(".") for part in relative.parts):
            continue
        if path.suffix not in _SUFFIXES and path.name not in _NAMES:
            kinds = ", ".join(sorted(_SUFFIXES | _NAMES))
            raise StrayFile(f"{path} is none of {kinds}: remove it, or say in layer/contents.py that it is packed")
        contents[(Path(prefix) / relative).as_posix()] = path.read_bytes()
    return contents
