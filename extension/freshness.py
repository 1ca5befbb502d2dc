"""How old is it, and may it be served: contract §4's table as arithmetic. No clock is read here."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.clock import Instant

FRESH = "fresh"  # served
DUE = "due"  # served, and marked for refresh-ahead
STALE = "stale"  # past its TTL, still served at once (stale-while-revalidate), and marked
LAPSED = (
    "lapsed"  # a reader waits for a fetch; the old value only if that fails with a transient error (stale-if-error)
)
DEAD = "dead"  # never served

REFRESH_SHARE = 0.8  # of the TTL
REFRESH_JITTER = 0.1  # of that, brought forward at random: environments that started together refresh apart
BACKWARDS_TOLERATED = 1.0  # seconds; NTP slews by less, so more is a step


class Policy:
    """How long an entry lives, in seconds."""

    __slots__ = ("refresh_at", "stale_if_error", "stale_while_revalidate", "ttl")

    def __init__(self, ttl: float, stale_while_revalidate: float, stale_if_error: float, jitter: float = 0.0) -> None:
        """``jitter``: from 0 to 1, drawn anew for each fetch. TTL 0: nothing is ever stored, both windows are 0."""
        self.ttl = ttl
        self.refresh_at = REFRESH_SHARE * ttl * (1 - REFRESH_JITTER * jitter)
        self.stale_while_revalidate = stale_while_revalidate if ttl else 0.0
        self.stale_if_error = stale_if_error if ttl else 0.0


def age(now: Instant, sent: Instant) -> float:
    """Seconds since the question was sent: the larger of both clocks' distances, and never below 0.

    "Sent", not "received": an answer that a freeze cut in two is as old as its question.
    """
    return max(now.wall - sent.wall, now.monotonic - sent.monotonic, 0.0)


def stepped_back(now: Instant, sent: Instant) -> bool:
    """Whether the wall clock went back since then, so that nobody knows how old the entry is: at least stale."""
    return now.wall < sent.wall - BACKWARDS_TOLERATED


def state(seconds: float, policy: Policy, *, expired: bool = False) -> str:
    """The state at that age. ``expired``: stale whatever its age (the clock went back, or a snapshot was restored)."""
    if expired and seconds < policy.ttl:
        seconds = policy.ttl
    if seconds < policy.ttl:
        return FRESH if seconds < policy.refresh_at else DUE
    past = seconds - policy.ttl
    if past < policy.stale_while_revalidate:
        return STALE
    return LAPSED if past < policy.stale_if_error else DEAD
