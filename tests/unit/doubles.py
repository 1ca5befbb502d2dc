"""For the type checker: stand-ins are not what they stand in for."""

from typing import Any


def double(stand_in: object) -> Any:
    """The same thing, to be given where the real one is expected."""
    return stand_in
