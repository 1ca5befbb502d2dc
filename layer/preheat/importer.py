"""Imports the sidecar's modules from the archives that ``build.sh`` made of them.

One file instead of sixty: no look-up, open and read for each module, and strings that many modules share are made once.
What is needed up to "registered" comes in a small file of its own, which start.py has read; the rest is read when a
module in it is first asked for. On a Python that there is no bytecode for everything comes as source text.
"""

from __future__ import annotations

import sys
from _frozen_importlib import ModuleSpec
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType
    from typing import Any

PACKAGES = frozenset({"extension", "cachetools"})


class Importer:
    """A finder on ``sys.meta_path`` and the loader of what it finds.

    Threads may import at the same time: importlib locks each module, and the rest, should two threads read it at once,
    is the same twice.
    """

    __slots__ = ("_bytecode", "_folder", "_modules")

    def __init__(self, folder: str, modules: dict[str, CodeType | str], bytecode: str) -> None:
        """``folder`` is where the package would lie, ``modules`` has what is there by its path in it; ``bytecode`` is
        the cache tag of what is still to be read, or "" where nothing is."""
        self._folder = folder
        self._modules = modules
        self._bytecode = bytecode

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """The module ``name``, or None for one that is not ours."""
        if name.partition(".")[0] not in PACKAGES:
            return None
        place = name.replace(".", "/")
        found = self._find(place)
        if found is None and self._bytecode:
            self._read_rest()
            found = self._find(place)
        if found is None:
            return None
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

    def _read_rest(self) -> None:
        names: dict[str, Any] = {}
        exec(self._modules["unpacking.py"], names)
        with open(self._folder + "/bytecode/rest", "rb") as file:
            modules = names["unpack"](file.read(), self._bytecode)
        self._modules = {**self._modules, **modules}
        self._bytecode = ""


def run(folder: str, modules: dict[str, CodeType | str], bytecode: str) -> None:
    """Let ``import`` find the sidecar, and no longer this folder; then start it. The arguments are as for Importer."""
    if not sys.flags.isolated:
        del sys.path[0]  # the folder of start.py, where nothing is left to find
    sys.meta_path.insert(0, Importer(folder, modules, bytecode))

    from extension.boot import main

    main()
