"""What an INVOKE fetches again, batched and in parallel, while the function runs (contract §4)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from extension.clock import Clock
    from extension.store import Store

# An environment is billed until every extension asks for the next event, and a refresh that outlives the event's
# deadline turns an answered invocation into "Task timed out".
ROUND_LIMIT = 1.0  # seconds after the event
MARGIN = 0.5  # seconds before the invocation's deadline


class Refresher:
    """Runs one round per INVOKE, if there is anything to fetch."""

    def __init__(self, store: Store, begin_round: Callable[[], None], clock: Clock) -> None:
        self._store = store
        self._begin_round = begin_round
        self._clock = clock
        self._first = True

    def invoke(self, deadline_ms: float) -> None:
        """One INVOKE event came, whose function may run until ``deadline_ms`` (milliseconds since the epoch)."""
        clock = self._clock
        now = clock.monotonic()
        deadline = now + deadline_ms / 1000 - clock.wall()
        self._store.deadline = deadline
        first, self._first = self._first, False
        due = self._store.due(first=first)
        if due:
            self._begin_round()
            ends = min(now + ROUND_LIMIT, deadline - MARGIN)
            round_ = self._store.round(deadline - MARGIN)
            self._store.fetch(due, round_)
            round_.wait(ends - clock.monotonic())
        # Whatever runs now and has no reader must not be under way when the environment freezes; what has one goes on,
        # since the handler that waits for it keeps the environment awake.
        self._store.cut()
