"""Webhooks of the payout processor: they wake the worker, and decide nothing (docs/rules.md §10).

But for one thing: an answer to a batch that was lost is made up for by what the processor then says of its item.
"""

from collections.abc import Mapping
from datetime import datetime

from aws_lambda_powertools import Logger

from chalicelib.config import settings
from chalicelib.domain.earnings import payouts as domain
from chalicelib.domain.earnings.payouts import PayoutStatus
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.refusals import NotFound, Refusal, RefusalKind
from chalicelib.gateways import due_queue
from chalicelib.gateways.choice import paypal_payouts
from chalicelib.gateways.payouts import ItemState, OutcomeUnknown, ProcessorMisconfigured
from chalicelib.models.earnings import payouts as payout_rows
from chalicelib.services.earnings import payout_writes

_logger = Logger(service="sublet", child=True)


class NotSignedByPayPal(Refusal):
    """The webhook is not signed by PayPal."""

    kind = RefusalKind.UNVERIFIED
    code = "invalid_signature"
    title = "The signature is not valid"


class CannotVerify(Refusal):
    """PayPal verifies its webhooks itself, and does not answer; it sends them again."""

    kind = RefusalKind.UNAVAILABLE
    code = "cannot_verify"
    title = "The webhook can't be verified now"


def receive_webhook(*, payload: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """Receive a webhook of PayPal; True when the worker was woken, which asks PayPal what has become of the payout.

    A webhook that comes twice wakes the worker twice at most. Raises :class:`NotSignedByPayPal`, :class:`CannotVerify`,
    and :class:`NotFound` where PayPal pays nobody.
    """
    if settings().payout_processor != "paypal" or not settings().paypal_webhook_id:
        raise NotFound("No payout processor reports here.")
    from chalicelib.gateways.paypal_payouts import NotSigned

    gateway = paypal_payouts()
    try:
        reported = gateway.reported_item(headers, payload)
        item = gateway.find_item(reference=reported, now=now) if reported is not None else None
    except NotSigned as error:
        raise NotSignedByPayPal(f"Send the body as PayPal signed it: {error}.") from error
    except (OutcomeUnknown, ProcessorMisconfigured) as error:
        _logger.warning("a webhook of the payout processor was not verified", extra={"error": str(error)})
        raise CannotVerify("PayPal gave no answer.", retry_after=60) from error
    payout_id = item.id.rpartition("-")[0] if item is not None else ""
    partner_id = payout_rows.partner_of(payout_id)
    _logger.info("payout processor reported", extra={"item": reported, "payout": payout_id, "woke": bool(partner_id)})
    if partner_id is None or item is None:
        return False
    _note(partner_id, payout_id, item, now=now)
    run = fingerprint(payout_id, {"webhook": payload.decode(errors="replace")})
    due_queue.report_payouts([(partner_id, payout_id)], run=f"paypal-{run}")
    return True


def _note(partner_id: str, payout_id: str, item: ItemState, *, now: datetime) -> None:
    """Note which batch a payout is in, if that is not known, and say so loudly if money is paid that was given back."""

    def attempt() -> None:
        payout = payout_rows.get(partner_id, payout_id)
        if payout is None:
            return
        if domain.is_paid_although_given_back(payout, item.as_item):
            _logger.error("the payout processor pays what was given back", extra={"payout": payout_id, "item": item.id})
        noted = domain.reported(payout, item.as_item, item.batch, now=now)
        if noted != payout:
            is_answer = payout.reference is None and noted.status is PayoutStatus.SENT
            payout_writes.write_alone(noted, actor="paypal", event="payout.sent" if is_answer else "")

    payout_writes.retry(attempt)
