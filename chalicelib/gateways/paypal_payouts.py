"""Payouts by PayPal (Payouts API v1).

PayPal knows a batch by our ``sender_batch_id`` for 30 days and only by that: a repeated one is an error, whose link
names the batch there is. It is the only look-up of a batch whose first answer was lost.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from aws_lambda_powertools import Logger

from chalicelib.domain.currencies import decimal_text, decimals
from chalicelib.domain.earnings.payout_causes import INVALID_RECEIVER
from chalicelib.domain.earnings.payout_items import ItemStatus
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.gateways.payouts import (
    Accepted,
    BatchState,
    BatchStatus,
    ItemState,
    OutcomeUnknown,
    PayoutItem,
    Refused,
)
from chalicelib.gateways.paypal_client import PayPalAnswer, PayPalClient

S = TypeVar("S")

_logger = Logger(service="sublet", child=True)

_PAYOUTS = "/v1/payments/payouts"
_ITEMS = "/v1/payments/payouts-item"
_VERIFY = "/v1/notifications/verify-webhook-signature"
_PAGE = 1000
_ACCEPTED, _REFUSED = (200, 201, 202), (400, 404, 422)
_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,64}")
_DUPLICATE, _INVALID = "USER_BUSINESS_ERROR", "VALIDATION_ERROR"
_BATCH_ID = re.compile(r"sender_batch_id", re.IGNORECASE)
_RECEIVER = re.compile(r"\breceiver$", re.IGNORECASE)
_DUPLICATE_LINK = re.compile(r"/v1/payments/payouts/([A-Za-z0-9-]{1,64})(?:$|[?/])")

_BATCHES = {
    "PENDING": BatchStatus.PROCESSING,
    "PROCESSING": BatchStatus.PROCESSING,
    "SUCCESS": BatchStatus.DONE,
    "DENIED": BatchStatus.DENIED,
    "CANCELED": BatchStatus.DENIED,
}
_STATUSES = {
    "PENDING": ItemStatus.PROCESSING,
    "ONHOLD": ItemStatus.HELD,
    "UNCLAIMED": ItemStatus.UNCLAIMED,
    "SUCCESS": ItemStatus.PAID,
    "RETURNED": ItemStatus.RETURNED,
    "REFUNDED": ItemStatus.REFUNDED,
    "REVERSED": ItemStatus.REVERSED,
    "BLOCKED": ItemStatus.BLOCKED,
    "FAILED": ItemStatus.FAILED,
}


class NotSigned(Exception):
    """PayPal has not signed this webhook."""


@dataclass(frozen=True)
class PayPalPayouts:
    """See :class:`chalicelib.gateways.payouts.PayoutGateway`. ``webhook_id`` is PayPal's id of our webhook there."""

    client: PayPalClient
    webhook_id: str = ""
    page_size: int = _PAGE

    def send(self, *, batch_id: str, items: Sequence[PayoutItem], now: datetime) -> Accepted | Refused:
        del now
        answer = self.client.ask("POST", _PAYOUTS, _batch(batch_id, items))
        if answer.status in _ACCEPTED:
            return Accepted(_text(answer.body.get("batch_header"), "payout_batch_id"))
        if first := _first_batch(answer):
            return Accepted(first)
        if answer.status not in _REFUSED or _may_be_duplicate(answer):
            raise OutcomeUnknown(f"PayPal answers {answer.status}, {answer.code}")
        code = INVALID_RECEIVER if _names_receiver(answer) else answer.code
        return Refused(code, str(answer.body.get("message") or answer.code))

    def find_batch(self, *, reference: str, now: datetime) -> BatchState | None:
        del now
        items: list[ItemState] = []
        page, pages, status = 0, 1, BatchStatus.PROCESSING
        while page < pages:
            page += 1
            path = f"{_PAYOUTS}/{_checked(reference)}?page={page}&page_size={self.page_size}&total_required=true"
            answer = self.client.ask("GET", path)
            if answer.status == 404:
                return None
            _expect(answer, 200)
            status = _named(_BATCHES, _text(answer.body.get("batch_header"), "batch_status"))
            if status is BatchStatus.DENIED:
                return BatchState(reference, status, ())
            items += _understood(answer.body.get("items") or ())
            pages = int(answer.body.get("total_pages") or page)
        return BatchState(reference, status, tuple(items))

    def find_item(self, *, reference: str, now: datetime) -> ItemState | None:
        del now
        answer = self.client.ask("GET", f"{_ITEMS}/{_checked(reference)}")
        if answer.status == 404:
            return None
        _expect(answer, 200)
        return _item(answer.body)

    def cancel_item(self, *, reference: str, now: datetime) -> ItemState | None:
        del now
        answer = self.client.ask("POST", f"{_ITEMS}/{_checked(reference)}/cancel", {})
        return _item(answer.body) if answer.status == 200 else None

    def reported_item(self, headers: Mapping[str, str], body: bytes) -> str | None:
        """The item, by its reference, that a webhook reports; None if it is about no item. Raises :class:`NotSigned`.

        Nothing else in it is believed: the item is asked for.
        """
        given = {name.lower(): value for name, value in headers.items()}
        signed = {field: given.get(f"paypal-{field.replace('_', '-')}", "") for field in _SIGNED}
        try:
            event = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise NotSigned("it is no JSON") from error
        if not isinstance(event, dict) or not all(signed.values()):
            raise NotSigned("it is no object, or a part of its signature is missing")
        answer = self.client.ask("POST", _VERIFY, {**signed, "webhook_id": self.webhook_id, "webhook_event": event})
        if answer.status != 200 or answer.body.get("verification_status") != "SUCCESS":
            raise NotSigned("PayPal does not know its signature")
        resource = event.get("resource")
        reference = resource.get("payout_item_id") if isinstance(resource, dict) else None
        return reference if isinstance(reference, str) and _REFERENCE.fullmatch(reference) else None


_SIGNED = ("auth_algo", "cert_url", "transmission_id", "transmission_sig", "transmission_time")


def _batch(batch_id: str, items: Sequence[PayoutItem]) -> dict[str, Any]:
    return {
        "sender_batch_header": {"sender_batch_id": batch_id, "recipient_type": "EMAIL"},
        "items": [
            {
                "recipient_type": "EMAIL",
                "receiver": item.recipient,
                "sender_item_id": item.id,
                "amount": {"value": decimal_text(item.amount), "currency": item.amount.currency},
            }
            for item in items
        ],
    }


def _first_batch(answer: PayPalAnswer) -> str | None:
    """The batch that was sent under the same id before, as the link in a refusal of a duplicate names it.

    Only its id is taken from the link: nothing is asked at an address that an answer names.
    """
    if answer.code != _DUPLICATE:
        return None
    of_batch_id = [each for field, each in _details(answer) if _BATCH_ID.search(field)]
    links = [*(answer.body.get("links") or []), *(link for each in of_batch_id for link in each.get("link") or [])]
    hrefs = (str(link.get("href") or "") for link in links if isinstance(link, dict))
    return next((found[1] for href in hrefs if (found := _DUPLICATE_LINK.search(href))), None)


def _may_be_duplicate(answer: PayPalAnswer) -> bool:
    """Whether there may be a batch under the same id, although no link to it was found."""
    fields = [field for field, _ in _details(answer)]
    return answer.code == _DUPLICATE and (not fields or any(map(_BATCH_ID.search, fields)))


def _names_receiver(answer: PayPalAnswer) -> bool:
    """Whether it is the address that PayPal finds invalid: it would be at each further attempt."""
    return answer.code == _INVALID and any(_RECEIVER.search(field) for field, _ in _details(answer))


def _details(answer: PayPalAnswer) -> list[tuple[str, dict[str, Any]]]:
    """What PayPal finds wrong, each with the field it names."""
    details = answer.body.get("details")
    found = details if isinstance(details, list) else []
    return [(str(each.get("field") or ""), each) for each in found if isinstance(each, dict)]


def _understood(items: Sequence[Any]) -> list[ItemState]:
    """The items whose state can be understood: of the others nothing is known, which is asked again."""
    found = []
    for each in items:
        try:
            found.append(_item(each))
        except OutcomeUnknown as error:
            _logger.warning("an item of a batch of PayPal's can't be understood", extra={"error": str(error)})
    return found


def _item(told: Any) -> ItemState:
    item = told.get("payout_item") if isinstance(told, dict) else None
    if not isinstance(item, dict):
        raise OutcomeUnknown("PayPal's answer names no item")
    errors, batch = told.get("errors"), told.get("payout_batch_id")
    return ItemState(
        id=_text(item, "sender_item_id"),
        reference=_text(told, "payout_item_id"),
        status=_named(_STATUSES, _text(told, "transaction_status")),
        amount=_money(item.get("amount")),
        code=str(errors["name"]) if isinstance(errors, dict) and errors.get("name") else None,
        batch=batch if isinstance(batch, str) and _REFERENCE.fullmatch(batch) else None,
    )


def _money(told: Any) -> Money:
    currency = _text(told, "currency")
    try:
        minor = Decimal(_text(told, "value")).scaleb(decimals(currency))
        whole = int(minor)
    except (InvalidOperation, ValueError, OverflowError) as error:  # of no number, not a number, infinity
        raise OutcomeUnknown("PayPal's answer has an amount that is no number") from error
    if minor != whole:
        raise OutcomeUnknown("PayPal's answer has an amount in fractions of a cent")
    return Money(whole, currency)


def _text(told: Any, name: str) -> str:
    value = told.get(name) if isinstance(told, dict) else None
    if not isinstance(value, str) or not value:
        raise OutcomeUnknown(f"PayPal's answer lacks {name}")
    return value


def _named(known: Mapping[str, S], name: str) -> S:
    if name not in known:
        raise OutcomeUnknown(f"PayPal's answer has the unknown status {name}")
    return known[name]


def _checked(reference: str) -> str:
    if not _REFERENCE.fullmatch(reference):
        raise ValueError("this is no reference of PayPal's")
    return reference


def _expect(answer: PayPalAnswer, status: int) -> None:
    if answer.status != status:
        raise OutcomeUnknown(f"PayPal answers {answer.status}, {answer.code}")
