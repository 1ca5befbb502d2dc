"""The zip: what is in it, and that it is the same bytes every time."""

from __future__ import annotations

import importlib.metadata
import os
import stat
import zipfile
from pathlib import Path

from layer.contents import VENDORED_NAMES, VENDORED_ORIGINS
from layer.minify import minify
from tests.package.conftest import PYTHONS, build, copy
from tests.package.starting import sources

# Everything outside python/, by name.
PINNED = {
    "extensions/preheat",
    "preheat/LICENSE",
    "preheat/NOTICE",
    "preheat/bytecode/first",
    "preheat/bytecode/late",
    "preheat/bytecode/rest",
    "preheat/cachetools.LICENSE",
    "preheat/extension/aws/amazon_roots.pem",
    "preheat/otherwise.py",
    "preheat/sources",
    "preheat/start.py",
}


def names(layer_zip):
    with zipfile.ZipFile(layer_zip) as archive:
        return set(archive.namelist())


def test_outside_the_client_library_every_file_is_pinned_by_name(layer_zip):
    assert PINNED == {name for name in names(layer_zip) if not name.startswith("python/")}


def test_the_client_library_is_packed_whole_with_bytecode_for_every_cpython_found(layer_zip, checkout):
    paths = (checkout / "layer" / "python").rglob("*.*")
    expected = {str(Path("python", path.relative_to(checkout / "layer" / "python"))) for path in paths}
    cached = "python/preheat/__pycache__"
    expected |= {f"{cached}/__init__.cpython-3{python.minor}.pyc" for python in PYTHONS} | {f"{cached}/bytecode"}
    assert "python/preheat/__init__.py" in expected
    assert expected == {name for name in names(layer_zip) if name.startswith("python/")}


def test_the_sidecar_is_packed_whole_and_nothing_else_is(opt, checkout):
    own = {path.relative_to(checkout).as_posix() for path in (checkout / "extension").rglob("*.py")}
    assert own | {"importer.py", "unpacking.py", "cachetools/__init__.py"} == set(sources(opt))


def test_it_has_at_most_400_kb_with_bytecode_for_four_cpythons(layer_zip):
    """And at most 70 more with a fifth."""
    assert 400_000 + 70_000 * max(0, len(PYTHONS) - 4) >= layer_zip.stat().st_size


def test_extensions_holds_one_file_because_lambda_starts_every_file_in_it(layer_zip):
    assert ["extensions/preheat"] == [name for name in names(layer_zip) if name.startswith("extensions/")]


def test_only_the_launcher_is_executable_and_every_entry_is_a_plain_file_of_1980(layer_zip):
    with zipfile.ZipFile(layer_zip) as archive:
        modes = {entry.filename: stat.filemode(entry.external_attr >> 16) for entry in archive.infolist()}
        others = {(entry.date_time, entry.create_system, entry.compress_type) for entry in archive.infolist()}
    assert "-rwxr-xr-x" == modes.pop("extensions/preheat")
    assert {"-rw-r--r--"} == set(modes.values())
    assert {((1980, 1, 1, 0, 0, 0), 3, zipfile.ZIP_DEFLATED)} == others


def test_the_vendored_library_is_the_one_that_the_tests_run_with(opt):
    """What pip installed by the same pin, without the classes that nothing here uses, nor ``collections``."""
    (path,) = [file for file in importlib.metadata.files("cachetools") or () if str(file) == "cachetools/__init__.py"]
    installed = minify(Path(str(path.locate())).read_bytes(), str(path), VENDORED_NAMES, VENDORED_ORIGINS)
    assert installed == sources(opt)["cachetools/__init__.py"]
    assert "class LRUCache" in installed
    assert "class TTLCache" not in installed
    assert "import _collections\nimport _collections_abc\n" in installed


def test_the_same_bytes_from_another_folder_time_zone_umask_and_clock(checkout, layer_zip, tmp_path):
    """Other modification times, another locale, working directory and hash seed as well."""
    elsewhere = copy(checkout, tmp_path / "a folder with blanks")
    for number, path in enumerate(sorted(elsewhere.rglob("*"))):
        if path.is_file() and not path.is_symlink():
            os.utime(path, (1_000_000_000 + number, 1_700_000_000 - number))
    environment = {"PATH": os.environ["PATH"], "TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "12345"}
    for name in ("HOME", "PYENV_ROOT"):
        if name in os.environ:
            environment[name] = os.environ[name]
    output = tmp_path / "other.zip"
    build(elsewhere, "--output", output, env=environment, cwd="/", umask=0o077)
    assert layer_zip.read_bytes() == output.read_bytes()
