"""What a notice tells."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account, ExpiryReason, PendingChange, Status
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.events.events import Event
from tests.builders import NOW, make_account, make_overdue, make_past_due, make_plan, usd
from tests.notices import CLIENT_PAYS, DISPUTE, PARTNER_PAYS, PAYOUT, REFERRED, compose, ended, make_event


class TestFacts:
    def facts(self, event: Event, account: Account | None = None) -> dict[str, Any]:
        return dict(compose(event, account).facts)

    def reminder_of(self, **overrides: Any) -> dict[str, Any]:
        return self.facts(make_event("account.renewal_upcoming"), make_account(**overrides))

    def test_a_reminder_names_the_plan_that_is_pending_and_its_price(self) -> None:
        cheaper = PendingChange(make_plan(tier="starter"), NOW)

        facts = self.reminder_of(pending_change=cheaper)

        assert (facts["plan"], facts["price"]) == ("Starter", usd(2900))

    @pytest.mark.parametrize(("cycles_left", "price"), [(1, 4410), (0, 4900)])
    def test_a_reminder_names_the_price_that_is_coming_not_the_last_one(self, cycles_left: int, price: int) -> None:
        facts = self.reminder_of(migrated_cycles=cycles_left, price=usd(4410))

        assert facts["price"] == usd(price)

    @pytest.mark.parametrize(("account", "price"), [(PARTNER_PAYS, 3675), (CLIENT_PAYS, 4900), (REFERRED, 4900)])
    def test_a_reminder_names_the_partners_price_at_its_tier_or_the_clients_list_price(
        self, account: Account, price: int
    ) -> None:
        notice = compose(make_event("account.renewal_upcoming"), account, active_paid_accounts=2)

        assert notice.facts["price"] == usd(price)

    def test_a_failed_payment_names_amount_and_next_try(self) -> None:
        account = make_past_due(overdue=make_overdue(total=usd(4900), first_declined_at=NOW))

        facts = self.facts(make_event("account.payment_failed", after={"payment_state": "past_due"}), account)

        assert facts["amount"] == usd(4900)
        assert facts["retry_on"] == date(2026, 2, 1)

    def test_a_payment_that_was_made_meanwhile_names_no_next_try(self) -> None:
        facts = self.facts(make_event("account.payment_failed", after={"payment_state": "past_due"}), make_account())

        assert "retry_on" not in facts

    def test_the_end_is_dated_where_the_account_is(self) -> None:
        account = make_account(
            status=Status.EXPIRED,
            time_zone="America/Chicago",
            expired_at=datetime(2026, 3, 1, 5, 59, tzinfo=UTC),
            expiry_reason=ExpiryReason.CANCELED,
        )

        assert self.facts(make_event("account.expired", **ended("canceled")), account)["ended_on"] == date(2026, 2, 28)

    @pytest.mark.parametrize(("taken_back", "amount"), [(0, 4900), (2000, 2000)])
    def test_a_dispute_names_what_was_taken_back_or_is_at_stake(self, taken_back: int, amount: int) -> None:
        facts = self.facts(make_event("dispute.lost", data={**DISPUTE, "taken_back": taken_back, "number": "000042"}))

        assert (facts["amount"], facts["number"]) == (usd(amount), "000042")

    def test_a_payout_names_what_was_given_back_of_it_why_and_until_when_it_can_be_claimed(self) -> None:
        data = {**PAYOUT, "given_back": 1760, "cause": "unregistered"}

        facts = self.facts(make_event("payout.unclaimed", at=datetime(2026, 2, 15, 4, 59, tzinfo=UTC), data=data))

        assert (facts["amount"], facts["given_back"], facts["reason"]) == (usd(11760), usd(1760), Cause.UNREGISTERED)
        assert (facts["payout"], facts["recipient"]) == ("pay_1", "pay@bright.example")
        assert facts["claim_by"] == date(2026, 3, 16), "the partner's date: it is 14 February in Chicago"

    def test_a_payout_that_was_paid_by_other_means_names_no_paypal_address(self) -> None:
        data = {**PAYOUT, "paid_reference": "Wire 42"}

        facts = self.facts(make_event("payout.paid", before={"status": "failed"}, data=data))

        assert (facts["reference"], facts["recipient"]) == ("Wire 42", None)

    def test_a_card_is_named_by_its_brand_and_last_digits(self) -> None:
        facts = self.facts(make_event("prepaid.used_up", data={"card": {"brand": "visa", "last4": "4242"}}))

        assert facts["card"] == "Visa •••• 4242"
