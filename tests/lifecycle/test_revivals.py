"""Accounts renewed on request, disabled and enabled, on moto, with time moved by hand (docs/rules.md §3)."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account, ExpiryReason, PaymentState, Status
from chalicelib.domain.accounts.actions import ChargeInProgress, TransitionRefused
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import first_instant
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.charging.charges import ChargeKind
from chalicelib.domain.refusals import Invalid
from chalicelib.gateways.choice import payment_gateway
from chalicelib.gateways.payments import OutcomeUnknown
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.services.accounts import accounts, plan_changes, priced_changes, revivals
from chalicelib.services.accounts.plan_changes import PlanChangeRequest
from chalicelib.services.accounts.quotes import QuoteChanged
from chalicelib.services.accounts.revivals import RevivalRequest
from chalicelib.services.audit import payer_audits
from chalicelib.services.charging import cards
from chalicelib.services.charging.results import CardDeclined, ChargeOutcomeUnknown
from chalicelib.services.partners import billing_profiles
from tests.books import Books
from tests.lifecycle.test_single_bill import STANDARD, arrange
from tests.world import ACTOR, PLUS, SANDBOX, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

STARTER = replace(PLUS, tier="starter")
HEADQUARTERS = PlanRequest("Franchise", "ACHQ", "standard", 1000, None)


def renew(world: World, account: Account, **wanted: Any) -> Account:
    return revivals.renew(
        partner_id=world.partner_id, account_id=account.id, request=RevivalRequest(**wanted), now=world.now, actor=ACTOR
    )


def preview(world: World, account: Account, **wanted: Any) -> Quote:
    return revivals.preview(
        partner_id=world.partner_id, account_id=account.id, request=RevivalRequest(**wanted), now=world.now
    )


def change(world: World, account: Account, plan: PlanRequest, **more: Any) -> Account:
    return plan_changes.change_plan(
        partner_id=world.partner_id,
        account_id=account.id,
        request=PlanChangeRequest(plan, **more),
        now=world.now,
        actor=ACTOR,
    )


def unpaid(world: World, **overrides: Any) -> Account:
    """An account that expired for non-payment: its card pays the first period and nothing after it."""
    account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"), **overrides)
    world.advance(days=36)
    lost = world.account(account.id)
    assert (lost.status, lost.expiry_reason) == (Status.EXPIRED, ExpiryReason.NON_PAYMENT)
    return lost


def books_are_right(world: World) -> None:
    if world.wallet.single_bill is None:
        Books(world).check()
    found = payer_audits.audit_partner(partner_id=world.partner_id, now=world.now).findings
    assert [finding for finding in found if finding.subject != world.partner_id] == []  # its daily watch sleeps


@pytest.fixture(autouse=True)
def _read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payer_audits, "_MOMENT_SECONDS", 0)


@pytest.fixture
def world() -> World:
    return World()


class TestCanceled:
    def test_while_its_period_runs_it_goes_on_as_if_nothing_had_been(self, world: World) -> None:
        account = world.create()
        world.advance(days=10)
        world.cancel(account.id)
        world.advance(days=5)
        assert preview(world, account).due_today.amount == 0

        after = renew(world, account, expect_due_today=0)

        assert (after.status, after.period, after.anchor) == (Status.ACTIVE, account.period, account.anchor)
        assert (len(world.invoices()), world.wallet.active_paid_accounts) == (1, 1)
        world.advance(days=20)
        assert world.invoices()[-1].period.start == account.period.end
        books_are_right(world)

    def test_back_and_forth_no_day_is_free_and_none_paid_twice(self, world: World) -> None:
        account = world.create()
        for _ in range(3):
            world.advance(days=20)
            world.cancel(account.id)
            world.advance(days=1)
            renew(world, account)

        world.advance(days=40)

        periods = [invoice.period for invoice in world.invoices()]
        assert all(before.end == after.start for before, after in pairwise(periods))
        assert len(periods) == 4
        books_are_right(world)

    def test_a_later_cancellation_is_taken_back(self, world: World) -> None:
        account = world.create()
        world.cancel(account.id, effective_date=date(2026, 3, 10))

        after = renew(world, account)

        assert (after.status, after.cancellation) == (Status.ACTIVE, None)
        world.advance(days=70)
        assert world.account(account.id).status is Status.ACTIVE

    def test_in_the_instant_its_period_ends_it_is_too_late(self, world: World) -> None:
        account = world.create()
        world.cancel(account.id)
        world.now = first_instant(account.period.end, account.time_zone) - timedelta(seconds=1)
        renew(world, account)
        world.cancel(account.id)

        world.now += timedelta(seconds=1)  # and no sweep has come yet
        with pytest.raises(TransitionRefused, match="about to expire"):
            renew(world, account)
        world.run_schedules()
        with pytest.raises(TransitionRefused, match="Change its plan instead"):
            renew(world, account)

    def test_a_new_billing_profile_pays_from_then_on(self, world: World) -> None:
        account = world.create()
        world.cancel(account.id)
        other = world.card()

        assert renew(world, account, billing_profile_id=other).billing_profile_id == other

    def test_a_trial_goes_on_until_its_last_day_and_a_sandbox_is_not_canceled_but_over(self, world: World) -> None:
        trial, sandbox = world.create(plan=TRIAL), world.create(plan=SANDBOX)
        world.cancel(trial.id)
        world.cancel(sandbox.id)

        assert renew(world, trial).period == trial.period
        with pytest.raises(TransitionRefused, match="Create another one"):
            renew(world, sandbox)

    def test_one_that_was_not_canceled_has_nothing_to_renew(self, world: World) -> None:
        with pytest.raises(TransitionRefused, match="not canceled"):
            renew(world, world.create())

    def test_it_costs_nothing_and_nothing_else_may_be_expected(self, world: World) -> None:
        account = world.create()
        world.cancel(account.id)

        with pytest.raises(QuoteChanged):
            renew(world, account, expect_due_today=4900)
        assert world.account(account.id).status is Status.CANCELED


class TestRevival:
    def test_of_an_unpaid_account_begins_a_period_today_and_charges_it_now(self, world: World) -> None:
        account = unpaid(world)
        today = date(2026, 3, 8)
        quote = preview(world, account, billing_profile_id=world.card())
        assert (quote.due_today.amount, quote.lines[0].period.start) == (4900, today)

        after = renew(world, account, billing_profile_id=world.card(), expect_due_today=4900)

        assert (after.status, after.anchor, after.period.start) == (Status.ACTIVE, today, today)
        assert (after.expired_at, after.expiry_reason, after.overdue) == (None, None, None)
        _, lost, revived = world.invoices()
        assert (lost.status, revived.status) == (InvoiceStatus.UNCOLLECTIBLE, InvoiceStatus.PAID)
        assert (revived.charge_kind, revived.period) == (ChargeKind.FIRST_PERIOD, after.period)
        assert (revived.total, revived.lines) == (quote.due_today, quote.lines)
        assert world.wallet.active_paid_accounts == 1
        books_are_right(world)
        world.advance(days=31)
        assert world.account(account.id).period.start == date(2026, 4, 8)
        books_are_right(world)

    @pytest.mark.parametrize("canceled", [False, True], ids=["unpaid", "canceled"])
    def test_of_an_archived_account_before_the_same_date_a_year_later(self, world: World, canceled: bool) -> None:
        account = world.create() if canceled else unpaid(world)
        if canceled:
            world.cancel(account.id)
        world.advance(days=60)
        put_away = world.account(account.id)
        assert put_away.status is Status.ARCHIVED
        border = first_instant(put_away.archived_at.date().replace(year=2027), account.time_zone)

        world.now = border
        for refused in (lambda: renew(world, account), lambda: change(world, account, STARTER)):
            with pytest.raises(TransitionRefused, match="a year ago or longer"):
                refused()
        world.now = border - timedelta(seconds=1)
        after = renew(world, account, billing_profile_id=world.card())

        assert (after.status, after.archived_at) == (Status.ACTIVE, None)
        books_are_right(world)

    def test_of_an_archived_account_by_a_change_of_plan(self, world: World) -> None:
        account = world.create()
        world.cancel(account.id)
        world.advance(days=70)

        after = change(world, account, STARTER)

        assert (after.status, after.plan.tier, after.archived_at) == (Status.ACTIVE, "starter", None)
        books_are_right(world)

    def test_of_a_canceled_one_that_expired_only_on_another_plan(self, world: World) -> None:
        account = world.create()
        world.cancel(account.id)
        world.advance(days=29)

        with pytest.raises(TransitionRefused, match="Change its plan instead") as refused:
            renew(world, account)

        assert refused.value.extra["allowed_actions"] == ["change_plan"]
        assert change(world, account, STARTER).status is Status.ACTIVE

    def test_declined_it_has_changed_nothing(self, world: World) -> None:
        account = unpaid(world)
        world.buy(1000)
        before = (world.wallet.balance, world.wallet.held, world.journal(), len(world.invoices()))

        with pytest.raises(CardDeclined):
            renew(world, account)

        after = world.account(account.id)
        assert replace(after, version=account.version, charges=account.charges) == account
        assert (world.wallet.balance, world.wallet.held, world.journal(), len(world.invoices())) == before
        world.advance(days=31)
        assert world.account(account.id).status is Status.ARCHIVED
        books_are_right(world)

    def test_prepaid_money_goes_first(self, world: World) -> None:
        account = unpaid(world)
        world.buy(1000)

        renew(world, account, billing_profile_id=world.card())

        invoice = world.invoices()[-1]
        assert (invoice.prepaid_applied.amount, invoice.card_charged.amount) == (1000, 3900)

    def test_the_discount_is_that_of_today_with_the_account_counted(self, world: World) -> None:
        account = unpaid(world)
        world.create()

        renew(world, account, billing_profile_id=world.card())

        assert world.invoices()[-1].total.amount == 3675  # 25 % for two

    def test_its_card_was_deleted_so_another_is_asked_for(self, world: World) -> None:
        account = unpaid(world)
        billing_profiles.delete_profile(
            partner_id=world.partner_id, profile_id=account.billing_profile_id, now=world.now, actor=ACTOR
        )

        with pytest.raises(Invalid) as refused:
            renew(world, account)

        assert [field for field, _ in refused.value.errors] == ["billing_profile_id"]

    def test_on_the_single_bill_its_invoice_joins_the_open_bill(self) -> None:
        world = World(program="solutions")
        arrange(world, day=15)
        account = world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
        world.cancel(account.id)
        world.advance(days=70)
        assert world.account(account.id).status is Status.ARCHIVED

        after = renew(world, account)

        invoice = world.invoices()[-1]
        assert (after.status, after.period.start) == (Status.ACTIVE, invoice.period.start)
        assert (invoice.bill_id, invoice.card_charged.amount) == (world.wallet.single_bill.id, 0)
        assert world.wallet.single_bill.count == 1
        books_are_right(world)

    def test_unpriced_it_costs_nothing(self) -> None:
        world = World(program="franchise")
        account = world.create(plan=HEADQUARTERS, billing_profile_id=None)
        world.cancel(account.id)
        world.advance(days=400)

        after = renew(world, account)

        assert (after.status, after.price, world.invoices()) == (Status.ACTIVE, None, [])
        assert after.period.start == date(2027, 3, 7)
        assert world.wallet.active_paid_accounts == 1
        books_are_right(world)


class TestOnce:
    def test_two_at_the_same_moment_charge_once(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        account = unpaid(world)
        card = world.card()
        asked = cards.ask_all
        others: list[Account] = []

        def overtaken(*args: Any, **more: Any) -> Any:
            monkeypatch.setattr(cards, "ask_all", asked)
            others.append(renew(world, account, billing_profile_id=card))
            return asked(*args, **more)

        monkeypatch.setattr(cards, "ask_all", overtaken)
        after = renew(world, account, billing_profile_id=card)

        assert (after.status, [other.period for other in others]) == (Status.ACTIVE, [after.period])
        assert [i.status for i in world.invoices()].count(InvoiceStatus.PAID) == 2
        books_are_right(world)

    def test_the_same_request_again_finds_what_it_did(self, world: World) -> None:
        account = unpaid(world)
        card = world.card()

        first = renew(world, account, billing_profile_id=card, request_id="req_1")

        assert renew(world, account, billing_profile_id=card, request_id="req_1") == first
        with pytest.raises(TransitionRefused):
            renew(world, account, billing_profile_id=card, request_id="req_2")
        assert len(world.invoices()) == 3

    @pytest.mark.parametrize("healed", [False, True], ids=["at once", "after the worker finished it"])
    def test_cut_off_at_the_card_the_request_is_repeated(
        self, world: World, monkeypatch: pytest.MonkeyPatch, healed: bool
    ) -> None:
        account = unpaid(world)
        card = world.card()
        gateway = payment_gateway()
        working = gateway.charge

        def silent(**_: Any) -> Any:
            working(**_)
            raise OutcomeUnknown("no answer")

        monkeypatch.setattr(gateway, "charge", silent)
        with pytest.raises(ChargeOutcomeUnknown):
            renew(world, account, billing_profile_id=card, request_id="req_1")
        monkeypatch.setattr(gateway, "charge", working)
        assert account_rows.get(account.id).charge is not None
        for refused in (lambda: world.cancel(account.id), lambda: change(world, account, STARTER)):
            with pytest.raises(ChargeInProgress):
                refused()
        if healed:
            world.advance(to=world.now + timedelta(minutes=3))

        after = renew(world, account, billing_profile_id=card, request_id="req_1")

        assert (after.status, len(world.invoices())) == (Status.ACTIVE, 3)
        books_are_right(world)

    def test_the_sweep_expires_it_in_the_middle_of_its_renewal(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account = world.create()
        world.cancel(account.id)
        world.now = first_instant(account.period.end, account.time_zone) - timedelta(seconds=1)
        writing = priced_changes.write_transition

        def late(*args: Any, **more: Any) -> Any:
            monkeypatch.setattr(priced_changes, "write_transition", writing)
            world.now += timedelta(seconds=1)
            world.run_schedules()
            return writing(*args, **more)

        monkeypatch.setattr(priced_changes, "write_transition", late)
        with pytest.raises(TransitionRefused):
            renew(world, account)

        assert world.account(account.id).status is Status.EXPIRED
        books_are_right(world)


class TestDisabled:
    def test_is_billed_like_any_other(self, world: World) -> None:
        account = world.create()
        off = accounts.disable_account(
            partner_id=world.partner_id, account_id=account.id, message="Call us", now=world.now, actor=ACTOR
        )
        assert (off.status, off.disabled_message) == (Status.DISABLED, "Call us")

        world.advance(days=30)

        later = world.account(account.id)
        assert (later.status, later.payment_state, len(world.invoices())) == (Status.DISABLED, PaymentState.OK, 2)
        assert world.wallet.active_paid_accounts == 1
        on = accounts.enable_account(partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR)
        assert (on.status, on.disabled_message, on.period) == (Status.ACTIVE, None, later.period)
        books_are_right(world)

    def test_a_trial_ends_and_a_declined_account_expires(self, world: World) -> None:
        trial = world.create(plan=TRIAL)
        poor = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
        for account in (trial, poor):
            accounts.disable_account(
                partner_id=world.partner_id, account_id=account.id, message=None, now=world.now, actor=ACTOR
            )

        world.advance(days=36)

        ended = [world.account(account.id) for account in (trial, poor)]
        assert [account.expiry_reason for account in ended] == [ExpiryReason.TRIAL, ExpiryReason.NON_PAYMENT]
        books_are_right(world)
