"""The one server thread: accepts, reads, hands requests to the application, writes what it answers.

Readiness by ``epoll`` (``poll`` where there is none): ``selectors`` costs 7 ms to import and a few microseconds a
request. Nothing here waits but ``poll`` itself, and nothing runs on a timer: an environment that is frozen for hours
wakes up to no backlog of ticks.
"""

from __future__ import annotations

import _queue
import _socket
import _thread
import errno
import os
import select

from extension.http1.connection import Client, Gone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from extension.http1.connection import Application
    from extension.http1.request import Request
    from extension.logs import Log

CONNECTION_LIMIT = 800  # as the Secrets Manager Agent's; an environment has 1,024 file descriptors
_ACCEPTED_AT_ONCE = 64
_DESCRIPTORS = 1024  # in Lambda; elsewhere there may be more
_IN = 1  # EPOLLIN and POLLIN, likewise the others: the same numbers on Linux for both, and on macOS for poll
_OUT = 4
_GONE = 8 | 16  # error, hang-up
_HALF_CLOSED = getattr(select, "EPOLLRDHUP", 0)  # the peer closed its side: reported also where nothing is read
_FOREVER = -1
_MANY, _FEW = 100, 8  # clients: above the one it is a crowd, below the other it has gone
_PATIENCE = 0.8  # share of the time for stopping in which what is being answered may still be answered
_STARVED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Loop:
    """Serves the listeners until told to stop. ``run`` is the thread; ``post`` and ``stop`` are for other threads."""

    def __init__(
        self, listeners: list[_socket.socket], application: Application, log: Log, limit: int = CONNECTION_LIMIT
    ) -> None:
        self._application = application
        self._log = log
        self._limit = limit
        self._listeners = {listener.fileno(): listener for listener in listeners}
        # By descriptor. Not a dict: one that grows is laid out anew, in the middle of the buffers of those who attack,
        # and the allocator gives back nothing that lies below it when they have gone.
        self._clients: list[Client | None] = [None] * _DESCRIPTORS
        self._count = 0
        self._posted: _queue.SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]]] = _queue.SimpleQueue()
        self._wake_in, self._wake_out = os.pipe()
        os.set_blocking(self._wake_in, False)
        os.set_blocking(self._wake_out, False)
        numbers = (*self._listeners, self._wake_in)
        self._clients += [None] * (max(numbers) + 1 - len(self._clients))
        self._poller: Any = select.epoll() if hasattr(select, "epoll") else select.poll()
        self._thread = 0
        self.known: dict[bytes, Request] = {}  # what clients ask again and again, by its bytes
        self._turn = 0  # counts events, so that "longest idle" needs no clock
        self._stopping = False
        self._crowded = False  # there were many clients, and their buffers' holes are in the heap
        self._deaf = False  # no file descriptor was left for another connection
        self._stopped = _thread.allocate_lock()
        self._stopped.acquire()

    # -- for other threads -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Run in a thread of its own."""
        _thread.start_new_thread(self.run, ())

    def post(self, work: Callable[..., None], *arguments: Any) -> None:
        """Have the loop's thread call ``work`` soon; at once where this is that thread."""
        if _thread.get_ident() == self._thread:
            work(*arguments)
            return
        self._posted.put((work, arguments))
        try:
            os.write(self._wake_out, b"\0")
        except BlockingIOError:
            pass  # the pipe is full of wake-ups already

    def stop(self, timeout: float) -> bool:
        """Stop accepting, let what is being answered be answered, then end; False where that takes over ``timeout``.
        What still waits when most of it is over is answered 503."""
        self.post(self._begin_stop)
        if self._stopped.acquire(timeout=max(timeout * _PATIENCE, 0)):
            return True
        self.post(self._give_up)
        return self._stopped.acquire(timeout=max(timeout * (1 - _PATIENCE), 0))

    # -- the thread --------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until stopped. One broken connection, or a fault in answering it, never ends the loop."""
        self._thread = _thread.get_ident()
        self._poller.register(self._wake_in, _IN)
        for number in self._listeners:
            self._poller.register(number, _IN)
        while not (self._stopping and not self._count):
            began = self._turn
            for number, events in self._poller.poll(_FOREVER):
                self._turn += 1
                client = self._clients[number]
                if client is not None:
                    if client.turn <= began:  # else it came just now, and the event is of whoever had its number before
                        self._serve(client, events)
                elif number == self._wake_in:
                    self._run_posted()
                elif number in self._listeners:
                    self._accept(self._listeners[number])
            client = None  # else the last one lives on after it was dropped, and its buffer above all others
        self._stopped.release()

    def _serve(self, client: Client, events: int) -> None:
        client.turn = self._turn
        try:
            if events & _GONE or (events & _HALF_CLOSED and not events & _IN):
                raise Gone
            if events & _OUT:
                client.flush()
            if events & _IN:
                client.receive()
        except Gone:
            self.drop(client)
        except Exception as error:  # noqa: BLE001 (a fault of ours costs this connection, not the service)
            self._log.fault("server.fault", error=type(error).__name__)
            self.drop(client)
        else:
            self.watch(client)

    def watch(self, client: Client) -> None:
        """Wait for what the client is ready for now. Nothing is read from one whose request is being worked on, or who
        does not take its answer: what it sends meanwhile would pile up here."""
        if self._clients[client.number] is not client:
            return  # dropped while it was being answered
        wanted = (_OUT if client.unsent else 0 if client.busy else _IN) | _HALF_CLOSED
        if wanted != client.watched:
            client.watched = wanted
            self._poller.modify(client.number, wanted)

    def drop(self, client: Client) -> None:
        """Forget the connection and tell whoever works on its request."""
        if self._clients[client.number] is not client:
            return
        self._clients[client.number] = None
        self._count -= 1
        self._poller.unregister(client.number)
        client.close()
        if self._crowded and self._count <= _FEW:
            self._crowded = False
            from extension.libc import give_memory_back

            give_memory_back()
        if self._deaf and not self._stopping:
            self._deaf = False
            for number in self._listeners:
                self._poller.register(number, _IN)

    def _accept(self, listener: _socket.socket) -> None:
        # Not all that wait: of a storm of connections most have been reset already, and those are to be dropped before
        # they count, else they push out whoever is idle.
        for accepted in range(_ACCEPTED_AT_ONCE):
            try:
                number, _ = listener._accept()  # type: ignore[attr-defined]  # what socket.accept() itself calls
            except BlockingIOError:
                return
            except OSError as error:
                # The kernel says so before it looks whether anybody waits. Of the first one poll() has told.
                if not accepted and error.errno in _STARVED and not self._close_longest_idle():
                    self._turn_deaf()
                return  # else the client went away while it waited; what else waits is reported again
            plain = _socket.socket(fileno=number)
            if number >= len(self._clients):
                self._clients += [None] * (number + 1)
            try:
                plain.setblocking(False)
                plain.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
                self._poller.register(number, _IN | _HALF_CLOSED)
            except OSError:  # it was reset meanwhile, which macOS says here; or no memory is left to watch one more
                plain.close()
                continue
            over = self._count >= self._limit and not self._close_longest_idle()
            client = Client(plain, self, self._application, over)
            self._turn += 1  # of those that come together, the first is idle the longest
            client.turn = self._turn
            client.watched = _IN | _HALF_CLOSED
            self._clients[number] = client
            self._crowded = self._crowded or self._count > _MANY
            self._count += 1

    def _turn_deaf(self) -> None:
        """No descriptor is left: listen again when a connection ends, instead of being woken for nothing."""
        self._deaf = True
        for number in self._listeners:
            self._poller.unregister(number)

    def _close_longest_idle(self) -> bool:
        idle = [client for client in self._clients if client is not None and client.idle]
        if not idle:
            return False
        self.drop(min(idle, key=_turn))
        return True

    def _run_posted(self) -> None:
        try:
            os.read(self._wake_in, 4096)
        except BlockingIOError:
            pass
        while True:
            try:
                work, arguments = self._posted.get_nowait()
            except _queue.Empty:
                return
            try:
                work(*arguments)
            except Exception as error:  # noqa: BLE001 (a fault of ours costs one answer, never the process)
                self._log.fault("server.fault", error=type(error).__name__)

    def _give_up(self) -> None:
        for client in filter(None, self._clients):
            client.give_up(self._application.refuse(503, "the execution environment is shutting down"))

    def _begin_stop(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        for number, listener in self._listeners.items():
            if not self._deaf:
                self._poller.unregister(number)
            listener.close()
        self._listeners.clear()
        for client in filter(None, self._clients):
            if client.idle:
                self.drop(client)
            else:
                client.last = True


def _turn(client: Client) -> int:
    return client.turn
