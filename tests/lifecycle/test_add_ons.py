"""Add-ons put on and taken off within periods, on moto, with time moved by hand (docs/rules.md §5)."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import ChargeInProgress, TransitionRefused
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.refusals import Refusal
from chalicelib.gateways.choice import payment_gateway
from chalicelib.gateways.payments import OutcomeUnknown
from chalicelib.services.accounts import add_ons, plan_changes, revivals
from chalicelib.services.accounts.add_ons import AddOnRequest
from chalicelib.services.accounts.quotes import QuoteChanged
from chalicelib.services.accounts.revivals import RevivalRequest
from chalicelib.services.charging.results import CardDeclined, ChargeOutcomeUnknown
from tests.books import Books
from tests.conftest import reset_aws
from tests.lifecycle.test_plan_changes import BIGGER, STARTER, WITH_SMS, YEARLY
from tests.lifecycle.test_plan_changes import change as change_plan
from tests.lifecycle.test_single_bill import STANDARD, arrange
from tests.world import ACTOR, PLUS, World

pytestmark = pytest.mark.usefixtures("aws")


def put_on(world: World, account: Account, name: str = "sms", **more: Any) -> Account:
    return change(world, account, AddOnRequest(name, on=True, **more))


def take_off(world: World, account: Account, name: str = "sms") -> Account:
    return change(world, account, AddOnRequest(name, on=False))


def change(world: World, account: Account, wanted: AddOnRequest) -> Account:
    return add_ons.change(
        partner_id=world.partner_id, account_id=account.id, request=wanted, now=world.now, actor=ACTOR
    )


def preview(world: World, account: Account, wanted: AddOnRequest) -> Quote:
    return add_ons.preview(partner_id=world.partner_id, account_id=account.id, request=wanted, now=world.now)


@pytest.fixture
def world() -> World:
    return World()


def test_put_on_it_costs_the_days_left(world: World) -> None:
    account = world.create()
    world.advance(to=datetime(2026, 2, 14, 18, tzinfo=UTC))

    after = put_on(world, account, expect_due_today=750)

    (line,) = world.invoices()[-1].lines
    assert (line.description, line.amount.amount) == ("SMS, 14 days left", 750)
    assert line.explained == (
        "List price 15.00 per cycle. For 14 of 28 days: 15.00 × 14 / 28 = 7.50. Each step is rounded half up."
    )
    assert (after.plan.add_ons, after.price.amount, after.period) == (("sms",), 6400, account.period)
    assert put_on(world, account) == after  # again: nothing more
    world.advance(days=20)
    assert world.invoices()[-1].total.amount == 6400
    Books(world).check()


def test_a_change_of_plan_credits_the_old_plan_and_charges_the_new_one_and_leaves_the_add_on_alone(
    world: World,
) -> None:
    account = world.create(plan=WITH_SMS)
    world.advance(to=datetime(2026, 2, 14, 18, tzinfo=UTC))

    change_plan(world, account, replace(BIGGER, add_ons=("sms",)))

    assert [(line.description, line.amount.amount) for line in world.invoices()[-1].lines] == [
        ("Plus, 1,000 contacts, monthly, 14 days unused", -2450),
        ("Plus, 2,500 contacts, monthly, 14 days left", 3950),
    ]
    Books(world).check()


def test_taken_off_it_stays_until_the_renewal(world: World) -> None:
    account = world.create(plan=WITH_SMS)

    after = take_off(world, account)

    assert (after.plan.add_ons, after.pending_change.plan.add_ons, len(world.invoices())) == (("sms",), (), 1)
    assert take_off(world, account) == after
    world.advance(days=30)
    assert (world.account(account.id).plan.add_ons, world.invoices()[-1].total.amount) == ((), 4900)
    Books(world).check()


def test_put_on_again_before_the_renewal_nothing_was(world: World) -> None:
    account = world.create(plan=WITH_SMS)
    take_off(world, account)

    after = put_on(world, account)

    assert (after.plan, after.pending_change, len(world.invoices())) == (account.plan, None, 1)


def test_what_else_is_pending_stays_pending(world: World) -> None:
    account = world.create(plan=YEARLY)
    change_plan(world, account, PLUS)  # monthly, from the next year on

    on = put_on(world, account)

    assert (on.plan.add_ons, on.plan.billing_frequency) == (("sms",), account.plan.billing_frequency)
    assert on.pending_change.plan == replace(on.plan, billing_frequency=PLUS.billing_frequency)
    off = take_off(world, account)
    assert (off.plan, off.pending_change.plan.add_ons) == (on.plan, ())
    world.advance(to=datetime(2027, 2, 2, 18, tzinfo=UTC))
    assert world.invoices()[-1].total.amount == 4900
    Books(world).check()


def test_a_plan_that_waits_without_it_has_to_be_withdrawn_first(world: World) -> None:
    account = world.create()
    change_plan(world, account, STARTER)

    with pytest.raises(TransitionRefused, match="Withdraw that first") as refused:
        put_on(world, account)

    assert "withdraw_change" in refused.value.extra["allowed_actions"]


def test_declined_or_at_another_price_nothing_has_changed(world: World) -> None:
    account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))

    with pytest.raises(QuoteChanged):
        put_on(world, account, expect_due_today=1)
    with pytest.raises(CardDeclined):
        put_on(world, account)

    after = world.account(account.id)
    assert replace(after, version=account.version, charges=account.charges) == account


def test_cut_off_at_the_card_it_is_finished_by_the_same_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    account = world.create(plan=YEARLY)
    change_plan(world, account, PLUS)
    gateway = payment_gateway()
    working = gateway.charge

    def silent(**asked: Any) -> Any:
        working(**asked)
        raise OutcomeUnknown("no answer")

    monkeypatch.setattr(gateway, "charge", silent)
    with pytest.raises(ChargeOutcomeUnknown):
        put_on(world, account)
    monkeypatch.setattr(gateway, "charge", working)
    with pytest.raises(ChargeInProgress):
        put_on(world, account, "seo")

    after = put_on(world, account)

    assert (after.plan.add_ons, after.pending_change.plan.add_ons, len(world.invoices())) == (("sms",), ("sms",), 2)
    Books(world).check()


def test_not_off_when_there_will_be_no_renewal(world: World) -> None:
    account = world.create(plan=WITH_SMS)
    world.cancel(account.id, effective_date=date(2026, 2, 20))

    with pytest.raises(TransitionRefused, match="Renew it first"):
        take_off(world, account)


def test_on_the_single_bill_its_invoice_joins_the_bill() -> None:
    world = World(program="solutions")
    arrange(world, day=15)
    account = world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)

    after = put_on(world, account)

    assert after.plan.add_ons == ("sms",)
    assert world.invoices()[-1].bill_id == world.wallet.single_bill.id


WISHES = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *((name, AddOnRequest(name, on=on)) for name in ("sms", "seo") for on in (True, False)),
                *((plan.tier, plan_changes.PlanChangeRequest(plan)) for plan in (PLUS, STARTER, BIGGER, YEARLY)),
                ("renew", RevivalRequest()),
                ("cancel", None),
            ]
        ),
        st.sampled_from([0, 1, 9, 25]),
    ),
    min_size=3,
    max_size=8,
)


@settings(
    max_examples=10,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(wishes=WISHES, prepaid=st.sampled_from([0, 1_000, 30_000]))
def test_the_preview_is_what_the_real_call_charges(wishes: list[Any], prepaid: int) -> None:
    reset_aws()
    world = World()
    account = world.create()
    if prepaid:
        world.buy(prepaid)
    for (_, wanted), days in wishes:
        world.advance(days=days)
        before = (len(world.invoices()), world.wallet.balance.amount)
        if wanted is None:
            if world.account(account.id).runs:
                world.cancel(account.id)
            continue
        modules = {AddOnRequest: add_ons, plan_changes.PlanChangeRequest: plan_changes, RevivalRequest: revivals}
        of = modules[type(wanted)]
        real = {add_ons: "change", plan_changes: "change_plan", revivals: "renew"}[of]
        who = {"partner_id": world.partner_id, "account_id": account.id, "request": wanted, "now": world.now}
        try:
            quote = of.preview(**who)
        except Refusal as refused:
            with pytest.raises(type(refused), match=r"."):
                getattr(of, real)(**who, actor=ACTOR)
            assert (len(world.invoices()), world.wallet.balance.amount) == before
            continue

        getattr(of, real)(**who, actor=ACTOR)

        made = world.invoices()[before[0] :]
        assert sum(invoice.total.amount for invoice in made) == quote.due_today.amount
        assert sum(invoice.card_charged.amount for invoice in made) == quote.card_charge.amount
        assert before[1] - world.wallet.balance.amount == quote.prepaid_applied.amount
        if made:
            assert made[0].lines == quote.lines
        world.run_schedules(healing=True)  # a renewal that is on again may be one to remind of at once
        Books(world).check()
