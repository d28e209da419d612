"""What Stripe reports by itself. The ``stripe`` package checks who says so; import this only where a report came."""

import json
from dataclasses import dataclass

import stripe

from chalicelib.gateways import processor_secrets
from chalicelib.gateways.stripe_payments import CHARGE_KEY

TOLERANCE_SECONDS = 300
"""A report signed longer ago than this, by the machine's own clock, may be one somebody recorded and plays again."""

_OUTCOMES = {"payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled"}


class NotSigned(Exception):
    """Stripe did not sign this, or too long ago."""


@dataclass(frozen=True, slots=True)
class Report:
    """One event of Stripe's; ``subject`` and ``charge_key`` where it tells the outcome of a charge of ours."""

    id: str
    kind: str
    reference: str
    subject: str | None = None
    charge_key: str | None = None


def read(payload: bytes, *, signature: str) -> Report:
    """The report in a request's raw body, byte by byte as it was signed. Raises :class:`NotSigned`."""
    try:
        stripe.WebhookSignature.verify_header(
            payload, signature, processor_secrets.stripe_webhook_secret(), tolerance=TOLERANCE_SECONDS
        )
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        # from None: the error carries the payload, with what it tells of cards and their owners
        raise NotSigned from None
    event = json.loads(payload)
    about = event["data"]["object"]
    metadata = (about.get("metadata") or {}) if event["type"] in _OUTCOMES else {}
    return Report(
        id=event["id"],
        kind=event["type"],
        reference=str(about.get("id")),
        subject=metadata.get("subject"),
        charge_key=metadata.get(CHARGE_KEY),
    )
