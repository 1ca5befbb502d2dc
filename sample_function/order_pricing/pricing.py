"""What an order costs: the price table and the arithmetic. Pure; money is ``Decimal``, never ``float``."""

from __future__ import annotations

import csv
import io
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from order_pricing.orders import Line

CURRENCY = "EUR"
VOLUME = 100  # pieces in one line, from which on the volume discount is given
VOLUME_DISCOUNT = Decimal("0.05")
_CENT = Decimal("0.01")
_COLUMNS = ("article", "unit_price")

PriceTable = dict[str, Decimal]


class BadPriceTable(Exception):
    """The price table is not what it has to be; the text names the line."""


class UnknownArticle(Exception):
    """The price table does not have these ``articles``."""

    def __init__(self, articles: list[str]) -> None:
        super().__init__(f"no price for {len(articles)} article(s)")
        self.articles = articles


class QuotedLine(NamedTuple):
    """What one line of the order costs."""

    article: str
    quantity: int
    unit_price: Decimal
    discount: Decimal
    total: Decimal


class Quote(NamedTuple):
    """What the order costs."""

    lines: list[QuotedLine]
    total: Decimal


# The same bytes come again as long as they are fresh, so that they are parsed once.
@lru_cache(maxsize=1)
def parse_prices(content: bytes) -> PriceTable:
    """The price of one piece by article, of a CSV file (UTF-8) with the columns ``article`` and ``unit_price``."""
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        if not set(_COLUMNS) <= set(rows.fieldnames or ()):
            raise BadPriceTable(f"line 1: the price table needs the columns {' and '.join(_COLUMNS)}")
        return {row["article"]: _price(row["unit_price"], rows.line_num) for row in rows}
    except (UnicodeDecodeError, csv.Error):
        raise BadPriceTable("the price table is not CSV in UTF-8") from None


def quote(order: Iterable[Line], prices: Mapping[str, Decimal], *, volume_discount: bool) -> Quote:
    """Price ``order``; raises ``UnknownArticle`` for all articles that have no price."""
    wanted = list(order)
    unknown = sorted({line.article for line in wanted} - set(prices))
    if unknown:
        raise UnknownArticle(unknown)
    lines = [_quote_line(line, prices[line.article], volume_discount=volume_discount) for line in wanted]
    return Quote(lines, sum((line.total for line in lines), Decimal("0.00")))


def _quote_line(line: Line, unit_price: Decimal, *, volume_discount: bool) -> QuotedLine:
    full = unit_price * line.quantity
    rate = VOLUME_DISCOUNT if volume_discount and line.quantity >= VOLUME else Decimal(0)
    discount = (full * rate).quantize(_CENT, ROUND_HALF_UP)
    total = full.quantize(_CENT, ROUND_HALF_UP) - discount
    return QuotedLine(line.article, line.quantity, unit_price, discount, total)


def _price(text: str | None, line: int) -> Decimal:
    try:
        price = Decimal(text or "")
    except InvalidOperation:
        price = Decimal(-1)
    if not price.is_finite() or price < 0:
        raise BadPriceTable(f"line {line}: the unit price is no amount of money")
    return price
