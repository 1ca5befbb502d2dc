"""What ``PREHEAT_ALLOW=listed`` refuses: the reader's error, and one line in the log for each name."""

from __future__ import annotations

from extension.aws import outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from extension.errors import SourceError
    from extension.logs import Log
    from extension.references import Resource

_REASON = "PREHEAT_ALLOW=listed, and no list names it"
_TOLD_MOST = 256  # a function that asks at random must not fill CloudWatch


class Unlisted:
    """The store's lock guards ``refuse``; ``tell`` writes, and is called outside it. ``untold``: what the log has yet
    to say."""

    __slots__ = ("_log", "_told")

    def __init__(self, log: Log) -> None:
        self._log = log
        self._told: set[Resource] = set()

    def refuse(self, resource: Resource, untold: list[Resource]) -> SourceError:
        """What its reader gets."""
        if resource not in self._told and len(self._told) < _TOLD_MOST:
            self._told.add(resource)
            untold.append(resource)
        return outcome.failure(outcome.DENIED, "NotListed", _REASON)

    def tell(self, untold: list[Resource]) -> None:
        """Have the log say it."""
        while untold:
            try:
                resource = untold.pop(0)
            except IndexError:  # another thread was quicker
                return
            self._log.warn("read.refused", resource=resource.label, code="NotListed", reason=_REASON)
