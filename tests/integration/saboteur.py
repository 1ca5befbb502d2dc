"""The sidecar as start.py starts it, with one of its functions broken, as a mistake of ours would break it.

Arguments: the function as "module:Class.name", the path of start.py, then what start.py gets. It is broken as soon as
the process has registered.
"""

import sys

BROKEN = sys.argv.pop(1)
__file__ = sys.argv.pop(1)


def broken(*_arguments, **_options):
    raise RuntimeError("a fault with a-value-in-its-text")


def watch(event, arguments):
    if event == "import" and arguments[0] == "extension.app":
        module, _, path = BROKEN.partition(":")
        *holders, name = path.split(".")
        place = __import__(module, fromlist=["*"])
        for holder in holders:
            place = getattr(place, holder)
        getattr(place, name)  # there must be something to break
        setattr(place, name, broken)


sys.addaudithook(watch)
with open(__file__) as start:
    exec(compile(start.read(), __file__, "exec"))
