"""What docs/ names is there: settings, options, files."""

from __future__ import annotations

import re

import pytest

from extension.settings import names
from layer import contents
from tests.integration.sidecar import ROOT

DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
SETTINGS = {*names.KNOWN, *names.AWS}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_setting_that_is_named_is_one(path):
    form = r"\b(?:PREHEAT|PARAMETERS_SECRETS_EXTENSION|SECRETS_MANAGER)_[A-Z_]+\b"
    assert set() == set(re.findall(form, path.read_text("utf-8"))) - SETTINGS


def test_the_other_file_name_is_the_one_that_is_built():
    text = (ROOT / "docs" / "migrating.md").read_text("utf-8")
    assert f"`{contents.AWS_LAUNCHER.partition('/')[2]}`" in text
    assert '"--aws-name"' in (ROOT / "layer" / "build.py").read_text("utf-8")
