"""What is answered: API Gateway's response (payload format 2.0) with a JSON body. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from order_pricing.pricing import CURRENCY

if TYPE_CHECKING:
    from order_pricing.pricing import Quote


def quoted(quote: Quote) -> dict[str, Any]:
    """200 with the quote. Money travels as text: a JSON number is a binary fraction to most readers."""
    lines = [
        {
            "article": line.article,
            "quantity": line.quantity,
            "unit_price": str(line.unit_price),
            "discount": str(line.discount),
            "total": str(line.total),
        }
        for line in quote.lines
    ]
    return _answer(200, {"currency": CURRENCY, "lines": lines, "total": str(quote.total)})


def refused(status: int, code: str, detail: str, **members: Any) -> dict[str, Any]:
    """An error, as RFC 9457 has it."""
    document = {"status": status, "code": code, "detail": detail, **members}
    headers = {"Retry-After": "1"} if status == 503 else {}
    return _answer(status, document, content_type="application/problem+json", **headers)


def _answer(
    status: int, document: dict[str, Any], *, content_type: str = "application/json", **headers: str
) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": content_type, **headers}, "body": json.dumps(document)}
