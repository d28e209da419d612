"""The sandbox's card processor: what each test card does, keys kept for good, refunds."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.config import MissingSetting, Settings, settings
from chalicelib.domain.ids import new_id
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import BillingProfile, CardName
from chalicelib.gateways import choice
from chalicelib.gateways.payments import Charged, Declined, OutcomeUnknown, PaymentMethodRefused, Purpose, Refunded
from chalicelib.gateways.sandbox_payments import SandboxPayments

pytestmark = pytest.mark.usefixtures("aws")

NOW = datetime(2026, 11, 21, tzinfo=UTC)
PURPOSE = Purpose(charge_id="inv_1", subject="acct_1", payer="prt_1", description="Plus")
SANDBOX = SandboxPayments()


def profile(payment_method: str = "pm_card_visa") -> BillingProfile:
    profile_id = new_id("bp", at=NOW)
    registered = SANDBOX.register(payment_method=payment_method, profile_id=profile_id, name="Company card")
    return BillingProfile(
        id=profile_id,
        partner_id="prt_1",
        name="Company card",
        payment_method=registered.payment_method,
        card=registered.card,
        customer=registered.customer,
        created_at=NOW,
        updated_at=NOW,
    )


def charge(of: BillingProfile, key: str = "inv_1-1", amount: int = 3920) -> Any:
    return SANDBOX.charge(key=key, amount=Money(amount, "USD"), profile=of, purpose=PURPOSE)


def refund(key: str, amount: int, *, reference: str = "pi_inv_1-1", currency: str = "USD") -> Any:
    return SANDBOX.refund(key=key, reference=reference, amount=Money(amount, currency))


@pytest.mark.parametrize(
    ("payment_method", "last4", "answer"),
    [
        ("pm_card_visa", "4242", Charged("sandbox", "pi_inv_1-1", CardName("visa", "4242"))),
        ("pm_card_chargeDeclined", "0002", Declined("generic_decline")),
        ("pm_card_insufficientFunds", "9995", Declined("insufficient_funds")),
        ("pm_card_expired", "0069", Declined("expired_card")),
        ("pm_card_declinedOnRenewal", "0341", Charged("sandbox", "pi_inv_1-1", CardName("mastercard", "0341"))),
    ],
)
def test_each_card_answers_the_same_however_often_its_key_is_asked(
    payment_method: str, last4: str, answer: Charged | Declined
) -> None:
    card = profile(payment_method)

    assert card.card.last4 == last4
    assert [charge(card), charge(card)] == [answer, answer]
    assert SANDBOX.find(key="inv_1-1", customer=card.customer) == answer


def test_a_card_pays_its_first_key_only() -> None:
    card = profile("pm_card_declinedOnRenewal")

    assert isinstance(charge(card, "inv_1-1"), Charged)
    assert charge(card, "inv_2-1") == Declined("generic_decline")
    assert isinstance(charge(card, "inv_1-1"), Charged)


def test_a_slow_card_is_charged_although_its_first_answer_is_lost() -> None:
    card = profile("pm_card_timeout")

    with pytest.raises(OutcomeUnknown):
        charge(card)

    assert charge(card) == SANDBOX.find(key="inv_1-1") == Charged("sandbox", "pi_inv_1-1", CardName("visa", "6975"))


def test_an_unknown_card_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(PaymentMethodRefused, match="pm_card_visa"):
        profile("pm_nobody")


def test_a_key_nobody_asked_for_is_none() -> None:
    assert SANDBOX.find(key="inv_1-1") is None


def test_a_paid_key_with_another_amount_is_a_fault() -> None:
    card = profile()
    charge(card, amount=3920)

    with pytest.raises(ValueError, match="3920 USD"):
        charge(card, amount=3921)


def test_one_of_many_at_once_decides_for_the_key() -> None:
    cards = [profile("pm_card_visa"), profile("pm_card_chargeDeclined")] * 8

    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = set(pool.map(charge, cards))

    assert len(answers) == 1


class TestRefunds:
    @pytest.fixture(autouse=True)
    def _paid(self, aws: None) -> None:
        charge(profile(), amount=1000)

    def test_a_refund_is_made_once_for_its_key(self) -> None:
        first, again, other = refund("ref_1", 400), refund("ref_1", 400), refund("ref_2", 600)

        assert isinstance(first, Refunded)
        assert again == first
        assert isinstance(other, Refunded)
        assert other != first

    def test_no_cent_more_than_was_charged_goes_back(self) -> None:
        assert isinstance(refund("ref_1", 999), Refunded)
        assert refund("ref_2", 2) == Declined("more_than_was_charged")
        assert isinstance(refund("ref_3", 1), Refunded)
        assert refund("ref_4", 1) == Declined("more_than_was_charged")

    def test_nor_another_currency(self) -> None:
        assert refund("ref_1", 1, currency="EUR") == Declined("more_than_was_charged")

    def test_what_was_never_paid_can_not_be_given_back(self) -> None:
        charge(profile("pm_card_expired"), "inv_2-1")

        assert refund("ref_1", 1, reference="pi_inv_2-1") == Declined("no_such_charge")
        assert refund("ref_1", 1, reference="pi_inv_3-1") == Declined("no_such_charge")

    def test_a_key_with_another_amount_is_a_fault(self) -> None:
        refund("ref_1", 400)

        with pytest.raises(ValueError, match="ref_1 refunded 400 USD"):
            refund("ref_1", 401)

    def test_many_at_once_give_back_what_was_charged(self) -> None:
        with ThreadPoolExecutor(max_workers=8) as pool:
            answers = list(pool.map(lambda n: refund(f"ref_{n}", 200), range(8)))

        assert sorted(type(answer).__name__ for answer in answers) == ["Declined"] * 3 + ["Refunded"] * 5

    def test_a_refund_leaves_the_charge_charged(self) -> None:
        refund("ref_1", 1000)

        assert SANDBOX.find(key="inv_1-1") == Charged("sandbox", "pi_inv_1-1", CardName("visa", "4242"))


class TestWhichProcessor:
    @pytest.mark.parametrize(
        ("stage", "asked_for", "chosen"),
        [
            ("prod", "", "stripe"),
            ("prod", "stripe", "stripe"),
            ("dev", "", "sandbox"),
            ("dev", "sandbox", "sandbox"),
            ("dev", "stripe", "stripe"),
        ],
    )
    def test_production_charges_real_cards_and_nothing_else_does_unasked(
        self, stage: str, asked_for: str, chosen: str
    ) -> None:
        assert Settings(environment={"STAGE": stage, "PAYMENT_PROCESSOR": asked_for}).payment_processor == chosen

    @pytest.mark.parametrize(("stage", "asked_for"), [("prod", "sandbox"), ("dev", "paypal")])
    def test_what_would_charge_nobody_in_production_is_refused(self, stage: str, asked_for: str) -> None:
        with pytest.raises(MissingSetting, match="PAYMENT_PROCESSOR"):
            _ = Settings(environment={"STAGE": stage, "PAYMENT_PROCESSOR": asked_for}).payment_processor

    def test_the_gateway_is_the_one_chosen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PAYMENT_PROCESSOR", "stripe")
        settings.cache_clear()
        choice.payment_gateway.cache_clear()

        assert type(choice.payment_gateway()).__name__ == "StripePayments"

        monkeypatch.undo()
        settings.cache_clear()
        choice.payment_gateway.cache_clear()
        assert type(choice.payment_gateway()).__name__ == "SandboxPayments"
