"""SnapStart: what has to happen before a snapshot, and after a restore that nobody announces.

An external extension gets no restore event: one environment waits in ``next`` when the snapshot is taken, and many
return from it, weeks later, with an INVOKE (https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html). So the
first INVOKE counts as the restore, or the first request after the first ``next``, should the handler be quicker than
the event; an after-restore hook of the function may say so earlier, by ``POST /restore``.
"""

from __future__ import annotations

import _ssl
import os

from extension import freshness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.aws.credentials import CredentialStore
    from extension.aws.pool import Pool
    from extension.clock import Clock, Instant
    from extension.store import Store

_SAME = 1.0  # seconds within which a request and the INVOKE that it belongs to are one restore


class Restore:
    """Armed before the first ``next`` of a SnapStart function; a no-op elsewhere."""

    __slots__ = ("_clock", "_credentials", "_done", "_pool", "_store", "pending")

    def __init__(self, store: Store, credentials: CredentialStore, pool: Pool, clock: Clock) -> None:
        self._store = store
        self._credentials = credentials
        self._pool = pool
        self._clock = clock
        self._done: Instant | None = None
        self.pending = False

    def arm(self) -> None:
        """The snapshot may be taken from now on: no socket to AWS may be in it, and no keys of a role need be."""
        self._pool.seal()
        self._credentials.forget_snapshot()
        self.pending = True

    def requested(self) -> None:
        """A request came after the first ``next``: it may be of a restored environment, or still of the function's
        static code. So nothing held is fresh any more, and what may not be in a snapshot is still not kept."""
        now = self._clock.now()
        if self._done is None or not self._recent(now):
            self._renew(now)

    def invoked(self) -> None:
        """The first INVOKE: this is a restored environment, and no snapshot will be taken of it any more."""
        self.requested()
        self.pending = False
        self._pool.unseal()
        self._store.withhold(False)

    def _recent(self, now: Instant) -> bool:
        return self._done is not None and freshness.age(now, self._done) < _SAME

    def _renew(self, now: Instant) -> None:
        self._done = now
        self._store.expire()
        self._credentials.forget_snapshot()
        self._pool.close_idle()
        # Every environment restored from one snapshot would continue with the same random numbers in TLS.
        _ssl.RAND_add(os.urandom(32), 32.0)
