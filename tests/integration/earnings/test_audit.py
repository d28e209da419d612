"""The audit proves the earnings ledgers, and finds one error of each kind that is planted in them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Client
from chalicelib.domain.audit import Kind, earnings
from chalicelib.domain.earnings import balances
from chalicelib.domain.earnings.lines import EarningLine, LineKind
from chalicelib.models.billing.invoices import InvoiceRow
from chalicelib.models.earnings.balances import AccountEarningsRow, EarningBalanceRow
from chalicelib.models.earnings.lines import EarningLineRow
from chalicelib.services.audit import payer_audits
from tests.earning_worlds import LITE, EarningWorld
from tests.faults import Stored
from tests.integration.earnings.test_postings import refund, suspend


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payer_audits, "_MOMENT_SECONDS", 0)
    monkeypatch.setattr(earnings, "POSTED_WITHIN", timedelta(hours=1))


def a_season() -> EarningWorld:
    """Two referred accounts for three months, with a refund, a suspension and a held client."""
    world = EarningWorld()
    account = world.sign_up(plan=LITE)
    world.sign_up(plan=LITE, client=Client("Bright", "me@bright.example"))
    world.advance(days=29)
    first = next(line for line in world.lines if line.account_id == account.id)
    refund(world, account.id, first.invoice_id or "", 333)
    suspend(world, True)
    world.advance(days=31)
    suspend(world, False)
    world.advance(days=30)
    world.watched = True  # its daily check as well
    world.run_schedules()
    return world


def found(world: EarningWorld) -> list[tuple[Kind, str]]:
    audits = list(payer_audits.audit_with_clients(partner_id=world.partner_id, now=world.now))
    assert not any(each.unsettled for each in audits)
    return [(finding.kind, finding.subject) for each in audits for finding in each.findings]


def row_of(world: EarningWorld, kind: LineKind) -> Any:
    line = next(
        line for line in world.lines if line.kind is kind and (line.reversed or kind is not LineKind.COMMISSION)
    )
    return EarningLineRow.get(world.partner_id, line.id)


def lose_a_line(world: EarningWorld) -> None:
    """The last commission is gone, as if the stream had lost its invoice, and with it what the totals say of it."""
    line = world.lines[-1]
    EarningLineRow(world.partner_id, line.id).delete()
    balance = EarningBalanceRow.get(world.partner_id, "balance")
    value = balance.value()
    without = balances.restated(value, line, replace(line, payout_id="pay_1"), today=world.now.date())
    left = replace(without, balance=value.balance - line.amount, sequence=value.sequence - 1)
    EarningBalanceRow.of(left).save()
    earned = AccountEarningsRow.get(line.account_id, world.partner_id)
    earned.earned -= line.amount
    earned.save()


def change(kind: LineKind, **changes: Any) -> Callable[[EarningWorld], None]:
    def planted(world: EarningWorld) -> None:
        row = row_of(world, kind)
        for name, changed in changes.items():
            setattr(row, name, changed(row.value()) if callable(changed) else changed)
        row.save()

    return planted


def skip_a_number(world: EarningWorld) -> None:
    row = EarningLineRow.get(world.partner_id, world.lines[-1].id)
    row.sequence += 1
    row.save()
    balance = EarningBalanceRow.get(world.partner_id, "balance")
    balance.sequence += 1
    balance.save()


def raise_the_balance(world: EarningWorld) -> None:
    row = EarningBalanceRow.get(world.partner_id, "balance")
    row.balance += row.balance
    row.save()


def move_a_total(world: EarningWorld) -> None:
    row = EarningBalanceRow.get(world.partner_id, "balance")
    row.held, row.payable = row.payable, row.held
    row.save()


def raise_an_accounts_earnings(world: EarningWorld) -> None:
    row = AccountEarningsRow.get(world.lines[0].account_id, world.partner_id)
    row.earned += row.earned
    row.save()


def raise_a_percentage(world: EarningWorld) -> None:
    line = world.lines[0]
    row = InvoiceRow.get(line.payer, line.invoice_id)
    row.earning = replace(row.earning, percent=row.earning.percent + 1)
    row.save()


def more(line: EarningLine) -> Any:
    return replace(line.amount, amount=line.amount.amount + 1)


PLANTED = [
    pytest.param(lose_a_line, {Kind.EARNING_MISSING}, id="a line that is missing"),
    pytest.param(change(LineKind.BONUS, payer="acct_nobody"), {Kind.EARNING_OF_NOTHING}, id="a line of no invoice"),
    pytest.param(raise_a_percentage, {Kind.EARNING_AMOUNT}, id="another percentage"),
    pytest.param(change(LineKind.COMMISSION, reversed=None), {Kind.EARNING_REVERSALS}, id="a reversal forgotten"),
    pytest.param(raise_an_accounts_earnings, {Kind.EARNING_ACCOUNT}, id="an account that earned more"),
    pytest.param(change(LineKind.REVERSAL, balance_after=more), {Kind.EARNING_BALANCE}, id="a balance in between"),
    pytest.param(skip_a_number, {Kind.EARNING_SEQUENCE}, id="a number that is missing"),
    pytest.param(raise_the_balance, {Kind.EARNING_BALANCE}, id="the balance"),
    pytest.param(move_a_total, {Kind.EARNING_TOTALS}, id="totals"),
]


def test_the_ledger_is_right_and_each_planted_error_is_found(aws: None) -> None:
    world = a_season()
    right = Stored.now()

    assert found(world) == []
    assert len(world.lines) == 9
    assert set.union(*(planted.values[1] for planted in PLANTED)) == {kind for kind in Kind if "earning_" in kind}
    for planted in PLANTED:
        plant, kinds = planted.values
        right.restore()
        plant(world)
        assert {kind for kind, _ in found(world)} == kinds, planted.id


def test_what_was_paid_within_the_hour_or_has_just_fallen_due_is_no_finding(aws: None) -> None:
    world = EarningWorld()
    world.sign_up(plan=LITE)

    def kinds() -> set[Kind]:
        return {kind for kind, _ in found(world)}

    assert kinds() == set()
    world.now += timedelta(hours=1)
    assert kinds() == {Kind.EARNING_MISSING}
    world.stream()
    world.now += timedelta(minutes=59)
    assert kinds() == set()
    world.now += timedelta(minutes=1)  # the worker has not come by, or its alarm is parked
    assert kinds() == {Kind.EARNING_MISSING}
