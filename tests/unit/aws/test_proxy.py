"""Connections through a proxy, and around it: what reaches AWS, and what the proxy gets to see of it."""

from __future__ import annotations

import threading

import pytest

from extension.aws.call import Budget
from extension.aws.client import Client
from extension.aws.connection import Cancel, Connection, ConnectionFailed
from extension.aws.credentials import ContainerCredentials
from extension.aws.endpoints import Endpoint, resolve
from extension.aws.pool import Pool
from extension.clock import Clock
from extension.errors import SourceError
from extension.proxies import Proxies, parse
from tests.fakes.container_credentials import FakeContainerCredentials
from tests.unit.aws.tunnels import (
    BODY,
    BUCKET_HOST,
    ENDPOINT,
    HOST,
    REGION,
    Behind,
    Keys,
    get_object,
    get_secret,
    loopback_only,
    new_aws,
    new_proxy,
    trust,
)

UNSIGNED = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


@pytest.fixture(scope="module")
def aws():
    with new_aws() as server:
        yield server


@pytest.fixture(params=["http", "https"])
def behind(request, aws):
    """Behind both kinds of proxy: spoken to in the clear, and over TLS."""
    with Behind(aws, new_proxy(aws, request.param)) as made:
        yield made


@pytest.fixture(autouse=True)
def looked_up():
    with loopback_only() as names:
        yield names


# Through it


def test_a_signed_call_and_a_large_answer_go_through_the_tunnel(behind, looked_up):
    assert BODY == behind.client().perform(get_object(), Budget(5)).body
    assert [f"{BUCKET_HOST}:443"] == behind.proxy.targets
    assert {"127.0.0.1"} == set(looked_up)  # the proxy finds AWS, we find the proxy


def test_a_large_question_goes_through_the_tunnel(behind):
    connection = behind.open()
    question = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    connection.send(question, 5)
    assert connection.receive(5).startswith(b"HTTP/1.1 403 ")  # unsigned; but it was read to its end
    connection.close()


def test_the_tunnel_is_asked_for_by_host_and_port_and_nothing_of_the_call_is_shown(behind):
    behind.open(user="").close()
    (request,) = behind.proxy.requests
    assert ("CONNECT", f"{HOST}:443", b"") == (request.method, request.target, request.body)
    assert [("Host", f"{HOST}:443")] == request.headers


def test_an_ipv6_target_stands_in_brackets(behind):
    behind.open("::1").close()
    assert ["[::1]:443"] == behind.proxy.targets


def test_a_connection_is_kept_and_used_for_its_own_host_alone(behind):
    client = behind.client()
    for _ in range(3):
        client.perform(get_object(), Budget(5))
    with pytest.raises(SourceError, match="ResourceNotFoundException"):
        client.perform(get_secret("absent"), Budget(5))
    assert [f"{BUCKET_HOST}:443", f"{HOST}:443"] == behind.proxy.targets


def test_a_tunnel_that_died_while_idle_is_replaced(behind):
    client = behind.client()
    client.perform(get_object(), Budget(5))
    behind.proxy.drop_connections()
    assert BODY == client.perform(get_object(), Budget(5)).body
    assert 2 == len(behind.proxy.targets)


def test_an_end_in_mid_answer_is_one_through_the_tunnel_too(aws, behind):
    fault = aws.faults.add("cut_body", times=1, at=1000)
    assert BODY == behind.client().perform(get_object(), Budget(5)).body
    assert (1, 2) == (fault.applied, len(behind.proxy.targets))
    aws.faults.remove(fault)


def test_a_connection_opened_ahead_is_one_through_the_proxy(behind):
    pool = behind.pool()
    pool.announce(ENDPOINT, HOST)
    pool.warm(ENDPOINT, HOST, 5, Cancel())
    connection = pool.acquire(ENDPOINT, HOST, 5, Cancel())
    connection.send(UNSIGNED, 5)
    assert connection.receive(5).startswith(b"HTTP/1.1 403 ")
    connection.close()
    assert 1 == len(behind.proxy.targets)


def test_several_read_through_it_at_once(aws, behind):
    client = behind.client()
    hold = aws.hold(3)
    bodies = []
    threads = [
        threading.Thread(target=lambda: bodies.append(client.perform(get_object(), Budget(5)).body)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [BODY] * 3 == bodies
    assert not hold.failed


# Around it


def test_what_no_proxy_names_is_reached_without_it(behind, looked_up):
    with pytest.raises(SourceError, match=f"the name {BUCKET_HOST} can't be resolved"):
        behind.client(no_proxy=".s3.us-east-1.amazonaws.com").perform(get_object(), Budget(0.01))
    assert ({BUCKET_HOST}, []) == (set(looked_up), behind.proxy.requests)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_loopback_is_reached_without_it(aws, behind, host):
    behind.pool().acquire(Endpoint("https", host, aws.port, custom=True), host, 5, Cancel()).close()
    assert [] == behind.proxy.requests


def test_plain_http_is_reached_without_it(behind):
    """HTTPS_PROXY is not for it, here as in boto3."""
    with pytest.raises(ConnectionFailed, match="the name minio can't be resolved"):
        behind.pool().acquire(Endpoint("http", "minio", 9000, custom=True), "minio", 5, Cancel())
    assert [] == behind.proxy.requests


def test_the_credentials_endpoint_is_reached_without_it(aws, behind, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", behind.url())
    with FakeContainerCredentials(lambda: aws.identity) as server:
        endpoint = resolve("sts", REGION, override=server.url)
        own = ContainerCredentials(endpoint, endpoint.base_path, server.token, trust(aws), Clock())
        assert aws.identity.access_key == own.load(Budget(5)).access_key
    assert [] == behind.proxy.requests


# Who is asking


@pytest.mark.parametrize(
    ("user", "known"),
    [
        ("user:hunter2", "user:hunter2"),
        ("us%40er:p%3A%2F%25%C3%A9", "us@er:p:/%\u00e9"),
        ("user:", "user:"),
        ("user", "user:"),
    ],
)
def test_user_and_password_are_shown_to_the_proxy(aws, user, known):
    with Behind(aws, new_proxy(aws, credentials=known)) as behind:
        url = f"http://{user}@127.0.0.1:{behind.proxy.port}"
        Connection.open(ENDPOINT, HOST, trust(aws), 5, Cancel(), Clock(), parse(url)).close()
        assert 1 == len(behind.proxy.targets)


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", "wants a user and password (407)"),
        ("user:wrong-hunter2@", "refuses the user and password in HTTPS_PROXY (407)"),
    ],
)
def test_a_proxy_that_does_not_know_us_is_asked_once(aws, user, expected):
    with Behind(aws, new_proxy(aws, credentials="user:hunter2")) as behind:
        url = f"http://{user}127.0.0.1:{behind.proxy.port}"
        client = Client(Pool(trust(aws), Clock(), Proxies(url)), Keys(aws), Clock(), 10_000_000)
        with pytest.raises(SourceError) as caught:
            client.perform(get_object(), Budget(5))
        assert (1, []) == (len(behind.proxy.requests), behind.proxy.targets)
        assert f"{behind.place} {expected}" == caught.value.message
    assert ("ProxyRefused", 502, True) == (caught.value.code, caught.value.status, caught.value.transient)
