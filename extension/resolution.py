"""Which resource a reader means, and whether it may be read: aliases, listed spellings, ``PREHEAT_ALLOW``."""

from __future__ import annotations

from extension.manifest import stricter
from extension.sources.listing import listing_resource, pattern_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from extension.manifest import ListEntry
    from extension.references import Resource


class Resolver:
    """The lists, as readers see them."""

    def __init__(
        self,
        entries: Sequence[ListEntry],
        own_region: str,
        own_account: str,
        listed_only: bool,
        ttl: Mapping[str, float] | None = None,
    ) -> None:
        """``ttl``: each service's, for entries that have none of their own."""
        self._own_region = own_region
        self.own_account = own_account  # "" until AWS has told
        self.listed_only = listed_only
        self.entries: dict[Resource, ListEntry] = {}  # what to prefetch -> how
        self._aliases: dict[tuple[str, str], Resource] = {}
        self._by_name: dict[tuple[str, str], Resource] = {}
        self.tables: dict[str, Resource] = {}  # by their names
        for entry in entries:
            resource = self.own(entry.resource)
            if entry.pattern:
                resource = listing_resource(resource, entry.pattern)
            same = self.entries.get(resource)  # by its name, and by an ARN of the own account
            self.entries[resource] = entry if same is None else stricter(same, entry, ttl or {})
            if entry.table:
                self.tables[entry.table] = resource
            for alias in entry.aliases:
                self._aliases[resource.service, alias] = resource
            name = (resource.service, resource.name)
            if name not in self._by_name or not (resource.region or resource.role):
                self._by_name[name] = resource
        self._filed = [(listed, entry) for listed, entry in self.entries.items() if entry.file]

    def own(self, resource: Resource) -> Resource:
        """The same with the own region (and account) left open, so that naming them makes no other resource."""
        if not resource.region or resource.region != self._own_region:
            return resource
        if not resource.arn:
            return resource.replaced(region="")
        own_account = self.own_account and resource.account == self.own_account and not resource.role
        if resource.service == "ssm" and own_account and resource.name.startswith("/"):
            # The ARN of a parameter of the own account and region says no more than its name. But a secret's ends in
            # random characters, and "x" and "/x" have the same: only AWS knows which name such an ARN belongs to.
            return resource.replaced(region="", account="", partition="", arn="")
        return resource

    def alias(self, service: str, name: str) -> Resource | None:
        """What an alias of that store stands for."""
        return self._aliases.get((service, name))

    def listed_name(self, service: str, name: str) -> Resource | None:
        """What is listed under exactly that name."""
        return self._by_name.get((service, name))

    def meant(self, resource: Resource) -> Resource:
        """What a reader means who names no region and no role: the listed resource of that name, where there is one. A
        listed ARN is read by its ARN or its alias: a bare name means the own account and region."""
        resource = self.own(resource)
        if resource.region or resource.role or resource.arn:
            return resource
        listed = self._by_name.get((resource.service, resource.name))
        if listed is None or listed.arn or not (listed.region or listed.role):
            return resource
        return resource.replaced(region=listed.region, role=listed.role)

    def wants_file(self, resource: Resource) -> bool:
        """Whether a list says ``file=true`` of it, or of the wildcard that it belongs to."""
        return any(
            entry.covers(resource.name)
            and (listed.region, listed.role) == (resource.region, resource.role)
            and resource.selector == ("" if entry.pattern else listed.selector)
            for listed, entry in self._filed
        )

    def permits(self, resource: Resource, spellings: Iterable[Resource] = ()) -> bool:
        """Whether it may be read: with ``PREHEAT_ALLOW=listed`` only what a list names, in any stage, version, label or
        decryption, in the entry's region, account and role. ``spellings``: what is known to be the same resource."""
        if not self.listed_only:
            return True
        return any(self._is_listed(spelling) for spelling in (resource, *spellings))

    def _is_listed(self, resource: Resource) -> bool:
        for as_listed, entry in self.entries.items():
            listed = self.own(as_listed)  # once more: the own account may have been learnt since
            if listed.service != resource.service or listed.role != resource.role or listed.region != resource.region:
                continue
            if listed.account == resource.account and _covers(entry, resource):
                return True
        return False


def _covers(entry: ListEntry, resource: Resource) -> bool:
    asked = pattern_of(resource)
    if asked and resource.name == entry.resource.name:  # the place itself: only a wildcard that is as wide will do
        return entry.pattern in (asked, "**")
    return entry.covers(resource.name)
