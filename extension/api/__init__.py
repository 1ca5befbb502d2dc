"""The localhost HTTP API (contract §3): guards first, then the route, then the method."""

from __future__ import annotations

from extension import jsontext
from extension.api import native, questions
from extension.api import parameters_and_secrets as drop_in
from extension.api.batch import answer_batch, answer_due, answer_refresh
from extension.api.guards import Tokens, forwarded
from extension.api.problems import JSON, TEXT, problem
from extension.api.target import split
from extension.http1.connection import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from extension.clock import Clock
    from extension.health import Health
    from extension.http1.connection import Reply
    from extension.http1.request import Request
    from extension.logs import Log
    from extension.restore import Restore
    from extension.store import Store

_READ = (b"GET", b"HEAD")
_WRITE = (b"POST",)
_AGENT = "/v1/"  # what the paths of AWS's Secrets Manager Agent begin with
_PATHS = ("/secrets", "/parameters", "/s3", "/tables", "/batch", "/refresh", "/restore", "/health", "/stats", "/ping")
_TABLES = "/tables/"
_POST = ("/batch", "/refresh", "/restore")
_REPORTS = ("/health", "/stats")
# As the agent answers: no Content-Type, no Allow.
_HEALTHY = Response(200, [], b"healthy")
_NOT_ALLOWED = Response(405, [], b"Not allowed")
_DROP_IN = {
    drop_in.SECRET_PATH: (drop_in.ask_secret, drop_in.answer_secret),
    drop_in.PARAMETER_PATH: (drop_in.ask_parameter, drop_in.answer_parameter),
}
_NATIVE = {
    "secrets": (questions.secret, native.answer_secret),
    "parameters": (questions.parameter, native.answer_parameter),
    "s3": (questions.s3_object, native.answer_object),
}


class Api:
    """Answers requests; the application behind the server's loop."""

    def __init__(
        self,
        store: Store,
        tokens: Tokens,
        health: Health,
        restore: Restore,
        clock: Clock,
        log: Log,
        *,
        agent: bool = False,
    ) -> None:
        """``agent``: what is not Preheat's own speaks as AWS's Secrets Manager Agent."""
        self._store = store
        self._tokens = tokens
        self._health = health
        self._restore = restore
        self._clock = clock
        self._log = log
        self._agent = agent
        self._started = clock.now()
        self._table: Callable[[Store, Request, str, str, Reply], None] | None = None  # answers for what there may be
        if store.resolver.tables:
            from extension.api.tables import answer_table

            self._table = answer_table

    def refuse(self, status: int, reason: str) -> Response:
        """What never became a request; or the connection limit, in the agent's words."""
        if status == 429:
            return Response(429, [], reason.encode("ascii"), close=True)
        response = problem(status, reason)
        response.close = True
        return response

    def answer(self, request: Request, reply: Reply, *, renewed: bool = False) -> None:
        """Answer one request, now or later. ``renewed``: the tokens were read anew for it."""
        try:
            self._answer(request, reply, renewed)
        except ValueError as error:
            reply(problem(400, str(error)))
        except Exception as error:  # noqa: BLE001 (a fault of ours costs one answer, never the process)
            self._log.fault("api.fault", error=type(error).__name__)
            reply(problem(500, f"an internal fault: {type(error).__name__}", code="InternalFault"))

    def _answer(self, request: Request, reply: Reply, renewed: bool) -> None:
        if request.understood is not None and self._tokens.accept(request):
            # Functions ask the same few things again and again, in the same bytes; what they mean is a third of a hit.
            if self._restore.pending:
                self._restore.requested()
            request.understood(request, reply)
            return
        path, query = split(request.target)
        if path == "/ping":
            if request.method == b"GET":
                reply(_HEALTHY)
            else:
                reply(_NOT_ALLOWED)
            return
        if self._restore.pending:
            self._restore.requested()
        # One slash at the end of a drop-in path is AWS's own: its examples have it and have it not.
        plain = path.removesuffix("/")
        room = self._room(path, plain)
        if forwarded(request):
            reply(room.FORWARDED)
        elif not self._tokens.accept(request):
            if not renewed and self._tokens.renew(
                lambda: reply.resume(lambda: self.answer(request, reply, renewed=True))
            ):
                return
            reply(room.UNAUTHORIZED)
        elif room is drop_in:
            self._as_extension(request, plain, query, reply)
        elif room is native:
            self._native(request, path, query, reply)
        else:
            self._as_agent(room, request, path, query, reply)

    def _room(self, path: str, plain: str) -> Any:
        """The module that speaks for a path: Preheat's own, AWS's extension, or the agent, loaded when it is needed."""
        if plain in _DROP_IN:
            if not self._agent or plain != drop_in.SECRET_PATH:
                return drop_in
        elif not path.startswith(_AGENT) and (not self._agent or _is_own(path)):
            return native
        from extension.api import secrets_agent

        return secrets_agent

    def _as_agent(self, agent: Any, request: Request, path: str, query: str, reply: Reply) -> None:
        if request.method != b"GET":
            reply(agent.NOT_ALLOWED)
            return
        try:
            question = agent.ask(self._store.resolver, path, query)
        except (ValueError, agent.Malformed) as error:
            reply(agent.malformed(error))
            return
        if question is None:
            reply(agent.NOT_FOUND)
            return
        request.understood = lambda _, reply: agent.answer(self._store, question, reply)
        request.understood(request, reply)

    def _as_extension(self, request: Request, path: str, query: str, reply: Reply) -> None:
        if request.method != b"GET":
            reply(Response(405, [TEXT, (b"Allow", b"GET")], b"Not allowed"))
            return
        ask, answer = _DROP_IN[path]
        try:
            question = ask(self._store.resolver, query)
        except ValueError as error:  # whose text repeats nothing of what was asked
            self._log.warn("request.malformed", path=path, code="ValidationException", reason=str(error))
            reply(drop_in.failed("ValidationException"))
            return
        request.understood = lambda _, reply: answer(self._store, question, reply)
        request.understood(request, reply)

    def _native(self, request: Request, path: str, query: str, reply: Reply) -> None:
        kind = path[1:].partition("/")[0]
        post = path in _POST
        if path.startswith(_TABLES):
            if self._table is not None:
                self._table(self._store, request, path, query, reply)
            else:
                reply(problem(404, "no list has a table of this name", code="TableNotFound"))
            return
        if not _is_own(path):
            reply(problem(404, "there is no such path; there are " + ", ".join(_PATHS)))
            return
        allow = (b"Allow", b"POST, OPTIONS" if post else b"GET, HEAD, OPTIONS")
        if request.method == b"OPTIONS":
            reply(Response(204, [allow]))
        elif request.method not in (_WRITE if post else _READ):
            reply(problem(405, "this path has other methods; see Allow", headers=(allow,)))
        elif path == "/restore":
            self._restore.invoked()
            answer_due(self._store, reply)
        elif post:
            (answer_batch if path == "/batch" else answer_refresh)(self._store, request.body, reply)
        elif kind in _NATIVE:
            ask, answer = _NATIVE[kind]
            question = ask(self._store.resolver, path, query)
            request.understood = lambda request, reply: answer(self._store, request, question, reply)
            request.understood(request, reply)
        else:
            reply(self._health_report() if path == "/health" else self._statistics())

    def _health_report(self) -> Response:
        health = self._health
        document = {
            "status": health.state,
            "reasons": list(health.faults),
            "failed": [row for row in self._store.snapshot() if "last_error" in row],
        }
        status = 200 if health.state == "ready" else 503
        return Response(status, [JSON, (b"Cache-Control", b"no-store")], jsontext.dumps(document))

    def _statistics(self) -> Response:
        now = self._clock.now()
        document = {
            "age": round(now.wall - self._started.wall, 3),
            "invocations": self._health.invocations,
            "bytes": self._store.used,
            "entries": self._store.snapshot(),
        }
        return Response(200, [JSON, (b"Cache-Control", b"no-store")], jsontext.dumps(document))


def _is_own(path: str) -> bool:
    """Whether there is such a path among Preheat's own."""
    kind = path[1:].partition("/")[0]
    return kind in _NATIVE or path in _POST or path in _REPORTS or path.startswith(_TABLES)
