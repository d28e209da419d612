"""The audit proves payouts against lines and processor, and finds one error of each kind that is planted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.audit import Kind
from chalicelib.domain.earnings.lines import LineKind
from chalicelib.domain.earnings.payout_items import ItemStatus
from chalicelib.domain.money import Money
from chalicelib.gateways.sandbox_payouts import SentBatchRow
from chalicelib.models.earnings.balances import EarningBalanceRow
from chalicelib.models.earnings.lines import EarningLineRow
from chalicelib.models.earnings.payout_runs import PARTNER_PREFIX
from chalicelib.models.earnings.payouts import PayoutAlarmRow, PayoutRow
from chalicelib.services.audit import payer_audits
from chalicelib.services.earnings import payouts
from tests.faults import Stored
from tests.payout_worlds import ADDRESS, PayoutWorld, a_payday


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payer_audits, "_MOMENT_SECONDS", 0)


def a_year_of_payouts() -> PayoutWorld:
    """One paid, one returned, one held and marked as paid, one failed, given back and marked, one on its way."""
    world = a_payday(6_000, -500, address=ADDRESS)
    world.watched = True
    world.run_schedules()
    for address, days in ((ADDRESS, 0), ("money+unclaimed@bright.example", 62), (None, 31)):
        world.be_paid_at(address)
        world.earn(7_000)
        world.advance(days=days)
    payouts.mark_paid(payout_id=world.payout.id, reference="wire", now=world.now, actor="operator")
    world.be_paid_at("money+failed@bright.example")
    world.earn(9_000)
    world.advance(days=31)
    payouts.mark_paid(payout_id=world.payout.id, reference="wire 2", now=world.now, actor="operator")
    world.be_paid_at("money+unclaimed@bright.example")
    world.earn(8_000)
    world.advance(days=31)
    return world


def kinds(world: PayoutWorld) -> set[Kind]:
    audits = list(payer_audits.audit_with_clients(partner_id=world.partner_id, now=world.now))
    assert not any(each.unsettled for each in audits)
    return {finding.kind for each in audits for finding in each.findings}


def a_payout(world: PayoutWorld, status: str = "paid") -> Any:
    return next(
        row for row in PayoutRow.query(world.partner_id, PayoutRow.id.startswith("pay_")) if row.status == status
    )


def forget_a_line(world: PayoutWorld) -> None:
    payout = a_payout(world)
    line = next(line for line in world.lines if line.payout_id == payout.id and line.kind is LineKind.ADJUSTMENT)
    row = EarningLineRow.get(world.partner_id, line.id)
    row.payout_id = "pay_00000000000000000000000000"
    row.save()


def count_a_line_twice(world: PayoutWorld) -> None:
    row = a_payout(world)
    row.sums = {kind: replace(counted, lines=counted.lines + 1) for kind, counted in row.sums.items()}
    row.save()


def change_an_item(**changes: Any) -> Callable[[PayoutWorld], None]:
    def planted(world: PayoutWorld) -> None:
        row = a_payout(world)
        row.items = tuple(replace(item, **changes) for item in row.items)
        row.save()

    return planted


def lose_a_batch(world: PayoutWorld) -> None:
    SentBatchRow(a_payout(world).reference).delete()


def pay_another_amount(world: PayoutWorld) -> None:
    batch = SentBatchRow.get(a_payout(world).reference)
    batch.items = [[*batch.items[0][:2], 1, "USD"]]
    batch.save()


def store_another_amount(world: PayoutWorld) -> None:
    row = a_payout(world)
    row.items = tuple(replace(item, amount=Money(1, "USD")) for item in row.items)
    row.save()
    pay_another_amount(world)  # as the processor has it: only the payout tells


def pay_what_was_given_back(world: PayoutWorld) -> None:
    batch = SentBatchRow.get(a_payout(world, "returned").reference)
    batch.items = [[item[0], ADDRESS, *item[2:]] for item in batch.items]
    batch.save()


def raise_what_was_paid_out(world: PayoutWorld) -> None:
    row = EarningBalanceRow.get(world.partner_id, "balance")
    row.paid_out += row.paid_out
    row.save()


def lose_an_alarm(world: PayoutWorld) -> None:
    PayoutAlarmRow(a_payout(world, "unclaimed").id).delete()


def lose_the_next_payouts_alarm(world: PayoutWorld) -> None:
    PayoutAlarmRow(PARTNER_PREFIX + world.partner_id).delete()


def forget_that_payouts_are_scheduled(world: PayoutWorld) -> None:
    lose_the_next_payouts_alarm(world)
    row = EarningBalanceRow.get(world.partner_id, "balance")
    row.scheduled = None
    row.save()


PLANTED = [
    pytest.param(forget_a_line, {Kind.PAYOUT_LINES}, id="a line of another payout"),
    pytest.param(count_a_line_twice, {Kind.PAYOUT_LINES}, id="the sums by kind"),
    pytest.param(
        change_an_item(status=ItemStatus.FAILED), {Kind.PAYOUT_RETURNED, Kind.PAYOUT_OUTCOME}, id="not given back"
    ),
    pytest.param(lose_a_batch, {Kind.PAYOUT_NOT_SENT}, id="a batch that was not sent"),
    pytest.param(pay_another_amount, {Kind.PAYOUT_AMOUNT}, id="another amount"),
    pytest.param(store_another_amount, {Kind.PAYOUT_AMOUNT}, id="items that do not come to the payout"),
    pytest.param(pay_what_was_given_back, {Kind.PAYOUT_OUTCOME}, id="paid and given back"),
    pytest.param(raise_what_was_paid_out, {Kind.EARNING_TOTALS}, id="the total"),
    pytest.param(lose_an_alarm, {Kind.ALARM_MISSING}, id="no alarm"),
    pytest.param(lose_the_next_payouts_alarm, {Kind.ALARM_MISSING}, id="no next payout"),
    pytest.param(forget_that_payouts_are_scheduled, {Kind.ALARM_MISSING}, id="lines from before there were payouts"),
]


def test_payouts_are_right_and_each_planted_error_is_found(aws: None) -> None:
    world = a_year_of_payouts()
    found = [payout.status.value for payout in world.payouts]
    assert found == ["paid", "returned", "returned", "paid", "paid", "unclaimed"]
    right = Stored.now()

    assert kinds(world) == set()
    assert set.union(*(planted.values[1] for planted in PLANTED)) > {kind for kind in Kind if "payout_" in kind}
    for planted in PLANTED:
        plant, found = planted.values
        right.restore()
        plant(world)
        assert kinds(world) == found, planted.id
