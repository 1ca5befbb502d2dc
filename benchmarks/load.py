"""Many connections that each send the next request when they have the answer to the last one. One line of JSON.

One thread and epoll: it takes one CPU, so it says how much of its own time a read took, and so where it is the limit.

python -m benchmarks.load CONNECTIONS PORT TOKEN PATH COUNT
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time

from benchmarks.client import length_of, prepared

_PIECE = 262_144


class Reader:
    """One connection, and what is still missing of the answer that it waits for."""

    __slots__ = ("connection", "missing", "started")

    def __init__(self, port: int) -> None:
        self.connection = socket.create_connection(("127.0.0.1", port))
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.missing = 0
        self.started = 0.0

    def ask(self, request: bytes) -> None:
        self.started = time.perf_counter()
        self.connection.sendall(request)

    def receive(self) -> bool:
        """Whether the answer is whole now."""
        piece = self.connection.recv(_PIECE)
        if not piece:
            raise ConnectionError("the server closed the connection")
        if not self.missing:
            self.missing = length_of(piece)
        self.missing -= len(piece)
        return not self.missing


def run(readers: list[Reader], request: bytes, count: int) -> list[float]:
    """Seconds of each of ``count`` reads."""
    poll = select.epoll()
    by_number = {}
    for reader in readers:
        poll.register(reader.connection, select.EPOLLIN)
        by_number[reader.connection.fileno()] = reader
        reader.ask(request)
    seconds: list[float] = []
    asked = len(readers)
    while len(seconds) < asked:
        for number, _ in poll.poll():
            reader = by_number[number]
            if reader.receive():
                seconds.append(time.perf_counter() - reader.started)
                if asked < count:
                    asked += 1
                    reader.ask(request)
    poll.close()
    return seconds


def main(connections: int, port: int, token: str, path: str, count: int) -> None:
    request = prepared(port, {"X-Aws-Parameters-Secrets-Token": token}, path)
    readers = [Reader(port) for _ in range(connections)]
    run(readers, request, 2 * connections)
    began, cpu = time.perf_counter(), time.process_time()
    seconds = run(readers, request, max(count, connections))
    spent = {"elapsed": time.perf_counter() - began, "cpu": time.process_time() - cpu, "reads": len(seconds)}
    print(json.dumps({"seconds": seconds, **spent}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5]))
