"""What the sample function is deployed with is what it is tested with."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PIN = re.compile(r"(?m)^([a-z0-9-]+)(?:\[[a-z]+])?==([^ \n]+)")


def test_its_requirements_are_pinned_to_the_versions_of_the_tests():
    locked = dict(PIN.findall((ROOT / "requirements" / "dev.txt").read_text("utf-8")))
    needed = dict(PIN.findall((ROOT / "sample_function" / "requirements.txt").read_text("utf-8")))
    assert {"aws-lambda-powertools", "requests"} == set(needed)
    assert needed == {name: locked[name] for name in needed}
