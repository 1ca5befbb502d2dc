"""The sample function, whichever way it reads: between it and AWS only the real sidecar (or boto3)."""

from __future__ import annotations

import json
import socket

import pytest

from tests.integration.function import EVENT, PRICES, invoke, order
from tests.integration.sidecar import free_port

WAYS = ("preheat", "powertools", "requests", "boto3")
THROUGH_PREHEAT = WAYS[:3]
PASSWORD = "correct-horse-battery-staple"
SECRET = {"host": "db.internal", "port": 5432, "dbname": "orders", "username": "pricing", "password": PASSWORD}
NAMES = {
    "DATABASE_SECRET": "shop/database",
    "VOLUME_DISCOUNT_PARAMETER": "/shop/flags/volume-discount",
    "PRICE_TABLE": "s3://shop-prices/2026/prices.csv",
}
LISTS = {
    "secrets": NAMES["DATABASE_SECRET"],
    "parameters": NAMES["VOLUME_DISCOUNT_PARAMETER"],
    "s3": NAMES["PRICE_TABLE"],
}


@pytest.fixture
def shop(aws):
    """AWS with all that the function needs."""
    aws.put_secret("shop/database", SECRET)
    aws.put_parameter("/shop/flags/volume-discount", "on")
    aws.put_object("shop-prices", "2026/prices.csv", PRICES)
    return aws


def environ(sidecar, way):
    """Of the function: what Lambda gives it, and how to read."""
    names = ("AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_CA_BUNDLE")
    given = {name: sidecar.environ[name] for name in (*names, "AWS_ENDPOINT_URL", "PREHEAT_PORT")}
    return given | NAMES | {"READ_WITH": way, "AWS_DEFAULT_REGION": sidecar.environ["AWS_REGION"]}


def document(answer):
    return json.loads(answer["body"])


@pytest.mark.parametrize("way", WAYS)
def test_an_order_gets_its_price_whichever_way_the_function_reads(way, shop, ready, tmp_path):
    sidecar = ready(**LISTS)
    run = invoke(tmp_path, environ(sidecar, way), [EVENT, EVENT])

    assert [200, 200] == [answer["statusCode"] for answer in run.answers]
    assert {
        "currency": "EUR",
        "lines": [
            {"article": "A-100", "quantity": 250, "unit_price": "0.18", "discount": "2.25", "total": "42.75"},
            {"article": "B-010", "quantity": 1, "unit_price": "89.90", "discount": "0.00", "total": "89.90"},
        ],
        "total": "132.65",
    } == document(run.answers[0])
    priced = [line for line in run.log if line.get("message") == "quote.priced"]
    assert ["pricing@db.internal:5432/orders"] * 2 == [line["database"] for line in priced]
    assert {"ColdStart": 1, "QuotePriced": 2} == run.metrics
    assert PASSWORD not in run.output


@pytest.mark.parametrize("way", THROUGH_PREHEAT)
def test_what_was_prefetched_costs_no_call_to_aws(way, shop, ready, tmp_path):
    sidecar = ready(**LISTS)
    calls = len(shop.calls)
    assert 200 == invoke(tmp_path, environ(sidecar, way)).answers[0]["statusCode"]
    assert calls == len(shop.calls)


@pytest.mark.parametrize("way", WAYS)
def test_what_is_missing_is_told_to_the_log_and_not_to_the_caller(way, shop, ready, tmp_path):
    shop.delete_object("shop-prices", "2026/prices.csv")
    run = invoke(tmp_path, environ(ready(**LISTS), way))

    assert 503 == run.answers[0]["statusCode"]
    assert "prices" not in run.answers[0]["body"]
    assert {"ColdStart": 1, "ConfigurationUnavailable": 1} == run.metrics
    (line,) = [line for line in run.log if line.get("message") == "configuration.unavailable"]
    assert "shop-prices/2026/prices.csv" in line["reason"]
    assert PASSWORD not in run.output


@pytest.mark.parametrize("way", THROUGH_PREHEAT)
def test_without_the_sidecar_the_log_says_to_attach_the_layer(way, tmp_path):
    given = {
        "READ_WITH": way,
        "PREHEAT_PORT": str(free_port()),
        "AWS_SESSION_TOKEN": "token",
        "AWS_REGION": "us-east-1",
    }
    run = invoke(tmp_path, given | NAMES)

    assert 503 == run.answers[0]["statusCode"]
    assert "1" == run.answers[0]["headers"]["Retry-After"]
    (line,) = [line for line in run.log if line.get("message") == "configuration.unavailable"]
    assert "layer" in line["reason"]


@pytest.mark.parametrize("secret", ["no JSON: " + PASSWORD, json.dumps({"password": PASSWORD}), f'["{PASSWORD}"]'])
def test_a_secret_of_another_shape_is_refused_without_a_word_of_it(secret, shop, ready, tmp_path):
    shop.rotate_secret("shop/database", secret)
    run = invoke(tmp_path, environ(ready(**LISTS), "preheat"))
    assert 503 == run.answers[0]["statusCode"]
    assert PASSWORD not in run.output


def test_callers_are_told_what_is_wrong_with_their_orders(shop, ready, tmp_path):
    events = [order(("Z-999", 1), ("A-100", 1), ("Z-111", 1)), EVENT | {"body": "{"}]
    run = invoke(tmp_path, environ(ready(**LISTS), "preheat"), events)

    unknown, bad = run.answers
    assert (422, ["Z-111", "Z-999"]) == (unknown["statusCode"], document(unknown)["articles"])
    assert (400, "the body is not JSON") == (bad["statusCode"], document(bad)["detail"])
    assert {"application/problem+json"} == {answer["headers"]["Content-Type"] for answer in run.answers}
    assert {"ColdStart": 1, "UnknownArticle": 1, "BadRequest": 1} == run.metrics


def test_traces_go_to_the_x_ray_daemon_and_hold_no_value(shop, ready, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(10)
        tracing = {
            "LAMBDA_TASK_ROOT": str(tmp_path),
            "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}",
            "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        }
        run = invoke(tmp_path, environ(ready(**LISTS), "preheat") | tracing)
        assert 200 == run.answers[0]["statusCode"]
        segments = [daemon.recv(65536).decode() for _ in range(2)]
    names = {json.loads(segment.partition("\n")[2])["name"] for segment in segments}
    assert {"## handler", "## order_pricing.app._price"} == names
    assert not any(PASSWORD in segment or "unit_price" in segment for segment in segments)


def test_an_unknown_way_of_reading_ends_the_start_with_its_reason(tmp_path):
    with pytest.raises(AssertionError, match="READ_WITH must be one of boto3, powertools, preheat, requests"):
        invoke(tmp_path, {"READ_WITH": "magic"})
