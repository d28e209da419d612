"""Stripe: customers, cards, off-session payment intents, refunds (docs/decisions/card-processor.md).

Import it only where a card is charged: the ``stripe`` package takes its time and memory.
"""

import hashlib
import random
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import stripe

from chalicelib.config import settings
from chalicelib.domain.money import Money
from chalicelib.domain.profiles import BillingProfile, Card, CardName
from chalicelib.gateways import processor_secrets
from chalicelib.gateways.payments import (
    Charged,
    Declined,
    OutcomeUnknown,
    PaymentMethodRefused,
    ProcessorMisconfigured,
    Purpose,
    Refunded,
    Registered,
)

if TYPE_CHECKING:
    from stripe.params import CustomerCreateParams, PaymentIntentListParams, PaymentIntentSearchParams

PROCESSOR = "stripe"

CHARGE_KEY, REFUND_KEY = "charge_key", "refund_key"
"""The names our keys have in the metadata of payment intents and refunds."""

CONNECT_SECONDS, READ_SECONDS = 3, 8
_SDK_RETRIES = 1
_BACK_OFF_SECONDS = (0.4, 1.2)
"""Waits after "too many requests", give or take half; then it is left for later."""

_LISTED = 500
"""Newest intents of a customer looked through besides the search, whose index lags by a minute or so."""
_LISTED_WITHOUT_SEARCH = 10_000

_NEEDS_SOMEBODY = {"requires_action", "requires_payment_method", "requires_confirmation"}
_UNDER_WAY = {"processing", "requires_capture"}

T = TypeVar("T")


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
            method = _ask(lambda: client().v1.payment_methods.attach(payment_method, {"customer": owner}))
        except stripe.CardError as error:
            raise PaymentMethodRefused(f"was refused by the card processor: {_decline_code(error)}") from error
        except stripe.InvalidRequestError as error:
            if error.param == "customer":
                raise
            raise PaymentMethodRefused(
                f"must be a payment method that belongs to nobody else; the card processor won't have {payment_method}"
            ) from error
        shown = _given(method, "card")
        if shown is None:
            raise PaymentMethodRefused(f"must be a card; {payment_method} is {method.type}")
        card = Card(shown.brand, shown.last4, shown.exp_month, shown.exp_year)
        return Registered(card=card, payment_method=method.id, customer=owner)

    def charge(self, *, key: str, amount: Money, profile: BillingProfile, purpose: Purpose) -> Charged | Declined:
        if profile.customer is None:  # put on file while another processor was in use: nothing can have been sent
            return Declined("billing_profile_not_registered")
        try:
            intent = _ask(lambda: _create_intent(key=key, amount=amount, profile=profile, purpose=purpose))
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
            intent = _read_intent(intent.id)
        return _outcome(intent)

    def find(self, *, key: str, customer: str | None = None) -> Charged | Declined | None:
        intents, searched = _search(key)
        if not intents and customer is not None:
            intents = _newest_of(customer, key, most=_LISTED if searched else _LISTED_WITHOUT_SEARCH, sure=searched)
        if not intents:
            return None
        paid = [intent for intent in intents if intent.status == "succeeded"]
        return _outcome(paid[0] if paid else _read_intent(intents[0].id))

    def refund(self, *, key: str, reference: str, amount: Money) -> Refunded | Declined:
        # Looked up first: Stripe forgets keys after a day, a refund keeps its metadata for good.
        if (known := _refund_under(key, reference)) is not None:
            return _refund_outcome(known)
        try:
            refund = _ask(
                lambda: client().v1.refunds.create(
                    {"payment_intent": reference, "amount": amount.amount, "metadata": {REFUND_KEY: key}},
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


def client() -> stripe.StripeClient:
    """The client for the key as it is now; the same one until the key is rolled."""
    return _client_for(processor_secrets.stripe_key(), settings().stripe_api_base)


@lru_cache(maxsize=1)
def _client_for(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
        max_network_retries=_SDK_RETRIES,
        base_addresses={"api": base},
    )


def _ask(question: Callable[[], T]) -> T:
    """What Stripe answers to ``question``, which is asked again after "too many requests".

    Card errors, invalid requests and idempotency errors pass through. No answer, or none of substance (a time-out,
    a 5xx, a key in use, still too many requests), is :class:`OutcomeUnknown`.
    """
    for seconds in (*_BACK_OFF_SECONDS, None):
        try:
            return question()
        except stripe.RateLimitError as error:
            if seconds is None:
                raise OutcomeUnknown("the card processor has too many requests") from error
            time.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311 - spreads clients, guards nothing
        except (stripe.APIConnectionError, stripe.APIError) as error:
            raise OutcomeUnknown(f"no answer of the card processor: HTTP {error.http_status or 'nothing'}") from error
        except (stripe.AuthenticationError, stripe.PermissionError) as error:
            # from None: Stripe's own message shows a part of the key
            raise ProcessorMisconfigured(
                f"Stripe refuses the key in {settings().stripe_key_parameter}: HTTP {error.http_status}."
            ) from None
    raise AssertionError("unreachable")


def _create_customer(*, profile_id: str, name: str, email: str | None) -> str:
    """The profile's customer: made once, however often it is asked for within a day."""
    params: CustomerCreateParams = {"name": name, "metadata": {"billing_profile": profile_id}}
    if email is not None:
        params["email"] = email
    told = hashlib.sha256(f"{name}\n{email}".encode()).hexdigest()[:12]  # a key takes no other parameters later on
    key = f"customer-{profile_id}-{told}"
    return _ask(lambda: client().v1.customers.create(params, options={"idempotency_key": key})).id


def _create_intent(*, key: str, amount: Money, profile: BillingProfile, purpose: Purpose) -> stripe.PaymentIntent:
    assert profile.customer is not None
    return client().v1.payment_intents.create(
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
            "metadata": {
                CHARGE_KEY: key,
                "charge": purpose.charge_id,
                "subject": purpose.subject,
                "payer": purpose.payer,
            },
        },
        options={"idempotency_key": key},
    )


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
        _ask(lambda: client().v1.payment_intents.cancel(intent.id))
    except stripe.InvalidRequestError as error:
        raise OutcomeUnknown(f"{intent.id} was {intent.status} and can't be ended") from error
    return Declined(_failure(intent))


def _card_of(intent: stripe.PaymentIntent) -> CardName | None:
    """The card that was charged, which may be another than the profile has by now."""
    charge = _given(intent, "latest_charge")
    if charge is None or isinstance(charge, str):
        return None
    card = _given(_given(charge, "payment_method_details"), "card")
    return None if card is None else CardName(card.brand, card.last4)


def _failure(intent: stripe.PaymentIntent) -> str:
    """Why an intent failed. Without an error it asked for its cardholder, who isn't there."""
    error = _given(intent, "last_payment_error")
    if error is None:
        return "authentication_required"
    return _given(error, "decline_code") or _given(error, "code") or "card_declined"


def _decline_code(error: stripe.CardError) -> str:
    return _given(error.error, "decline_code") or error.code or "card_declined"


def _refusal_of_the_card(error: stripe.InvalidRequestError, *, customer: str) -> Declined:
    """A request Stripe finds invalid because of the card or the amount is a no; anything else is a bug of ours.

    A card that is gone and a key for somebody else's Stripe account look alike: the customer tells which.
    """
    if error.code in {"amount_too_large", "amount_too_small"}:
        return Declined(error.code)
    if error.param != "payment_method":
        raise error
    _ask(lambda: client().v1.customers.retrieve(customer))
    return Declined("payment_method_unavailable")


def _read_intent(intent_id: str) -> stripe.PaymentIntent:
    return _ask(lambda: client().v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]}))


def _searched_for(key: str) -> "PaymentIntentSearchParams":
    return {"query": f"metadata['{CHARGE_KEY}']:'{key}'", "expand": ["data.latest_charge"]}


def _listed_of(customer: str) -> "PaymentIntentListParams":
    return {"customer": customer, "limit": 100, "expand": ["data.latest_charge"]}


def _search(key: str) -> tuple[list[stripe.PaymentIntent], bool]:
    """The intents with this key by Stripe's search, and whether there is one: not every country has it."""
    try:
        found = _ask(lambda: client().v1.payment_intents.search(_searched_for(key)))
    except stripe.InvalidRequestError:
        return [], False
    return [intent for intent in found.data if _names(intent.metadata, CHARGE_KEY, key)], True


def _newest_of(customer: str, key: str, *, most: int, sure: bool) -> list[stripe.PaymentIntent]:
    """The customer's intents with this key among the ``most`` newest ones; unless ``sure``, all have to be seen."""
    intents = _ask(lambda: client().v1.payment_intents.list(_listed_of(customer)))
    seen = 0
    while True:
        found = [intent for intent in intents.data if _names(intent.metadata, CHARGE_KEY, key)]
        seen += len(intents.data)
        if found or not intents.has_more:
            return found
        if seen >= most:
            if sure:
                return []
            raise OutcomeUnknown(f"{customer} has too many payment intents to look through for {key}")
        intents = _ask(intents.next_page)


def _refund_under(key: str, reference: str) -> stripe.Refund | None:
    refunds = _ask(lambda: client().v1.refunds.list({"payment_intent": reference, "limit": 100}))
    return next((refund for refund in refunds.data if _names(refund.metadata, REFUND_KEY, key)), None)


def _refund_outcome(refund: stripe.Refund) -> Refunded | Declined:
    if refund.status in {"failed", "canceled"}:
        return Declined(_given(refund, "failure_reason") or "refund_failed")
    return Refunded(refund.id)


def _names(metadata: stripe.StripeObject | None, name: str, key: str) -> bool:
    return bool(_given(metadata, name) == key)


def _given(thing: stripe.StripeObject | None, name: str) -> Any:
    """A field that Stripe may leave out, of something it may leave out; its package raises for such a field."""
    return thing[name] if thing is not None and name in thing else None
