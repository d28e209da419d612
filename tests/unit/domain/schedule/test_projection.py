"""Accounts that only renew are projected by a shortcut: what it says is what the worker's steps say, one by one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account, Cancellation, PaymentState, PendingChange, Status
from chalicelib.domain.calendar import Frequency, first_instant, local_date, period_containing
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.catalog.quotes import Terms
from chalicelib.domain.money import Money
from chalicelib.domain.schedule.ahead import Renewing
from chalicelib.domain.schedule.projection import BillAhead, Payment, Projection
from chalicelib.domain.wallet.open_bill import OpenBill
from chalicelib.domain.wallet.projected_wallets import ProjectedWallet
from chalicelib.domain.wallet.wallets import TopUp
from tests.builders import agency, make_account, make_charge, make_overdue, make_plan, make_trial, make_wallet, usd
from tests.proving import examples

NOW = datetime(2026, 2, 20, 12, 0, tzinfo=UTC)
TERMS = Terms(partner_percent=Decimal(0), migration_percent=Decimal(0))
ZONES = ("Europe/Dublin", "America/Chicago", "Pacific/Kiritimati", "Pacific/Pago_Pago")


@st.composite
def projected_accounts(draw: st.DrawFn) -> Account:
    """An account as a summary or its row has it on 20 February; most only renew."""
    zone = draw(st.sampled_from(ZONES))
    anchor = NOW.date() - timedelta(days=draw(st.integers(0, 800)))
    frequency = draw(st.sampled_from([Frequency.MONTHLY, Frequency.MONTHLY, Frequency.ANNUAL]))
    period = period_containing(
        anchor=anchor, frequency=frequency, day=max(anchor, local_date(NOW, zone) - timedelta(days=draw(late)))
    )
    tiers = st.sampled_from(["starter", "plus", "professional"])
    plan = make_plan(tier=draw(tiers), billing_frequency=frequency)
    account = make_account(
        id=f"acct_{draw(st.integers(0, 999_999)):06}",
        time_zone=zone,
        plan=plan,
        anchor=anchor,
        period=period,
        single_bill=draw(st.booleans()),
        migrated_cycles=draw(st.sampled_from([0, 0, 0, 2])),
        reminded_for=draw(st.sampled_from([None, period.end])),
        status=draw(st.sampled_from([Status.ACTIVE, Status.ACTIVE, Status.DISABLED])),
    )
    match draw(st.sampled_from(["", "", "", "", "ends", "trial", "declined", "waits", "changes", "in progress"])):
        case "ends":
            ends_on = NOW.date() + timedelta(days=draw(st.integers(1, 70)))
            return replace(account, cancellation=Cancellation(None, retain_data=True, effective_on=ends_on))
        case "trial":
            return make_trial(
                id=account.id,
                time_zone=zone,
                period=lifecycle.trial_period(created_on=NOW.date() - timedelta(days=3), trial_days=14),
            )
        case "declined":
            overdue = make_overdue(first_declined_at=NOW - timedelta(days=1), period=period)
            return replace(account, payment_state=PaymentState.PAST_DUE, overdue=overdue)
        case "waits":
            return replace(account, waits_until=NOW + timedelta(hours=11))
        case "changes":
            return replace(
                account, pending_change=PendingChange(make_plan(tier=draw(tiers), billing_frequency=frequency), NOW)
            )
        case "in progress":
            charge = make_charge(started_at=NOW, period=lifecycle.period_due(account), card=usd(4900))
            return replace(account, charge=charge)
    return account


late = st.sampled_from([0, 0, 0, 1, 40])
"""Days that the worker is behind: rarely, and then by more than a period."""
worlds = st.fixed_dictionaries(
    {
        "accounts": st.lists(projected_accounts(), max_size=8, unique_by=lambda account: account.id),
        "general": st.sampled_from([0, 5_000, 40_000, 1_000_000]),
        "set_aside": st.lists(st.integers(0, 9_000), max_size=8),
        "top_up": st.booleans(),
        "bill": st.sampled_from(["none", "open", "unpaid"]),
        "at_once": st.sampled_from([1, 2, 33]),
    }
)


def project(
    world: dict[str, Any], kind: Any = Projection, wallets: Any = ProjectedWallet
) -> tuple[list[Payment], Money, Money]:
    """All payments of 100 days, what is left of general money, and how much of it was needed."""
    accounts = world["accounts"]
    bill = OpenBill(day=28, billing_profile_id="bp_1", id="bill_2", number=2, opened_on=date(2026, 1, 28), total=usd(0))
    if world["bill"] == "unpaid":
        bill = replace(bill, unpaid="bill_1")
    set_aside = {account.id: usd(amount) for account, amount in zip(accounts, world["set_aside"], strict=False)}
    wallet = make_wallet(
        world["general"],
        active_paid_accounts=sum(account.counts_as_active_paid for account in accounts),
        single_bill=None if world["bill"] == "none" else bill,
        top_up=TopUp(below=usd(3_000), amount=usd(5_000), billing_profile_id="bp_1") if world["top_up"] else None,
    )
    ahead = [BillAhead("bill_2", datetime(2026, 2, 28, tzinfo=UTC))] if world["bill"] != "none" else []
    if world["bill"] == "unpaid":
        ahead.append(BillAhead("bill_1", datetime(2026, 3, 9, tzinfo=UTC), usd(7_000)))
    projection = kind(
        accounts,
        program=agency(),
        wallet=wallet,
        projected=wallets(general=wallet.general, minimum=usd(50), set_aside=dict(set_aside)),
        time_zone="America/Chicago",
        bills_ahead=ahead,
        check_at=datetime(2026, 2, 21, 6, tzinfo=UTC),
        at_once=world["at_once"],
        now=NOW,
    )
    payments = list(projection.payments(until=NOW + timedelta(days=100)))
    return payments, projection.wallet.general, projection.wallet.needed


@settings(max_examples=examples(60, prove=5_000))
@given(worlds)
def test_accounts_that_only_renew_are_charged_as_step_by_step(world: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "only_renews", lambda account: False)
        step_by_step = project(world)

    assert project(world) == step_by_step


@settings(max_examples=examples(60, prove=2_000))
@given(projected_accounts(), st.sampled_from([7, 1000]))
def test_the_step_that_is_next_is_what_the_rules_say_period_after_period(account: Account, reminder_days: int) -> None:
    program: Program = replace(agency(), renewal_reminder_days=reminder_days)
    if not lifecycle.only_renews(account):
        return
    renewing = Renewing(account, reminder_days=reminder_days)

    for _ in range(8):
        step = lifecycle.upcoming(renewing.as_account(), program=program)
        assert step is not None
        assert step.due_at == renewing.due_at
        assert (step.kind is lifecycle.StepKind.CHARGE_PERIOD) == renewing.charges_next
        assert renewing.period_due() == lifecycle.period_due(renewing.as_account())
        if renewing.charges_next:
            renewing.begin(renewing.period_due())
        else:
            renewing.remind()


def test_an_account_is_charged_at_each_end_of_a_period_until_the_day_the_forecast_ends() -> None:
    account = make_account()
    world = {"accounts": [account], "general": 0, "set_aside": [], "top_up": False, "bill": "none", "at_once": 33}

    payments, _, needed = project(world)

    assert [payment.at for payment in payments] == [
        first_instant(day, account.time_zone)
        for day in (date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31))
    ]
    assert needed == sum((payment.amount for payment in payments), start=usd(0))
    assert all(payment.card == payment.amount for payment in payments)
