"""The tests that docs/security.md points at are there."""

from __future__ import annotations

import re

from tests.integration.sidecar import ROOT

ROWS = re.findall(r"^\|.+\|.+\|\s*(.+?)\s*\|$", (ROOT / "docs" / "security.md").read_text("utf-8"), re.MULTILINE)


def test_every_threat_has_a_test_and_the_test_is_there():
    _, *cells = [cell for cell in ROWS if cell.strip("-")]
    assert len(cells) > 15
    for cell in cells:
        names = re.findall(r"`([^`]+)`", cell)
        assert names
        for name in names:
            place = name if "/" in name else f"tests/integration/test_{name}.py"
            assert name.startswith("make ") or (ROOT / place).exists(), name
