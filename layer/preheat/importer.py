"""Imports the sidecar's modules from the archives that ``build.sh`` made of them.

One file instead of sixty: no look-up, open and read for each module, and strings that many modules share are made once.
What is needed up to "registered" comes in a small file of its own, which start.py has read; the rest, and apart from it
what most functions never need, is read when a module in it is first asked for. On a Python that there is no bytecode
for everything comes as source text.
"""

from __future__ import annotations

import sys
from _frozen_importlib import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType
    from typing import Any

PACKAGES = frozenset({"extension", "cachetools"})
ARCHIVES = ("rest", "late")  # in the order in which they are looked into


class Importer:
    """A finder on ``sys.meta_path`` and the loader of what it finds.

    Threads may import at the same time: importlib locks each module, and the rest, should two threads read it at once,
    is the same twice.
    """

    __slots__ = ("_bytecode", "_folder", "_modules", "_read")

    def __init__(self, folder: str, modules: dict[str, CodeType | str], bytecode: str) -> None:
        """``folder`` is where the package would lie, ``modules`` has what is there by its path in it; ``bytecode`` is
        the cache tag of what is still to be read, or "" where nothing is."""
        self._folder = folder
        self._modules = modules
        self._bytecode = bytecode
        self._read = 0 if bytecode else len(ARCHIVES)  # how many archives are read

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """The module ``name``, or None for one that is not ours."""
        if name.partition(".")[0] not in PACKAGES:
            return None
        place = name.replace(".", "/")
        found = self._find(place)
        while found is None:
            number = self._read
            if number == len(ARCHIVES):
                return None
            self._modules.update(self._modules_in(ARCHIVES[number]))
            self._read = number + 1  # not before: another thread may look by now
            found = self._find(place)
        is_package = found.endswith("/__init__.py")
        # A loader need not derive from importlib.abc.Loader, which would have to be imported.
        return ModuleSpec(name, self, loader_state=found, is_package=is_package)  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to importlib."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code. Its ``__file__`` is where it would lie, beside the data files that do lie there."""
        path = module.__spec__.loader_state  # type: ignore[union-attr]  # we made it
        code = self._modules[path]
        module.__file__ = f"{self._folder}/{path}"
        if isinstance(code, str):
            code = compile(code, module.__file__, "exec", dont_inherit=True, optimize=2)
        exec(code, module.__dict__)

    def _find(self, place: str) -> str | None:
        for path in (place + ".py", place + "/__init__.py"):
            if path in self._modules:
                return path
        return None

    def _modules_in(self, archive: str) -> dict[str, CodeType]:
        names: dict[str, Any] = {}
        exec(self._modules["unpacking.py"], names)
        with open(f"{self._folder}/bytecode/{archive}", "rb") as file:
            modules: dict[str, CodeType] = names["unpack"](file.read(), self._bytecode)
        return modules


def run(folder: str, modules: dict[str, CodeType | str], bytecode: str) -> None:
    """Let ``import`` find the sidecar, and no longer this folder; then start it. The arguments are as for Importer."""
    if not sys.flags.isolated:
        del sys.path[0]  # the folder of start.py, where nothing is left to find
    sys.meta_path.insert(0, Importer(folder, modules, bytecode))

    from extension.boot import main

    main()
