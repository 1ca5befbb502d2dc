"""A function that reads one value over and over on one kept-alive connection; prints seconds per read, as JSON.

A process of its own, as a function is, and no HTTP library: what is measured is the sidecar and the loopback.

python -m benchmarks.client PORT TOKEN PATH COUNT
"""

from __future__ import annotations

import json
import socket
import sys
import time

WARM_UP = 200


def main(port: int, token: str, path: str, count: int) -> None:
    request = (
        f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nX-Aws-Parameters-Secrets-Token: {token}\r\n\r\n"
    ).encode()
    seconds = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(WARM_UP + count):
            started = time.perf_counter()
            connection.sendall(request)
            answer = connection.recv(65536)
            seconds.append(time.perf_counter() - started)
            assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]
    print(json.dumps(seconds[WARM_UP:]))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]))
