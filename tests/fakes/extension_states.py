"""What the platform allows an extension to do when: the state machine behind the Extensions API.

Observed with AWS's Runtime Interface Emulator (internal/lambda/core/externalagent_states.go and its handlers); the
texts are those it puts on the wire.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.fakes.http_message import Reply
from tests.fakes.waiting import Gate

STARTED, REGISTERED, READY, RUNNING = "Started", "Registered", "Ready", "Running"
INIT_ERROR, EXIT_ERROR = "InitError", "ExitError"
EXITED, SHUTDOWN_FAILED = "Exited", "ShutdownFailed"

NOT_ALLOWED = "State transition is not allowed"
CONCURRENT = "Concurrent state modification"

# (state, call) -> the state that follows. What is not here is refused with 403 Extension.InvalidExtensionState.
TRANSITIONS = {
    (STARTED, "register"): REGISTERED,
    (REGISTERED, "next"): READY,
    (REGISTERED, "init/error"): INIT_ERROR,
    (REGISTERED, "exit/error"): EXIT_ERROR,
    (READY, "exit/error"): EXIT_ERROR,
    (RUNNING, "next"): READY,
    (RUNNING, "exit/error"): EXIT_ERROR,
    (INIT_ERROR, "init/error"): INIT_ERROR,
    (EXIT_ERROR, "exit/error"): EXIT_ERROR,
}

# The state a refusal names as the one that was wanted; the emulator says "Exited" for exit/error.
WANTED = {"register": REGISTERED, "next": READY, "init/error": INIT_ERROR, "exit/error": EXITED}


class Extension:
    """One extension as the platform sees it. All attributes are guarded by the API's condition."""

    def __init__(self, name: str, *, internal: bool = False) -> None:
        self.name = name
        self.internal = internal
        self.identifier = str(uuid.uuid4())
        self.state = STARTED
        self.events: list[str] = []
        self.pending: PendingNext | None = None
        self.waiting_event: dict[str, Any] | None = None
        self.next_calls = 0
        self.registered_at: float | None = None
        self.ready_at: float | None = None
        self.delivered_at: float | None = None
        self.was_told_to_shut_down = False

    def may(self, call: str) -> bool:
        return (self.state, call) in TRANSITIONS

    def advance(self, call: str) -> None:
        self.state = TRANSITIONS[self.state, call]

    def refusal(self, call: str, *, reason: str = NOT_ALLOWED) -> Reply:
        """The 403 for a call that this state forbids; `register` speaks of the name, all else of the identifier."""
        who = self.name if call == "register" else self.identifier
        text = f"State transition from {self.state} to {WANTED[call]} failed for extension {who}. Error: {reason}"
        return forbidden("Extension.InvalidExtensionState", text)

    @property
    def is_blocked_in_next(self) -> bool:
        return self.state == READY and self.pending is not None

    @property
    def has_left(self) -> bool:
        """It asked for the next event and then hung up."""
        return self.state == READY and self.pending is None


class PendingNext:
    """A `next` that waits for its event; the gate opens when there is something to answer."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.reply: Reply | None = None

    def answer(self, reply: Reply) -> None:
        self.reply = reply
        self.gate.open()


def json_reply(status: int, document: dict[str, Any], headers: list[tuple[str, str]] | None = None) -> Reply:
    body = json.dumps(document, separators=(",", ":")).encode() + b"\n"
    return Reply(status, [("Content-Type", "application/json"), *(headers or [])], body)


def forbidden(error_type: str, message: str) -> Reply:
    return json_reply(403, {"errorMessage": message, "errorType": error_type})


def accepted() -> Reply:
    return json_reply(202, {"status": "OK"})


def is_identifier(text: str) -> bool:
    """True for what Go's uuid.Parse takes: 36 characters, with urn:uuid: or braces around, or 32 hex digits."""
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True


def subscriptions(body: bytes) -> list[str]:
    """The events of a register body; raises ValueError where the platform says InvalidRequestFormat."""
    document = json.loads(body)
    if not isinstance(document, dict):
        raise ValueError("json: cannot unmarshal the body into an object")
    if document.get("configurationKeys"):
        raise ValueError("configurationKeys are deprecated; use environment variables instead")
    events = document.get("events") or []
    if not isinstance(events, list) or not all(isinstance(event, str) for event in events):
        raise ValueError("json: cannot unmarshal events into a list of strings")
    return events
