"""The streams of the tables: every committed change becomes an event."""

from typing import Any

from chalice.app import Blueprint, DynamoDBEvent

from chalicelib.api.observability import logger
from chalicelib.services import events

blueprint = Blueprint(__name__)


@blueprint.on_dynamodb_record(stream_arn="arn:aws:dynamodb:us-east-1:123456789012:table/replaced-by-the-template")
def publish_changes(event: DynamoDBEvent) -> dict[str, int]:
    """Write the events of a batch of changes. A batch that fails is delivered again, and tells nothing twice."""
    records = event.to_dict()["Records"]
    published = events.publish([_change(record) for record in records])
    logger.info("published", extra={"changes": len(records), "events": len(published)})
    return {"events": len(published)}


def _change(record: dict[str, Any]) -> tuple[str, Any, Any]:
    """Table, old image, new image; the table is named in the stream's ARN."""
    table = record["eventSourceARN"].split("/")[1]
    images = record["dynamodb"]
    return table, images.get("OldImage"), images.get("NewImage")
