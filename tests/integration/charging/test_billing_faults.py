"""Packs, top-ups, Single Bills, refunds, retries on request and set-aside money, broken at every call they make.

What the books come to is proved by the product's own audit, and compared with the run nobody disturbed.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from chalicelib.config import settings
from chalicelib.domain.audit import Finding, Kind
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.gateways.payments import Declined
from chalicelib.gateways.sandbox_payments import DISPUTED_FOR, MemoryRow, SandboxPayments
from chalicelib.models.billing import contracts as contract_rows
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.services.accounts import plan_changes
from chalicelib.services.audit import payer_audits
from chalicelib.services.billing import contracts, disputes, failed_refunds, payment_retries, refunds, single_bills
from chalicelib.services.wallet import account_credits, credit_packs, prepaid, set_asides, top_ups
from tests.books import images
from tests.breaker import Fault
from tests.faults import Scenario, Tally, break_everywhere, break_somewhere
from tests.world import ACTOR, PLUS, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

Run = Callable[[World], Any]
STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)


class Proof:
    """The books as the audit sees them, and what they come to."""

    def __init__(self, world: World) -> None:
        self.world = world

    def check(self) -> None:
        audited = payer_audits.audit_partner(partner_id=self.world.partner_id, now=self.world.now)
        assert [finding for finding in audited.findings if not self.expected(finding)] == []
        assert self.in_progress() == []

    def expected(self, finding: Finding) -> bool:
        """The daily watch is asleep: it is not what these are about."""
        return (finding.kind, finding.subject) == (Kind.ALARM_LATE, self.world.partner_id)

    def in_progress(self) -> list[str]:
        """Purchases, refunds and charges that nobody finished."""
        rows = images(settings().accounts_table)
        return [row["id"]["S"] for row in rows if "charge" in row]

    def summary(self) -> dict[str, Any]:
        world, wallet = self.world, self.world.wallet
        sandbox = images(settings().sandbox_table)
        return {
            "wallet": replace(wallet, version=0, single_bill=None, top_up=None),
            "bill": wallet.single_bill and (wallet.single_bill.total, wallet.single_bill.count),
            "bills": Counter(
                (
                    bill.status,
                    bill.total,
                    bill.prepaid_applied,
                    bill.card_charged,
                    bill.refunded_to_card,
                    len(bill.attempts),
                )
                for bill in bill_rows.of_payer(world.partner_id, limit=100, start=None)[0]
            ),
            "invoices": Counter(
                (i.status, i.total, i.prepaid_applied, i.card_charged, i.refunded_to_card, i.refunded_to_prepaid)
                for i in world.invoices()
            ),
            "journal": Counter((e.kind, e.amount, e.set_aside_change, e.to_card, e.refunded) for e in world.journal()),
            "disputes": Counter(
                (each.status, each.taken_back, each.from_wallet, each.revision)
                for each in disputes.list_disputes(limit=100, start=None)[0]
            ),
            "cards": Counter(
                (row["id"]["S"].partition("#")[0], row.get("amount", {}).get("S"), "decline_code" in row)
                for row in sandbox
            ),
        }


class ProofButForHands(Proof):
    """What somebody gave back by hand the audit finds, every time."""

    def expected(self, finding: Finding) -> bool:
        return finding.kind is Kind.CARD_REFUNDS or super().expected(finding)


def pack(payment_method: str = "pm_card_visa", *, prepaid: int = 0) -> tuple[World, Run]:
    world = World()
    if prepaid:
        world.buy(prepaid)
    card = world.card(payment_method)

    def run(world: World) -> None:
        credit_packs.buy_pack(
            purchase_id="txn_PACK",
            partner_id=world.partner_id,
            kind=CreditKind.SMS,
            billing_profile_id=card,
            quantity=500,
            now=world.now,
            actor=ACTOR,
        )

    return world, run


def top_up() -> tuple[World, Run]:
    world = World()
    top_ups.set_up_top_up(
        partner_id=world.partner_id,
        below=25_000,
        amount=10_000,
        billing_profile_id=world.card(),
        now=world.now,
        actor=ACTOR,
    )

    def run(world: World) -> None:
        top_ups.top_up_if_low(payer=world.partner_id, now=world.now, actor=ACTOR)

    return world, run


def bill(payment_method: str = "pm_card_visa", *, prepaid: int = 0, days: int = 15) -> tuple[World, Run]:
    """A Single Bill of three accounts on the day it is closed, or tried again."""
    world = World(program="solutions")
    single_bills.set_up_single_bill(
        partner_id=world.partner_id,
        day=15,
        billing_profile_id=world.card(payment_method),
        now=world.now,
        actor=ACTOR,
    )
    for _ in range(3):
        world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    if prepaid:
        world.buy(prepaid)
    world.advance(days=days - 1)
    alarm = world.next_alarm()
    assert alarm is not None
    world.now = alarm
    return world, World.run_schedules


def contract(
    payment_method: str = "pm_card_visa", *, prepaid: int = 0, days: int = 0, unpaid_before: bool = False
) -> tuple[World, Run]:
    """A headquarters on the first day of its contract's year, or when the year's invoice is tried again."""
    world = World(program="franchise")
    first = world.now.date() + timedelta(days=10)
    agree(world, contacts=5_000, price=12_000, starts_on=first)
    make_default(world, world.card(payment_method))
    if prepaid:
        granted(world, prepaid)
    world.advance(days=9 + days)
    if unpaid_before:
        make_default(world, world.card())
    alarm = world.next_alarm()
    assert alarm is not None
    world.now = max(alarm, world.now)
    return world, World.run_schedules


def agree(world: World, **changes: Any) -> None:
    contracts.agree(partner_id=world.partner_id, changes=changes, now=world.now, actor=ACTOR)


def granted(world: World, amount: int) -> None:
    prepaid.grant_prepaid(entry_id="txn_GRANT", partner_id=world.partner_id, amount=amount, now=world.now, actor=ACTOR)


def make_default(world: World, profile_id: str) -> None:
    payment_retries.update_billing_profile(
        partner_id=world.partner_id, profile_id=profile_id, changes={"default": True}, now=world.now, actor=ACTOR
    )


def unpaid_contract(run: Run) -> tuple[World, Run]:
    """A contract whose invoice was declined today, and what is asked of it then."""
    world, charge = contract("pm_card_chargeDeclined")
    charge(world)
    world.now += timedelta(minutes=2)
    return world, run


def retry_of_a_contract(world: World) -> None:
    if contract_rows.get(world.partner_id).unpaid is not None:
        payment_retries.retry_contract(partner_id=world.partner_id, now=world.now, actor=ACTOR)


def end_of_a_contract(world: World) -> None:
    agree(world, price=None)


def onto_the_bill() -> tuple[World, Run]:
    """Renewals of three accounts that go on the bill, one with money set aside for it."""
    world, _ = bill(days=2)
    account_id = world.invoices()[0].account_id
    assert account_id is not None
    world.buy(1_000, account_id=account_id)
    world.advance(days=26)
    alarm = world.next_alarm()
    assert alarm is not None
    world.now = alarm
    return world, World.run_schedules


def creation_onto_the_bill() -> tuple[World, Run]:
    world, _ = bill(days=2)

    def run(world: World) -> None:
        world.create(id="acct_NEW", name="brand-new", plan=STANDARD, single_bill=True, billing_profile_id=None)

    return world, run


def refund(amount: int | None, *, prepaid: int = 0) -> tuple[World, Run]:
    world = World()
    if prepaid:
        world.buy(prepaid)
    world.create()
    (invoice,) = world.invoices()

    def run(world: World) -> None:
        refunds.refund_invoice(
            refund_id="txn_REFUND",
            payer=world.partner_id,
            invoice_id=invoice.id,
            amount=amount,
            now=world.now,
            actor="operator",
        )

    return world, run


def refund_on_a_bill(amount: int | None) -> tuple[World, Run]:
    """A refund of one of two invoices on a paid bill: one used money set aside, the bill prepaid money and a card."""
    world = World(program="solutions")
    card = world.card()
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=15, billing_profile_id=card, now=world.now, actor=ACTOR
    )
    for _ in range(2):
        world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    world.buy(2_000)
    world.advance(days=20)
    invoice = world.invoices()[0]
    assert invoice.status is InvoiceStatus.PAID

    def run(world: World) -> None:
        refunds.refund_invoice(
            refund_id="txn_REFUND",
            payer=world.partner_id,
            invoice_id=invoice.id,
            amount=amount,
            now=world.now,
            actor="operator",
        )

    return world, run


def purchase_refund(*, by_hand: bool = False) -> tuple[World, Run]:
    """Part of a purchase goes back to its card; ``by_hand``, somebody has given it back behind our back."""
    world = World()
    bought = world.buy(5_000)
    if by_hand:
        row = MemoryRow.get(f"key#{bought.id}-1")
        row.refunds = {"by hand": 4_000}
        row.save()

    def run(world: World) -> None:
        refunds.refund_purchase(
            refund_id="txn_REFUND",
            payer=world.partner_id,
            purchase_id=bought.id,
            amount=3_000,
            now=world.now,
            actor="operator",
        )

    return world, run


def refund_that_failed() -> tuple[World, Run]:
    """A report says that a refund on a bill failed days after it was booked."""
    world, make = refund_on_a_bill(None)
    make(world)

    def run(world: World) -> None:
        with patch.object(SandboxPayments, "find_refund", return_value=Declined("expired_or_canceled_card")):
            failed_refunds.undo_if_failed(
                payer=world.partner_id, refund_id="txn_REFUND", now=world.now, actor="schedule:card_reports"
            )

    return world, run


def dispute(about: str, *, lost: bool) -> tuple[World, Run]:
    """A report of a dispute about an invoice, a purchase or a Single Bill, or the alarm at which it is lost."""
    world = World(program="solutions")
    card = world.card("pm_card_createDisputeLost")
    if about == "bill":
        single_bills.set_up_single_bill(
            partner_id=world.partner_id, day=15, billing_profile_id=card, now=world.now, actor=ACTOR
        )
        for _ in range(2):
            world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
        world.advance(days=16)
    elif about == "purchase":
        world.buy(5_000, card=card)
    else:
        world.buy(1_000)
        world.create(plan=STANDARD, billing_profile_id=card)
    ((report,),) = [due.subjects for due in world.receive()]
    reference = report.removeprefix("dispute:")

    def look(world: World) -> None:
        disputes.look_up(reference=reference, now=world.now, actor="schedule:card_reports")

    if not lost:
        return world, look
    look(world)
    world.now += DISPUTED_FOR
    return world, World.run_schedules


def retry_on_request(*, prepaid: int) -> tuple[World, Run]:
    world = World()
    account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
    world.advance(days=28)
    if prepaid:
        world.buy(prepaid)

    def run(world: World) -> None:
        if world.account(account.id).overdue is not None:
            payment_retries.retry_payment(
                partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR
            )

    return world, run


def set_aside() -> tuple[World, Run]:
    world = World()
    account = world.create()
    world.buy(5_000)

    def run(world: World) -> None:
        set_asides.set_money_aside(
            entry_id="txn_ASIDE",
            partner_id=world.partner_id,
            account_id=account.id,
            amount=3_000,
            now=world.now,
            actor=ACTOR,
        )

    return world, run


def allocation() -> tuple[World, Run]:
    world, run = pack()
    run(world)
    account = world.create(plan=replace(PLUS, add_ons=("sms",)))

    def allocate(world: World) -> None:
        account_credits.allocate_credits(
            entry_id="txn_GIVEN",
            partner_id=world.partner_id,
            kind=CreditKind.SMS,
            account_id=account.id,
            quantity=200,
            now=world.now,
            actor=ACTOR,
        )

    return world, allocate


def pack_for_an_account(*, prepaid: int = 0) -> tuple[World, Run]:
    world = World()
    if prepaid:
        world.buy(prepaid)
    account, card = world.create(plan=replace(PLUS, add_ons=("sms",))), world.card()

    def buy(world: World) -> None:
        credit_packs.buy_pack(
            purchase_id="txn_PACK",
            partner_id=world.partner_id,
            kind=CreditKind.SMS,
            billing_profile_id=card,
            quantity=500,
            account_id=account.id,
            now=world.now,
            actor=ACTOR,
        )

    return world, buy


def credits_used() -> tuple[World, Run]:
    world, buy = pack_for_an_account()
    buy(world)
    (account_id,) = {invoice.account_id for invoice in world.invoices()} - {None}

    def report(world: World) -> None:
        account_credits.report_use(
            account_id=account_id,
            kind=CreditKind.SMS,
            report_id="r-1",
            quantity=120,
            at=None,
            now=world.now,
            actor="operator",
        )

    return world, report


def credits_taken_back() -> tuple[World, Run]:
    world, buy = pack_for_an_account()
    buy(world)
    (account_id,) = {invoice.account_id for invoice in world.invoices()} - {None}

    def take_back(world: World) -> None:
        account_credits.take_credits_back(
            entry_id="txn_BACK",
            partner_id=world.partner_id,
            kind=CreditKind.SMS,
            account_id=account_id,
            now=world.now,
            actor=ACTOR,
        )

    return world, take_back


def prepaid_granted() -> tuple[World, Run]:
    def grant(world: World) -> None:
        prepaid.grant_prepaid(
            entry_id="txn_GRANT", partner_id=world.partner_id, amount=700, now=world.now, actor="operator"
        )

    return World(), grant


def failed_account(*, prepaid: int = 0, on_bill: bool = False) -> tuple[World, Run]:
    """An account that the platform can't prepare: it ends, and what was paid for it goes back."""
    told = {"sandbox_provisioning": "failed"}
    if not on_bill:
        world = World()
        if prepaid:
            world.buy(prepaid)
        world.create(metadata=told)
        return world, World.run_schedules
    world, _ = onto_the_bill()
    if prepaid:
        world.buy(prepaid)
    world.create(plan=STANDARD, single_bill=True, billing_profile_id=None, metadata=told)
    return world, World.run_schedules


def change(world: World, account_id: str, plan: PlanRequest, **more: Any) -> tuple[World, Run]:
    wanted = plan_changes.PlanChangeRequest(plan, **more)

    def run(world: World) -> None:
        plan_changes.change_plan(
            partner_id=world.partner_id, account_id=account_id, request=wanted, now=world.now, actor=ACTOR
        )

    return world, run


def conversion() -> tuple[World, Run]:
    """Monthly to annual in the middle of a month, prepaid money for a part of it."""
    world = World()
    account = world.create()
    world.advance(days=10)
    world.buy(1_000)
    return change(world, account.id, replace(PLUS, billing_frequency=Frequency.ANNUAL))


def trial_pays() -> tuple[World, Run]:
    """A trial begins to pay, prepaid money for a part of it."""
    world = World()
    account = world.create(plan=TRIAL)
    world.advance(days=5)
    world.buy(1_000)
    return change(world, account.id, PLUS, billing_profile_id=world.card())


def upgrade_onto_the_bill() -> tuple[World, Run]:
    world, _ = bill(days=2)
    account_id = world.invoices()[0].account_id
    assert account_id is not None
    return change(world, account_id, replace(STANDARD, contacts=5_000))


SCENARIOS = [
    Scenario("monthly to annual, mixed", conversion, is_request=True, books=Proof),
    Scenario("trial begins to pay, mixed", trial_pays, is_request=True, books=Proof),
    Scenario("upgrade onto the bill", upgrade_onto_the_bill, is_request=True, books=Proof),
    Scenario("pack, card", pack, is_request=True, books=Proof),
    Scenario("pack, mixed", lambda: pack(prepaid=1_000), is_request=True, books=Proof),
    Scenario("pack, prepaid", lambda: pack(prepaid=9_000), is_request=True, books=Proof),
    Scenario("pack, declined", lambda: pack("pm_card_chargeDeclined"), is_request=True, books=Proof),
    Scenario("top-up", top_up, is_request=True, books=Proof),
    Scenario("top-up, after it healed", top_up, is_request=True, healed_first=True, books=Proof),
    Scenario("bill closed, card", bill, books=Proof),
    Scenario("bill closed, mixed", lambda: bill(prepaid=2_000), books=Proof),
    Scenario("bill closed, prepaid", lambda: bill(prepaid=90_000), books=Proof),
    Scenario("bill closed, declined", lambda: bill("pm_card_chargeDeclined"), books=Proof),
    Scenario("bill tried again, declined", lambda: bill("pm_card_chargeDeclined", days=17), books=Proof),
    Scenario("renewals onto the bill", onto_the_bill, books=Proof),
    Scenario("creation onto the bill", creation_onto_the_bill, is_request=True, books=Proof),
    Scenario("contract, mixed", lambda: contract(prepaid=2_000), books=Proof),
    Scenario("contract, prepaid", lambda: contract(prepaid=90_000), books=Proof),
    Scenario("contract, declined", lambda: contract("pm_card_chargeDeclined"), books=Proof),
    Scenario("contract, declined for the last time", lambda: contract("pm_card_chargeDeclined", days=6), books=Proof),
    Scenario(
        "contract, paid by another card",
        lambda: contract("pm_card_chargeDeclined", days=2, unpaid_before=True),
        books=Proof,
    ),
    Scenario("contract, retry on request", lambda: unpaid_contract(retry_of_a_contract), is_request=True, books=Proof),
    Scenario("contract ended, unpaid", lambda: unpaid_contract(end_of_a_contract), is_request=True, books=Proof),
    Scenario("refund, card", lambda: refund(None), is_request=True, books=Proof),
    Scenario("refund, in part, mixed", lambda: refund(3_500, prepaid=1_900), is_request=True, books=Proof),
    Scenario("refund, prepaid", lambda: refund(None, prepaid=9_000), is_request=True, books=Proof),
    Scenario("refund, on a bill, mixed", lambda: refund_on_a_bill(None), is_request=True, books=Proof),
    Scenario("refund, prepaid purchase", purchase_refund, is_request=True, books=Proof),
    Scenario("refund, declined", lambda: purchase_refund(by_hand=True), is_request=True, books=ProofButForHands),
    Scenario("refund, undone as it failed later", refund_that_failed, is_request=True, books=ProofButForHands),
    Scenario("dispute opened", lambda: dispute("invoice", lost=False), is_request=True, books=Proof),
    Scenario("dispute lost, invoice", lambda: dispute("invoice", lost=True), books=Proof),
    Scenario("dispute lost, prepaid purchase", lambda: dispute("purchase", lost=True), books=Proof),
    Scenario("dispute lost, bill", lambda: dispute("bill", lost=True), books=Proof),
    Scenario("retry on request, prepaid", lambda: retry_on_request(prepaid=9_000), is_request=True, books=Proof),
    Scenario("money set aside", set_aside, is_request=True, books=Proof),
    Scenario("credits allocated", allocation, is_request=True, books=Proof),
    Scenario("pack for an account, mixed", lambda: pack_for_an_account(prepaid=1_000), is_request=True, books=Proof),
    Scenario("pack for an account, prepaid", lambda: pack_for_an_account(prepaid=99_000), is_request=True, books=Proof),
    Scenario("credits used", credits_used, is_request=True, books=Proof),
    Scenario("credits taken back", credits_taken_back, is_request=True, books=Proof),
    Scenario("prepaid money granted", prepaid_granted, is_request=True, books=Proof),
    Scenario("failed account, mixed", lambda: failed_account(prepaid=1_000), books=Proof),
    Scenario("failed account, on the bill", lambda: failed_account(on_bill=True), books=Proof),
]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit reads again after a moment; nothing lags here."""
    monkeypatch.setattr(payer_audits, "_MOMENT_SECONDS", 0.0)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_broken_somewhere_the_audit_proves_the_books_and_they_end_as_undisturbed(scenario: Scenario) -> None:
    every_fault_was_tried(break_somewhere(scenario))


@pytest.mark.prove
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_broken_anywhere_the_audit_proves_the_books_and_they_end_as_undisturbed(scenario: Scenario) -> None:
    tally = break_everywhere(scenario)

    print(f"{scenario.name:40} {tally.points:>3} points {tally.faults.total():>4} faults")
    every_fault_was_tried(tally)


def every_fault_was_tried(tally: Tally) -> None:
    for kind in (Fault.KILLED_BEFORE, Fault.KILLED_AFTER, Fault.ANSWER_LOST, Fault.THROTTLED, Fault.OVERTAKEN):
        assert tally.faults[kind] > 0
