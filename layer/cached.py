"""Runs where ``import preheat`` expects the bytecode of the package's ``__init__.py``: what the archive has for this
CPython (``layer/library.py``) finds it, and all other modules; should that fail, the source does as well."""

from _frozen_importlib_external import MAGIC_NUMBER, SourceFileLoader
from marshal import loads

own = globals()["module"]  # what the package has for its names
name, folder, file = own["__name__"], own["__path__"][0], own["__file__"]
try:
    with open(folder + "/__pycache__/bytecode", "rb") as archived:
        programs, archive = loads(archived.read())  # noqa: S302 (as importlib does)
    found = {}  # type: ignore[var-annotated]
    exec(loads(programs[MAGIC_NUMBER]), found)  # noqa: S102, S302
    code = found["find"](name, folder, file, archive)
except Exception:  # noqa: BLE001 (a function must not fail for it)
    loader = SourceFileLoader(name, file)
    code = loader.source_to_code(loader.get_data(file), file)
exec(code, own)  # noqa: S102
