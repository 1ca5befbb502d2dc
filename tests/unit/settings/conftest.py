"""Fixtures for the tests of PREHEAT_CONFIG."""

from __future__ import annotations

import pytest

from tests.unit.settings.config import Folder


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """stored(content): what is said of a file with that in it."""
    monkeypatch.chdir(tmp_path)
    return Folder(tmp_path)
