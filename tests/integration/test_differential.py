"""One AWS, moto's, read through Preheat and through boto3: the same values, and the same codes where there is none."""

from __future__ import annotations

import base64
import datetime
import json
import os
import subprocess
import sys
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.fakes.lambda_api import FakeLambdaApi
from tests.integration.sidecar import ROOT, Sidecar

TEXTS = {
    "plain": "the value",
    "prod/db": json.dumps({"user": "ü", "password": 'a"b\\c'}),
    "a/b_c+d=e.f@g-h": "odd name",
    "unicode": "schlüssel ☃ 𝄞 \u0000\u001f\u2028",
    "spaces": "  \r\n\tvalue \n",
    "largest": "ä" * 32_768,  # 64 KB
    "json-number": "1e400",
}
BINARIES = {"binary": bytes(range(256)), "largest-binary": os.urandom(65_536)}
PARAMETERS = {
    "/app/string": ("String", "the value"),
    "/app/list": ("StringList", "a,b,,ü"),
    "/app/secure": ("SecureString", "hidden ☃"),
    "plain-parameter": ("String", " \n blanks\t"),
    "/app/deep/er/still": ("String", "x"),
    "/app/largest": ("String", "v" * 8192),
}


@pytest.fixture(scope="module")
def environ(tmp_path_factory):
    """moto as a process of its own, every signature checked; what a function there has in its environment."""
    data = tmp_path_factory.mktemp("moto") / "data.json"
    data.write_text(json.dumps({"secrets": {}, "parameters": {}, "objects": {}}))
    command = [sys.executable, "-m", "tests.emulator.moto_server", data]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as moto:
        yield json.loads(moto.stdout.readline())
        moto.terminate()


@pytest.fixture(scope="module")
def clients(environ):
    options = {
        "endpoint_url": environ["AWS_ENDPOINT_URL"],
        "region_name": environ["AWS_REGION"],
        "aws_access_key_id": environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": environ["AWS_SECRET_ACCESS_KEY"],
        "aws_session_token": environ["AWS_SESSION_TOKEN"],
        "config": Config(retries={"total_max_attempts": 1}),
    }
    return boto3.client("secretsmanager", **options), boto3.client("ssm", **options)


@pytest.fixture(scope="module")
def filled(clients):
    """What AWS holds; the ids of the versions of secret "rotated", oldest first."""
    secrets, parameters = clients
    for name, text in TEXTS.items():
        secrets.create_secret(Name=name, SecretString=text)
    for name, binary in BINARIES.items():
        secrets.create_secret(Name=name, SecretBinary=binary)
    versions = [secrets.create_secret(Name="rotated", SecretString="first")["VersionId"]]
    for text, stages in (("second", ["AWSCURRENT"]), ("third", ["AWSPENDING", "mine"])):
        made = secrets.put_secret_value(SecretId="rotated", SecretString=text, VersionStages=stages)
        versions.append(made["VersionId"])
    for name, (kind, value) in PARAMETERS.items():
        tier = "Advanced" if len(value) > 4096 else "Standard"
        parameters.put_parameter(Name=name, Value=value, Type=kind, Tier=tier)
    for value in ("first", "second", "third"):
        parameters.put_parameter(Name="/versions", Value=value, Type="SecureString", Overwrite=True)
    parameters.label_parameter_version(Name="/versions", ParameterVersion=2, Labels=["live", "blue.2"])
    return versions


@pytest.fixture(scope="module", params=["prefetched", "on demand"])
def sidecar(request, environ, filled, opt, tmp_path_factory):
    lists: dict[str, Any] = {}
    if request.param == "prefetched":
        lists = {"secrets": [*TEXTS, *BINARIES, "rotated"], "parameters": [*PARAMETERS, "/versions"]}
    folder = tmp_path_factory.mktemp("differential") / "sidecar"
    with FakeLambdaApi() as api, Sidecar.start(api, None, opt=opt, folder=folder, environ=environ, **lists) as sidecar:
        api.wait_next()
        yield sidecar


def _milliseconds(moment):
    """As the Go SDK prints it: UTC, three digits, zeros at the end left out."""
    text = moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
    return text.rstrip("0").rstrip(".") + "Z"


def _same_secret(secrets, sidecar, name, **selector):
    theirs = secrets.get_secret_value(SecretId=name, **selector)
    query = "".join(f"&{key[0].lower()}{key[1:]}={value}" for key, value in selector.items())
    ours = sidecar.get(f"/secretsmanager/get?secretId={quote(name, '')}{query}").json
    binary = theirs.get("SecretBinary")
    assert {
        "ARN": theirs["ARN"],
        "CreatedDate": _milliseconds(theirs["CreatedDate"]),
        "Name": theirs["Name"],
        "SecretBinary": None if binary is None else base64.b64encode(binary).decode(),
        "SecretString": theirs.get("SecretString"),
        "VersionId": theirs["VersionId"],
        "VersionStages": theirs["VersionStages"],
        "ResultMetadata": {},
    } == ours
    names = {"VersionId": "version", "VersionStage": "stage"}
    query = "&".join([f"{names[key]}={value}" for key, value in selector.items()])
    answer = sidecar.get(f"/secrets/{quote(name)}?{query}")
    assert (binary if binary is not None else theirs["SecretString"].encode()) == answer.body
    assert f'"{theirs["VersionId"]}"' == answer.header("etag")


@pytest.mark.parametrize("name", [*TEXTS, *BINARIES])
def test_a_secret_by_its_name_and_its_arn(clients, sidecar, name):
    secrets, _ = clients
    _same_secret(secrets, sidecar, name)
    arn = secrets.describe_secret(SecretId=name)["ARN"]
    _same_secret(secrets, sidecar, arn)
    _same_secret(secrets, sidecar, arn[:-7])


def test_the_versions_and_stages_of_a_secret(clients, sidecar, filled):
    secrets, _ = clients
    _same_secret(secrets, sidecar, "rotated")
    for version in filled:
        _same_secret(secrets, sidecar, "rotated", VersionId=version)
    for stage in ("AWSCURRENT", "AWSPREVIOUS", "AWSPENDING", "mine"):
        _same_secret(secrets, sidecar, "rotated", VersionStage=stage)


def _same_parameter(parameters, sidecar, name, selector="", *, decrypt):
    theirs = parameters.get_parameter(Name=name + selector, WithDecryption=decrypt)["Parameter"]
    key = "version" if selector[1:].isdigit() else "label"
    query = f"&{key}={selector[1:]}" if selector else ""
    flag = str(decrypt).lower()
    ours = sidecar.get(f"/systemsmanager/parameters/get?name={quote(name, '')}&withDecryption={flag}{query}").json
    assert {
        "ARN": theirs["ARN"],
        "DataType": theirs["DataType"],
        "LastModifiedDate": _milliseconds(theirs["LastModifiedDate"]),
        "Name": theirs["Name"],
        "Selector": theirs.get("Selector") or selector or None,
        "SourceResult": None,
        "Type": theirs["Type"],
        "Value": theirs["Value"],
        "Version": theirs["Version"],
    } == ours["Parameter"]
    answer = sidecar.get(f"/parameters/{quote(name.removeprefix('/'))}?decrypt={flag}{query}")
    assert theirs["Value"] == answer.text


@pytest.mark.parametrize("decrypt", [True, False])
@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_by_its_name_and_its_arn(clients, sidecar, name, decrypt):
    _, parameters = clients
    _same_parameter(parameters, sidecar, name, decrypt=decrypt)
    arn = parameters.get_parameter(Name=name)["Parameter"]["ARN"]
    _same_parameter(parameters, sidecar, arn, decrypt=decrypt)


@pytest.mark.parametrize("decrypt", [True, False])
@pytest.mark.parametrize("selector", ["", ":1", ":2", ":3", ":live", ":blue.2"])
def test_the_versions_and_labels_of_a_parameter(clients, sidecar, selector, decrypt):
    _same_parameter(clients[1], sidecar, "/versions", selector, decrypt=decrypt)


def test_a_path_of_parameters(clients, sidecar):
    _, parameters = clients
    for pattern, recursive in (("*", False), ("**", True)):
        pages = parameters.get_paginator("get_parameters_by_path").paginate(
            Path="/app", Recursive=recursive, WithDecryption=True
        )
        theirs = {each["Name"]: each["Value"] for page in pages for each in page["Parameters"]}
        assert theirs == sidecar.get(f"/parameters/app/{pattern}").json


def test_a_batch(clients, sidecar):
    secrets, parameters = clients
    body = json.dumps({"secrets": [*TEXTS, *BINARIES], "parameters": list(PARAMETERS)}).encode()
    found = sidecar.request("POST", "/batch", body=body).json
    for name in (*TEXTS, *BINARIES):
        theirs = secrets.get_secret_value(SecretId=name)
        value = found["secrets"][name].get("value") or base64.b64decode(found["secrets"][name]["base64"])
        assert (theirs.get("SecretString") or theirs["SecretBinary"]) == value
    theirs = {
        name: parameters.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] for name in PARAMETERS
    }
    assert theirs == {name: item["value"] for name, item in found["parameters"].items()}


# What is asked of boto3, by drop-in path and by own path. No unknown label: moto has another code for it than AWS. No
# version of an unknown parameter: GetParameters, which Preheat calls, does not say which of the two does not exist.
ABSENT = {
    "secret": (
        {"SecretId": "absent"},
        "/secretsmanager/get?secretId=absent",
        "/secrets/absent",
    ),
    "stage": (
        {"SecretId": "rotated", "VersionStage": "NOSUCH"},
        "/secretsmanager/get?secretId=rotated&versionStage=NOSUCH",
        "/secrets/rotated?stage=NOSUCH",
    ),
    "version": (
        {"SecretId": "rotated", "VersionId": "0" * 32},
        f"/secretsmanager/get?secretId=rotated&versionId={'0' * 32}",
        f"/secrets/rotated?version={'0' * 32}",
    ),
    "parameter": (
        {"Name": "/absent"},
        "/systemsmanager/parameters/get?name=/absent",
        "/parameters/absent",
    ),
    "version of a parameter": (
        {"Name": "/versions:99"},
        "/systemsmanager/parameters/get?name=/versions&version=99",
        "/parameters/versions?version=99",
    ),
}


@pytest.mark.parametrize("what", ABSENT)
def test_what_is_not_there_has_the_same_code(clients, sidecar, what):
    asked, drop_in, native = ABSENT[what]
    secrets, parameters = clients
    with pytest.raises(ClientError) as refusal:
        (secrets.get_secret_value if "SecretId" in asked else parameters.get_parameter)(**asked)
    code = refusal.value.response["Error"]["Code"]
    answer = sidecar.get(drop_in)
    assert (400, code) == (answer.status, answer.header("preheat-error"))
    answer = sidecar.get(native)
    assert (404, code) == (answer.status, answer.problem["code"])
