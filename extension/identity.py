"""Which spellings are the same thing: name, ARN and partial ARN of one secret or parameter (contract §4, Identity).

They are joined only after an answer gave both ARN and name; until then each is a thing of its own.
"""

from __future__ import annotations

from extension.aws.endpoints import partition_of
from extension.references import parameter_resource, secret_resource
from extension.sources.listing import Listing, pattern_of
from extension.sources.parameter import SECURE, Parameter
from extension.sources.secrets_manager import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable
    from typing import Any

    from extension.cache import Entry, EntryCache
    from extension.references import Resource
    from extension.resolution import Resolver


def canonical_key(resource: Resource, value: Any) -> Hashable:
    """What an entry is kept under: by ARN where the answer gave one, so that every spelling finds it.

    Decryption tells two values apart only where there is something to decrypt.
    """
    if isinstance(value, Secret):
        return (resource.service, resource.role, value.arn, resource.selector)
    if isinstance(value, Parameter):
        variant = resource.decrypt if value.type == SECURE or value.source_result is not None else None
        place = value.arn or (resource.region, value.name)
        if value.source_result is not None:  # the ARN is the secret's
            place = (resource.region, resource.name)
        return (resource.service, resource.role, place, resource.selector, variant)
    if isinstance(value, Listing):
        return resource
    return (resource.service, resource.role, resource.name, resource.selector)


class Links:
    """Spelling -> key of the entry. Not thread-safe by itself: the store's lock guards it."""

    __slots__ = ("_keys", "_own_region")

    def __init__(self, own_region: str) -> None:
        self._own_region = own_region
        self._keys: dict[Resource, Hashable] = {}

    def key(self, resource: Resource) -> Hashable:
        """The key of its entry; the resource itself while nothing is known."""
        return self._keys.get(resource, resource)

    def join(self, spellings: Iterable[Resource], entry: Entry, cache: EntryCache) -> None:
        """The entry answers for these. A name that came back with another ARN (the secret was deleted and made anew)
        leaves the old entry."""
        for spelling in spellings:
            old = self._keys.get(spelling)
            if old is not None and old != entry.key:
                before = cache.peek(old)
                if before is not None:
                    before.spellings.discard(spelling)
                    before.listed = before.listed and bool(before.spellings)
            self._keys[spelling] = entry.key
            entry.spellings.add(spelling)

    def drop(self, entry: Entry) -> None:
        """The entry is gone."""
        for spelling in entry.spellings:
            if self._keys.get(spelling) == entry.key:
                del self._keys[spelling]
        entry.spellings.clear()

    def same_version(self, resource: Resource, cache: EntryCache) -> Entry | None:
        """The current entry, where ``resource`` asks for the very version that it holds."""
        kind, _, version = resource.selector.partition(":")
        if resource.service == "s3" or not version or kind == "stage":
            return None
        entry = cache.peek(self.key(resource.replaced(selector="")))
        if entry is None or str(entry.value.version) != version:
            return None
        return cache.read(entry.key)

    def arn(self, resource: Resource, own_account: str) -> str:
        """The ARN that a policy must name; ``*`` for an account that is not known."""
        if resource.service == "s3":
            bucket = resource.name.partition("/")[0]
            return (
                "arn:" + partition_of(self._own_region) + ":s3:::" + (bucket if pattern_of(resource) else resource.name)
            )
        if resource.arn:
            return resource.arn
        region = resource.region or self._own_region
        account = resource.account or (resource.role.split(":")[4] if resource.role else own_account) or "*"
        place = f"arn:{partition_of(region)}:{resource.service}:{region}:{account}:"
        if resource.service == "secretsmanager":
            return f"{place}secret:{resource.name}-??????"
        return f"{place}parameter/{resource.name.strip('/')}"

    def spellings(self, resource: Resource, value: Any, resolver: Resolver) -> list[Resource]:
        """``resource``, and what else means the same, as far as the answer to it tells."""
        arn = getattr(value, "arn", "")
        if not arn or getattr(value, "source_result", None) is not None:
            return [resource]
        try:
            return [resource, *self._others(resource, value, resolver)]
        except ValueError:  # an ARN or a name that is none as AWS writes them joins nothing
            return [resource]

    def _others(self, resource: Resource, value: Any, resolver: Resolver) -> list[Resource]:
        selector = resource.selector
        if isinstance(value, Secret):
            by_arn = secret_resource(value.arn, role=resource.role)
            others = [by_arn.replaced(selector=selector)]
            if self._is_own(resource, by_arn, resolver):
                others.append(secret_resource(value.name).replaced(selector=selector))
            return others
        others = []
        for decrypt in (resource.decrypt,) if value.type == SECURE else (True, False):
            others.append(resource.replaced(decrypt=decrypt))
            by_arn = parameter_resource(value.arn, decrypt=decrypt, role=resource.role)
            own = self._is_own(resource, by_arn, resolver)
            if by_arn.account:
                others.append(resolver.own(by_arn).replaced(selector=selector))
            if own:
                others.append(parameter_resource(value.name, decrypt=decrypt).replaced(selector=selector))
        return others

    def _is_own(self, resource: Resource, by_arn: Resource, resolver: Resolver) -> bool:
        """Whether the bare name stands for it, too: it is in the own account, which a bare name's answer tells."""
        if by_arn.account and not (resource.arn or resource.region or resource.role):
            resolver.own_account = by_arn.account
        own_account = by_arn.account == resolver.own_account
        return own_account and by_arn.region == self._own_region and not resource.role
