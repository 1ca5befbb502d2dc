"""An environment with something missing: the port, credentials, a token, a region; the function runs on."""

from __future__ import annotations

import socket

import pytest

from tests.fakes.container_credentials import FakeContainerCredentials
from tests.integration.sidecar import TOKEN_HEADER, free_port
from tests.integration.world import LISTS, fill

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
NO_KEYS = dict.fromkeys(KEYS)


def _errors(sidecar):
    return [line for line in sidecar.log if "ERROR" == line["level"]]


def test_a_port_that_is_taken_costs_the_function_nothing_but_the_cache(aws, api, launch):
    """One ERROR line, no prefetch; it asks for events, and SHUTDOWN ends it in order."""
    fill(aws)
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        sidecar = launch(aws, **LISTS, port=str(port))
        api.wait_next()
        assert ["SHUTDOWN"] == api.extension().events
        (line,) = sidecar.log
        assert ("ERROR", "boot.port_taken") == (line["level"], line["event"])
        assert str(port) in line["problem"]
        assert [] == aws.calls
        api.shutdown()
        assert 0 == sidecar.wait_exit()
    assert 1 == len(sidecar.log)
    assert 1 > sidecar.cpu_seconds


def test_ipv6_taken_leaves_ipv4(aws, ready):
    fill(aws)
    port = free_port()
    with socket.create_server(("::1", port), family=socket.AF_INET6):
        sidecar = ready(**LISTS, port=str(port))
        assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
    assert [] == _errors(sidecar)


def test_without_credentials_one_line_says_so_and_reads_are_502(aws, ready):
    fill(aws)
    sidecar = ready(**LISTS, environ=NO_KEYS, token="operator")
    assert 1 == len(sidecar.events("credentials.missing"))
    for target in ("/secrets/app/secret-1", "/parameters/app/parameter-1", "/s3/lookup/rates.json"):
        answer = sidecar.get(target)
        assert (502, "NoCredentials") == (answer.status, answer.problem["code"])
    answer = sidecar.get("/secretsmanager/get?secretId=app/secret-1")
    assert (400, "NoCredentials") == (answer.status, answer.header("preheat-error"))
    assert 0 == aws.count()


@pytest.mark.parametrize("missing", KEYS[:2])
def test_half_of_the_credentials_are_none(aws, ready, missing):
    fill(aws)
    sidecar = ready(environ={missing: ""})
    assert 1 == len(sidecar.events("credentials.missing"))
    assert 502 == sidecar.get("/secrets/app/secret-1").status


def test_without_a_region_only_what_names_one_can_be_read(aws, ready):
    fill(aws)
    arn = aws.secrets_manager.get("app/secret-2", aws.account_id, aws.region).arn
    sidecar = ready(
        secrets=["app/secret-1", arn, "app/secret-3?region=us-east-1"],
        environ={"AWS_REGION": None, "AWS_DEFAULT_REGION": None},
    )
    answer = sidecar.get("/secrets/app/secret-1")
    assert "NoRegion" == answer.problem["code"]
    assert answer.status >= 400
    assert "secret value 2" == sidecar.get(f"/secrets/{arn}").text
    assert "secret value 3" == sidecar.get("/secrets/app/secret-3").text


def test_without_a_token_everything_but_ping_is_401(aws, launch, api):
    """Nobody can prove to be the function, so nobody is answered."""
    fill(aws)
    sidecar = launch(aws, **LISTS, environ={"AWS_SESSION_TOKEN": None})
    api.wait_next()
    assert 1 == len(sidecar.events("token.missing"))
    for target in (
        "/secrets/app/secret-1",
        "/parameters/x",
        "/health",
        "/stats",
        "/nothing",
        "/secretsmanager/get?secretId=x",
    ):
        for token in (None, "", "None", "null"):
            assert 401 == sidecar.get(target, {TOKEN_HEADER: token}).status
    assert (200, "healthy") == ((answer := sidecar.get("/ping")).status, answer.text)


def test_an_operators_token_serves_where_there_is_no_session(aws, launch, api):
    fill(aws)
    sidecar = launch(aws, environ=NO_KEYS, token="opérator's")
    api.wait_next()
    with sidecar.connect({TOKEN_HEADER: "opérator's".encode().decode("latin-1")}) as client:
        assert 502 == client.get("/secrets/app/secret-1").status
        assert 401 == client.get("/secrets/app/secret-1", {TOKEN_HEADER: "operator's"}).status


def test_outside_lambda_it_says_that_it_does_not_belong_there(launch):
    sidecar = launch(None, environ={"AWS_LAMBDA_RUNTIME_API": None})
    assert 1 == sidecar.wait_exit()
    (line,) = sidecar.log
    assert ("ERROR", "boot.outside_lambda") == (line["level"], line["event"])
    assert "AWS_LAMBDA_RUNTIME_API is not set" in line["problem"]


def test_keys_from_the_container_endpoint(aws, launch, api):
    """As SnapStart functions get them; they are read once for a round, and their token lets callers in."""
    fill(aws)
    with FakeContainerCredentials(lambda: aws.identity) as container:
        sidecar = launch(aws, **LISTS, environ=NO_KEYS | container.environ)
        api.wait_next()
        assert 1 <= container.count <= 4  # threads that ask at once may each read them
        assert 4 == aws.count()
        for token in (aws.identity.session_token, container.token):
            answer = sidecar.get("/secrets/app/secret-1", {TOKEN_HEADER: token})
            assert (200, "secret value 1") == (answer.status, answer.text)
        assert 401 == sidecar.get("/secrets/app/secret-1", {TOKEN_HEADER: "other"}).status


@pytest.mark.parametrize("mode", ["garbage", "not_json", "empty", "cut", "error_500"])
def test_a_container_endpoint_that_does_not_hand_out_keys(aws, launch, api, mode):
    fill(aws)
    with FakeContainerCredentials(lambda: aws.identity) as container:
        container.mode = mode
        sidecar = launch(aws, environ=NO_KEYS | container.environ, fetch_timeout="300ms")
        api.wait_next()
        asked = {TOKEN_HEADER: container.token}
        answer = sidecar.get("/secrets/app/secret-1", asked)
        assert (502, "CredentialsUnavailable") == (answer.status, answer.problem["code"])
        container.mode = "ok"
        assert "secret value 1" == sidecar.get("/secrets/app/secret-1", asked).text


@pytest.mark.parametrize(
    "uri", ["not a url", "http://credentials.example/path", "ftp://127.0.0.1/x", "http://user:canary@127.0.0.1/x"]
)
def test_a_container_endpoint_that_cannot_be_one_is_told_once(aws, launch, api, uri):
    """A wrong variable of AWS's only warns; its user part is not shown."""
    sidecar = launch(aws, environ={**NO_KEYS, "AWS_CONTAINER_CREDENTIALS_FULL_URI": uri}, token="operator")
    api.wait_next()
    (line,) = [line for line in sidecar.log if "AWS_CONTAINER_CREDENTIALS_FULL_URI" in line.get("problem", "")]
    assert "ERROR" == line["level"]
    assert "canary" not in sidecar.output
    assert 502 == sidecar.get("/secrets/app/secret-1").status


def test_expired_keys_are_read_anew_once(aws, launch, api):
    fill(aws)
    with FakeContainerCredentials(lambda: aws.identity) as container:
        sidecar = launch(aws, secrets=["app/secret-1"], environ=NO_KEYS | container.environ)
        api.wait_next()
        old = aws.identity
        aws.rotate_credentials()
        aws.expire_credentials(old)
        answer = sidecar.get("/secrets/app/secret-2", {TOKEN_HEADER: old.session_token})
        assert (200, "secret value 2") == (answer.status, answer.text)
        # The token before this one is still a caller's: it may have been handed out just before.
        for token in (old.session_token, aws.identity.session_token):
            assert 200 == sidecar.get("/secrets/app/secret-1", {TOKEN_HEADER: token}).status


def test_a_clock_that_is_wrong_is_put_right_by_the_server_s(aws, ready):
    """The machine's clock is seven minutes behind AWS's: one refusal, then signed with the server's time."""
    fill(aws)
    aws.clock_offset = 420.0
    sidecar = ready(secrets=["app/secret-1"])
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
    assert [400, 200] == [call.status for call in aws.calls]
    assert "secret value 2" == sidecar.get("/secrets/app/secret-2").text
    assert 3 == aws.count()
