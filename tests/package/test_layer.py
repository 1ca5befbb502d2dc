"""The zip: what is in it, that it is the same bytes every time, and that its bytecode is used."""

from __future__ import annotations

import importlib.metadata
import os
import stat
import subprocess
import zipfile
from pathlib import Path

from tests.package.conftest import PYTHONS, build, copy

# Everything outside extension/ and python/, by name.
PINNED = {
    "extensions/preheat",
    "preheat/LICENSE",
    "preheat/NOTICE",
    "preheat/cachetools/LICENSE",
    "preheat/cachetools/__init__.py",
    "preheat/cachetools/keys.py",
    "preheat/start.py",
}
# Every module by its own name from a fresh interpreter; nothing is printed where all is well.
IMPORT_ALL = """
import sys
sys.path.insert(0, sys.argv[1])
for name in sys.argv[2:]:
    try:
        __import__(name)
    except BaseException as error:
        print(name, repr(error))
"""


def names(layer_zip):
    with zipfile.ZipFile(layer_zip) as archive:
        return set(archive.namelist())


def modules(opt):
    """The sidecar's modules as they are imported; ``__main__`` would run, not load."""
    for path in sorted((opt / "preheat").rglob("*.py")):
        parts = path.relative_to(opt / "preheat").with_suffix("").parts
        if len(parts) > 1 and parts[-1] != "__main__":
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def import_all(python, opt):
    command = [python.path, "-I", "-S", "-c", IMPORT_ALL, opt / "preheat", *modules(opt)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_outside_the_sidecar_and_the_client_every_file_is_pinned_by_name(layer_zip):
    other = {name for name in names(layer_zip) if "__pycache__" not in name}
    assert PINNED == {name for name in other if not name.startswith(("preheat/extension/", "python/preheat/"))}


def test_the_sidecar_and_the_client_are_packed_whole_and_nothing_else_is(layer_zip, checkout):
    expected = set()
    for folder, prefix in (("extension", "preheat/extension"), ("layer/python", "python")):
        for path in (checkout / folder).rglob("*"):
            if path.suffix in {".py", ".pem"} or path.name == "py.typed":
                expected.add(f"{prefix}/{path.relative_to(checkout / folder).as_posix()}")
    packed = {name for name in names(layer_zip) if "__pycache__" not in name}
    assert expected | PINNED == packed


def test_extensions_holds_one_file_because_lambda_starts_every_file_in_it(layer_zip):
    assert ["extensions/preheat"] == [name for name in names(layer_zip) if name.startswith("extensions/")]


def test_every_source_has_bytecode_for_every_cpython_found_and_there_is_no_other(layer_zip):
    expected = set()
    for name in names(layer_zip):
        if name.endswith(".py"):
            folder, _, file = name.rpartition("/")
            expected |= {f"{folder}/__pycache__/{file[:-3]}.cpython-3{python.minor}.pyc" for python in PYTHONS}
    assert expected == {name for name in names(layer_zip) if "__pycache__" in name}


def test_only_the_launcher_is_executable_and_every_entry_is_a_plain_file_of_1980(layer_zip):
    with zipfile.ZipFile(layer_zip) as archive:
        modes = {entry.filename: stat.filemode(entry.external_attr >> 16) for entry in archive.infolist()}
        others = {(entry.date_time, entry.create_system, entry.compress_type) for entry in archive.infolist()}
    assert "-rwxr-xr-x" == modes.pop("extensions/preheat")
    assert {"-rw-r--r--"} == set(modes.values())
    assert {((1980, 1, 1, 0, 0, 0), 3, zipfile.ZIP_DEFLATED)} == others


def test_the_vendored_library_is_the_one_that_the_tests_run_with(opt):
    """Byte for byte what pip installed by the same pin, apart from the modules that are left out."""
    vendored = {path.name: path.read_bytes() for path in (opt / "preheat" / "cachetools").glob("*.py")}
    installed = {file.name: Path(file.locate()) for file in importlib.metadata.files("cachetools") or ()}
    assert vendored == {name: installed[name].read_bytes() for name in vendored}


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


def test_bytecode_alone_is_enough_to_import_everything(python, opt):
    """With a trap in place of every source: what imports came from bytecode, though the sources are newer."""
    for source in (opt / "preheat").rglob("*.py"):
        source.write_text("raise SystemExit('the source was read')\n")
    before = snapshot(opt)
    assert "" == import_all(python, opt)
    assert before == snapshot(opt)


def test_bytecode_names_the_place_on_lambda_and_has_neither_docstrings_nor_asserts(python, opt):
    look = """
import importlib.util, marshal, pathlib, sys
for cached in map(pathlib.Path, sys.argv[2:]):
    source = pathlib.Path(importlib.util.source_from_cache(str(cached)))
    head, code = cached.read_bytes()[:16], marshal.loads(cached.read_bytes()[16:])
    assert head[:4] == importlib.util.MAGIC_NUMBER, cached
    assert head[4:8] == (0b01).to_bytes(4, "little"), f"{cached} is not an unchecked-hash pyc"
    assert head[8:] == importlib.util.source_hash(source.read_bytes()), cached
    assert code.co_filename == "/opt/" + str(source.relative_to(sys.argv[1])), code.co_filename
    assert "AssertionError" not in code.co_names and "__doc__" not in code.co_names, cached
print("looked at", len(sys.argv[2:]))
"""
    cached = sorted(opt.rglob(f"*.cpython-3{python.minor}.pyc"))
    done = subprocess.run([python.path, "-I", "-S", "-c", look, opt, *cached], capture_output=True, text=True)
    assert (f"looked at {len(cached)}\n", "") == (done.stdout, done.stderr)
    assert len(cached) >= 4


def test_without_bytecode_for_a_version_everything_imports_from_source(python, opt):
    for cached in opt.rglob(f"*.cpython-3{python.minor}.pyc"):
        cached.unlink()
    assert "" == import_all(python, opt)
