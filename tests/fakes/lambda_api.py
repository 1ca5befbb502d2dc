"""A stand-in for Lambda's Extensions API 2020-01-01: real HTTP, the platform's states, a hand on every event."""

from __future__ import annotations

import time
import uuid
from types import TracebackType
from typing import Any

from tests.fakes.extension_states import CONCURRENT, EXITED, RUNNING, SHUTDOWN_FAILED, STARTED, Extension
from tests.fakes.http_message import Reply
from tests.fakes.lambda_platform import Platform
from tests.fakes.lambda_records import Call, Invocation, ReportedError
from tests.fakes.processes import freeze, thaw
from tests.fakes.waiting import Timeout, wait_for

__all__ = ("Call", "FakeLambdaApi", "Invocation", "ReportedError", "Timeout", "freeze", "thaw")


class FakeLambdaApi(Platform):
    """Use as a context manager; `address` is what AWS_LAMBDA_RUNTIME_API holds. Every wait is bounded, raises Timeout.

    `extensions` are the file names in /opt/extensions: any other name registers as an internal extension, as on Lambda.
    `account_id=None`: the accountId feature is not known, as under the emulator. Answers can be made awkward at any
    time with `framing` ("length", "chunked"), `header_case` ("as-is", "lower", "upper"), `piece` (bytes a send) and
    `pause` (seconds between two pieces).
    """

    def __init__(
        self,
        *,
        extensions: tuple[str, ...] = ("preheat",),
        account_id: str | None = "123456789012",
        managed_instances: bool = False,
        function_name: str = "test_function",
        function_version: str = "$LATEST",
        handler: str = "app.handler",
        region: str = "us-east-1",
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(
            extensions=extensions,
            account_id=account_id,
            managed_instances=managed_instances,
            function_name=function_name,
            function_version=function_version,
            handler=handler,
            host=host,
            port=port,
        )
        self.region = region

    # -- where it is --

    @property
    def address(self) -> str:
        host = f"[{self._server.host}]" if ":" in self._server.host else self._server.host
        return f"{host}:{self._server.port}"

    @property
    def environ(self) -> dict[str, str]:
        """The variables that Lambda sets for an extension, as far as this stand-in decides them."""
        return {
            "AWS_LAMBDA_RUNTIME_API": self.address,
            "AWS_LAMBDA_FUNCTION_NAME": self.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": self.function_version,
            "AWS_LAMBDA_INITIALIZATION_TYPE": "lambda-managed-instances" if self.managed_instances else "on-demand",
            "AWS_REGION": self.region,
        }

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:{self.region}:{self.account_id or '012345678912'}:function:{self.function_name}"

    @property
    def connections_opened(self) -> int:
        return self._server.connections_opened

    def __enter__(self) -> FakeLambdaApi:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop; raises what went wrong inside the stand-in itself, if anything did."""
        self._server.close()
        if self._server.faults:
            raise self._server.faults[0]

    # -- waiting --

    def extension(self, name: str | None = None) -> Extension:
        """The platform's view of an extension (by default the first one)."""
        return self._extensions[name or self._names[0]]

    def state(self, name: str | None = None) -> str:
        with self._changed:
            return self.extension(name).state

    def wait_registered(self, name: str | None = None, timeout: float = 10.0) -> Extension:
        return self._wait(lambda: self.extension(name).state != STARTED and self.extension(name), timeout, "register")

    def wait_next(self, name: str | None = None, timeout: float = 10.0) -> Extension:
        """Until the extension is blocked in `next`: INIT is over, or the invocation is."""
        return self._wait(lambda: self.extension(name).is_blocked_in_next and self.extension(name), timeout, "next")

    def wait_left(self, name: str | None = None, timeout: float = 10.0) -> Extension:
        """Until an extension that was blocked in `next` has hung up without an answer (it died, or gave up waiting)."""
        return self._wait(lambda: self.extension(name).has_left and self.extension(name), timeout, "hang-up")

    def wait_init_error(self, timeout: float = 10.0) -> ReportedError:
        return self._wait(lambda: self.init_errors and self.init_errors[0], timeout, "init/error")

    def wait_exit_error(self, timeout: float = 10.0) -> ReportedError:
        return self._wait(lambda: self.exit_errors and self.exit_errors[0], timeout, "exit/error")

    def wait_calls(self, kind: str, count: int, timeout: float = 10.0) -> list[Call]:
        """Until that many calls of a kind ("register", "next", "init/error", "exit/error") have come in."""

        def enough() -> list[Call] | None:
            found = [call for call in self.calls if call.kind == kind]
            return found if len(found) >= count else None

        return self._wait(enough, timeout, f"{count} calls of {kind}")

    def _wait(self, predicate: Any, timeout: float, what: str) -> Any:
        with self._changed:
            return wait_for(self._changed, predicate, timeout, what)

    # -- events --

    def invoke(
        self,
        *,
        deadline_ms: int | None = None,
        timeout_ms: int = 3000,
        request_id: str | None = None,
        tracing: bool = True,
        wait: float = 10.0,
    ) -> Invocation:
        """Deliver INVOKE to every subscriber (waiting for each to be ready) and return at once.

        `deadline_ms` is the epoch time that goes on the wire; without it, now + `timeout_ms`. Where nobody subscribed
        nothing is sent.
        """
        event: dict[str, Any] = {
            "eventType": "INVOKE",
            "deadlineMs": deadline_ms if deadline_ms is not None else int(time.time() * 1000) + timeout_ms,
            "requestId": request_id or str(uuid.uuid4()),
            "invokedFunctionArn": self.invoked_function_arn,
        }
        if tracing:
            value = f"Root=1-{int(time.time()):x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=1"
            event["tracing"] = {"type": "X-Amzn-Trace-Id", "value": value}
        with self._changed:
            subscribers = [e for e in self._extensions.values() if "INVOKE" in e.events]
            for extension in subscribers:
                wait_for(
                    self._changed,
                    lambda waiting=extension: waiting.is_blocked_in_next,
                    wait,
                    f"next of {extension.name}",
                )
            self._registration_open = False
            invocation = Invocation(event, time.monotonic(), {e.name: e.next_calls for e in subscribers})
            for extension in subscribers:
                self._deliver(extension, event)
        return invocation

    def invoke_and_wait(self, *, timeout: float = 10.0, **options: Any) -> Invocation:
        """Deliver INVOKE and wait until every subscriber asks for the next event; `elapsed` is how long that took."""
        return self.wait_invocation(self.invoke(**options), timeout=timeout)

    def wait_invocation(self, invocation: Invocation, *, timeout: float = 10.0) -> Invocation:
        """Until every subscriber that got this INVOKE has asked for the next event."""
        for name, calls_before in invocation.subscribers.items():
            extension = self._wait(
                lambda who=name, before=calls_before: self.extension(who).next_calls > before and self.extension(who),
                timeout,
                f"next of {name} after INVOKE",
            )
            invocation.next_at[name] = extension.ready_at
        return invocation

    def shutdown(
        self,
        reason: str = "spindown",
        *,
        content_type: str = "text/plain; charset=utf-8",
        deadline_ms: int | None = None,
        timeout_ms: int = 2000,
    ) -> None:
        """Send SHUTDOWN to every subscriber: at once where it is blocked in `next`, else when it next asks."""
        event = {
            "eventType": "SHUTDOWN",
            "deadlineMs": deadline_ms if deadline_ms is not None else int(time.time() * 1000) + timeout_ms,
            "shutdownReason": reason,
            "contentType": content_type,
        }
        with self._changed:
            for extension in self._extensions.values():
                if "SHUTDOWN" in extension.events:
                    if extension.is_blocked_in_next:
                        self._deliver(extension, event)
                    elif extension.pending is not None:
                        extension.pending.answer(extension.refusal("next", reason=CONCURRENT))
                    else:
                        extension.waiting_event = event

    def process_exited(self, code: int = 0, name: str | None = None) -> str:
        """The platform notices that a process ended; anything unplanned is Extension.Crash. Returns the state."""
        with self._changed:
            extension = self.extension(name)
            if extension.was_told_to_shut_down and extension.state == RUNNING:
                extension.state = EXITED if code == 0 else SHUTDOWN_FAILED
            else:
                self._fail("Extension.Crash")
            self._changed.notify_all()
            return extension.state

    def reset(self) -> None:
        """Begin a new environment on the same address, as after a crash: nobody is registered, records stay."""
        with self._changed:
            for extension in self._extensions.values():
                if extension.pending is not None:
                    extension.pending.gate.open()
            self._extensions = {name: Extension(name) for name in self._names}
            self._registration_open = True
            self.fatal_error = None
            self._changed.notify_all()
        self._server.drop_connections()

    def fail_next(self, status: int = 500, body: bytes = b"", times: int = 1) -> None:
        """Answer `next` with an error `times` times, beginning with one that is blocked now."""
        with self._changed:
            self._failures += [Reply(status, [("Content-Type", "text/plain")], body) for _ in range(times)]
            for extension in self._extensions.values():
                if self._failures and extension.is_blocked_in_next:
                    self._answer(extension, self._failures.pop(0))

    def drop(self, *, reset: bool = False) -> None:
        """The API goes away: the port refuses, and every connection is cut (with a TCP reset on demand)."""
        self._server.stop_listening()
        self._server.drop_connections(reset=reset)
