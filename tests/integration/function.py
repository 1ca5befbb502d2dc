"""The sample function in a process of its own, as Lambda's runtime would call it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.integration.sidecar import ROOT

_RUN = """
import json, sys, types
from order_pricing.app import handler
name = "OrderPricing"
arn = "arn:aws:lambda:us-east-1:123456789012:function:" + name
context = types.SimpleNamespace(
    function_name=name, function_version="$LATEST", memory_limit_in_mb=512, invoked_function_arn=arn,
    aws_request_id="d6af9ac6-7b61-11e6-9a41-93e8deadbeef", tenant_id=None, get_remaining_time_in_millis=lambda: 9000,
)
answers = [handler(event, context) for event in json.load(sys.stdin)]
with open(sys.argv[1], "w") as file:
    json.dump(answers, file)
"""
EVENT: dict[str, Any] = json.loads((ROOT / "examples" / "quote.json").read_text("utf-8"))
PRICES = (ROOT / "examples" / "prices.csv").read_bytes()


class Run(NamedTuple):
    """What the function answered, and all that it wrote to its log."""

    answers: list[dict[str, Any]]
    output: str

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.output.splitlines()]

    @property
    def metrics(self) -> dict[str, Any]:
        """The metrics by name; each invocation's, added up."""
        found: dict[str, float] = {}
        for line in self.log:
            for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
                for metric in directive["Metrics"]:
                    found[metric["Name"]] = found.get(metric["Name"], 0) + sum(line[metric["Name"]])
        return found


def invoke(folder: Path, environ: Mapping[str, str], events: Sequence[dict[str, Any]] = (EVENT,)) -> Run:
    """Start the function with `environ`, invoke it once for each event, and end it. A warning is an error."""
    answers = folder / "answers.json"
    path = f"{ROOT / 'sample_function'}:{ROOT / 'layer' / 'python'}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _RUN, answers],
        input=json.dumps(list(events)),
        env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "AWS_LAMBDA_FUNCTION_NAME": "OrderPricing", **environ},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.returncode == 0, done.stderr
    assert "" == done.stderr, done.stderr
    return Run(json.loads(answers.read_text("utf-8")), done.stdout)


def order(*lines: tuple[str, int]) -> dict[str, Any]:
    """The event of an order."""
    document = {"lines": [{"article": article, "quantity": quantity} for article, quantity in lines]}
    return EVENT | {"body": json.dumps(document)}
