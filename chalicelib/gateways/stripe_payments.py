"""Stripe: customers, cards, off-session payment intents, refunds (docs/decisions/card-processor.md).

Import it only where a card is charged: the ``stripe`` package is slow and large.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import stripe

from chalicelib.domain.charging.card_charges import CardCharge
from chalicelib.domain.disputes import DisputeStatus, Reported
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import BillingProfile, Card, CardName
from chalicelib.gateways import processor_secrets, stripe_client, stripe_lookups
from chalicelib.gateways.payments import (
    CardSetup,
    Charged,
    Declined,
    OutcomeUnknown,
    PaymentMethodRefused,
    Purpose,
    Refunded,
    Registered,
)
from chalicelib.gateways.stripe_client import ask, given
from chalicelib.gateways.stripe_lookups import CHARGE_KEY, REFUND_KEY, SETUP_KEY

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams, SetupIntentCreateParams

PROCESSOR = "stripe"

_NEEDS_SOMEBODY = {"requires_action", "requires_payment_method", "requires_confirmation"}
_UNDER_WAY = {"processing", "requires_capture"}
_REFUND_FAILED = {"failed", "canceled"}
"""All else (`pending`, `requires_action`) is on its way; should it fail later, Stripe reports it."""

_DISPUTE_DECIDED = {"won", "lost", "warning_closed", "prevented"}
"""All else is not decided. What begins with `warning_` is an inquiry, before any money is withdrawn."""


class StripePayments:
    """See :class:`chalicelib.gateways.payments.PaymentGateway`."""

    def begin_setup(self, *, key: str) -> CardSetup:
        # It has no customer yet: whoever enters a card may still leave without an account. `register` attaches it.
        params: SetupIntentCreateParams = {
            "allowed_payment_method_types": ["card"],
            "usage": "off_session",
            "metadata": {SETUP_KEY: key},
        }
        intent = ask(lambda: stripe_client.client().v1.setup_intents.create(params, options={"idempotency_key": key}))
        secret = given(intent, "client_secret")
        assert isinstance(secret, str)
        return CardSetup(client_secret=secret, publishable_key=processor_secrets.stripe_publishable_key())

    def register(
        self,
        *,
        payment_method: str,
        profile_id: str,
        name: str,
        email: str | None = None,
        customer: str | None = None,
        set_up_here: bool = False,
    ) -> Registered:
        if set_up_here and not stripe_lookups.was_set_up(payment_method):
            raise PaymentMethodRefused("must be a card that was entered on this site, and accepted there")
        owner = customer or _create_customer(profile_id=profile_id, name=name, email=email)
        try:
            method = ask(lambda: stripe_client.client().v1.payment_methods.attach(payment_method, {"customer": owner}))
        except stripe.CardError as error:
            raise PaymentMethodRefused(f"was refused by the card processor: {_decline_code(error)}") from error
        except stripe.InvalidRequestError as error:
            if error.param == "customer":
                raise
            raise PaymentMethodRefused(
                f"must be a card that belongs to no other customer; the card processor does not accept {payment_method}"
            ) from error
        shown = given(method, "card")
        if shown is None:
            raise PaymentMethodRefused(f"must be a card; {payment_method} is {method.type}")
        card = Card(shown.brand, shown.last4, shown.exp_month, shown.exp_year)
        return Registered(card=card, payment_method=method.id, customer=owner)

    def charge(self, *, key: str, amount: Money, profile: BillingProfile, purpose: Purpose) -> Charged | Declined:
        if profile.customer is None:  # registered with another processor: nothing can have been charged
            return Declined("billing_profile_not_registered")
        try:
            intent = ask(lambda: _create_intent(key=key, amount=amount, profile=profile, purpose=purpose))
        except stripe.CardError as error:
            return Declined(_decline_code(error))
        except stripe.IdempotencyError as error:
            # The profile's card was changed while the charge was in progress: the key belongs to the first request,
            # which may be paid.
            found = self.find(key=key, customer=profile.customer)
            if found is None:
                raise OutcomeUnknown(f"{key} was sent with another card, and cannot be found") from error
            return found
        except stripe.InvalidRequestError as error:
            return _decline_of_invalid_request(error, customer=profile.customer)
        if intent.status != "succeeded":
            # A repeated key gets its first answer, whatever happened to the intent since.
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
        # Look it up first: Stripe forgets keys after a day, but keeps the metadata of refunds.
        if (known := stripe_lookups.refund_under(key, reference)) is not None:
            return _refund_outcome(known)
        try:
            refund = ask(
                lambda: stripe_client.client().v1.refunds.create(
                    {
                        "payment_intent": reference,
                        "amount": amount.amount,
                        "metadata": _metadata(REFUND_KEY, key, purpose),
                    },
                    options={"idempotency_key": key},
                )
            )
        except stripe.IdempotencyError as error:
            raise ValueError(f"the refund {key} was sent with another amount or charge before") from error
        except stripe.InvalidRequestError as error:
            if error.code in {"charge_already_refunded", "charge_disputed"} or error.param == "amount":
                return Declined(error.code or "more_than_was_charged")
            raise
        return _refund_outcome(refund)

    def find_refund(self, *, reference: str) -> Refunded | Declined:
        return _refund_outcome(ask(lambda: stripe_client.client().v1.refunds.retrieve(reference)))

    def find_dispute(self, *, reference: str, now: datetime) -> Reported | None:
        del now  # Stripe has a clock of its own
        dispute = stripe_lookups.read_dispute(reference)
        if dispute is None:
            return None
        intent = given(dispute, "payment_intent")
        if intent is None or isinstance(intent, str) or not given(intent.metadata, CHARGE_KEY):
            return None
        payer, charge_id = given(intent.metadata, "payer"), given(intent.metadata, "charge")
        if not payer or not charge_id:
            return None
        due = given(given(dispute, "evidence_details"), "due_by")
        return Reported(
            processor=PROCESSOR,
            reference=dispute.id,
            payment=intent.id,
            payer=payer,
            charge_id=charge_id,
            amount=Money(dispute.amount, dispute.currency.upper()),
            reason=dispute.reason,
            status=_dispute_status(dispute),
            opened_at=datetime.fromtimestamp(dispute.created, UTC),
            evidence_due=datetime.fromtimestamp(due, UTC) if due else None,
            refundable=bool(given(dispute, "is_charge_refundable")),
        )

    def list_charges(
        self, *, payer: str, customers: Sequence[str], since: datetime | None = None
    ) -> Iterator[CardCharge]:
        """Charges by others to these customers are left out; see :class:`chalicelib.gateways.payments.ListsCharges`."""
        for customer in customers:
            for intent in stripe_lookups.intents_of(customer, since=since):
                key = given(intent.metadata, CHARGE_KEY)
                if key and intent.status == "succeeded" and stripe_lookups.names(intent.metadata, "payer", payer):
                    amount = Money(intent.amount_received, intent.currency.upper())
                    yield CardCharge(key, intent.id, amount, _refunded_amount(intent), _lost_amount(intent, amount))


def _create_customer(*, profile_id: str, name: str, email: str | None) -> str:
    """The profile's customer: created once, however often this is called within a day."""
    params: CustomerCreateParams = {"name": name, "metadata": {"billing_profile": profile_id}}
    if email is not None:
        params["email"] = email
    parameters = hashlib.sha256(f"{name}\n{email}".encode()).hexdigest()[:12]  # a key must not come back with others
    key = f"customer-{profile_id}-{parameters}"
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
            "metadata": _metadata(CHARGE_KEY, key, purpose),
        },
        options={"idempotency_key": key},
    )


def _metadata(key_name: str, key: str, purpose: Purpose) -> dict[str, str]:
    """The metadata: enough to know what a charge is for when Stripe reports on it."""
    return {key_name: key, "charge": purpose.charge_id, "subject": purpose.subject, "payer": purpose.payer}


def _on_the_statement(purpose: Purpose) -> str:
    """What the cardholder sees after the vendor's name: ``INV 7K3M2Q``, short enough for the longest name."""
    kind, _, rest = purpose.charge_id.partition("_")
    return f"{kind[:3]} {rest[-6:]}".upper()


def _outcome(intent: stripe.PaymentIntent) -> Charged | Declined:
    """The outcome of an intent. One that waits for its cardholder is canceled, so that it stays declined."""
    if intent.status == "succeeded":
        return Charged(PROCESSOR, intent.id, _card_of(intent))
    if intent.status == "canceled":
        return Declined(_failure(intent))
    if intent.status in _UNDER_WAY:
        raise OutcomeUnknown(f"{intent.id} is {intent.status}")
    if intent.status not in _NEEDS_SOMEBODY:
        raise ValueError(f"{intent.id} has the status {intent.status}, which is unknown here")
    try:
        ask(lambda: stripe_client.client().v1.payment_intents.cancel(intent.id))
    except stripe.InvalidRequestError as error:
        raise OutcomeUnknown(f"{intent.id} was {intent.status} and can't be canceled") from error
    return Declined(_failure(intent))


def _card_of(intent: stripe.PaymentIntent) -> CardName | None:
    """The charged card; the profile may have another by now."""
    charge = given(intent, "latest_charge")
    if charge is None or isinstance(charge, str):
        return None
    card = given(given(charge, "payment_method_details"), "card")
    return None if card is None else CardName(card.brand, card.last4)


def _failure(intent: stripe.PaymentIntent) -> str:
    """Why an intent failed. Without an error it needs its cardholder, who isn't there."""
    error = given(intent, "last_payment_error")
    if error is None:
        return "authentication_required"
    return given(error, "decline_code") or given(error, "code") or "card_declined"


def _decline_code(error: stripe.CardError) -> str:
    return given(error.error, "decline_code") or error.code or "card_declined"


def _decline_of_invalid_request(error: stripe.InvalidRequestError, *, customer: str) -> Declined:
    """A request that is invalid because of the card or the amount is a decline; anything else is a bug of ours.

    A deleted card and a key of another Stripe account look alike: only the right account finds the customer.
    """
    if error.code in {"amount_too_large", "amount_too_small"}:
        return Declined(error.code)
    if error.param != "payment_method":
        raise error
    ask(lambda: stripe_client.client().v1.customers.retrieve(customer))
    return Declined("payment_method_unavailable")


def _refunded_amount(intent: stripe.PaymentIntent) -> Money:
    """What was refunded of a charge, or is on its way; failed refunds went back to the vendor."""
    charge, currency = given(intent, "latest_charge"), intent.currency.upper()
    if charge is not None and not isinstance(charge, str) and not given(charge, "amount_refunded"):
        return Money.zero(currency)
    refunded = [refund.amount for refund in stripe_lookups.refunds_of(intent.id) if refund.status not in _REFUND_FAILED]
    return Money(sum(refunded), currency)


def _lost_amount(intent: stripe.PaymentIntent, paid: Money) -> Money:
    """What lost disputes took of a charge; an amount in another currency counts as all of it."""
    charge = given(intent, "latest_charge")
    if charge is None or isinstance(charge, str) or not given(charge, "disputed"):
        return Money.zero(paid.currency)
    lost = [each for each in stripe_lookups.disputes_of(intent.id) if _dispute_status(each) is DisputeStatus.LOST]
    same = all(each.currency.upper() == paid.currency for each in lost)
    return Money(sum(each.amount for each in lost), paid.currency) if same else paid


def _dispute_status(dispute: stripe.Dispute) -> DisputeStatus:
    if dispute.status not in _DISPUTE_DECIDED:
        return DisputeStatus.OPEN
    lost = dispute.status == "lost" or (dispute.status == "prevented" and _gave_the_money_back(dispute))
    return DisputeStatus.LOST if lost else DisputeStatus.WON


def _gave_the_money_back(dispute: stripe.Dispute) -> bool:
    """Whether a dispute was prevented by giving the cardholder the money (`resolution`), not by blocking it (`block`).

    Both have the status `prevented`. What moved on our balance says it; before anything did, the type of the case
    (docs/decisions/disputes.md).
    """
    if moved := given(dispute, "balance_transactions"):
        return bool(sum(each.amount for each in moved) < 0)
    return bool(given(given(given(dispute, "payment_method_details"), "card"), "case_type") == "resolution")


def _refund_outcome(refund: stripe.Refund) -> Refunded | Declined:
    if refund.status in _REFUND_FAILED:
        return Declined(given(refund, "failure_reason") or "refund_failed")
    return Refunded(refund.id)
