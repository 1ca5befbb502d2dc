"""The programs that read: whole answers, in whatever pieces they come, over as many connections as asked for."""

import json
import subprocess
import sys

import pytest

from benchmarks import client, load
from benchmarks.sections.warm import CPU, P50, P99, RATE, summary
from tests.emulator.namespace import ROOT
from tests.fakes.http_message import Reply
from tests.fakes.http_server import HttpServer

BODY = b"x" * 600_000  # more than a piece
TOKEN = "X-Aws-Parameters-Secrets-Token"


@pytest.fixture
def server():
    asked = []

    def answer(connection, request):
        asked.append((connection, request.path, request.header(TOKEN)))
        return Reply(200, [("Content-Type", "text/plain")], BODY)

    server = HttpServer(answer, host="127.0.0.1", port=0, name="values")
    server.asked = asked  # type: ignore[attr-defined]
    yield server
    server.close()


@pytest.mark.parametrize("reader", ["raw socket", "http.client", "urllib3", "requests"])
def test_a_reader_keeps_its_connection_and_shows_its_token(server, reader):
    command = [sys.executable, "-m", "benchmarks.client", reader, str(server.port), "token", "/secrets/a", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=50)
    assert 3 == len(json.loads(done.stdout)["seconds"])
    assert [("/secrets/a", "token")] * (client.WARM_UP + 3) == [asked[1:] for asked in server.asked]
    assert 1 == len({id(asked[0]) for asked in server.asked})


def test_many_connections_take_turns_and_read_all(server):
    readers = [load.Reader(server.port) for _ in range(4)]
    seconds = load.run(readers, client.prepared(server.port, {TOKEN: "token"}, "/secrets/a"), 20)
    for reader in readers:
        reader.connection.close()
    assert 20 == len(seconds) == len(server.asked)
    assert 4 == len({id(asked[0]) for asked in server.asked})


def test_another_status_than_200_is_no_read():
    with pytest.raises(AssertionError):
        client.length_of(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def test_reads_from_memory_are_timed_together():
    calls = []
    assert 3 == len(client.timed(lambda: calls.append(1), 300, 100))
    assert 300 == len(calls)


def test_a_round_in_numbers():
    outcome = {"seconds": [1e-4] * 98 + [1e-3, 2e-3], "elapsed": 0.02, "cpu": 0.001, "reads": 100}
    assert {P50: 100, P99: 2000, RATE: 5000, CPU: 10} == {
        what: round(value) for what, value in summary(outcome).items()
    }
