"""Ask the store and answer the request, at once or later."""

from __future__ import annotations

from extension.api.problems import problem
from extension.reading import Pending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from extension.errors import SourceError
    from extension.http1.connection import Reply, Response
    from extension.reading import Reading
    from extension.references import Resource
    from extension.store import Store

    Render = Callable[[Reading | SourceError], Response | None]


def answer_with(store: Store, resource: Resource, reply: Reply, render: Render, *, force: bool = False) -> None:
    """Read ``resource`` and reply with what ``render`` makes of it; None: it has asked for something else."""

    def done(result: Reading | SourceError) -> None:
        try:
            response: Response | None = render(result)
        except Exception as error:  # noqa: BLE001 (a fault of ours costs one answer, never the process)
            response = problem(500, f"an internal fault: {type(error).__name__}", code="InternalFault")
        if response is not None:
            reply(response)

    result = store.read(resource, done, force=force)
    if isinstance(result, Pending):
        reply.abandon = result.abandon
    else:
        done(result)
