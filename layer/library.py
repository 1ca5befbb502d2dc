"""Lets importlib find the client library's modules in their archive; runs after unpacking.py, in one file.

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


def find(name: str, folder: str, file: str, archive: bytes) -> CodeType:
    """The code of ``__init__.py``; from here on the modules in ``folder`` come out of the archive."""

    class Loader(SourceFileLoader):
        def get_code(self, fullname: str) -> CodeType | None:
            code = modules.get(self.path[len(folder) + 1 :])
            if code is None:
                return super().get_code(fullname)
            if code.co_filename != self.path:  # the library was copied
                _fix_co_filename(code, self.path)
            return code

    modules = unpack(archive, sys.implementation.cache_tag)  # noqa: F821 (unpacking.py has it)
    # Where importlib keeps who finds modules in a folder; nobody else's imports come by.
    for place in (folder, folder + "/powertools"):
        sys.path_importer_cache[place] = FileFinder(place, (Loader, [".py"]))
    code = Loader(name, file).get_code(name)
    assert code is not None
    return code
