"""Importing from the archives: bytecode where there is some for the running CPython, else the sources."""

from __future__ import annotations

import marshal
import shutil

import pytest

from layer.contents import LATE
from tests.package.starting import IMPORT_ALL, sources, started


@pytest.fixture
def modules(opt):
    """The sidecar's modules as they are imported; ``__main__`` would run, not load."""
    paths = [path.removesuffix(".py").removesuffix("/__init__") for path in sources(opt)]
    return [path.replace("/", ".") for path in paths if not path.endswith(("__main__", "importer", "unpacking"))]


@pytest.fixture(params=["bytecode", "sources"])
def either(request, opt):
    """Where the modules come from: the one is there, the other is not."""
    if request.param == "bytecode":
        (opt / "preheat" / "sources").unlink()
    else:
        shutil.rmtree(opt / "preheat" / "bytecode")
    return request.param


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_either_alone_is_enough_to_import_everything_and_nothing_is_written(python, opt, modules, either):
    before = snapshot(opt)
    assert "" == started(python, opt, IMPORT_ALL, *modules)
    assert before == snapshot(opt)


def test_with_both_the_sources_are_not_even_looked_at(python, opt, modules):
    (opt / "preheat" / "sources").write_bytes(b"no marshal stream")
    assert "" == started(python, opt, IMPORT_ALL, *modules)


@pytest.mark.parametrize("change", ["another magic number", "cut short", "empty"])
def test_bytecode_of_another_format_is_not_run(python, opt, modules, change):
    """A pre-release has the name of its version, and not its format."""
    first = opt / "preheat" / "bytecode" / "first"
    content = marshal.loads(first.read_bytes())
    if change == "another magic number":
        first.write_bytes(marshal.dumps({bytes([magic[0] ^ 1]) + magic[1:]: code for magic, code in content.items()}))
    elif change == "cut short":
        first.write_bytes(first.read_bytes()[:1000])
    else:
        first.write_bytes(b"")
    (opt / "preheat" / "bytecode" / "rest").unlink()
    assert "" == started(python, opt, IMPORT_ALL, *modules)


def test_up_to_registration_only_the_first_file_is_read(python, opt):
    for name in ("bytecode/rest", "bytecode/late", "sources"):
        (opt / "preheat" / name).unlink()
    assert "" == started(python, opt, IMPORT_ALL, "extension", "extension.boot")
    assert "extension.clock FileNotFoundError" in started(python, opt, IMPORT_ALL, "extension.clock")


def test_what_is_rarely_needed_is_read_when_it_is_asked_for(python, opt, modules):
    """All else is found without it, and all of it is not."""
    (opt / "preheat" / "bytecode" / "late").unlink()
    (opt / "preheat" / "sources").unlink()
    late = {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in LATE}
    missing = [line.split("(")[0] for line in started(python, opt, IMPORT_ALL, *modules).splitlines()]
    assert {f"{name} FileNotFoundError" for name in late - {"extension.__main__"}} == set(missing)


def test_modules_know_where_they_would_lie(python, opt, either):
    told = started(
        python,
        opt,
        """
from extension import app, aws, logs
import extension.aws.endpoints
assert extension.aws.endpoints is aws.endpoints
assert extension.__path__ == aws.__path__ == []
assert app.__spec__.parent == app.__package__ == "extension"
print(app.__file__, aws.__file__)
        """,
    )
    folder = opt / "preheat" / "extension"
    assert f"{folder}/app.py {folder}/aws/__init__.py\n" == told
    assert (folder / "aws" / "amazon_roots.pem").is_file()


def test_a_module_that_is_not_there_is_missed_as_ever(python, opt, either):
    told = started(python, opt, IMPORT_ALL, "extension.nothing", "extension.clock.nothing", "cachetools.keys")
    assert ["extension.nothing", "extension.clock.nothing", "cachetools.keys"] == [
        line.partition(" ")[0] for line in told.splitlines()
    ]
    assert 3 == told.count("ModuleNotFoundError")


def test_threads_may_import_at_the_same_time(python, opt, modules, either):
    """All begin with another module; each is run once, and all end with all."""
    told = started(
        python,
        opt,
        """
import _thread, sys
sys.setswitchinterval(1e-6)
runs = []
original = type(importer).exec_module
class Counting(type(importer)):
    __slots__ = ()
    def exec_module(self, module):
        runs.append(module.__name__)
        original(self, module)
sys.meta_path[0].__class__ = Counting
gate, ends = _thread.allocate_lock(), []
gate.acquire()
def work(names):
    with gate:
        pass
    try:
        for name in names:
            __import__(name)
    finally:
        ends.append([name for name in arguments if name not in sys.modules])
for first in range(8):
    at = first * len(arguments) // 8
    _thread.start_new_thread(work, (arguments[at:] + arguments[:at],))
gate.release()
import time
until = time.monotonic() + 20
while len(ends) < 8 and time.monotonic() < until:
    time.sleep(0.001)
print(ends == [[]] * 8, sorted(runs) == sorted(set(runs)))
        """,
        *modules,
    )
    assert "True True\n" == told


def test_what_runs_has_nothing_that_only_people_need(python, opt):
    told = started(
        python,
        opt,
        """
import importlib.util, sys
assert importer.find_spec("extension.clock") and importer.find_spec("extension.local")
Code = type(importer.find_spec.__code__)
def look(path, code):
    assert code.co_filename == "/opt/preheat/" + path, code.co_filename
    assert all(line is None for _, _, line in code.co_lines()), path
    names = {*code.co_names, *code.co_varnames}
    assert names.isdisjoint({"__annotations__", "AssertionError", "TYPE_CHECKING", "annotations"}), (path, names)
    parameters = code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)
    variables = code.co_varnames[parameters:]
    assert all(name.isdigit() or name in code.co_cellvars for name in variables), (path, variables)
    assert "__doc__" not in names, path
    return 1 + sum(look(path, each) for each in code.co_consts if isinstance(each, Code))
print(sum(look(path, code) for path, code in importer._modules.items()) > 500)
        """,
    )
    assert "True\n" == told


def test_a_fault_is_told_with_the_name_of_its_function(python, opt, either):
    """The layer's bytecode has no lines; traceback and the interpreter itself cope with that."""
    told = started(
        python,
        opt,
        """
import traceback
from extension import errors, quantities
try:
    quantities.duration(None)
except Exception as error:
    text = traceback.format_exc()
    print(errors.where(error))
    assert "quantities.py" in text and type(error).__name__ in text
        """,
    )
    line = told.strip().partition(":")
    assert "quantities.py" == line[0]
    assert line[2].isdigit() if either == "sources" else line[2].isidentifier()


def test_nothing_is_loaded_for_what_the_layer_leaves_out(python, opt, modules):
    """Annotations (``__future__``), and what cachetools imports for the caches that are not used here."""
    told = started(python, opt, IMPORT_ALL + "import sys; print(*sys.modules)", *modules).split()
    assert "cachetools" in told
    assert set(told).isdisjoint({"__future__", "heapq", "random", "typing"})
