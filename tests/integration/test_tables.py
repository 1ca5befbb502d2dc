"""Look-up tables over the real process: every format, one row and many, how fresh they are, and what is wrong."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.passing_time import let_pass

CSV = 'code,country,rate\nEUR,DE,1.0\nUSD,US,"1,1"\n"Ü/x",CH,0.9\nEUR,FR,1.25\n'
ROWS = [("EUR", "DE", "1.0"), ("USD", "US", "1,1"), ("Ü/x", "CH", "0.9"), ("EUR", "FR", "1.25")]
AS_OBJECTS = [dict(zip(("code", "country", "rate"), row, strict=True)) for row in ROWS]


def database(statement: str, rows: Sequence[tuple[object, ...]]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "database"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"CREATE TABLE rates ({statement})")
            connection.executemany(f"INSERT INTO rates VALUES ({','.join('?' * len(rows[0]))})", rows)
            connection.commit()
        return path.read_bytes()


FORMATS = {
    "rates.csv": (CSV.encode(), "key=code"),
    "rates.tsv": (CSV.replace(",", "\t").replace('"1\t1"', "1,1").encode(), "key=code"),
    "bom.csv": (b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode(), "key=code"),
    "lines.jsonl": ("\n\n".join(json.dumps(row) for row in AS_OBJECTS).encode(), "key=code"),
    "array.json": (json.dumps(AS_OBJECTS, indent=1, ensure_ascii=False).encode(), "key=code"),
    "object.json": (json.dumps({row["code"]: row for row in AS_OBJECTS}).encode(), ""),
    "rates.db": (database("code, country, rate", ROWS), "key=rates.code"),
    "strict.csv": (CSV.encode(), "key=code&strict=true"),
    "as-said": (CSV.encode(), "key=code&format=csv"),
}
FORMATS |= {name + ".gz": (gzip.compress(body), key) for name, (body, key) in FORMATS.items() if "." in name}
LISTED = [f"s3://lookup/{name}?table={name}&{key}".rstrip("&") for name, (_, key) in FORMATS.items()]
COUNTRIES = "s3://lookup/countries.csv?table=by.both&key=country&key=code"


def fill(aws):
    for name, (body, _) in FORMATS.items():
        aws.put_object("lookup", name, body)
    aws.put_object("lookup", "countries.csv", CSV.encode())
    aws.put_object("lookup", "numbers.jsonl", b'{"n": 1.50, "x": 1e400}\n{"n": "7", "x": 10000000000000000000000}\n')
    aws.put_secret("plain", "value")


@pytest.fixture(scope="module")
def world(make_world):
    numbers = "s3://lookup/numbers.jsonl?table=numbers&key=n"
    return make_world(fill, s3=[*LISTED, COUNTRIES, numbers], secrets="plain")


@pytest.fixture(params=FORMATS)
def table(request):
    return request.param


def test_a_row_by_its_key(world, table):
    answer = world.sidecar.get(f"/tables/{table}/EUR")
    assert (200, AS_OBJECTS[3]) == (answer.status, answer.json)
    assert "application/json" == answer.header("content-type")
    assert "hit" == answer.header("preheat-cache")
    assert "private, max-age=300" == answer.header("cache-control")
    assert answer.header("age").isdigit()
    object_ = world.sidecar.get(f"/s3/lookup/{table}")
    assert object_.header("etag") == answer.header("etag")
    assert FORMATS[table][0] == object_.body
    assert 304 == world.sidecar.get(f"/tables/{table}/EUR", {"If-None-Match": answer.header("etag")}).status


def test_the_object_itself_in_parts(world, table):
    whole = FORMATS[table][0]
    part = world.sidecar.get(f"/s3/lookup/{table}", {"Range": "bytes=3-11"})
    assert (206, whole[3:12], f"bytes 3-11/{len(whole)}") == (part.status, part.body, part.header("content-range"))
    head = world.sidecar.request("HEAD", f"/s3/lookup/{table}")
    assert (200, b"", str(len(whole))) == (head.status, head.body, head.header("content-length"))


def test_a_key_may_have_slashes_and_letters_of_any_kind(world, table):
    for spelling in (quote("Ü/x"), quote("Ü/x", safe="")):
        assert AS_OBJECTS[2] == world.sidecar.get(f"/tables/{table}/{spelling}").json


def test_a_row_that_is_not_there(world, table):
    for key in ("eur", "", "EU", "EURO", "country", "%00"):
        answer = world.sidecar.get(f"/tables/{table}/{key}")
        assert (404, "RowNotFound") == (answer.status, answer.problem["code"])


def test_many_rows_at_once(world, table):
    answer = world.sidecar.request("POST", f"/tables/{table}", body=json.dumps({"keys": ["USD", "x", "Ü/x"]}).encode())
    assert {"rows": {"USD": AS_OBJECTS[1], "Ü/x": AS_OBJECTS[2]}, "missing": ["x"]} == answer.json
    assert "hit" == answer.header("preheat-cache")


def test_how_many_rows_there_are(world, table):
    rows = 4 if table.startswith("rates.db") else 3  # of SQLite nobody counts what is there twice
    answer = world.sidecar.request("HEAD", f"/tables/{table}")
    assert (200, str(rows)) == (answer.status, answer.header("preheat-rows"))
    assert rows == world.sidecar.get(f"/tables/{table}").json["rows"]


def test_a_composite_key(world):
    assert AS_OBJECTS[0] == world.sidecar.get("/tables/by.both/DE/EUR").json
    assert AS_OBJECTS[2] == world.sidecar.get(f"/tables/by.both/CH/{quote('Ü/x', safe='')}").json
    assert 400 == world.sidecar.get(f"/tables/by.both/CH/{quote('Ü/x')}").status
    assert 400 == world.sidecar.get("/tables/by.both/DE").status
    assert 404 == world.sidecar.get("/tables/by.both/EUR/DE").status
    body = json.dumps({"keys": [["CH", "Ü/x"], ["CH", "Ü"]]}).encode()
    rows = world.sidecar.request("POST", "/tables/by.both", body=body).json
    assert {"rows": {"CH/%C3%9C%2Fx": AS_OBJECTS[2]}, "missing": ["CH/%C3%9C"]} == rows
    assert 400 == world.sidecar.request("POST", "/tables/by.both", body=b'{"keys":["CH"]}').status


def test_numbers_are_keys_by_their_literal_and_go_out_as_they_came(world):
    assert b'{"n": 1.50, "x": 1e400}' == world.sidecar.get("/tables/numbers/1.50").body
    assert 404 == world.sidecar.get("/tables/numbers/1.5").status
    assert 404 == world.sidecar.get("/tables/numbers/7.0").status
    answer = world.sidecar.request("POST", "/tables/numbers", body=b'{"keys": [1.50, 7, 1.5]}')
    assert ["1.50", "7"] == list(answer.json["rows"])
    assert ["1.5"] == answer.json["missing"]
    assert b"10000000000000000000000" in answer.body


def test_rows_in_a_batch(world):
    asked = {
        "secrets": ["plain"],
        "tables": {"rates.csv": ["EUR", "x"], "by.both": [["DE", "EUR"]], "numbers": [1.50], "absent": ["k"]},
    }
    answer = world.sidecar.request("POST", "/batch", body=json.dumps(asked).encode().replace(b"1.5]", b"1.50]"))
    tables = answer.json["tables"]
    assert {"plain"} == set(answer.json["secrets"])
    assert AS_OBJECTS[3] == tables["rates.csv"]["EUR"]["value"]
    assert {"value", "version", "age"} == set(tables["rates.csv"]["EUR"])
    assert "RowNotFound" == tables["rates.csv"]["x"]["error"]["code"]
    assert AS_OBJECTS[0] == tables["by.both"]["DE/EUR"]["value"]
    assert ["1.50"] == list(tables["numbers"])
    assert (404, "TableNotFound") == tuple(tables["absent"]["k"]["error"][name] for name in ("status", "code"))


@pytest.mark.parametrize(
    ("method", "target", "body", "status"),
    [
        ("GET", "/tables/absent/x", b"", 404),
        ("GET", "/tables", b"", 404),
        ("POST", "/tables/rates.csv/EUR", b'{"keys":[]}', 405),
        ("DELETE", "/tables/rates.csv", b"", 405),
        ("GET", "/tables/rates.csv/%zz", b"", 400),
        ("GET", "/tables/rates.csv/EUR?field=x", b"", 400),
        ("POST", "/tables/rates.csv", b"", 400),
        ("POST", "/tables/rates.csv", b'{"keys":"EUR"}', 400),
        ("POST", "/tables/rates.csv", b'{"keys":[{}]}', 400),
        ("POST", "/tables/rates.csv", b'{"keys":[true]}', 400),
        ("POST", "/tables/rates.csv", json.dumps({"keys": ["x"] * 101}).encode(), 400),
    ],
)
def test_what_is_no_question(world, method, target, body, status):
    answer = world.sidecar.request(method, target, body=body)
    assert status == answer.status
    assert answer.problem


def test_options_and_methods(world):
    assert "GET, HEAD, POST, OPTIONS" == world.sidecar.request("OPTIONS", "/tables/rates.csv").header("allow")
    assert "GET, HEAD, OPTIONS" == world.sidecar.request("OPTIONS", "/tables/rates.csv/EUR").header("allow")
    answer = world.sidecar.request("HEAD", "/tables/rates.csv/EUR")
    assert (200, b"") == (answer.status, answer.body)


def test_tables_are_told_of_in_the_report(world):
    (report,) = world.sidecar.events("init.report")
    rows = {row["resource"]: row for row in report["resources"]}
    assert (3, 1) == tuple(rows["s3://lookup/rates.csv"][name] for name in ("rows", "duplicates"))


def test_without_tables_there_are_none(aws, ready):
    sidecar = ready()
    assert "TableNotFound" == sidecar.get("/tables/rates/EUR").problem["code"]
    body = b'{"tables":{"rates":["EUR"]}}'
    answer = sidecar.request("POST", "/batch", body=body)
    assert "TableNotFound" == answer.json["tables"]["rates"]["EUR"]["error"]["code"]


def test_malformed_rows_are_told_by_their_lines_and_the_others_served(aws, ready):
    aws.put_object("data", "a.jsonl", b'{"k":"1"}\n{"k":\n[]\n{"k":null}\n\xff\n{"k":"2"}\n')
    aws.put_object("data", "a.csv", b"a,k\nx,1\nshort\n\xff,3\ny,2,more,and more\n")
    sidecar = ready(s3=["s3://data/a.jsonl?table=lines&key=k", "s3://data/a.csv?table=csv&key=k"])
    assert {"k": "2"} == sidecar.get("/tables/lines/2").json
    assert {"a": "y", "k": "2", "null": ["more", "and more"]} == sidecar.get("/tables/csv/2").json
    told = {line["table"]: line for line in sidecar.events("table.rows")}
    assert (4, [2, 3, 4, 5], 2) == tuple(told["lines"][name] for name in ("malformed", "lines", "rows"))
    assert (2, [3, 4], 2) == tuple(told["csv"][name] for name in ("malformed", "lines", "rows"))
    assert "WARN" == told["csv"]["level"]


REFUSED = {
    "TableMalformed": ("a.jsonl?table=t&key=k&strict=true", b'{"k":"1"}\nx\n'),
    "TableCorrupt": ("a.json?table=t&key=k", b'[{"k":"1"},\n{"k":2'),
    "TableInvalid": ("a.csv?table=t&key=k", b"a,b\n1,2\n"),
    "TableTooLarge": ("a.jsonl?table=t&key=k", b'{"k":"1"}\n' * 200_000),
}
WRONG = {
    "gzip cut off": ("a.csv?table=t&key=k", gzip.compress(os.urandom(50_000))[:-9], "TableCorrupt"),
    "gzip damaged": ("a.csv?table=t&key=k", gzip.compress(b"k\n" * 99)[:-6] + b"xxxxxx", "TableCorrupt"),
    "no sqlite": ("a.db?table=t&key=k", b"k\n1\n", "TableCorrupt"),
    "sqlite cut off": (
        "a.db?table=t&key=rates.k",
        database("k PRIMARY KEY", [(n,) for n in range(9999)])[:8192],
        "TableCorrupt",
    ),
    "no such column": ("a.db?table=t&key=rates.x", database("k PRIMARY KEY", [(1,)]), "TableInvalid"),
    "unindexed": ("a.db?table=t&key=rates.k", database("k", [(n,) for n in range(1001)]), "TableInvalid"),
    "no format": ("a?table=t&key=k", b"k\n1\n", "TableInvalid"),
    "no key": ("a.csv?table=t", b"k\n1\n", "TableInvalid"),
    **{code: (*rest, code) for code, rest in REFUSED.items()},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_can_be_no_table_is_refused_with_the_reason(aws, ready, name):
    reference, body, code = WRONG[name]
    aws.put_object("data", reference.partition("?")[0], body)
    sidecar = ready(s3=f"s3://data/{reference}", cache_memory="1MB")
    (failure,) = sidecar.events("fetch.failed")
    assert code == failure["code"]
    problem = sidecar.get("/tables/t/1").problem
    assert (code, 413 if code == "TableTooLarge" else 502) == (problem["code"], problem["status"])
    assert ("preheat pack" in problem["detail"]) == (name in ("TableTooLarge", "unindexed"))


TTL = 0.4
SHORT = {"ttl": "400ms", "stale_if_error": "1m"}
BIG = "".join(f"{number},{'x' * 50}\n" for number in range(20_000))  # large enough for a child


def version(text: str, rows: str = BIG) -> bytes:
    return f"k,v\nversion,{text}\n{rows}last,{text}\n".encode()


def test_a_large_object_goes_out_whole(aws, ready):
    body = version("one", BIG * 8)
    aws.put_object("data", "a.csv", body)
    sidecar = ready(s3="s3://data/a.csv?table=t&key=k")
    assert body == sidecar.get("/s3/data/a.csv").body


def test_an_unchanged_table_costs_a_call_and_no_bytes(aws, api, ready):
    aws.put_object("data", "a.csv", version("one"))
    sidecar = ready(s3="s3://data/a.csv?table=t&key=k", **SHORT)
    let_pass(TTL)
    aws.clear_calls()
    api.invoke_and_wait()
    assert [304] == [call.status for call in aws.calls]
    assert ("one", "hit") == (
        sidecar.get("/tables/t/last").json["v"],
        sidecar.get("/tables/t/last").header("preheat-cache"),
    )


@pytest.mark.parametrize("bad", [b"\x1f\x8bxxxx", b"a,b\n1,2\n"], ids=["corrupt gzip", "without the column"])
def test_a_version_that_is_no_table_keeps_the_old_one_and_says_so(aws, ready, bad):
    aws.put_object("data", "a.csv", version("one"))
    sidecar = ready(s3="s3://data/a.csv?table=t&key=k", **SHORT)
    aws.put_object("data", "a.csv", bad)
    let_pass(TTL)
    for _ in range(2):
        answer = sidecar.get("/tables/t/last")
        assert ("one", "stale") == (answer.json["v"], answer.header("preheat-cache"))
    assert {"TableCorrupt", "TableInvalid"} >= {line["code"] for line in sidecar.events("fetch.failed")} != set()
    # What was found to be no table is not fetched again.
    assert [200, 200, 304] == [call.status for call in aws.calls]
    aws.put_object("data", "a.csv", version("two"))
    assert ("two", "miss") == _read(sidecar)


def test_a_download_that_is_cut_off_keeps_the_old_version(aws, ready):
    aws.put_object("data", "a.csv", version("one"))
    sidecar = ready(s3="s3://data/a.csv?table=t&key=k", **SHORT, fetch_timeout="200ms")
    aws.put_object("data", "a.csv", version("two"))
    aws.faults.add("cut_body")
    let_pass(TTL)
    assert ("one", "stale") == _read(sidecar)
    aws.faults.clear()
    assert ("two", "miss") == _read(sidecar)


def _read(sidecar):
    answer = sidecar.get("/tables/t/last")
    return answer.json["v"], answer.header("preheat-cache")


def test_a_table_can_be_fetched_anew_at_once(aws, ready):
    aws.put_object("data", "a.csv", version("one"))
    sidecar = ready(s3="s3://data/a.csv?table=t&key=k")
    aws.put_object("data", "a.csv", version("two"))
    answer = sidecar.request("POST", "/refresh", body=b'{"tables":["t","absent"]}').json
    assert (1, ["absent"]) == (answer["refreshed"], list(answer["failed"]))
    assert ("two", "hit") == _read(sidecar)
    aws.put_object("data", "a.csv", version("three"))
    let_pass(1)
    assert "three" == sidecar.get("/tables/t/last?refresh=true").json["v"]


def test_a_swap_under_32_readers_tears_no_row(aws, ready):
    """Each of many rows holds its version: rows read in one question are of one."""
    aws.put_object("data", "a.csv", version("0"))
    sidecar = ready(s3="s3://data/a.csv?table=t&key=k", ttl="50ms", stale_if_error="1m")
    over = time.monotonic() + 2
    seen: set[str] = set()
    torn: list[object] = []

    def read() -> None:
        client = sidecar.connect()
        before = -1
        while time.monotonic() < over:
            rows = client.request("POST", "/tables/t", body=b'{"keys":["version","last"]}').json["rows"]
            versions = {row["v"] for row in rows.values()}
            (now, *more) = versions
            seen.add(now)
            if more or len(rows) != 2 or int(now) < before:
                torn.append((before, rows))
            before = int(now)
        client.close()

    threads = [threading.Thread(target=read) for _ in range(32)]
    for thread in threads:
        thread.start()
    number = 0
    while time.monotonic() < over:
        number += 1
        aws.put_object("data", "a.csv", version(str(number)))
        let_pass(0.1)
    for thread in threads:
        thread.join()
    assert [] == torn
    assert len(seen) > 2


@pytest.fixture
def again(aws, api, launch, tmp_path):
    """again(): the next process in the same environment."""
    (tmp_path / "kept").mkdir()

    def start(**settings):
        api.reset()
        sidecar = launch(aws, environ={"TMPDIR": str(tmp_path / "kept")}, **settings)
        api.wait_next()
        return sidecar

    return start


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != ".preheat-init"]


def test_an_index_outlives_its_process_and_is_right_only_for_its_version(aws, api, again, tmp_path):
    aws.put_object("data", "a.csv", version("one"))
    aws.put_object("data", "other.csv", version("other"))
    lists = ["s3://data/a.csv?table=t&key=k", "s3://data/other.csv?table=o&key=k"]
    sidecar = again(s3=lists)
    (folder,) = [path for path in (tmp_path / "kept").iterdir() if path.is_dir()]
    assert 0o700 == folder.stat().st_mode & 0o777
    assert {0o600} == {path.stat().st_mode & 0o777 for path in files(folder)}
    assert 4 == len(files(folder))
    sidecar.process.kill()
    sidecar.wait_exit()
    (folder / "stray.part").write_bytes(b"left")
    aws.clear_calls()

    sidecar = again(s3=lists[0])
    assert [304] == [call.status for call in aws.calls]
    assert "one" == sidecar.get("/tables/t/last").json["v"]
    assert 2 == len(files(folder))  # what nobody lists any more is gone
    sidecar.process.kill()
    sidecar.wait_exit()
    aws.put_object("data", "a.csv", version("two"))

    sidecar = again(s3=lists[0])
    assert "two" == sidecar.get("/tables/t/last").json["v"]
    api.shutdown("spindown")
    assert 0 == sidecar.wait_exit()
    assert not folder.exists()


def test_a_damaged_index_is_made_anew(aws, again, tmp_path):
    aws.put_object("data", "a.csv", version("one"))
    sidecar = again(s3="s3://data/a.csv?table=t&key=k")
    sidecar.process.kill()
    sidecar.wait_exit()
    (index,) = (tmp_path / "kept").rglob("*.index")
    index.write_bytes(b"{}\n")

    assert "one" == again(s3="s3://data/a.csv?table=t&key=k").get("/tables/t/last").json["v"]


@pytest.mark.parametrize("planted", ["link", "open to others"])
def test_a_folder_that_is_not_ours_alone_is_not_used(aws, again, tmp_path, planted):
    aws.put_object("data", "a.csv", version("one"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (elsewhere / "precious").write_bytes(b"x")
    place = tmp_path / "kept" / ".preheat-tables"
    if planted == "link":
        place.symlink_to(elsewhere)
    else:
        place.mkdir()
        place.chmod(0o777)
        (place / "precious").write_bytes(b"x")
    sidecar = again(s3="s3://data/a.csv?table=t&key=k")
    assert "one" == sidecar.get("/tables/t/last").json["v"]
    assert ["precious"] == [path.name for path in place.iterdir()]
    sidecar.process.kill()


def test_many_tables_that_do_not_fit_go_by_turns(aws, ready):
    """Evicting a table costs a call, not its bytes."""
    for number in range(6):
        aws.put_object("data", f"{number}.csv", version(str(number)))
    tables = [f"s3://data/{number}.csv?table=t{number}&key=k" for number in range(6)]
    sidecar = ready(s3=tables, cache_memory="1MB")
    aws.clear_calls()
    for number in range(6):
        assert str(number) == sidecar.get(f"/tables/t{number}/last").json["v"]
    assert {304} >= {call.status for call in aws.calls}


def memory(sidecar) -> dict[str, float]:
    """Megabytes, as the kernel counts them."""
    lines = Path(f"/proc/{sidecar.process.pid}/smaps_rollup").read_text("ascii").splitlines()[1:]
    return {line.partition(":")[0]: int(line.split()[1]) / 1024 for line in lines}


def test_rows_are_mapped_and_not_parsed(aws, api, launch):
    """100,000 rows, 5.6 MB. Parsed they would be 48 MB."""
    rows = "".join(f'key-{number:08d},"Some, name {number}",{number * 1.5},2026-01-01\n' for number in range(100_000))
    aws.put_object("data", "a.csv", f"code,name,rate,day\n{rows}".encode())
    aws.put_secret("plain", "value")
    used = []
    for lists in ({}, {"s3": "s3://data/a.csv?table=t&key=code"}):
        api.reset()
        sidecar = launch(aws, secrets="plain", **lists)
        api.wait_next()
        client = sidecar.connect()
        for number in range(0, 100_000, 50):
            target = f"/tables/t/key-{number:08d}" if lists else "/secrets/plain"
            assert 200 == client.get(target).status
        client.close()
        used.append(memory(sidecar))
    idle, table = used
    assert table["Rss"] - idle["Rss"] < 15
    assert table["Anonymous"] - idle["Anonymous"] < 5


def test_no_key_and_no_row_is_ever_logged(aws, ready):
    aws.put_object("data", "a.csv", b"k,v\nconfidential,private\nconfidential,private\nshort\n")
    sidecar = ready(s3="s3://data/a.csv?table=t&key=v", log_level="DEBUG")
    assert "confidential" == sidecar.get("/tables/t/private").json["k"]
    assert b"confidential" not in sidecar.get("/tables/t/confidential").body
    assert b"private" not in sidecar.get("/stats").body
    assert "private" not in sidecar.output
    assert "confidential" not in sidecar.output
