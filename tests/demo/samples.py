"""Cold starts as they might have been measured."""

from __future__ import annotations

from demo.page import Comparison
from demo.records import AWS, CONNECTIONS, FUNCTION, LAMBDA, SIDECAR, ColdStart, Fetched, Row

FETCHED = (
    Fetched("order-pricing/database", "secret", 260, 21.4, "ok"),
    Fetched("/order-pricing/flags/volume-discount", "parameter", 118, 19.8, "ok"),
    Fetched("s3://order-pricing-prices/prices.csv", "object", 18_800, 24.1, "ok"),
)


def with_preheat(by: float = 1.0, fetched: tuple[Fetched, ...] = FETCHED) -> ColdStart:
    """One with the sidecar, every time multiplied ``by``."""
    rows = (
        Row(SIDECAR, "exec to registered", ((0 * by, 20 * by),)),
        Row(CONNECTIONS, "connections", ((30 * by, 38 * by), (31 * by, 40 * by)), "2"),
        Row(AWS, "GetSecretValue", ((45 * by, 60 * by),)),
        Row(SIDECAR, "sidecar ready", ((70 * by, 70 * by),)),
        Row(FUNCTION, "runtime starts", ((20 * by, 120 * by),)),
        Row(LAMBDA, "INIT over", ((250 * by, 250 * by),)),
        Row(FUNCTION, "first handler", ((252 * by, 260 * by),)),
    )
    return ColdStart(250 * by, 260 * by, 8 * by, (0.4 * by, 0.5 * by, 0.9 * by), 3, rows, fetched, "{}")


def with_boto3(by: float = 1.0) -> ColdStart:
    """One without."""
    rows = (
        Row(FUNCTION, "runtime starts", ((0 * by, 110 * by),)),
        Row(FUNCTION, "static code", ((110 * by, 500 * by),)),
        Row(AWS, "GetSecretValue", ((510 * by, 530 * by),)),
    )
    return ColdStart(502 * by, 600 * by, 98 * by, (0.3 * by,), 3, rows, (), "{}")


def comparison(by: float = 1.0) -> Comparison:
    """Three of each; the second is the typical one."""
    return Comparison(
        [with_preheat(1.2 * by), with_preheat(by), with_preheat(0.9 * by)],
        [with_boto3(by), with_boto3(0.5 * by), with_boto3(2 * by)],
    )
