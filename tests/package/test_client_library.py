"""The client library as functions import it from the layer: bytecode out of its archive, the sources where they lie."""

from __future__ import annotations

import shutil
import subprocess

import pytest

ALL = """
import importlib, pkgutil, sys
for found in pkgutil.iter_modules(preheat.__path__):
    if found.name != "powertools":  # needs the library of that name
        importlib.import_module("preheat." + found.name)
modules = [module for name, module in sys.modules.items() if name.partition(".")[0] == "preheat"]
"""
# Which sources of the library are compiled.
WATCH = """
import sys
compiled = []
def watch(event, arguments):
    if event == "compile" and str(arguments[1]).partition("/preheat/")[1]:
        compiled.append(arguments[1])
sys.addaudithook(watch)
"""


def run(python, folder, program) -> str:
    text = f"{WATCH}sys.path.insert(0, {str(folder)!r})\nimport preheat\n{ALL}{program}"
    done = subprocess.run([python.path, "-I", "-S", "-B", "-c", text], capture_output=True, text=True, timeout=30)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


@pytest.fixture
def folder(opt, tmp_path):
    """The library, copied to where a function packs it for instance."""
    return shutil.copytree(opt / "python", tmp_path / "package")


def test_nothing_is_compiled_and_nothing_is_left_behind(python, opt):
    names = "print(compiled, sorted(set(vars(preheat)) - set(vars(importlib.import_module('preheat.errors')))))"
    told, plain = run(python, opt / "python", names), opt / "plain"
    shutil.copytree(opt / "python", plain, ignore=shutil.ignore_patterns("__pycache__"))
    without = run(python, plain, names)
    assert told.startswith("[] [")
    assert "preheat/__init__.py" in without
    assert told.partition("] ")[2] == without.partition("] ")[2]


def test_every_module_knows_its_source_wherever_the_library_lies(python, folder):
    told = run(
        python,
        folder,
        """
import inspect
for module in modules:
    assert module.__file__.endswith(".py") and module.__spec__.origin == module.__file__, module
    assert inspect.getsource(module), module
    for each in vars(module).values():
        if inspect.isfunction(each):
            assert inspect.getsourcefile(each) == sys.modules[each.__module__].__file__, each
            assert inspect.getsource(each).lstrip().startswith("def " + each.__name__), each
print(len(modules) > 8, compiled, preheat.__file__)
        """,
    )
    assert f"True [] {folder}/preheat/__init__.py\n" == told


def test_a_traceback_shows_the_lines(python, folder):
    told = run(
        python,
        folder,
        """
import traceback
try:
    preheat.get_secrets_by_name("one")
except TypeError:
    print(traceback.format_exc())
        """,
    )
    assert f'File "{folder}/preheat/client.py", line ' in told
    assert 'raise TypeError("names are a list, not one str")' in told


@pytest.mark.parametrize(
    "change", ["no archive", "a broken archive", "another version's archive", "no bytecode at all"]
)
def test_without_its_archive_the_sources_do(python, folder, change):
    archive = folder / "preheat" / "__pycache__" / "bytecode"
    if change == "no archive":
        archive.unlink()
    elif change == "a broken archive":
        archive.write_bytes(archive.read_bytes()[:1000])
    elif change == "another version's archive":
        archive.write_bytes(archive.read_bytes().replace(f"cpython-3{python.minor}".encode(), b"cpython-399"))
    else:
        shutil.rmtree(archive.parent)
    told = run(python, folder, "print(len(modules) > 8, bool(preheat.Client.get_many.__annotations__))")
    assert "True True\n" == told


def test_a_module_that_is_not_there_is_missed_as_ever(python, folder):
    program = """
try:
    import preheat.nothing
except ModuleNotFoundError as error:
    print(error)
importlib.invalidate_caches()
print(importlib.reload(preheat) is preheat)
"""
    assert "No module named 'preheat.nothing'\nTrue\n" == run(python, folder, program)
