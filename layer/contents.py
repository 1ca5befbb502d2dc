"""What goes into the layer: the files of the checkout and the vendored library, under their names in ``/opt``."""

from __future__ import annotations

from pathlib import Path

from layer import wheels

LAUNCHER = "extensions/preheat"
# The caches and their keys. The decorators (_cached.py and on) are imported on use, and the sidecar uses none.
_VENDORED = ["cachetools/__init__.py", "cachetools/keys.py"]
_VENDORED_LICENSE = "licenses/LICENSE"
_SUFFIXES = frozenset({".py", ".pem"})
_NAMES = frozenset({"py.typed"})


class StrayFile(Exception):
    """A file lies where everything is packed, and nobody said what it is."""


def gather(root: Path, cache: Path) -> dict[str, bytes]:
    """Return the layer's files without bytecode (path in ``/opt`` -> content)."""
    contents = {LAUNCHER: (root / "layer" / LAUNCHER).read_bytes()}
    contents |= _tree(root / "extension", "preheat/extension")
    contents |= _tree(root / "layer" / "preheat", "preheat")
    contents |= _tree(root / "layer" / "python", "python")
    for name in ("LICENSE", "NOTICE"):
        contents[f"preheat/{name}"] = (root / name).read_bytes()
    return contents | _vendored(root / "requirements" / "layer.txt", cache)


def _tree(folder: Path, prefix: str) -> dict[str, bytes]:
    contents = {}
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        if path.is_dir() or any(part == "__pycache__" or part.startswith(".") for part in relative.parts):
            continue
        if path.suffix not in _SUFFIXES and path.name not in _NAMES:
            kinds = ", ".join(sorted(_SUFFIXES | _NAMES))
            raise StrayFile(f"{path} is none of {kinds}: remove it, or say in layer/contents.py that it is packed")
        contents[f"{prefix}/{relative.as_posix()}"] = path.read_bytes()
    return contents


def _vendored(requirements: Path, cache: Path) -> dict[str, bytes]:
    wheel = wheels.fetch(requirements, cache)
    name, version = wheel.name.split("-")[:2]
    license_name = f"{name}-{version}.dist-info/{_VENDORED_LICENSE}"
    files = wheels.read(wheel, [*_VENDORED, license_name])
    files[f"{name}/LICENSE"] = files.pop(license_name)
    return {f"preheat/{path}": content for path, content in files.items()}
