"""The streams of the tables: every committed change becomes an event, and every event is dispatched.

Two functions share this module, each of which imports what the other does not need.
"""

from typing import Any

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib.api import clock
from chalicelib.api.observability import count, logger
from chalicelib.domain.events import business
from chalicelib.services.events import stream_positions

blueprint = Blueprint(__name__)


@blueprint.on_dynamodb_record(stream_arn="arn:aws:dynamodb:us-east-1:123456789012:table/replaced-by-the-template")
def publish_changes(event: DynamoDBEvent) -> dict[str, int]:
    """Write the events of a batch of changes, take accounts that ended out of their partner's contacts, and set alarms
    for what partners earn.

    A batch that fails is delivered again, and publishes nothing twice.
    """
    from chalicelib.services.accounts import usage
    from chalicelib.services.earnings import postings
    from chalicelib.services.events import event_log

    records = event.to_dict()["Records"]
    changes = [_change(record) for record in records]
    published = event_log.publish(changes)
    usage.recount(changes)
    postings.set_alarms(changes, now=clock.now())
    logger.info("published", extra={"changes": len(records), "events": len(published)})
    stream_positions.remember_read(_positions(records))
    return {"events": len(published)}


@blueprint.on_dynamodb_record(stream_arn="arn:aws:dynamodb:us-east-1:123456789012:table/replaced-by-the-template")
def spread_events(event: DynamoDBEvent) -> dict[str, Any]:
    """Dispatch new events to the vendor's bus, to notices and to webhooks, and count them for the business dashboard.

    From the first refused event on, all come again, so that their order is kept. Rows that expire, or
    were overwritten with the same content, are ignored.
    """
    from chalicelib.services.events import dispatch

    records = event.to_dict()["Records"]
    new = [record for record in records if record["eventName"] == "INSERT"]
    dispatched = dispatch.dispatch_events([record["dynamodb"]["NewImage"] for record in new])
    count(business.counts(dispatched))
    for currency, amount in business.amounts_paid(dispatched).items():
        count({business.AMOUNT_PAID: amount}, currency=currency)
    logger.info("dispatched", extra={"records": len(records), "events": len(dispatched)})
    if len(dispatched) < len(new):
        first = new[len(dispatched)]["dynamodb"].get("SequenceNumber", "")
        logger.warning("the events from here on were refused, and will come again", extra={"sequence_number": first})
        return {"batchItemFailures": [{"itemIdentifier": first}]}
    stream_positions.remember_read(_positions(records))
    return {"batchItemFailures": []}


def _change(record: dict[str, Any]) -> tuple[str, Any, Any]:
    """Table, old image, new image."""
    images = record["dynamodb"]
    return _table(record), images.get("OldImage"), images.get("NewImage")


def _table(record: dict[str, Any]) -> str:
    """The table, which is named in the stream's ARN."""
    arn: str = record["eventSourceARN"]
    return arn.split("/")[1]


def _positions(records: list[dict[str, Any]]) -> dict[str, str]:
    """The last change of each table. Events published again by hand (infra/events.py) have no stream position."""
    streamed = [record for record in records if "SequenceNumber" in record["dynamodb"]]
    return {_table(record): record["dynamodb"]["SequenceNumber"] for record in streamed}
