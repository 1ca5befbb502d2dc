"""What AWS holds and what the sample function is told: as template.yaml has it, with invented values."""

from __future__ import annotations

import json
from typing import Any

PASSWORD = "9fd3-invented-for-the-demo-b17c"
ADVICE = "Keep dry and away from competitors"  # in the price table, and nowhere in an answer
CANARIES = (PASSWORD, ADVICE)

_SECRET = "order-pricing/database"
_PARAMETER = "/order-pricing/flags/volume-discount"
_OBJECT = "order-pricing-prices/prices.csv"

_DATABASE = {
    "engine": "postgres",
    "host": "orders.db.internal",
    "port": 5432,
    "dbname": "orders",
    "username": "pricing",
    "password": PASSWORD,
}
_PRICES = "article,description,unit_price\n" + "".join(
    f"A-{number},{ADVICE},{number % 97}.{number % 89:02}\n" for number in range(100, 500)
)
# The form that tests.emulator.moto_server reads.
DATA: dict[str, Any] = {
    "secrets": {_SECRET: {"value": json.dumps(_DATABASE)}},
    "parameters": {_PARAMETER: {"value": "on", "type": "String"}},
    "objects": {_OBJECT: {"value": _PRICES}},
}
LATENCY_MS = 15.0  # from the arrival of a request at AWS to its answer

# For the function in both of its ways.
_FUNCTION = {
    "DATABASE_SECRET": _SECRET,
    "VOLUME_DISCOUNT_PARAMETER": _PARAMETER,
    "PRICE_TABLE": f"s3://{_OBJECT}",
    "POWERTOOLS_TRACE_DISABLED": "true",  # nobody listens to traces here
    "POWERTOOLS_LOG_LEVEL": "WARNING",
}
PREHEAT = _FUNCTION | {
    "READ_WITH": "preheat",
    "PREHEAT_SECRETS": f"{_SECRET}?required=true",
    "PREHEAT_PARAMETERS": f"{_PARAMETER}?ttl=60s",
    "PREHEAT_S3": f"s3://{_OBJECT}?ttl=10m",
    "PREHEAT_ALLOW": "listed",
}
BOTO3 = _FUNCTION | {"READ_WITH": "boto3"}

EVENT: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "POST /quotes",
    "rawPath": "/quotes",
    "headers": {"content-type": "application/json"},
    "requestContext": {"http": {"method": "POST", "path": "/quotes"}, "requestId": "demo"},
    "body": json.dumps({"lines": [{"article": "A-100", "quantity": 250}, {"article": "A-210", "quantity": 1}]}),
    "isBase64Encoded": False,
}
