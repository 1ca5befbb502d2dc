"""The Lambda handler: an order comes in, a quote goes out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from order_pricing import answers, configuration, orders, pricing, readers
from order_pricing.telemetry import logger, metrics, tracer

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Made once in each execution environment; what it reads is read in each invocation.
READER = readers.named(os.environ.get("READ_WITH") or "preheat")


# Neither the event nor the answer is logged or traced: orders are the customers' business.
@logger.inject_lambda_context(correlation_id_path="requestContext.requestId")
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 (Lambda gives it)
    """Answer 200 with a quote, 400 to what is no order, 422 to an unknown article, 503 where something is missing
    that the service cannot do without."""
    try:
        answer = _price(orders.parse(event))
        outcome = "QuotePriced"
    except orders.BadRequest as error:
        outcome = "BadRequest"
        answer = answers.refused(400, outcome, str(error))
    except pricing.UnknownArticle as error:
        outcome = "UnknownArticle"
        answer = answers.refused(422, outcome, "no price for these articles", articles=error.articles)
    except readers.Unreadable as error:
        outcome = "ConfigurationUnavailable"
        # For those who run the service, not for its callers.
        logger.error("configuration.unavailable", extra={"reason": str(error)})
        answer = answers.refused(503, outcome, "the service is not able to price orders at the moment")
    metrics.add_metric(name=outcome, unit=MetricUnit.Count, value=1)
    return answer


# capture_response would put what a method returns into the trace.
@tracer.capture_method(capture_response=False)
def _price(order: list[orders.Line]) -> dict[str, Any]:
    known = configuration.read(READER, os.environ)
    quote = pricing.quote(order, known.prices, volume_discount=known.volume_discount)
    # The sample ends where its database would begin, which is not worth its price here: a real service would connect
    # with known.database and record the quote.
    logger.info("quote.priced", extra={"lines": len(quote.lines), "database": known.database.address})
    return answers.quoted(quote)
