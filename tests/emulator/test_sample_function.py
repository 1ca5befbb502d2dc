"""The sample function where it belongs: under Lambda's runtime, with the layer beside it."""

from __future__ import annotations

import json
import secrets
import shutil

import pytest

from tests.emulator.harness import Aws
from tests.emulator.namespace import ROOT

EVENT = json.loads((ROOT / "examples" / "quote.json").read_text("utf-8"))
LISTS = {
    "PREHEAT_SECRETS": "shop/database?required=true",
    "PREHEAT_PARAMETERS": "/shop/flags/volume-discount?ttl=60s",
    "PREHEAT_S3": "s3://shop-prices/prices.csv",
    "PREHEAT_ALLOW": "listed",
}
NAMES = {
    "DATABASE_SECRET": "shop/database",
    "VOLUME_DISCOUNT_PARAMETER": "/shop/flags/volume-discount",
    "PRICE_TABLE": "s3://shop-prices/prices.csv",
}


@pytest.fixture
def task(tmp_path):
    """The function's folder; the harness calls app.handler."""
    folder = tmp_path / "task"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "sample_function" / "order_pricing", folder / "order_pricing", ignore=ignore)
    (folder / "app.py").write_text("from order_pricing.app import handler as handler\n")
    return folder


@pytest.mark.parametrize("way", ["preheat", "powertools", "requests"])
def test_its_first_answer_needs_no_call_to_aws_but_those_of_the_prefetch(way, start, namespace, task):
    password = secrets.token_urlsafe()
    credential = {"host": "db.internal", "port": 5432, "dbname": "orders", "username": "pricing", "password": password}
    data = {
        "secrets": {"shop/database": json.dumps(credential)},
        "parameters": {"/shop/flags/volume-discount": "on"},
        "objects": {"shop-prices/prices.csv": (ROOT / "examples" / "prices.csv").read_text("utf-8")},
    }
    with (
        Aws(namespace, data, latency_ms=15) as aws,
        start(aws.environ | LISTS | NAMES | {"READ_WITH": way}, task=task) as environment,
    ):
        answers = [environment.invoke(EVENT).json() for _ in range(2)]
        actions = sorted(call["action"] for call in aws.calls())
    assert [200, 200] == [answer["statusCode"] for answer in answers], environment.log
    assert ["132.65", "132.65"] == [json.loads(answer["body"])["total"] for answer in answers]
    assert ["GetObject", "GetParameters", "GetSecretValue"] == actions
    (end,) = environment.events("shutdown.report")
    assert [] == end["never_read"]
    assert password not in environment.log
