"""The layer, built once from a snapshot of the checkout, and the CPythons found here. Needs no virtual environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from layer import interpreters, wheels

ROOT = Path(__file__).resolve().parents[2]
# What build.sh reads. The wheels come along, so that one download serves every build.
PARTS = ("LICENSE", "NOTICE", "build.sh", "extension", "layer", "requirements", "tools", ".cache/layer")
PYTHONS = interpreters.find() or interpreters.find([Path(sys.executable)])


def build(checkout: Path, *arguments: str | Path, check: bool = True, **options) -> subprocess.CompletedProcess[str]:
    """Run ``build.sh`` of ``checkout``; `options` as for ``subprocess.run``."""
    done = subprocess.run([checkout / "build.sh", *arguments], capture_output=True, text=True, check=False, **options)
    assert not check or done.returncode == 0, done.stderr
    return done


def copy(source: Path, target: Path) -> Path:
    for part in PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / part, target / part)
    return target


@pytest.fixture(scope="session")
def checkout(tmp_path_factory):
    """What there is to build from, as it was when the tests began."""
    cache = ROOT / ".cache" / "layer"
    cache.mkdir(parents=True, exist_ok=True)
    for name in ("layer.txt", "build.txt"):
        wheels.fetch(ROOT / "requirements" / name, cache)
    return copy(ROOT, tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def built(checkout):
    """What ``build.sh`` did with every CPython found: its output; the zip is ``dist/layer.zip`` in the checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    return build(checkout, env=environment)


@pytest.fixture(scope="session")
def layer_zip(checkout, built):
    return checkout / "dist" / "layer.zip"


@pytest.fixture(scope="session")
def unpacked(layer_zip, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(layer_zip) as archive:
        archive.extractall(folder)
        for entry in archive.infolist():
            (folder / entry.filename).chmod(entry.external_attr >> 16)
    return folder


@pytest.fixture
def opt(unpacked, tmp_path):
    """A copy of what Lambda would lay at ``/opt``, with the modes that the zip gives."""
    return Path(shutil.copytree(unpacked, tmp_path / "opt"))


@pytest.fixture(params=PYTHONS, ids=str)
def python(request):
    """Each CPython that the layer has bytecode for and that is here."""
    return request.param
