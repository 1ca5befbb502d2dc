"""The sample function, with a clock around its static code and its handler: what Lambda runs in the demo."""

from __future__ import annotations

import time

_BEGAN = time.time()

from order_pricing import app  # noqa: E402 (this is what is measured)

_ENDED = time.time()


def handler(event, context):  # type: ignore[no-untyped-def]  # typing would be loaded outside of what is measured
    """The sample's answer, and when what ran, in seconds since the epoch."""
    began = time.time()
    answer = app.handler(event, context)
    return {"answer": answer, "static": [_BEGAN, _ENDED], "handler": [began, time.time()]}
