"""With Powertools' parameters utility, served by Preheat: one import changes, names and options are Powertools'."""

from __future__ import annotations

from typing import TYPE_CHECKING

import preheat
from order_pricing.readers import translating
from preheat import powertools as parameters  # was: from aws_lambda_powertools.utilities import parameters

if TYPE_CHECKING:
    from order_pricing.readers import Reader


class PowertoolsReader:
    """Secrets and parameters; Powertools has nothing for objects in S3, so these go by Preheat's own client."""

    @translating(parameters.GetParameterError)
    def secret(self, name: str) -> str:
        """See ``Reader``."""
        return str(parameters.get_secret(name))

    @translating(parameters.GetParameterError)
    def parameter(self, name: str) -> str:
        """See ``Reader``."""
        return str(parameters.get_parameter(name, decrypt=True))

    @translating(preheat.PreheatError)
    def object(self, uri: str) -> bytes:
        """See ``Reader``."""
        return preheat.get_object(uri)


def make() -> Reader:
    """The reader."""
    return PowertoolsReader()
