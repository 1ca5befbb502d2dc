"""What a wildcard stands for: the names that a service listed below a place."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from extension.references import Resource

PATTERNS = ("*", "**")  # one level below, all below
MOST_NAMES = 1000  # per wildcard; the rest is read on demand


class Listing:
    """The members of a wildcard at one moment, as resources. ``left_out``: there were more than the bounds allow."""

    __slots__ = ("etag", "left_out", "members", "size", "version")

    def __init__(self, members: Sequence[Resource], left_out: bool) -> None:
        self.members = tuple(members)
        self.left_out = left_out
        self.size = 64 * len(self.members)
        self.etag = self.version = str(len(self.members))


def listing_resource(place: Resource, pattern: str) -> Resource:
    """The wildcard itself as a resource: ``place`` ends in "/", and no parameter, and no version id, is called "*"."""
    return place.replaced(selector=pattern)


def pattern_of(resource: Resource) -> str:
    """ "*" or "**" where the resource is a wildcard, else ""."""
    return resource.selector if resource.selector in PATTERNS and resource.name.endswith("/") else ""
