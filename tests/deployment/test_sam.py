"""template.yaml in the hands of AWS SAM."""

from __future__ import annotations

import compileall
import platform
import shutil
import sys
import zipfile

import pytest

from tests.deployment.sam_template import FUNCTION, ROOT, TEMPLATE, load

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower(), "x86_64")

pytestmark = pytest.mark.timeout(180)  # seconds: SAM takes its time, and its build installs what the function needs


def test_the_template_is_valid(sam, tmp_path):
    shutil.copy(TEMPLATE, tmp_path)
    assert "is a valid SAM Template" in sam("validate", "--lint", cwd=tmp_path)


@pytest.fixture(scope="module")
def built(sam, layer_zip, tmp_path_factory):
    """The folder that `sam build` has filled, from a checkout after ``build.sh``."""
    checkout = tmp_path_factory.mktemp("sam")
    shutil.copy(TEMPLATE, checkout)
    shutil.copytree(
        ROOT / "sample_function", checkout / "sample_function", ignore=shutil.ignore_patterns("__pycache__")
    )
    (checkout / "dist").mkdir()
    shutil.copy(layer_zip, checkout / "dist" / "layer.zip")
    parameters = [f"Runtime={PYTHON}", f"Architecture={ARCHITECTURE}"]
    assert "Build Succeeded" in sam("build", "--parameter-overrides", *parameters, cwd=checkout)
    return checkout / ".aws-sam" / "build"


def test_the_built_template_has_the_layer(built, layer_zip):
    """SAM says "Build Succeeded" even where the zip is missing."""
    uri = load(built / "template.yaml")["Resources"]["PreheatLayer"]["Properties"]["ContentUri"]
    with zipfile.ZipFile(built / uri) as found, zipfile.ZipFile(layer_zip) as wanted:
        assert found.testzip() is None
        assert sorted(wanted.namelist()) == sorted(found.namelist())
        assert {"extensions/preheat", "preheat/start.py", "python/preheat/__init__.py"} <= set(found.namelist())


def test_the_built_function_has_its_code_and_its_libraries_and_not_preheat(built):
    function = built / load(built / "template.yaml")["Resources"][FUNCTION]["Properties"]["CodeUri"]
    assert (function / "order_pricing" / "app.py").is_file()
    assert (function / "aws_lambda_powertools").is_dir()
    assert (function / "requests").is_dir()
    assert not (function / "preheat").exists(), "it comes with the layer"
    assert compileall.compile_dir(function / "order_pricing", quiet=1)
