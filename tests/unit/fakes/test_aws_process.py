"""The AWS stand-in as a process of its own, with its control port."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from tests.unit.fakes.conftest import CONFIG

ROOT = Path(__file__).parents[3]
DATA = {
    "secrets": {"prod/db": "pass"},
    "parameters": {"/app/x": {"value": "1", "type": "SecureString"}},
    "objects": {"bucket/key": {"base64": "AAE=", "content_type": "application/x-test"}},
    "roles": ["arn:aws:iam::123456789012:role/reader"],
}


class Process:
    """The running stand-in; `ready` is the line it printed."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        (folder / "data.json").write_text(json.dumps(DATA))
        command = [sys.executable, "-m", "tests.fakes.aws", "--data", str(folder / "data.json"), *arguments]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True)
        self.ready = json.loads(self.process.stdout.readline())

    def client(self, service: str):
        environ = self.ready["environ"]
        return boto3.Session(
            environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], environ["AWS_SESSION_TOKEN"], "us-east-1"
        ).client(service, endpoint_url=self.ready["url"], verify=environ.get("AWS_CA_BUNDLE"), config=CONFIG)

    def control(self, method: str, path: str, document=None, status: int = 200):
        connection = http.client.HTTPConnection("127.0.0.1", self.ready["control_port"], timeout=5)
        connection.request(method, path, json.dumps(document) if document is not None else None)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        assert answer.status == status, body
        return body

    def stop(self) -> int:
        self.process.terminate()
        status = self.process.wait(10)
        self.process.stdout.close()
        return status


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    running = Process(
        tmp_path_factory.mktemp("aws"), "--tls", str(tmp_path_factory.mktemp("tls")), "--latency-ms", "20"
    )
    yield running
    assert running.stop() == 0


@pytest.fixture
def ssm(process):
    client = process.client("ssm")
    yield client
    client.close()
    process.control("DELETE", "/faults")
    process.control("DELETE", "/calls")


def test_it_serves_the_data_it_was_given(process, ssm) -> None:
    assert ssm.get_parameter(Name="/app/x", WithDecryption=True)["Parameter"]["Value"] == "1"
    answer = process.control("GET", "/calls?match=GetParameter")
    call = answer["calls"][0]
    assert answer["count"] == 1
    assert (call["action"], call["resources"], call["status"]) == ("GetParameter", ["/app/x"], 200)
    assert call["t_out"] - call["t_in"] >= 0.02


def test_faults_come_over_the_control_port(process, ssm) -> None:
    process.control("POST", "/faults", {"kind": "throttled", "match": "GetParameter", "times": 1})
    with pytest.raises(ssm.exceptions.ClientError, match="ThrottlingException"):
        ssm.get_parameter(Name="/app/x")
    assert ssm.get_parameter(Name="/app/x")["Parameter"]["Version"] == 1
    assert process.control("GET", "/state")["faults"]["1"] == 1


def test_data_settings_and_methods_come_over_the_control_port(process, ssm) -> None:
    process.control("POST", "/data", {"parameters": {"/new": "1"}})
    process.control("POST", "/settings", {"latency_ms": 0})
    process.control("POST", "/do", {"method": "put_parameter", "arguments": {"name": "/new", "value": "2"}})
    assert ssm.get_parameter(Name="/new")["Parameter"]["Value"] == "2"
    process.control("POST", "/do", {"method": "deny", "positional": ["ssm:GetParameter", "/new"]})
    with pytest.raises(ssm.exceptions.ClientError, match="AccessDeniedException"):
        ssm.get_parameter(Name="/new")
    process.control("POST", "/do", {"method": "allow_all"})


def test_a_hold_comes_over_the_control_port(process, ssm) -> None:
    process.control("POST", "/hold", {"count": 2, "timeout": 0.05})
    with pytest.raises(ssm.exceptions.ClientError, match="InternalServerError"):
        ssm.get_parameter(Name="/app/x")
    assert process.control("GET", "/state")["hold_failed"] is True
    process.control("DELETE", "/hold")
    assert ssm.get_parameter(Name="/app/x")["Parameter"]["Version"] == 1


def test_credentials_can_be_rotated_from_outside(process) -> None:
    before = process.control("GET", "/environ")
    process.control("POST", "/do", {"method": "rotate_credentials"})
    assert process.control("GET", "/environ")["AWS_ACCESS_KEY_ID"] != before["AWS_ACCESS_KEY_ID"]


@pytest.mark.parametrize(
    ("method", "path", "document", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("POST", "/do", {"method": "close"}, 400),
        ("POST", "/faults", {"kind": "slow"}, 400),
        ("POST", "/settings", {"speed": 1}, 400),
    ],
)
def test_mistakes_are_told(process, method, path, document, status) -> None:
    assert process.control(method, path, document, status=status)["error"]


def test_plain_http_and_a_chosen_port_that_comes_again(tmp_path) -> None:
    first = Process(tmp_path)
    port = first.ready["port"]
    assert first.ready["url"] == f"http://127.0.0.1:{port}"
    assert first.stop() == 0
    second = Process(tmp_path, "--port", str(port))
    assert second.ready["port"] == port
    assert second.stop() == 0
