"""Objects that do not go through memory: written as they come, or by their path."""

from __future__ import annotations

import io
import mmap
import re
from pathlib import Path
from typing import Any

import pytest

import preheat
from tests.client.stand_in import Raw, ok, problem
from tests.integration.sidecar import ROOT

BODY = bytes(range(256)) * 20_000  # 5 MB
URI = "s3://bucket/model.bin"


def as_file(path, status=200, body=b""):
    reply = ok(body, media="image/png", status=status)
    reply.headers.append(("Preheat-File", str(path)))
    return reply


def test_an_object_is_written_as_it_comes(stand_in):
    stand_in.usual = ok(BODY, media="image/png")
    client, into = stand_in.client(), io.BytesIO()

    assert len(BODY) == client.get_object(URI, into=into)
    assert BODY == into.getvalue()
    assert 2 * len(BODY) == 2 * client.get_object(URI, into=into)  # the connection is as good as before
    assert ["/s3/bucket/model.bin"] * 2 == stand_in.targets
    assert 1 == len(set(stand_in.connections))


def test_what_takes_a_little_at_a_time_gets_everything(stand_in):
    class Slow(io.RawIOBase):
        got = b""

        def writable(self):
            return True

        def write(self, data):
            self.got += bytes(data[:70_000])
            return min(len(data), 70_000)

    stand_in.usual = ok(BODY[:300_000], media="image/png")
    into = Slow()
    stand_in.client().get_object(URI, into=into)

    assert BODY[:300_000] == into.got


@pytest.mark.parametrize("body", [b"", b"x"])
def test_a_small_object_is_written_too(stand_in, body):
    stand_in.usual = ok(body)
    into = io.BytesIO()

    assert (len(body), body) == (stand_in.client().get_object(URI, into=into), into.getvalue())


def test_a_refusal_writes_nothing(stand_in):
    stand_in.usual = problem(404, "no such key", code="NoSuchKey")
    into = io.BytesIO()
    with pytest.raises(preheat.NotFound, match="no such key"):
        stand_in.client().get_object(URI, into=into)

    assert b"" == into.getvalue()


def test_what_breaks_in_the_middle_is_not_begun_again(stand_in):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    stand_in.script = [Raw(head + b"half", keep=False)]
    into = io.BytesIO()
    with pytest.raises(preheat.SidecarUnavailable, match="in the middle of its answer"):
        stand_in.client().get_object(URI, into=into)

    assert (b"half", 1) == (into.getvalue(), len(stand_in.requests))


def test_a_dead_connection_costs_another_question_and_nothing_is_written_twice(stand_in):
    stand_in.script = [Raw(b"", keep=False), ok(b"whole")]
    into = io.BytesIO()
    stand_in.client().get_object(URI, into=into)

    assert b"whole" == into.getvalue()


def test_a_file_object_that_fails_fails_the_call_and_the_next_one_is_answered(stand_in):
    class Full(io.BytesIO):
        def write(self, data):
            raise OSError(28, "No space left on device")

    stand_in.script = [ok(BODY), ok(b"next")]
    client = stand_in.client()
    with pytest.raises(OSError, match="No space left"):
        client.get_object(URI, into=Full())

    assert b"next" == client.get_object(URI, max_age=0)


def test_what_is_written_can_not_be_transformed(stand_in):
    with pytest.raises(ValueError, match="can't be transformed"):
        stand_in.client().get_object(URI, into=io.BytesIO(), transform="json")

    assert [] == stand_in.requests


def test_a_path_is_asked_for_without_the_bytes_and_never_remembered(stand_in, tmp_path):
    stand_in.script = [as_file("/tmp/preheat-1/1-model.bin", body=BODY), as_file("/tmp/preheat-1/2-model.bin")]
    client = stand_in.client()

    assert ["/tmp/preheat-1/1-model.bin", "/tmp/preheat-1/2-model.bin"] == [client.get_file(URI) for _ in range(2)]
    assert ["HEAD", "HEAD"] == [request.method for request in stand_in.requests]
    assert 1 == len(set(stand_in.connections))


@pytest.mark.parametrize(
    ("options", "target", "field"),
    [
        ({"version": "v1"}, "/s3/bucket/model.bin?version=v1", ""),
        ({"force_fetch": True}, "/s3/bucket/model.bin?refresh=true", ""),
        ({"max_age": 5}, "/s3/bucket/model.bin", "max-age=5"),
    ],
)
def test_options_of_a_file(stand_in, options, target, field):
    stand_in.usual = as_file("/tmp/x")
    stand_in.client().get_file(URI, **options)
    (request,) = stand_in.requests

    assert (target, field) == (request.target, request.header("cache-control"))


def test_a_refusal_without_a_body_is_asked_for_its_reason(stand_in):
    stand_in.usual = lambda connection, request: problem(403, "grant s3:GetObject", code="AccessDenied")
    with pytest.raises(preheat.AccessDenied, match="grant s3:GetObject"):
        stand_in.client().get_file(URI)

    assert [("HEAD", ""), ("GET", "bytes=0-0")] == [(each.method, each.header("range")) for each in stand_in.requests]


def test_what_is_there_after_all_is_taken(stand_in):
    stand_in.script = [problem(404), as_file("/tmp/x", 206, b"x")]

    assert "/tmp/x" == stand_in.client().get_file(URI)


def test_an_object_that_is_no_file_says_how_to_make_it_one(stand_in):
    stand_in.usual = ok(b"body")
    with pytest.raises(preheat.NotFound, match=r"file=true") as caught:
        stand_in.client().get_file(URI)

    assert (404, "NoFile") == (caught.value.status, caught.value.code)


# Against the real sidecar


DOCUMENT = (ROOT / "docs" / "objects.md").read_text("utf-8")


@pytest.fixture(scope="module")
def world(make_world):
    (listed,) = re.findall(r"^PREHEAT_S3=(.*)$", DOCUMENT, re.MULTILINE)

    def fill(aws):
        aws.put_object("bucket", "model.bin", BODY)
        aws.put_object("my-bucket", "rates.json", b"{}")
        aws.put_object("my-bucket", "models/scorer.onnx", b"onnx" * 1000)

    return make_world(fill, s3=[f"{URI}?file=true", listed])


def test_the_example_of_the_document(world, monkeypatch):
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    monkeypatch.setattr(preheat, "get_file", preheat.Client(environ=world.sidecar.environ).get_file)
    function: dict[str, Any] = {}
    exec(example, function)

    assert {"bytes": 4000, "begins": b"onnx".hex()} == function["handler"]({}, None)


def test_a_model_is_mapped(world):
    client = preheat.Client(environ=world.sidecar.environ)
    with open(client.get_file(URI), "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert BODY == mapped[:]
    into = io.BytesIO()
    assert len(BODY) == client.get_object(URI, into=into, max_age=0)
    assert BODY == into.getvalue()
    assert Path(client.get_file(URI, force_fetch=True)).exists()
    with pytest.raises(preheat.NotFound):
        client.get_file("s3://bucket/absent")
