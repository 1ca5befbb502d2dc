"""Knowing that the sidecar has read what was sent to it, which no answer tells while a request waits."""

from __future__ import annotations

import fcntl
import struct
import termios
import time
from pathlib import Path

from tests.integration.http_client import HttpClient
from tests.integration.passing_time import let_pass


def wait_read(*clients: HttpClient) -> None:
    """Until the kernel holds no byte any more that these clients have sent and the sidecar has not read (Linux).

    One more answer of the sidecar's, to whomever, then says that it has also dealt with it: one thread serves all.
    """
    deadline = time.monotonic() + 10
    ports = {client.socket.getsockname()[1]: client.socket.getpeername()[1] for client in clients}
    while any(_unacknowledged(client) for client in clients) or _unread(ports):
        assert time.monotonic() < deadline, "the sidecar does not read"
        let_pass(0.002)


def _unacknowledged(client: HttpClient) -> int:
    """Bytes that are not even in the other side's buffer."""
    return int(struct.unpack("i", fcntl.ioctl(client.socket, termios.TIOCOUTQ, b"\0" * 4))[0])


def _unread(ports: dict[int, int]) -> int:
    """Bytes that wait to be read on the servers' side of connections, given as client's port -> server's port."""
    total = 0
    for line in Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        if ports.get(int(remote[-4:], 16)) == int(local[-4:], 16):
            total += int(queues.partition(":")[2], 16)
    return total
