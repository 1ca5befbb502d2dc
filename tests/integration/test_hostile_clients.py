"""Clients that mean harm: they cost threads, descriptors and memory nothing that stays, and good ones are served."""

from __future__ import annotations

import resource
import select
import socket
import struct
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.passing_time import let_pass
from tests.integration.reading import wait_read
from tests.integration.world import LISTS, fill

SECRET = "/secrets/app/secret-1"
DESCRIPTORS = 1024  # on Lambda
HALF = DESCRIPTORS // 2
GIGABYTE = 1 << 30
ENDLESS = 32 << 20  # bytes: more than the kernel's buffers of a connection hold
MEMORY = 2048  # KB, of one attack
MEMORY_OF_ALL = 2 * MEMORY  # of one after another: what is free stays in the heap, in holes that the next one fills


@pytest.fixture(scope="module")
def world(make_world):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("not enough file descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    world = make_world(fill, **LISTS)
    resource.prlimit(world.sidecar.process.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    assert 404 == world.sidecar.get("/secrets/absent").status
    yield world
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Footprint:
    """What the process holds at one moment."""

    def __init__(self, sidecar):
        place = Path(f"/proc/{sidecar.process.pid}")
        status = dict(line.split(":", 1) for line in (place / "status").read_text("ascii").splitlines())
        self.threads = int(status["Threads"])
        self.memory = int(status["RssAnon"].split()[0])
        self.descriptors = len(list((place / "fd").iterdir()))


def _settled(sidecar, *, most):
    """The footprint once the process has closed what its clients have."""
    deadline = time.monotonic() + 10
    while (footprint := Footprint(sidecar)).descriptors > most and time.monotonic() < deadline:
        let_pass(0.01)
    return footprint


class Bystander:
    """A good client beside the attack: a thread that reads over one connection, and over a new one, again and again."""

    def __init__(self, sidecar):
        self.served = 0
        self.trouble = None
        self._sidecar = sidecar
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            with self._sidecar.connect() as kept:
                while not self._over.is_set():
                    with self._sidecar.connect() as fresh:
                        for client in (kept, fresh):
                            answer = client.get(SECRET)
                            assert (200, "secret value 1") == (answer.status, answer.text)
                    self.served += 1
        except Exception as error:  # noqa: BLE001 (shown by the test)
            self.trouble = error

    def wait_served(self, more=3):
        """Until it has been served so many times from now on."""
        wanted, deadline = self.served + more, time.monotonic() + 10
        while self.served < wanted:
            assert self.trouble is None, self.trouble
            assert time.monotonic() < deadline, "it is not served"
            let_pass(0.002)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


@pytest.fixture(scope="module")
def before(world):
    """What it holds before the first attack, with one connection open, which stays."""
    return Footprint(world.sidecar)


@pytest.fixture
def bystander(world, before):
    """Served during the test; afterwards the process holds what it held before all of them."""
    with Bystander(world.sidecar) as bystander:
        bystander.wait_served()
        memory = Footprint(world.sidecar).memory
        yield bystander
        bystander.wait_served()
    assert bystander.trouble is None
    after = _settled(world.sidecar, most=before.descriptors)
    assert before.threads == after.threads
    assert before.descriptors >= after.descriptors  # a connection to AWS may have been given up meanwhile
    assert after.memory - memory <= MEMORY
    assert after.memory - before.memory <= MEMORY_OF_ALL


@pytest.fixture
def attackers(world):
    """attackers(count): so many connections, closed in the end."""
    with ExitStack() as stack:
        yield lambda count: [stack.enter_context(world.sidecar.connect()) for _ in range(count)]


def _send_until_refused(client, piece, most):
    """Send `piece` again and again, as long as the other side takes it; how many bytes it took."""
    sent = 0
    try:
        while sent < most:
            sent += client.socket.send(piece)
    except OSError:
        pass
    return sent


def test_readers_of_a_miss_that_are_reset_while_they_wait(world, bystander, attackers):
    hold = world.aws.hold(match="hostile")
    clients = attackers(HALF // 2)
    for client in clients:
        client.ask("GET", "/secrets/hostile")
    hold.wait()
    wait_read(*clients)
    for client in clients:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    bystander.wait_served()
    hold.release()


def test_slowloris(bystander, attackers):
    """A byte now and then on as many connections as half the descriptors allow; in the end they are answered."""
    clients = attackers(HALF)
    request = clients[0].render("GET", SECRET)
    for client in clients:
        client.send(request[:-20])
    for byte in request[-20:-1]:
        for client in clients:
            client.send(bytes([byte]))
    bystander.wait_served()
    for client in clients:
        client.send(request[-1:])
    assert {"secret value 1"} == {client.answer().text for client in clients}


@pytest.mark.parametrize("begun", [b"", b"G", b"GET / HTTP/1.1\r\nX: " + b"x" * 16_000], ids=len)
def test_connections_that_stay_and_say_no_more(bystander, attackers, begun):
    clients = attackers(HALF)
    for client in clients:
        client.send(begun)
    wait_read(*clients)
    bystander.wait_served()


def test_connections_that_are_closed_on_one_side(bystander, attackers):
    """Whoever says nothing more can't finish a request; one that is complete is answered."""
    clients = attackers(HALF)
    for number, client in enumerate(clients):
        request = client.render("GET", SECRET)
        client.send(request if number % 2 else request[:-1])
        client.socket.shutdown(socket.SHUT_WR)
    assert {"secret value 1"} == {client.answer().text for client in clients[1::2]}
    assert {b""} == {client.rest() for client in clients}


def test_a_pipeline_whose_answers_are_read(bystander, attackers):
    clients = attackers(8)
    for client in clients:
        client.send(client.render("GET", SECRET) * 500)
    for client in clients:
        assert {"secret value 1"} == {client.answer().text for _ in range(500)}


def test_a_pipeline_whose_answers_nobody_reads(bystander, attackers):
    """Nothing more is read from whoever does not read: what it sends stays in its own kernel's buffer."""
    for client in attackers(4):
        client.socket.setblocking(False)
        requests = client.render("GET", SECRET) * 200
        poller = select.poll()
        poller.register(client.socket, select.POLLOUT)
        sent = 0
        while poller.poll(200) and sent < ENDLESS:
            sent += client.socket.send(requests)
        assert sent < ENDLESS
    bystander.wait_served()


HEAD = b"POST /batch HTTP/1.1\r\nHost: localhost\r\n"
CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
GIGABYTES = {
    "of headers": (HEAD, b"X-Filler: " + b"x" * 1000 + b"\r\n", 431),
    "of one header": (HEAD + b"X: ", b"x" * 65536, 431),
    "of small headers": (HEAD, b"X: x\r\n" * 1000, 431),
    "of a request line": (b"GET /", b"x" * 65536, 414),
    "of a method": (b"", b"G" * 65536, 414),
    "of a body": (HEAD + b"Content-Length: 1073741824\r\n\r\n", b"x" * 65536, 413),
    "of chunks": (CHUNKS, b"1000\r\n" + b"x" * 4096 + b"\r\n", 413),
    "of small chunks": (CHUNKS, (b"10\r\n" + b"x" * 16 + b"\r\n") * 100, 413),
    "of one chunk": (CHUNKS + b"40000000\r\n", b"x" * 65536, 413),
    "of a chunk's extension": (CHUNKS + b"1;", b"x" * 65536, 400),
    "of chunks' extensions": (CHUNKS, (b"1;" + b"x" * 200 + b"\r\nx\r\n") * 100, 400),
    "of trailers": (CHUNKS + b"0\r\n", b"X: x\r\n" * 1000, 431),
    "of zeros": (b"", bytes(65536), 400),
}


@pytest.mark.parametrize("what", GIGABYTES)
def test_a_gigabyte(bystander, attackers, what):
    """It is cut early: refused at its limit, and what follows is thrown away up to one more megabyte."""
    begin, piece, status = GIGABYTES[what]
    clients = attackers(4)
    for client in clients:
        client.send(begin)
        assert _send_until_refused(client, piece, GIGABYTE) < ENDLESS
    bystander.wait_served()
    (patient,) = attackers(1)  # reads what it is told before it goes on
    patient.send(begin + piece * (120_000 // len(piece)))
    answer = patient.answer()
    assert (status, "close") == (answer.status, answer.header("connection"))
    assert _send_until_refused(patient, piece, GIGABYTE) < ENDLESS


STORMS = [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", bytes(9000)]


@pytest.mark.parametrize("begun", STORMS, ids=len)
def test_a_storm_of_connections_that_are_reset(world, bystander, begun):
    reset = struct.pack("ii", 1, 0)
    for _ in range(1000):
        client = socket.create_connection(("127.0.0.1", world.sidecar.port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        client.send(begun)
        client.close()
    bystander.wait_served()


@pytest.mark.parametrize("begun", [b"", b"GET / HT"], ids=["idle", "begun"])
def test_more_connections_than_descriptors(aws, ready, begun):
    """Of those that are idle the longest idle makes room; where none is, who comes waits until one ends."""
    fill(aws)
    sidecar = ready(**LISTS)
    before = Footprint(sidecar)
    most = before.descriptors + 20
    resource.prlimit(sidecar.process.pid, resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as stack:
        clients = []
        for _ in range(60):
            clients.append(stack.enter_context(sidecar.connect()))
            clients[-1].send(begun)
        late = stack.enter_context(sidecar.connect())
        late.ask("GET", SECRET)
        if begun:
            for client in clients:
                client.close()
        assert "secret value 1" == late.answer().text
        assert "secret value 1" == late.get(SECRET).text
    after = _settled(sidecar, most=before.descriptors)
    assert before.threads == after.threads
    assert before.descriptors >= after.descriptors
