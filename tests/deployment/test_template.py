"""template.yaml, as read by a parser: what it allows is what it lists, and with that the function works."""

from __future__ import annotations

import re
from contextlib import ExitStack

import pytest

from extension.references import parse_list
from extension.settings import Settings
from layer import interpreters
from tests.deployment.sam_template import ROOT, Policy, Stack, allows, load
from tests.fakes.aws import FakeAws
from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.function import PRICES, invoke
from tests.integration.sidecar import Sidecar

RUNTIMES = [f"python3.{minor}" for minor in interpreters.MINORS]
LISTS = {"PREHEAT_SECRETS": "secretsmanager", "PREHEAT_PARAMETERS": "ssm", "PREHEAT_S3": "s3"}
# What each service may be asked for, by whom only reads what it lists.
READING = {
    "secretsmanager": {"secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"},
    "ssm": {"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"},
    "s3": {"s3:GetObject", "s3:ListBucket"},
}
PASSWORD = "correct-horse-battery-staple"
SECRET = {"host": "db.internal", "port": 5432, "dbname": "orders", "username": "pricing", "password": PASSWORD}


@pytest.fixture
def stack():
    return Stack()


# -- what it says --


def test_the_layer_serves_what_the_build_makes_it_for():
    document = load()
    layer = document["Resources"]["PreheatLayer"]["Properties"]
    assert RUNTIMES == layer["CompatibleRuntimes"] == document["Parameters"]["Runtime"]["AllowedValues"]
    assert {"x86_64", "arm64"} == set(layer["CompatibleArchitectures"])
    assert {"x86_64", "arm64"} == set(document["Parameters"]["Architecture"]["AllowedValues"])
    assert "dist/layer.zip" == layer["ContentUri"]


def test_the_function_has_the_layer_and_runs_what_the_parameters_say(stack):
    assert [{"Ref": "PreheatLayer"}] == stack.function["Layers"]
    assert {"Ref": "Runtime"} == stack.function["Runtime"]
    assert [{"Ref": "Architecture"}] == stack.function["Architectures"]


def test_its_settings_are_settings_of_preheat(stack):
    settings = Settings.from_environ({"AWS_REGION": "us-east-1", **stack.variables})
    assert () == settings.warnings
    assert list(LISTS.values()) == [entry.resource.service for entry in settings.entries]


def test_the_function_reads_only_what_is_prefetched(stack):
    """Or every first read would be a miss, and with PREHEAT_ALLOW=listed a 403."""
    held = {
        entry.spelling for name, service in LISTS.items() for entry in parse_list(service, stack.variables[name], name)
    }
    read = {stack.variables[name] for name in ("DATABASE_SECRET", "VOLUME_DISCOUNT_PARAMETER", "PRICE_TABLE")}
    assert read == held


def test_what_its_outputs_tell_to_do_is_there_to_be_done():
    told = " ".join(str(output["Value"]) for output in load()["Outputs"].values())
    files = re.findall(r"examples/[a-z./]+", told)
    assert ["examples/prices.csv", "examples/quote.json"] == files
    assert all((ROOT / file).is_file() for file in files)


# -- what it allows --


def test_no_statement_is_wider_than_reading_what_is_listed(stack):
    arns = {
        stack.variables["DATABASE_SECRET"],
        f"arn:aws:ssm:us-east-1:123456789012:parameter{stack.parameter}",
        f"arn:aws:s3:::{stack.bucket}",
        *stack.objects,
    }
    for statement in stack.statements:
        assert {"Sid", "Effect", "Action", "Resource"} == set(statement)
        assert set(statement["Action"]) <= set.union(*READING.values()), statement
        assert set(statement["Resource"]) <= arns, statement
    assert [] == [text for text in re.findall(r"(?m)^\s*(?:Action|Resource|- ).*$", policy_text()) if "*" in text]


def policy_text():
    """The part of the file that the policy is."""
    text = (ROOT / "template.yaml").read_text("utf-8")
    return text[text.index("      Policies:") : text.index("      Events:")]


def test_whatever_is_listed_may_be_read(stack):
    needs = {
        "secretsmanager:GetSecretValue": stack.variables["DATABASE_SECRET"],
        "ssm:GetParameter": f"arn:aws:ssm:us-east-1:123456789012:parameter{stack.parameter}",
        "ssm:GetParameters": f"arn:aws:ssm:us-east-1:123456789012:parameter{stack.parameter}",
        "s3:GetObject": stack.objects[0],
        "s3:ListBucket": f"arn:aws:s3:::{stack.bucket}",
    }
    assert [] == [action for action, arn in needs.items() if not allows(stack.statements, action, arn)]
    used = {action for statement in stack.statements for action in statement["Action"]}
    assert set(needs) == used


# -- that it works --


@pytest.fixture
def shop(opt, path, tmp_path):
    """shop(change): starts a sidecar as the template has it, on AWS with the template's resources and its policy, which
    `change(stack, aws)` may change; gives the function's environment, the policy and the Extensions API."""
    with FakeAws() as aws, FakeLambdaApi() as api, ExitStack() as processes:

        def start(change=lambda stack, aws: None):
            stack = Stack()
            stack = Stack(aws.put_secret(stack.secret_name, SECRET).arn)
            aws.put_parameter(stack.parameter, "on")
            aws.put_object(stack.bucket, "prices.csv", PRICES)
            aws.denials = Policy(stack.statements)
            change(stack, aws)
            environ = stack.variables | {"PATH": path}
            sidecar = Sidecar.start(api, aws, opt=opt, folder=tmp_path / "sidecar", environ=environ)
            processes.enter_context(sidecar)
            given = {name: sidecar.environ[name] for name in ("AWS_SESSION_TOKEN", "PREHEAT_PORT")}
            return given | stack.variables, aws.denials, api

        yield start


def test_with_its_policy_and_no_more_the_function_answers(shop, tmp_path):
    environ, policy, api = shop()
    api.wait_next()
    run = invoke(tmp_path, environ)
    assert 200 == run.answers[0]["statusCode"], run.output
    assert [] == policy.refused


def test_before_the_price_table_is_uploaded_its_absence_is_told_as_such(shop, tmp_path):
    """Which is what s3:ListBucket is allowed for."""
    environ, policy, api = shop(lambda stack, aws: aws.delete_object(stack.bucket, "prices.csv"))
    api.wait_next()
    run = invoke(tmp_path, environ)
    assert 503 == run.answers[0]["statusCode"]
    assert "NoSuchKey" in run.output
    assert [] == policy.refused


def without(sid):
    """A change of the policy: one statement is not there."""

    def change(stack, aws):
        aws.denials = Policy([statement for statement in stack.statements if sid != statement["Sid"]])

    return change


@pytest.mark.parametrize("sid", ["ReadTheFlag", "ReadThePriceTable"])
def test_without_a_statement_the_function_has_no_price_to_give(sid, shop, tmp_path):
    environ, policy, api = shop(without(sid))
    api.wait_next()
    assert 503 == invoke(tmp_path, environ).answers[0]["statusCode"]
    assert policy.refused


def test_without_leave_to_read_the_required_secret_there_is_no_start(shop):
    _, policy, api = shop(without("ReadTheDatabaseSecret"))
    assert "Preheat.RequiredResourceUnavailable" == api.wait_init_error().error_type
    assert {"secretsmanager:GetSecretValue"} == {action for action, _ in policy.refused}


def test_without_leave_to_list_a_missing_table_looks_like_a_forbidden_one(shop, tmp_path):
    def change(stack, aws):
        without("TellMissingFromForbidden")(stack, aws)
        aws.delete_object(stack.bucket, "prices.csv")

    environ, policy, api = shop(change)
    api.wait_next()
    assert "NoSuchKey" not in invoke(tmp_path, environ).output
    assert {"s3:ListBucket"} == {action for action, _ in policy.refused}
