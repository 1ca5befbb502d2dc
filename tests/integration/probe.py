"""The sidecar as start.py starts it, and a list of the loaded modules at the two moments that count.

Arguments: the folder for the lists, the path of start.py, then what start.py gets. The first list, "registered", is
written when the import of extension.app begins; the second, "ready", on SIGUSR1. Loads nothing that is not loaded
anyway.
"""

import _signal  # type: ignore[import-not-found]  # built in; signal would load enum
import sys

FOLDER = sys.argv.pop(1)
__file__ = sys.argv.pop(1)


def write(moment):
    with open(f"{FOLDER}/{moment}.partial", "w") as file:
        file.write("\n".join(sorted(sys.modules)))
    sys.modules["posix"].rename(f"{FOLDER}/{moment}.partial", f"{FOLDER}/{moment}")  # never seen half written


def watch(event, arguments):
    if event == "import" and arguments[0] == "extension.app":
        write("registered")


sys.addaudithook(watch)
_signal.signal(_signal.SIGUSR1, lambda *_: write("ready"))
with open(__file__) as start:
    exec(compile(start.read(), __file__, "exec"))
