"""examples/terraform: by Terraform where it and its AWS provider are, and always by a parser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile

import hcl2
import pytest

from extension.settings import Settings
from layer import interpreters
from tests.deployment.readmes import commands
from tests.deployment.sam_template import ROOT

FOLDER = ROOT / "examples" / "terraform"


@pytest.fixture
def checkout(layer_zip, tmp_path):
    """The example's folder as its README makes it."""
    folder = tmp_path / "examples" / "terraform"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns(".terraform*", "*.zip", "*.tfstate*"))
    (tmp_path / "dist").mkdir()
    shutil.copy(layer_zip, tmp_path / "dist" / "layer.zip")
    shutil.copytree(ROOT / "examples" / "function", folder.parent / "function")
    zip_it = commands("terraform")[1]
    assert "python3" == zip_it[0]
    subprocess.run([sys.executable, *zip_it[1:]], cwd=folder, check=True)
    return folder


def terraform(*arguments, cwd):
    if shutil.which("terraform") is None:
        pytest.skip("no Terraform here")
    environ = os.environ | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
    output = subprocess.STDOUT
    return subprocess.run(
        ["terraform", *arguments], cwd=cwd, env=environ, stdout=subprocess.PIPE, stderr=output, text=True
    )


def test_terraform_finds_it_well_written(checkout):
    done = terraform("fmt", "-check", "-diff", cwd=checkout)
    assert done.returncode == 0, done.stdout


def test_terraform_finds_it_valid(checkout):
    started = terraform("init", "-backend=false", "-input=false", "-no-color", cwd=checkout)
    if started.returncode != 0 and "Failed to query available provider packages" in started.stdout:
        pytest.skip("Terraform's registry is out of reach, and so its AWS provider (see TF_CLI_ARGS_init)")
    assert started.returncode == 0, started.stdout
    done = terraform("validate", "-no-color", cwd=checkout)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def document():
    with (FOLDER / "main.tf").open(encoding="utf-8") as file:
        return hcl2.load(file)


def test_its_readme_builds_zips_and_gives_all_variables(document):
    build, _, init, apply = commands("terraform")
    assert (FOLDER / build[0]).samefile(ROOT / "build.sh")
    assert ["terraform", "init"] == init
    assert ["terraform", "apply"] == apply[:2]
    given = [word.partition("=")[0] for word in apply[2:] if word != "-var"]
    assert sorted(given) == sorted(name.strip('"') for variable in document["variable"] for name in variable)


@pytest.fixture
def resources(document):
    """The properties of each resource by its kind; there is one of each."""
    found = {}
    for each in document["resource"]:
        for kind, named in each.items():
            (found[kind.strip('"')],) = named.values()
    return found


def plain(text):
    """A string as Terraform has it after its path and the variables are put in."""
    values = {
        "path.module": ".",
        "var.secret_arn": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:db-AbCdEf",
        "var.parameter_arn": "arn:aws:ssm:eu-central-1:123456789012:parameter/app/flag",
    }
    return re.sub(r"\$\{([a-z_.]+)}", lambda match: values.get(match[1], match[0]), text.strip('"'))


def test_what_it_uploads_is_what_its_readme_makes(resources, checkout):
    layer, function = resources["aws_lambda_layer_version"], resources["aws_lambda_function"]
    assert (checkout / plain(layer["filename"])).samefile(checkout / "../../dist/layer.zip")
    with zipfile.ZipFile(checkout / plain(function["filename"])) as archive:
        assert ["handler.py"] == archive.namelist()
    assert "handler.handler" == plain(function["handler"])


def test_the_function_has_the_layer_and_the_layer_serves_it(resources):
    layer, function = resources["aws_lambda_layer_version"], resources["aws_lambda_function"]
    assert ["${aws_lambda_layer_version.preheat.arn}"] == function["layers"]
    runtimes = [plain(runtime) for runtime in layer["compatible_runtimes"]]
    assert [] == [
        runtime for runtime in runtimes if runtime not in {f"python3.{minor}" for minor in interpreters.MINORS}
    ]
    assert plain(function["runtime"]) in runtimes
    assert {plain(each) for each in function["architectures"]} <= {
        plain(each) for each in layer["compatible_architectures"]
    }


def test_its_lists_are_lists_of_preheat_and_all_that_it_allows(resources):
    variables = {
        name: plain(value) for name, value in resources["aws_lambda_function"]["environment"][0]["variables"].items()
    }
    settings = Settings.from_environ({"AWS_REGION": "eu-central-1", **variables})
    assert () == settings.warnings
    assert [variables["SECRET"], variables["FLAG"]] == [entry.spelling for entry in settings.entries]

    policy = resources["aws_iam_role_policy"]["policy"]
    assert {"secretsmanager:GetSecretValue", "ssm:GetParameters", "ssm:GetParameter"} == set(
        re.findall(r'"([a-z0-9]+:[A-Za-z*]+)"', policy)
    )
    assert ["var.secret_arn", "var.parameter_arn"] == re.findall(r"Resource = ([^}\]]+)", policy)
