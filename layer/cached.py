"""Runs where ``import preheat`` expects the bytecode of the package's ``__init__.py``, after unpacking.py in one file.

One archive for all modules and all CPythons instead of a .pyc for each: a third of the bytes, and fewer files to look
for and to open. The sources lie where they always do; whoever reads them (tracebacks, people, a Python without
bytecode) finds them, and what is missing here is imported from them.
"""

from __future__ import annotations

import sys
from _frozen_importlib_external import FileFinder, SourceFileLoader
from _imp import _fix_co_filename  # type: ignore[attr-defined]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    unpack: Callable[[bytes, str], dict[str, CodeType]]


def load(name: str, folder: str, file: str) -> CodeType:
    """The code of ``__init__.py``; from here on the modules in ``folder`` come out of the archive."""

    class Loader(SourceFileLoader):
        def get_code(self, fullname: str) -> CodeType | None:
            code = modules.get(self.path[len(folder) + 1 :])
            if code is None:
                return super().get_code(fullname)
            if code.co_filename != self.path:  # the library was copied
                _fix_co_filename(code, self.path)
            return code

    loader = Loader(name, file)
    try:
        with open(folder + "/__pycache__/bytecode", "rb") as archive:
            modules = unpack(archive.read(), sys.implementation.cache_tag)  # noqa: F821 (unpacking.py has it)
    except Exception:  # noqa: BLE001 (a function must not fail for it: the sources do as well)
        return loader.source_to_code(loader.get_data(file), file)
    # Where importlib keeps who finds modules in a folder; nobody else's imports come by.
    for place in (folder, folder + "/powertools"):
        sys.path_importer_cache[place] = FileFinder(place, (Loader, [".py"]))
    code = loader.get_code(name)
    assert code is not None
    return code


own = globals()["module"]  # what the package has for its names
exec(load(own["__name__"], own["__path__"][0], own["__file__"]), own)  # noqa: S102 (as importlib would)
