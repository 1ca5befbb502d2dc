"""Powertools' Logger, Metrics and Tracer, set up once."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger, Metrics, Tracer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

SERVICE = "order-pricing"
NAMESPACE = "OrderPricing"


class _NoTraces:
    """Where a tracer that is off puts its segments, instead of into the X-Ray SDK."""

    def in_subsegment(self, name: str = "") -> AbstractContextManager[_NoTraces]:  # noqa: ARG002
        """A segment that keeps nothing."""
        return nullcontext(self)

    def put_annotation(self, key: str, value: object) -> None:
        """Nothing."""

    def put_metadata(self, key: str, value: object, namespace: str = "") -> None:
        """Nothing."""


def tracer_for(environ: Mapping[str, str]) -> Tracer:
    """A tracer that is on where Lambda runs the function, unless ``POWERTOOLS_TRACE_DISABLED`` says no.

    Where it is off nothing of the X-Ray SDK but its switch is loaded: it brings botocore along, a good part of a cold
    start. Libraries are not patched either (``auto_patch``), for the same reason.
    """
    switched_off = environ.get("POWERTOOLS_TRACE_DISABLED", "").lower() in ("1", "true", "yes", "on", "y", "t")
    if switched_off or "LAMBDA_TASK_ROOT" not in environ:
        return Tracer(service=SERVICE, disabled=True, auto_patch=False, provider=_NoTraces())  # type: ignore[arg-type]
    return Tracer(service=SERVICE, auto_patch=False)


logger = Logger(service=SERVICE)
metrics = Metrics(service=SERVICE, namespace=NAMESPACE)
tracer = tracer_for(os.environ)
