"""A way through a proxy that does not work: what is said, what is tried again, how long it may take."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from extension.aws.call import Budget
from extension.aws.connection import Cancel, Connection, ConnectionFailed
from extension.aws.trust import Trust
from extension.aws.tunnel import NestedTls
from extension.clock import Clock
from extension.errors import SourceError
from extension.proxies import parse
from tests.unit.aws.tunnels import (
    BODY,
    BUCKET_HOST,
    ENDPOINT,
    HOST,
    ROOTS,
    Behind,
    get_object,
    loopback_only,
    new_aws,
    new_proxy,
    trust,
)
from tests.unit.hand_clock import HandClock


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


def test_what_it_forbids_is_asked_once(behind):
    behind.proxy.status = 403
    with pytest.raises(SourceError) as caught:
        behind.client().perform(get_object(), Budget(5))
    assert 1 == len(behind.proxy.requests)
    assert f"{behind.place} does not allow a connection to {BUCKET_HOST}:443 (403)" == caught.value.message


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_pass_is_tried_again(behind, status):
    behind.proxy.status = status

    def recover():
        behind.proxy.wait_requests(2)
        behind.proxy.status = 200

    recovery = threading.Thread(target=recover)
    recovery.start()
    assert BODY == behind.client().perform(get_object(), Budget(10)).body
    recovery.join()
    assert 3 <= len(behind.proxy.requests)


@pytest.mark.parametrize(
    ("status", "refused"), [(301, False), (400, True), (404, True), (405, True), (408, False), (500, False)]
)
def test_any_other_answer_is_named_by_its_status(behind, status, refused):
    behind.proxy.status = status
    failed = behind.refusal()
    assert f"{behind.place} answered {status} to CONNECT {HOST}:443" == str(failed)
    assert (refused, False, False) == (failed.refused, failed.timed_out, failed.untrusted)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("cut", "closed the connection without an answer"),
        ("half", "closed the connection without an answer"),
        ("garbage", "answered nonsense: not an HTTP/1 answer"),
        ("talk", "sent something behind its answer to CONNECT"),
    ],
)
def test_nonsense_is_told_from_a_refusal(behind, mode, expected):
    behind.proxy.mode = mode
    failed = behind.refusal()
    assert f"{behind.place} {expected}" == str(failed)
    assert not failed.refused


@pytest.mark.parametrize("mode", ["hang", "drip", "deaf"])
def test_proxy_and_tls_have_the_time_to_connect_together(behind, mode):
    behind.proxy.mode = mode
    started = time.monotonic()
    failed = behind.refusal(limit=0.3)
    assert 0.25 < time.monotonic() - started < 3
    assert failed.timed_out
    assert f"connecting to {HOST} through {behind.place} took over 0.3 s" == str(failed)


def test_an_answer_that_does_not_come_is_waited_for_as_long_as_it_may_take(behind):
    connection = behind.open()
    with pytest.raises(ConnectionFailed, match="no answer in time"):
        connection.receive(0.1)
    connection.close()


class Dripping:
    """The TLS to a proxy from which, a second apart, come single bytes of a record that never ends."""

    def __init__(self, clock):
        self.clock = clock
        self.record = iter(b"\x16\x03\x03\x40\x00" + bytes(0x4000))
        self.timeout = 5.0

    def settimeout(self, seconds):
        self.timeout = seconds

    def gettimeout(self):
        return self.timeout

    def write(self, data):
        return len(data)

    def read(self, size):
        self.clock.advance(1)
        return bytes([next(self.record)])


def test_bytes_that_drip_do_not_prolong_a_wait_in_the_inner_of_two_tls(aws):
    clock: Any = HandClock()
    outer: Any = Dripping(clock)
    before = clock.monotonic()
    inner = NestedTls(trust(aws).context(True), HOST, outer, outer, clock)
    with pytest.raises(TimeoutError):
        inner.do_handshake()
    assert 5 == clock.monotonic() - before
    assert 1 == outer.timeout  # what was left for the last of them


def test_waiting_for_it_can_be_cut(behind):
    behind.proxy.mode = "hang"
    cancel = Cancel()

    def cut():
        behind.proxy.wait_requests(1)
        cancel.cancel()

    cutter = threading.Thread(target=cut)
    started = time.monotonic()
    cutter.start()
    behind.refusal(limit=20, cancel=cancel)
    cutter.join()
    assert 10 > time.monotonic() - started


def test_a_proxy_that_is_not_there(behind):
    behind.proxy.close()
    assert f"connecting to {HOST} through {behind.place} failed: Connection refused" == str(behind.refusal())


def test_a_proxy_that_has_no_address(aws):
    proxy = parse("http://user:hunter2@squid.internal:3128")
    with pytest.raises(ConnectionFailed) as caught:
        Connection.open(ENDPOINT, HOST, trust(aws), 5, Cancel(), Clock(), proxy)
    assert "the name squid.internal can't be resolved: Name or service not known" == str(caught.value)


def test_a_proxy_whose_certificate_is_not_trusted(aws):
    """It is none of AWS's hosts, so it says nothing about AWS's roots."""
    believed = Trust(None, ROOTS)
    with Behind(aws, new_proxy(aws, "https")) as behind:
        failed = behind.refusal(believed=believed)
        assert str(failed).startswith(f"the certificate of {behind.place} is not trusted: ")
        assert (True, False) == (failed.refused, failed.untrusted)
        assert [] == behind.proxy.requests
    assert believed.by_roots  # nobody has fallen back


def test_a_host_behind_it_must_be_who_it_says(behind):
    failed = behind.refusal("ssm.us-east-1.amazonaws.com")
    assert str(failed).startswith("the certificate of ssm.us-east-1.amazonaws.com is not trusted: ")
    assert (False, True) == (failed.refused, failed.untrusted)
