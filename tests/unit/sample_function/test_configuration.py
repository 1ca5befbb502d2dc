"""What the service makes of what it has read."""

from __future__ import annotations

import json

import pytest

from order_pricing.configuration import Credential, read
from order_pricing.readers import Unreadable, named

ENVIRON = {"DATABASE_SECRET": "db", "VOLUME_DISCOUNT_PARAMETER": "/flag", "PRICE_TABLE": "s3://b/prices.csv"}
SECRET = {"host": "db.internal", "port": "5432", "dbname": "orders", "username": "pricing", "password": "hunter2"}


class InMemory:
    """A reader that has what it was given."""

    def __init__(self, secret=SECRET, flag="on", prices=b"article,unit_price\nA,1\n"):
        self.things = {"db": json.dumps(secret), "/flag": flag, "s3://b/prices.csv": prices}

    def secret(self, name):
        return self.things[name]

    parameter = object = secret


def test_all_three_are_read_by_the_names_in_the_environment():
    known = read(InMemory(), ENVIRON)
    assert "pricing@db.internal:5432/orders" == known.database.address
    assert "hunter2" == known.database.password
    assert {"A": 1} == known.prices


@pytest.mark.parametrize(
    ("flag", "on"), [("on", True), (" ON\n", True), ("off", False), ("", False), ("true", False), ("1", False)]
)
def test_the_flag_is_on_or_it_is_not(flag, on):
    assert on is read(InMemory(flag=flag), ENVIRON).volume_discount


@pytest.mark.parametrize("variable", ENVIRON)
def test_a_variable_that_is_not_set_is_named(variable):
    with pytest.raises(Unreadable, match=variable):
        read(InMemory(), {name: value for name, value in ENVIRON.items() if name != variable})


@pytest.mark.parametrize("member", SECRET)
def test_a_credential_needs_all_its_members_and_its_complaint_holds_none(member):
    secret = {name: value for name, value in SECRET.items() if name != member}
    with pytest.raises(Unreadable, match="no JSON object with") as refused:
        read(InMemory(secret=secret), ENVIRON)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__context__ is None


def test_a_broken_price_table_is_something_that_cannot_be_read():
    with pytest.raises(Unreadable, match="line 2"):
        read(InMemory(prices=b"article,unit_price\nA,much\n"), ENVIRON)


def test_a_credential_does_not_show_its_password():
    credential = Credential(host="h", port=1, database="d", username="u", password="hunter2")
    assert "<Credential u@h:1/d>" == repr(credential) == str(credential)


def test_a_way_of_reading_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="READ_WITH must be one of"):
        named("order_pricing")
