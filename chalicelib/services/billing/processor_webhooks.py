"""Webhooks of the card processor: they wake the worker, and decide nothing (docs/rules.md §6).

Whatever a webhook reports, the worker asks the processor itself, under the frozen charge's own key.
"""

from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger

from chalicelib.config import settings
from chalicelib.domain.refusals import NotFound, Refusal, RefusalKind
from chalicelib.gateways import due_queue
from chalicelib.gateways.due_queue import Due
from chalicelib.models.charging import pending_charges
from chalicelib.services.billing import failed_refunds

if TYPE_CHECKING:
    from chalicelib.gateways.stripe_webhooks import Report

_SWEEP = "card_reports"
_logger = Logger(service="sublet", child=True)


class InvalidSignature(Refusal):
    """The webhook is not signed by the card processor."""

    kind = RefusalKind.UNVERIFIED
    code = "invalid_signature"
    title = "The signature is not valid"


def receive_webhook(*, payload: bytes, signature: str) -> bool:
    """Receive a webhook of Stripe; True when the worker was woken.

    That is for a charge in progress, and for a booked refund, which may have failed since. A webhook that comes twice
    wakes the worker twice at most; the second time it finds nothing to do. So does each report of a dispute, whoever's
    it is: the worker looks it up. Raises
    :class:`InvalidSignature`, and :class:`NotFound` where cards are not charged by Stripe.
    """
    if settings().payment_processor != "stripe":
        raise NotFound("No card processor reports here.")
    from chalicelib.gateways import stripe_webhooks  # imports the stripe package

    try:
        report = stripe_webhooks.read(payload, signature=signature)
    except stripe_webhooks.NotSigned as error:
        raise InvalidSignature("Send the body as Stripe signed it, within five minutes.") from error
    if report.of_dispute:
        _logger.info("card processor reported a dispute", extra={"report": report.id, "reference": report.reference})
        due_queue.report_dispute(report.reference, run=f"stripe-{report.id}")
        return True
    payer = _waiting(report.subject, report.charge_key) or _refunded(report)
    extra = {"report": report.id, "kind": report.kind, "reference": report.reference, "charge_key": report.charge_key}
    _logger.info("card processor reported", extra={**extra, "woke": payer is not None})
    if payer is None or report.subject is None:
        return False
    due_queue.send([Due(payer, (report.subject,), _SWEEP, f"stripe-{report.id}")], first=0)
    return True


def _waiting(subject: str | None, charge_key: str | None) -> str | None:
    """Who pays for the subject, if its charge with this key is still in progress."""
    held = pending_charges.charge_in_progress(subject) if subject else None
    if held is None:
        return None
    payer, charge = held
    return payer if charge.key == charge_key else None


def _refunded(report: "Report") -> str | None:
    """Who got the refund that the report is about, if it is booked."""
    if not report.of_refund or report.payer is None or report.subject is None:
        return None
    return report.payer if failed_refunds.booked(report.payer, report.subject) else None
