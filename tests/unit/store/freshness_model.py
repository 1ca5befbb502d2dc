"""Contract §4 once more, as small as it can be: what is known of one resource, and what a read of it has to bring.

Written from the contract's table, not from the code; it shares nothing with ``extension`` but the error classes' names.
What the contract leaves to chance (an entry is due from 72 to 80 % of its TTL) is PERHAPS here.
"""

NO, PERHAPS, YES = 0, 1, 2
NEGATIVE = 5.0  # seconds
LONGEST_PAUSE = 60.0  # seconds
STEP = 1.0  # seconds that the wall clock may go back
FETCH = "fetch"


def age(now, then):
    return max(now.wall - then.wall, now.monotonic - then.monotonic, 0.0)


def went_back(now, then):
    return now.wall < then.wall - STEP


class Known:
    """One resource: what is held of it, and what is to become of it."""

    def __init__(self, *, ttl, listed, stale_while_revalidate, stale_if_error, freezes=True):
        self.freezes = freezes
        self.ttl = ttl
        self.listed = listed
        self.stale_while_revalidate = stale_while_revalidate if ttl else 0.0
        self.stale_if_error = stale_if_error if ttl else 0.0
        self.version = None  # held
        self.sent = None
        self.expired = False
        self.read = NO  # since its last fetch
        self.read_at = None  # monotonic
        self.marked = NO
        self.wanted = False  # not held, and to be fetched at the next INVOKE
        self.pause, self.quiet_until = 1.0, float("-inf")  # after failures, where a timer asks
        self.refused = None  # error and when: "not found" and "denied"

    def position(self, now):
        """Seconds of age, as the table counts them."""
        seconds = age(now, self.sent)
        return max(seconds, self.ttl) if self.expired or went_back(now, self.sent) else seconds

    def due(self, now):
        """Whether it is due, or beyond that."""
        seconds = self.position(now)
        return NO if seconds < 0.72 * self.ttl else PERHAPS if seconds < 0.8 * self.ttl else YES

    def servable_after_failure(self, now):
        past = self.position(now) - self.ttl
        return past < max(self.stale_while_revalidate, self.stale_if_error)

    def read_now(self, now, *, force=False, max_age=None):
        """What a read brings: ("hit" or "stale", the version), ("error", the error), or FETCH."""
        if force:
            return FETCH
        if self.version is not None and (max_age is None or age(now, self.sent) <= max_age):
            past = self.position(now) - self.ttl
            if past < self.stale_while_revalidate:
                self.read, self.read_at = YES, now.monotonic
                self.marked = max(self.marked, self.due(now))
                return ("hit" if past < 0 else "stale"), self.version
        if self.refused is not None:
            error, when = self.refused
            if age(now, when) < NEGATIVE and not went_back(now, when):
                return "error", error
            self.refused = None  # for good, though a clock that is set back would have it younger
        return FETCH

    def after_failure(self, now):
        """What a reader who waited gets where the fetch failed with a transient error: the old version, or None."""
        if self.version is None or not self.servable_after_failure(now):
            return None
        self.read, self.read_at, self.marked = YES, now.monotonic, YES
        return self.version

    def fetched(self, version, sent, *, read):
        self.refused = None
        self.wanted = False
        self.pause, self.quiet_until = 1.0, float("-inf")
        if self.ttl == 0:
            return
        self.version, self.sent = version, sent
        # A hit while the answer was on its way counts: that is when a handler reads what its INVOKE refreshes.
        meanwhile = self.read_at is not None and self.read_at >= sent.monotonic
        self.read = YES if read or meanwhile else NO
        self.expired, self.marked = False, NO

    def failed(self, error, now, *, by_round):
        """``by_round``: NO, PERHAPS, YES: whether an INVOKE, or the prefetch, asked for it."""
        self.pause = min(2 * self.pause, LONGEST_PAUSE)
        self.quiet_until = now.monotonic + self.pause
        if not error.transient:
            self.version, self.marked = None, NO
            self.refused = error, now
        elif by_round:
            self.again(by_round)

    def again(self, certainty=YES):
        """Its call was cut, or came to nothing: the next INVOKE asks again; where nothing freezes, the next read."""
        if self.version is not None and self.freezes:
            self.marked = max(self.marked, certainty)
        elif self.version is not None:
            self.marked = NO if certainty == YES else min(self.marked, PERHAPS)
        else:
            self.wanted = True

    def next_round(self, now, *, first):
        """Whether an INVOKE fetches it."""
        if self.listed and not self.freezes and not first and now.monotonic < self.quiet_until:
            return NO
        if self.wanted or self.marked == YES:
            return YES
        if self.version is None:
            return NO
        read = YES if first else self.read
        return max(self.marked, min(self.due(now), read) if self.listed else NO)
