"""Stripe's gateway over the wire, against localstripe as a process of its own.

localstripe honours no idempotency keys and knows neither search nor lists by customer; what it gets wrong is tested in
test_stripe_wire.py. It refuses some parameters that Stripe takes, so they are taken out on the way.
"""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
import stripe

from chalicelib.domain.ids import new_id
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.gateways import stripe_client
from chalicelib.gateways.payments import Charged, Declined, PaymentMethodRefused, Purpose, Refunded
from chalicelib.gateways.stripe_payments import StripePayments
from infra.local.emulator import free_port

NOW = datetime(2026, 11, 21, tzinfo=UTC)
REFUND = Purpose(charge_id="txn_1", subject="txn_1", payer="prt_1", description="Refund of invoice 000001")
START_SECONDS = 20

# It would listen on all interfaces, and has no option for less.
ON_LOOPBACK = """
import runpy, socket, sys
bind = socket.socket.bind
socket.socket.bind = lambda self, address: bind(self, ("::ffff:127.0.0.1", address[1]))
runpy.run_module("localstripe", run_name="__main__")
"""

REFUSED_BY_LOCALSTRIPE = {
    "POST": {"description", "statement_descriptor_suffix", "allowed_payment_method_types[0]"},
    "GET": {"customer"},
}


class WithoutWhatIsRefused(stripe.RequestsClient):
    """Leaves out the parameters that only Stripe itself takes; keeps what was sent under which key."""

    def __init__(self) -> None:
        super().__init__(timeout=(3, 8))
        self.keys: list[str] = []
        self.sent: list[dict[str, str]] = []

    def request(self, method: str, url: str, headers: Any, post_data: Any = None) -> Any:
        if method == "post":
            form = dict(parse_qsl(post_data or ""))
            self.keys.append(headers["Idempotency-Key"])
            self.sent.append(form)
            refused = REFUSED_BY_LOCALSTRIPE["POST"] if url.endswith("/payment_intents") else set()
            post_data = urlencode({name: value for name, value in form.items() if name not in refused})
        elif url.partition("?")[0].endswith("/payment_intents"):
            parts = urlsplit(url)
            kept = [
                (name, value) for name, value in parse_qsl(parts.query) if name not in REFUSED_BY_LOCALSTRIPE["GET"]
            ]
            url = urlunsplit(parts._replace(query=urlencode(kept)))
        return super().request(method, url, headers, post_data)


@pytest.fixture(scope="session")
def localstripe() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-c", ON_LOOPBACK, "--from-scratch", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_for(base, process)
        yield base
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(base: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(base, timeout=1)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("localstripe did not start")


@pytest.fixture
def wire() -> WithoutWhatIsRefused:
    return WithoutWhatIsRefused()


@pytest.fixture
def client(localstripe: str, wire: WithoutWhatIsRefused, monkeypatch: pytest.MonkeyPatch) -> stripe.StripeClient:
    made = stripe.StripeClient(
        "sk_test_12345", http_client=wire, max_network_retries=1, base_addresses={"api": localstripe}
    )
    monkeypatch.setattr(stripe_client, "client", lambda: made)
    return made


@pytest.fixture
def gateway(client: stripe.StripeClient) -> StripePayments:
    return StripePayments()


def card_at_stripe(client: stripe.StripeClient, number: str) -> str:
    card: Any = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}
    return client.v1.payment_methods.create({"type": "card", "card": card}).id


@pytest.fixture
def profile_with(gateway: StripePayments, client: stripe.StripeClient) -> Any:
    def make(number: str) -> BillingProfile:
        profile_id = new_id("bp", at=NOW)
        registered = gateway.register(
            payment_method=card_at_stripe(client, number), profile_id=profile_id, name="Bright", email="a@b.example"
        )
        return BillingProfile(
            id=profile_id,
            partner_id="prt_1",
            name="Bright",
            payment_method=registered.payment_method,
            card=registered.card,
            customer=registered.customer,
            created_at=NOW,
            updated_at=NOW,
        )

    return make


def charge(gateway: StripePayments, profile: BillingProfile, *, key: str = "", amount: int = 3920) -> Any:
    key = key or f"{new_id('inv', at=NOW)}-1"
    purpose = Purpose(charge_id=key[:-2], subject="acct_1", payer="prt_1", description="Plus, 1,000 contacts")
    return gateway.charge(key=key, amount=Money(amount, "USD"), profile=profile, purpose=purpose)


def test_a_card_on_file_is_shown_and_belongs_to_a_customer(
    gateway: StripePayments, client: stripe.StripeClient, wire: WithoutWhatIsRefused
) -> None:
    method = card_at_stripe(client, "4242424242424242")

    registered = gateway.register(payment_method=method, profile_id="bp_1", name="Bright", email="books@bright.example")

    assert (registered.card.brand, registered.card.last4, registered.card.exp_year) == ("visa", "4242", 2034)
    customer = client.v1.customers.retrieve(registered.customer or "")
    assert (customer.name, customer.email, customer.metadata["billing_profile"]) == (
        "Bright",
        "books@bright.example",
        "bp_1",
    )
    assert client.v1.payment_methods.retrieve(registered.payment_method).customer == registered.customer
    assert wire.keys[1].startswith("customer-bp_1-")


def test_a_profiles_next_card_belongs_to_the_same_customer(gateway: StripePayments, client: Any) -> None:
    first = gateway.register(
        payment_method=card_at_stripe(client, "4242424242424242"), profile_id="bp_1", name="Bright"
    )

    second = gateway.register(
        payment_method=card_at_stripe(client, "4000000000000341"),
        profile_id="bp_1",
        name="Bright",
        customer=first.customer,
    )

    assert (second.customer, second.card.last4) == (first.customer, "0341")


@pytest.mark.parametrize("number", ["4000000000000002", "4000000000009995"])
def test_a_card_that_is_declined_when_put_on_file_is_refused(gateway: StripePayments, client: Any, number: str) -> None:
    with pytest.raises(PaymentMethodRefused, match="card_declined"):
        gateway.register(payment_method=card_at_stripe(client, number), profile_id="bp_1", name="Bright")


def test_an_unknown_payment_method_is_refused(gateway: StripePayments) -> None:
    with pytest.raises(PaymentMethodRefused, match="pm_nobody"):
        gateway.register(payment_method="pm_nobody", profile_id="bp_1", name="Bright")


def test_a_charge_says_what_it_is_for(
    gateway: StripePayments, client: Any, profile_with: Any, wire: WithoutWhatIsRefused
) -> None:
    profile = profile_with("4242424242424242")

    answer = charge(gateway, profile, key="inv_0001ABCDEF-1")

    assert isinstance(answer, Charged)
    intent = client.v1.payment_intents.retrieve(answer.reference)
    assert (intent.amount, intent.currency, intent.status, intent.customer) == (
        3920,
        "usd",
        "succeeded",
        profile.customer,
    )
    assert intent.metadata.to_dict() == {
        "charge_key": "inv_0001ABCDEF-1",
        "charge": "inv_0001ABCDEF",
        "subject": "acct_1",
        "payer": "prt_1",
    }
    assert wire.keys[-1] == "inv_0001ABCDEF-1"
    assert wire.sent[-1]["description"] == "Plus, 1,000 contacts"
    assert wire.sent[-1]["statement_descriptor_suffix"] == "INV ABCDEF"
    assert (wire.sent[-1]["off_session"], wire.sent[-1]["confirm"]) == ("true", "true")


def test_a_declined_card_is_a_definite_no(gateway: StripePayments, profile_with: Any) -> None:
    assert charge(gateway, profile_with("4000000000000341")) == Declined("card_declined")


def test_a_card_that_wants_its_holder_is_declined_and_can_not_be_paid_later(
    gateway: StripePayments, client: Any, profile_with: Any
) -> None:
    profile = profile_with("4000002500003155")

    assert charge(gateway, profile, key="inv_3DS-1") == Declined("authentication_required")

    mine = [i for i in client.v1.payment_intents.list({"limit": 100}).data if i.customer == profile.customer]
    assert [intent.status for intent in mine] == ["canceled"]
    assert gateway.find(key="inv_3DS-1", customer=profile.customer) == Declined("authentication_required")


def test_what_became_of_a_key_is_found_without_charging(gateway: StripePayments, profile_with: Any) -> None:
    good, bad = profile_with("4242424242424242"), profile_with("4000000000000341")
    paid = charge(gateway, good, key="inv_GOOD-1")
    charge(gateway, bad, key="inv_BAD-1")

    assert gateway.find(key="inv_GOOD-1", customer=good.customer) == paid
    assert gateway.find(key="inv_BAD-1", customer=bad.customer) == Declined("card_declined")
    assert gateway.find(key="inv_GOOD-2", customer=good.customer) is None


def test_a_profile_from_another_processor_is_declined(gateway: StripePayments, profile_with: Any) -> None:
    from dataclasses import replace

    profile = replace(profile_with("4242424242424242"), customer=None)

    assert charge(gateway, profile) == Declined("billing_profile_not_registered")


def test_money_goes_back_once_for_a_refunds_key(gateway: StripePayments, client: Any, profile_with: Any) -> None:
    paid = charge(gateway, profile_with("4242424242424242"))

    first = gateway.refund(key="ref_1", reference=paid.reference, amount=Money(1000, "USD"), purpose=REFUND)
    again = gateway.refund(key="ref_1", reference=paid.reference, amount=Money(1000, "USD"), purpose=REFUND)
    other = gateway.refund(key="ref_2", reference=paid.reference, amount=Money(500, "USD"), purpose=REFUND)

    assert isinstance(first, Refunded)
    assert again == first
    assert other != first
    refunds = client.v1.refunds.list({"payment_intent": paid.reference}).data
    assert sorted(refund.amount for refund in refunds) == [500, 1000]
