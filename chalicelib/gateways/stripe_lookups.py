"""Finding payments and refunds at Stripe by their metadata."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

import stripe

from chalicelib.gateways import stripe_client
from chalicelib.gateways.payments import OutcomeUnknown
from chalicelib.gateways.stripe_client import ask, given

if TYPE_CHECKING:
    from stripe.params import PaymentIntentListParams, PaymentIntentSearchParams

CHARGE_KEY, REFUND_KEY, SETUP_KEY = "charge_key", "refund_key", "setup_key"
"""The metadata fields of payment intents, refunds and setup intents that hold our keys."""

LISTED = 500
"""How many of a customer's newest intents to check besides the search, whose index lags by about a minute."""
LISTED_WITHOUT_SEARCH = 10_000

R = TypeVar("R", bound=stripe.StripeObject)


def read_intent(intent_id: str) -> stripe.PaymentIntent:
    return ask(lambda: stripe_client.client().v1.payment_intents.retrieve(intent_id, {"expand": ["latest_charge"]}))


def _searched_for(key: str) -> "PaymentIntentSearchParams":
    return {"query": f"metadata['{CHARGE_KEY}']:'{key}'", "expand": ["data.latest_charge"]}


def _listed_of(customer: str) -> "PaymentIntentListParams":
    return {"customer": customer, "limit": 100, "expand": ["data.latest_charge"]}


def search(key: str) -> tuple[list[stripe.PaymentIntent], bool]:
    """The intents with this key by Stripe's search, and whether search is available: not in every country."""
    try:
        found = ask(lambda: stripe_client.client().v1.payment_intents.search(_searched_for(key)))
    except stripe.InvalidRequestError:
        return [], False
    return [intent for intent in found.data if names(intent.metadata, CHARGE_KEY, key)], True


def newest_of(customer: str, key: str, *, sure: bool) -> list[stripe.PaymentIntent]:
    """The customer's intents with this key among the newest; unless ``sure``, all must be checked."""
    intents = ask(lambda: stripe_client.client().v1.payment_intents.list(_listed_of(customer)))
    seen = 0
    while True:
        found = [intent for intent in intents.data if names(intent.metadata, CHARGE_KEY, key)]
        seen += len(intents.data)
        if found or not intents.has_more:
            return found
        if sure and seen >= LISTED:
            return []
        if seen >= LISTED_WITHOUT_SEARCH:
            raise OutcomeUnknown(f"{customer} has too many payment intents to look through for {key}")
        intents = ask(intents.next_page)


def intents_of(customer: str, *, since: datetime | None) -> Iterator[stripe.PaymentIntent]:
    """A customer's intents, newest first, page by page."""
    params = _listed_of(customer)
    if since is not None:
        params["created"] = {"gte": int(since.timestamp())}
    return _paged(ask(lambda: stripe_client.client().v1.payment_intents.list(params)))


def refund_under(key: str, reference: str) -> stripe.Refund | None:
    return next((refund for refund in refunds_of(reference) if names(refund.metadata, REFUND_KEY, key)), None)


def refunds_of(reference: str) -> Iterator[stripe.Refund]:
    """All refunds of a charge: a Single Bill's may be many."""
    return _paged(ask(lambda: stripe_client.client().v1.refunds.list({"payment_intent": reference, "limit": 100})))


def was_set_up(payment_method: str) -> bool:
    """Whether a setup of ours succeeded with this payment method."""
    try:
        page = ask(
            lambda: stripe_client.client().v1.setup_intents.list({"payment_method": payment_method, "limit": 100})
        )
    except stripe.InvalidRequestError:  # Stripe knows no such payment method
        return False
    ours = (each for each in _paged(page) if given(each.metadata, SETUP_KEY))
    return any(each.status == "succeeded" and given(each, "payment_method") == payment_method for each in ours)


def read_dispute(reference: str) -> stripe.Dispute | None:
    """The dispute with the payment intent it is about; None if Stripe knows none by this id."""
    try:
        return ask(lambda: stripe_client.client().v1.disputes.retrieve(reference, {"expand": ["payment_intent"]}))
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        return None


def disputes_of(reference: str) -> Iterator[stripe.Dispute]:
    """All disputes of a charge: usually one."""
    return _paged(ask(lambda: stripe_client.client().v1.disputes.list({"payment_intent": reference, "limit": 100})))


def _paged(page: stripe.ListObject[R]) -> Iterator[R]:
    """Everything on this page and the following ones, each requested when it is needed."""
    while True:
        yield from page.data
        if not page.has_more:
            return
        page = ask(page.next_page)


def names(metadata: stripe.StripeObject | None, name: str, key: str) -> bool:
    return bool(given(metadata, name) == key)
