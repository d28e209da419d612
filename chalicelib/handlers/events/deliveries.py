"""Posting events to webhooks, from the queue."""

from datetime import UTC, datetime
from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib.api import clock
from chalicelib.api.observability import logger
from chalicelib.services.events import deliveries

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue="deliveries.fifo", batch_size=1)
def deliver_webhooks(event: SQSEvent) -> Any:
    """Make a message's deliveries. A webhook's messages come one after the other, so a slow one delays only itself."""
    now = clock.now()
    for record in event.to_dict()["Records"]:
        due = deliveries.parse_message(record["body"])
        counts = deliveries.deliver(due, now=now, sent_at=datetime.now(UTC))
        logger.info("delivered", extra={"webhook": due.payer, "run": due.run, "outcomes": counts})
