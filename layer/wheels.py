"""Wheels from a package index, by hash: fetched once into ``.cache/``, every file checked before it is used."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

_PIP = Path(__file__).resolve().parent.parent / ".cache" / "pip"
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class WheelError(Exception):
    """A wheel could not be had, or is not what its hash or its RECORD says."""


def fetch(requirements: Path, cache: Path) -> Path:
    """Return the one wheel that ``requirements`` pins by hash, from ``cache`` where it already lies.

    A wheel in the cache is hashed again: nothing is trusted for where it lies. pip runs from an environment of its own:
    building needs neither ``.venv`` nor a Python that has pip.
    """
    allowed = set(_HASH.findall(requirements.read_text(encoding="utf-8")))
    for wheel in sorted(cache.glob("*.whl")):
        if hashlib.sha256(wheel.read_bytes()).hexdigest() in allowed:
            return wheel

    if not (_PIP / "bin" / "pip").exists():
        venv.create(_PIP, clear=True, with_pip=True)
    command: list[str | Path] = [_PIP / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    command += ["download", "--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement", requirements]
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        done = subprocess.run([*command, "--dest", folder], check=False, stdout=sys.stderr)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            raise WheelError(f"pip could not download what {requirements.name} names")
        return wheels[0].replace(cache / wheels[0].name)


def read(wheel: Path, names: list[str]) -> dict[str, bytes]:
    """Return the named files of ``wheel``; each must have the hash and size that the wheel's RECORD gives it.

    The format: https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file
    """
    with zipfile.ZipFile(wheel) as archive:
        record_name = next((name for name in archive.namelist() if name.endswith(".dist-info/RECORD")), None)
        if record_name is None:
            raise WheelError(f"{wheel.name} has no RECORD")
        record = csv.reader(io.StringIO(archive.read(record_name).decode("utf-8")))
        expected = {name: (digest, size) for name, digest, size in record}
        contents = {}
        for name in names:
            try:
                content = archive.read(name)
            except KeyError:
                raise WheelError(f"{wheel.name} has no {name}") from None
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            if expected.get(name) != (f"sha256={digest}", str(len(content))):
                raise WheelError(f"{name} in {wheel.name} is not what the wheel's RECORD says")
            contents[name] = content
    return contents
