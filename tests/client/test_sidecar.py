"""The client against the real sidecar: all that it can ask for, forks, threads, restarts, stops."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

import preheat
from preheat import Client
from tests.client.sockets import connections
from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi

# 3.12 and later warn of what these tests are about.
FORKS = pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
SECRETS = {f"app/secret-{number}": f"secret value {number}" for number in range(10)}
CREDENTIALS = {"user": "ann", "password": "s3cr3t", "port": 5432}


def fill(aws: FakeAws) -> None:
    for name, value in SECRETS.items():
        aws.put_secret(name, value)
    aws.put_secret("credentials", json.dumps(CREDENTIALS))
    aws.put_secret("binary", b"\x00\xff")
    aws.put_parameter("/app/flag", "on")
    aws.put_parameter("/app/deep/flag", "hidden", type="SecureString")
    aws.put_object("bucket", "a b.json", b'{"EUR": 1.0}', content_type="application/json")


LISTS = {"secrets": [*SECRETS, "credentials?as=db"], "parameters": ["/app/**"], "s3": ["s3://bucket/a b.json?as=rates"]}


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(fill, **LISTS)


def read_them_all(client: Client, rounds: int = 1) -> list[str]:
    """What was answered wrongly, past layer 1."""
    return [
        name for _ in range(rounds) for name, value in SECRETS.items() if client.get_secret(name, max_age=0) != value
    ]


def test_secrets(client):
    assert "secret value 3" == client.get_secret("app/secret-3")
    assert json.dumps(CREDENTIALS) == client.get_secret("db") == client.get_secret("credentials")
    assert CREDENTIALS == client.get_secret("db", transform="json")
    assert ("s3cr3t", "5432") == (client.get_secret("db", field="password"), client.get_secret("db", field="port"))
    assert b"\x00\xff" == client.get_secret("binary")


def test_a_field_is_what_the_sidecar_itself_would_answer(client, world):
    with world.sidecar.connect() as http:
        for field in CREDENTIALS:
            assert http.get(f"/secrets/db?field={field}").text == client.get_secret("db", field=field)


def test_parameters(client):
    assert "on" == client.get_parameter("/app/flag")
    assert "hidden" == client.get_parameter("/app/deep/flag")
    assert "hidden" != client.get_parameter("/app/deep/flag", decrypt=False)
    assert {"flag": "on", "deep/flag": "hidden"} == client.get_parameters("/app")
    assert {"flag": "on"} == client.get_parameters("/app", recursive=False)


def test_objects(client):
    assert b'{"EUR": 1.0}' == client.get_object("s3://bucket/a b.json") == client.get_object("rates")
    assert {"EUR": 1.0} == client.get_object("rates", transform="json")


def test_many_in_one_question(client):
    names = [*SECRETS, "binary"]

    assert {**SECRETS, "binary": b"\x00\xff"} == client.get_secrets_by_name(names)
    assert {"/app/flag": "on", "/app/deep/flag": "hidden"} == client.get_parameters_by_name(
        ["/app/flag", "/app/deep/flag"]
    )
    many = client.get_many(
        secrets=["db", {"id": "credentials", "field": "port"}, "no/such"],
        parameters=["/app/flag"],
        raise_on_error=False,
    )
    assert {"db": json.dumps(CREDENTIALS), "credentials": 5432} == many.secrets
    assert {"/app/flag": "on"} == many.parameters
    assert [("secrets", "no/such")] == list(many.errors)


def test_what_is_missing_denied_malformed_or_without_token(client, world):
    with pytest.raises(preheat.NotFound, match="secret 'no/such'"):
        client.get_secret("no/such")
    with pytest.raises(preheat.NotFound):
        client.get_secret("db", field="no-such")
    with pytest.raises(preheat.BadRequest):
        client.get_parameter("/a b")
    world.aws.put_secret("denied", "x")
    world.aws.deny("secretsmanager:GetSecretValue", "denied")
    with pytest.raises(preheat.AccessDenied, match="grant secretsmanager:GetSecretValue"):
        client.get_secret("denied")
    with pytest.raises(preheat.BadToken):
        Client(environ={**world.sidecar.environ, "AWS_SESSION_TOKEN": "another-token"}).get_secret("db")


def test_a_rotated_secret_is_seen_with_force_fetch_with_max_age_and_after_refresh(client, world):
    world.aws.put_secret("rotated", "1")
    assert "1" == client.get_secret("rotated")
    world.aws.put_secret("rotated", "2")
    assert ["1", "1"] == [client.get_secret("rotated"), client.get_secret("rotated", max_age=0)]

    assert "2" == client.get_secret("rotated", force_fetch=True) == client.get_secret("rotated")

    world.aws.put_secret("rotated", "3")
    wait_until_older_than(client, "rotated", 1)
    assert "3" == client.get_secret("rotated", max_age=1)
    world.aws.put_secret("rotated", "4")
    wait_until_older_than(client, "rotated", 1)
    assert 1 == client.refresh(secrets=["rotated"]).refreshed
    assert "4" == client.get_secret("rotated")


def wait_until_older_than(client: Client, name: str, seconds: float) -> None:
    """By the age that the sidecar itself tells."""
    from preheat.batch import SECRETS as KIND
    from preheat.batch import Wanted

    deadline = time.monotonic() + 10
    while client._batch().read([Wanted(KIND, name)])[0].age <= seconds:
        assert time.monotonic() < deadline


def test_a_thousand_reads_use_one_connection(client, world):
    client.get_secret("db")
    connection = client._channel._local.idle[0]

    assert [] == read_them_all(client, 100)

    assert connection is client._channel._local.idle[0]
    assert 1 == connections(world.sidecar.port)


@FORKS
def test_eight_forked_children_and_their_parent_get_their_own_answers(client, world):
    """They inherit an open connection and a filled memory, and must use neither's other end."""
    read_them_all(client)
    parents = client._channel._local.idle[0]
    children = []
    for index in range(8):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                wrong = read_them_all(client, 10)
                wrong += [name for name, value in SECRETS.items() if client.get_secret(name) != value]
                # The inherited connection was given back when the own one was opened.
                own = connections(world.sidecar.port)
                status = 0 if not wrong and own == 1 and client._channel._local.idle[0] is not parents else 2
            finally:
                os._exit(status)
        children.append(child)
        assert [] == read_them_all(client, 2), index

    assert [0] * 8 == [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert [] == read_them_all(client, 2)
    assert parents is client._channel._local.idle[0]
    assert 1 == connections(world.sidecar.port)


def test_sixteen_threads_get_their_own_answers_and_leave_no_connection(client, world):
    client.get_secret("db")
    wrong: list[str] = []
    done: list[int] = []

    def work():
        wrong.extend(read_them_all(client, 8))
        done.append(1)

    for _ in range(2):
        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)

    assert ([], 32) == (wrong, len(done))
    assert 1 == connections(world.sidecar.port)


@FORKS
def test_threads_that_fork(client):
    """A child has only the thread that forked; what the others were doing must not matter to it."""
    stop = threading.Event()
    wrong: list[str] = []

    def work():
        while not stop.is_set():
            wrong.extend(read_them_all(client))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    status = 0 if not read_them_all(client, 2) else 2
                finally:
                    os._exit(status)
            assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
    assert [] == wrong


def test_a_stopped_sidecar_times_out_and_its_late_answers_go_to_nobody(world):
    client = Client(environ=world.sidecar.environ, timeout=0.2)
    read_them_all(client)
    for _ in range(3):
        world.sidecar.freeze()
        os.waitid(os.P_PID, world.sidecar.process.pid, os.WSTOPPED)  # all its threads stand still
        try:
            for name in ("app/secret-1", "app/secret-2"):
                with pytest.raises(preheat.SidecarTimeout):
                    client.get_secret(name, max_age=0)
        finally:
            world.sidecar.thaw()
        patient = Client(environ=world.sidecar.environ)
        assert [] == read_them_all(patient)
        patient.close()
        assert [] == read_them_all(client)

    assert 1 == connections(world.sidecar.port)


@FORKS
def test_a_function_that_was_stopped_while_it_asked_gets_its_answers(world, tmp_path):
    """As in a freeze: the question was on its way, its answer waits in the socket."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            client = Client(environ=world.sidecar.environ, timeout=5)
            (tmp_path / "started").touch()
            wrong = []
            while not (tmp_path / "stop").exists():
                wrong += read_them_all(client)
            status = 2 if wrong else 0
        finally:
            os._exit(status)
    wait_for_file(tmp_path / "started")
    for _ in range(20):
        os.kill(child, signal.SIGSTOP)
        os.waitid(os.P_PID, child, os.WSTOPPED)
        os.kill(child, signal.SIGCONT)
        os.waitid(os.P_PID, child, os.WCONTINUED)
    (tmp_path / "stop").touch()

    assert 0 == os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def wait_for_file(path: Path) -> None:
    deadline = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < deadline


def test_a_sidecar_that_is_started_anew_in_between_goes_unnoticed(start, tmp_path):
    """Reads go on from several threads; while nothing listens they say so, and no answer is ever wrong."""
    with FakeAws() as aws:
        fill(aws)
        port: dict[str, str] = {}
        wrong: list[str] = []
        refused: list[BaseException] = []
        reads = [0] * 4
        stop = threading.Event()
        client: list[Client] = []

        def work(index: int) -> None:
            while not stop.is_set():
                try:
                    wrong.extend(read_them_all(client[0]))
                    reads[index] += 1
                except preheat.SidecarUnavailable as error:
                    refused.append(error)

        threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
        for life in range(3):
            with (
                FakeLambdaApi() as api,
                start(api, aws, tmp_path / str(life), environ=port, **LISTS) as sidecar,
            ):
                api.wait_next()
                port = {"PREHEAT_PORT": sidecar.environ["PREHEAT_PORT"]}
                if not client:
                    client.append(Client(environ=sidecar.environ))
                    client[0].get_secret("db")
                    for thread in threads:
                        thread.start()
                seen = list(reads)
                deadline = time.monotonic() + 20
                while any(now < then + 3 for now, then in zip(reads, seen, strict=True)):
                    assert time.monotonic() < deadline
        stop.set()
        for thread in threads:
            thread.join(10)

    assert [] == wrong
    assert {preheat.SidecarUnavailable} >= {type(error) for error in refused}
    assert not any(thread.is_alive() for thread in threads)
    client[0].close()
    assert 0 == connections(int(port["PREHEAT_PORT"]))


def test_a_sidecar_that_speaks_as_the_agent_elsewhere(make_world):
    """PREHEAT_COMPAT is for those who read as AWS's clients do; the library's own paths are as they were."""
    world = make_world(fill, **LISTS, compat="agent")
    client = Client(environ=world.sidecar.environ)
    assert [] == read_them_all(client)
    assert "s3cr3t" == client.get_secret("db", field="password")
    assert b"\x00\xff" == client.get_secret("binary")
    assert {"flag": "on", "deep/flag": "hidden"} == client.get_parameters("/app")
    assert {"EUR": 1.0} == client.get_object("rates", transform="json")
    with pytest.raises(preheat.NotFound):
        client.get_secret("nope")
    client.close()
    stranger = Client(environ={**world.sidecar.environ, "AWS_SESSION_TOKEN": "wrong"})
    with pytest.raises(preheat.BadToken):
        stranger.get_secret("db")
    stranger.close()
