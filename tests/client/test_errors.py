"""What goes wrong, as exceptions: which class, what the text says, and what it never holds."""

from __future__ import annotations

import json
import pickle

import pytest

import preheat
from preheat import Client, PreheatError
from tests.client.stand_in import TOKEN, Raw, ok, problem
from tests.fakes.http_message import Reply
from tests.integration.sidecar import free_port


def raised(client, ask=lambda client: client.get_secret("prod/db")) -> PreheatError:
    with pytest.raises(PreheatError) as caught:
        ask(client)
    return caught.value


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, preheat.BadRequest),
        (401, preheat.BadToken),
        (403, preheat.AccessDenied),
        (404, preheat.NotFound),
        (405, preheat.BadRequest),
        (413, preheat.BadRequest),
        (414, preheat.BadRequest),
        (416, preheat.BadRequest),
        (429, preheat.Throttled),
        (431, preheat.BadRequest),
        (500, preheat.Unavailable),
        (501, preheat.Unavailable),
        (502, preheat.Unavailable),
        (503, preheat.Unavailable),
        (504, preheat.Unavailable),
        (505, preheat.Unavailable),
    ],
)
def test_each_status_has_its_class(stand_in, status, expected):
    stand_in.script = [problem(status)]

    error = raised(stand_in.client())

    assert expected is type(error)
    assert status == error.status
    assert "secret 'prod/db'" in str(error)


def test_what_the_sidecar_says_is_passed_on(stand_in):
    detail = "not permitted: grant secretsmanager:GetSecretValue"
    stand_in.script = [problem(403, detail, code="AccessDeniedException", resource="prod/db")]

    error = raised(stand_in.client())

    assert "secret 'prod/db': not permitted: grant secretsmanager:GetSecretValue (AccessDeniedException)" == str(error)
    assert ("AccessDeniedException", "prod/db") == (error.code, error.resource)


def test_a_problem_without_detail_has_its_title(stand_in):
    body = json.dumps({"status": 404, "title": "Not found"}).encode()
    stand_in.script = [Reply(404, [("Content-Type", "application/problem+json; charset=utf-8")], body)]

    assert "secret 'prod/db': Not found" == str(raised(stand_in.client()))


@pytest.mark.parametrize(
    ("ask", "called"),
    [
        (lambda client: client.get_parameter("/a/b"), "parameter '/a/b'"),
        (lambda client: client.get_parameters("/a"), "parameters below '/a'"),
        (lambda client: client.get_object("s3://b/k"), "object 's3://b/k'"),
        (lambda client: client.get_many(secrets=["x"]), "/batch"),
        (lambda client: client.refresh(), "/refresh"),
    ],
)
def test_an_error_names_what_was_asked_for(stand_in, ask, called):
    stand_in.script = [problem(503, "shutting down")]

    assert f"{called}: shutting down" == str(raised(stand_in.client(), ask))


def test_all_are_preheat_errors_and_a_timeout_is_an_absence():
    names = [name for name in preheat.__all__ if isinstance(getattr(preheat, name), type)]
    errors = [getattr(preheat, name) for name in names if issubclass(getattr(preheat, name), Exception)]

    assert 11 == len(errors)
    assert all(issubclass(each, PreheatError) for each in errors)
    assert issubclass(preheat.SidecarTimeout, preheat.SidecarUnavailable)


def test_an_error_survives_the_way_from_one_process_to_another(stand_in):
    stand_in.script = [problem(404, code="ResourceNotFoundException")]
    error = raised(stand_in.client())

    copy = pickle.loads(pickle.dumps(error))

    assert (type(error), str(error), 404, error.code) == (type(copy), str(copy), copy.status, copy.code)


@pytest.mark.parametrize(
    "reply",
    [
        Raw(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\noops"),  # AWS's own
        Raw(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\noops"),
        Raw(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
        Raw(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n\r\noops"),
        Reply(404, [("Content-Type", "application/problem+json")], b"oops"),
        Reply(404, [("Content-Type", "application/problem+json")], b"[]"),
        Reply(404, [("Content-Type", "application/problem+json")], b'{"status": "404"}'),
        Reply(404, [("Content-Type", "application/problem+json")], b'{"status": 200}'),
        Reply(404, [("Content-Type", "application/problem+json")], b"\xff"),
    ],
)
def test_something_else_on_the_port_is_told_apart(stand_in, reply):
    stand_in.script = [reply]

    error = raised(stand_in.client())

    assert preheat.SidecarUnavailable is type(error)
    assert "not Preheat" in str(error)
    assert "PREHEAT_PORT" in str(error)


def test_too_many_connections_is_a_kind_of_throttling(stand_in):
    body = b"Connection limit exceeded"
    stand_in.script = [
        Raw(b"HTTP/1.1 429 No\r\nContent-Type: text/plain\r\nContent-Length: 25\r\n\r\n" + body, keep=False)
    ]

    assert preheat.Throttled is type(raised(stand_in.client()))


def test_a_refused_token_says_which_variable_to_set(stand_in):
    stand_in.usual = problem(401, "send AWS_SESSION_TOKEN")

    with_token = str(raised(stand_in.client()))
    without = str(raised(stand_in.client({"AWS_SESSION_TOKEN": ""})))

    assert "does not accept the session token that the environment holds" in with_token
    assert "does not accept a question without session token" in without
    assert "PREHEAT_TOKEN" in with_token
    assert TOKEN not in with_token


@pytest.mark.parametrize("token", ["a\r\nX-Forwarded-For: x", "a\nb", "a\x00b", "\x7f"])
def test_a_token_that_would_split_the_head_is_not_sent(stand_in, token):
    error = raised(stand_in.client({"AWS_SESSION_TOKEN": token}))

    assert preheat.BadToken is type(error)
    assert token not in str(error)
    assert [] == stand_in.requests


def test_no_text_holds_the_token_or_control_characters_whatever_the_answer_says(stand_in):
    stand_in.script = [problem(404, f"you said {TOKEN}\r\n\x1b[31m" + "x" * 10_000, code=TOKEN, resource=TOKEN)]

    error = raised(stand_in.client())

    assert TOKEN not in repr((str(error), error.code, error.resource, error.args))
    assert str(error).isprintable()
    assert len(str(error)) < 2000


def test_bytes_that_are_no_text_are_refused_and_not_shown(stand_in):
    stand_in.script = [ok(b"s3cr3t \xff")]

    error = raised(stand_in.client())

    assert preheat.SidecarUnavailable is type(error)
    assert not shows(error, "s3cr3t")


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.get_secret("db", field="x"),
        lambda client: client.get_secret("db", transform="json"),
        lambda client: client.get_secret("db", transform=int),
        lambda client: client.get_secret("db", transform="binary"),
        lambda client: client.get_secret("db", transform=fails_with_the_value),
    ],
)
def test_no_text_or_context_holds_a_value(stand_in, ask):
    stand_in.usual = ok("s3cr3t\u00e9")

    error = raised(stand_in.client(), ask)

    assert "secret 'db'" in str(error)
    assert not shows(error, "s3cr3t")


def fails_with_the_value(value):
    raise RuntimeError(f"bad value {value}")


def shows(error: BaseException, text: str) -> bool:
    """Whether the error, or what a traceback prints behind it, holds the text in any attribute."""
    seen: BaseException | None = error
    while seen is not None:
        if text in repr((str(seen), seen.args, vars(seen), getattr(seen, "doc", ""), getattr(seen, "object", ""))):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def absent(**environ: str) -> str:
    client = Client(environ={"PREHEAT_PORT": str(free_port()), **environ})
    error = raised(client)
    assert preheat.SidecarUnavailable is type(error)
    return str(error)


def test_an_absent_sidecar_says_which_layer_to_attach():
    text = absent(AWS_LAMBDA_FUNCTION_NAME="orders")

    assert "no Preheat sidecar listens on 127.0.0.1:" in text
    assert "attach Preheat's layer" in text


def test_an_absent_sidecar_whose_layer_is_attached_refers_to_the_log(monkeypatch, tmp_path):
    launcher = tmp_path / "preheat"
    launcher.touch()
    monkeypatch.setattr("preheat.surroundings._LAUNCHER", str(launcher))

    assert "look for its ERROR line" in absent(AWS_LAMBDA_FUNCTION_NAME="orders")


def test_a_sidecar_that_is_switched_off_says_so():
    assert "PREHEAT_ENABLED switches it off" in absent(AWS_LAMBDA_FUNCTION_NAME="orders", PREHEAT_ENABLED="False")


def test_outside_lambda_the_text_says_how_to_start_it():
    assert "python -m extension" in absent()


@pytest.mark.parametrize("port", ["x", "80", "70000", "9001", "2773.0", "-1"])
def test_an_impossible_port_is_said_to_be_one(port):
    error = raised(Client(environ={"PREHEAT_PORT": port}))

    assert "PREHEAT_PORT must be a port from 1024 to 65535 other than 9001" == str(error)


@pytest.mark.parametrize("port", ["x", "0", "70000", "9001"])
def test_an_impossible_port_under_awss_name_is_passed_over_as_the_sidecar_does(port):
    from preheat import surroundings

    assert 2773 == surroundings.port({"PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": port})


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_an_impossible_timeout_is_refused(timeout):
    with pytest.raises(ValueError, match="timeout"):
        Client(timeout=timeout)
