"""What is asked for: an order in the body of an API Gateway event (HTTP API, payload format 2.0). Pure."""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

MOST_LINES = 100
MOST_PIECES = 1_000_000


class BadRequest(Exception):
    """The request is no order. The text says what an order has, for the caller to read."""


class Line(NamedTuple):
    """One line of an order."""

    article: str
    quantity: int


def parse(event: dict[str, Any]) -> list[Line]:
    """The order in ``event``: ``{"lines": [{"article": "A-100", "quantity": 2}, …]}``; ``BadRequest``.

    The event: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    document = _document(event)
    lines = document.get("lines") if isinstance(document, dict) else None
    if not isinstance(lines, list) or not 1 <= len(lines) <= MOST_LINES:
        raise BadRequest(f'an order is a JSON object with 1 to {MOST_LINES} "lines"')
    return [_line(line) for line in lines]


def _document(event: dict[str, Any]) -> Any:
    body = event.get("body") or ""
    try:
        return json.loads(base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body)
    except (ValueError, RecursionError):  # JSONDecodeError, UnicodeDecodeError and binascii.Error are ValueErrors
        raise BadRequest("the body is not JSON") from None


def _line(line: Any) -> Line:
    article = line.get("article") if isinstance(line, dict) else None
    quantity = line.get("quantity") if isinstance(line, dict) else None
    if not isinstance(article, str) or not article:
        raise BadRequest('each line names an "article"')
    # bool is a subclass of int, and `true` pieces are none.
    if type(quantity) is not int or not 1 <= quantity <= MOST_PIECES:
        raise BadRequest(f'the "quantity" of each line is a whole number from 1 to {MOST_PIECES}')
    return Line(article, quantity)
