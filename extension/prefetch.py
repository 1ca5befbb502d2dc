"""The parallel load of everything listed, under the time that it may hold INIT."""

from __future__ import annotations

from extension.errors import RequiredResourceUnavailable
from extension.sources.listing import Listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.clock import Clock
    from extension.logs import Log
    from extension.manifest import ListEntry
    from extension.references import Resource
    from extension.rounds import Round
    from extension.settings import Settings
    from extension.store import Store


class Prefetch:
    """Fetches the lists once. What is not there in time is fetched at the first INVOKE, or by the first reader."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, log: Log) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._log = log
        # What is fetched in INIT lies in the snapshot, as long as the function's version lives.
        self.defers = settings.defers
        self.round: Round | None = None
        self.cut = 0  # calls that were not through in time

    def start(self) -> None:
        """Submit the calls; they run while the rest of the process is put together."""
        listed: list[Resource] = []
        deferred: list[Resource] = []
        never_stored: list[Resource] = []
        for resource, entry in self._store.resolver.entries.items():
            if self._ttl(entry) == 0:
                never_stored.append(resource)
            elif self.defers and (
                # All that it may bring is a secret; of other parameters the type tells.
                resource.service == "secretsmanager" or resource.name.startswith("/aws/reference/")
            ):
                deferred.append(resource)
            else:
                listed.append(resource)
        if never_stored:
            self._log.warn("prefetch.ttl_0", skipped=len(never_stored), reason="what has TTL 0 is never stored")
        self.round = self._store.round()
        if self.defers:
            self._store.withhold(True)
            self._store.want(deferred)
        self._store.fetch(listed, self.round, deferred=self.defers)

    def wait(self, until: float) -> None:
        """Wait for them until that moment of monotonic time, and cut what no reader waits for."""
        assert self.round is not None
        if not self.round.wait(until - self._clock.monotonic()):
            self.cut = self._store.cut()

    def check_required(self, *, deferred: bool = True) -> None:
        """``RequiredResourceUnavailable`` where something marked ``required=true`` is not there. ``deferred``: look at
        what a snapshot may not hold, too."""
        missing = []
        for resource, entry in self._store.resolver.entries.items():
            if entry.required and (deferred or resource.service == "s3"):
                problem = self._problem(resource) if self._ttl(entry) else "its TTL is 0, so it is never stored"
                if problem:
                    missing.append((entry.spelling, problem))
        if missing:
            raise RequiredResourceUnavailable(missing)

    def _ttl(self, entry: ListEntry) -> float:
        return self._settings.ttl[entry.resource.service] if entry.ttl is None else entry.ttl

    def _problem(self, resource: Resource) -> str:
        failure = self._store.failure(resource)
        if failure is not None:
            return f"{failure.code}: {failure.message}"
        value = self._store.held(resource)
        if value is None:
            return "not fetched within PREHEAT_INIT_TIMEOUT, or too large for PREHEAT_CACHE_MEMORY"
        if isinstance(value, Listing) and not value.members:
            return "the wildcard matches nothing"
        return ""
