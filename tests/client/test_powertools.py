"""Powertools' parameters utility, the real one, with the sidecar behind it."""

from __future__ import annotations

import base64

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import BaseProvider
from aws_lambda_powertools.utilities.parameters import secrets as original_secrets
from aws_lambda_powertools.utilities.parameters import ssm as original_ssm

import preheat
from preheat import Client
from preheat import powertools as parameters
from tests.client.stand_in import ok
from tests.unit.hand_clock import HandClock

ENCODED = base64.b64encode(b"\x00\x01").decode()


def fill(aws):
    aws.put_secret("plain", "s3cr3t")
    aws.put_secret("json", '{"user": "ann"}')
    aws.put_secret("binary", b"\x00\xff")
    aws.put_secret("staged", "current")
    aws.put_secret("staged", "pending", stages=("AWSPENDING",))
    aws.put_secret("denied", "x")
    aws.deny("secretsmanager:GetSecretValue", "denied")
    aws.put_parameter("/app/flag", "on")
    aws.put_parameter("/app/flag", "off")
    aws.put_parameter("/app/config.json", '{"a": 1}')
    aws.put_parameter("/app/blob.binary", ENCODED)
    aws.put_parameter("/app/deep/secure", "hidden", type="SecureString")


@pytest.fixture(scope="module")
def world(make_world):
    return make_world(fill, parameters=["/app/**"])


@pytest.fixture
def secrets(world):
    return parameters.SecretsProvider(Client(environ=world.sidecar.environ))


@pytest.fixture
def ssm(world):
    return parameters.ParametersProvider(Client(environ=world.sidecar.environ))


@pytest.fixture
def as_default(world, monkeypatch):
    """The functions of `preheat.powertools` read from the sidecar too, as they do in Lambda."""
    for name in ("PREHEAT_PORT", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, world.sidecar.environ[name])
    preheat.default_client.close()
    parameters.clear_caches()
    yield
    preheat.default_client.close()
    parameters.clear_caches()


def test_they_are_providers_of_powertools(secrets, ssm):
    assert isinstance(secrets, BaseProvider)
    assert isinstance(ssm, BaseProvider)
    assert parameters.SSMProvider is parameters.ParametersProvider


def test_a_secret(secrets):
    assert "s3cr3t" == secrets.get("plain")
    assert b"\x00\xff" == secrets.get("binary")
    assert {"user": "ann"} == secrets.get("json", transform="json")
    assert "pending" == secrets.get("staged", VersionStage="AWSPENDING")


def test_several_secrets(secrets):
    assert {"plain": "s3cr3t", "binary": b"\x00\xff"} == secrets.get_multiple(["plain", "binary"])
    assert {"json": {"user": "ann"}} == secrets.get_multiple(["json"], transform="json")
    assert {"json": {"user": "ann"}, "plain": None} == secrets.get_multiple(["json", "plain"], transform="json")
    with pytest.raises(parameters.TransformParameterError):
        secrets.get_multiple(["plain"], transform="json", raise_on_transform_error=True)


def test_secrets_that_are_missing_are_left_out_as_in_powertools(secrets):
    assert {"plain": "s3cr3t"} == secrets.get_multiple(["plain", "no/such"])
    with pytest.raises(parameters.GetSecretError, match="No secrets found"):
        secrets.get_multiple(["no/such"])
    with pytest.raises(parameters.GetSecretError, match="at least one"):
        secrets.get_multiple([])
    with pytest.raises(parameters.GetSecretError, match="grant"):
        secrets.get_multiple(["plain", "denied"])


def test_a_parameter(ssm):
    assert "off" == ssm.get("/app/flag")
    assert "on" == ssm.get("/app/flag:1")
    assert {"a": 1} == ssm.get("/app/config.json", transform="json") == ssm.get("/app/config.json", transform="auto")
    assert b"\x00\x01" == ssm.get("/app/blob.binary", transform="binary")


def test_nothing_is_decrypted_unless_asked_for_as_in_powertools(ssm, monkeypatch):
    assert "hidden" != ssm.get("/app/deep/secure")
    assert "hidden" == ssm.get("/app/deep/secure", decrypt=True)
    monkeypatch.setenv("POWERTOOLS_PARAMETERS_SSM_DECRYPT", "true")
    assert "hidden" == ssm.get("/app/deep/secure")


def test_parameters_below_a_path(ssm):
    flat = {"flag": "off", "config.json": '{"a": 1}', "blob.binary": ENCODED}

    assert flat == ssm.get_multiple("/app")
    assert {**flat, "deep/secure": "hidden"} == ssm.get_multiple("/app", recursive=True, decrypt=True, MaxResults=5)
    assert {"flag": "off", "config.json": {"a": 1}, "blob.binary": b"\x00\x01"} == ssm.get_multiple(
        "/app", transform="auto"
    )
    with pytest.raises(parameters.TransformParameterError):
        ssm.get_multiple("/app", transform="json", raise_on_transform_error=True)


def test_parameters_by_name(ssm):
    asked = {
        "/app/flag": {},
        "/app/config.json": {"transform": "json"},
        "/app/blob.binary": {"transform": "binary", "max_age": 0},
        "/app/deep/secure": {"decrypt": True},
    }

    found = ssm.get_parameters_by_name(asked)

    assert ["off", {"a": 1}, b"\x00\x01", "hidden"] == [found[name] for name in asked]
    with pytest.raises(parameters.GetParameterError, match="/no/such"):
        ssm.get_parameters_by_name({"/app/flag": {}, "/no/such": {}})
    assert {"/app/flag": "off", "_errors": ["/no/such"]} == ssm.get_parameters_by_name(
        {"/app/flag": {}, "/no/such": {}}, raise_on_error=False
    )
    with pytest.raises(parameters.GetParameterError, match="_errors"):
        ssm.get_parameters_by_name({"_errors": {}}, raise_on_error=False)


@pytest.mark.parametrize(
    "ask",
    [
        lambda secrets, ssm: secrets.get("no/such"),
        lambda secrets, ssm: secrets.get("denied"),
        lambda secrets, ssm: ssm.get("/no/such"),
        lambda secrets, ssm: ssm.get("/a b"),
        lambda secrets, ssm: secrets.get("plain", Filters=[]),
        lambda secrets, ssm: ssm.get_multiple("/app", ParameterFilters=[]),
    ],
)
def test_failures_are_powertools_own(secrets, ssm, ask):
    with pytest.raises(parameters.GetParameterError) as raised:
        ask(secrets, ssm)

    assert str(raised.value)


def test_a_failure_keeps_what_preheat_said(secrets):
    with pytest.raises(parameters.GetParameterError, match="grant secretsmanager:GetSecretValue") as raised:
        secrets.get("denied")

    assert isinstance(raised.value.__context__, preheat.AccessDenied)


def test_an_sdk_option_that_is_not_known_is_named(secrets):
    with pytest.raises(parameters.GetSecretError, match="Filters"):
        secrets.get_multiple(["plain"], Filters=[])


def test_one_line_changes(as_default):
    """`from preheat import powertools as parameters`, and all calls stay as they are."""
    assert "s3cr3t" == parameters.get_secret("plain")
    assert {"user": "ann"} == parameters.get_secret("json", transform="json", max_age=60)
    assert {"plain": "s3cr3t"} == parameters.get_secrets_by_name(["plain"])
    assert "off" == parameters.get_parameter("/app/flag")
    assert "hidden" == parameters.get_parameter("/app/deep/secure", decrypt=True, force_fetch=True)
    assert "deep/secure" in parameters.get_parameters("/app")
    assert "deep/secure" not in parameters.get_parameters("/app", recursive=False)
    assert {"/app/flag": "off"} == parameters.get_parameters_by_name({"/app/flag": None})
    with pytest.raises(parameters.GetParameterError):
        parameters.get_secret("no/such")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (parameters.get_secret, original_secrets.get_secret),
        (parameters.get_secrets_by_name, original_secrets.get_secrets_by_name),
        (parameters.get_parameter, original_ssm.get_parameter),
        (parameters.get_parameters, original_ssm.get_parameters),
        (parameters.get_parameters_by_name, original_ssm.get_parameters_by_name),
        (parameters.SecretsProvider.get, original_secrets.SecretsProvider.get),
        (parameters.SecretsProvider.get_multiple, original_secrets.SecretsProvider.get_multiple),
        (parameters.SSMProvider.get, original_ssm.SSMProvider.get),
        (parameters.SSMProvider.get_multiple, original_ssm.SSMProvider.get_multiple),
        (parameters.SSMProvider.get_parameters_by_name, original_ssm.SSMProvider.get_parameters_by_name),
    ],
)
def test_arguments_are_in_powertools_order_with_its_defaults(ours, theirs):
    def shape(function):
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        return names, function.__defaults__

    original = getattr(theirs, "__wrapped__", theirs)
    assert shape(original) == shape(ours)


def test_freshness_is_preheats_and_not_another_300_seconds(stand_in):
    clock = HandClock()
    provider = parameters.SecretsProvider(stand_in.client(wall=clock.wall, monotonic=clock.monotonic))
    stand_in.script = [ok("first", age=290), ok("second"), ok("third")]

    assert ["first", "first"] == [provider.get("db"), provider.get("db")]
    clock.advance(9)
    assert "second" == provider.get("db")
    assert "second" == provider.get("db", max_age=5)
    clock.advance(10)
    assert "third" == provider.get("db", max_age=5)
    assert "max-age=5" == stand_in.requests[-1].header("cache-control")


def test_powertools_setting_for_max_age_is_followed(stand_in, monkeypatch):
    monkeypatch.setenv("POWERTOOLS_PARAMETERS_MAX_AGE", "7")
    client = stand_in.client()
    parameters.SecretsProvider(client).get("db")
    parameters.ParametersProvider(client).get("/p", force_fetch=True)

    assert ["max-age=7", ""] == [request.header("cache-control") for request in stand_in.requests]
    assert ["/secrets/db", "/parameters/%2Fp?decrypt=false&refresh=true"] == stand_in.targets


@pytest.mark.parametrize("max_age", [0, -5])
def test_a_max_age_of_0_or_less_passes_over_memory(stand_in, max_age):
    provider = parameters.SecretsProvider(stand_in.client())
    provider.get("db")
    provider.get("db", max_age=max_age)

    assert 2 == len(stand_in.requests)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("x", "/parameters/x"),
        ("x:3", "/parameters/x?version=3"),
        ("/a/x:live", "/parameters/%2Fa/x?label=live"),
        ("arn:aws:ssm:r:123456789012:parameter/x", "/parameters/arn:aws:ssm:r:123456789012:parameter/x"),
        ("arn:aws:ssm:r:123456789012:parameter/x:3", "/parameters/arn:aws:ssm:r:123456789012:parameter/x?version=3"),
    ],
)
def test_a_name_may_end_in_a_selector_as_in_ssm(stand_in, name, target):
    parameters.ParametersProvider(stand_in.client()).get(name, decrypt=True)

    assert [target] == stand_in.targets


def test_clearing_powertools_cache_clears_memory(stand_in):
    provider = parameters.SecretsProvider(stand_in.client())
    provider.get("db")
    provider.clear_cache()
    provider.get("db")

    assert 2 == len(stand_in.requests)


@pytest.fixture(scope="module")
def originals(world):
    """Powertools' own providers, with the SDK behind them and the same AWS behind that."""
    environ = world.aws.environ
    session = boto3.session.Session(
        environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], environ["AWS_SESSION_TOKEN"], world.aws.region
    )
    options = {"endpoint_url": environ["AWS_ENDPOINT_URL"], "verify": environ["AWS_CA_BUNDLE"]}
    secrets_manager, systems_manager = (session.client(name, **options) for name in ("secretsmanager", "ssm"))
    yield (
        original_secrets.SecretsProvider(boto3_client=secrets_manager),
        original_ssm.SSMProvider(boto3_client=systems_manager),
    )
    secrets_manager.close()
    systems_manager.close()


@pytest.mark.parametrize(
    "ask",
    [
        lambda secrets, ssm: secrets.get("plain"),
        lambda secrets, ssm: secrets.get("binary"),
        lambda secrets, ssm: secrets.get("json", transform="json"),
        lambda secrets, ssm: secrets.get("staged", VersionStage="AWSPENDING"),
        lambda secrets, ssm: ssm.get("/app/flag"),
        lambda secrets, ssm: ssm.get("/app/flag:1"),
        lambda secrets, ssm: ssm.get("/app/deep/secure"),
        lambda secrets, ssm: ssm.get("/app/deep/secure", decrypt=True),
        lambda secrets, ssm: ssm.get("/app/config.json", transform="auto"),
        lambda secrets, ssm: ssm.get("/app/blob.binary", transform="auto"),
        lambda secrets, ssm: ssm.get_multiple("/app"),
        lambda secrets, ssm: ssm.get_multiple("/app/", recursive=True),
        lambda secrets, ssm: ssm.get_multiple("/app", recursive=True, decrypt=True),
        lambda secrets, ssm: ssm.get_multiple("/app", transform="auto"),
        lambda secrets, ssm: ssm.get_multiple("/app", transform="json"),
        lambda secrets, ssm: ssm.get_multiple("/nothing/here"),
        lambda secrets, ssm: ssm.get_parameters_by_name({"/app/flag": {}, "/app/config.json": {"transform": "json"}}),
        lambda secrets, ssm: ssm.get_parameters_by_name({"/app/flag": {}, "/no/such": {}}, raise_on_error=False),
        lambda secrets, ssm: ssm.get_parameters_by_name({"/app/deep/secure": {}}, decrypt=True),
    ],
)
def test_results_are_those_of_powertools_itself(secrets, ssm, originals, ask):
    for provider in originals:  # whose own cache does not tell decrypted from encrypted, nor deep from flat
        provider.clear_cache()

    assert ask(*originals) == ask(secrets, ssm)
