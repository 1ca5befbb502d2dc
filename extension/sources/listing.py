"""What a wildcard stands for: the names that a service listed below a place."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from extension.aws.call import Budget
    from extension.clock import Instant
    from extension.fetcher import FetchCall
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


class PagedCall:
    """A listing that is read page after page. Where it is cut, ``rest`` goes on with the page that comes next.

    ``began``: when the first page was asked for; the whole listing is as old as that.
    """

    if TYPE_CHECKING:
        action: str
        host: str

        def run(self, budget: Budget, deliver: Callable[[Resource, Any, Instant], None]) -> Sequence[FetchCall]: ...

    def __init__(self, resource: Resource) -> None:
        self.resources = (resource,)
        self.began: Instant | None = None
        self._read: tuple[tuple[Resource, ...], str] = ((), "")  # members so far, and the token of the next page
        self._moved = False  # a page has come since this call was made

    def _turn(self, members: tuple[Resource, ...], token: str) -> None:
        """One more page is read."""
        self._read = (members, token)  # as a whole: ``rest`` may be asked for by another thread just now
        self._moved = True

    def rest(self) -> PagedCall | None:
        """A call for the pages that are left; None where none has come, so that a token that is no good any more is not
        tried for ever."""
        if not self._moved:
            return None
        rest = object.__new__(type(self))
        rest.__dict__.update(self.__dict__)
        rest._moved = False
        return rest


def listing_resource(place: Resource, pattern: str) -> Resource:
    """The wildcard itself as a resource: ``place`` ends in "/", and no parameter, and no version id, is called "*"."""
    return place.replaced(selector=pattern)


def pattern_of(resource: Resource) -> str:
    """ "*" or "**" where the resource is a wildcard, else ""."""
    return resource.selector if resource.selector in PATTERNS and resource.name.endswith("/") else ""
