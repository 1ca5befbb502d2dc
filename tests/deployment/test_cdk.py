"""examples/cdk: synthesised where the CDK is, and what comes out looked at; always read by a parser."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess

import pytest

from extension.settings import Settings
from layer import interpreters
from tests.deployment.readmes import commands
from tests.deployment.sam_template import ROOT

APP = ROOT / "examples" / "cdk"
CDK = ROOT / ".cache" / "cdk" / "bin" / "python"

# Seconds. The first synthesis on a machine unpacks the library, the next ones take half as long.
pytestmark = pytest.mark.timeout(180)


# -- by a parser --


@pytest.fixture(scope="module")
def tree():
    return ast.parse((APP / "app.py").read_text("utf-8"))


def test_its_layer_is_for_what_the_build_makes_it_for(tree):
    (runtimes,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and "RUNTIMES" == ast.unparse(node.targets[0])
    ]
    assert tuple(f"python3.{minor}" for minor in interpreters.MINORS) == runtimes


def test_its_settings_are_settings_of_preheat_and_its_assets_are_there(tree):
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assets = [ast.unparse(call.args[0]) for call in calls if ast.unparse(call.func).endswith("from_asset")]
    assert ["str(HERE.parents[1] / 'dist' / 'layer.zip')", "str(HERE.parent / 'function')"] == assets
    assert (APP.parent / "function" / "handler.py").is_file()
    (environment,) = [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "environment"]
    assert isinstance(environment, ast.Dict)
    names = {ast.literal_eval(key) for key in environment.keys if key is not None}
    assert {"PREHEAT_SECRETS", "PREHEAT_PARAMETERS", "SECRET", "FLAG"} == names


def test_its_readme_builds_installs_and_deploys():
    build, install, deploy = commands("cdk")
    assert (APP / build[0]).samefile(ROOT / "build.sh")
    assert ["pip", "install", "-r"] == install[:3]
    assert (APP / install[3]).read_text("utf-8").startswith("aws-cdk-lib")
    assert ["npx", "aws-cdk", "deploy"] == deploy


# -- by the CDK --


@pytest.fixture(scope="module")
def checkout(layer_zip, tmp_path_factory):
    """The part of a checkout that the app reads, after ``build.sh``."""
    folder = tmp_path_factory.mktemp("cdk")
    (folder / "dist").mkdir()
    shutil.copy(layer_zip, folder / "dist" / "layer.zip")
    for name in ("cdk", "function"):
        ignore = shutil.ignore_patterns("__pycache__", "cdk.out")
        shutil.copytree(ROOT / "examples" / name, folder / "examples" / name, ignore=ignore)
    return folder


@pytest.fixture(scope="module")
def assembly(checkout):
    """The cloud assembly's folder and its template."""
    if not CDK.exists():
        pytest.skip("no CDK here: `make cdk` installs it")
    if shutil.which("node") is None:
        pytest.skip("the CDK needs Node.js, which is not here")
    app = checkout / "examples" / "cdk"
    command = json.loads((app / "cdk.json").read_text("utf-8"))["app"].split()
    assert "python3" == command.pop(0)
    environ = os.environ | {
        "CDK_OUTDIR": str(checkout / "cdk.out"),
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(ROOT / ".cache" / "jsii"),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    }
    done = subprocess.run([CDK, *command], cwd=app, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    template = json.loads((checkout / "cdk.out" / "PreheatExample.template.json").read_text("utf-8"))
    return checkout / "cdk.out", template


def properties(template, kind):
    """The properties of the only resource of its kind."""
    (found,) = [each["Properties"] for each in template["Resources"].values() if kind == each["Type"]]
    return found


def test_the_layer_is_the_zip_that_was_built(assembly, layer_zip):
    folder, template = assembly
    key = properties(template, "AWS::Lambda::LayerVersion")["Content"]["S3Key"]
    assert layer_zip.read_bytes() == (folder / f"asset.{key}").read_bytes()


def test_the_function_has_the_layer_and_its_code(assembly):
    folder, template = assembly
    function = properties(template, "AWS::Lambda::Function")
    layer = properties(template, "AWS::Lambda::LayerVersion")
    (attached,) = function["Layers"]
    assert "AWS::Lambda::LayerVersion" == template["Resources"][attached["Ref"]]["Type"]
    assert function["Runtime"] in layer["CompatibleRuntimes"]
    assert set(function["Architectures"]) <= set(layer["CompatibleArchitectures"])
    code = folder / f"asset.{function['Code']['S3Key'].removesuffix('.zip')}"
    assert ["handler.py"] == [path.name for path in code.iterdir()]


def test_its_lists_are_lists_of_preheat(assembly):
    _, template = assembly
    variables = properties(template, "AWS::Lambda::Function")["Environment"]["Variables"]
    resolved = {name: resolve(value) for name, value in variables.items()}
    settings = Settings.from_environ({"AWS_REGION": "us-east-1", **resolved})
    assert () == settings.warnings
    assert [resolved["SECRET"], resolved["FLAG"]] == [entry.spelling for entry in settings.entries]


def test_it_allows_reading_only_the_secret_and_the_parameter(assembly):
    _, template = assembly
    statements = properties(template, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
    actions = {action for statement in statements for action in statement["Action"]}
    assert {"secretsmanager:GetSecretValue", "ssm:GetParameter", "ssm:GetParameters"} <= actions
    assert {"secretsmanager", "ssm"} == {action.partition(":")[0] for action in actions}
    assert not [action for action in actions if "*" in action or action.partition(":")[2].startswith(("Put", "Delete"))]
    assert not [statement for statement in statements if statement["Resource"] == "*"]


def resolve(value):
    """A value as CloudFormation would give it, with names that are not looked at."""
    if isinstance(value, dict):
        if "Fn::Join" in value:
            separator, parts = value["Fn::Join"]
            return separator.join(resolve(part) for part in parts)
        return value["Ref"]
    return value
