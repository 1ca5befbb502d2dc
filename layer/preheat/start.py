"""Where the launcher hands over to Python: open the bytecode that was made for it, and run.

A file, and not ``-c`` or ``-m``: ``-m``, a folder or a zipapp cost 3 to 5 ms of a start of 10, and ``-c`` loads
``linecache`` from 3.13 on (0.6 ms), without ``-I`` even from the function's working directory. This file is compiled at
every start (10 us a line), so what can wait is in importer.py and otherwise.py. Must stay readable for every Python
since 2.7, so that an old one can be told what is wrong.
"""

import sys

folder = __file__.rpartition("/")[0]
try:
    from _frozen_importlib_external import MAGIC_NUMBER
    from marshal import loads

    with open(folder + "/bytecode/first", "rb") as file:
        modules = loads(loads(file.read())[MAGIC_NUMBER])
    bytecode = sys.implementation.cache_tag
except Exception:  # noqa: BLE001  # none for it, or none that it can read
    with open(folder + "/otherwise.py") as file:
        exec(file.read())  # sets both names below, or says why not and exits
exec(modules["importer.py"])  # bytecode
run(folder, modules, bytecode)  # type: ignore[name-defined]  # noqa: F821  # importer.py has defined it
