"""What a run needs on the disk: the layer as Lambda lays it on /opt, the function as it lies in /var/task."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from demo.records import Failed

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
LAYER = ROOT / "dist" / "layer.zip"
SAMPLE = ROOT / "sample_function" / "order_pricing"
_FUNCTION = Path(__file__).resolve().parent / "function"


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one run, in .cache, as what lies in /tmp may not be executable. Those of killed runs go."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    for left in cache.glob("demo-*"):
        if not _runs(left.name.split("-")[1]):
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"demo-{os.getpid()}-", dir=cache) as path:
        yield Path(path)


def _runs(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        pass  # it is somebody else's
    return True


def is_current(layer: Path, root: Path = ROOT) -> bool:
    """Whether nothing that the layer is made of has changed since it was built."""
    if not layer.exists():
        return False
    sources = [root / "build.sh", *(root / "requirements" / name for name in ("build.txt", "layer.txt"))]
    for name in ("extension", "layer"):
        # Folders too: theirs is the time at which a file came or went.
        sources += [path for path in (root / name).rglob("*") if "__pycache__" not in path.parts]
    return max(path.stat().st_mtime for path in sources) < layer.stat().st_mtime


def build_layer() -> None:
    """Write dist/layer.zip anew."""
    done = subprocess.run([ROOT / "build.sh"], check=False, capture_output=True, text=True)  # noqa: S603 (our own)
    if done.returncode:
        raise Failed(f"./build.sh failed:\n{done.stderr.strip() or done.stdout.strip()}")


def lay_out_layer(layer: Path, opt: Path) -> Path:
    """Unpack it as Lambda does, with the modes that it has in the zip."""
    try:
        with zipfile.ZipFile(layer) as archive:
            archive.extractall(opt)
            for entry in archive.infolist():
                (opt / entry.filename).chmod(entry.external_attr >> 16)
    except (OSError, zipfile.BadZipFile) as error:
        raise Failed(f"{layer} cannot be unpacked: {error}") from None
    return opt


def lay_out_function(task: Path) -> Path:
    """The sample function with a clock around it, compiled, as a read-only folder cannot be compiled to."""
    shutil.copytree(SAMPLE, task / SAMPLE.name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in _FUNCTION.glob("*.py"):
        shutil.copy(file, task)
    compileall.compile_dir(task, quiet=1)
    return task
