"""Invoices that are paid reach the earnings ledger once, and so do refunds and disputes (docs/rules.md §10)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts import earning
from chalicelib.domain.accounts.accounts import Client, Relationship
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.earnings.lines import Hold, LineKind
from chalicelib.domain.ids import new_id
from chalicelib.models.earnings.posting_alarms import PostingAlarmRow
from chalicelib.models.partners import partners as partner_rows
from chalicelib.models.transactions import commit
from chalicelib.services.billing import payment_retries, refunds, single_bills
from chalicelib.services.earnings import decisions, postings
from chalicelib.services.partners import partners
from chalicelib.services.schedule import sweeps
from chalicelib.services.schedule.worker import take_due_steps
from tests import calls
from tests.earning_worlds import LITE, EarningWorld
from tests.world import ACTOR, World

TRIAL = PlanRequest("S1", "email", "trial")


@pytest.fixture
def world(aws: None) -> EarningWorld:
    return EarningWorld()


def found(world: EarningWorld) -> list[tuple[str, int]]:
    return [(line.kind.value, line.amount.amount) for line in world.lines]


def refund(world: World, account_id: str, invoice_id: str, amount: int | None = None) -> None:
    refunds.refund_invoice(
        refund_id=new_id("txn", at=world.now),
        payer=account_id,
        invoice_id=invoice_id,
        amount=amount,
        now=world.now,
        actor="operator",
    )


def test_the_first_invoice_of_a_referred_account_brings_commission_and_bonus(world: EarningWorld) -> None:
    account = world.sign_up(plan=LITE)
    world.post()

    price = account.price.amount
    assert found(world) == [("commission", round(price * 0.2)), ("bonus", 5000)]
    assert world.balance.balance.amount == sum(amount for _, amount in found(world)) == world.earned(account.id)
    assert world.balance.accounts == 1
    assert PostingAlarmRow.count(f"{postings.PREFIX}{world.lines[0].invoice_id}") == 0


def test_each_renewal_brings_commission_and_no_second_bonus(world: EarningWorld) -> None:
    world.sign_up(plan=LITE)
    world.advance(days=95)

    kinds = [line.kind for line in world.lines]
    assert (kinds.count(LineKind.COMMISSION), kinds.count(LineKind.BONUS)) == (4, 1)
    assert [line.sequence for line in world.lines] == [1, 2, 3, 4, 5]


def test_a_message_twice_and_a_stream_told_twice_post_nothing_twice(world: EarningWorld) -> None:
    world.sign_up(plan=LITE)
    world.run_schedules(times=2)
    once = found(world)

    world.seen.clear()
    world.run_schedules(times=2)

    assert found(world) == once


def test_a_managed_account_at_list_price_brings_a_revenue_share(world: EarningWorld) -> None:
    world.create(plan=LITE)
    world.post()

    assert [line.kind for line in world.lines] == [LineKind.COMMISSION, LineKind.BONUS]
    assert world.lines[0].relationship == "managed"


def test_an_agencys_resold_account_brings_nothing_and_its_referred_one_a_commission(aws: None) -> None:
    world = EarningWorld(program="agency")
    world.create()
    account = world.sign_up()
    world.advance(days=29)

    assert {line.account_id for line in world.lines} == {account.id}
    assert [line.kind for line in world.lines] == [LineKind.COMMISSION] * 2
    assert {line.percent for line in world.lines} == {30}


def test_an_account_of_the_house_brings_nothing(world: EarningWorld) -> None:
    world.partner_id = partners.house_of("solutions", now=world.now, actor="operator").id
    account = world.sign_up(plan=LITE)
    world.post()

    assert account.earning_terms is None
    assert world.lines == []


def test_an_account_on_the_single_bill_brings_its_bonus_once_its_first_bill_is_paid(world: EarningWorld) -> None:
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=1, billing_profile_id=world.card(), now=world.now, actor=ACTOR
    )
    world.create(plan=LITE, single_bill=True, billing_profile_id=None)
    world.post()
    assert world.lines == []

    world.advance(days=70)

    assert found(world) == [("bonus", 5000)]


def test_a_trial_brings_nothing_until_it_is_paid_for(world: EarningWorld) -> None:
    world.sign_up(plan=TRIAL)
    world.post()

    assert world.lines == []


def test_refunds_take_back_in_proportion_however_often_they_are_heard_of(world: EarningWorld) -> None:
    account = world.sign_up(plan=LITE)
    world.post()
    invoice_id = world.lines[0].invoice_id
    commission = world.lines[0].amount

    refund(world, account.id, invoice_id, 100)
    world.run_schedules(times=2)
    refund(world, account.id, invoice_id)
    world.run_schedules(times=2)

    reversals = [line for line in world.lines if line.kind is LineKind.REVERSAL]
    assert [line.amount.amount for line in reversals[:1]] == [-20]
    assert world.balance.balance.amount == 0
    assert world.earned(account.id) == 0
    assert sum(-line.amount.amount for line in reversals) == commission.amount + 5000


def test_a_suspended_partner_gets_no_new_lines_not_even_later(world: EarningWorld) -> None:
    account = world.sign_up(plan=LITE)
    world.post()
    before = found(world)
    suspend(world, True)
    world.advance(days=31)
    suspend(world, False)

    world.seen.clear()
    world.post()

    assert found(world) == before
    refund(world, account.id, world.lines[0].invoice_id, 100)
    world.post()
    assert found(world) == [*before, ("reversal", -20)]


def suspend(world: World, suspended: bool) -> None:
    partner = partner_rows.get(world.partner_id)
    assert partner is not None
    changed = replace(partner, suspended_at=world.now if suspended else None)
    commit([partner_rows.put(changed, actor="operator", event="")])


def test_the_lines_of_an_own_client_are_held(world: EarningWorld) -> None:
    world.sign_up(plan=LITE, client=Client("Bright", "me@bright.example"))
    world.post()

    assert {line.held_for for line in world.lines} == {(Hold.OWN_CLIENT,)}
    assert world.balance.held == world.balance.balance


@pytest.mark.parametrize(
    ("card", "lost"), [("pm_card_createDispute", False), ("pm_card_createDisputeLost", True)], ids=["won", "lost"]
)
def test_the_lines_of_an_account_whose_first_invoice_is_disputed_are_held_until_an_operator_decides(
    world: EarningWorld, card: str, lost: bool
) -> None:
    account = world.sign_up(card, plan=LITE)
    world.advance(to=world.now + timedelta(minutes=1))
    world.post()
    first, bonus = world.lines
    assert first.held_for == bonus.held_for == (Hold.FIRST_INVOICE_DISPUTED, Hold.DISPUTED)

    payment_retries.set_own_card(account_id=account.id, payment_method="pm_card_visa", now=world.now)
    world.advance(days=29)
    *_, second = world.lines
    assert {line.held_for for line in world.lines} == {(Hold.FIRST_INVOICE_DISPUTED,)}
    assert world.earned(account.id) == second.amount.amount + (0 if lost else first.amount.amount + 5000)

    decisions.release(line_id=second.id, now=world.now, actor="operator")
    world.advance(days=31)
    *_, third = world.lines
    held = {line.id for line in world.lines if line.held_for}
    assert held == {line.id for line in world.lines} - {second.id, third.id}


def test_a_bonus_is_held_while_its_account_is_canceled(world: EarningWorld) -> None:
    account = world.create(plan=LITE)
    world.post()

    world.cancel(account.id)
    world.post()

    assert {line.kind: line.held_for for line in world.lines} == {
        LineKind.COMMISSION: (),
        LineKind.BONUS: (Hold.CANCELED,),
    }


def test_the_invoices_of_many_accounts_are_posted_in_few_transactions(world: EarningWorld) -> None:
    accounts = [world.sign_up(plan=LITE, client=Client("Acme", f"owner@acme-{n}.example")) for n in range(26)]
    world.post()

    assert len(world.lines) == 52
    assert world.balance.accounts == 26
    assert [line.sequence for line in world.lines] == list(range(1, 53))
    assert world.lines[-1].balance_after == world.balance.balance
    assert world.balance.version == 2
    assert {account.relationship for account in accounts} == {Relationship.REFERRED}


def test_an_alarm_that_was_noted_on_again_meanwhile_stays(world: EarningWorld, monkeypatch: Any) -> None:
    account = world.sign_up(plan=LITE)
    world.stream()
    read = postings.invoice_rows.get_each
    refunded: list[str] = []

    def with_a_refund_behind(keys: Any) -> Any:
        invoices = read(keys)
        if not refunded:
            refunded.append(invoices[0].id)
            with calls.running(None):
                refund(world, account.id, invoices[0].id)
                world.stream()
        return invoices

    monkeypatch.setattr(postings.invoice_rows, "get_each", with_a_refund_behind)
    World.run_schedules(world)

    assert world.balance.balance.amount == 0
    assert [line.kind for line in world.lines].count(LineKind.REVERSAL) == 2


def test_a_posting_that_breaks_the_worker_is_parked_alone(world: EarningWorld, monkeypatch: Any) -> None:
    first = world.sign_up(plan=LITE)
    second = world.sign_up(plan=LITE, client=Client("Acme", "owner@other.example"))
    world.stream()
    facts = earning.of_paid

    def broken(invoice: Any, *others: Any, **more: Any) -> Any:
        if invoice.account_id == first.id:
            raise LookupError("broken")
        return facts(invoice, *others, **more)

    monkeypatch.setattr(earning, "of_paid", broken)
    World.run_schedules(world)

    assert {line.account_id for line in world.lines} == {second.id}
    monkeypatch.undo()
    world.seen.clear()
    world.post()
    assert {line.account_id for line in world.lines} == {first.id, second.id}


def test_nothing_is_begun_once_time_is_up(world: EarningWorld) -> None:
    world.sign_up(plan=LITE)
    world.stream()
    position = sweeps.first_position(sweep=Sweep.RENEWALS, run="run-1", now=world.now)
    sweeps.send_due(position, out_of_time=lambda: False)
    (due,) = world.receive()

    assert not take_due_steps(due, now=world.now, out_of_time=lambda: True).finished
    assert world.lines == []
