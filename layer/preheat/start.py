"""Where the launcher hands over to Python: check the version, then boot.

A file, and not ``-c`` or ``-m``: ``-m``, a folder or a zipapp cost 3 to 5 ms of a start of 10, and ``-c`` loads
``linecache`` from 3.13 on (0.6 ms), without ``-I`` even from the function's working directory. Must stay readable for
every Python since 2.7, so that an old one is told what is wrong.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036  # it is what this line is for: the interpreter may be any
    sys.stdout.write(
        "preheat: needs Python 3.10 or newer, and %s is %s: use the runtime python3.10 or later, or remove the layer.\n"  # noqa: UP031
        % (sys.executable, sys.version.split()[0])
    )
    sys.exit(1)

here = __file__.rpartition("/")[0]
if sys.path[0] != here:  # under -I
    sys.path.insert(0, here)

from extension.boot import main  # noqa: E402  # not before the version is known to do

main()
