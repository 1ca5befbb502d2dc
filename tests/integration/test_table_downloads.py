"""How a table's object comes: in parts where it is large, verified, and beside the version that answers meanwhile."""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

import pytest

from tests.integration.parts import LASTING, MB, asked, assert_came_in_parts, noise, part, peak_bytes, whole
from tests.integration.passing_time import let_pass
from tests.integration.test_tables import database

LISTED = "s3://data/a.jsonl?table=t&key=k"
LARGE = 17 * MB  # the least that others help with


def version(text: str, size: int = 0) -> bytes:
    """A table whose rows at its beginning and its end say which version it is, with ``size`` bytes between them."""
    line = b'{"k":"%d","x":"' + b"x" * 65_000 + b'"}\n'
    rows = b"".join([line % number for number in range(size // len(line) + 1)]) if size else b""
    return b'{"k":"first","v":"%s"}\n' % text.encode() + rows + b'{"k":"last","v":"%s"}\n' % text.encode()


def put(aws, body, **options):
    aws.put_object("data", "a.jsonl", body, **options)


def read(sidecar):
    """Which version the rows are of, and where they came from."""
    answer = sidecar.request("POST", "/tables/t", body=b'{"keys":["first","last"]}')
    assert 200 == answer.status, answer.body
    (text,) = {row["v"] for row in answer.json["rows"].values()}
    return text, answer.header("preheat-cache")


def left_in(place):
    """What the tables' folders hold, by the endings of the names."""
    return sorted(path.suffix for path in Path(place).rglob(".preheat-tables*/*"))


# Whole and in parts


def test_64_mb_come_in_parts_and_not_through_memory(aws, ready):
    body = version("one", 64 * MB)
    put(aws, body, checksum="sha256")
    sidecar = ready(s3=LISTED)
    assert_came_in_parts(aws, body)
    assert peak_bytes(sidecar) < 40 * MB
    (row,) = sidecar.events("init.report")[0]["resources"]
    assert (len(body), "sha256", len(body) // 65_000 + 2) == (row["bytes"], row["checksum"], row["rows"])
    assert ("one", "hit") == read(sidecar)
    assert [".index", ".object"] == left_in(sidecar.folder)
    assert body == sidecar.get("/s3/data/a.jsonl").body


def test_one_connection_alone_brings_everything(aws, ready):
    put(aws, version("one", 25 * MB))
    sidecar = ready(s3=LISTED, environ={"PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS": "1"})
    assert {("GetObject", 200): 1} == asked(aws)
    assert "one" == read(sidecar)[0]


# Checksums


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "crc32", "crc32c", "crc64nvme"])
def test_a_table_of_any_kind_is_verified_by_what_s3_has(aws, ready, algorithm):
    """Of what is packed it is the checksum of what is packed."""
    good = {
        "a.csv": b"k,v\n1,2\n",
        "b.csv.gz": gzip.compress(b"k,v\n1,2\n" * 9999),
        "c.db": database("k PRIMARY KEY, v", [(1, 2)]),
    }
    bad = {"d.csv": b"k,v\n1,3\n", "e.csv.gz": gzip.compress(b"k,v\n1,3\n")}
    for key, body in (good | bad).items():
        aws.put_object("data", key, body, checksum=algorithm if key in good else f"{algorithm}=AAAAAAAA")
    sidecar = ready(s3=[f"s3://data/{key}?table={key}" + "&key=k" * (".csv" in key) for key in good | bad])
    (report,) = sidecar.events("init.report")
    assert {**{f"s3://data/{key}": algorithm for key in good}, **{f"s3://data/{key}": None for key in bad}} == {
        row["resource"]: row.get("checksum") for row in report["resources"]
    }
    lines = sidecar.events("fetch.failed")
    assert {(f"s3://data/{key}", "BadDigest") for key in bad} == {(line["resource"], line["code"]) for line in lines}
    assert {f"the {algorithm} of what came is not the one that S3 has"} == {line["reason"] for line in lines}
    problem = sidecar.get("/tables/d.csv/1").problem
    assert (502, "BadDigest") == (problem["status"], problem["code"])
    assert [".data", *[".index"] * 3, *[".object"] * 3] == left_in(sidecar.folder)


def test_what_can_not_be_verified_is_said(aws, ready):
    aws.put_object("data", "composite.csv", b"k\n1\n", checksum="sha256=abc-3")
    aws.put_object("data", "large.jsonl", version("one", 4 * MB), checksum="crc64nvme=AAAA")
    aws.put_object("data", "without.csv", b"k\n1\n")
    keys = ("composite.csv", "large.jsonl", "without.csv")
    sidecar = ready(s3=[f"s3://data/{key}?table={key}&key=k" for key in keys])
    rows = sidecar.get("/stats").json["entries"]
    assert {f"s3://data/{key}": "not verified" for key in keys} == {row["resource"]: row["checksum"] for row in rows}


def test_the_next_process_knows_what_was_verified_and_fetches_nothing(aws, api, launch, tmp_path):
    put(aws, version("one", LARGE), checksum="sha1")
    place = tmp_path / "kept"
    place.mkdir()
    for number in range(2):
        api.reset()
        aws.clear_calls()
        sidecar = launch(aws, s3=LISTED, environ={"TMPDIR": str(place)})
        api.wait_next()
        (row,) = sidecar.events("init.report")[0]["resources"]
        assert ("ok", "sha1") == (row["outcome"], row["checksum"])
        assert "one" == read(sidecar)[0]
        if not number:
            sidecar.process.kill()
            sidecar.wait_exit()
    assert {("GetObject", 304): 1} == asked(aws)


# Changes


def test_a_refresh_without_a_change_is_one_call_without_bytes(aws, ready):
    put(aws, version("one", LARGE))
    sidecar = ready(s3=LISTED)
    aws.clear_calls()
    assert 1 == sidecar.request("POST", "/refresh", body=b'{"tables":["t"]}').json["refreshed"]
    assert {("GetObject", 304): 1} == asked(aws)
    assert ("one", "hit") == read(sidecar)


def test_an_object_that_changes_while_it_is_fetched_is_begun_again(aws, api, launch):
    put(aws, version("one", 33 * MB))
    fault = aws.faults.add("hang", part)
    sidecar = launch(aws, s3=LISTED)
    fault.wait(1)
    put(aws, version("two", LARGE))
    aws.faults.clear()
    api.wait_next()
    assert 412 in {call.status for call in aws.calls}
    assert "two" == read(sidecar)[0]
    assert [".index", ".object"] == left_in(sidecar.folder)
    assert [] == sidecar.events("fetch.failed")


def test_a_table_that_a_wildcard_covers_is_a_table(aws, ready):
    """Whichever of the two fetches it."""
    put(aws, version("one"))
    aws.put_object("data", "other", b"other")
    sidecar = ready(s3=["s3://data/*", LISTED], ttl="200ms")
    put(aws, version("two"))
    let_pass(0.25)
    assert b"other" == sidecar.get("/s3/data/other").body
    assert version("two") == sidecar.get("/s3/data/a.jsonl").body
    assert "two" == read(sidecar)[0]


# Failures: the old version stays, and nothing of the new one


@pytest.fixture
def held(aws, ready):
    """A sidecar that holds an old version, with a new one of 17 MB to be fetched."""
    put(aws, version("old"))
    sidecar = ready(s3=LISTED, ttl="200ms", fetch_timeout="700ms")
    put(aws, version("new", LARGE))
    let_pass(0.25)
    aws.clear_calls()
    return sidecar


def assert_old(sidecar, *codes):
    assert ("old", "stale") == read(sidecar)
    line = sidecar.events("fetch.failed")[0]
    assert "s3://data/a.jsonl" == line["resource"]
    assert not codes or line["code"] in codes
    assert [".index", ".object"] == left_in(sidecar.folder)
    while [each for each in sidecar.open_files if ".part" in each]:
        let_pass(0.01)  # it takes no room any more, either


@pytest.mark.parametrize(("kind", "match", "options"), LASTING)
def test_a_download_that_fails_leaves_the_old_version_and_nothing_else(aws, held, kind, match, options):
    aws.faults.add("cut_body", whole, at=100_000)
    aws.faults.add(kind, match, **options)
    assert_old(held)
    aws.faults.clear()
    assert ("new", "miss") == read(held)


def test_a_wrong_checksum_leaves_the_old_version(aws, held):
    put(aws, version("new", LARGE), checksum="crc32=AAAAAA==")
    assert_old(held, "BadDigest")


def test_what_is_no_table_is_fetched_once_and_leaves_the_old_version(aws, held):
    put(aws, b"\x1f\x8b" + noise(LARGE))
    assert_old(held, "TableCorrupt")
    aws.clear_calls()
    assert ("old", "stale") == read(held)
    assert {("GetObject", 304): 1} == asked(aws)


@pytest.mark.parametrize("match", [whole, part], ids=["the first", "another"])
@pytest.mark.parametrize("kind", ["cut_body", "cut", "error_503"])
def test_a_connection_that_breaks_costs_no_more_than_its_part(aws, held, kind, match):
    fault = aws.faults.add(kind, match, times=1)
    assert "new" == read(held)[0]
    assert 1 == fault.applied
    assert 2 - (kind == "cut_body") >= sum(whole(call) for call in aws.calls)


def test_a_small_table_goes_on_where_its_connection_broke(aws, ready):
    put(aws, version("one", MB))
    aws.faults.add("cut_body", whole, at=500_000)
    sidecar = ready(s3=LISTED)
    assert ["", f"bytes=500000-{len(version('one', MB)) - 1}"] == [call.header("range") for call in aws.calls]
    assert "one" == read(sidecar)[0]


def test_a_process_that_may_not_write_that_much_says_so(aws, api, launch, opt):
    """As a full disk does; the others go on."""
    put(aws, version("one", LARGE))
    aws.put_object("data", "small.csv", b"k\n1\n")
    limited = ["/bin/bash", "-c", f"ulimit -f {16 * 1024}; exec {opt}/extensions/preheat"]
    sidecar = launch(aws, s3=[LISTED, "s3://data/small.csv?table=small&key=k"], command=limited)
    api.wait_next()
    (line,) = sidecar.events("fetch.failed")
    assert "EntityTooLarge" == line["code"]
    assert line["reason"].startswith(f"the object has {len(version('one', LARGE))} bytes, where ")
    assert {("GetObject", 200): 2} == asked(aws)  # trying again would not help
    assert (413, 200) == (sidecar.get("/tables/t/last").status, sidecar.get("/tables/small/1").status)


def test_old_and_new_version_have_to_fit_and_leave_the_function_its_room(aws, api, launch, opt, tmp_path):
    place = tmp_path / "small-disk"
    place.mkdir()
    script = f"mount -t tmpfs -o size=40m tmpfs {place} && exec {opt}/extensions/preheat"
    if os.system(f"unshare -m mount -t tmpfs tmpfs {place} 2>/dev/null"):
        pytest.skip("no file system may be mounted here")
    put(aws, version("old", 14 * MB))
    sidecar = launch(
        aws,
        s3=LISTED,
        ttl="200ms",
        command=["unshare", "-m", "/bin/sh", "-c", script],
        environ={"TMPDIR": str(place), "PATH": f"{opt}/bin:{os.environ['PATH']}"},
    )
    api.wait_next()
    new = version("new", 14 * MB)  # 40 - 14 - 16 are not enough
    put(aws, new)
    let_pass(0.25)
    assert ("old", "stale") == read(sidecar)
    line = sidecar.events("fetch.failed")[0]
    assert "EntityTooLarge" == line["code"]
    assert line["reason"].startswith(f"the object has {len(new)} bytes, where {place} has room for ")
    assert 8 * MB < int(line["reason"].rpartition(" ")[2]) < 10 * MB
    put(aws, version("new", 7 * MB))
    let_pass(0.25)
    assert "new" == read(sidecar)[0]


def test_a_place_that_the_function_clears_meanwhile_is_filled_at_the_next_read(aws, api, launch):
    put(aws, version("one", LARGE))
    fault = aws.faults.add("hang", part)
    sidecar = launch(aws, s3=LISTED)
    fault.wait(1)
    (folder,) = Path(sidecar.folder).rglob(".preheat-tables")
    shutil.rmtree(folder)
    aws.faults.clear()
    api.wait_next()
    assert ["TableNoRoom"] == [line["code"] for line in sidecar.events("fetch.failed")]
    assert ("one", "miss") == read(sidecar)
    assert [".index", ".object"] == left_in(sidecar.folder)


def test_the_end_of_the_process_ends_a_download(aws, api, launch):
    put(aws, version("one", LARGE))
    fault = aws.faults.add("hang", part)
    sidecar = launch(aws, s3=LISTED, init_timeout="1s")
    fault.wait(1)
    api.wait_next()
    api.shutdown()
    assert 0 == sidecar.wait_exit()
    assert [] == left_in(sidecar.folder)
