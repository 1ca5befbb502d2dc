"""Rows are what Python's own ``csv``, ``json`` and ``sqlite3`` make of the same bytes, over generated files."""

import csv
import io
import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extension.tables import documents, sqlite
from tests.unit.tables.bench import Lookup

settings.register_profile(
    "tables", deadline=None, max_examples=60, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("tables")
csv.field_size_limit(1 << 30)

AWKWARD = ",;\"'\t\r\n\\ \x00\x1c\x85\u2028\ufeff0123456789.eE+-aAé€𝄞"
FIELD = st.one_of(
    st.text(AWKWARD, max_size=8), st.text(max_size=5), st.sampled_from(["", "EUR", "1", "1.0", "x" * 3000])
)
ROW = st.lists(FIELD, min_size=1, max_size=5)
MISSES = ["", "absent", "1.00", "eur"]


def by_key(rows, *columns):
    """Key -> the last row with it."""
    return {tuple(row[column] for column in columns): row for row in rows}


def check(lookup, expected, misses=MISSES):
    for key, row in expected.items():
        assert row == lookup.get(*key)
    for miss in misses:
        if (miss,) not in expected:
            assert lookup.get(miss) is None
    assert len(expected) == lookup.report["rows"]


# -- CSV, TSV --


def read_csv(body, delimiter, *columns):
    """What ``csv.DictReader`` has, as JSON has it."""
    text = io.TextIOWrapper(io.BytesIO(body), encoding="utf-8-sig", newline="")
    reader = csv.DictReader(text, delimiter=delimiter)
    found = []
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            continue
        if all(row[column] is not None for column in columns):
            found.append(row)
    expected = by_key(found, *columns)
    return {key: json.loads(json.dumps(row)) for key, row in expected.items()}


@given(
    rows=st.lists(ROW, max_size=12),
    delimiter=st.sampled_from(",\t"),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    bom=st.booleans(),
    last=st.booleans(),
)
def test_csv_as_it_is_written(rows, delimiter, ending, quoting, bom, last):
    rows = [[field.replace("\0", "") for field in row] for row in rows]  # 3.10 neither writes nor reads it
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    writer.writerows([["a", "k", "ü", "k"], *rows])
    text = out.getvalue() if last else out.getvalue().removesuffix(ending)
    body = text.encode("utf-8-sig" if bom else "utf-8")

    expected = read_csv(body, delimiter, "k")
    check(Lookup("csv" if delimiter == "," else "tsv", body, "k"), expected)
    both = read_csv(body, delimiter, "a", "k")
    check(Lookup("csv" if delimiter == "," else "tsv", body, "a", "k"), both)


@given(st.text(',"\r\nab €', max_size=60))
def test_csv_of_any_kind(text):
    body = b"a,k\n" + text.encode()

    check(Lookup("csv", body, "k"), read_csv(body, ",", "k"))


# -- JSON, JSON Lines --

SCALAR = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), FIELD)
VALUE = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELD, inner, max_size=3))
KEY = st.one_of(FIELD, st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
OBJECT = st.builds(lambda row, key: {**row, "k": key}, st.dictionaries(FIELD, VALUE, max_size=4), KEY)
STYLE = st.fixed_dictionaries(
    {
        "ensure_ascii": st.booleans(),
        "indent": st.sampled_from([None, 0, 2, "\t"]),
        "separators": st.sampled_from([None, (",", ":"), (" , ", " : ")]),
    }
)


def text_of(key):
    return key if isinstance(key, str) else json.dumps(key)


@pytest.fixture(params=[16, 1 << 20], ids="window of {}".format)
def window(request, monkeypatch):
    monkeypatch.setattr(documents, "_WINDOW", request.param)
    monkeypatch.setattr(documents, "_ROW", min(request.param, 2048))


fixture_is_the_same = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@given(rows=st.lists(OBJECT, max_size=8), style=STYLE, bom=st.booleans())
@fixture_is_the_same
def test_a_json_array(window, rows, style, bom):
    body = json.dumps(rows, **style).encode("utf-8-sig" if bom else "utf-8")

    check(Lookup("json", body, "k"), {(text_of(row["k"]),): row for row in json.loads(json.dumps(rows))})


@given(rows=st.dictionaries(FIELD, VALUE, max_size=8), style=STYLE, bom=st.booleans())
@fixture_is_the_same
def test_a_json_object(window, rows, style, bom):
    body = json.dumps(rows, **style).encode("utf-8-sig" if bom else "utf-8")

    check(Lookup("json", body), {(name,): row for name, row in rows.items()})


@pytest.mark.parametrize("number", ["0.5", "1e5", "-1.25E-3", "12345678"])
def test_a_number_is_never_cut_by_the_window(monkeypatch, number):
    for size in range(8, 40):
        monkeypatch.setattr(documents, "_WINDOW", size)
        lookup = Lookup("json", f'[{{"k":{number}}},{{"k":"b"}}]'.encode(), "k")
        assert 2 == lookup.report["rows"]
        scalars = Lookup("json", f'{{"a":{number},"b":{number}}}'.encode())
        assert (number.encode(), number.encode()) == (scalars.row("a"), scalars.row("b"))


@given(
    lines=st.lists(st.one_of(OBJECT.map(json.dumps), VALUE.map(json.dumps), st.text(AWKWARD, max_size=9)), max_size=9),
    ending=st.sampled_from(["\n", "\r\n", "\n\n"]),
    last=st.booleans(),
)
def test_json_lines(lines, ending, last):
    lines = [line.replace("\n", " ") for line in lines]
    body = ending.join([*lines, ""] if last else lines).encode()

    expected = {}
    for line in body.split(b"\n"):
        try:
            row = json.loads(line.decode())
            expected[(text_of(row["k"]),)] = row
        except (ValueError, TypeError, KeyError, IndexError):
            continue
    expected = {key: row for key, row in expected.items() if not isinstance(row["k"], (type(None), list, dict))}
    check(Lookup("jsonl", body, "k"), expected)


# -- SQLite --

# Of a number with more than 15 digits SQLite's own text is another number.
CELL = st.one_of(
    st.none(), st.integers(-(10**14), 10**14), st.integers(-999, 999).map(lambda number: number / 8), FIELD
)


@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), max_size=10),
    declared=st.sampled_from(["", "TEXT", "INTEGER", "REAL", "NUMERIC", "BLOB", "TEXT COLLATE NOCASE"]),
)
def test_sqlite(rows, declared):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f'CREATE TABLE "a table" ("k""" {declared}, b, "ü" TEXT)')
            connection.execute('CREATE INDEX i ON "a table" ("k""")')
            connection.executemany('INSERT INTO "a table" VALUES (?, ?, ?)', rows)
            connection.commit()
            kept = connection.execute('SELECT CAST("k""" AS TEXT), * FROM "a table" ORDER BY rowid').fetchall()
        expected = {key: dict(zip(('k"', "b", "ü"), row, strict=True)) for key, *row in kept if key is not None}
        lookup = sqlite.Sqlite(str(path), ('k"',))
        for key, row in expected.items():
            if "\0" not in key:  # where SQLite's own casts end a text
                assert row == json.loads(lookup.get((key,)) or "null")
        for miss in MISSES:
            if miss not in expected:
                assert lookup.get((miss,)) is None
        assert len(rows) == lookup.rows
