"""SnapStart: nothing confidential is kept before the snapshot, and nothing held is fresh after the restore (contract
§5)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.fakes.container_credentials import FakeContainerCredentials
from tests.integration.world import LISTS, PARAMETERS, SECRETS, fill

SNAP_START = {
    "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
    "AWS_ACCESS_KEY_ID": None,
    "AWS_SECRET_ACCESS_KEY": None,
    "AWS_SESSION_TOKEN": None,
}


@pytest.fixture
def snapped(aws, api, launch):
    """snapped(**settings): a SnapStart sidecar whose keys come from the container endpoint, blocked in its first
    next."""
    fill(aws)
    with FakeContainerCredentials(lambda: aws.identity) as endpoint:

        def start(**settings):
            environ = {**SNAP_START, **endpoint.environ}
            sidecar = launch(aws, environ=environ, **(LISTS | settings))
            api.wait_next()
            return sidecar

        yield start


def held(sidecar):
    """What the sidecar holds a value of."""
    answer = sidecar.request("GET", "/stats", token(sidecar))
    return {row["resource"] for row in answer.json["entries"] if row["state"] != "absent"}


def token(sidecar):
    return {"X-Aws-Parameters-Secrets-Token": sidecar.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}


def test_before_the_snapshot_no_secret_is_asked_for_and_no_parameter_decrypted(aws, snapped):
    sidecar = snapped()
    assert {"GetParameters": 1, "GetObject": 2} == Counter(call.action for call in aws.calls)
    (batch,) = [call for call in aws.calls if call.action == "GetParameters"]
    assert batch.parameters["WithDecryption"] is False
    assert set(SECRETS) & held(sidecar) == set()
    assert {name for number, name in enumerate(PARAMETERS) if number % 2} & held(sidecar) == set()


def sockets_to(port, sidecar):
    """The process's open sockets whose other end is that port; a process knows at once what it has closed."""
    descriptors = set(sidecar.open_files)
    rows = [line.split() for line in Path(f"/proc/{sidecar.process.pid}/net/tcp").read_text("ascii").splitlines()[1:]]
    return [row for row in rows if int(row[2].split(":")[1], 16) == port and f"socket:[{row[9]}]" in descriptors]


def test_no_connection_to_aws_is_open_when_the_snapshot_may_be_taken(aws, api, snapped):
    sidecar = snapped()
    assert [] == sockets_to(aws.port, sidecar)
    api.invoke_and_wait()
    assert [] != sockets_to(aws.port, sidecar)  # it would have been seen


def test_the_first_invoke_fetches_everything_anew_and_with_decryption(aws, api, snapped):
    sidecar = snapped()
    aws.clear_calls()
    api.invoke_and_wait()
    assert {"BatchGetSecretValue": 1, "GetParameters": 1, "GetObject": 2} == Counter(call.action for call in aws.calls)
    assert sorted(call.status for call in aws.calls) == [200, 200, 304, 304]
    aws.clear_calls()
    for name, value in (SECRETS | PARAMETERS).items():
        target = f"/secrets/{name}" if name in SECRETS else f"/parameters{name}"
        answer = sidecar.request("GET", target, token(sidecar))
        assert (200, value, "hit") == (answer.status, answer.text, answer.header("preheat-cache"))
    assert [] == aws.calls


def test_a_secret_that_static_code_reads_is_answered_and_not_kept(aws, api, launch):
    """While the prefetch of the rest is still held."""
    fill(aws)
    with FakeContainerCredentials(lambda: aws.identity) as endpoint:
        barrier = aws.hold(2, match="s3")
        sidecar = launch(aws, environ={**SNAP_START, **endpoint.environ}, **LISTS)
        barrier.wait(2)
        for target in ("/secrets/app/secret-1", "/parameters/app/parameter-1"):
            answer = sidecar.request("GET", target, token(sidecar))
            assert answer.status == 200
        barrier.release()
        api.wait_next()
        assert {"app/secret-1", "/app/parameter-1"} & held(sidecar) == set()


def test_include_fetches_everything_before_the_snapshot(aws, snapped):
    snapped(snapstart="include")
    assert {"BatchGetSecretValue": 1, "GetParameters": 1, "GetObject": 2} == Counter(call.action for call in aws.calls)


def test_a_request_that_is_quicker_than_the_event_gets_nothing_from_the_snapshot(aws, api, snapped):
    sidecar = snapped(snapstart="include")
    aws.rotate_secret("app/secret-1", "another value")
    answer = sidecar.request("GET", "/secrets/app/secret-1", token(sidecar))
    assert (200, "another value", "miss") == (answer.status, answer.text, answer.header("preheat-cache"))


def test_the_after_restore_hook_does_what_the_first_invoke_would(aws, api, snapped):
    sidecar = snapped()
    aws.clear_calls()
    answer = sidecar.request("POST", "/restore", token(sidecar))
    assert (200, 0) == (answer.status, len(answer.json["failed"]))
    assert {"BatchGetSecretValue": 1, "GetParameters": 1, "GetObject": 2} == Counter(call.action for call in aws.calls)
    aws.clear_calls()
    api.invoke_and_wait()
    assert [] == aws.calls


def test_credentials_and_tokens_are_read_anew_after_the_restore(aws, api, snapped):
    sidecar = snapped()
    aws.rotate_credentials(keep_old=False)
    fresh = {"X-Aws-Parameters-Secrets-Token": aws.identity.session_token}
    assert sidecar.request("GET", "/secrets/app/secret-1", fresh).status == 200
    api.invoke_and_wait()
    assert sidecar.request("GET", "/secrets/app/secret-2", fresh).status == 200


def test_what_is_required_and_deferred_never_ends_the_process(api, snapped):
    sidecar = snapped(secrets=[*SECRETS, "not/there?required=true"])
    assert [] == api.init_errors
    api.invoke_and_wait()
    (line,) = sidecar.events("init.required_unavailable")
    assert "not/there" in line["problem"]
    assert sidecar.process.poll() is None
