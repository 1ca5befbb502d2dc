"""Which calls a fault, a hold or a latency is for."""

from __future__ import annotations

from collections.abc import Callable

from tests.fakes.aws.calls import Call

Match = str | Callable[[Call], bool] | tuple[str, ...] | list[str] | None


class Matcher:
    """None: every call. A text: see Call.matches. Several texts: all of them. A function of the call: what it says."""

    def __init__(self, match: Match) -> None:
        self._match = match

    def __call__(self, call: Call) -> bool:
        if self._match is None:
            return True
        if callable(self._match):
            return bool(self._match(call))
        texts = (self._match,) if isinstance(self._match, str) else self._match
        return all(call.matches(text) for text in texts)
