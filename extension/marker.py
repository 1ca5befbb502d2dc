"""Whether this INIT runs inside an invocation: a marker file that the process before this one left in ``/tmp``.

After a crash or a timeout Lambda starts new processes in the same environment, as part of the next invocation and under
the function's own timeout; ``/tmp`` is not cleared
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, Failures during the Invoke phase). A
prefetch that held such an INIT for seconds could make a function with a short timeout unable to recover.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = ".preheat-init"
HOLD = 0.5  # seconds that the prefetch may hold such an INIT at most
SHARE = 0.25  # of the function's timeout, where it is known


def place(environ: Mapping[str, str]) -> str:
    """Where files may be."""
    return environ.get("TMPDIR", "/tmp").rstrip("/")  # noqa: S108 (Lambda's only writable place)


class Marker:
    """The file; it holds the function's timeout in milliseconds, once an INVOKE has told, and nothing else. Where it
    can't be read or written it is ignored."""

    __slots__ = ("_path", "found")

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._path = f"{place(environ)}/{NAME}"
        self.found = False  # a process of ours was here before

    def hold(self, init_timeout: float) -> float:
        """How long the prefetch may hold this INIT, in seconds; and from now on there was an INIT here."""
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            self._write(b"")
            return init_timeout
        except OSError:
            return init_timeout
        self.found = True
        try:
            text = os.read(file, 16).strip()
        except OSError:
            text = b""
        finally:
            os.close(file)
        limit = int(text) / 1000 * SHARE if text.isdigit() and len(text) < 10 else HOLD
        return min(init_timeout, HOLD, limit)

    def first_invoke(self, milliseconds: float) -> None:
        """The first INVOKE has come, with that much time: the next process here may know the function's timeout."""
        if milliseconds > 0:
            self._write(b"%d" % int(milliseconds))

    def _write(self, content: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            file = os.open(self._path, flags, 0o600)
        except OSError:
            return
        try:
            os.write(file, content)
        except OSError:
            pass
        finally:
            os.close(file)
