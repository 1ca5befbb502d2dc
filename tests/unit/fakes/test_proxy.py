"""The proxy stand-in. Its client is handmade, as Python 3.11 and all that uses it still ask a proxy in HTTP/1.0."""

from __future__ import annotations

import socket
import ssl

import pytest

from tests.fakes.aws import FakeAws, certificates
from tests.fakes.proxy import FakeProxy

HOST = "secretsmanager.us-east-1.amazonaws.com"


def connect(proxy: FakeProxy, target: str = f"{HOST}:443", headers: str = "") -> tuple[bytes, socket.socket]:
    """The first line of the answer to CONNECT (b"" where it did not come whole), and the connection."""
    client = socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    client.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{headers}\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(1)  # not a byte of what comes behind the head
        if not data:
            return b"", client
        head += data
    return head.partition(b"\r\n")[0], client


def status(proxy: FakeProxy, headers: str = "") -> int:
    """The status alone; 0 where none came."""
    line, client = connect(proxy, headers=headers)
    client.close()
    return int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else 0


def ask(client: socket.socket, aws: FakeAws, host: str) -> bytes:
    """What AWS answers an unsigned question over TLS."""
    context = ssl.create_default_context(cafile=aws.ca_bundle)
    with context.wrap_socket(client, server_hostname=host) as secured:
        secured.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        return secured.recv(4096)


@pytest.fixture
def aws():
    with FakeAws(names=(HOST,)) as server:
        yield server


@pytest.fixture
def proxy(aws):
    with FakeProxy(aws.port) as server:
        yield server


def test_a_tunnel_leads_to_the_place_that_stands_for_all_hosts(aws, proxy) -> None:
    line, client = connect(proxy)
    assert line.startswith(b"HTTP/1.1 200 ")
    assert ask(client, aws, HOST).startswith(b"HTTP/1.1 403 ")
    assert [f"{HOST}:443"] == proxy.targets
    assert 1 == aws.connections_opened


def test_without_such_a_place_it_leads_where_it_was_asked_to(aws) -> None:
    with FakeProxy() as proxy:
        _, client = connect(proxy, f"127.0.0.1:{aws.port}")
        assert ask(client, aws, "127.0.0.1").startswith(b"HTTP/1.1 403 ")


def test_nobody_there_is_502(aws, proxy) -> None:
    aws.stop_listening()
    assert 502 == status(proxy)


def test_credentials_are_asked_for(aws) -> None:
    with FakeProxy(aws.port, credentials="user:pass") as proxy:
        assert 407 == status(proxy)
        assert 407 == status(proxy, "Proxy-Authorization: Basic dXNlcjpwYXN\r\n")
        assert 200 == status(proxy, "Proxy-Authorization: Basic dXNlcjpwYXNz\r\n")
        assert (1, 3) == (len(proxy.targets), len(proxy.requests))
        assert f"http://user:pass@127.0.0.1:{proxy.port}" == proxy.url


@pytest.mark.parametrize("refusal", [403, 502, 503])
def test_it_refuses_as_it_is_told(aws, proxy, refusal) -> None:
    proxy.status = refusal
    assert refusal == status(proxy)
    assert [] == proxy.targets
    assert 0 == aws.connections_opened


@pytest.mark.parametrize("mode", ["cut", "half", "garbage"])
def test_it_misbehaves_as_it_is_told(aws, proxy, mode) -> None:
    proxy.mode = mode
    assert 0 == status(proxy)
    assert 0 == aws.connections_opened


@pytest.mark.parametrize("host", ["Host: elsewhere:443", "Host: " + HOST])
def test_a_request_that_is_no_connect_or_names_two_places_is_refused(proxy, host) -> None:
    for line in (f"GET http://{HOST}/ HTTP/1.1", f"CONNECT {HOST}:443 HTTP/1.1"):
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
            client.sendall(f"{line}\r\n{host}\r\n\r\n".encode())
            assert client.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert [] == proxy.targets


def test_what_hangs_goes_on_when_it_is_released(aws, proxy) -> None:
    proxy.mode = "hang"
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        client.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode())
        proxy.wait_requests(1)
        proxy.release()
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")


def test_a_deaf_tunnel_is_open_and_lets_nothing_through(aws, proxy) -> None:
    proxy.mode = "deaf"
    line, client = connect(proxy)
    assert line.startswith(b"HTTP/1.1 200 ")
    client.sendall(b"anything")
    client.settimeout(0.05)
    with pytest.raises(TimeoutError):
        client.recv(1)
    client.close()
    assert 0 == aws.connections_opened


def test_tls_to_the_proxy_itself(aws) -> None:
    with FakeProxy(aws.port, tls=certificates.server_context()) as proxy:
        context = ssl.create_default_context(cafile=aws.ca_bundle)
        with (
            socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as client,
        ):
            client.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode())
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        assert proxy.url.startswith("https://")


def test_nothing_is_left_behind(no_leaks) -> None:
    with FakeAws(names=(HOST,)) as aws, FakeProxy(aws.port) as proxy:
        _, client = connect(proxy)
        assert ask(client, aws, HOST).startswith(b"HTTP/1.1 403 ")
        _, idle = connect(proxy)
        half = socket.create_connection(("127.0.0.1", proxy.port))
        half.sendall(b"CONNECT ")
    idle.close()
    half.close()
