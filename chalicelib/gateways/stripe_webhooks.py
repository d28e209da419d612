"""Stripe's webhooks. Import this only where one is received: the ``stripe`` package, which verifies it, is slow."""

import json

import stripe

from chalicelib.domain.values import dataclass
from chalicelib.gateways import processor_secrets
from chalicelib.gateways.stripe_lookups import CHARGE_KEY, REFUND_KEY

TOLERANCE_SECONDS = 300
"""A report signed longer ago than this, by the machine's own clock, may be a replay."""

_KEYS = {
    "payment_intent.succeeded": CHARGE_KEY,
    "payment_intent.payment_failed": CHARGE_KEY,
    "payment_intent.canceled": CHARGE_KEY,
    "refund.updated": REFUND_KEY,
    "refund.failed": REFUND_KEY,
    "charge.refund.updated": REFUND_KEY,
}
"""Events with the outcome of a charge or refund, and the metadata field that holds our key."""


_DISPUTES = "charge.dispute."
"""How the events about disputes begin. A dispute has no metadata of ours; what it is about is looked up."""


class NotSigned(Exception):
    """Stripe did not sign this, or signed it too long ago."""


@dataclass(frozen=True, slots=True)
class Report:
    """One event from Stripe; with payer, subject and key if it is the outcome of a charge or refund of ours.

    One about a dispute has the dispute's own ``reference``, and no more.
    """

    id: str
    kind: str
    reference: str
    payer: str | None = None
    subject: str | None = None
    charge_key: str | None = None
    of_refund: bool = False
    of_dispute: bool = False


def read(payload: bytes, *, signature: str) -> Report:
    """The report in a request's raw body, unchanged since it was signed. Raises :class:`NotSigned`."""
    try:
        stripe.WebhookSignature.verify_header(
            payload, signature, processor_secrets.stripe_webhook_secret(), tolerance=TOLERANCE_SECONDS
        )
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        # from None: the error contains the payload, with data about cards and their owners
        raise NotSigned from None
    event = json.loads(payload)
    about = event["data"]["object"]
    key_name = _KEYS.get(event["type"])
    metadata = (about.get("metadata") or {}) if key_name else {}
    return Report(
        id=event["id"],
        kind=event["type"],
        reference=str(about.get("id")),
        payer=metadata.get("payer"),
        subject=metadata.get("subject"),
        charge_key=metadata.get(key_name),
        of_refund=key_name == REFUND_KEY,
        of_dispute=event["type"].startswith(_DISPUTES),
    )
