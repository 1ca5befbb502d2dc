"""Ways to read what Preheat holds. `READ_WITH` names one; they are three to choose from, and one to compare with.

A module for each, loaded only if it is chosen: what it imports is paid by every cold start.
"""

from __future__ import annotations

from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

WAYS = ("boto3", "powertools", "preheat", "requests")


class Unreadable(Exception):
    """Something cannot be read; the text says what, why and what to do, and holds no value."""


class Reader(Protocol):
    """One way to read. All raise ``Unreadable``."""

    def secret(self, name: str) -> str:
        """The text of a secret, by name or ARN."""

    def parameter(self, name: str) -> str:
        """The value of a parameter, decrypted."""

    def object(self, uri: str) -> bytes:
        """The bytes of ``s3://bucket/key``."""


def named(way: str) -> Reader:
    """The reader of one of the ``WAYS``; ``ValueError`` for another name, which ends INIT with a clear text."""
    if way not in WAYS:
        raise ValueError(f"READ_WITH must be one of {', '.join(WAYS)}")
    reader: Reader = import_module(f"order_pricing.readers.with_{way}").make()
    return reader


@contextmanager
def translating(*errors: type[Exception], what: str = "") -> Iterator[None]:
    """Makes ``Unreadable`` of a library's own ``errors``, whose texts hold no value. Also a decorator.

    ``what`` goes before texts that do not name what was asked for.
    """
    try:
        yield
    except errors as error:
        raise Unreadable(f"{what}: {error}" if what else str(error)) from None
