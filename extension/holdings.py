"""What is held, and what is known of what is not: entries, spellings, wildcards' members, failures.

Decisions and memory only: nothing here waits, asks AWS or answers a reader. The store's lock guards all of it.
"""

from __future__ import annotations

import os

from extension.aws import outcome
from extension.cache import Entry, EntryCache
from extension.freshness import FRESH, Policy, age, state, stepped_back
from extension.identity import Links, canonical_key
from extension.recent import Recent
from extension.sources.listing import Listing
from extension.sources.object import NotModified
from extension.sources.parameter import SECURE, Parameter
from extension.sources.secrets_manager import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from extension.clock import Instant
    from extension.errors import SourceError
    from extension.references import ListEntry, Resource
    from extension.resolution import Resolver
    from extension.settings import Settings
    from extension.sources.listing import PagedCall

NEGATIVE_FOR = 5.0  # seconds
NEGATIVE_NAMES = 256
LONGEST_PAUSE = 60.0  # seconds until the timer asks again for what failed; doubled with each failure
_NO_PAUSE = (1.0, 0.0)


class Holdings:
    """Everything that outlives a fetch."""

    def __init__(self, settings: Settings, resolver: Resolver, *, freezes: bool) -> None:
        self._settings = settings
        self._resolver = resolver
        self._freezes = freezes
        self.links = Links(settings.region)
        self.cache = EntryCache(settings.cache_items, settings.cache_memory, self.links.drop)
        self.negative = Recent(NEGATIVE_FOR, NEGATIVE_NAMES)  # "not found" and "denied", and the error that says so
        self.failures: dict[Resource, SourceError] = {}  # listed, and how its last fetch failed
        self._pauses: dict[Resource, tuple[float, float]] = {}  # the same where a timer asks: how long, and until when
        self.withholding = False  # a snapshot may be taken: what is confidential is answered and not kept
        self._members: dict[Resource, Resource] = {}  # a resource -> the wildcard that brought it
        self._rests: dict[Resource, PagedCall] = {}  # listed wildcards whose listing was cut: what is left of it
        self._wanted: dict[Resource, None] = {}  # listed, not held, and worth another try at the next INVOKE

    def find(self, resource: Resource) -> Entry | None:
        """The entry that answers for the resource, whoever asked for it; counts as a read."""
        return self.cache.read(self.links.key(resource)) or self.links.same_version(resource, self.cache)

    def peek(self, resource: Resource) -> Entry | None:
        """The same, but does not count as a read."""
        return self.cache.peek(self.links.key(resource))

    def same(self, resource: Resource) -> set[Resource]:
        """The spellings that answers have joined with it, whatever its stage, version, label and decryption: the
        current one tells which resource it is."""
        found: set[Resource] = set()
        current = resource.replaced(selector="")
        variants = (current, current.replaced(decrypt=not current.decrypt)) if resource.service == "ssm" else (current,)
        for variant in (resource, *variants):
            entry = self.peek(variant)
            if entry is not None:
                found |= entry.spellings
        return found

    def arn(self, resource: Resource) -> str:
        """What a policy has to name, so that it may be read."""
        return self.links.arn(resource, self._resolver.own_account)

    def is_listed(self, resource: Resource) -> bool:
        """Whether a list names it, or one of its wildcards has brought it."""
        return resource in self._resolver.entries or resource in self._members

    def note_member(self, resource: Resource, wildcard: Resource) -> None:
        """The wildcard stands for this resource, too."""
        self._members[resource] = wildcard

    def want(self, resource: Resource) -> None:
        """Its fetch was cut or failed for now: try again at the next round."""
        entry = self.peek(resource)
        if entry is not None:
            entry.marked = self._freezes  # elsewhere the next read asks again
        else:
            self._wanted[resource] = None

    def want_member(self, resource: Resource) -> None:
        """The same where a wildcard brought it: then it is fetched without a flight of its own."""
        if resource in self._members:
            self.want(resource)

    def fail(self, resource: Resource, error: SourceError, now: Instant, *, again: bool) -> None:
        """Its fetch failed; ``again``: worth another try at the next round, if the error is transient."""
        if self.is_listed(resource):
            self.failures[resource] = error
            pause = min(2 * self._pauses.get(resource, _NO_PAUSE)[0], LONGEST_PAUSE)
            self._pauses[resource] = pause, now.monotonic + pause
        if error.kind in (outcome.NOT_FOUND, outcome.DENIED):
            self.negative.note(resource, error, now)
            self._wanted.pop(resource, None)
            self.cache.remove(self.links.key(resource))  # never hidden by a stale value
        elif again or resource in self._members:
            self.want(resource)

    def keep(self, resource: Resource, value: Any, sent: Instant, *, read: bool) -> tuple[Entry, dict[str, Any] | None]:
        """Keep a value that was asked for at ``sent``; its entry, and what changed if it is another version. ``read``:
        somebody waits for it. An answer that is older than what is held changes nothing."""
        if isinstance(value, NotModified):
            value = value.held
        if isinstance(value, Listing):
            for member in value.members:
                self._members[member] = resource
        self.failures.pop(resource, None)
        self._pauses.pop(resource, None)
        self.negative.forget(resource)
        self._wanted.pop(resource, None)
        key = canonical_key(resource, value)
        withheld = self.withholding and _confidential(value)
        entry = None if withheld else self.cache.peek(key)
        changed = None
        if entry is None:
            entry = Entry(key, resource)
            entry.misses = int(read)
        elif sent.monotonic < entry.sent.monotonic:
            return entry, None
        elif entry.value.etag != value.etag and not isinstance(value, Listing):
            changed = {"was": entry.value.etag, "now": value.etag}
        spellings = self.links.spellings(resource, value, self._resolver)
        policy = self._policy(spellings)
        entry.value, entry.sent, entry.policy = value, sent, policy
        entry.expired = entry.marked = False
        if read:
            entry.read_at = max(entry.read_at, sent.monotonic)
        entry.listed = entry.listed or self.is_listed(resource)
        if policy.ttl > 0 and not withheld and self.cache.put(entry):
            self.links.join(spellings, entry, self.cache)
        return entry, changed

    def keep_rest(self, wildcard: Resource, rest: PagedCall) -> None:
        """Its listing was cut: go on with this."""
        self._rests[wildcard] = rest

    def rest(self, wildcard: Resource, now: Instant) -> PagedCall | None:
        """What is left of a listing that was cut, once, and if the listing would be fresh: one that takes longer than a
        round would begin anew at each INVOKE, and never come to its end."""
        rest = self._rests.pop(wildcard, None)
        if rest is None or rest.began is None:
            return None
        expired = stepped_back(now, rest.began)
        return rest if state(age(now, rest.began), self._policy([wildcard]), expired=expired) is FRESH else None

    def expire(self) -> None:
        """Everything held is stale, whatever its age."""
        for entry in self.cache:
            entry.expired = True
        self._rests.clear()

    def _policy(self, spellings: list[Resource]) -> Policy:
        """The shortest TTL wins where several spellings of one thing are listed."""
        default = self._settings.ttl[spellings[0].service]
        entries = [entry for entry in [self._entry(spelling) for spelling in spellings] if entry is not None]
        ttl = min([default if entry.ttl is None else entry.ttl for entry in entries], default=default)
        # Not from a generator: a SnapStart snapshot would clone its state, and all environments would refresh together.
        jitter = int.from_bytes(os.urandom(2), "big") / 65536
        return Policy(ttl, self._settings.stale_while_revalidate, self._settings.stale_if_error, jitter)

    def _entry(self, resource: Resource) -> ListEntry | None:
        """What lists it: an entry of its own, else the wildcard that brought it."""
        entries = self._resolver.entries
        return entries.get(resource) or entries.get(self._members.get(resource, resource))

    def due(self, now: Instant, *, first: bool) -> list[Resource]:
        """What the next round fetches: what is marked or wanted, and what is due, listed, and was read since its last
        fetch (at the first INVOKE: all that is due and listed)."""
        wanted = dict.fromkeys(self._wanted)
        for entry in self.cache:
            sent = entry.sent
            assert sent is not None
            if not (entry.marked or first or entry.read_at >= sent.monotonic):  # read_since_fetch, at half the price
                continue  # most of them at most INVOKEs
            if entry.marked or (entry.listed and entry.state(now) is not FRESH):
                wanted[entry.resource] = None
        for resource in tuple(wanted):
            wildcard = self._members.get(resource)
            if wildcard is not None and self._is_due(wildcard, now):
                del wanted[resource]  # comes with its wildcard, which lists again
                wanted[wildcard] = None
        if first or self._freezes:
            return list(wanted)
        # A timer looks every second; AWS is not to be asked so often for what fails.
        return [resource for resource in wanted if self._pauses.get(resource, _NO_PAUSE)[1] <= now.monotonic]

    def _is_due(self, resource: Resource, now: Instant) -> bool:
        entry = self.peek(resource)
        return entry is None or entry.state(now) is not FRESH

    def refreshable(self) -> list[Resource]:
        """What is listed, and what was read since its last fetch; a wildcard's members come with it."""
        found = dict.fromkeys(self._resolver.entries)
        for entry in self.cache:
            if entry.read_since_fetch and entry.resource not in self._members:
                found[entry.resource] = None
        return list(found)


def _confidential(value: Any) -> bool:
    """Whether it may not be in a snapshot, which lives as long as the function's version."""
    if isinstance(value, Parameter):
        return value.type == SECURE or value.source_result is not None
    return isinstance(value, Secret)
