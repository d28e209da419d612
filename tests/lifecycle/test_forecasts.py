"""The forecast is what the clock brings, to the cent and the instant (docs/rules.md §7, docs/decisions/forecast.md)."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import Frequency, first_instant, local_date
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.wallet.journal import EntryKind
from chalicelib.services.accounts import plan_changes
from chalicelib.services.accounts.plan_changes import PlanChangeRequest
from chalicelib.services.billing import payment_retries, single_bills
from chalicelib.services.partners import billing_profiles
from chalicelib.services.schedule import sweeps
from chalicelib.services.wallet import forecasts, set_asides
from chalicelib.services.wallet.forecasts import Forecast
from tests.conftest import reset_aws
from tests.proving import examples
from tests.world import ACTOR, PLUS, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

ZONES = (
    "America/New_York",
    "Europe/London",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/Chicago",
    "Asia/Tokyo",
)
STARTER = replace(PLUS, tier="starter")
SOLUTIONS = tuple(PlanRequest("S1", "email", tier, 1000, Frequency.MONTHLY) for tier in ("lite", "standard", "premium"))
PLANS = {
    "agency": (PLUS, replace(PLUS, tier="professional"), replace(PLUS, billing_frequency=Frequency.ANNUAL), TRIAL),
    "solutions": SOLUTIONS,
}
CHEAPER = {"agency": STARTER, "solutions": SOLUTIONS[0]}

MOST_WATCHED = examples(12, prove=70)
"""Days a world with a top-up is lived through: each has a watch of its own, which takes its time."""

Charged = tuple[datetime, str, int, int, int]
"""When, for what, how much; of that prepaid and by card."""


def ask(world: World, until: date) -> Forecast:
    return forecasts.get_forecast(partner_id=world.partner_id, until=until, now=world.now)


def expected(forecast: Forecast) -> list[Charged]:
    payments = [*forecast.payments, *forecast.top_ups]
    return sorted((p.at, p.subject, p.amount.amount, p.prepaid.amount, p.card.amount) for p in payments)


def happens(world: World, until: date) -> list[Charged]:
    """What is charged until the instant at which ``until`` begins for the partner."""
    before = charged(world)
    world.run_schedules()
    world.advance(to=first_instant(until, world.time_zone) - timedelta(seconds=1))
    return sorted(set(charged(world)) - set(before))


def charged(world: World) -> list[Charged]:
    """Everything that was ever charged."""
    invoices = [i for i in world.invoices() if i.bill_id is None and i.status is InvoiceStatus.PAID]
    found = [
        (i.paid_at, i.account_id, i.total.amount, i.prepaid_applied.amount, i.card_charged.amount) for i in invoices
    ]
    closed, _ = single_bills.list_bills(partner_id=world.partner_id, limit=100, start=None)
    found += [
        (b.paid_at, b.id, b.total.amount, b.prepaid_applied.amount, b.card_charged.amount) for b in closed if b.paid_at
    ]
    found += [
        (e.at, world.partner_id, e.amount.amount, 0, e.amount.amount)
        for e in world.journal()
        if e.kind is EntryKind.PURCHASE
    ]
    return found


def check(world: World) -> None:
    """Let the daily watch run from now on."""
    world.watched = True
    world.run_schedules()


def on_cards(charged: list[Charged]) -> int:
    return sum(card for *_, card in charged)


@dataclass(frozen=True)
class Wish:
    """One account of a random world, and what is done to it."""

    zone: str
    plan: int
    after: int
    """Hours after the one before it that it is created."""
    migrated: bool
    on_bill: bool
    fate: str
    set_aside: int
    retried: str


@dataclass(frozen=True)
class Script:
    """A random world, so that it can be lived through again."""

    program: str
    zone: str
    wishes: tuple[Wish, ...]
    bill_day: int
    bill_declined: bool
    bought: int
    top_up: bool
    pause: int
    days: int

    def play(self) -> tuple[World, date]:
        reset_aws()
        world = World(program=self.program, time_zone=self.zone)
        if self.program == "solutions":
            card = world.card("pm_card_declinedOnRenewal") if self.bill_declined else world.card()
            single_bills.set_up_single_bill(
                partner_id=world.partner_id, day=self.bill_day, billing_profile_id=card, now=world.now, actor=ACTOR
            )
        declining = {}
        for number, wish in enumerate(self.wishes):
            account_id = f"acct_{number}"
            world.advance(to=world.now + timedelta(hours=wish.after))
            self._create(world, account_id, wish, declining)
        if self.bought:
            world.buy(self.bought)
        world.advance(days=self.pause)
        for account_id, wish in ((f"acct_{n}", w) for n, w in enumerate(self.wishes)):
            self._befall(world, account_id, wish)
        for card, how in declining.items():
            profile = billing_profiles.get_profile(partner_id=world.partner_id, profile_id=card)
            given = {"payment_method": "pm_card_visa"}
            billing_profiles.update_profile(profile=profile, changes=given, now=world.now, actor=ACTOR)
            if how == "soon":
                payment_retries.retry_soon(partner_id=world.partner_id, profile_id=card, now=world.now, actor=ACTOR)
        if self.program == "solutions" and self.bill_declined:
            profile = billing_profiles.get_profile(
                partner_id=world.partner_id, profile_id=world.wallet.single_bill.billing_profile_id
            )
            given = {"payment_method": "pm_card_visa"}
            billing_profiles.update_profile(profile=profile, changes=given, now=world.now, actor=ACTOR)
        if self.top_up:
            check(world)
            world.top_up(2_000, 5_000)
        days = min(self.days, MOST_WATCHED) if self.top_up else self.days
        return world, local_date(world.now, world.time_zone) + timedelta(days=days)

    def _create(self, world: World, account_id: str, wish: Wish, declining: dict[str, str]) -> None:
        plans = PLANS[self.program]
        plan = plans[wish.plan % len(plans)]
        given = {"id": account_id, "plan": plan, "time_zone": wish.zone}
        if self.program == "agency" and plan is not TRIAL:
            given["migrated"] = wish.migrated
        if self.program == "solutions" and wish.on_bill:
            given |= {"single_bill": True, "billing_profile_id": None}
        elif plan is not TRIAL and wish.fate == "declined":
            card = world.card("pm_card_declinedOnRenewal")
            given["billing_profile_id"] = card
            declining[card] = wish.retried
        try:
            world.create(**given)
        except Refusal:
            return  # an unpaid Single Bill takes no new accounts

    def _befall(self, world: World, account_id: str, wish: Wish) -> None:
        try:
            if wish.fate == "canceled":
                world.cancel(account_id)
            elif wish.fate == "canceled later":
                day = local_date(world.now, wish.zone) + timedelta(days=1 + wish.set_aside % 40)
                world.cancel(account_id, effective_date=day)
            elif wish.fate == "downgraded":
                plan_changes.change_plan(
                    partner_id=world.partner_id,
                    account_id=account_id,
                    request=PlanChangeRequest(CHEAPER[self.program]),
                    now=world.now,
                    actor=ACTOR,
                )
            amount = min(wish.set_aside, world.wallet.general.amount)
            if amount:
                set_asides.set_money_aside(
                    entry_id=f"txn_{account_id}",
                    partner_id=world.partner_id,
                    account_id=account_id,
                    amount=amount,
                    now=world.now,
                    actor=ACTOR,
                )
        except Refusal:
            return  # not possible for this account


wishes = st.builds(
    Wish,
    zone=st.sampled_from(ZONES),
    plan=st.integers(0, 3),
    after=st.sampled_from([0, 0, 5, 13, 30, 200]),
    migrated=st.booleans(),
    on_bill=st.booleans(),
    fate=st.sampled_from(["", "", "canceled", "canceled later", "downgraded", "declined", "declined"]),
    set_aside=st.sampled_from([0, 0, 700, 4_880, 9_000]),
    retried=st.sampled_from(["soon", "by schedule"]),
)
scripts = st.builds(
    Script,
    program=st.sampled_from(["agency", "solutions"]),
    zone=st.sampled_from(ZONES),
    wishes=st.lists(wishes, min_size=1, max_size=4).map(tuple),
    bill_day=st.integers(1, 31),
    bill_declined=st.booleans(),
    bought=st.sampled_from([0, 1_000, 4_900, 30_000]),
    top_up=st.booleans(),
    pause=st.integers(0, 34),
    days=st.integers(1, 70),
)


@settings(max_examples=examples(3, prove=150), suppress_health_check=list(HealthCheck), derandomize=True)
@given(scripts)
def test_the_forecast_is_what_happens_and_what_it_says_to_buy_keeps_every_card_untouched(script: Script) -> None:
    world, until = script.play()
    forecast = ask(world, until)

    assert happens(world, until) == expected(forecast)

    buy = forecast.buy_today.amount
    assert bool(buy) == any(card for *_, card in expected(forecast))
    if buy:
        world, until = script.play()
        world.buy(buy)
        assert on_cards(happens(world, until)) == 0
    if buy > 1_000:
        world, until = script.play()
        world.buy(buy - 1)
        assert on_cards(happens(world, until)) > 0


def arrange_bill(world: World, *, day: int) -> None:
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=day, billing_profile_id=world.card(), now=world.now, actor=ACTOR
    )


def give_good_card(world: World, profile_id: str) -> None:
    """The profile's card is replaced by one that pays; nothing is told of it to what is past due."""
    profile = billing_profiles.get_profile(partner_id=world.partner_id, profile_id=profile_id)
    billing_profiles.update_profile(
        profile=profile, changes={"payment_method": "pm_card_visa"}, now=world.now, actor=ACTOR
    )


class TestWhereDatesAndListPricesWentWrong:
    def test_an_account_east_of_its_partner_is_charged_before_the_partners_day_begins(self) -> None:
        world = World(time_zone="America/New_York")
        account = world.create(time_zone="Europe/London")
        until = account.period.end

        forecast = ask(world, until)

        (payment,) = forecast.payments
        assert local_date(payment.at, world.time_zone) == until - timedelta(days=1)
        assert happens(world, until) == expected(forecast)

    def test_an_invoice_goes_on_the_bill_that_is_open_at_its_instant(self) -> None:
        world = World(program="solutions", time_zone="America/New_York")
        arrange_bill(world, day=28)
        world.create(plan=SOLUTIONS[1], time_zone="Europe/London", single_bill=True, billing_profile_id=None)
        until = date(2026, 3, 1)  # it renews on 28 February, at 19:00 of the 27th in New York: the 28th's bill has two

        forecast = ask(world, until)

        assert [payment.amount.amount for payment in forecast.payments] == [2 * world.invoices()[0].total.amount]
        assert happens(world, until) == expected(forecast)

    def test_an_account_created_on_a_bill_day_waits_for_the_next_if_the_empty_bill_stayed_open(self) -> None:
        world = World(program="solutions", time_zone="America/New_York", now=datetime(2026, 1, 14, 12, tzinfo=UTC))
        arrange_bill(world, day=15)
        world.advance(to=datetime(2026, 1, 15, 15, tzinfo=UTC))
        world.create(plan=SOLUTIONS[1], single_bill=True, billing_profile_id=None)
        until = date(2026, 3, 1)

        forecast = ask(world, until)

        assert [local_date(p.at, world.time_zone) for p in forecast.payments] == [date(2026, 2, 15)]
        assert happens(world, until) == expected(forecast)

    def test_after_the_last_discounted_cycle_that_is_past_due_the_full_price_is_due(self) -> None:
        world = World()
        card = world.card("pm_card_declinedOnRenewal")
        account = world.create(migrated=True, billing_profile_id=card)
        world.buy(4_410 * (account.migrated_cycles - 1))  # all discounted renewals but the last
        while world.account(account.id).overdue is None:
            world.advance(to=world.next_alarm())
        assert world.account(account.id).migrated_cycles == 1
        give_good_card(world, card)
        until = local_date(world.now, world.time_zone) + timedelta(days=45)

        forecast = ask(world, until)

        assert [payment.amount.amount for payment in forecast.payments] == [4_410, 4_900]
        assert happens(world, until) == expected(forecast)

    def test_what_renews_on_the_bill_day_is_on_the_bill_however_many_messages_it_takes(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sweeps, "CHARGES_AT_ONCE", 2)
        monkeypatch.setattr(forecasts, "CHARGES_AT_ONCE", 2)
        world = World(program="solutions")
        arrange_bill(world, day=28)
        for number in range(5):
            world.create(id=f"acct_{number}", plan=SOLUTIONS[1], single_bill=True, billing_profile_id=None)
        until = date(2026, 3, 1)

        forecast = ask(world, until)

        assert [payment.amount.amount for payment in forecast.payments] == [10 * world.invoices()[0].total.amount]
        assert happens(world, until) == expected(forecast)

    def test_an_invoice_that_set_aside_money_covers_is_paid_at_once_and_on_no_bill(self) -> None:
        world = World(program="solutions")
        arrange_bill(world, day=5)
        world.create(id="acct_1", plan=SOLUTIONS[1], single_bill=True, billing_profile_id=None)
        world.buy(20_000, account_id="acct_1")
        until = date(2026, 3, 10)

        forecast = ask(world, until)

        assert [payment.subject for payment in forecast.payments][1:] == ["acct_1"]
        assert happens(world, until) == expected(forecast)

    def test_a_top_up_is_a_card_too(self) -> None:
        world = World()
        world.create()
        world.buy(5_000)
        world.advance(days=25)
        check(world)
        world.top_up(2_000, 10_000)
        until = date(2026, 3, 2)

        forecast = ask(world, until)

        assert [payment.card.amount for payment in forecast.payments] == [0]
        assert [top_up.amount.amount for top_up in forecast.top_ups] == [10_000]
        assert forecast.buy_today.amount == 4_900 + 2_000 - 5_000
        assert happens(world, until) == expected(forecast)

    @pytest.mark.parametrize("soon", [True, False])
    def test_a_card_that_was_just_changed_is_tried_soon_and_otherwise_by_schedule(self, soon: bool) -> None:
        world = World()
        card = world.card("pm_card_declinedOnRenewal")
        world.create(billing_profile_id=card)
        world.advance(days=28)
        give_good_card(world, card)
        if soon:
            payment_retries.retry_soon(partner_id=world.partner_id, profile_id=card, now=world.now, actor=ACTOR)
        until = date(2026, 3, 10)

        forecast = ask(world, until)

        assert (forecast.payments[0].at == world.now) is soon
        assert happens(world, until) == expected(forecast)

    def test_money_set_aside_for_an_account_that_ends_pays_for_the_others(self) -> None:
        world = World()
        ending = world.create()
        world.now += timedelta(days=3)
        world.create()
        world.buy(10_000, account_id=ending.id)
        world.cancel(ending.id)
        until = date(2026, 3, 10)

        forecast = ask(world, until)

        assert forecast.buy_today.amount == 0
        assert happens(world, until) == expected(forecast)
