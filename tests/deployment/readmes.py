"""The commands that the examples' READMEs give."""

from __future__ import annotations

import re
import shlex

from tests.deployment.sam_template import ROOT

EXAMPLES = ROOT / "examples"


def commands(example: str) -> list[list[str]]:
    """The lines of the example's shell block, as words."""
    (block,) = re.findall(r"(?ms)^```sh\n(.*?)^```$", (EXAMPLES / example / "README.md").read_text("utf-8"))
    return [shlex.split(line) for line in block.splitlines()]
