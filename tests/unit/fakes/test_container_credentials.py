"""The stand-in for the container credentials endpoint, with botocore's own reader as its judge."""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import urlsplit

import pytest
from botocore.credentials import ContainerProvider

from tests.fakes.aws import FakeAws
from tests.fakes.container_credentials import FakeContainerCredentials


@pytest.fixture
def plain():
    with FakeAws(tls=False) as aws:
        yield aws


@pytest.fixture
def endpoint(plain):
    with FakeContainerCredentials(lambda: plain.identity) as server:
        yield server


def get(endpoint: FakeContainerCredentials, token: str | None, path: str | None = None) -> tuple[int, bytes]:
    url = urlsplit(endpoint.url)
    connection = http.client.HTTPConnection(url.netloc, timeout=5)
    try:
        connection.request("GET", path or url.path, headers={"Authorization": token} if token else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_document_holds_the_keys(plain, endpoint) -> None:
    status, body = get(endpoint, endpoint.token)
    document = json.loads(body)
    assert status == 200
    assert list(document) == ["AccessKeyId", "SecretAccessKey", "Expiration", "Token"]
    assert document["AccessKeyId"] == plain.identity.access_key
    assert document["SecretAccessKey"] == plain.identity.secret_key
    assert document["Token"] == plain.identity.session_token


def test_botocore_reads_it(plain, endpoint) -> None:
    keys = ContainerProvider(environ=endpoint.environ).load().get_frozen_credentials()
    assert (keys.access_key, keys.secret_key) == (plain.identity.access_key, plain.identity.secret_key)
    assert keys.token == plain.identity.session_token


def test_rotation_shows_at_the_next_request(plain, endpoint) -> None:
    before = json.loads(get(endpoint, endpoint.token)[1])
    plain.rotate_credentials(lifetime=60)
    after = json.loads(get(endpoint, endpoint.token)[1])
    assert before["AccessKeyId"] != after["AccessKeyId"] == plain.identity.access_key
    assert before["Expiration"] > after["Expiration"]
    assert endpoint.count == 2


@pytest.mark.parametrize("token", [None, "wrong", "Bearer {}"])
def test_another_token_is_404(endpoint, token) -> None:
    status, body = get(endpoint, token and token.format(endpoint.token))
    assert (status, body) == (404, b"cannot get credentials for the provided token\n")
    assert endpoint.refused == 1


def test_another_path_is_404(endpoint) -> None:
    assert get(endpoint, endpoint.token, "/2021-04-23/other")[0] == 404


@pytest.mark.parametrize(
    ("expiration", "text"), [("year one", "0001-01-01T00:00:00Z"), ("nonsense", "nonsense"), ("", "")]
)
def test_the_expiration_may_be_anything(endpoint, expiration, text) -> None:
    endpoint.expiration = expiration
    assert json.loads(get(endpoint, endpoint.token)[1])["Expiration"] == text


@pytest.mark.parametrize("mode", ["garbage", "cut"])
def test_answers_that_are_none(endpoint, mode) -> None:
    endpoint.mode = mode
    with pytest.raises((http.client.HTTPException, OSError)):
        get(endpoint, endpoint.token)


@pytest.mark.parametrize(
    ("mode", "answer"), [("not_json", (200, b'{"AccessKeyId":')), ("empty", (200, b"")), ("error_500", (500, b""))]
)
def test_answers_that_are_useless(endpoint, mode, answer) -> None:
    endpoint.mode = mode
    assert get(endpoint, endpoint.token) == answer


def test_a_hang_ends_when_it_is_released_or_the_client_leaves(endpoint) -> None:
    endpoint.mode = "hang"
    url = urlsplit(endpoint.url)
    request = f"GET {url.path} HTTP/1.1\r\nHost: x\r\nAuthorization: {endpoint.token}\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", url.port or 0), timeout=5) as first:
        first.sendall(request.encode())
        endpoint.wait_requests(1)
    with socket.create_connection(("127.0.0.1", url.port or 0), timeout=5) as second:
        second.sendall(request.encode())
        endpoint.wait_requests(2)
        endpoint.release()
        assert second.makefile("rb").read().startswith(b"HTTP/1.1 200 OK\r\n")


def test_nothing_is_left_behind(plain, no_leaks) -> None:
    with FakeContainerCredentials(lambda: plain.identity) as endpoint:
        endpoint.mode = "hang"
        url = urlsplit(endpoint.url)
        client = socket.create_connection(("127.0.0.1", url.port or 0))
        client.sendall(f"GET {url.path} HTTP/1.1\r\nHost: x\r\nAuthorization: {endpoint.token}\r\n\r\n".encode())
        endpoint.wait_requests(1)
    client.close()
