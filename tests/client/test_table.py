"""Tables in the client library: what it asks, what it makes of the answers, and against the real sidecar."""

from __future__ import annotations

import json

import pytest

import preheat
from tests.client.stand_in import as_json, ok, problem

CSV = 'code,country,rate\nEUR,DE,1.0\nUSD,US,"1,1"\n"Ü/x",CH,0.9\n1.50,CH,0.1\n7,CH,\n'


def fill(aws):
    aws.put_object("lookup", "rates.csv", CSV.encode())
    rows = "\n".join(json.dumps({"c": str(number % 10), "n": number}) for number in range(500))
    aws.put_object("lookup", "many.jsonl", rows.encode())


LISTS = {
    "s3": ["s3://lookup/rates.csv?table=rates&key=code", "s3://lookup/many.jsonl?table=many&key=c&key=n"],
}


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(fill, **LISTS)


def test_rows_by_their_keys(client):
    rates = client.table("rates")
    assert {"code": "EUR", "country": "DE", "rate": "1.0"} == rates["EUR"]
    assert "0.9" == rates["Ü/x"]["rate"]
    assert "0.1" == rates.get("1.50")["rate"]
    assert "" == rates[7]["rate"]
    assert ("EUR" in rates, "eur" in rates) == (True, False)
    assert (None, 5) == (rates.get("eur"), rates.get("eur", 5))
    assert 5 == len(rates)


def test_a_row_that_is_not_there_is_a_key_error_too(client):
    with pytest.raises(KeyError) as caught:
        client.table("rates")["confidential"]
    error = caught.value
    assert isinstance(error, preheat.RowNotFound)
    assert isinstance(error, preheat.NotFound)
    assert "a row of table 'rates': the table has no row with this key (RowNotFound)" == str(error)


def test_a_table_that_is_not_there_is_none(client):
    absent = client.table("absent")
    for read in (lambda: absent["x"], lambda: absent.get("x"), lambda: "x" in absent, lambda: absent.get_many(["x"])):
        with pytest.raises(preheat.NotFound, match="TableNotFound") as caught:
            read()
        assert not isinstance(caught.value, KeyError)


def test_many_at_once_by_the_keys_as_given(client):
    rows = client.table("many").get_many([(str(number % 10), number) for number in range(500)] + [("x", 1)])
    assert 500 == len(rows)
    assert {"c": "7", "n": 17} == rows["7", 17]
    assert {"USD", 7, "Ü/x"} == set(client.table("rates").get_many(["USD", 7, "Ü/x", "absent"]))
    assert {} == client.table("rates").get_many([])


def test_a_composite_key_of_the_wrong_number_of_parts(client):
    with pytest.raises(preheat.BadRequest, match="a key of this table has 2 parts"):
        client.table("many")["7"]


def test_what_it_asks(stand_in):
    table = stand_in.client().table("a.b")
    stand_in.usual = ok('{"rows":3}', media="application/json")
    assert {"rows": 3} == table["x/y:z ü"] == table["a", 1] == table[""]
    assert 3 == len(table)
    assert ["/tables/a.b/x%2Fy%3Az%20%C3%BC", "/tables/a.b/a/1", "/tables/a.b/", "/tables/a.b"] == stand_in.targets


def test_nothing_of_it_is_kept_in_memory(stand_in):
    """Ten thousand rows would push the secrets out."""
    table = stand_in.client().table("t")
    stand_in.usual = ok("1", media="application/json")
    assert (1, 1) == (table["x"], table["x"])
    assert 2 == len(stand_in.targets)


def test_many_keys_are_asked_for_in_portions(stand_in):
    def answer(connection, request):
        return as_json({"rows": {key[0]: len(key[0]) for key in json.loads(request.body)["keys"]}, "missing": []})

    stand_in.usual = answer
    keys = [str(number) for number in range(150)] + ["x" * 30_000 + str(number) for number in range(3)]
    assert keys == list(stand_in.client().table("t").get_many([*keys, "7"]))
    assert [100, 51, 1, 1] == [len(json.loads(request.body)["keys"]) for request in stand_in.requests]
    assert all(len(request.body) < 64 * 1024 for request in stand_in.requests)


@pytest.mark.parametrize("key", [1.5, None, True, ["a"], ("a", None), b"x", ()])
def test_what_is_no_key(stand_in, key):
    with pytest.raises((TypeError, ValueError)):
        stand_in.client().table("t")[key]
    assert [] == stand_in.requests


def test_it_is_no_sequence_and_never_empty(stand_in):
    table = stand_in.client().table("t")
    with pytest.raises(TypeError):
        list(table)
    with pytest.raises(TypeError, match="not one str"):
        table.get_many("EUR")
    assert table
    assert "<Table 't'>" == repr(table)
    assert [] == stand_in.requests


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (problem(502, "corrupt", code="TableCorrupt"), preheat.Unavailable),
        (problem(413, "large", code="TableTooLarge"), preheat.BadRequest),
        (ok("no json", media="application/json"), preheat.SidecarUnavailable),
    ],
)
def test_what_goes_wrong(stand_in, reply, error):
    stand_in.usual = reply
    with pytest.raises(error):
        stand_in.client().table("t")["x"]
    with pytest.raises(error):
        stand_in.client().table("t").get_many(["x"])


def test_the_function_of_the_package_stays_one_whatever_is_imported(stand_in, monkeypatch):
    """A submodule of its name would take its place."""
    for name, value in stand_in.environ.items():
        monkeypatch.setenv(name, value)
    stand_in.usual = ok("1", media="application/json")
    for _ in range(2):
        assert 1 == preheat.table("t")["x"]
