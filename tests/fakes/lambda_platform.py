"""The HTTP side of the Extensions API: routes, checks in the platform's order, `next` that blocks until an event."""

from __future__ import annotations

import json
import threading
import time
import uuid
from email.utils import formatdate
from typing import Any

from tests.fakes.extension_states import (
    RUNNING,
    Extension,
    PendingNext,
    accepted,
    forbidden,
    is_identifier,
    json_reply,
    subscriptions,
)
from tests.fakes.http_connection import Connection
from tests.fakes.http_message import Reply, Request
from tests.fakes.http_server import HttpServer
from tests.fakes.lambda_records import Call, ReportedError

PREFIX = "/2020-01-01/extension/"
MAX_EXTENSIONS = 10

ROUTES = {"register": "POST", "event/next": "GET", "init/error": "POST", "exit/error": "POST"}


class Platform:
    """Everything that an extension can see of Lambda; what a test can do with it is in FakeLambdaApi."""

    def __init__(
        self,
        *,
        extensions: tuple[str, ...],
        account_id: str | None,
        managed_instances: bool,
        function_name: str,
        function_version: str,
        handler: str,
        host: str,
        port: int,
    ) -> None:
        self.account_id = account_id
        self.managed_instances = managed_instances
        self.function_name = function_name
        self.function_version = function_version
        self.handler = handler
        # How answers go over the wire: see Reply.
        self.framing = "length"
        self.header_case = "as-is"
        self.piece = 0
        self.pause = 0.0
        self.calls: list[Call] = []
        self.init_errors: list[ReportedError] = []
        self.exit_errors: list[ReportedError] = []
        self.malformed: list[str] = []
        self.fatal_error: str | None = None
        self._names = extensions
        self._changed = threading.Condition()  # guards everything below and every Extension
        self._extensions = {name: Extension(name) for name in extensions}
        self._failures: list[Reply] = []
        self._registration_open = True
        self._server = HttpServer(
            self._handle, host=host, port=port, on_malformed=self.malformed.append, name="lambda-api"
        )

    def _handle(self, connection: Connection, request: Request) -> Reply | None:
        route = request.path.removeprefix(PREFIX) if request.path.startswith(PREFIX) else ""
        call = Call(route.removeprefix("event/") or request.path, request, connection)
        with self._changed:
            self.calls.append(call)
            self._changed.notify_all()
        if route not in ROUTES:
            known = {"/2018-06-01/ping": Reply(200, [("Content-Type", "text/plain")], b"pong")}
            reply: Reply | None = known.get(request.path) or Reply(
                404, [("Content-Type", "text/plain")], b"404 page not found\n"
            )
        elif request.method != ROUTES[route]:
            reply = Reply(405, [("Allow", ROUTES[route])])
        elif route == "register":
            reply = self._register(request)
        else:
            reply = self._identified(call.kind, connection, request)
        if reply is not None:
            reply.headers.append(("Date", formatdate(usegmt=True)))
            reply.framing, reply.header_case = self.framing, self.header_case
            reply.piece, reply.pause = self.piece, self.pause
            with self._changed:
                call.status = reply.status
                self._changed.notify_all()
        return reply

    # -- register --

    def _register(self, request: Request) -> Reply:
        name = request.header("lambda-extension-name")
        if not name:
            return forbidden("Extension.InvalidExtensionName", "Empty extension name")
        try:
            events = subscriptions(request.body)
        except ValueError as error:
            return forbidden("InvalidRequestFormat", str(error))
        with self._changed:
            extension = self._extensions.get(name)
            internal = extension is None or extension.internal
            for event in events:
                if problem := self._event_problem(event, internal):
                    return forbidden("Extension.InvalidEventType", f"{event}: {problem}")
            if extension is None:
                if not self._registration_open:
                    return forbidden("Extension.RegistrationClosed", "Extension registration closed already")
                if len(self._extensions) >= MAX_EXTENSIONS:
                    return forbidden("Extension.TooManyExtensions", f"Extension limit ({MAX_EXTENSIONS}) reached")
                extension = self._extensions[name] = Extension(name, internal=True)
            elif internal:
                return forbidden("Extension.InvalidExtensionState", "Extension with this name already registered")
            if not extension.may("register"):
                return extension.refusal("register")
            extension.advance("register")
            extension.events = events
            extension.registered_at = time.monotonic()
            self._changed.notify_all()
        document = {
            "functionName": self.function_name,
            "functionVersion": self.function_version,
            "handler": self.handler,
        }
        features = [part.strip() for part in request.header("lambda-extension-accept-feature").split(",")]
        if "accountId" in features and self.account_id:
            document["accountId"] = self.account_id
        return json_reply(200, document, [("Lambda-Extension-Identifier", extension.identifier)])

    def _event_problem(self, event: str, internal: bool) -> str | None:
        if event == "INVOKE":
            return "ErrorInvalidEventType" if self.managed_instances else None
        if event == "SHUTDOWN":
            return "ShutdownEventNotSupportedForInternalExtension" if internal else None
        return "ErrorInvalidEventType"

    # -- next, init/error, exit/error --

    def _identified(self, kind: str, connection: Connection, request: Request) -> Reply | None:
        identifier = request.header("lambda-extension-identifier")
        if not identifier:
            return forbidden("Extension.MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header")
        if not is_identifier(identifier):
            return forbidden("Extension.InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier")
        if kind != "next":
            return self._report(kind, identifier, request)
        with self._changed:
            extension = self._find(identifier)
            if extension is None:
                unknown = str(uuid.UUID(identifier))
                return forbidden("Extension.UnknownExtensionIdentifier", f"Unknown extension {unknown}")
            if not extension.may("next"):
                return extension.refusal("next")
            pending = self._begin_next(extension)
        try:
            connection.wait(pending.gate)
            return (
                pending.reply
            )  # None: the client left, or a new environment began; either way nobody is to be answered
        finally:
            with self._changed:
                if extension.pending is pending:
                    extension.pending = None
                self._changed.notify_all()
            pending.gate.discard()

    def _begin_next(self, extension: Extension) -> PendingNext:
        extension.advance("next")
        extension.next_calls += 1
        extension.ready_at = time.monotonic()
        pending = extension.pending = PendingNext()
        if self._failures:
            self._answer(extension, self._failures.pop(0))
        elif extension.waiting_event is not None:
            event, extension.waiting_event = extension.waiting_event, None
            self._deliver(extension, event)
        self._changed.notify_all()
        return pending

    def _report(self, kind: str, identifier: str, request: Request) -> Reply:
        error_type = request.header("lambda-extension-function-error-type")
        if not error_type:
            return forbidden("Extension.MissingHeader", "Lambda-Extension-Function-Error-Type not found")
        with self._changed:
            extension = self._find(identifier)
            if extension is None:
                return forbidden("Extension.UnknownExtensionIdentifier", "Unknown Lambda-Extension-Identifier")
            if not extension.may(kind):
                return extension.refusal(kind)
            extension.advance(kind)
            errors = self.init_errors if kind == "init/error" else self.exit_errors
            errors.append(ReportedError(extension.name, error_type, request.body))
            self._fail("Extension.InitError" if kind == "init/error" else "Extension.ExitError")
            self._changed.notify_all()
        return accepted()

    def _find(self, identifier: str) -> Extension | None:
        canonical = str(uuid.UUID(identifier))
        return next((e for e in self._extensions.values() if e.identifier == canonical and e.registered_at), None)

    # -- with the condition held --

    def _fail(self, error: str) -> None:
        """Only the first fatal error counts."""
        if self.fatal_error is None:
            self.fatal_error = error

    def _deliver(self, extension: Extension, event: dict[str, Any]) -> None:
        headers = []
        if event["eventType"] == "INVOKE":
            headers.append(("Lambda-Extension-Event-Identifier", str(uuid.uuid4())))
        else:
            extension.was_told_to_shut_down = True
        content_type = event.get("contentType", "application/json")
        document = {name: value for name, value in event.items() if name != "contentType"}
        body = json.dumps(document, separators=(",", ":")).encode()
        extension.delivered_at = time.monotonic()
        self._answer(extension, Reply(200, [*headers, ("Content-Type", content_type)], body))

    def _answer(self, extension: Extension, reply: Reply) -> None:
        """Answer the `next` of an extension that is ready."""
        assert extension.pending is not None
        extension.state = RUNNING
        pending, extension.pending = extension.pending, None
        pending.answer(reply)
        self._changed.notify_all()
