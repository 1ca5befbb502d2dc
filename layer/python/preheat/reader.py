"""Reading one thing: from this process's memory while it is fresh, else from the sidecar."""

from __future__ import annotations

import os
import time

from preheat import errors
from preheat.memory import BACKWARDS, MOST_ENTRIES, Entry, Memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

    from preheat.channel import Channel

    # What it is, its name, and the options that make another value of it.
    Key = tuple[object, ...]

SECRET = "secret"
PARAMETER = "parameter"
BELOW = "parameters below"
OBJECT = "object"
ROW = "a row of table"
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
        self._questions: dict[Key, bytes] = {}
        self._channel: Channel | None = None
        self._keeps = True  # whether there is a layer 1

    def clear_cache(self) -> None:
        """Forget what was read: each next read asks the sidecar. It keeps what it has; ``refresh`` is for that."""
        self._memory = Memory()

    def close(self) -> None:
        """Close this thread's connection; the next read opens another."""
        if self._channel is not None:
            self._channel.close()

    def _open(self) -> Channel:
        """Made at the first question: what it imports costs nothing before, and the environment is complete."""
        from preheat import surroundings
        from preheat.channel import Channel

        self._keeps = surroundings.caching(self._environ)
        self._channel = Channel(self._environ, self._timeout)
        return self._channel

    def _held(self, key: Key, max_age: float | None) -> Entry | None:
        """What memory holds and may still answer with."""
        entry = self._memory.entries.get(key)
        if entry is None or max_age == 0:
            return None
        wall, monotonic = self._wall(), self._monotonic()
        if not -BACKWARDS <= wall - entry.wall < entry.left > monotonic - entry.monotonic:
            return None
        return entry if max_age is None or entry.age_at(wall, monotonic) < max_age else None

    def _remember(self, key: Key, target: str) -> bytes:
        """A function asks the same few questions again and again, and writing one takes a while."""
        if len(self._questions) >= MOST_ENTRIES:
            self._questions.clear()
        question = self._questions[key] = b"GET " + target.encode("ascii")
        return question

    def _read(self, key: Key, question: bytes, max_age: float | None, force_fetch: bool) -> Entry:
        """Ask the sidecar, and keep the answer while it is fresh."""
        question, fields = _asking(question, max_age, force_fetch)
        memory = self._memory
        # Before the question leaves: an answer that a freeze cut in two is as old as its question (contract §4).
        wall, monotonic = self._wall(), self._monotonic()
        channel = self._channel or self._open()
        answer = channel.ask(question, fields)
        if answer.status != 200:
            raise errors.refusal(errors.called(key), answer, channel.token)
        body = answer.body
        value = body if key[0] is OBJECT or answer.media_type == BINARY else _text(body)
        if value is None:
            raise errors.SidecarUnavailable(f"{errors.called(key)}: the answer is no UTF-8, so it is not Preheat's")
        # The sidecar's Age is whole seconds, rounded down: what is 299.9 s old must not live for another second.
        age = answer.age + 1
        entry = Entry(value, len(body), age, answer.lifetime, wall, monotonic)
        if force_fetch or memory.process != channel.process:
            # What another field or spelling of the same thing was answered with is older than this. Or in a forked
            # child: another thread may have held the memory's lock at that moment.
            memory = self._memory = Memory()
        if max_age == 0:
            held = memory.entries.get(key)
            if held is not None and held.value != value:  # nothing is kept, but nobody sees an older value after this
                self._memory = Memory()
        elif self._keeps and answer.age >= 0 and age < answer.lifetime:
            memory.hold(key, entry)
        return entry

    def _pour(self, key: Key, question: bytes, max_age: float | None, force_fetch: bool, into: BinaryIO) -> int:
        """Write what the sidecar answers into a file object; how many bytes."""
        question, fields = _asking(question, max_age, force_fetch)
        channel = self._channel or self._open()
        answer = channel.ask(question, fields, into=into)
        if answer.status != 200:
            raise errors.refusal(errors.called(key), answer, channel.token)
        if force_fetch:
            self._memory = Memory()  # an older one must not be seen after this
        return answer.length

    def _path(self, key: Key, question: bytes, max_age: float | None, force_fetch: bool) -> str:
        """Where the sidecar keeps it as a file."""
        question, fields = _asking(question, max_age, force_fetch)
        channel = self._channel or self._open()
        answer = channel.ask(b"HEAD" + question[3:], fields)
        if answer.status != 200:  # HEAD has no body that says why
            answer = channel.ask(question, fields + b"Range: bytes=0-0\r\n")
        if answer.status not in (200, 206):
            raise errors.refusal(errors.called(key), answer, channel.token)
        if not answer.file:
            raise errors.NotFound(
                f"{errors.called(key)}: it is not kept as a file: list it with ?file=true (NoFile)",
                status=404,
                code="NoFile",
            )
        return answer.file


def _asking(question: bytes, max_age: float | None, force_fetch: bool) -> tuple[bytes, bytes]:
    """The question and the header lines that go with it, for how fresh the answer is to be."""
    if max_age is not None and not max_age >= 0:
        raise ValueError("max_age must be 0 or more")
    if force_fetch:
        return question + (b"&refresh=true" if b"?" in question else b"?refresh=true"), b""
    return question, b"Cache-Control: max-age=%d\r\n" % min(max_age, _LONGEST) if max_age else b""


def _text(body: bytes) -> str | None:
    """None where it is no text: the codec's own error would hold it."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        pass
    try:
        return body.decode("utf-8", "surrogatepass")  # JSON may hold half a surrogate pair, and so may a secret
    except UnicodeDecodeError:
        return None
