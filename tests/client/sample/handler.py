"""A user's function, as mypy sees it: every line that is wrong says so, and mypy checks that it is."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from typing_extensions import assert_type

import preheat
from preheat import Client, NotFound, PreheatError
from preheat import powertools as parameters


def parse(text: str) -> Decimal:
    return Decimal(text)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    assert_type(preheat.get_secret("db", field="password"), str)
    assert_type(preheat.get_secret("db", transform="binary"), bytes)
    assert_type(preheat.get_secret("db", transform=parse), Decimal)
    assert_type(preheat.get_secret("db", transform=int, field="port", max_age=5, stage="AWSPENDING"), int)
    assert_type(preheat.get_secret("db", transform="json"), Any)
    password: str = preheat.get_secret("db", force_fetch=True)
    assert_type(preheat.get_secret("key", transform=bytes), bytes)

    assert_type(preheat.get_parameter("/flag"), str)
    assert_type(preheat.get_parameter("/flag", version=3, decrypt=False, max_age=0.5), str)
    assert_type(preheat.get_parameter("/rate", transform=Decimal), Decimal)
    assert_type(preheat.get_parameters("/app", recursive=False), dict[str, str])
    assert_type(preheat.get_parameters("/app", transform="binary"), dict[str, bytes])
    assert_type(preheat.get_parameters("/app", transform=len), dict[str, int])
    assert_type(preheat.get_object("s3://bucket/key"), bytes)
    assert_type(preheat.get_object("s3://bucket/key", transform=bytes.decode, version="v"), str)
    with open("/tmp/copy", "wb") as file:
        assert_type(preheat.get_object("s3://bucket/key", into=file, max_age=5), int)
    assert_type(preheat.get_file("s3://bucket/key", force_fetch=True), str)

    many = preheat.get_many(secrets=["db", {"id": "db2", "field": "x"}], parameters=["/flag"], raise_on_error=False)
    assert_type(many.errors, dict[tuple[str, str], PreheatError])
    assert_type(preheat.get_secrets_by_name(["db"], transform="json"), dict[str, Any])
    assert_type(preheat.get_parameters_by_name({"/flag": {"decrypt": False}}), dict[str, Any])
    assert_type(preheat.refresh(secrets=["db"]).refreshed, int)

    client = Client(timeout=5)
    assert_type(client.get_secret("db", field="user"), str)
    ask: Callable[[str], str] = client.get_parameter
    try:
        ask("/flag")
    except NotFound as error:
        assert_type(error.status, int | None)

    preheat.get_secret("db", "password")  # type: ignore[call-overload]  # options have names
    preheat.get_secret("db", feild="password")  # type: ignore[call-overload]
    preheat.get_secret("db", transform="yaml")  # type: ignore[call-overload]
    preheat.get_parameter(5)  # type: ignore[call-overload]
    preheat.get_parameter("/flag", decrypt="no")  # type: ignore[call-overload]
    preheat.get_object("s3://b/k").upper().encode()  # type: ignore[attr-defined]  # bytes have no encode

    assert_type(parameters.get_secret("db", transform="json"), Any)
    parameters.SecretsProvider(client).get("db", max_age=5)
    return {"statusCode": 200, "body": password}
