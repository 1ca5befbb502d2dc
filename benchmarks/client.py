"""A function that reads one value over and over, on one kept-alive connection or from its own memory.

A process of its own, as a function is. By a raw socket what is measured is the sidecar and the loopback; the other
readers show what a client library adds, those in memory what no sidecar can reach. Prints one line of JSON: seconds per
read, in all, and of the client's own CPU.

python -m benchmarks.client READER PORT TOKEN PATH COUNT
"""

from __future__ import annotations

import functools
import json
import socket
import sys
import time
from collections.abc import Callable

Read = Callable[[], object]

WARM_UP = 200
TOGETHER = 100  # reads from memory that are timed as one: the clock takes as long as some of them
_PIECE = 262_144


def main(reader: str, port: int, token: str, path: str, count: int) -> None:
    if reader in IN_MEMORY:
        read, together = IN_MEMORY[reader](path.rpartition("/")[2]), TOGETHER
    else:
        read, together = OVER_A_CONNECTION[reader](port, {"X-Aws-Parameters-Secrets-Token": token}, path), 1
    timed(read, WARM_UP, together)
    began, cpu = time.perf_counter(), time.process_time()
    seconds = timed(read, count, together)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "elapsed": time.perf_counter() - began,
                "cpu": time.process_time() - cpu,
                "reads": count,
            }
        )
    )


def timed(read: Read, count: int, together: int) -> list[float]:
    """Seconds of each read; of several together their mean."""
    seconds = []
    for _ in range(count // together):
        started = time.perf_counter()
        for _ in range(together):
            read()
        seconds.append((time.perf_counter() - started) / together)
    return seconds


# -- over one connection --


def raw(port: int, headers: dict[str, str], path: str) -> Read:
    """Sends what it has prepared, and looks no further than it must to know that the answer is whole."""
    request = prepared(port, headers, path)
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read() -> None:
        connection.sendall(request)
        missing = 1
        answer = b""
        while not answer:
            answer = connection.recv(_PIECE)
            missing = length_of(answer) - len(answer)
        while missing > 0:
            missing -= len(connection.recv(_PIECE))

    return read


def prepared(port: int, headers: dict[str, str], path: str) -> bytes:
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n{fields}\r\n".encode()


def length_of(answer: bytes) -> int:
    """Bytes of the whole answer that begins so. Our servers send a head in one piece."""
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
    end = answer.index(b"\r\n\r\n")
    start = answer.lower().index(b"content-length:", 0, end) + 15
    return end + 4 + int(answer[start : answer.index(b"\r\n", start)])


def http_client(port: int, headers: dict[str, str], path: str) -> Read:
    import http.client

    connection = http.client.HTTPConnection("localhost", port)

    def read() -> None:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        assert response.status == 200

    return read


def requests(port: int, headers: dict[str, str], path: str) -> Read:
    import requests as library

    session = library.Session()
    session.headers.update(headers)
    url = f"http://localhost:{port}{path}"

    def read() -> None:
        response = session.get(url)
        assert response.status_code == 200
        assert response.content

    return read


def urllib3(port: int, headers: dict[str, str], path: str) -> Read:
    import urllib3 as library

    pool = library.HTTPConnectionPool("localhost", port, headers=headers)

    def read() -> None:
        response = pool.request("GET", path)
        assert response.status == 200
        assert response.data

    return read


def preheat(_port: int, _headers: dict[str, str], path: str) -> Read:
    """The client library, told to ask the sidecar each time. It knows port and token itself."""
    import preheat as library

    name = path.removeprefix("/secrets/")
    return lambda: library.get_secret(name, max_age=0)


OVER_A_CONNECTION: dict[str, Callable[[int, dict[str, str], str], Read]] = {
    "raw socket": raw,
    "preheat": preheat,
    "http.client": http_client,
    "urllib3": urllib3,
    "requests": requests,
}


# -- from this process's memory --


def preheat_memory(name: str) -> Read:
    import preheat as library

    return lambda: library.get_secret("prod/" + name)


def powertools(name: str) -> Read:
    from aws_lambda_powertools.utilities import parameters

    return lambda: parameters.get_secret("prod/" + name, max_age=300)


def lru_cache(name: str) -> Read:
    """What somebody writes who needs no expiry."""
    import boto3

    client = boto3.client("secretsmanager")

    @functools.lru_cache
    def get_secret(name: str) -> str:
        value: str = client.get_secret_value(SecretId=name)["SecretString"]
        return value

    return lambda: get_secret("prod/" + name)


IN_MEMORY: dict[str, Callable[[str], Read]] = {
    "preheat, from its memory": preheat_memory,
    "Powertools": powertools,
    "functools.lru_cache": lru_cache,
}


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]))
