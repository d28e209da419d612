"""Stripe: customers, cards, off-session payment intents, refunds (docs/decisions/card-processor.md).

Import it only where a card is charged: the ``stripe`` package takes its time and memory.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import stripe

from chalicelib.domain.audit import CardCharge
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import BillingProfile, Card, CardName
from chalicelib.gateways import stripe_client, stripe_lookups
from chalicelib.gateways.payments import (
    Charged,
    Declined,
    OutcomeUnknown,
    PaymentMethodRefused,
    Purpose,
    Refunded,
    Registered,
)
from chalicelib.gateways.stripe_client import ask, given
from chalicelib.gateways.stripe_lookups import CHARGE_KEY, REFUND_KEY

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams

PROCESSOR = "stripe"

_NEEDS_SOMEBODY = {"requires_action", "requires_payment_method", "requires_confirmation"}
_UNDER_WAY = {"processing", "requires_capture"}
_REFUND_FAILED = {"failed", "canceled"}
"""All else (`pending`, `requires_action`) is on its way; should it fail later, Stripe reports it."""


class StripePayments:
    """See :class:`chalicelib.gateways.payments.PaymentGateway`."""

    def register(
        self,
        *,
        payment_method: str,
        profile_id: str,
        name: str,
        email: str | None = None,
        customer: str | None = None,
    ) -> Registered:
        owner = customer or _create_customer(profile_id=profile_id, name=name, email=email)
        try:
            method = ask(lambda: stripe_client.client().v1.payment_methods.attach(payment_method, {"customer": owner}))
        except stripe.CardError as error:
            raise PaymentMethodRefused(f"was refused by the card processor: {_decline_code(error)}") from error
        except stripe.InvalidRequestError as error:
            if error.param == "customer":
                raise
            raise PaymentMethodRefused(
                f"must be a payment method that belongs to nobody else; the card processor won't have {payment_method}"
            ) from error
        shown = given(method, "card")
        if shown is None:
            raise PaymentMethodRefused(f"must be a card; {payment_method} is {method.type}")
        card = Card(shown.brand, shown.last4, shown.exp_month, shown.exp_year)
        return Registered(card=card, payment_method=method.id, customer=owner)

    def charge(self, *, key: str, amount: Money, profile: BillingProfile, purpose: Purpose) -> Charged | Declined:
        if profile.customer is None:  # put on file while another processor was in use: nothing can have been sent
            return Declined("billing_profile_not_registered")
        try:
            intent = ask(lambda: _create_intent(key=key, amount=amount, profile=profile, purpose=purpose))
        except stripe.CardError as error:
            return Declined(_decline_code(error))
        except stripe.IdempotencyError as error:
            # The profile's card was changed while the charge was in progress: the key stands for what it was first
            # asked with. That may be paid.
            found = self.find(key=key, customer=profile.customer)
            if found is None:
                raise OutcomeUnknown(f"{key} was asked for with another card, and is not to be found") from error
            return found
        except stripe.InvalidRequestError as error:
            return _refusal_of_the_card(error, customer=profile.customer)
        if intent.status != "succeeded":
            # A key that comes again is answered as it was the first time, whatever became of the intent since.
            intent = stripe_lookups.read_intent(intent.id)
        return _outcome(intent)

    def find(self, *, key: str, customer: str | None = None) -> Charged | Declined | None:
        intents, searched = stripe_lookups.search(key)
        if not intents and customer is not None:
            intents = stripe_lookups.newest_of(customer, key, sure=searched)
        if not intents:
            return None
        paid = [intent for intent in intents if intent.status == "succeeded"]
        return _outcome(paid[0] if paid else stripe_lookups.read_intent(intents[0].id))

    def refund(self, *, key: str, reference: str, amount: Money, purpose: Purpose) -> Refunded | Declined:
        # Looked up first: Stripe forgets keys after a day, a refund keeps its metadata for good.
        if (known := stripe_lookups.refund_under(key, reference)) is not None:
            return _refund_outcome(known)
        try:
            refund = ask(
                lambda: stripe_client.client().v1.refunds.create(
                    {"payment_intent": reference, "amount": amount.amount, "metadata": _told(REFUND_KEY, key, purpose)},
                    options={"idempotency_key": key},
                )
            )
        except stripe.IdempotencyError as error:
            raise ValueError(f"the refund {key} was asked for with another amount or charge before") from error
        except stripe.InvalidRequestError as error:
            if error.code == "charge_already_refunded" or error.param == "amount":
                return Declined(error.code or "more_than_was_charged")
            raise
        return _refund_outcome(refund)

    def find_refund(self, *, reference: str) -> Refunded | Declined:
        return _refund_outcome(ask(lambda: stripe_client.client().v1.refunds.retrieve(reference)))

    def list_charges(
        self, *, payer: str, customers: Sequence[str], since: datetime | None = None
    ) -> Iterator[CardCharge]:
        """What others charge to these customers is left out; see :class:`chalicelib.gateways.payments.ListsCharges`."""
        for customer in customers:
            for intent in stripe_lookups.intents_of(customer, since=since):
                key = given(intent.metadata, CHARGE_KEY)
                if key and intent.status == "succeeded" and stripe_lookups.names(intent.metadata, "payer", payer):
                    amount = Money(intent.amount_received, intent.currency.upper())
                    yield CardCharge(key, intent.id, amount, _given_back(intent))


def _create_customer(*, profile_id: str, name: str, email: str | None) -> str:
    """The profile's customer: made once, however often it is asked for within a day."""
    params: CustomerCreateParams = {"name": name, "metadata": {"billing_profile": profile_id}}
    if email is not None:
        params["email"] = email
    told = hashlib.sha256(f"{name}\n{email}".encode()).hexdigest()[:12]  # a key takes no other parameters later on
    key = f"customer-{profile_id}-{told}"
    return ask(lambda: stripe_client.client().v1.customers.create(params, options={"idempotency_key": key})).id


def _create_intent(*, key: str, amount: Money, profile: BillingProfile, purpose: Purpose) -> stripe.PaymentIntent:
    assert profile.customer is not None
    return stripe_client.client().v1.payment_intents.create(
        {
            "amount": amount.amount,
            "currency": amount.currency.lower(),
            "customer": profile.customer,
            "payment_method": profile.payment_method,
            "allowed_payment_method_types": ["card"],
            "off_session": True,
            "confirm": True,
            "expand": ["latest_charge"],
            "description": purpose.description,
            "statement_descriptor_suffix": _on_the_statement(purpose),
            "metadata": _told(CHARGE_KEY, key, purpose),
        },
        options={"idempotency_key": key},
    )


def _told(key_name: str, key: str, purpose: Purpose) -> dict[str, str]:
    """What stands in the metadata: enough to find what it is for when Stripe reports on it."""
    return {key_name: key, "charge": purpose.charge_id, "subject": purpose.subject, "payer": purpose.payer}


def _on_the_statement(purpose: Purpose) -> str:
    """What the cardholder reads behind the vendor's name: ``INV 7K3M2Q``, short enough for the longest name."""
    kind, _, rest = purpose.charge_id.partition("_")
    return f"{kind[:3]} {rest[-6:]}".upper()


def _outcome(intent: stripe.PaymentIntent) -> Charged | Declined:
    """What an intent, as it is now, means for its key; one that waits for somebody is ended, so that it stays a no."""
    if intent.status == "succeeded":
        return Charged(PROCESSOR, intent.id, _card_of(intent))
    if intent.status == "canceled":
        return Declined(_failure(intent))
    if intent.status in _UNDER_WAY:
        raise OutcomeUnknown(f"{intent.id} is {intent.status}")
    if intent.status not in _NEEDS_SOMEBODY:
        raise ValueError(f"{intent.id} has the status {intent.status}, which nobody here knows")
    try:
        ask(lambda: stripe_client.client().v1.payment_intents.cancel(intent.id))
    except stripe.InvalidRequestError as error:
        raise OutcomeUnknown(f"{intent.id} was {intent.status} and can't be ended") from error
    return Declined(_failure(intent))


def _card_of(intent: stripe.PaymentIntent) -> CardName | None:
    """The card that was charged, which may be another than the profile has by now."""
    charge = given(intent, "latest_charge")
    if charge is None or isinstance(charge, str):
        return None
    card = given(given(charge, "payment_method_details"), "card")
    return None if card is None else CardName(card.brand, card.last4)


def _failure(intent: stripe.PaymentIntent) -> str:
    """Why an intent failed. Without an error it asked for its cardholder, who isn't there."""
    error = given(intent, "last_payment_error")
    if error is None:
        return "authentication_required"
    return given(error, "decline_code") or given(error, "code") or "card_declined"


def _decline_code(error: stripe.CardError) -> str:
    return given(error.error, "decline_code") or error.code or "card_declined"


def _refusal_of_the_card(error: stripe.InvalidRequestError, *, customer: str) -> Declined:
    """A request Stripe finds invalid because of the card or the amount is a no; anything else is a bug of ours.

    A card that is gone and a key for somebody else's Stripe account look alike: the customer tells which.
    """
    if error.code in {"amount_too_large", "amount_too_small"}:
        return Declined(error.code)
    if error.param != "payment_method":
        raise error
    ask(lambda: stripe_client.client().v1.customers.retrieve(customer))
    return Declined("payment_method_unavailable")


def _given_back(intent: stripe.PaymentIntent) -> Money:
    """What was given back of a charge, or is on its way; what failed came back to the vendor."""
    charge, currency = given(intent, "latest_charge"), intent.currency.upper()
    if charge is not None and not isinstance(charge, str) and not given(charge, "amount_refunded"):
        return Money.zero(currency)
    gone = [refund.amount for refund in stripe_lookups.refunds_of(intent.id) if refund.status not in _REFUND_FAILED]
    return Money(sum(gone), currency)


def _refund_outcome(refund: stripe.Refund) -> Refunded | Declined:
    if refund.status in _REFUND_FAILED:
        return Declined(given(refund, "failure_reason") or "refund_failed")
    return Refunded(refund.id)
