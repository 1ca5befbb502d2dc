"""The price table, and what orders cost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from order_pricing.orders import Line
from order_pricing.pricing import VOLUME, BadPriceTable, UnknownArticle, parse_prices, quote

PRICES = {"A": Decimal("0.18"), "B": Decimal("89.90"), "C": Decimal("0.035"), "FREE": Decimal(0)}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"article,unit_price\nA,0.18\n", {"A": Decimal("0.18")}),
        (b"\xef\xbb\xbfarticle,unit_price\r\nA,0.18\r\n", {"A": Decimal("0.18")}),
        (b'unit_price,description,article\n1,"a, b",A\n', {"A": Decimal(1)}),
        (b"article,unit_price\n", {}),
    ],
)
def test_a_price_table_is_csv_with_two_columns_wherever_they_are(content, expected):
    assert expected == parse_prices(content)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "line 1: .* columns article and unit_price"),
        (b"article,price\nA,1\n", "line 1"),
        (b"article,unit_price\nA,1\nB,much\n", "line 3"),
        (b"article,unit_price\nA,-1\n", "line 2"),
        (b"article,unit_price\nA,NaN\n", "line 2"),
        (b"article,unit_price\nA\n", "line 2"),
        (b"\xff\xfe\x00", "not CSV in UTF-8"),
        (b'article,unit_price\nA,"1\n', "not CSV in UTF-8"),
    ],
)
def test_a_broken_price_table_is_refused_with_its_line(content, complaint):
    with pytest.raises(BadPriceTable, match=complaint):
        parse_prices(content)


def test_the_same_bytes_are_parsed_once():
    content = b"article,unit_price\nA,7\n"
    assert parse_prices(content) is parse_prices(bytes(bytearray(content)))


@pytest.mark.parametrize(
    ("order", "volume_discount", "totals", "total"),
    [
        ([Line("A", 1)], True, ["0.18"], "0.18"),
        ([Line("A", 1), Line("B", 2)], True, ["0.18", "179.80"], "179.98"),
        ([Line("C", 1)], True, ["0.04"], "0.04"),  # half a cent is rounded up, once for each line
        ([Line("C", 1), Line("C", 1)], True, ["0.04", "0.04"], "0.08"),
        ([Line("B", VOLUME - 1)], True, ["8900.10"], "8900.10"),
        ([Line("B", VOLUME)], True, ["8540.50"], "8540.50"),
        ([Line("B", VOLUME)], False, ["8990.00"], "8990.00"),
        ([Line("B", 60), Line("B", 60)], True, ["5394.00", "5394.00"], "10788.00"),
        ([Line("FREE", VOLUME)], True, ["0.00"], "0.00"),
        ([Line("B", 1_000_000)], False, ["89900000.00"], "89900000.00"),
    ],
)
def test_an_order_costs_what_its_lines_cost(order, volume_discount, totals, total):
    quoted = quote(order, PRICES, volume_discount=volume_discount)
    assert totals == [str(line.total) for line in quoted.lines]
    assert total == str(quoted.total)


def test_all_unknown_articles_are_named_at_once():
    with pytest.raises(UnknownArticle) as refused:
        quote([Line("Z", 1), Line("A", 1), Line("Y", 1), Line("Z", 2)], PRICES, volume_discount=True)
    assert ["Y", "Z"] == refused.value.articles
