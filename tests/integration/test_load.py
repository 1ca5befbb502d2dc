"""Many readers at once over the real process, while it refreshes what they read."""

from __future__ import annotations

import select
import time
from collections import Counter

from tests.integration.world import LISTS, OBJECTS, PARAMETERS, SECRETS, fill

TTL = 1.0  # seconds
CONNECTIONS, READS, BURST = 64, 2000, 20
LIMIT = 45.0  # seconds; about 6 on a machine that does nothing else


class Client:
    """One connection that reads one thing, in bursts; its answers are counted when all are there."""

    def __init__(self, sidecar, target, value):
        self._http = sidecar.connect()
        self._value = value
        self._burst = self._http.render("GET", target) * BURST
        self._asked = 0
        self._answers = bytearray()
        self._in_burst = 0
        self.socket = self._http.socket

    def ask(self):
        self._asked += BURST
        self._in_burst = 0
        self._http.send(self._burst)

    def take(self):
        """Read what is there; True once all has come."""
        data = self.socket.recv(262144)
        assert data, "the connection was closed"
        start = max(len(self._answers) - len(self._value) + 1, 0)
        self._answers += data
        self._in_burst += self._answers.count(self._value, start)
        if self._in_burst < BURST:
            return False
        if self._asked < READS:
            self.ask()
            return False
        return True

    def check(self):
        assert READS == self._answers.count(b"HTTP/1.1 200 OK\r\n") == self._answers.count(b"HTTP/1.1 ")
        assert READS == self._answers.count(self._value)
        assert 0 == self._answers.count(b"Preheat-Cache: stale")
        self._http.close()


def read_all(clients, meanwhile):
    """Let all of them read, in one loop; ``meanwhile()`` is called again and again."""
    poller = select.epoll()
    by_descriptor = {client.socket.fileno(): client for client in clients}
    for descriptor, client in by_descriptor.items():
        client.socket.settimeout(LIMIT)
        poller.register(descriptor, select.EPOLLIN)
        client.ask()
    until = time.monotonic() + LIMIT
    while by_descriptor:
        assert time.monotonic() < until, f"{len(by_descriptor)} are not through"
        for descriptor, _ in poller.poll(0.05):
            if by_descriptor[descriptor].take():
                poller.unregister(descriptor)
                del by_descriptor[descriptor]
        meanwhile()
    poller.close()


def test_128000_reads_over_64_connections_while_all_is_refreshed(aws, api, ready):
    """No error, nothing stale, and one fetch for each thing each time that it is due, however many read it."""
    fill(aws)
    started = time.monotonic()
    sidecar = ready(**LISTS, ttl=f"{TTL:g}s")
    values = {f"/secrets/{name}": value.encode() for name, value in SECRETS.items()}
    values |= {f"/parameters{name}": value.encode() for name, value in PARAMETERS.items()}
    values |= {f"/s3/{name}": body for name, body in OBJECTS.items()}
    targets = list(values)
    clients = [Client(sidecar, target, values[target]) for target in (targets * 3)[:CONNECTIONS]]

    def invoke_again():
        if api.extension().is_blocked_in_next:
            api.invoke()

    read_all(clients, invoke_again)
    for client in clients:
        client.check()
    elapsed = time.monotonic() - started
    fetches = Counter(name for call in aws.calls for name in call.resources)
    assert set(fetches) == {*SECRETS, *PARAMETERS, *OBJECTS}
    # Due at 72 % of its TTL at the earliest, counted from the moment at which it was asked for.
    assert max(fetches.values()) <= elapsed / (0.72 * TTL) + 1
    assert min(fetches.values()) > 1
    assert {200, 304} >= {call.status for call in aws.calls}
    assert [] == sidecar.events("fetch.failed")


def test_a_timeout_reaches_all_500_who_wait_at_once(aws, ready):
    """Not one after another: that would be 500 timeouts."""
    sidecar = ready(fetch_timeout="3s")
    clients = [sidecar.connect() for _ in range(500)]
    aws.faults.add("hang")
    for client in clients:
        client.ask("GET", "/secrets/popular")
    assert {504} == {client.answer().status for client in clients}  # each within the client's own 10 s
    assert 1 == aws.count()
    assert 1 == len(sidecar.events("fetch.failed"))
    for client in clients:
        client.close()
