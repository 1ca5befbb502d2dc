"""What the service needs to know and does not have in its code: which things, and what they mean."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from order_pricing.pricing import BadPriceTable, PriceTable, parse_prices
from order_pricing.readers import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from order_pricing.readers import Reader


class Credential:
    """How to reach the database. Neither repr nor str shows the password."""

    __slots__ = ("database", "host", "password", "port", "username")

    def __init__(self, *, host: str, port: int, database: str, username: str, password: str) -> None:
        self.host = host
        self.port = port
        self.database = database
        self.username = username
        self.password = password

    @property
    def address(self) -> str:
        """Who connects to what; may be logged."""
        return f"{self.username}@{self.host}:{self.port}/{self.database}"

    def __repr__(self) -> str:
        return f"<Credential {self.address}>"


class Configuration:
    """All of it, as of now."""

    __slots__ = ("database", "prices", "volume_discount")

    def __init__(self, database: Credential, prices: PriceTable, *, volume_discount: bool) -> None:
        self.database = database
        self.prices = prices
        self.volume_discount = volume_discount


def read(reader: Reader, environ: Mapping[str, str]) -> Configuration:
    """Read what ``environ`` names; raises ``Unreadable``, whose text holds no value.

    Each invocation reads anew: the sidecar answers from memory, and a secret that was rotated or a flag that was
    switched arrives by its time to live.
    """
    database = _credential(reader.secret(_name(environ, "DATABASE_SECRET")))
    flag = reader.parameter(_name(environ, "VOLUME_DISCOUNT_PARAMETER"))
    try:
        prices = parse_prices(reader.object(_name(environ, "PRICE_TABLE")))
    except BadPriceTable as error:
        raise Unreadable(str(error)) from None
    return Configuration(database, prices, volume_discount=flag.strip().lower() == "on")


def _name(environ: Mapping[str, str], variable: str) -> str:
    name = environ.get(variable)
    if not name:
        raise Unreadable(f"the environment variable {variable} is not set")
    return name


def _credential(secret: str) -> Credential:
    """A secret as Secrets Manager keeps those of databases:
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html"""
    try:
        members = json.loads(secret)
        return Credential(
            host=str(members["host"]),
            port=int(members["port"]),
            database=str(members["dbname"]),
            username=str(members["username"]),
            password=str(members["password"]),
        )
    except (ValueError, TypeError, KeyError):
        pass
    # Raised out here: an exception's context is kept, and a JSONDecodeError holds the whole secret.
    raise Unreadable("the database's secret is no JSON object with host, port, dbname, username and password")
