"""Stands for Lambda's runtime where the emulator cannot run: imports the handler, then answers an event per line.

Says "ready" on the standard output that it was given; what the function prints goes to standard error.
"""

from __future__ import annotations

import importlib
import json
import os
import sys


class Context:
    """What handlers and Powertools ask the context for."""

    aws_request_id = "00000000-0000-4000-8000-000000000000"
    function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    function_version = "$LATEST"
    invoked_function_arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function_name}"
    memory_limit_in_mb = "512"


def main() -> None:
    """Serve until the input ends."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1) as answers:
        os.dup2(2, 1)
        handler = importlib.import_module("app").handler

        answers.write('"ready"\n')
        for line in sys.stdin:
            answers.write(json.dumps(handler(json.loads(line), Context())) + "\n")


main()
