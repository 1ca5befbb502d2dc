"""Questions to the sidecar: a kept-alive connection for each thread of each process, and one more try on a dead one."""

from __future__ import annotations

import os
import time
from _thread import _local

from preheat import surroundings
from preheat.answers import Answer, BadAnswer
from preheat.connection import Connection, Dead, TimedOut
from preheat.errors import SidecarTimeout, SidecarUnavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Channel:
    """Asks and answers for one client.

    A thread takes its idle connection, asks, and puts it back only after a whole and clean answer. So whatever comes
    between, a signal's exception, a timeout, or a second question from a signal handler, an answer can't get to the
    wrong question.
    """

    __slots__ = ("_environ", "_local", "_timeout")

    def __init__(self, environ: Mapping[str, str], timeout: float) -> None:
        self._environ = environ
        self._timeout = timeout
        self._local = _local()

    def ask(self, method: str, target: str, fields: str = "", body: bytes = b"") -> Answer:
        """The sidecar's answer, whatever its status; ``SidecarUnavailable``, or ``SidecarTimeout`` which is one."""
        token = surroundings.token(self._environ)
        deadline = time.monotonic() + self._timeout
        process = os.getpid()
        last = False
        while True:
            connection = self._take(process)
            try:
                answer = connection.ask(method, target, fields, token, body, deadline)
            except Dead:
                # All that is asked here may be asked twice.
                if last:
                    raise SidecarUnavailable(
                        f"the sidecar on 127.0.0.1:{connection.port} closed the connection twice without an answer;"
                        " look into the function's log"
                    ) from None
                last = True
            except BadAnswer as error:
                raise SidecarUnavailable(
                    f"what listens on 127.0.0.1:{connection.port} does not speak as Preheat does ({error});"
                    " is another program bound to the port? PREHEAT_PORT moves both sides"
                ) from None
            except TimedOut:
                raise self._late(connection.port) from None
            else:
                if connection.clean:
                    self._put_back(connection)
                return answer
            finally:
                if not connection.clean:
                    connection.close()

    def close(self) -> None:
        """Close this thread's idle connection."""
        idle = getattr(self._local, "idle", None)
        while idle:
            idle.pop().close()

    def _take(self, process: int) -> Connection:
        """This thread's idle connection, or a fresh one. A list's ``pop`` is one step for signal handlers too."""
        idle = self._idle()
        while idle:
            try:
                connection = idle.pop()
            except IndexError:
                break
            if connection.usable(process):
                return connection
            connection.close()
        port = surroundings.port(self._environ)
        try:
            return Connection(port, process, self._timeout)
        except TimedOut:
            raise self._late(port) from None
        except ConnectionRefusedError:
            raise surroundings.absent(self._environ, port) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise SidecarUnavailable(f"no connection to 127.0.0.1:{port}: {reason}") from None

    def _put_back(self, connection: Connection) -> None:
        idle = self._idle()
        idle.append(connection)
        while len(idle) > 1:  # a signal handler has asked meanwhile
            idle.pop(0).close()

    def _idle(self) -> list[Connection]:
        try:
            idle: list[Connection] = self._local.idle
        except AttributeError:
            idle = self._local.idle = []
        return idle

    def _late(self, port: int) -> SidecarTimeout:
        return SidecarTimeout(
            f"the sidecar on 127.0.0.1:{port} did not answer within {self._timeout:g} s;"
            " preheat.Client(timeout=…) waits longer"
        )
