"""Waiting for things that happen: a gate that can be polled beside a socket, so that no stand-in ever sleeps."""

from __future__ import annotations

import math
import os
import select
import socket
import threading
import time
from typing import Any

# POLLRDHUP is Linux only; elsewhere a peer that left is noticed at the next read instead.
_PEER_LEFT = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR | select.POLLNVAL


class Gate:
    """A one-way event with a descriptor to poll: opens once, stays open. Closing a pipe's end wakes every waiter."""

    def __init__(self) -> None:
        self._read_fd, self._write_fd = os.pipe()
        self._lock = threading.Lock()
        self._waiters = 0
        self._is_open = False
        self._discarded = False

    @property
    def is_open(self) -> bool:
        return self._is_open

    def open(self) -> None:
        """Let everyone through, now and later. Opening twice is harmless."""
        with self._lock:
            if not self._is_open:
                self._is_open = True
                os.close(self._write_fd)

    def discard(self) -> None:
        """Open the gate and give its descriptors back, as soon as the last waiter has left."""
        self.open()
        with self._lock:
            if not self._discarded:
                self._discarded = True
                self._release()

    def wait(self, timeout: float | None = None, peer: socket.socket | None = None) -> str:
        """Wait for the gate. Returns "open", "gone" (the peer of that socket left) or "timeout" (in seconds)."""
        return self._wait(timeout, peer, _PEER_LEFT)

    def wait_readable(self, listener: socket.socket) -> bool:
        """Wait until the socket can be read (True) or the gate opens (False)."""
        return self._wait(None, listener, select.POLLIN) == "gone"

    def _wait(self, timeout: float | None, peer: socket.socket | None, mask: int) -> str:
        with self._lock:
            if self._is_open:
                return "open"
            self._waiters += 1
        try:
            poller = select.poll()
            poller.register(self._read_fd, select.POLLIN | select.POLLHUP)
            if peer is not None:
                if peer.fileno() < 0:
                    return "gone"
                poller.register(peer.fileno(), mask)
            events = poller.poll(None if timeout is None else max(0, math.ceil(timeout * 1000)))
            if self.is_open:
                return "open"
            return "gone" if events else "timeout"
        finally:
            with self._lock:
                self._waiters -= 1
                self._release()

    def _release(self) -> None:
        """Called with the lock held: close the read end once nobody can be polling it."""
        if self._discarded and self._waiters == 0 and self._read_fd >= 0:
            os.close(self._read_fd)
            self._read_fd = -1


class Timeout(AssertionError):
    """What a test waited for did not happen in time."""


def wait_for(condition: threading.Condition, predicate: Any, timeout: float, what: str) -> Any:
    """Wait on `condition` (held by the caller) until `predicate()` is true and return its value; raises Timeout."""
    deadline = time.monotonic() + timeout
    value = predicate()
    while not value:
        left = deadline - time.monotonic()
        if left <= 0:
            raise Timeout(f"no {what} within {timeout:g} s")
        condition.wait(left)
        value = predicate()
    return value
