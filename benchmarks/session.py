"""Run before everything else on the machine, as far as its owner may ask for that."""

from __future__ import annotations

import os
import signal
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST = -20  # the most favourable niceness


def run(measure: Callable[[], int]) -> int:
    """Run ``measure`` in a session of its own; its exit status.

    Linux shares the CPUs between sessions first (sched(7), autogroup), and by niceness inside each: both have to be
    set, which takes root. Nobody else's share is changed for longer than this session lasts.
    """
    child = os.fork()
    if child == 0:
        os.setsid()
        _go_first()
        return measure()
    while True:
        try:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        except KeyboardInterrupt:
            os.kill(child, signal.SIGINT)  # it cleans up; another session, so the terminal does not tell it


def _go_first() -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _FIRST)
        Path("/proc/self/autogroup").write_text(str(_FIRST))
    except OSError:
        pass  # an ordinary user, or a kernel without: a busy machine then shows in the figures
