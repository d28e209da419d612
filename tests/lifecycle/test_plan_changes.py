"""Plans changed in the middle of periods and at their end, on moto, with time moved by hand."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.accounts.accounts import Account, PaymentState, Status
from chalicelib.domain.accounts.actions import Action, ChargeInProgress, RenewalDue, TransitionRefused, allowed_actions
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.catalog.programs import ContactPrice, PlanKind
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.charging.charges import ChargeKind
from chalicelib.domain.refusals import Invalid
from chalicelib.gateways.choice import payment_gateway
from chalicelib.gateways.payments import OutcomeUnknown
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import creation, plan_changes
from chalicelib.services.accounts.plan_changes import PlanChangeRequest
from chalicelib.services.accounts.quotes import QuoteChanged
from chalicelib.services.billing import refunds
from chalicelib.services.charging import cards, charges
from chalicelib.services.charging.results import CardDeclined, ChargeOutcomeUnknown
from chalicelib.services.partners import partners
from chalicelib.services.schedule import runs
from chalicelib.services.wallet import forecasts
from tests.books import Books
from tests.conftest import reset_aws
from tests.lifecycle.test_single_bill import STANDARD, arrange
from tests.world import ACTOR, PLUS, SANDBOX, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

CASES = json.loads((Path(__file__).parents[1] / "cases" / "billing.json").read_text())["proration"]
STARTER = PlanRequest("V3", "marketing", "starter", 1000, Frequency.MONTHLY)  # 29.00
BIGGER = replace(PLUS, contacts=2500)  # 79.00, PLUS is 49.00
BIGGEST = replace(PLUS, contacts=5000)  # 119.00
WITH_SMS = replace(PLUS, add_ons=("sms",))  # 49.00 + 15.00
YEARLY = replace(PLUS, billing_frequency=Frequency.ANNUAL)  # 490.00


def change(world: World, account: Account | str, plan: PlanRequest, **more: Any) -> Account:
    return plan_changes.change_plan(
        partner_id=world.partner_id,
        account_id=account if isinstance(account, str) else account.id,
        request=PlanChangeRequest(plan, **more),
        now=world.now,
        actor=ACTOR,
    )


def preview(world: World, account: Account, plan: PlanRequest, **more: Any) -> Quote:
    return plan_changes.preview(
        partner_id=world.partner_id, account_id=account.id, request=PlanChangeRequest(plan, **more), now=world.now
    )


def withdraw(world: World, account: Account) -> Account:
    return plan_changes.withdraw(partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR)


def amounts(world: World) -> list[tuple[str, int]]:
    return [(line.kind, line.amount.amount) for line in world.invoices()[-1].lines]


@pytest.fixture
def world() -> World:
    return World()


class TestUpgrade:
    def test_is_at_once_and_costs_the_days_left(self, world: World) -> None:
        account = world.create()
        world.advance(to=datetime(2026, 2, 10, 18, tzinfo=UTC))

        after = change(world, account, BIGGER)

        assert amounts(world) == [("credit", -3150), ("plan", 5079)]  # 18 of 28 days
        invoice = world.invoices()[-1]
        assert (invoice.charge_kind, invoice.card_charged.amount) == (ChargeKind.UPGRADE, 1929)
        assert invoice.status is InvoiceStatus.PAID
        assert (after.plan.contacts, after.price.amount) == (2500, 7900)
        assert (after.period, after.anchor) == (account.period, account.anchor)
        world.advance(days=30)
        assert world.invoices()[-1].total.amount == 7900
        Books(world).check()

    def test_prepaid_money_goes_first(self, world: World) -> None:
        account = world.create()
        world.buy(1000)

        change(world, account, BIGGER)

        invoice = world.invoices()[-1]
        assert (invoice.prepaid_applied.amount, invoice.card_charged.amount) == (1000, 2000)

    def test_a_second_one_is_prorated_from_what_was_last_paid_for(self, world: World) -> None:
        account = world.create()
        world.advance(to=datetime(2026, 2, 10, 18, tzinfo=UTC))
        change(world, account, BIGGER)
        world.advance(to=datetime(2026, 2, 20, 18, tzinfo=UTC))

        change(world, account, BIGGEST)

        assert amounts(world) == [("credit", -2257), ("plan", 3400)]  # 8 of 28 days

    def test_and_on_the_same_day_nothing_is_paid_twice(self, world: World) -> None:
        account = world.create()

        change(world, account, BIGGER)
        change(world, account, BIGGEST)

        assert [i.total.amount for i in world.invoices()] == [4900, 3000, 4000]
        Books(world).check()

    def test_the_discount_of_the_period_stays_frozen(self, world: World) -> None:
        account = world.create()
        world.create()  # two accounts: 25 % from the next renewals on

        change(world, account, BIGGER)

        assert world.invoices()[-1].total.amount == 3000

    def test_an_add_on_is_prorated_like_an_upgrade(self, world: World) -> None:
        account = world.create()
        world.advance(to=datetime(2026, 2, 14, 18, tzinfo=UTC))

        after = change(world, account, WITH_SMS)

        assert amounts(world) == [("add_on", 750)]
        assert after.price.amount == 6400

    def test_an_equal_price_is_at_once_with_an_invoice_of_zero(self, world: World) -> None:
        account = world.create()

        after = change(world, account, replace(PLUS, limits={"email_sends": 12345}))

        assert after.plan.limits["email_sends"] == 12345
        assert amounts(world) == [("credit", -4900), ("plan", 4900)]
        assert (world.invoices()[-1].total.amount, world.invoices()[-1].card_charged.amount) == (0, 0)

    def test_asked_for_again_it_changes_nothing(self, world: World) -> None:
        account = world.create()
        first = change(world, account, BIGGER)

        assert change(world, account, BIGGER) == first
        assert len(world.invoices()) == 2

    def test_declined_it_has_changed_nothing(self, world: World) -> None:
        account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
        world.buy(1000)
        before = (world.account(account.id), world.wallet.balance, world.wallet.held, world.journal())
        world.advance(days=1)

        for _ in range(2):
            with pytest.raises(CardDeclined):
                change(world, account, BIGGER)

        after = replace(world.account(account.id), version=before[0].version, charges=before[0].charges)
        assert (after, world.wallet.balance, world.wallet.held, world.journal()) == before
        assert [i.number for i in world.invoices()] == [1]
        change(world, account, replace(PLUS, limits={"email_sends": 777}))  # numbers that were declined are passed over
        assert [i.number for i in world.invoices()] == [1, 2]

    def test_money_that_was_refunded_is_not_credited(self, world: World) -> None:
        account = world.create()
        refunds.refund_invoice(
            refund_id="txn_refund",
            payer=world.partner_id,
            invoice_id=world.invoices()[0].id,
            amount=None,
            now=world.now,
            actor=ACTOR,
        )

        change(world, account, BIGGER)

        assert world.invoices()[-1].total.amount == 7900

    def test_too_small_for_a_card_it_is_waived_and_later_not_credited(self, world: World) -> None:
        account = world.create(plan=replace(STARTER, contacts=500))
        world.advance(to=datetime(2026, 2, 27, 18, tzinfo=UTC))

        change(world, account, STARTER)

        assert amounts(world) == [("credit", -68), ("plan", 104), ("waived", -36)]
        change(world, account, PLUS)
        assert amounts(world) == [("credit", -68), ("plan", 175)]  # not 104: 36 of it was never paid

    def test_on_a_single_bill_its_invoice_joins_the_bill(self) -> None:
        world = World(program="solutions")
        arrange(world, day=15)
        account = world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
        count = world.wallet.single_bill.count

        change(world, account, replace(STANDARD, contacts=2500))

        invoice = world.invoices()[-1]
        assert invoice.bill_id == world.wallet.single_bill.id
        assert (world.wallet.single_bill.count, invoice.billed) == (count + 1, invoice.total)
        assert invoice.card_charged.amount == 0

    def test_in_a_short_first_period_the_full_periods_days_count(self) -> None:
        world = World(program="solutions", now=datetime(2026, 2, 10, 18, tzinfo=UTC))
        account = world.create(plan=STANDARD, billing_day=20)
        first = world.invoices()[-1].total.amount
        full = account.price.amount

        quote = preview(world, account, replace(STANDARD, contacts=2500))

        assert first == round(Fraction(full * 10, 31))
        assert -quote.lines[0].amount.amount == first


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['old_price']} to {case['new_price']}")
def test_every_worked_example(monkeypatch: pytest.MonkeyPatch, case: dict[str, Any]) -> None:
    annual = case["days_in_period"] > 300
    rules = load_program("agency")
    prices = tuple(
        ContactPrice(contacts=contacts, **{"annual" if annual else "monthly": case[price]})
        for contacts, price in ((500, "old_price"), (1000, "new_price"))
    )
    plus = replace(rules.offer_for(PLUS), prices=prices)
    offers = tuple(plus if offer.tier == "plus" else offer for offer in rules.plans)
    for service in (partners, creation, runs):
        monkeypatch.setattr(service, "load_program", lambda name: replace(rules, plans=offers, minimum_card_charge=1))
    old = replace(PLUS, contacts=500, billing_frequency=Frequency.ANNUAL if annual else Frequency.MONTHLY)
    start = date.fromisoformat(case["period_start"])
    world = World(now=datetime(2026, 1, 31, 18, tzinfo=UTC) if start.day == 28 else noon(start))
    account = world.create(plan=old)
    world.advance(to=noon(date.fromisoformat(case["change_date"])))

    quote = preview(world, account, replace(old, contacts=1000))
    after = change(world, account, replace(old, contacts=1000))

    if case["new_price"] < case["old_price"]:
        assert (quote.effective, quote.due_today.amount) == ("renewal", case["due_today"])
        assert after.pending_change is not None
        return
    invoice = world.invoices()[-1]
    assert after.period.start == start
    assert [line.amount.amount for line in invoice.lines] == [case["credit"], case["charge"]]
    assert invoice.total.amount == quote.due_today.amount == case["due_today"]


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 18, tzinfo=UTC)


class TestDowngrade:
    def test_waits_for_the_renewal_and_is_priced_there(self, world: World) -> None:
        account = world.create()

        after = change(world, account, STARTER)

        assert (after.plan, after.price) == (account.plan, account.price)
        assert after.pending_change.plan.tier == "starter"
        assert len(world.invoices()) == 1
        ahead = forecasts.get_forecast(partner_id=world.partner_id, until=date(2026, 4, 1), now=world.now)
        assert [p.amount.amount for p in ahead.payments] == [2900, 2900]
        world.advance(days=30)
        renewed = world.account(account.id)
        assert (renewed.plan.tier, renewed.price.amount, renewed.pending_change) == ("starter", 2900, None)
        assert world.invoices()[-1].total.amount == 2900
        Books(world).check()

    def test_withdrawn_it_never_was(self, world: World) -> None:
        account = world.create()
        change(world, account, STARTER)

        after = withdraw(world, account)

        assert (after.plan, after.pending_change) == (account.plan, None)
        with pytest.raises(TransitionRefused):
            withdraw(world, account)
        world.advance(days=30)
        assert world.invoices()[-1].total.amount == 4900

    def test_asking_for_the_plan_it_has_withdraws_it_too(self, world: World) -> None:
        account = world.create()
        change(world, account, STARTER)

        assert change(world, account, PLUS).pending_change is None

    def test_an_upgrade_supersedes_it(self, world: World) -> None:
        account = world.create()
        change(world, account, STARTER)

        assert change(world, account, BIGGER).pending_change is None

    def test_declined_at_the_renewal_it_is_applied_by_the_retry(self, world: World) -> None:
        account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
        change(world, account, STARTER)
        world.advance(days=28)
        late = world.account(account.id)
        assert (late.payment_state, late.plan.tier) == (PaymentState.PAST_DUE, "plus")
        assert Action.WITHDRAW_CHANGE not in allowed_actions(late, now=world.now)
        with pytest.raises(TransitionRefused):
            withdraw(world, account)

        world.buy(5000)
        world.advance(days=2)

        paid = world.account(account.id)
        assert (paid.payment_state, paid.plan.tier, paid.price.amount) == (PaymentState.OK, "starter", 2900)
        Books(world).check()

    def test_is_refused_when_no_renewal_will_come(self, world: World) -> None:
        account = world.create()
        world.cancel(account.id, effective_date=date(2026, 2, 20))

        with pytest.raises(TransitionRefused, match="next renewal"):
            change(world, account, STARTER)


class TestFrequency:
    def test_to_annual_begins_a_year_today_and_credits_the_month(self, world: World) -> None:
        account = world.create()
        world.advance(to=datetime(2026, 2, 14, 18, tzinfo=UTC))

        after = change(world, account, YEARLY)

        assert amounts(world) == [("credit", -2450), ("plan", 49000)]
        assert world.invoices()[-1].charge_kind is ChargeKind.CONVERSION
        assert (after.anchor, after.period.start, after.period.end) == (
            date(2026, 2, 14),
            date(2026, 2, 14),
            date(2027, 2, 14),
        )
        Books(world).check()
        upgraded = change(world, account, replace(YEARLY, contacts=2500))
        assert amounts(world) == [("credit", -49000), ("plan", 79000)]
        assert upgraded.period == after.period

    def test_to_monthly_waits_for_the_year_to_end(self, world: World) -> None:
        account = world.create(plan=YEARLY)

        after = change(world, account, BIGGER)

        assert after.pending_change is not None
        world.advance(days=370)
        renewed = world.account(account.id)
        assert (renewed.price.amount, str(renewed.period.start), str(renewed.period.end)) == (
            7900,
            "2027-01-31",
            "2027-02-28",
        )
        Books(world).check()


class TestStart:
    @pytest.mark.parametrize("days", [3, 20], ids=["running", "expired"])
    def test_a_trial_begins_to_pay(self, world: World, days: int) -> None:
        trial = world.create(plan=TRIAL)
        world.advance(days=days)

        with pytest.raises(Invalid) as missing:
            change(world, trial, PLUS)
        after = change(world, trial, PLUS, billing_profile_id=world.card())

        assert [field for field, _ in missing.value.errors] == ["billing_profile_id"]
        assert (after.status, after.kind, after.price.amount) == (Status.ACTIVE, PlanKind.PAID, 4900)
        assert after.period.start == after.anchor == (world.now - timedelta(hours=6)).date()
        assert (after.expired_at, after.expiry_reason) == (None, None)
        assert world.wallet.active_paid_accounts == 1
        world.advance(days=40)
        assert [i.total.amount for i in world.invoices()] == [4900, 4900]
        Books(world).check()

    def test_declined_it_stays_a_trial(self, world: World) -> None:
        trial = world.create(plan=TRIAL)

        with pytest.raises(CardDeclined):
            change(world, trial, PLUS, billing_profile_id=world.card("pm_card_chargeDeclined"))

        after = world.account(trial.id)
        assert (after.kind, after.plan, after.period, after.billing_profile_id) == (
            PlanKind.TRIAL,
            trial.plan,
            trial.period,
            None,
        )
        world.advance(days=15)
        assert world.account(trial.id).status is Status.EXPIRED
        assert world.invoices() == []

    def test_a_billing_day_is_for_the_first_paid_period_only(self) -> None:
        world = World(program="solutions")
        trial = world.create(plan=PlanRequest("S1", "email", "trial"), billing_profile_id=None)
        card = world.card()

        after = change(world, trial, STANDARD, billing_profile_id=card, billing_day=15)

        assert (after.anchor, after.period.end) == (date(2026, 1, 15), date(2026, 2, 15))
        with pytest.raises(Invalid) as refused:
            change(world, trial, replace(STANDARD, contacts=2500), billing_day=10, billing_profile_id=card)
        assert [field for field, _ in refused.value.errors] == ["billing_day", "billing_profile_id"]

    def test_canceled_and_expired_it_comes_back_on_another_plan_only(self, world: World) -> None:
        account = world.create()
        world.cancel(account.id)
        world.advance(days=30)
        assert world.account(account.id).status is Status.EXPIRED

        with pytest.raises(TransitionRefused, match="another plan"):
            change(world, account, PLUS)
        after = change(world, account, STARTER)

        assert (after.status, after.cancellation, after.price.amount) == (Status.ACTIVE, None, 2900)
        assert world.wallet.active_paid_accounts == 1
        Books(world).check()


class TestRefusals:
    def test_a_sandbox_never(self, world: World) -> None:
        sandbox = world.create(plan=SANDBOX)

        with pytest.raises(TransitionRefused):
            change(world, sandbox, PLUS, billing_profile_id=world.card())

    def test_while_past_due_canceled_or_archived(self, world: World) -> None:
        late = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
        gone = world.create()
        world.cancel(gone.id)

        for account, days in ((gone, 28), (late, 30 + 365)):
            with pytest.raises(TransitionRefused) as refused:
                change(world, account, BIGGER)
            assert refused.value.extra["action"] == "change_plan"
            world.advance(days=days)
        assert world.account(gone.id).status is Status.ARCHIVED
        with pytest.raises(TransitionRefused, match="a year ago or longer"):
            change(world, gone, BIGGER)

    @pytest.mark.parametrize(("plan", "effective"), [(BIGGER, "renewal"), (STARTER, "now"), (YEARLY, "renewal")])
    def test_an_effective_that_the_rules_do_not_give(self, world: World, plan: PlanRequest, effective: Any) -> None:
        account = world.create()

        with pytest.raises(TransitionRefused):
            change(world, account, plan, effective=effective)
        assert world.account(account.id) == account

    def test_a_plan_that_is_not_paid_or_not_offered(self, world: World) -> None:
        account = world.create()

        for plan in (TRIAL, SANDBOX, replace(PLUS, tier="gigantic")):
            with pytest.raises(Invalid):
                change(world, account, plan)

    def test_another_price_than_the_expected_one(self, world: World) -> None:
        account = world.create()

        with pytest.raises(QuoteChanged) as refused:
            change(world, account, BIGGER, expect_due_today=2999)
        assert refused.value.quote.due_today.amount == 3000
        assert world.account(account.id) == account
        change(world, account, BIGGER, expect_due_today=3000)

    def test_on_the_renewal_day_the_renewal_goes_first(self, world: World) -> None:
        account = world.create()
        world.advance(days=20)
        world.now = datetime(2026, 2, 28, 6, 0, 5, tzinfo=UTC)

        with pytest.raises(RenewalDue):
            change(world, account, BIGGER)
        world.run_schedules()
        change(world, account, BIGGER)

        assert [i.total.amount for i in world.invoices()] == [4900, 4900, 3000]
        assert [i.charge_kind for i in world.invoices()][1:] == [ChargeKind.RENEWAL, ChargeKind.UPGRADE]
        Books(world).check()


class _Silent:
    """A processor that charges and whose answers are lost."""

    def charge(self, **asked: Any) -> Any:
        payment_gateway().charge(**asked)
        raise OutcomeUnknown("no answer")


class TestCutOff:
    def cut_off(self, world: World, monkeypatch: pytest.MonkeyPatch, plan: PlanRequest = BIGGER) -> Account:
        account = world.create()
        with monkeypatch.context() as patched:
            patched.setattr(cards, "payment_gateway", lambda: _Silent())
            with pytest.raises(ChargeOutcomeUnknown):
                change(world, account, plan)
        return account

    def test_the_worker_finishes_it(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        account = self.cut_off(world, monkeypatch)
        with pytest.raises(ChargeInProgress):
            change(world, account, BIGGEST)
        assert world.account(account.id).plan == account.plan

        world.advance(to=world.now + timedelta(minutes=3))

        after = world.account(account.id)
        assert (after.plan.contacts, after.charge) == (2500, None)
        Books(world).check()

    @pytest.mark.parametrize("plan", [BIGGER, YEARLY])
    def test_the_same_request_again_finishes_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch, plan: PlanRequest
    ) -> None:
        account = self.cut_off(world, monkeypatch, plan)

        after = change(world, account, plan)

        assert after.plan.contacts == plan.contacts
        assert len(world.invoices()) == 2
        Books(world).check()

    def test_two_at_the_same_moment_charge_once(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        account = world.create()
        real, raced = charges.make, []

        def make(orders: Any, **more: Any) -> Any:
            if not raced:
                raced.append(None)
                raced[0] = change(world, account, raced_plan)
            return real(orders, **more)

        monkeypatch.setattr(charges, "make", make)
        raced_plan = BIGGER
        first = change(world, account, BIGGER)

        assert first.plan == raced[0].plan
        assert [i.total.amount for i in world.invoices()] == [4900, 3000]
        raced.clear()
        raced_plan = BIGGEST
        second = change(world, account, replace(BIGGER, contacts=10000))  # it is priced anew, from the other's price
        assert second.price.amount == 18900
        assert [i.total.amount for i in world.invoices()][2:] == [4000, 7000]
        Books(world).check()


PLANS = st.builds(
    lambda contacts, yearly, add_ons, sends: replace(
        PLUS,
        contacts=contacts,
        billing_frequency=Frequency.ANNUAL if yearly else Frequency.MONTHLY,
        add_ons=add_ons,
        limits={"email_sends": sends},
    ),
    st.sampled_from([500, 1000, 2500, 5000]),
    st.integers(0, 9).map(lambda n: n == 9),
    st.sampled_from([(), ("sms",), ("sms", "seo"), ("newsletter_archive",)]),
    st.sampled_from([10000, 333]),
)


@settings(max_examples=8, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(st.tuples(st.integers(0, 12), st.none() | PLANS), min_size=2, max_size=9),
    prepaid=st.sampled_from([0, 0, 3000, 60000]),
    others=st.integers(0, 1),
)
def test_whatever_is_changed_no_day_is_free_and_none_is_paid_twice(
    steps: list[tuple[int, PlanRequest | None]], prepaid: int, others: int
) -> None:
    """Each day costs its share of the price its plan had that evening; a preview is what is then charged."""
    reset_aws()
    world = World()
    account = world.create()
    for _ in range(others):
        world.create(plan=STARTER)
    if prepaid:
        world.buy(prepaid)
    worth = Fraction(0)
    for days, plan in steps:
        for _ in range(days):
            worth += a_day(world.account(account.id))
            world.advance(days=1)
        if plan is None:
            if Action.WITHDRAW_CHANGE in allowed_actions(world.account(account.id), now=world.now):
                withdraw(world, account)
            continue
        quote, before = preview(world, account, plan), {invoice.id for invoice in world.invoices(account.id)}
        change(world, account, plan, expect_due_today=quote.due_today.amount, effective=quote.effective)
        charged = [invoice for invoice in world.invoices(account.id) if invoice.id not in before]
        if charged:
            (invoice,) = charged
            assert (invoice.lines, invoice.total) == (quote.lines, quote.due_today)
            assert (invoice.prepaid_applied, invoice.card_charged) == (quote.prepaid_applied, quote.card_charge)
        else:
            assert (quote.due_today.amount, quote.prepaid_applied.amount, quote.card_charge.amount) == (0, 0, 0)
    last = world.account(account.id)
    today = (world.now - timedelta(hours=6)).date()
    worth += a_day(last) * (last.period.end - today).days
    lines = [line for i in world.invoices(account.id) for line in i.lines if line.kind != "waived"]
    assert abs(sum(line.amount.amount for line in lines) - worth) <= Fraction(len(lines), 2)
    Books(world).check()


def a_day(account: Account) -> Fraction:
    assert account_rows.get(account.id) == account
    return Fraction(account.price.amount, account.period.days)
