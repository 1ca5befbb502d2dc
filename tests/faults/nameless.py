"""The sidecar as start.py starts it, on a machine whose resolver knows no name as long as a file exists.

Arguments: the file, the path of start.py, then what start.py gets.
"""

import _socket
import posix
import sys

FILE = sys.argv.pop(1)
__file__ = sys.argv.pop(1)
resolve = _socket.getaddrinfo


def getaddrinfo(*arguments):
    try:
        posix.stat(FILE)
    except FileNotFoundError:
        return resolve(*arguments)
    raise _socket.gaierror(_socket.EAI_NONAME, "Name or service not known")


_socket.getaddrinfo = getaddrinfo
with open(__file__) as start:
    exec(compile(start.read(), __file__, "exec"))
