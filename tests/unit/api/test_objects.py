"""Objects over HTTP: whole, in part, and not at all."""

import os

import pytest

from extension.files import Files
from extension.references import s3_resource
from extension.sources.object import Object
from tests.unit.api.bench import Bench

BODY = bytes(range(256)) * 4
KEY = s3_resource("bucket", "key")
URL = "/s3/bucket/key"


def bench_with(body=BODY, **headers):
    bench = Bench()
    bench.load(KEY, Object("bucket/key", {"etag": '"e1"', "content-type": "image/png", **headers}, body))
    return bench


def test_an_object_is_its_bytes_with_its_own_type():
    status, headers, body = bench_with().get(URL)

    assert (200, BODY, "image/png", '"e1"', "bytes") == (
        status,
        body,
        headers["Content-Type"],
        headers["ETag"],
        headers["Accept-Ranges"],
    )


@pytest.mark.parametrize(
    ("field", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=1000-", 1000, 1023), ("bytes=-24", 1000, 1023), ("bytes=0-9999", 0, 1023)],
)
def test_a_range_is_a_part_of_it(field, first, last):
    status, headers, body = bench_with().get(URL, ("Range", field))

    assert (206, BODY[first : last + 1], f"bytes {first}-{last}/1024") == (status, body, headers["Content-Range"])
    assert ("image/png", '"e1"') == (headers["Content-Type"], headers["ETag"])


@pytest.mark.parametrize("field", ["bytes=0-1,5-6", "lines=1-2", "bytes=x", "bytes=5-3"])
def test_what_is_no_range_gives_the_whole(field):
    assert (200, BODY) == bench_with().get(URL, ("Range", field))[::2]


@pytest.mark.parametrize(("field", "body"), [("bytes=1024-", BODY), ("bytes=-0", BODY), ("bytes=0-", b"")])
def test_a_range_outside_is_told_with_the_length(field, body):
    bench = bench_with(body)

    assert 416 == bench.problem(URL, ("Range", field))[0]
    assert f"bytes */{len(body)}" == bench.get(URL, ("Range", field))[1]["Content-Range"]


@pytest.mark.parametrize(("condition", "status"), [('"e1"', 206), ('"e2"', 200), ('W/"e1"', 200), ("e1", 200)])
def test_a_range_of_another_version_gives_the_whole(condition, status):
    assert status == bench_with().get(URL, ("Range", "bytes=0-1"), ("If-Range", condition))[0]


def test_who_has_it_gets_304_whatever_the_range():
    assert (304, b"") == bench_with().get(URL, ("Range", "bytes=0-1"), ("If-None-Match", '"e1"'))[::2]


def test_a_type_can_not_break_out_of_its_header():
    _, headers, _ = bench_with(**{"content-type": "text/\u2028x"}).get(URL)

    assert "text/?x" == headers["Content-Type"]


def test_one_object_read_in_parts_is_not_changed_by_it():
    bench = bench_with()
    for _ in range(3):
        bench.get(URL, ("Range", "bytes=0-1"))

    assert BODY == bench.get(URL)[2]


# As a file


@pytest.fixture
def filed(tmp_path):
    """A bench that holds the same object as a file, and the file's path."""
    bench = Bench()
    files = Files(str(tmp_path), bench.clock.monotonic)
    file = files.create("bucket/key.png", len(BODY))
    file.write(BODY, 0)
    bench.load(KEY, Object("bucket/key", {"etag": '"e1"', "content-type": "image/png"}, file))
    yield bench, file
    files.close()


class Taker:
    """A socket that takes everything."""

    def __init__(self):
        self.read, self.write = os.pipe()

    def fileno(self):
        return self.write


def sent(body):
    taker = Taker()
    while body:
        body.send_to(taker)
    os.close(taker.write)
    with open(taker.read, "rb") as pipe:
        return pipe.read()


@pytest.mark.parametrize(
    ("headers", "status", "piece"),
    [((), 200, BODY), ((("Range", "bytes=5-"),), 206, BODY[5:]), ((("Range", "bytes=-7"),), 206, BODY[-7:])],
)
def test_a_file_is_answered_as_its_bytes_would_be_and_with_its_path(filed, headers, status, piece):
    bench, file = filed
    found, fields, body = bench.get(URL, *headers)

    assert (status, len(piece), file.path, '"e1"') == (found, len(body), fields["Preheat-File"], fields["ETag"])
    assert piece == sent(body)


def test_who_has_a_files_bytes_is_told_its_path_all_the_same(filed):
    bench, file = filed

    status, fields, _ = bench.get(URL, ("If-None-Match", "*"))

    assert (304, file.path) == (status, fields["Preheat-File"])


def test_a_path_that_leads_nowhere_is_not_told_and_who_asks_for_it_waits_for_a_new_file(filed):
    bench, file = filed
    os.unlink(file.path)
    status, fields, body = bench.get(URL)
    assert (200, False, BODY) == (status, "Preheat-File" in fields, sent(body))
    assert [] == bench.calls

    reply = bench.ask(URL, method="HEAD")

    assert [["s3://bucket/key"]] == bench.calls
    bench.answer(Object("bucket/key", {"etag": '"e2"'}, b"new"))
    assert '"e2"' == dict(reply.response.headers)[b"ETag"].decode()
