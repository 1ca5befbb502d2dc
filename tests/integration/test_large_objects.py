"""Objects as files below /tmp: what is large, and what is listed with file=true."""

from __future__ import annotations

import mmap
import os
import stat
import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.parts import LASTING, MB, asked, assert_came_in_parts, noise, part, peak_bytes, whole
from tests.integration.passing_time import let_pass

LISTED = ["s3://bucket/models/model.bin?file=true"]
URL = "/s3/bucket/models/model.bin"


def put(aws, body, **options):
    aws.put_object("bucket", "models/model.bin", body, **options)


def left_in(sidecar):
    """The private directories, and what is in them."""
    return {
        path.name: sorted(file.name for file in path.iterdir())
        for path in (sidecar.folder / "tmp").iterdir()
        if path.name.startswith("preheat-")
    }


def path_of(sidecar, url=URL):
    return Path(sidecar.request("HEAD", url).header("preheat-file"))


# Whole and in parts


def test_64_mb_reach_a_file_in_parts_and_readers_without_passing_through_memory(aws, ready):
    body = noise(64 * MB + 5)
    put(aws, body, checksum="sha256", content_type="application/x-model")
    sidecar = ready(s3=["s3://bucket/models/model.bin"])
    assert_came_in_parts(aws, body)
    answer = sidecar.get(URL)
    assert (200, "application/x-model") == (answer.status, answer.header("content-type"))
    assert body == answer.body
    path = Path(answer.header("preheat-file"))
    assert body == path.read_bytes()
    assert (0o700, 0o600) == tuple(stat.S_IMODE(each.stat().st_mode) for each in (path.parent, path))
    assert path.name.endswith("-model.bin")
    (row,) = sidecar.events("init.report")[0]["resources"]
    assert (len(body), "sha256") == (row["bytes"], row["checksum"])
    assert peak_bytes(sidecar) < 40 * MB


@pytest.mark.parametrize(
    ("field", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=1000-", 1000, 17 * MB - 1), ("bytes=-5", 17 * MB - 5, 17 * MB - 1)],
)
def test_ranges_of_a_file(aws, ready, field, first, last):
    body = noise(17 * MB)
    put(aws, body)
    sidecar = ready(s3=["s3://bucket/models/model.bin"])
    answer = sidecar.get(URL, {"Range": field})
    assert (206, f"bytes {first}-{last}/{len(body)}") == (answer.status, answer.header("content-range"))
    assert body[first : last + 1] == answer.body
    assert 416 == sidecar.get(URL, {"Range": f"bytes={len(body)}-"}).status


def test_a_small_object_is_a_file_where_the_list_says_so_and_only_there(aws, ready):
    for key, body in {"models/model.bin": b"small", "models/empty": b"", "other": b"other"}.items():
        aws.put_object("bucket", key, body)
    sidecar = ready(s3=["s3://bucket/models/*?file=true", "s3://bucket/other"])
    for url, body in {URL: b"small", "/s3/bucket/models/empty": b""}.items():
        answer = sidecar.get(url)
        assert (200, body) == (answer.status, answer.body)
        assert body == Path(answer.header("preheat-file")).read_bytes()
    assert "" == sidecar.get("/s3/bucket/other").header("preheat-file")
    assert {("ListObjectsV2", 200): 1, ("GetObject", 200): 3} == asked(aws)
    assert 304 == sidecar.get(URL, {"If-None-Match": sidecar.get(URL).header("etag")}).status


def test_what_is_over_the_memory_of_the_cache_is_a_file_too(aws, ready):
    put(aws, noise(3 * MB))
    sidecar = ready(s3=["s3://bucket/models/model.bin"], cache_memory="1MB")
    assert path_of(sidecar).stat().st_size == 3 * MB


def test_one_connection_alone_brings_everything(aws, ready):
    body = noise(25 * MB)
    put(aws, body)
    sidecar = ready(s3=LISTED, environ={"PARAMETERS_SECRETS_EXTENSION_MAX_CONNECTIONS": "1"})
    assert {("GetObject", 200): 1} == asked(aws)
    assert body == path_of(sidecar).read_bytes()


def test_a_bucket_elsewhere_is_found_once_and_its_parts_there(aws, ready):
    body = noise(33 * MB)
    put(aws, body, region="eu-west-1")
    sidecar = ready(s3=LISTED)
    assert {("us-east-1", 301): 1} == Counter(
        (call.region, call.status) for call in aws.calls if call.region != "eu-west-1"
    )
    assert body == path_of(sidecar).read_bytes()


# Checksums


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "crc32", "crc32c", "crc64nvme"])
def test_an_object_is_verified_by_what_s3_has(aws, ready, algorithm):
    body = noise(300_001)
    aws.put_object("bucket", "memory", body, checksum=algorithm)
    aws.put_object("bucket", "file", body, checksum=algorithm)
    aws.put_object("bucket", "wrong", body[:-1], checksum=f"{algorithm}=AAAAAAAA")
    sidecar = ready(s3=["s3://bucket/memory", "s3://bucket/file?file=true", "s3://bucket/wrong?file=true"])
    (report,) = sidecar.events("init.report")
    assert {"s3://bucket/memory": algorithm, "s3://bucket/file": algorithm, "s3://bucket/wrong": None} == {
        row["resource"]: row.get("checksum") for row in report["resources"]
    }
    (line,) = sidecar.events("fetch.failed")
    assert ("s3://bucket/wrong", "BadDigest") == (line["resource"], line["code"])
    assert f"the {algorithm} of what came is not the one that S3 has" == line["reason"]
    assert ["-file"] == [name[1:] for names in left_in(sidecar).values() for name in names]


def test_what_can_not_be_verified_is_said(aws, ready):
    aws.put_object("bucket", "composite", b"x", checksum="sha256=abc-3")
    aws.put_object("bucket", "large", bytes(4 * MB + 1), checksum="crc64nvme=AAAA")
    aws.put_object("bucket", "without", b"x")
    sidecar = ready(s3=["s3://bucket/*"])
    rows = [row for row in sidecar.get("/stats").json["entries"] if "*" not in row["resource"]]
    assert ["not verified"] * 3 == [row["checksum"] for row in rows]


# Changes


def test_a_refresh_without_a_change_is_one_call_without_bytes_and_the_same_file(aws, api, ready):
    put(aws, noise(17 * MB))
    sidecar = ready(s3=LISTED)
    path = path_of(sidecar)
    aws.clear_calls()
    assert 1 == sidecar.request("POST", "/refresh", body=b"{}").json["refreshed"]
    assert {("GetObject", 304): 1} == asked(aws)
    assert path == path_of(sidecar)


def test_a_new_version_is_a_new_file_and_the_old_one_stays_until_the_invocation_is_over(aws, api, ready):
    put(aws, b"old")
    sidecar = ready(s3=LISTED)
    api.invoke_and_wait()
    old = path_of(sidecar)
    put(aws, b"new")
    assert b"new" == sidecar.get(URL + "?refresh=true").body
    new = path_of(sidecar)
    assert (b"old", b"new") == (old.read_bytes(), new.read_bytes())
    with old.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        while old.exists():  # who brought the new one may be about to let go of it
            api.invoke_and_wait()
        assert new.exists()
        assert b"old" == mapped[:]
    (line,) = sidecar.events("entry.changed")
    assert "s3://bucket/models/model.bin" == line["resource"]


def test_objects_that_are_added_and_removed_below_a_prefix_are_noticed(aws, api, ready):
    for key in ("a", "b"):
        aws.put_object("bucket", f"models/{key}", key)
    sidecar = ready(s3=["s3://bucket/models/*?file=true"], ttl="1s")
    api.invoke_and_wait()
    for key in ("a", "b"):
        assert key == sidecar.get(f"/s3/bucket/models/{key}").text
    aws.delete_object("bucket", "models/a")
    aws.put_object("bucket", "models/c", "c")
    let_pass(1.1)
    aws.clear_calls()
    api.invoke_and_wait()
    assert {("ListObjectsV2", 200): 1, ("GetObject", 304): 1, ("GetObject", 200): 1} == asked(aws)
    assert ("c", "hit") == (
        path_of(sidecar, "/s3/bucket/models/c").read_text(),
        sidecar.get("/s3/bucket/models/c").header("preheat-cache"),
    )
    assert 404 == sidecar.get("/s3/bucket/models/a").status
    while 2 != len(left_in(sidecar).popitem()[1]):
        api.invoke_and_wait()


def test_32_readers_see_one_version_or_the_other(aws, api, ready):
    """Whatever the moment at which it is swapped: over the socket and in the file."""
    size = 2 * MB
    put(aws, b"0" * size)
    sidecar = ready(s3=LISTED, stale_if_error="0")
    done = threading.Event()
    seen: set[bytes] = set()
    torn: list[object] = []

    def read(by_path):
        with sidecar.connect() as client:
            while not done.is_set():
                body = client.get(URL).body
                if by_path:
                    body = Path(client.request("HEAD", URL).header("preheat-file")).read_bytes()
                if body.count(body[:1]) != size:
                    torn.append((len(body), set(body)))
                    return
                seen.add(body[:1])

    readers = [threading.Thread(target=read, args=(number % 4 == 0,)) for number in range(32)]
    for reader in readers:
        reader.start()
    try:
        for version in (b"1", b"2", b"3"):
            put(aws, version * size)
            while version not in seen and not torn:
                sidecar.request("HEAD", URL + "?refresh=true")  # within a second it joins the one before
                let_pass(0.05)
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert [] == torn


def test_an_object_that_changes_while_it_is_fetched_is_begun_again(aws, api, launch):
    put(aws, b"a" * (33 * MB))
    fault = aws.faults.add("hang", part)
    sidecar = launch(aws, s3=LISTED)
    fault.wait(1)
    put(aws, b"b" * (17 * MB))
    aws.faults.clear()
    api.wait_next()
    assert 412 in {call.status for call in aws.calls}
    assert b"b" * (17 * MB) == path_of(sidecar).read_bytes()
    assert 1 == len(left_in(sidecar).popitem()[1])
    assert [] == sidecar.events("fetch.failed")


def test_an_object_that_changes_again_and_again_is_given_up(aws, api, launch):
    put(aws, noise(17 * MB))
    aws.faults.add("error", part, code="PreconditionFailed", status=412)
    sidecar = launch(aws, s3=LISTED)
    api.wait_next()
    (line,) = sidecar.events("fetch.failed")
    assert "PreconditionFailed" == line["code"]
    assert 3 == asked(aws)["GetObject", 200]
    assert [[]] == list(left_in(sidecar).values())


# Failures: the old version stays, and nothing of the new one


@pytest.fixture
def held(aws, ready):
    """A sidecar that holds an old version, with a new one of 17 MB to be fetched."""
    put(aws, b"old")
    sidecar = ready(s3=LISTED, ttl="200ms", fetch_timeout="700ms")
    body = noise(17 * MB)
    put(aws, body)
    let_pass(0.25)
    aws.clear_calls()
    return sidecar, body


@pytest.mark.parametrize(("kind", "match", "options"), LASTING)
def test_a_download_that_fails_leaves_the_old_version_and_nothing_else(aws, held, kind, match, options):
    sidecar, _ = held
    aws.faults.add("cut_body", whole, at=100_000)
    aws.faults.add(kind, match, **options)
    answer = sidecar.get(URL)
    assert (200, b"old", "stale") == (answer.status, answer.body, answer.header("preheat-cache"))
    assert "s3://bucket/models/model.bin" == sidecar.events("fetch.failed")[0]["resource"]
    assert [Path(answer.header("preheat-file")).name] == left_in(sidecar).popitem()[1]
    while [each for each in sidecar.open_files if "-model.bin (deleted)" in each]:
        let_pass(0.01)  # it takes no room any more, either


def test_a_wrong_checksum_leaves_the_old_version(aws, held):
    sidecar, body = held
    put(aws, body, checksum="crc32=AAAAAA==")
    answer = sidecar.get(URL)
    assert (200, b"old", "stale") == (answer.status, answer.body, answer.header("preheat-cache"))
    assert "BadDigest" == sidecar.events("fetch.failed")[0]["code"]
    assert [Path(answer.header("preheat-file")).name] == left_in(sidecar).popitem()[1]


@pytest.mark.parametrize("match", [whole, part], ids=["the first", "another"])
@pytest.mark.parametrize("kind", ["cut_body", "cut", "error_503"])
def test_a_connection_that_breaks_costs_no_more_than_its_part(aws, held, kind, match):
    sidecar, body = held
    aws.faults.add(kind, match, times=1)
    assert body == sidecar.get(URL).body
    assert body == path_of(sidecar).read_bytes()


def test_a_process_that_may_not_write_that_much_says_so(aws, api, launch, opt):
    """As a full disk does; the others go on."""
    put(aws, noise(17 * MB))
    aws.put_object("bucket", "small", b"small")
    limited = ["/bin/bash", "-c", f"ulimit -f {16 * 1024}; exec {opt}/extensions/preheat"]
    sidecar = launch(aws, s3=[*LISTED, "s3://bucket/small?file=true"], command=limited)
    api.wait_next()
    (line,) = sidecar.events("fetch.failed")
    assert "EntityTooLarge" == line["code"]
    assert line["reason"].startswith(f"the object has {17 * MB} bytes, where ")
    assert 413 == sidecar.get(URL).status
    assert b"small" == path_of(sidecar, "/s3/bucket/small").read_bytes()


def test_old_and_new_version_have_to_fit(aws, api, launch, opt, tmp_path):
    place = tmp_path / "small-disk"
    place.mkdir()
    script = f"mount -t tmpfs -o size=30m tmpfs {place} && exec {opt}/extensions/preheat"
    if os.system(f"unshare -m mount -t tmpfs tmpfs {place} 2>/dev/null"):
        pytest.skip("no file system may be mounted here")
    put(aws, b"o" * (20 * MB))
    sidecar = launch(
        aws,
        s3=LISTED,
        ttl="200ms",
        command=["unshare", "-m", "/bin/sh", "-c", script],
        environ={"TMPDIR": str(place), "PATH": f"{opt}/bin:{os.environ['PATH']}"},
    )
    api.wait_next()
    put(aws, b"n" * (20 * MB))
    let_pass(0.25)
    answer = sidecar.get(URL)
    assert (200, b"o" * (20 * MB), "stale") == (answer.status, answer.body, answer.header("preheat-cache"))
    line = sidecar.events("fetch.failed")[0]
    assert "EntityTooLarge" == line["code"]
    assert line["reason"].startswith(f"the object has {20 * MB} bytes, where {place} has room for ")
    put(aws, b"n" * (9 * MB))
    let_pass(0.25)
    assert b"n" * (9 * MB) == sidecar.get(URL).body


def test_a_place_that_the_function_has_cleared_is_filled_again_when_its_path_is_asked_for(aws, ready):
    put(aws, b"body")
    sidecar = ready(s3=LISTED)
    path = path_of(sidecar)
    path.unlink()
    answer = sidecar.get(URL)
    assert (b"body", "") == (answer.body, answer.header("preheat-file"))
    assert b"body" == path_of(sidecar).read_bytes()


# The directory


def test_shutdown_removes_everything(aws, api, ready):
    put(aws, noise(17 * MB))
    sidecar = ready(s3=LISTED)
    assert 1 == len(left_in(sidecar))
    api.shutdown()
    assert 0 == sidecar.wait_exit()
    assert {} == left_in(sidecar)


def test_what_a_killed_process_left_is_removed_and_nothing_else_is(aws, api, launch, tmp_path):
    place = tmp_path / "kept"
    place.mkdir()
    for name, mode in {"preheat-0123456789abcdef": 0o755, "preheat-mine": 0o700, "preheat-cafe": 0o700}.items():
        (place / name).mkdir(mode=mode)
    treasure = tmp_path / "treasure"
    treasure.mkdir(mode=0o700)
    (treasure / "gold").touch()
    (place / "preheat-fedcba9876543210").symlink_to(treasure)
    before = set(place.iterdir())
    put(aws, noise(17 * MB))
    environ = {"TMPDIR": str(place)}
    killed = launch(aws, s3=LISTED, environ=environ)
    api.wait_next()
    left = path_of(killed).parent
    killed.process.kill()
    killed.wait_exit()
    assert left.exists()
    api.reset()
    living = launch(aws, s3=LISTED, environ=environ)
    api.wait_next()
    directory = path_of(living).parent
    assert before | {directory, place / ".preheat-init"} == set(place.iterdir())
    assert (treasure / "gold").exists()
    with FakeLambdaApi() as other:
        launch(aws, s3=LISTED, environ=environ, api=other)
        other.wait_next()
        assert directory.exists()  # its process lives


def test_a_process_without_objects_tidies_up_too(aws, api, launch, tmp_path):
    left = tmp_path / "preheat-0123456789abcdef"
    left.mkdir(mode=0o700)
    (left / "1-model.bin").touch()
    (tmp_path / ".preheat-init").touch()
    launch(aws, environ={"TMPDIR": str(tmp_path)})
    api.wait_next()
    while left.exists():
        let_pass(0.01)


# Readers, and the time that an invocation has


def test_slow_readers_of_a_file_stall_nobody(aws, ready):
    body = noise(17 * MB)
    put(aws, body)
    aws.put_secret("db", "value")
    sidecar = ready(s3=LISTED, secrets=["db"])
    slow = [sidecar.connect() for _ in range(8)]
    for client in slow:
        client.ask("GET", URL)
    for _ in range(50):
        assert "value" == sidecar.get("/secrets/db").text
    for client in slow:  # nobody has read a byte so far
        assert body == client.answer().body
        client.close()


def test_a_reader_that_goes_away_leaves_nothing_open(aws, api, ready):
    put(aws, noise(17 * MB))
    sidecar = ready(s3=LISTED)
    with sidecar.connect() as client:
        client.ask("GET", URL)
    put(aws, b"new")
    assert b"new" == sidecar.get(URL + "?refresh=true").body
    while 1 < len(list(path_of(sidecar).parent.iterdir())):
        api.invoke_and_wait()
    while [str(path_of(sidecar))] != [each for each in sidecar.open_files if "-model.bin" in each]:
        let_pass(0.01)  # the old one's is closed a moment after the file is gone


def test_pipelined_requests_are_answered_in_their_order(aws, ready):
    body = noise(17 * MB)
    put(aws, body)
    sidecar = ready(s3=LISTED)
    with sidecar.connect() as client:
        for field in ("bytes=0-99", "bytes=5-", "bytes=-7"):
            client.ask("GET", URL, {"Range": field})
        assert [body[:100], body[5:], body[-7:]] == [client.answer().body for _ in range(3)]
        client.ask("GET", URL, {"Connection": "close"})
        assert body == client.answer().body
        assert b"" == client.rest()


def test_a_body_that_has_begun_to_arrive_may_outlast_the_round(aws, api, ready):
    """Contract §4: a round ends after a second; such a body has until half a second before the deadline."""
    put(aws, b"old" * MB)
    aws.put_object("bucket", "silent", b"x")
    sidecar = ready(s3=[*LISTED, "s3://bucket/silent"], ttl="1s")
    api.invoke_and_wait()
    for url in (URL, "/s3/bucket/silent"):
        sidecar.get(url)
    put(aws, b"new" * MB)
    let_pass(1.1)
    hang = aws.faults.add("hang", "bucket/silent")
    drip = aws.faults.add("drip", "bucket/models/model.bin", piece=MB // 4, pause=0.12)
    aws.clear_calls()
    api.invoke_and_wait(timeout_ms=8000)
    assert (1, 1) == (hang.applied, drip.applied)
    assert b"new" * MB == path_of(sidecar).read_bytes()
    assert "hit" == sidecar.get(URL).header("preheat-cache")


def test_a_body_that_would_outlast_the_invocation_is_cut(aws, api, ready):
    put(aws, b"old" * MB)
    sidecar = ready(s3=LISTED, ttl="1s")
    api.invoke_and_wait()
    sidecar.get(URL)
    put(aws, b"new" * MB)
    let_pass(1.1)
    drip = aws.faults.add("drip", "GetObject", piece=1000, pause=0.1)
    api.invoke_and_wait(timeout_ms=2000)
    assert 1 == drip.applied
    while [1] != [len(names) for names in left_in(sidecar).values()]:  # its worker has just been told
        let_pass(0.01)
    assert [] == sidecar.events("entry.changed")
