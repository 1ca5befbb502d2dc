"""What an INVOKE fetches again, batched and in parallel, while the function runs (contract §4)."""

from __future__ import annotations

import _thread
import time

from extension.errors import where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from extension.clock import Clock
    from extension.logs import Log
    from extension.references import Resource
    from extension.store import Store

# An environment is billed until every extension asks for the next event, and a refresh that outlives the event's
# deadline turns an answered invocation into "Task timed out".
ROUND_LIMIT = 1.0  # seconds after the event
PATH_LIFETIME = 60.0  # seconds that the path of a replaced file stays good where no INVOKE ends its use
TIMER_PERIOD = 1.0  # seconds; a look costs a few microseconds per entry
MARGIN = 0.5  # seconds before the invocation's deadline
READERS_MARGIN = 0.1  # a handler that waits gets its error while it can still do something about it
# Seconds that a round's calls have beyond its end. It is the end of the round that cuts them: if they timed out at the
# same moment, each of them would be a failure, with a line in the log.
GRACE = 0.1


class Refresher:
    """Runs one round per INVOKE, if there is anything to fetch."""

    def __init__(
        self,
        store: Store,
        begin_round: Callable[[], None],
        release: Callable[[float], None],
        clock: Clock,
        log: Log,
    ) -> None:
        """``release`` removes the files that were replaced before a moment of monotonic time."""
        self._store = store
        self._begin_round = begin_round
        self._release = release
        self._clock = clock
        self._log = log
        self._first = True

    def invoke(self, deadline_ms: float) -> None:
        """One INVOKE event came, whose function may run until ``deadline_ms`` (milliseconds since the epoch)."""
        clock = self._clock
        now = clock.monotonic()
        self._release(now)  # the invocation that was told their paths is over
        deadline = now + deadline_ms / 1000 - clock.wall() if deadline_ms else float("inf")
        self._store.begin_invocation(deadline - READERS_MARGIN)
        ends = min(now + ROUND_LIMIT, deadline - MARGIN)
        if ends > now:  # else all that is due stays due
            first, self._first = self._first, False
            due = self._store.due(first=first)
            if due:
                self._run_round(due, ends, deadline - MARGIN if deadline_ms else ends)
        # Whatever runs now and has no reader must not be under way when the environment freezes; what has one goes on,
        # since the handler that waits for it keeps the environment awake.
        self._store.cut()

    def _run_round(self, due: list[Resource], ends: float, bodies_end: float) -> None:
        self._begin_round()
        round_ = self._store.round(bodies_end + GRACE)
        self._store.fetch(due, round_)
        if not round_.wait(ends - self._clock.monotonic()):
            self._wait_for_bodies(bodies_end)

    def _wait_for_bodies(self, until: float) -> None:
        """What has begun to arrive is let in: a large object would else be cut at every INVOKE, and never be new."""
        self._store.cut(arriving=False)
        for job in self._store.bodies():
            job.wait(until - self._clock.monotonic())

    def start_timer(self) -> None:
        """Where nothing freezes and no INVOKE comes (Managed Instances, outside Lambda): look for what is due every few
        seconds, in a thread of its own."""
        _thread.start_new_thread(self._keep_fresh, ())

    def _keep_fresh(self) -> None:
        while True:
            time.sleep(TIMER_PERIOD)
            try:
                self._release(self._clock.monotonic() - PATH_LIFETIME)
                due = self._store.due(first=False)
                if due:
                    self._begin_round()
                    self._store.fetch(due, self._store.round())
            except Exception as error:  # noqa: BLE001 (a fault in one round must not end the rounds)
                self._log.fault("refresh.fault", error=type(error).__name__, where=where(error))
