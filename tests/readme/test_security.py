"""The tests that docs/security.md points at are there."""

from __future__ import annotations

import re

from tests.integration.sidecar import ROOT

LINES = (ROOT / "docs" / "security.md").read_text("utf-8").splitlines()
CELLS = [line.split("|")[3] for line in LINES if line.startswith("| ")]


def test_every_threat_has_a_test_and_the_test_is_there():
    assert len(CELLS) > 15
    for cell in CELLS[1:]:
        names = re.findall(r"`([^`]+)`", cell)
        assert names
        for name in names:
            place = name if "/" in name else f"tests/integration/test_{name}.py"
            assert name.startswith("make ") or (ROOT / place).exists(), name
