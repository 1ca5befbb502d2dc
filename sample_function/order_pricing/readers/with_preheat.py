"""With Preheat's own client: no dependency, memory in front of the sidecar, errors that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import preheat
from order_pricing.readers import translating

if TYPE_CHECKING:
    from order_pricing.readers import Reader


class PreheatReader:
    """One line for each."""

    @translating(preheat.PreheatError)
    def secret(self, name: str) -> str:
        """See ``Reader``."""
        return str(preheat.get_secret(name))

    @translating(preheat.PreheatError)
    def parameter(self, name: str) -> str:
        """See ``Reader``."""
        return preheat.get_parameter(name)

    @translating(preheat.PreheatError)
    def object(self, uri: str) -> bytes:
        """See ``Reader``."""
        return preheat.get_object(uri)


def make() -> Reader:
    """The reader."""
    return PreheatReader()
