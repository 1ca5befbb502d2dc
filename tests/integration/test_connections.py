"""The HTTP server as clients treat it: slow, pipelined, too many, hostile, gone."""

from __future__ import annotations

import resource
import time

import pytest

from tests.integration.http_client import Closed
from tests.integration.reading import wait_read
from tests.integration.sidecar import TOKEN_HEADER
from tests.integration.world import LISTS, fill

SECRET = "/secrets/app/secret-1"
LIMIT = 800


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(fill, **LISTS)


@pytest.fixture(scope="module", autouse=True)
def descriptors():
    """Some 900 for the clients' ends."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("not enough file descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _settle(sidecar, *clients):
    """Until the sidecar has dealt with all that these clients have sent."""
    wait_read(*clients)
    with sidecar.connect() as last:
        assert 200 == last.get("/ping").status


@pytest.mark.parametrize("body", [b"", b"ignored"])
def test_a_client_that_sends_byte_after_byte(world, body):
    with world.sidecar.connect() as client:
        for byte in client.render("GET", SECRET, {}, body):
            client.send(bytes([byte]))
        assert "secret value 1" == client.answer().text


def test_pipelined_requests_are_answered_in_their_order(aws, ready):
    """Also where one of them has to wait for AWS in the middle."""
    fill(aws)
    sidecar = ready(**LISTS)
    aws.put_secret("unlisted", "fetched")
    hold = aws.hold(match="unlisted")
    targets = [f"/secrets/app/secret-{number % 10}" for number in range(60)]
    targets[30] = "/secrets/unlisted"
    targets[45] = "/secrets/absent"
    with sidecar.connect() as client:
        client.send(b"".join(client.render("GET", target) for target in targets))
        assert [f"secret value {number % 10}" for number in range(30)] == [client.answer().text for _ in range(30)]
        hold.wait()
        hold.release()
        answers = [client.answer() for _ in range(30)]
        assert "fetched" == answers[0].text
        assert 404 == answers[15].status
        assert [f"secret value {number % 10}" for number in range(46, 60)] == [answer.text for answer in answers[16:]]


def test_what_follows_connection_close_is_not_answered(world):
    with world.sidecar.connect() as client:
        client.send(client.render("GET", SECRET, {"Connection": "close"}) + client.render("GET", "/stats"))
        answer = client.answer()
        assert ("secret value 1", "close") == (answer.text, answer.header("connection"))
        assert b"" == client.rest()


def test_a_body_that_was_announced_is_asked_for(world):
    """Expect: 100-continue, as curl sends it with larger bodies."""
    with world.sidecar.connect() as client:
        head = client.render("POST", SECRET, {"Expect": "100-continue", "Content-Length": "4"})
        client.send(head)
        interim = client.socket.recv(100)
        assert b"HTTP/1.1 100 Continue\r\n\r\n" == interim
        client.send(b"body")
        assert 405 == client.answer().status
        assert "secret value 1" == client.get(SECRET).text


def test_500_misses_of_one_name_make_one_call(aws, ready):
    sidecar = ready()
    aws.put_secret("popular", "the value")
    hold = aws.hold()
    clients = [sidecar.connect() for _ in range(500)]
    for client in clients:
        client.ask("GET", "/secrets/popular")
    hold.wait()
    _settle(sidecar, *clients)
    hold.release()
    answers = [client.answer() for client in clients]
    assert {"the value"} == {answer.text for answer in answers}
    assert {"miss": 1, "coalesced": 499} == {
        how: [answer.header("preheat-cache") for answer in answers].count(how) for how in ("miss", "coalesced")
    }
    assert 1 == aws.count()
    for client in clients:
        client.close()


@pytest.mark.parametrize(("fault", "status"), [("error_500", 502), (None, 404)])
def test_the_failure_of_that_one_call_reaches_all_500(aws, ready, fault, status):
    """A dead source costs one timeout, not five hundred."""
    sidecar = ready(fetch_timeout="400ms")
    hold = aws.hold()
    if fault:
        aws.faults.add(fault)
    clients = [sidecar.connect() for _ in range(500)]
    for client in clients:
        client.ask("GET", "/secrets/popular")
    hold.wait()
    _settle(sidecar, *clients)
    hold.release()
    assert {status} == {client.answer().status for client in clients}
    assert len(aws.calls) <= 8  # one, and its retries
    assert 1 == len(sidecar.events("fetch.failed"))
    for client in clients:
        client.close()


def test_a_client_that_leaves_while_it_waits_harms_nobody(aws, ready):
    aws.put_secret("slow", "the value")
    sidecar = ready()
    hold = aws.hold()
    leaving = [sidecar.connect() for _ in range(20)]
    for client in leaving:
        client.ask("GET", "/secrets/slow")
    hold.wait()
    with sidecar.connect() as staying:
        staying.ask("GET", "/secrets/slow")
        _settle(sidecar, staying, *leaving)
        for client in leaving:
            client.close()
        _settle(sidecar)
        hold.release()
        assert "the value" == staying.answer().text
    assert 1 == aws.count()
    assert "the value" == sidecar.get("/secrets/slow").text


def test_when_the_only_one_that_waits_leaves_the_answer_is_kept(aws, ready):
    aws.put_secret("slow", "the value")
    sidecar = ready()
    hold = aws.hold()
    with sidecar.connect() as client:
        client.ask("GET", "/secrets/slow")
        hold.wait()
    _settle(sidecar)
    with sidecar.connect() as late:
        late.ask("GET", "/secrets/slow")
        _settle(sidecar, late)
        hold.release()
        assert ("the value", "coalesced") == ((answer := late.answer()).text, answer.header("preheat-cache"))
    assert 1 == aws.count()


def test_a_client_that_does_not_read_holds_up_nobody(world):
    world.aws.put_object("lookup", "large", b"x" * 5_000_000)
    with world.sidecar.connect() as lazy:
        lazy.ask("GET", "/s3/lookup/large")
        for _ in range(20):
            lazy.ask("GET", "/s3/lookup/large")
        assert "secret value 1" == world.sidecar.get(SECRET).text
        assert [5_000_000] * 3 == [len(lazy.answer().body) for _ in range(3)]


def _open(sidecar, count):
    clients = [sidecar.connect() for _ in range(count)]
    clients[-1].get("/ping")  # it was accepted last
    return clients


def test_over_the_limit_the_longest_idle_connection_makes_room(aws, ready):
    fill(aws)
    sidecar = ready(**LISTS)
    resource.prlimit(sidecar.process.pid, resource.RLIMIT_NOFILE, (1024, 1024))  # as on Lambda
    clients = _open(sidecar, LIMIT)
    assert "secret value 1" == clients[0].get(SECRET).text  # now the one most recently used
    with sidecar.connect() as one_more:
        assert "secret value 1" == one_more.get(SECRET).text
    with pytest.raises((Closed, OSError)):
        clients[1].get(SECRET)
    assert "secret value 1" == clients[0].get(SECRET).text
    assert "secret value 1" == clients[2].get(SECRET).text
    for client in clients:
        client.close()


def test_where_none_is_idle_one_more_is_told_so(aws, ready):
    """/ping is still answered: whoever looks after the process must see that it lives."""
    fill(aws)
    sidecar = ready(**LISTS)
    clients = _open(sidecar, LIMIT)
    for client in clients[:-1]:
        client.send(b"GET /pi")
    wait_read(*clients[:-1])
    assert 200 == clients[-1].get("/ping").status
    clients[-1].send(b"GET /pi")
    wait_read(clients[-1])
    for headers in ({}, {"X-Forwarded-For": "203.0.113.7", TOKEN_HEADER: None}):  # it comes before all other checks
        with sidecar.connect(headers) as one_more:
            answer = one_more.get(SECRET)
            assert (429, "Connection limit exceeded") == (answer.status, answer.text)
            assert "close" == answer.header("connection")
    with sidecar.connect() as one_more:
        assert "healthy" == one_more.get("/ping").text
    for client in clients:
        client.send(b"ng HTTP/1.1\r\n\r\n")
    assert {"healthy"} == {client.answer().text for client in clients}
    assert "secret value 1" == sidecar.get(SECRET).text
    for client in clients:
        client.close()


def test_64_connections_with_200_reads_each(world):
    world.aws.clear_calls()
    clients = [world.sidecar.connect() for _ in range(64)]
    started = time.monotonic()
    for turn in range(200):
        number = turn % 10
        for client in clients:
            client.ask("GET", f"/secrets/app/secret-{number}")
        assert {(200, f"secret value {number}", "hit")} == {
            (answer.status, answer.text, answer.header("preheat-cache"))
            for answer in [client.answer() for client in clients]
        }
    assert time.monotonic() - started < 20
    assert [] == world.aws.calls
    for client in clients:
        client.close()
