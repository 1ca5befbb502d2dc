"""Ask the store and answer the request, at once or later."""

from __future__ import annotations

import _thread

from extension.api.problems import problem
from extension.reading import Pending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    from extension.errors import SourceError
    from extension.http1.connection import Reply, Response
    from extension.reading import Reading
    from extension.references import Resource
    from extension.store import Store

    Result = TypeVar("Result")
    Render = Callable[[Reading | SourceError], Response | None]
    Finish = Callable[[list[Reading | SourceError]], None]


def guarded(render: Callable[[Result], Response | None], result: Result, reply: Reply) -> None:
    """Reply with what ``render`` makes of it. A fault of ours is answered, too, and passed on to whoever logs it."""
    try:
        response = render(result)
    except Exception as error:
        reply(problem(500, f"an internal fault: {type(error).__name__}", code="InternalFault"))
        raise
    if response is not None:
        reply(response)


def answer_with(
    store: Store,
    resource: Resource,
    reply: Reply,
    render: Render,
    *,
    force: bool = False,
    max_age: float | None = None,
) -> None:
    """Read ``resource`` and reply with what ``render`` makes of it; None: it has asked for something else."""

    def done(result: Reading | SourceError) -> None:
        guarded(render, result, reply)

    result = store.read(resource, done, force=force, max_age=max_age)
    if isinstance(result, Pending):
        reply.abandon = result.abandon
    else:
        done(result)


def gather(
    store: Store, resources: Sequence[Resource], finish: Finish, *, force: bool = False, max_age: float | None = None
) -> Callable[[], None] | None:
    """Read several together, batched, and call ``finish`` with the outcomes in their order; what to call where the
    client goes away meanwhile, None where all were known at once."""
    gathering = _Gathering(len(resources), finish)
    asked = [(resource, gathering.taker(index)) for index, resource in enumerate(resources)]
    answers = store.read_many(asked, force=force, max_age=max_age)
    pending = []
    for (_, take), answer in zip(asked, answers, strict=True):
        if isinstance(answer, Pending):
            pending.append(answer)
        else:
            take(answer)
    if not resources:
        finish([])
    if not pending:
        return None

    def abandon() -> None:
        for waiting in pending:
            waiting.abandon()

    return abandon


class _Gathering:
    """Outcomes that come from several threads; the last one finishes."""

    __slots__ = ("_finish", "_left", "_lock", "_results")

    def __init__(self, count: int, finish: Finish) -> None:
        self._results: list[Any] = [None] * count
        self._left = count
        self._finish = finish
        self._lock = _thread.allocate_lock()

    def taker(self, index: int) -> Callable[[Reading | SourceError], None]:
        """What takes the outcome at that place."""

        def take(result: Reading | SourceError) -> None:
            with self._lock:
                self._results[index] = result
                self._left -= 1
                last = self._left == 0
            if last:
                self._finish(self._results)

        return take
