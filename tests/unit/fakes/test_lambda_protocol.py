"""What the stand-in for the Extensions API says on the wire."""

from __future__ import annotations

import json
import re
import time

import pytest

from tests.fakes.lambda_api import FakeLambdaApi
from tests.unit.fakes.extension_client import ExtensionClient, call

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_register_answers_with_the_function_and_an_identifier(extension, api) -> None:
    answer = extension.register("INVOKE", "SHUTDOWN")
    assert answer.status == 200
    assert UUID.fullmatch(answer.headers["lambda-extension-identifier"])
    assert answer.body == b'{"functionName":"test_function","functionVersion":"$LATEST","handler":"app.handler"}\n'
    assert api.wait_registered().events == ["INVOKE", "SHUTDOWN"]


@pytest.mark.parametrize("feature", ["accountId", "unknown, accountId", " accountId ,x"])
def test_the_account_comes_where_it_is_asked_for(extension, feature) -> None:
    answer = extension.register("INVOKE", Lambda_Extension_Accept_Feature=feature)
    assert answer.json["accountId"] == "123456789012"


@pytest.mark.parametrize("feature", ["", "accountid", "other"])
def test_the_account_does_not_come_otherwise(extension, feature) -> None:
    assert "accountId" not in extension.register("INVOKE", Lambda_Extension_Accept_Feature=feature).json


def test_an_api_without_account_ignores_the_feature() -> None:
    with FakeLambdaApi(account_id=None) as api:
        answer = ExtensionClient(api).register("INVOKE", Lambda_Extension_Accept_Feature="accountId")
        assert "accountId" not in answer.json


@pytest.mark.parametrize(
    ("body", "error_type"),
    [
        ("", "InvalidRequestFormat"),
        ("{", "InvalidRequestFormat"),
        ("[]", "InvalidRequestFormat"),
        ('{"events":"INVOKE"}', "InvalidRequestFormat"),
        ('{"events":[],"configurationKeys":["x"]}', "InvalidRequestFormat"),
        ('{"events":["INVOKED"]}', "Extension.InvalidEventType"),
    ],
)
def test_a_malformed_registration_is_403(extension, api, body, error_type) -> None:
    answer = extension.request("POST", "register", body, Lambda_Extension_Name="preheat")
    assert answer.error[:2] == (403, error_type)
    assert api.state() == "Started"


def test_events_may_be_left_out(extension, api) -> None:
    assert extension.request("POST", "register", "{}", Lambda_Extension_Name="preheat").status == 200
    assert api.wait_registered().events == []


def test_a_name_is_needed(extension) -> None:
    answer = extension.request("POST", "register", "{}")
    assert answer.error == (403, "Extension.InvalidExtensionName", "Empty extension name")


def test_another_name_registers_as_an_internal_extension_and_gets_no_shutdown(api) -> None:
    stranger = ExtensionClient(api, "PREHEAT")
    text = "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension"
    assert stranger.register("INVOKE", "SHUTDOWN").error == (403, "Extension.InvalidEventType", text)
    assert stranger.register("INVOKE").status == 200
    assert api.state() == "Started"
    again = stranger.register("INVOKE").error
    assert again == (403, "Extension.InvalidExtensionState", "Extension with this name already registered")


def test_more_than_ten_extensions_are_too_many(api) -> None:
    for number in range(9):
        assert ExtensionClient(api, f"internal-{number}").register().status == 200
    answer = ExtensionClient(api, "one-more").register()
    assert answer.error == (403, "Extension.TooManyExtensions", "Extension limit (10) reached")


def test_after_the_first_invoke_nobody_new_registers(extension, api) -> None:
    api.invoke()
    answer = ExtensionClient(api, "late").register()
    assert answer.error == (403, "Extension.RegistrationClosed", "Extension registration closed already")


def test_managed_instances_refuse_invoke() -> None:
    with FakeLambdaApi(managed_instances=True) as api:
        client = ExtensionClient(api)
        answer = client.register("INVOKE", "SHUTDOWN")
        assert answer.error == (403, "Extension.InvalidEventType", "INVOKE: ErrorInvalidEventType")
        assert client.register("SHUTDOWN").status == 200
        assert api.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] == "lambda-managed-instances"


@pytest.mark.parametrize("path", ["event/next", "init/error", "exit/error"])
@pytest.mark.parametrize(
    ("identifier", "error_type"),
    [
        (None, "Extension.MissingExtensionIdentifier"),
        ("not-a-uuid", "Extension.InvalidExtensionIdentifier"),
        ("01234567-89ab-cdef-0123-456789abcdef", "Extension.UnknownExtensionIdentifier"),
    ],
)
def test_the_identifier_is_checked(extension, path, identifier, error_type) -> None:
    headers = {"Lambda_Extension_Function_Error_Type": "X.Y"}
    if identifier:
        headers["Lambda_Extension_Identifier"] = identifier
    method = "GET" if path == "event/next" else "POST"
    assert extension.request(method, path, **headers).error[:2] == (403, error_type)


@pytest.mark.parametrize("kind", ["init", "exit"])
def test_an_error_needs_its_type(extension, kind) -> None:
    extension.register("INVOKE")
    answer = extension.report(kind, error_type="")
    text = "Lambda-Extension-Function-Error-Type not found"
    assert answer.error == (403, "Extension.MissingHeader", text)


def test_errors_are_recorded(extension, api) -> None:
    extension.register("INVOKE")
    document = {"errorMessage": "no", "errorType": "Preheat.InvalidSetting", "stackTrace": []}
    extension.report("init", "Preheat.InvalidSetting", json.dumps(document))
    error = api.wait_init_error()
    assert (error.extension, error.error_type, error.document) == ("preheat", "Preheat.InvalidSetting", document)
    assert api.fatal_error == "Extension.InitError"


def test_an_invoke_event_has_all_members_in_the_platforms_order(extension, api) -> None:
    extension.register("INVOKE")
    answers = extension.next_in_thread()
    api.invoke(request_id="id-1", deadline_ms=1795427250284)
    extension.join()
    event = answers[0].json
    assert list(event) == ["eventType", "deadlineMs", "requestId", "invokedFunctionArn", "tracing"]
    assert (event["eventType"], event["deadlineMs"], event["requestId"]) == ("INVOKE", 1795427250284, "id-1")
    assert event["invokedFunctionArn"] == "arn:aws:lambda:us-east-1:123456789012:function:test_function"
    assert event["tracing"]["type"] == "X-Amzn-Trace-Id"
    assert event["tracing"]["value"].startswith("Root=1-")
    assert answers[0].headers["content-type"] == "application/json"
    assert UUID.fullmatch(answers[0].headers["lambda-extension-event-identifier"])


def test_an_invoke_event_without_tracing_leaves_it_out(extension, api) -> None:
    extension.register("INVOKE")
    answers = extension.next_in_thread()
    before = time.time() * 1000
    api.invoke(tracing=False, timeout_ms=2000)
    extension.join()
    assert "tracing" not in answers[0].json
    assert before + 1999 <= answers[0].json["deadlineMs"] <= time.time() * 1000 + 2000


def test_a_shutdown_event_is_plain_text_without_identifier(extension, api) -> None:
    extension.register("SHUTDOWN")
    answers = extension.next_in_thread()
    api.wait_next()
    api.shutdown("SandboxTerminated", deadline_ms=5)
    extension.join()
    expected = b'{"eventType":"SHUTDOWN","deadlineMs":5,"shutdownReason":"SandboxTerminated"}'
    assert answers[0].body == expected
    assert answers[0].headers["content-type"] == "text/plain; charset=utf-8"
    assert "lambda-extension-event-identifier" not in answers[0].headers


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/2018-06-01/ping", 200, b"pong"),
        ("GET", "/2020-01-01/extension/nope", 404, b"404 page not found\n"),
        ("GET", "/2020-01-01/extension/register", 405, b""),
        ("POST", "/2020-01-01/extension/event/next", 405, b""),
    ],
)
def test_other_routes(api, method, path, status, body) -> None:
    answer = call(api.address, method, path)
    assert (answer.status, answer.body) == (status, body)
