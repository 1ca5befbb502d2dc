"""One JSON line per event on standard output, which Lambda carries to CloudWatch. Never a value of a resource."""

from __future__ import annotations

import os
import time

from extension import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "NONE")


class Log:
    """Writes events at or above a level.

    One ``write`` per line, so that lines of several threads never mix. A full pipe or a closed one must not break the
    function: such a line is lost.
    """

    __slots__ = ("_fd", "_level", "on_fault")

    def __init__(self, level: str = "INFO", fd: int = 1) -> None:
        self._level = LEVELS.index(level)
        self._fd = fd
        self.on_fault: Callable[[str], None] | None = None  # told of every fault, whatever the level

    def debug(self, event: str, **fields: Any) -> None:
        """For someone who looks for a fault."""
        self._write(0, event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """What happens once per phase."""
        self._write(1, event, fields)

    def warn(self, event: str, **fields: Any) -> None:
        """Something is not as the user meant it, and goes on."""
        self._write(2, event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Something that the user listed or set does not work."""
        self._write(3, event, fields)

    def fault(self, event: str, *, error: str, **fields: Any) -> None:
        """Something of ours is broken, which must cost as little as it can. ``error``: its type, never its text, which
        might hold a value."""
        self._write(3, event, {"error": error, **fields})
        if self.on_fault is not None:
            self.on_fault(f"{event}: {error}")

    def _write(self, level: int, event: str, fields: dict[str, Any]) -> None:
        if level < self._level:
            return
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"
        record = {"time": stamp, "level": LEVELS[level], "logger": "preheat", "event": event}
        record.update(fields)
        try:
            os.write(self._fd, jsontext.dumps(record) + b"\n")
        except OSError:
            pass
