"""`python -m extension`: the sidecar by hand, with no Lambda around it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.http_client import HttpClient
from tests.integration.sidecar import ROOT, free_port


class ByHand:
    """The process, what it has logged, and connections that show its token."""

    def __init__(self, aws, folder, environ):
        self.port = free_port()
        self._log = folder / f"log-{self.port}"
        variables = {"PATH": os.environ["PATH"], **aws.environ, "PREHEAT_PORT": str(self.port), **environ}
        given = {name: value for name, value in variables.items() if value is not None}
        given["PREHEAT_TOKEN"] = "a token"
        with self._log.open("wb") as output:
            self.process = subprocess.Popen([sys.executable, "-m", "extension"], cwd=ROOT, env=given, stdout=output)

    def log(self):
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def client(self):
        return HttpClient(self.port, {"X-Vault-Token": "a token"})


@pytest.fixture
def by_hand(aws, tmp_path):
    """by_hand(**environ): a process started; None: a variable that is not set."""
    started = []

    def start(**environ):
        started.append(ByHand(aws, tmp_path, environ))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


def until(found, limit=15.0):
    """What `found` returns, once it is true; a process started by hand has no platform that says it is ready."""
    end = time.monotonic() + limit
    while not (result := found()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return result


def serving(sidecar):
    return until(lambda: [line for line in sidecar.log() if line["event"] == "local.serving"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_the_lists_and_stops_on_a_signal(aws, by_hand, number):
    aws.put_secret("app/db", "a value")
    sidecar = by_hand(PREHEAT_SECRETS="app/db")
    serving(sidecar)
    with sidecar.client() as client:
        answer = client.request("GET", "/secrets/app/db")
        assert (200, "a value", "hit") == (answer.status, answer.text, answer.header("preheat-cache"))
    sidecar.process.send_signal(number)
    assert sidecar.process.wait(10) == 0
    assert [number.name] == [line["reason"] for line in sidecar.log() if line["event"] == "shutdown.report"]


def test_files_are_removed_at_its_end_and_what_another_left_at_its_beginning(aws, by_hand, tmp_path):
    aws.put_object("bucket", "model.bin", b"a model")
    left = tmp_path / "preheat-0123456789abcdef"
    left.mkdir(mode=0o700)
    (left / "1-model.bin").touch()
    sidecar = by_hand(PREHEAT_S3="s3://bucket/model.bin?file=true", TMPDIR=str(tmp_path))
    serving(sidecar)
    with sidecar.client() as client:
        path = Path(client.request("GET", "/s3/bucket/model.bin").header("preheat-file"))
    assert (b"a model", False) == (path.read_bytes(), left.exists())
    sidecar.process.send_signal(signal.SIGTERM)
    assert sidecar.process.wait(10) == 0
    assert not path.parent.exists()


def test_it_refreshes_by_its_timer_without_a_reader_waiting(aws, by_hand):
    aws.put_secret("app/db", "old")
    sidecar = by_hand(PREHEAT_SECRETS="app/db?ttl=10s")
    serving(sidecar)
    with sidecar.client() as client:
        assert client.request("GET", "/secrets/app/db").text == "old"  # read since its fetch
        aws.rotate_secret("app/db", "new")
        until(lambda: aws.count("GetSecretValue") == 2)  # nobody asked
        answer = until(lambda: (a := client.request("GET", "/secrets/app/db")).text == "new" and a)
        assert answer.header("preheat-cache") == "hit"


def test_credentials_that_boto3_finds_are_used(aws, by_hand, tmp_path):
    aws.put_secret("app/db", "a value")
    keys = aws.credentials
    (tmp_path / "credentials").write_text(
        f"[work]\naws_access_key_id={keys['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key={keys['AWS_SECRET_ACCESS_KEY']}\naws_session_token={keys['AWS_SESSION_TOKEN']}\n"
    )
    sidecar = by_hand(
        PREHEAT_SECRETS="app/db?required=true",
        AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"),
        AWS_PROFILE="work",
        **dict.fromkeys(keys),
    )
    serving(sidecar)
    with sidecar.client() as client:
        assert client.request("GET", "/secrets/app/db").text == "a value"


def test_what_is_required_and_missing_ends_it_with_one_line(by_hand):
    sidecar = by_hand(PREHEAT_SECRETS="not/there?required=true")
    assert sidecar.process.wait(15) == 1
    assert 1 == len([line for line in sidecar.log() if line["event"] == "init.required_unavailable"])


def test_a_bad_setting_ends_it_with_one_line(by_hand):
    sidecar = by_hand(PREHEAT_TTL="soon")
    assert sidecar.process.wait(15) == 1
    (line,) = sidecar.log()
    assert "PREHEAT_TTL" in line["problem"]
