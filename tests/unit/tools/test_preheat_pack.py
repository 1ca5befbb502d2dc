"""`preheat pack`: a packed table answers as the file that it was made of."""

import csv
import gzip
import io
import json
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from extension.errors import SourceError
from extension.tables import sqlite
from tests.integration.sidecar import ROOT
from tests.unit.tables.bench import Lookup
from tools import preheat_pack
from tools.preheat_pack import Refused, pack

CSV = b'code,country,rate\nEUR,DE,1.0\nUSD,US,"1,1"\n\nEUR,FR,\nGBP\n'
JSONL = b'{"n":1.50,"big":1e400}\n\n{"n":"a","x":[{"y":null}]}\n{"n":true}\n{"n":1.50,"last":1}\n'
FIELD = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=6)
generated = settings(
    deadline=None, max_examples=40, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def packed(tmp_path):
    """packed(name, body, *key): the table that is made of it, and what was said of it."""

    def make(name, body, *key, **options):
        (tmp_path / name).write_bytes(body)
        told = pack(tmp_path / name, tmp_path / "packed.sqlite", list(key), **options)
        return sqlite.Sqlite(str(tmp_path / "packed.sqlite"), ()), told

    return make


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.csv.gz"])
def test_rows_of_text(packed, name):
    body = CSV.replace(b",", b"\t").replace(b'"1\t1"', b"1,1") if "tsv" in name else CSV
    table, told = packed(name, gzip.compress(body) if "gz" in name else body, "code")
    assert (3, 1, []) == told
    assert 3 == table.rows
    assert {"code": "EUR", "country": "FR", "rate": ""} == json.loads(table.get(("EUR",)))
    assert {"code": "USD", "country": "US", "rate": "1,1"} == json.loads(table.get(("USD",)))
    assert {"code": "GBP", "country": None, "rate": None} == json.loads(table.get(("GBP",)))
    assert [None, None] == [table.get(("eur",)), table.get(("",))]


def test_rows_of_json_keep_their_digits(packed):
    table, told = packed("a.jsonl", JSONL, "n")
    assert (3, 1, []) == told
    assert b'{"n":1.50,"last":1}' == table.get(("1.50",))
    assert b'{"n":"a","x":[{"y":null}]}' == table.get(("a",))
    assert b'{"n":true}' == table.get(("true",))
    assert table.get(("1.5",)) is None


def test_for_an_old_sqlite_it_has_row_ids(packed, tmp_path):
    table, told = packed("a.csv", CSV, "code", with_rowid=True)
    assert (3, 1, []) == told
    assert "FR" == json.loads(table.get(("EUR",)))["country"]
    with closing(sqlite3.connect(tmp_path / "packed.sqlite")) as connection:
        assert 3 == len(connection.execute("SELECT rowid FROM rows").fetchall())


def test_an_old_sqlite_says_what_to_do(monkeypatch, tmp_path):
    (tmp_path / "a.sqlite").write_bytes(b"x" * 4096)
    monkeypatch.setattr("_sqlite3.sqlite_version", "3.7.17")
    with pytest.raises(SourceError, match=r"SQLite 3\.7\.17 can't read it: .*--with-rowid"):
        sqlite.Sqlite(str(tmp_path / "a.sqlite"), ())


def test_a_composite_key_is_in_its_own_order(packed):
    table, _ = packed("a.csv", CSV.replace(b"GBP\n", b""), "country", "code")
    assert 2 == table.parts
    assert "1.0" == json.loads(table.get(("DE", "EUR")))["rate"]
    assert table.get(("EUR", "DE")) is None


def test_what_can_not_be_read_is_left_out_by_its_line(packed):
    _, told = packed("a.csv", b"a,k\nx,1\nshort\nlong,2,more\n", "k")
    assert (1, 0, [3, 4]) == told
    _, told = packed("a.jsonl", b'{"k":1}\n{"k":\n[]\n{"k":null}\n{"k":NaN}\n{"k":"\\ud800"}\n', "k")
    assert (1, 0, [2, 3, 4, 5, 6]) == told


@pytest.mark.parametrize(
    ("name", "body", "key", "options"),
    [
        ("a.csv", b"a,b\n1,2\n", "k", {}),
        ("a.csv", b"", "k", {}),
        ("a.csv", b"k,K\n1,2\n", "k", {}),
        ("a.txt", b"k\n1\n", "k", {}),
        ("a.jsonl", b"x\n", "k", {"strict": True}),
    ],
)
def test_what_can_not_be_packed_leaves_nothing(packed, tmp_path, name, body, key, options):
    with pytest.raises(Refused):
        packed(name, body, key, **options)
    assert [name] == [path.name for path in tmp_path.iterdir()]


@generated
@given(rows=st.lists(st.lists(FIELD, min_size=2, max_size=2), max_size=20))
def test_as_the_csv_itself(packed, rows):
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["k", "v"], *rows])
    body = out.getvalue().encode()
    table, _ = packed("a.csv", body, "k")
    plain = Lookup("csv", body, "k")
    assert plain.report["rows"] == table.rows
    for key in {row[0] for row in rows} | {"absent"}:
        assert plain.row(key) == table.get((key,))


@generated
@given(rows=st.lists(st.fixed_dictionaries({"k": st.one_of(FIELD, st.integers()), "v": FIELD}), max_size=20))
def test_as_the_json_itself(packed, rows):
    body = "\n".join(map(json.dumps, rows)).encode()
    table, _ = packed("a.jsonl", body, "k")
    plain = Lookup("jsonl", body, "k")
    assert plain.report["rows"] == table.rows
    for key in {str(row["k"]) for row in rows} | {"absent"}:
        assert plain.row(key) == table.get((key,))


def test_it_is_made_to_be_read(packed, tmp_path):
    """Sorted, dense, and nothing that has to be looked at besides."""
    body = b"k,v\n" + b"".join(b"%d,%s\n" % (number * 7919 % 50_000, b"x" * 40) for number in range(50_000))
    packed("a.csv", body, "k")
    path = tmp_path / "packed.sqlite"
    assert path.stat().st_size < 1.3 * len(body)
    assert 0 == path.stat().st_mode & (stat.S_IXUSR | stat.S_IWOTH)
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        (statement,) = connection.execute("SELECT sql FROM sqlite_schema").fetchone()
        assert "WITHOUT ROWID" in statement
        assert [(0,)] == connection.execute("PRAGMA freelist_count").fetchall()
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
    assert (sqlite.PACKED, sqlite.ROW) == (preheat_pack.PACKED, preheat_pack.WHOLE_ROW)


def test_the_command(tmp_path):
    (tmp_path / "a.csv").write_bytes(CSV + b"a,b,c,d\n")
    command = [sys.executable, "-I", str(ROOT / "tools" / "preheat_pack.py"), "a.csv", "a.sqlite", "--key", "code"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert 0 == done.returncode
    assert "a.sqlite: 3 rows, 8192 bytes\n1 rows had a key that a later row has as well\n" == done.stdout
    assert "1 malformed rows are left out; lines 7\n" == done.stderr
    done = subprocess.run([*command, "--strict"], cwd=tmp_path, capture_output=True, text=True)
    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("ERROR: a.csv: 1 malformed rows")
