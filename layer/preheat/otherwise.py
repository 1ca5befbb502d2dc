"""Part of start.py, for a Python that there is no bytecode for: too old, or not known when the layer was built.

Not a module: it is executed in start.py's names, and sets two of them. Must stay readable for every Python since 2.7.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036  # it is what this line is for: the interpreter may be any
    sys.stdout.write(
        "preheat: needs Python 3.10 or newer, and %s is %s: use the runtime python3.10 or later, or remove the layer.\n"  # noqa: UP031
        % (sys.executable, sys.version.split()[0])
    )
    sys.exit(1)

from marshal import loads  # not before the version is known to do

try:
    from bz2 import decompress
except ImportError:
    sys.stdout.write(
        "preheat: has no bytecode for %s, and without its module bz2 can't read the sources:"  # noqa: UP031
        " use the runtime python3.10 or later, or a Python that has the module.\n" % (sys.executable,)
    )
    sys.exit(1)
bytecode = ""
with open(__file__.rpartition("/")[0] + "/sources", "rb") as file:
    modules = loads(decompress(file.read()))
