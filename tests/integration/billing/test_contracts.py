"""A headquarters' contract: one invoice a year, paid, declined, tried again, changed and ended (docs/rules.md §10)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Status
from chalicelib.domain.accounts.actions import ChargeInProgress
from chalicelib.domain.audit import Kind
from chalicelib.domain.billing.contracts import Contract
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.models.billing import contracts as contract_rows
from chalicelib.services.accounts.usage import NotPooled
from chalicelib.services.audit import payer_audits
from chalicelib.services.billing import contracts, payment_retries, refunds
from chalicelib.services.billing.contracts import HouseHasNoContract
from chalicelib.services.billing.payment_retries import NothingUnpaid, RetriedJustNow
from chalicelib.services.charging.results import CardDeclined
from chalicelib.services.partners import billing_profiles, partners
from chalicelib.services.partners.billing_profiles import ProfileInUse
from chalicelib.services.wallet import forecasts, prepaid
from tests.books import images
from tests.breaker import cut_off_at_the_card
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

START = date(2026, 3, 1)
FIRST_DAY = datetime(2026, 3, 1, 6, tzinfo=UTC)  # begins in Chicago
A_YEAR = 1_200_000
CHILD = PlanRequest("Franchise", "ACHQ", "standard", 500, Frequency.ANNUAL)


def agree(world: World, **changes: Any) -> Contract:
    return contracts.agree(partner_id=world.partner_id, changes=changes, now=world.now, actor=ACTOR).contract


def default_card(world: World, payment_method: str = "pm_card_visa") -> str:
    """Put a card on file that is the default from now on, as the route does."""
    return payment_retries.create_billing_profile(
        profile_id=f"bp_{payment_method}_{world.now.timestamp()}",
        partner_id=world.partner_id,
        name="Headquarters",
        payment_method=payment_method,
        address=None,
        default=True,
        now=world.now,
        actor=ACTOR,
    ).id


def grant(world: World, amount: int, *, id: str = "txn_GRANT") -> None:
    prepaid.grant_prepaid(entry_id=id, partner_id=world.partner_id, amount=amount, now=world.now, actor=ACTOR)


def contract_of(world: World) -> Contract:
    return contract_rows.get(world.partner_id)


def issued(world: World) -> list[tuple[str, int, int, int]]:
    """The invoices by number: their status, total, prepaid and card."""
    found = sorted(world.invoices(), key=lambda each: each.number)
    return [(i.status.value, i.total.amount, i.prepaid_applied.amount, i.card_charged.amount) for i in found]


def events(world: World) -> list[str]:
    """The events that the contract's row names now: those of its last change."""
    return [
        str(row["event"]["S"]) for row in images(settings().accounts_table) if row["id"]["S"].startswith("contract")
    ]


def prove(world: World) -> None:
    """The audit is clean, but for the daily balance check, which sleeps here."""
    found = payer_audits.audit_partner(partner_id=world.partner_id, now=world.now).findings
    assert [each for each in found if each.subject != world.partner_id or each.kind is not Kind.ALARM_LATE] == []


@pytest.fixture
def world() -> World:
    """A headquarters with an account, whose contract begins on 1 March."""
    world = World(program="franchise")
    world.create(plan=CHILD, billing_profile_id=None)
    agree(world, price=A_YEAR, starts_on=START, contacts=5_000)
    return world


def at_the_start(world: World) -> World:
    world.now = FIRST_DAY
    world.run_schedules()
    return world


class TestAYear:
    def test_the_card_pays_once_a_year(self, world: World) -> None:
        default_card(world)

        world.now = FIRST_DAY - timedelta(seconds=1)
        world.run_schedules()
        assert issued(world) == []
        world.advance(days=2 * 365)

        assert issued(world) == [("paid", A_YEAR, 0, A_YEAR)] * 2
        assert [(str(i.period.start), str(i.period.end)) for i in world.invoices() if i.period] == [
            ("2026-03-01", "2027-03-01"),
            ("2027-03-01", "2028-03-01"),
        ]
        assert contract_of(world).paid_until == date(2028, 3, 1)
        assert events(world) == ["contract.renewed"]
        prove(world)

    @pytest.mark.parametrize(
        ("general", "prepaid_part", "card_part"),
        [
            pytest.param(A_YEAR - 1, A_YEAR - 50, 50, id="a cent short: the card's part reaches the minimum"),
            pytest.param(A_YEAR, A_YEAR, 0, id="all of it"),
        ],
    )
    def test_prepaid_money_goes_first(self, world: World, general: int, prepaid_part: int, card_part: int) -> None:
        default_card(world)
        grant(world, general)

        at_the_start(world)

        assert issued(world) == [("paid", A_YEAR, prepaid_part, card_part)]
        prove(world)

    def test_it_is_in_the_forecast(self, world: World) -> None:
        default_card(world)
        grant(world, A_YEAR + 100)

        ahead = forecasts.get_forecast(partner_id=world.partner_id, until=date(2027, 4, 1), now=world.now)

        assert [(each.at, each.prepaid.amount, each.card.amount) for each in ahead.payments] == [
            (FIRST_DAY, A_YEAR, 0),
            (datetime(2027, 3, 1, 6, tzinfo=UTC), 100, A_YEAR - 100),
        ]
        assert ahead.buy_today.amount == A_YEAR - 100

    def test_a_price_of_zero_has_an_invoice_and_asks_no_card(self, world: World) -> None:
        agree(world, price=0)

        at_the_start(world)

        assert issued(world) == [("paid", 0, 0, 0)]
        prove(world)

    def test_without_a_price_nothing_is_invoiced(self) -> None:
        world = World(program="franchise")
        agree(world, contacts=5_000)

        world.advance(days=400)

        assert issued(world) == []
        prove(world)

    def test_it_brings_nobody_a_commission_and_counts_as_no_account(self, world: World) -> None:
        default_card(world)

        at_the_start(world)

        (invoice,) = world.invoices()
        assert (invoice.account_id, invoice.earning) == (None, None)
        assert images(settings().earnings_table) == []
        assert world.wallet.active_paid_accounts == 1  # its account, not the contract

    def test_years_that_an_outage_missed_are_invoiced_in_order_each_once(self, world: World) -> None:
        default_card(world)
        world.now = FIRST_DAY + timedelta(days=800)

        for _ in range(5):
            world.run_schedules(times=3)

        assert [str(i.period.start) for i in world.invoices() if i.period] == [
            "2026-03-01",
            "2027-03-01",
            "2028-03-01",
        ]
        prove(world)

    def test_a_refund_goes_back_to_its_card(self, world: World) -> None:
        default_card(world)
        at_the_start(world)
        (invoice,) = world.invoices()

        refunds.refund_invoice(
            refund_id="txn_R", payer=world.partner_id, invoice_id=invoice.id, amount=None, now=world.now, actor=ACTOR
        )

        assert contract_of(world).paid_until == date(2027, 3, 1)  # the year stays
        prove(world)


class TestDeclined:
    @pytest.fixture
    def declined(self, world: World) -> World:
        default_card(world, "pm_card_chargeDeclined")
        return at_the_start(world)

    def test_it_is_past_due_tried_on_days_1_3_5_and_7_and_stays_unpaid_while_its_accounts_go_on(
        self, declined: World
    ) -> None:
        assert contract_of(declined).is_past_due

        declined.advance(days=400)

        (invoice,) = declined.invoices()
        local = [(attempt.at - timedelta(hours=6)).date().isoformat() for attempt in invoice.attempts]
        assert local == ["2026-03-01", "2026-03-02", "2026-03-04", "2026-03-06", "2026-03-08"]
        assert invoice.status is InvoiceStatus.OPEN
        assert contract_of(declined).due_at is None  # the next year waits too
        accounts = [row["id"]["S"] for row in images(settings().accounts_table) if row["id"]["S"].startswith("acct_")]
        assert [declined.account(each).status for each in accounts] == [Status.ACTIVE]
        prove(declined)

    def test_without_a_default_card_it_is_declined(self, world: World) -> None:
        world.card()  # not the default

        at_the_start(world)

        (invoice,) = world.invoices()
        assert [attempt.decline_code for attempt in invoice.attempts] == ["no_billing_profile"]
        prove(world)

    @pytest.mark.parametrize("days", [0, 30], ids=["at once", "after the last retry"])
    def test_another_default_card_pays_it_with_the_next_sweep(self, declined: World, days: int) -> None:
        declined.advance(days=days)
        default_card(declined)

        declined.run_schedules()

        assert issued(declined) == [("paid", A_YEAR, 0, A_YEAR)]
        assert contract_of(declined).due_at == datetime(2027, 3, 1, 6, tzinfo=UTC)
        assert events(declined) == ["contract.payment_recovered"]
        prove(declined)

    def test_a_new_card_on_the_default_profile_pays_it_too(self, world: World) -> None:
        profile = default_card(world, "pm_card_chargeDeclined")
        at_the_start(world)
        world.now += timedelta(minutes=5)
        payment_retries.update_billing_profile(
            partner_id=world.partner_id,
            profile_id=profile,
            changes={"payment_method": "pm_card_visa"},
            now=world.now,
            actor=ACTOR,
        )

        world.run_schedules()

        assert issued(world) == [("paid", A_YEAR, 0, A_YEAR)]

    def test_a_default_card_chosen_while_the_old_one_is_asked_is_tried_at_once(self, world: World) -> None:
        default_card(world, "pm_card_chargeDeclined")
        world.now = FIRST_DAY
        cut_off_at_the_card(world.run_schedules)
        world.now += timedelta(minutes=1)
        default_card(world)
        world.now += timedelta(minutes=2)

        world.run_schedules()  # settles the old card's answer
        world.now += timedelta(seconds=1)
        world.run_schedules()

        assert issued(world) == [("paid", A_YEAR, 0, A_YEAR)]
        prove(world)

    @pytest.mark.parametrize(("more", "status"), [(0, "paid"), (-1, "open")], ids=["all of it", "a cent short"])
    def test_prepaid_money_that_covers_it_pays_it(self, declined: World, more: int, status: str) -> None:
        declined.advance(days=30)
        grant(declined, A_YEAR + more)

        declined.run_schedules()

        assert issued(declined)[0][0] == status
        prove(declined)

    def test_years_missed_while_unpaid_follow_in_order(self, declined: World) -> None:
        declined.advance(days=800)
        default_card(declined)

        declined.advance(days=1)

        assert [str(i.period.start) for i in declined.invoices() if i.period] == [
            "2026-03-01",
            "2027-03-01",
            "2028-03-01",
        ]
        prove(declined)

    def test_the_partner_may_ask_for_a_retry_once_a_minute(self, declined: World) -> None:
        def retry() -> Contract:
            return payment_retries.retry_contract(
                partner_id=declined.partner_id, now=declined.now, actor=ACTOR
            ).contract

        with pytest.raises(RetriedJustNow):
            retry()
        declined.now += timedelta(minutes=1)
        with pytest.raises(CardDeclined):
            retry()
        before = contract_of(declined)
        assert before.unpaid is not None
        assert (before.unpaid.attempts, before.unpaid.retries, before.unpaid.retry_on) == (2, 0, date(2026, 3, 2))
        default_card(declined)
        declined.now += timedelta(minutes=1)

        assert retry().unpaid is None
        with pytest.raises(NothingUnpaid):
            retry()
        prove(declined)


class TestAgreedOnAnew:
    def test_a_new_price_holds_from_the_next_year_on(self, world: World) -> None:
        default_card(world)
        at_the_start(world)
        agree(world, price=1_500_000)

        world.advance(days=366)

        assert [total for _, total, _, _ in issued(world)] == [A_YEAR, 1_500_000]

    def test_ended_it_is_not_invoiced_again(self, world: World) -> None:
        default_card(world)
        at_the_start(world)
        agree(world, price=None)

        world.advance(days=800)

        assert len(issued(world)) == 1
        assert events(world) == ["contract.ended"]
        prove(world)

    def test_ended_while_unpaid_the_invoice_is_void(self, world: World) -> None:
        at_the_start(world)

        agree(world, price=None)
        world.advance(days=400)

        assert issued(world) == [("void", A_YEAR, 0, 0)]
        assert not contract_of(world).is_past_due
        prove(world)

    def test_the_same_again_changes_nothing(self, world: World) -> None:
        before = contract_of(world)

        agree(world, price=A_YEAR, starts_on=START, contacts=5_000)

        assert contract_of(world) == before

    def test_contacts_alone_leave_the_price(self, world: World) -> None:
        agree(world, contacts=9_000)

        found = contracts.get_contract(partner_id=world.partner_id)
        assert (found.pool.contract, found.contract.price and found.contract.price.amount) == (9_000, A_YEAR)

    def test_not_while_it_is_charged(self, world: World) -> None:
        default_card(world)
        world.now = FIRST_DAY
        cut_off_at_the_card(world.run_schedules)

        with pytest.raises(ChargeInProgress):
            agree(world, price=1)
        agree(world, contacts=1)  # has nothing to do with it
        world.now += timedelta(minutes=3)
        world.run_schedules()

        assert issued(world) == [("paid", A_YEAR, 0, A_YEAR)]
        prove(world)

    def test_the_default_card_stays_on_file_as_long_as_there_is_a_contract(self, world: World) -> None:
        profile = default_card(world)

        def delete() -> None:
            billing_profiles.delete_profile(partner_id=world.partner_id, profile_id=profile, now=world.now, actor=ACTOR)

        with pytest.raises(ProfileInUse, match="contract"):
            delete()
        agree(world, price=None)
        delete()

    def test_only_where_contacts_are_pooled_and_not_for_the_house(self, world: World) -> None:
        with pytest.raises(NotPooled):
            agree(World(), price=1, starts_on=START)
        world.partner_id = partners.house_of("franchise", now=world.now, actor=ACTOR).id
        with pytest.raises(HouseHasNoContract):
            agree(world, price=1, starts_on=START)
