"""What ``/health`` tells: prefetching, ready or degraded, and why."""

from __future__ import annotations


class Health:
    """Set by the main thread, and by whoever meets a fault; read by the server's."""

    __slots__ = ("faults", "invocations", "ready")

    def __init__(self) -> None:
        self.ready = False
        self.invocations = 0
        self.faults: list[str] = []

    def fault(self, what: str) -> None:
        """Something inside broke; the process goes on."""
        if len(self.faults) < 20:
            self.faults.append(what)

    @property
    def state(self) -> str:
        """ "prefetching", "ready" or "degraded"."""
        return "degraded" if self.faults else "ready" if self.ready else "prefetching"
