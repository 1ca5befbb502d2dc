"""ListObjectsV2, for wildcards."""

from __future__ import annotations

from extension.aws import outcome, xml
from extension.percent import decode, encode
from extension.sources.listing import Listing, PagedCall, pattern_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from extension.aws.call import Budget
    from extension.clock import Instant
    from extension.fetcher import FetchCall
    from extension.references import Resource
    from extension.sources.s3 import S3


class List(PagedCall):
    """ListObjectsV2, page after page, for one wildcard; the objects follow as calls of their own."""

    action = "ListObjectsV2"

    def __init__(self, source: S3, resource: Resource) -> None:
        super().__init__(resource)
        self._source = source
        self.host = source.host(resource)

    def run(self, budget: Budget, deliver: Callable[[Resource, Any, Instant], None]) -> Sequence[FetchCall]:
        (resource,) = self.resources
        source = self._source
        bucket, _, prefix = resource.name.partition("/")
        # One level: what lies deeper is folded by the delimiter and never sent.
        fixed = f"&prefix={encode(prefix)}" + ("&delimiter=%2F" if pattern_of(resource) == "*" else "")
        while True:
            members, before = self._read
            query = (
                "list-type=2&encoding-type=url" + (f"&continuation-token={encode(before)}" if before else "") + fixed
            )
            answer = source.client.perform(source.call(resource, "", query, [], _page), budget)
            self.began = self.began or answer.sent
            keys, token = answer.content
            members += tuple([resource.replaced(name=f"{bucket}/{key}", selector="") for key in keys])
            if not token or len(members) >= source.most_names:
                break
            if token == before:
                raise outcome.failure(outcome.TRANSIENT, "", "S3 gives the same page again")
            self._turn(members, token)
        left_out = len(members) > source.most_names or bool(token)
        members = members[: source.most_names]
        deliver(resource, Listing(members, left_out), self.began)
        return source.plan(members)


def _page(document: bytes) -> tuple[list[str], str]:
    """The keys on one page of a listing, and the token of the next page; "" where there is none."""
    keys, token = [], ""
    for name, text in xml.leaves(document):
        if name == "Key" and not text.endswith("/"):  # a "folder" made by the console is an empty object
            keys.append(decode(text.replace("+", " ")))
        elif name == "NextContinuationToken":
            token = text
    return keys, token
