"""What is laid on /opt: nothing, Preheat as built, or the conventional extension."""

from __future__ import annotations

import shutil
import sysconfig
import zipfile
from pathlib import Path

from tests.emulator.namespace import ROOT

HERE = Path(__file__).resolve().parent
LAYER = ROOT / "dist" / "layer.zip"
FUNCTION = HERE / "functions" / "nothing"
NOTHING, PREHEAT, CONVENTIONAL = "nothing", "Preheat", "requests + boto3"


def lay_out(folder: Path, layer: Path) -> dict[str, Path]:
    """A folder for /opt for each variant, below ``folder``; ``layer`` is Preheat's zip."""
    nothing = folder / "nothing"
    nothing.mkdir(parents=True)
    return {
        NOTHING: nothing,
        PREHEAT: _preheat(folder / "preheat", layer),
        CONVENTIONAL: _conventional(folder / "conventional"),
    }


def launcher(opt: Path) -> Path:
    """The one file in ``extensions``."""
    (file,) = (opt / "extensions").iterdir()
    return file


def _preheat(opt: Path, layer: Path) -> Path:
    with zipfile.ZipFile(layer) as archive:
        archive.extractall(opt)
        for entry in archive.infolist():
            (opt / entry.filename).chmod(entry.external_attr >> 16)
    return opt


def _conventional(opt: Path) -> Path:
    """Its libraries are those of .venv, where pip has compiled them."""
    (opt / "extensions").mkdir(parents=True)
    (opt / "conventional").mkdir()
    shutil.copy(HERE / "conventional" / "launcher", opt / "extensions" / "conventional")
    shutil.copy(HERE / "conventional" / "extension.py", opt / "conventional")
    (opt / "conventional" / "packages").symlink_to(sysconfig.get_path("purelib"))
    return opt
