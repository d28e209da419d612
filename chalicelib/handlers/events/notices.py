"""Mail: sending notices, and handling bounces and complaints."""

from typing import Any

from chalice.app import Blueprint, CloudWatchEvent, SQSEvent

from chalicelib.api import batches, clock
from chalicelib.api.observability import count, logger
from chalicelib.services.events import notices, suppressions

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue="notices", batch_size=10)
def send_notices(event: SQSEvent) -> Any:
    """Send queued notices. One that fails is retried, in the end goes to the dead letters, and delays no other."""
    now = clock.now()

    def handle(record: dict[str, Any]) -> None:
        event, outcome = notices.send_queued(record["body"], message_id=record["messageId"], now=now)
        logger.info("notice", extra={"event_id": event.id, "event_type": event.type, "outcome": outcome})

    return batches.answer(batches.each_of(event.to_dict(), handle))


@blueprint.on_cw_event({"source": ["aws.ses"], "detail-type": ["Email Bounced", "Email Complaint Received"]})
def suppress_addresses(event: CloudWatchEvent) -> dict[str, int]:
    """Suppress addresses that refuse our mail, and log them for the operator."""
    found = suppressions.suppress(event.detail, now=clock.now())
    for suppression in found:
        about = {"partner_id": suppression.partner_id, "account_id": suppression.account_id}
        why = {"reason": suppression.reason, "why": suppression.detail}
        logger.warning("an address is written to no more", extra={**about, **why})
    count({"AddressesSuppressed": len(found)})
    return {"suppressed": len(found)}
