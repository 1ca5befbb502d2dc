"""Clients that mean harm: they cost threads, descriptors and memory nothing that stays, and good ones are served."""

from __future__ import annotations

import resource
import select
import threading
import time
from pathlib import Path

import pytest

from tests.integration.passing_time import let_pass
from tests.integration.world import LISTS, fill

SECRET = "/secrets/app/secret-1"
DESCRIPTORS = 1024  # on Lambda
HALF = DESCRIPTORS // 2
GIGABYTE = 1 << 30
MEMORY = 2048  # KB
PIECE = 65536


@pytest.fixture(scope="module")
def world(make_world):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4096:
        pytest.skip("not enough file descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    world = make_world(fill, **LISTS)
    resource.prlimit(world.sidecar.process.pid, resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
    yield world
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Footprint:
    """What the process holds at one moment."""

    def __init__(self, sidecar):
        place = Path(f"/proc/{sidecar.process.pid}")
        status = dict(line.split(":", 1) for line in (place / "status").read_text("ascii").splitlines())
        self.threads = int(status["Threads"])
        self.memory = int(status["VmRSS"].split()[0])
        self.descriptors = len(list((place / "fd").iterdir()))


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


@pytest.fixture
def bystander(world):
    """Served during the test; afterwards the process holds what it held before."""
    before = Footprint(world.sidecar)
    with Bystander(world.sidecar) as bystander:
        bystander.wait_served()
        yield bystander
        bystander.wait_served()
    assert bystander.trouble is None
    deadline = time.monotonic() + 10
    while (after := Footprint(world.sidecar)).descriptors > before.descriptors and time.monotonic() < deadline:
        let_pass(0.01)
    assert (before.threads, before.descriptors) == (after.threads, after.descriptors)
    print(after.memory - before.memory)
    assert after.memory - before.memory <= MEMORY


def _connect(world, count, stack):
    return [stack.enter_context(world.sidecar.connect()) for _ in range(count)]


def test_a_pipeline_whose_answers_nobody_reads(world, bystander):
    """Nothing more is read from whoever does not read: what it sends stays in its own kernel's buffer."""
    with world.sidecar.connect() as client:
        requests = client.render("GET", SECRET) * 200
        client.socket.setblocking(False)
        sent, deadline = 0, time.monotonic() + 20
        poller = select.poll()
        poller.register(client.socket, select.POLLOUT)
        while poller.poll(300) and sent < 64 << 20:
            sent += client.socket.send(requests)
        bystander.wait_served()
        print(sent, Footprint(world.sidecar).memory)
        assert sent < 64 << 20
