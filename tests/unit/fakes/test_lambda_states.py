"""The state matrix of the Extensions API, cell by cell, as AWS's emulator enforces it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.fakes.lambda_api import FakeLambdaApi
from tests.unit.fakes.extension_client import Answer, ExtensionClient


def started(extension: ExtensionClient) -> None:
    """Nothing has been called; the identifier is the one the platform has in mind."""
    extension.identifier = extension.api.extension().identifier


def registered(extension: ExtensionClient) -> None:
    extension.register("INVOKE", "SHUTDOWN")


def ready(extension: ExtensionClient) -> None:
    registered(extension)
    extension.next_in_thread()
    extension.api.wait_next()


def running(extension: ExtensionClient) -> None:
    ready(extension)
    extension.api.invoke()
    extension.join()


def shutting_down(extension: ExtensionClient) -> None:
    ready(extension)
    extension.api.shutdown()
    extension.join()


def init_error(extension: ExtensionClient) -> None:
    registered(extension)
    extension.report("init")


def exit_error(extension: ExtensionClient) -> None:
    registered(extension)
    extension.report("exit")


CALLS: dict[str, Callable[[ExtensionClient], Answer]] = {
    "register": lambda extension: extension.register("INVOKE", "SHUTDOWN"),
    "next": lambda extension: extension.next(),
    "init/error": lambda extension: extension.report("init"),
    "exit/error": lambda extension: extension.report("exit"),
}
WANTED = {"register": "Registered", "next": "Ready", "init/error": "InitError", "exit/error": "Exited"}
ENTER = {
    "Registered": registered,
    "Ready": ready,
    "Running": running,
    "InitError": init_error,
    "ExitError": exit_error,
}
REFUSED = [
    ("Registered", "register"),
    ("Ready", "register"),
    ("Ready", "next"),
    ("Ready", "init/error"),
    ("Running", "register"),
    ("Running", "init/error"),
    ("InitError", "register"),
    ("InitError", "next"),
    ("InitError", "exit/error"),
    ("ExitError", "register"),
    ("ExitError", "next"),
    ("ExitError", "init/error"),
]


@pytest.mark.parametrize(("state", "call"), REFUSED)
def test_a_call_that_the_state_forbids_is_403_and_changes_nothing(extension, api, state, call) -> None:
    ENTER[state](extension)
    assert api.state() == state
    answer = CALLS[call](extension)
    who = "preheat" if call == "register" else extension.identifier
    text = f"State transition from {state} to {WANTED[call]} failed for extension {who}. "
    expected = (403, "Extension.InvalidExtensionState", text + "Error: State transition is not allowed")
    assert answer.error == expected
    assert api.state() == state


@pytest.mark.parametrize("call", ["next", "init/error", "exit/error"])
def test_before_register_there_is_no_identifier_that_is_known(extension, api, call) -> None:
    started(extension)
    assert CALLS[call](extension).error[:2] == (403, "Extension.UnknownExtensionIdentifier")
    assert api.state() == "Started"


@pytest.mark.parametrize(
    ("state", "call", "status", "follows"),
    [
        ("Registered", "init/error", 202, "InitError"),
        ("Registered", "exit/error", 202, "ExitError"),
        ("Ready", "exit/error", 202, "ExitError"),
        ("Running", "exit/error", 202, "ExitError"),
        ("InitError", "init/error", 202, "InitError"),
        ("ExitError", "exit/error", 202, "ExitError"),
    ],
)
def test_an_error_that_the_state_allows_is_accepted(extension, api, state, call, status, follows) -> None:
    ENTER[state](extension)
    answer = CALLS[call](extension)
    assert (answer.status, answer.json) == (status, {"status": "OK"})
    assert api.state() == follows


def test_next_waits_in_ready_and_runs_with_its_event(extension, api) -> None:
    registered(extension)
    answers = extension.next_in_thread()
    api.wait_next()
    assert (api.state(), answers) == ("Ready", [])
    api.invoke()
    extension.join()
    assert (api.state(), answers[0].status) == ("Running", 200)
    extension.next_in_thread()
    api.wait_next()
    assert api.state() == "Ready"


def test_a_next_that_is_blocked_while_exit_error_comes_in_is_refused_at_the_next_event(extension, api) -> None:
    registered(extension)
    answers = extension.next_in_thread()
    api.wait_next()
    extension.report("exit")
    api.shutdown()
    extension.join()
    text = f"State transition from ExitError to Ready failed for extension {extension.identifier}. "
    expected = (403, "Extension.InvalidExtensionState", text + "Error: Concurrent state modification")
    assert answers[0].error == expected


@pytest.mark.parametrize("enter", [started, registered, ready, running])
@pytest.mark.parametrize("code", [0, 1])
def test_a_process_that_ends_unasked_is_a_crash_whatever_its_exit_code(extension, api, enter, code) -> None:
    enter(extension)
    api.process_exited(code)
    assert api.fatal_error == "Extension.Crash"


@pytest.mark.parametrize(("code", "state"), [(0, "Exited"), (3, "ShutdownFailed")])
def test_a_process_that_ends_after_shutdown_is_no_crash(extension, api, code, state) -> None:
    shutting_down(extension)
    assert api.process_exited(code) == state
    assert api.fatal_error is None


@pytest.mark.parametrize(("enter", "fatal"), [(init_error, "Extension.InitError"), (exit_error, "Extension.ExitError")])
def test_the_first_fatal_error_stays(extension, api, enter, fatal) -> None:
    enter(extension)
    api.process_exited(1)
    assert api.fatal_error == fatal


def test_a_refused_registration_may_be_tried_again(extension) -> None:
    with FakeLambdaApi(managed_instances=True) as api:
        client = ExtensionClient(api)
        assert client.register("INVOKE", "SHUTDOWN").status == 403
        assert api.state() == "Started"
        assert client.register("SHUTDOWN").status == 200
        assert api.state() == "Registered"
