"""The list of what the layer is made of, which lies beside it."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile

import pytest

from layer import sbom
from tests.package.conftest import ROOT


@pytest.fixture(scope="module")
def document(layer_zip):
    return json.loads(layer_zip.with_suffix(".cdx.json").read_bytes())


def _sha256(content):
    return [{"alg": "SHA-256", "content": hashlib.sha256(content).hexdigest()}]


def test_it_is_about_this_zip(document, layer_zip):
    assert ("CycloneDX", "1.6") == (document["bomFormat"], document["specVersion"])
    own = document["metadata"]["component"]
    assert ("preheat", _sha256(layer_zip.read_bytes())) == (own["name"], own["hashes"])
    assert [own["version"]] == re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)


def test_the_library_is_the_one_that_is_locked(document):
    (pinned,) = re.findall(
        r"^(\S+)==(\S+) .*\n +--hash=sha256:(\w+)", (ROOT / "requirements/layer.txt").read_text(), re.MULTILINE
    )
    library = document["components"][0]
    assert pinned == (library["name"], library["version"], library["hashes"][0]["content"])
    assert ("pkg:pypi/cachetools@" + pinned[1], "MIT") == (library["purl"], library["licenses"][0]["license"]["id"])


def test_the_certificates_are_those_in_the_zip(document, layer_zip):
    roots = document["components"][1]
    with zipfile.ZipFile(layer_zip) as opened:
        assert _sha256(opened.read(roots["name"])) == roots["hashes"]
    (certifi,) = roots["pedigree"]["ancestors"]
    assert ("certifi", f"pkg:pypi/certifi@{certifi['version']}") == (certifi["name"], certifi["purl"])


def test_every_reference_is_to_something_and_everything_is_depended_on(document):
    own = document["metadata"]["component"]
    references = [component["bom-ref"] for component in document["components"]]
    assert [own["bom-ref"], *references] == [each["ref"] for each in document["dependencies"]]
    assert references == document["dependencies"][0]["dependsOn"]


def test_it_lists_all_that_is_of_others_in_the_layer(document, layer_zip):
    """A license beside ours, or a certificate, came with something of somebody else's."""
    with zipfile.ZipFile(layer_zip) as opened:
        names = opened.namelist()
    licenses = {name.removeprefix("preheat/").removesuffix(".LICENSE") for name in names if name.endswith(".LICENSE")}
    certificates = {name for name in names if name.endswith(".pem")}
    assert licenses | certificates == {component["name"] for component in document["components"]}


def test_it_is_the_same_for_the_same_layer_and_dated_only_if_told(checkout):
    cache = checkout / ".cache" / "layer"
    plain, dated = (sbom.describe(checkout, cache, b"layer", epoch) for epoch in (None, 1700000000))
    assert plain == sbom.describe(checkout, cache, b"layer", None)
    assert "timestamp" not in json.loads(plain)["metadata"]
    assert "2023-11-14T22:13:20Z" == json.loads(dated)["metadata"]["timestamp"]


@pytest.mark.parametrize(
    ("place", "content"),
    [("extension/__init__.py", '"""Preheat."""'), ("extension/aws/amazon_roots.pem", "# from somewhere")],
)
def test_what_the_checkout_does_not_say_is_missed(checkout, tmp_path, place, content):
    for each in ("extension/__init__.py", "extension/aws/amazon_roots.pem", "requirements/layer.txt"):
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).write_bytes((checkout / each).read_bytes())
    (tmp_path / place).write_text(content)
    with pytest.raises(sbom.Undescribed):
        sbom.describe(tmp_path, checkout / ".cache" / "layer", b"layer", None)
