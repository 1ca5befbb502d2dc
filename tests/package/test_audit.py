"""`make audit`: what it asks, and that it never calls unasked what it could not ask."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.package.conftest import ROOT


class Advisories(BaseHTTPRequestHandler):
    """Knows one flawed version. The server's ``asked`` and ``answer`` are the test's."""

    server: Any

    def do_POST(self):
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked += [(query["package"]["name"], query["version"]) for query in document["queries"]]
        flawed = {"vulns": [{"id": "PYSEC-1"}, {"id": "GHSA-2"}]}
        results = [flawed if query["version"] == "6.6.6" else {} for query in document["queries"]]
        body = self.server.answer if self.server.answer is not None else json.dumps({"results": results}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def advisories():
    server: Any = HTTPServer(("127.0.0.1", 0), Advisories)
    with server:
        server.asked, server.answer = [], None
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _audit(port, *files):
    environ = {"PATH": os.environ["PATH"], "PREHEAT_ADVISORIES": f"http://127.0.0.1:{port}/v1/querybatch"}
    command = [sys.executable, ROOT / "tools" / "audit.py", *files]
    return subprocess.run(command, env=environ, capture_output=True, text=True)


def test_every_locked_version_is_asked_about(advisories):
    done = _audit(advisories.server_port)
    assert (0, "") == (done.returncode, done.stderr)
    names = [name for name, _ in advisories.asked]
    assert {"cachetools", "boto3", "h11", "pytest", "aws-sam-cli", "aws-cdk-lib"} <= set(names)
    assert f"{len(names)} locked versions, 0 with advisories\n" == done.stdout


def test_what_is_known_is_told_and_fails(advisories, tmp_path):
    locked = tmp_path / "locked.txt"
    locked.write_text("good==1.0 \\\n    --hash=sha256:0\nbad[extra]==6.6.6 ; python_version < '4' \\\n# no==1\n")
    done = _audit(advisories.server_port, locked)
    assert [("bad", "6.6.6"), ("good", "1.0")] == advisories.asked
    assert (1, "bad 6.6.6: PYSEC-1, GHSA-2\n2 locked versions, 1 with advisories\n") == (done.returncode, done.stdout)


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b"{}", b'{"results":[]}'])
def test_an_answer_to_something_else_is_none(advisories, answer):
    advisories.answer = answer
    done = _audit(advisories.server_port)
    assert (2, "") == (done.returncode, done.stdout)
    assert "nothing was audited" in done.stderr


def test_without_a_database_it_says_so_and_fails():
    done = _audit(1)
    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("ERROR: nothing was audited: http://127.0.0.1:1/")


def test_nothing_locked_is_no_success(advisories, tmp_path):
    (tmp_path / "empty.txt").write_text("boto3\n")
    assert 2 == _audit(advisories.server_port, tmp_path / "empty.txt").returncode
