"""Starting the packed sidecar as the launcher does, with a word said before it boots."""

from __future__ import annotations

import bz2
import marshal
import subprocess
from pathlib import Path

# Runs start.py as it is, but for boot, which is a stand-in; then does what its third argument says. Before that nothing
# is imported that start.py would not import.
_PROGRAM = """
import sys
Module = type(sys)
boot = sys.modules["extension.boot"] = Module("extension.boot")
boot.main = lambda: None
start, program, *arguments = sys.argv[1:]
names = {"__name__": "__main__", "__file__": start}
with open(start) as file:
    exec(compile(file.read(), start, "exec"), names)
del sys.modules["extension.boot"]
exec(program, {"arguments": arguments, "importer": sys.meta_path[0]})
"""
IMPORT_ALL = """
for name in arguments:
    try:
        __import__(name)
    except BaseException as error:
        print(name, repr(error))
"""


def started(python, opt, program, *arguments) -> str:
    """What ``program`` prints under ``python`` once start.py of ``opt`` has done its work; it must not fail."""
    command = [python.path, "-I", "-S", "-B", "-c", _PROGRAM, opt / "preheat" / "start.py", program, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


def sources(opt: Path) -> dict[str, str]:
    """The sidecar's modules as the layer has them for a Python without bytecode."""
    texts: dict[str, str] = marshal.loads(bz2.decompress((opt / "preheat" / "sources").read_bytes()))
    return texts
