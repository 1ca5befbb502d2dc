"""Questions to the sidecar: a kept-alive connection for each thread of each process, and one more try on a dead one."""

from __future__ import annotations

import os
import time
from _thread import _local

from preheat import surroundings
from preheat.connection import BadAnswer, Broken, Connection, Dead, TimedOut
from preheat.errors import SidecarTimeout, SidecarUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from preheat.answers import Answer


class Channel:
    """Asks and answers for one client.

    A thread takes its idle connection, asks, and puts it back only after a whole and clean answer. So whatever comes
    between, a signal's exception, a timeout, or a second question from a signal handler, an answer can't get to the
    wrong question.
    """

    __slots__ = ("_environ", "_local", "_timeout", "process")

    def __init__(self, environ: Mapping[str, str], timeout: float) -> None:
        self._environ = environ
        self._timeout = timeout
        self._local = _local()
        self.process = os.getpid()  # the one that asked last

    @property
    def token(self) -> str:
        """What is shown to the sidecar just now."""
        return surroundings.token(self._environ)

    def ask(self, question: bytes, fields: bytes = b"", body: bytes = b"", into: BinaryIO | None = None) -> Answer:
        """The sidecar's answer to ``question`` (method and target), whatever its status; ``SidecarUnavailable``, or
        ``SidecarTimeout`` which is one. ``fields`` are whole header lines; ``into`` gets the body of a success."""
        token = surroundings.token(self._environ)
        self.process = os.getpid()
        deadline = time.monotonic() + self._timeout
        idle = self._idle()
        last = False
        while True:
            connection = self._usable(idle) or self._connect()
            try:
                if last:
                    connection.limit_to(deadline)
                answer = connection.ask(question, fields, body, token, deadline, into)
            except Dead:
                # All that is asked here may be asked twice.
                if last:
                    raise SidecarUnavailable(
                        f"the sidecar on 127.0.0.1:{connection.port} closed the connection twice without an answer;"
                        " look into the function's log"
                    ) from None
                last = True
            except Broken:
                raise SidecarUnavailable(
                    f"the sidecar on 127.0.0.1:{connection.port} closed the connection in the middle of its answer,"
                    " a part of which has been written"
                ) from None
            except BadAnswer as error:
                raise SidecarUnavailable(
                    f"what listens on 127.0.0.1:{connection.port} does not speak as Preheat does ({error});"
                    " is another program bound to the port? PREHEAT_PORT moves both sides"
                ) from None
            except TimedOut:
                raise self._late(connection.port) from None
            else:
                if connection.clean:
                    idle.append(connection)
                    while len(idle) > 1:  # a signal handler has asked meanwhile
                        idle.pop(0).close()
                return answer
            finally:
                if not connection.clean:
                    connection.close()

    def close(self) -> None:
        """Close this thread's idle connection."""
        idle = self._idle()
        while idle:
            idle.pop().close()

    def _idle(self) -> list[Connection]:
        """This thread's idle connections: one or none, but for moments."""
        try:
            idle: list[Connection] = self._local.idle
        except AttributeError:
            idle = self._local.idle = []
        return idle

    def _usable(self, idle: list[Connection]) -> Connection | None:
        """An idle connection, if it is still good. A list's ``pop`` is one step for signal handlers too."""
        while idle:
            try:
                connection = idle.pop()
            except IndexError:  # a signal handler was quicker
                break
            if connection.usable(self.process):
                return connection
            connection.close()
        return None

    def _connect(self) -> Connection:
        port = surroundings.port(self._environ)
        try:
            return Connection(port, self.process, self._timeout)
        except TimedOut:
            raise self._late(port) from None
        except ConnectionRefusedError:
            raise surroundings.absent(self._environ, port) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SidecarUnavailable(f"no connection to 127.0.0.1:{port}: {reason}") from None

    def _late(self, port: int) -> SidecarTimeout:
        return SidecarTimeout(
            f"the sidecar on 127.0.0.1:{port} did not answer within {self._timeout:g} s;"
            " preheat.Client(timeout=…) waits longer"
        )
