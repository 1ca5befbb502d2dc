"""Orders out of API Gateway's events."""

from __future__ import annotations

import base64
import json

import pytest

from order_pricing.orders import MOST_LINES, MOST_PIECES, BadRequest, Line, parse

ONE = {"article": "A-100", "quantity": 1}


def event(document):
    return {"body": json.dumps(document), "isBase64Encoded": False}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([ONE], [Line("A-100", 1)]),
        ([ONE | {"quantity": MOST_PIECES, "note": "ignored"}], [Line("A-100", MOST_PIECES)]),
        ([ONE, ONE], [Line("A-100", 1), Line("A-100", 1)]),
        ([ONE] * MOST_LINES, [Line("A-100", 1)] * MOST_LINES),
        ([{"article": "Schraube ☃", "quantity": 3}], [Line("Schraube ☃", 3)]),
    ],
)
def test_an_order_is_its_lines(lines, expected):
    assert expected == parse(event({"lines": lines}))


def test_api_gateway_may_send_the_body_in_base64():
    body = base64.b64encode(json.dumps({"lines": [ONE]}).encode()).decode()
    assert [Line("A-100", 1)] == parse({"body": body, "isBase64Encoded": True})


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        ({}, "not JSON"),
        ({"body": None}, "not JSON"),
        ({"body": "{"}, "not JSON"),
        ({"body": "[" * 100_000}, "not JSON"),
        ({"body": "e30", "isBase64Encoded": True}, "not JSON"),
        ({"body": "/w==", "isBase64Encoded": True}, "not JSON"),
        (event([]), '1 to 100 "lines"'),
        (event({}), '1 to 100 "lines"'),
        (event({"lines": {}}), '1 to 100 "lines"'),
        (event({"lines": []}), '1 to 100 "lines"'),
        (event({"lines": [ONE] * (MOST_LINES + 1)}), '1 to 100 "lines"'),
        (event({"lines": ["A-100"]}), '"article"'),
        (event({"lines": [{"quantity": 1}]}), '"article"'),
        (event({"lines": [ONE | {"article": ""}]}), '"article"'),
        (event({"lines": [ONE | {"article": 100}]}), '"article"'),
        (event({"lines": [{"article": "A-100"}]}), '"quantity"'),
        (event({"lines": [ONE | {"quantity": 0}]}), '"quantity"'),
        (event({"lines": [ONE | {"quantity": -1}]}), '"quantity"'),
        (event({"lines": [ONE | {"quantity": 1.5}]}), '"quantity"'),
        (event({"lines": [ONE | {"quantity": "1"}]}), '"quantity"'),
        (event({"lines": [ONE | {"quantity": True}]}), '"quantity"'),
        (event({"lines": [ONE | {"quantity": MOST_PIECES + 1}]}), '"quantity"'),
    ],
)
def test_what_is_no_order_is_refused_with_what_one_has(bad, complaint):
    with pytest.raises(BadRequest, match=complaint):
        parse(bad)
