"""Reading one thing: from this process's memory while it is fresh, else from the sidecar."""

from __future__ import annotations

import os
import time

from preheat import errors, surroundings
from preheat.memory import Entry, Memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from preheat.channel import Channel

    # What it is, its name, and the options that make another value of it.
    Key = tuple[object, ...]

SECRET = "secret"
PARAMETER = "parameter"
BELOW = "parameters below"
OBJECT = "object"
BINARY = "application/octet-stream"  # the type of a binary secret
TIMEOUT = 30.0  # seconds
_LONGEST = 10**9  # seconds; what a max_age beyond it would mean to nobody


class Reader:
    """What all reads share. ``Client`` adds the vocabulary."""

    def __init__(
        self,
        *,
        timeout: float = TIMEOUT,
        environ: Mapping[str, str] | None = None,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``timeout``: seconds for an answer, after which ``SidecarTimeout`` is raised. The sidecar itself gives up
        after PREHEAT_FETCH_TIMEOUT (5 s unless set), during INIT after at most 9 s more; whoever sets that above 20 s
        needs a longer one here. A large S3 object has a second more for each MB.

        ``environ`` (``os.environ``) is where port and token are looked up; the clocks decide what is fresh.
        """
        if not timeout > 0:
            raise ValueError("timeout must be above 0")
        self._timeout = timeout
        self._environ: Mapping[str, str] = os.environ if environ is None else environ
        self._wall = wall
        self._monotonic = monotonic
        self._memory = Memory()
        self._opened: Channel | None = None

    def clear_cache(self) -> None:
        """Forget what was read: each next read asks the sidecar. It keeps what it has; ``refresh`` is for that."""
        self._memory = Memory()

    def close(self) -> None:
        """Close this thread's connection; the next read opens another."""
        if self._opened is not None:
            self._opened.close()

    @property
    def _channel(self) -> Channel:
        """Made at the first question: what it imports costs nothing before."""
        if self._opened is None:
            from preheat.channel import Channel

            self._opened = Channel(self._environ, self._timeout)
        return self._opened

    def _held(self, key: Key, max_age: float | None) -> Entry | None:
        """What memory holds and may still answer with."""
        entry = self._memory.entries.get(key)
        if entry is None:
            return None
        wall = self._wall()
        if not entry.wall_start <= wall < entry.wall_end:
            return None
        monotonic = self._monotonic()
        if monotonic >= entry.monotonic_end or (max_age is not None and entry.age_at(wall, monotonic) >= max_age):
            return None
        return entry

    def _read(self, key: Key, target: str, max_age: float | None, force_fetch: bool) -> Entry:
        """Ask the sidecar, and keep the answer while it is fresh."""
        fields = ""
        if max_age is not None and not max_age >= 0:
            raise ValueError("max_age must be 0 or more")
        if force_fetch:
            target += "&refresh=true" if "?" in target else "?refresh=true"
        elif max_age:
            fields = f"Cache-Control: max-age={int(min(max_age, _LONGEST))}\r\n"
        memory = self._memory
        if memory.process != os.getpid():  # a forked child: another thread may have held the lock at that moment
            memory = self._memory = Memory()
        # Before the question leaves: an answer that a freeze cut in two is as old as its question (contract §4).
        wall, monotonic = self._wall(), self._monotonic()
        answer = self._channel.ask("GET", target, fields)
        if answer.status != 200:
            raise errors.refusal(called(key), answer, surroundings.token(self._environ))
        value = answer.body if key[0] is OBJECT or answer.media_type == BINARY else _text(answer.body)
        if value is None:
            raise errors.SidecarUnavailable(f"{called(key)}: the answer is no UTF-8, so it is not Preheat's")
        # The sidecar's Age is whole seconds, rounded down: what is 299.9 s old must not live for another second.
        age = answer.age + 1
        entry = Entry(value, len(answer.body), age, answer.lifetime, wall, monotonic)
        if force_fetch:
            # What another field or spelling of the same thing was answered with is older than this.
            memory = self._memory = Memory()
        if answer.age >= 0 and age < answer.lifetime and surroundings.caching(self._environ):
            memory.hold(key, entry)
        return entry


def called(key: Key) -> str:
    """How errors call what was asked for."""
    return f"{key[0]} {key[1]!r}"


def _text(body: bytes) -> str | None:
    """None where it is no text: the codec's own error would hold it."""
    try:
        return body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return None
