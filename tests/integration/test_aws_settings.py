"""The variables of AWS's Parameters and Secrets extension, and of its SDK."""

from __future__ import annotations

import pytest

from tests.fakes.aws import FakeAws
from tests.integration.sidecar import free_port
from tests.integration.world import LISTS, fill

EXTENSION = "PARAMETERS_SECRETS_EXTENSION_"


def _lifetimes(sidecar):
    return tuple(
        sidecar.get(target).header("cache-control").removeprefix("private, max-age=")
        for target in ("/secrets/app/secret-1", "/parameters/app/parameter-1", "/s3/lookup/rates.json")
    )


@pytest.mark.parametrize(
    ("variables", "lifetimes"),
    [
        ({}, ("300", "300", "300")),
        ({"SECRETS_MANAGER_TTL": "20"}, ("20", "300", "300")),
        ({"SSM_PARAMETER_STORE_TTL": "30"}, ("300", "30", "300")),
        ({"SECRETS_MANAGER_TTL": "0", "SSM_PARAMETER_STORE_TTL": "40"}, ("0", "40", "300")),
        ({EXTENSION + "CACHE_ENABLED": "FALSE"}, ("0", "0", "300")),
        ({EXTENSION + "CACHE_ENABLED": "false", "SECRETS_MANAGER_TTL": "20"}, ("0", "0", "300")),
        ({EXTENSION + "CACHE_SIZE": "0"}, ("0", "0", "300")),
        # Preheat's own name wins over AWS's, and an entry's option over both.
        ({"SECRETS_MANAGER_TTL": "20", "PREHEAT_TTL": "50"}, ("50", "50", "50")),
        ({"SECRETS_MANAGER_TTL": "20", "PREHEAT_SECRETS": "app/secret-1?ttl=60"}, ("60", "300", "300")),
        ({"SECRETS_MANAGER_TTL": "", "PREHEAT_TTL": ""}, ("300", "300", "300")),
    ],
)
def test_time_to_live(aws, ready, variables, lifetimes):
    fill(aws)
    lists = {"secrets": ["app/secret-1"], "parameters": ["/app/parameter-1"], "s3": ["s3://lookup/rates.json"]}
    if "PREHEAT_SECRETS" in variables:
        del lists["secrets"]
    sidecar = ready(**lists, environ=variables)
    assert lifetimes == _lifetimes(sidecar)
    assert [] == sidecar.events("settings.warning")


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("SECRETS_MANAGER_TTL", "301", "clamped to 300"),
        ("SSM_PARAMETER_STORE_TTL", "3600", "clamped to 300"),
        ("SECRETS_MANAGER_TTL", "5m", "ignored"),
        ("SSM_PARAMETER_STORE_TTL", "-1", "ignored"),
        ("SECRETS_MANAGER_TIMEOUT_MILLIS", "1s", "ignored"),
        (EXTENSION + "CACHE_ENABLED", "perhaps", "ignored"),
        (EXTENSION + "CACHE_SIZE", "1001", "ignored"),
        (EXTENSION + "MAX_CONNECTIONS", "0", "ignored"),
        (EXTENSION + "LOG_LEVEL", "LOUD", "ignored"),
        ("AWS_USE_FIPS_ENDPOINT", "1", "ignored"),
        ("PARAMETERS_AND_SECRETS_EXTENSION_CACHE_SIZE", "10", EXTENSION + "CACHE_SIZE"),
    ],
)
def test_a_wrong_one_only_warns(aws, ready, variable, text, said):
    fill(aws)
    sidecar = ready(**LISTS, environ={variable: text})
    (line,) = sidecar.events("settings.warning")
    assert variable in line["problem"]
    assert said in line["problem"]
    assert ("300", "300", "300") == _lifetimes(sidecar)


def test_the_port(aws, ready):
    fill(aws)
    port = free_port()
    sidecar = ready(**LISTS, environ={"PREHEAT_PORT": None, EXTENSION + "HTTP_PORT": str(port)})
    assert port == sidecar.port
    assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text


@pytest.mark.parametrize(
    ("level", "levels"),
    [("error", {"ERROR"}), ("WARN", {"WARN", "ERROR"}), ("NONE", set()), ("info", {"INFO", "WARN", "ERROR"})],
)
def test_the_log_level(aws, ready, level, levels):
    sidecar = ready(secrets=["absent", "never?ttl=0"], environ={EXTENSION + "LOG_LEVEL": level})
    assert 404 == sidecar.get("/secrets/absent").status
    assert levels == {line["level"] for line in sidecar.log}


@pytest.mark.parametrize(
    ("variables", "most"),
    [({}, 4), ({EXTENSION + "MAX_CONNECTIONS": "1"}, 1), ({EXTENSION + "MAX_CONNECTIONS": "2"}, 2)],
)
def test_the_most_connections_to_one_host(aws, ready, variables, most):
    fill(aws)
    barrier = aws.hold(most)
    sidecar = ready(secrets=LISTS["secrets"][:8], environ=variables)
    assert not aws.hold_failed
    assert most == len(barrier.held[:most]) == aws.max_in_flight == aws.connections_opened
    assert 8 == aws.count()
    assert [] == sidecar.events("fetch.failed")


@pytest.mark.parametrize(
    ("variable", "slow", "quick"),
    [
        ("SECRETS_MANAGER_TIMEOUT_MILLIS", "/parameters/app/parameter-1", "/secrets/app/secret-1"),
        ("SSM_PARAMETER_STORE_TIMEOUT_MILLIS", "/secrets/app/secret-1", "/parameters/app/parameter-1"),
    ],
)
def test_a_timeout_is_that_of_its_service(aws, ready, variable, slow, quick):
    fill(aws)
    sidecar = ready(environ={variable: "150"})
    hang = aws.faults.add("hang")
    with sidecar.connect() as patient:
        patient.ask("GET", slow)
        assert 504 == sidecar.get(quick).status
        hang.release()
        assert 200 == patient.answer().status


def test_the_number_of_items(aws, ready):
    fill(aws)
    sidecar = ready(**LISTS, environ={EXTENSION + "CACHE_SIZE": "5"})
    assert 5 == len(sidecar.get("/stats").json["entries"])


def test_an_endpoint_of_one_service_wins_over_the_common_one(aws, ready):
    """Everything goes to the stand-in but the secrets, which go nowhere."""
    fill(aws)
    nowhere = f"https://127.0.0.1:{free_port()}"
    sidecar = ready(environ={"AWS_ENDPOINT_URL_SECRETS_MANAGER": nowhere}, fetch_timeout="200ms")
    assert 502 == sidecar.get("/secrets/app/secret-1").status
    assert "parameter value 1" == sidecar.get("/parameters/app/parameter-1").text


def test_plain_http_to_an_endpoint_of_ones_own(launch, api):
    """As emulators of AWS offer it."""
    with FakeAws(tls=False) as aws:
        fill(aws)
        sidecar = launch(aws, **LISTS)
        api.wait_next()
        assert "secret value 1" == sidecar.get("/secrets/app/secret-1").text
        assert 4 == aws.count()


def test_the_region(aws, ready):
    """AWS_REGION, else AWS_DEFAULT_REGION; an ARN's or an entry's own wins."""
    aws.put_secret("here", "in Frankfurt", region="eu-central-1")
    aws.put_secret("there", "in Virginia", region="us-east-1")
    sidecar = ready(
        secrets=["here", "there?region=us-east-1"],
        environ={"AWS_REGION": None, "AWS_DEFAULT_REGION": "eu-central-1"},
    )
    assert ["in Frankfurt", "in Virginia"] == [sidecar.get(f"/secrets/{name}").text for name in ("here", "there")]
    assert {"eu-central-1", "us-east-1"} == {call.region for call in aws.calls}


def test_a_role_is_assumed_once_for_all_that_names_it(aws, ready):
    role = "arn:aws:iam::999999999999:role/reader"
    aws.add_role(role)
    aws.put_secret("theirs-1", "one", account="999999999999")
    aws.put_secret("theirs-2", "two", account="999999999999")
    sidecar = ready(secrets=[f"theirs-1?role={role}", f"theirs-2?role={role}"])
    assert ["one", "two"] == [sidecar.get(f"/secrets/{name}").text for name in ("theirs-1", "theirs-2")]
    assert 1 == aws.count("AssumeRole")
    assert {"reader"} == {call.role for call in aws.calls if "GetSecretValue" == call.action}
    aws.clear_calls()
    assert "one" == sidecar.get(f"/secretsmanager/get?secretId=theirs-1&roleArn={role}").json["SecretString"]
    assert [] == aws.calls
