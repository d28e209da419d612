"""The audit: right books are found right, and one error of each kind, planted in the tables, is found and named."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import pytest

from chalicelib.config import settings
from chalicelib.domain.audit import Kind
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.calendar import Period
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.charging.card_charges import CardCharge
from chalicelib.domain.charging.charges import ChargeKind
from chalicelib.domain.disputes import Dispute, DisputeStatus
from chalicelib.domain.ids import new_id
from chalicelib.domain.money import Money
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.sandbox_payments import MemoryRow, SandboxPayments
from chalicelib.handlers.schedule import schedules
from chalicelib.models import audit_reads as book_rows
from chalicelib.models import control
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.accounts.names import NameRow
from chalicelib.models.billing import disputes as dispute_rows
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.billing.contracts import ContractRow
from chalicelib.models.billing.invoices import InvoiceRow
from chalicelib.models.billing.journal import EntryRow
from chalicelib.models.billing.single_bills import BillRow
from chalicelib.models.charging.pending_charges import PendingChargeRow
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.models.wallet.wallets import WalletRow
from chalicelib.programs import program
from chalicelib.services.audit import payer_audits, readings
from chalicelib.services.audit.payer_audits import Audited
from chalicelib.services.billing import contracts, payment_retries, refunds, single_bills
from chalicelib.services.charging.results import ChargeOutcomeUnknown
from chalicelib.services.partners import billing_profiles
from chalicelib.services.schedule import daily_audit
from infra import audit as command
from infra import commands
from tests.books import images
from tests.faults import Stored
from tests.world import ACTOR, SANDBOX, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

AGENCY = program("agency")
STANDARD = PlanRequest("S1", "email", "standard", 1000)
ONCE_PAID = "pm_card_declinedOnRenewal"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payer_audits, "_MOMENT_SECONDS", 0)


# --------------------------------------------------------------------------------------------------------- the books


def months() -> World:
    """A partner's time: prepaid and cards, trials, declines, cancellations, and something of each still under way."""
    world = World()
    world.buy(8_000)
    accounts = [world.create() for _ in range(3)]
    world.create(plan=SANDBOX)
    world.create(plan=TRIAL)
    world.buy(9_000, account_id=accounts[0].id)
    world.create(billing_profile_id=world.card("pm_card_timeout"))
    given_up = world.create(billing_profile_id=world.card(ONCE_PAID))
    world.buy(1_500, account_id=given_up.id)
    world.advance(days=1)
    recovering, leaving = [world.create(billing_profile_id=world.card(ONCE_PAID)) for _ in range(2)]
    world.advance(days=31)
    world.buy(6_000, account_id=recovering.id)
    world.cancel(leaving.id)
    world.advance(days=1)
    world.cancel(accounts[2].id)
    world.create(name="trying", plan=TRIAL)
    world.advance(days=1)
    world.create(name="past-due", billing_profile_id=world.card(ONCE_PAID))
    world.advance(days=32)
    bought = world.buy(2_500)
    refund(world, by_prepaid(world), 1_000)
    refund(world, with_cards(world)[-1], None)
    refund_purchase(world, bought.id, 1_500)
    with patch("chalicelib.services.charging.cards.ask_card", return_value=None):
        for amount in (500, 250):
            with pytest.raises(ChargeOutcomeUnknown):
                refund(world, with_cards(world)[-2], amount)
        with pytest.raises(ChargeOutcomeUnknown):
            refund_purchase(world, bought.id, 100)
        for unanswered in (lambda: world.buy(1_000, id="txn_UNANSWERED"), lambda: world.create(name="waiting")):
            with pytest.raises(ChargeOutcomeUnknown):
                unanswered()
    world.buy(2_000, account_id=accounts[1].id)
    world.buy(3_000)
    return watched(world)


def half_a_year() -> World:
    """Half a year of accounts that began on one day, each paid in another way."""
    world = World()
    accounts = [world.create(), world.create(billing_profile_id=world.card(ONCE_PAID)), world.create(plan=TRIAL)]
    world.create(billing_profile_id=world.card("pm_card_timeout"))
    world.buy(30_000)
    world.buy(12_000, account_id=accounts[0].id)
    world.advance(days=100)
    world.cancel(accounts[0].id)
    world.advance(days=80)
    return watched(world)


def billed() -> World:
    """A solution provider's three months on a Single Bill."""
    world = World(program="solutions")
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=5, billing_profile_id=world.card(), now=world.now, actor=ACTOR
    )
    for _ in range(3):
        world.create(plan=STANDARD, single_bill=True, billing_profile_id=None)
    world.create(plan=STANDARD)
    world.buy(4_000)
    world.advance(days=75)
    on_bills = [invoice for invoice in world.invoices() if invoice.bill_id and invoice.status is InvoiceStatus.PAID]
    refund(world, on_bills[0], None)
    refund(world, on_bills[-1], 500)
    with (
        patch("chalicelib.services.charging.cards.ask_card", return_value=None),
        pytest.raises(ChargeOutcomeUnknown),
    ):
        refund(world, on_bills[-2], 700)
    return watched(world)


def yearly() -> World:
    """A headquarters' contract: a year that is paid, and the next one, which is not."""
    world = World(program="franchise")
    contracts.agree(
        partner_id=world.partner_id,
        changes={"price": 12_000, "starts_on": world.now.date()},
        now=world.now,
        actor=ACTOR,
    )
    payment_retries.update_billing_profile(
        partner_id=world.partner_id,
        profile_id=world.card(ONCE_PAID),
        changes={"default": True},
        now=world.now,
        actor=ACTOR,
    )
    world.advance(days=366)
    return watched(world)


def pooled() -> World:
    """A franchise's two years: no invoice at all."""
    world = World(program="franchise")
    world.create(plan=PlanRequest("Franchise", "ACHQ", "standard", 1000), billing_profile_id=None)
    world.advance(days=800)
    return watched(world)


def watched(world: World) -> World:
    """The world with its prepaid money looked at, too."""
    world.watched = True
    world.run_schedules()
    return world


@cache
def made(build: Callable[[], World]) -> tuple[World, Stored]:
    """A world that is built once; its tables are put back for each test."""
    world = build()
    return world, Stored.now()


def rebuilt(build: Callable[[], World]) -> World:
    world, stored = made(build)
    stored.restore()
    return replace(world)


def audited(world: World, **overrides: Any) -> Audited:
    return payer_audits.audit_partner(partner_id=world.partner_id, now=overrides.pop("now", world.now), **overrides)


def found(world: World, **overrides: Any) -> list[tuple[Kind, str]]:
    result = audited(world, **overrides)
    assert result.unsettled == []
    return [(finding.kind, finding.subject) for finding in result.findings]


# ----------------------------------------------------------------------------------------------------------- clean


@pytest.mark.parametrize("build", [months, half_a_year, billed, pooled, yearly])
def test_right_books_are_found_right(build: Callable[[], World]) -> None:
    world = rebuilt(build)

    result = audited(world)

    assert result.findings == result.unsettled == []


def test_these_books_have_something_of_everything() -> None:
    world = rebuilt(months)

    result = audited(world)

    statuses = Counter(invoice.status for invoice in world.invoices())
    assert statuses.keys() == set(InvoiceStatus)
    assert {entry.kind for entry in world.journal()} >= {EntryKind.PURCHASE, EntryKind.APPLIED, EntryKind.TAKE_BACK}
    assert world.wallet.held
    assert result.compared["accounts"] >= 10
    assert result.compared["invoices"] == len(world.invoices())
    assert result.compared["entries"] == len(world.journal())
    assert result.compared["card charges"] > 10


def test_a_processor_that_cannot_list_is_asked_key_by_key() -> None:
    world = rebuilt(months)
    MemoryRow(f"key#{by_card(world).id}-1").delete()

    with patch.object(readings, "payment_gateway", FindsOnly):
        assert found(world) == [(Kind.CARD_NOT_CHARGED, by_card(world).id)]
        assert found(world, cards_since=world.now - timedelta(days=3)) == []


def test_a_list_is_of_every_card_the_partner_has_or_had_and_daily_of_the_last_days_only() -> None:
    world = rebuilt(months)
    asked: list[dict[str, Any]] = []
    card = billing_profiles.get_profile(partner_id=world.partner_id, profile_id=world.card())
    commit([profile_rows.put(replace(card, customer="cus_1"), actor=ACTOR, event="")])

    class Lists(SandboxPayments):
        def list_charges(self, **wanted: Any) -> Iterator[CardCharge]:
            asked.append(wanted)
            return super().list_charges(payer=wanted["payer"])

    since = world.now - timedelta(days=3)
    with patch.object(readings, "payment_gateway", Lists):
        assert found(world, cards_since=since) == []

    assert asked == [{"payer": world.partner_id, "customers": ["cus_1"], "since": since}]


class FindsOnly:
    """A gateway without a list."""

    def find(self, *, key: str) -> Any:
        return SandboxPayments().find(key=key)


def test_a_difference_that_is_gone_a_moment_later_is_none() -> None:
    world = rebuilt(months)
    stale = replace(world.wallet, active_paid_accounts=99)

    with patch.object(book_rows, "wallet", side_effect=[stale, world.wallet, world.wallet]):
        result = audited(world)

    assert result.findings == result.unsettled == []


def test_books_that_differ_in_another_way_each_time_are_neither_right_nor_wrong() -> None:
    world = rebuilt(months)
    moving = [replace(world.wallet, active_paid_accounts=number) for number in range(90, 100)]

    with patch.object(book_rows, "wallet", side_effect=moving):
        result = audited(world)

    assert result.findings == []
    assert [finding.kind for finding in result.unsettled] == [Kind.ACTIVE_COUNT]


def test_nothing_is_written() -> None:
    world = rebuilt(months)
    client = "botocore.client.BaseClient._make_api_call"
    calls: Counter[str] = Counter()
    from botocore.client import BaseClient

    original = BaseClient._make_api_call

    def noting(self: Any, operation: str, arguments: Any) -> Any:
        calls[operation] += 1
        return original(self, operation, arguments)

    with patch(client, noting):
        audited(world)

    assert calls.keys() <= {"Query", "GetItem", "BatchGetItem"}


# ------------------------------------------------------------------------------------------------- picking and changing


def invoices(world: World) -> list[Invoice]:
    """All invoices by number, read past the client: that is quicker."""
    rows = [InvoiceRow.from_raw_data(i) for i in images(settings().ledger_table) if i["id"]["S"].startswith("inv_")]
    return sorted((row.value() for row in rows), key=lambda invoice: invoice.number)


def journal(world: World) -> list[Entry]:
    """The journal of prepaid money, read in the same way."""
    rows = [EntryRow.from_raw_data(i) for i in images(settings().ledger_table) if "journal" in i]
    return sorted((row.value() for row in rows), key=lambda entry: entry.sequence)


def by_card(world: World) -> Invoice:
    """A renewal that a card alone paid."""
    return next(
        i for i in invoices(world) if i.card_charged and not i.prepaid_applied and i.charge_kind is ChargeKind.RENEWAL
    )


def with_cards(world: World) -> list[Invoice]:
    return [invoice for invoice in invoices(world) if invoice.card_charged]


def refund(world: World, invoice: Invoice, amount: int | None) -> str:
    entry, _ = refunds.refund_invoice(
        refund_id=new_id("txn", at=world.now),
        payer=world.partner_id,
        invoice_id=invoice.id,
        amount=amount,
        now=world.now,
        actor=ACTOR,
    )
    return entry.id


def refund_purchase(world: World, purchase_id: str, amount: int | None) -> str:
    entry, _ = refunds.refund_purchase(
        refund_id=new_id("txn", at=world.now),
        payer=world.partner_id,
        purchase_id=purchase_id,
        amount=amount,
        now=world.now,
        actor=ACTOR,
    )
    return entry.id


def by_prepaid(world: World) -> Invoice:
    return next(invoice for invoice in invoices(world) if invoice.prepaid_applied and not invoice.card_charged)


def with_status(world: World, status: InvoiceStatus) -> Invoice:
    return next(invoice for invoice in invoices(world) if invoice.status is status)


def purchase(world: World) -> Entry:
    """A purchase that was followed by others."""
    return next(entry for entry in journal(world) if entry.kind is EntryKind.PURCHASE and entry.set_aside_change)


def change(row: Any, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(row, name, value)
    row.save()


def change_wallet(world: World, **changes: Any) -> str:
    wallet: Wallet = replace(world.wallet, **changes)
    change(WalletRow.of(wallet))
    return world.partner_id


def change_account(world: World, account_id: str, **changes: Any) -> str:
    account = replace(account_rows.get(account_id), **changes)
    commit([account_rows.put(account, program=program(world.program), actor=ACTOR)])
    return account_id


def change_invoice(world: World, invoice: Invoice, **changes: Any) -> str:
    change(InvoiceRow.get(world.partner_id, invoice.id), **changes)
    return invoice.id


def invoice_more(world: World, **changes: Any) -> str:
    """One more renewal of the account with the newest paid one, of no money, numbered as it should be."""
    like = [i for i in invoices(world) if i.status is InvoiceStatus.PAID and i.charge_kind is ChargeKind.RENEWAL][-1]
    nothing = Money(0, "USD")
    more = replace(
        like,
        id="inv_MORE",
        number=world.wallet.last_invoice_number + 1,
        lines=(),
        total=nothing,
        prepaid_applied=nothing,
        card_charged=nothing,
        sequence=None,
        wallet_balance_after=None,
        refunded_to_card=None,
        refunded_to_prepaid=None,
        credit_notes=(),
        version=0,
        **changes,
    )
    wallet = replace(world.wallet, last_invoice_number=more.number)
    put = invoice_rows.put(more, now=world.now, actor=ACTOR, event="invoice.paid")
    commit([put, wallet_rows.put(wallet)])
    return "inv_MORE"


def newest_period(world: World) -> Period:
    invoice = [i for i in invoices(world) if i.status is InvoiceStatus.PAID and i.charge_kind is ChargeKind.RENEWAL][-1]
    assert invoice.period is not None
    return invoice.period


def active(world: World) -> str:
    """An account that renews as if nothing were."""
    paid = {invoice.account_id for invoice in invoices(world) if invoice.status is InvoiceStatus.PAID}
    rows = [AccountRow.from_raw_data(i) for i in images(settings().accounts_table) if i["id"]["S"] in paid]
    return next(str(row.id) for row in rows if row.status == "active" and not row.overdue and not row.set_aside)


def raw(table: str, row_id: str, **changes: str) -> None:
    """Write text into a row past the models, whole: what moto changes in place changes the stored tables, too."""
    client = boto3.client("dynamodb")
    item = client.get_item(TableName=table, Key={"id": {"S": row_id}})["Item"]
    client.put_item(TableName=table, Item=item | {name: {"S": value} for name, value in changes.items()})


def usd(amount: int) -> Money:
    return Money(amount, "USD")


# --------------------------------------------------------------------------------------------------------- the errors


def unreadable(world: World) -> str:
    raw(settings().accounts_table, active(world), period="from May to June")
    return world.partner_id


def wallet_missing(world: World) -> str:
    WalletRow(world.partner_id).delete()
    return world.partner_id


def wallet_balance(world: World) -> str:
    return change_wallet(world, balance=world.wallet.balance + usd(1))


def wallet_negative(world: World) -> str:
    """Money was spent that wasn't there, and properly entered."""
    wallet = world.wallet
    gone = usd(-wallet.general.amount - 1)
    entry = Entry(
        id="txn_TOO_MUCH",
        payer=world.partner_id,
        kind=EntryKind.USED,
        at=world.now,
        amount=gone,
        balance_after=wallet.balance + gone,
        sequence=wallet.sequence + 1,
    )
    after = replace(wallet, balance=entry.balance_after, sequence=entry.sequence)
    commit([journal_rows.put(entry, actor=ACTOR, event="prepaid.used"), wallet_rows.put(after)])
    return world.partner_id


def wallet_held(world: World) -> str:
    return change_wallet(world, held=world.wallet.held - usd(1))


def wallet_set_aside(world: World) -> str:
    return change_wallet(world, set_aside=world.wallet.set_aside + usd(1))


def active_count(world: World) -> str:
    return change_wallet(world, active_paid_accounts=world.wallet.active_paid_accounts + 1)


def journal_ends_early(world: World) -> str:
    return change_wallet(world, sequence=world.wallet.sequence + 1)


def journal_goes_on(world: World) -> str:
    return change_wallet(world, sequence=world.wallet.sequence - 1)


def journal_twin(world: World) -> str:
    """Of an entry that moved nothing, so that its place among twins changes no balance."""
    entry = next(entry for entry in journal(world) if not entry.amount)
    twin = replace(entry, id="txn_TWIN", set_aside_change=None, version=0)
    commit([journal_rows.put(twin, actor=ACTOR, event="prepaid.used")])
    read = [*book_rows.journal(world.partner_id, CreditKind.PREPAID, until=entry.sequence)]
    return read[-1].id


def journal_balance(world: World) -> str:
    entry = purchase(world)
    change(EntryRow.get(world.partner_id, entry.id), balance_after=entry.balance_after + usd(1))
    return entry.id


def account_set_aside(world: World) -> str:
    return change_account(world, active(world), set_aside=usd(1))


def account_credits(world: World) -> str:
    return change_account(world, active(world), credits={CreditKind.SMS: 1})


def allocated_out_of_nothing(world: World) -> str:
    """An account got credits, and the partner's balance gave none."""
    wallet = wallets.credited(world.wallet, CreditKind.SMS, 0)
    entry = wallets.credit_entry(
        wallet,
        CreditKind.SMS,
        EntryKind.ALLOCATED,
        0,
        id="txn_OUT_OF_NOTHING",
        now=world.now,
        account_id=active(world),
        account_change=Money(5, "SMS"),
    )
    change_account(world, active(world), credits={CreditKind.SMS: 5})
    change_wallet(world, credits=wallet.credits)
    journal_rows.put(entry, actor=ACTOR, event="sms.allocated").row.save()
    return entry.id


def name_of_another(world: World) -> str:
    account = account_rows.get(active(world))
    assert account is not None
    change(NameRow.get(account.name), account_id="acct_ANOTHER")
    return account.id


def name_of_nobody(world: World) -> str:
    account = account_rows.get(active(world))
    assert account is not None
    NameRow.get(account.name).delete()
    return account.id


def payer_of_another_partner(world: World) -> str:
    change_wallet(world, active_paid_accounts=world.wallet.active_paid_accounts - 1)
    return change_account(world, active(world), payer="prt_ANOTHER", earlier_payers=(world.partner_id,))


def invoice_number_lacks(world: World) -> str:
    return change_wallet(world, last_invoice_number=world.wallet.last_invoice_number + 1)


def invoice_number_gap(world: World) -> str:
    last = invoices(world)[-1]
    change_wallet(world, last_invoice_number=last.number + 1)
    return change_invoice(world, last, number=last.number + 1)


def invoice_number_twin(world: World) -> str:
    last = invoices(world)[-1]
    change_wallet(world, last_invoice_number=last.number - 1)
    change_invoice(world, last, number=last.number - 1)
    return [*book_rows.invoices(world.partner_id, until=last.number)][-1].invoice.id


def invoice_lines(world: World) -> str:
    invoice = by_card(world)
    first, *others = invoice.lines
    return change_invoice(world, invoice, lines=(replace(first, amount=first.amount + usd(1)), *others))


def invoice_payment(world: World) -> str:
    invoice = by_card(world)
    first, *others = invoice.lines
    lines = (replace(first, amount=first.amount + usd(1)), *others)
    return change_invoice(world, invoice, lines=lines, total=invoice.total + usd(1))


def invoice_journal(world: World) -> str:
    return change_invoice(world, by_prepaid(world), wallet_balance_after=usd(1))


def invoice_not_in_journal(world: World) -> str:
    """A card's part is called prepaid: the sum is right, the journal knows nothing of it."""
    invoice = by_card(world)
    MemoryRow(f"key#{invoice.id}-1").delete()
    return change_invoice(world, invoice, prepaid_applied=invoice.total, card_charged=usd(0))


def refunded_more_than_entered(world: World) -> str:
    invoice = by_prepaid(world)
    return change_invoice(world, invoice, refunded_to_prepaid=invoice.refunded_to_prepaid + usd(1))


def refunded_to_another_card(world: World) -> str:
    invoice = with_cards(world)[-1]
    return change_invoice(world, invoice, refunded_to_card=invoice.refunded_to_card - usd(1))


def credit_note_number_lacks(world: World) -> str:
    return change_wallet(world, last_credit_note_number=world.wallet.last_credit_note_number + 1)


def credit_note_without_a_number(world: World) -> str:
    """The last refund of an invoice has lost its number, in the wallet too."""
    last = [entry for entry in journal(world) if entry.credit_note][-1]
    change(EntryRow.get(world.partner_id, last.id), credit_note=None)
    change_wallet(world, last_credit_note_number=world.wallet.last_credit_note_number - 1)
    assert last.invoice_id is not None
    return last.invoice_id


def credit_note_that_its_invoice_does_not_name(world: World) -> str:
    invoice = by_prepaid(world)
    return change_invoice(world, invoice, credit_notes=())


def purchase_refunded_more_than_entered(world: World) -> str:
    bought = next(entry for entry in journal(world) if entry.refunded)
    change(EntryRow.get(world.partner_id, bought.id), refunded=bought.refunded + usd(1))
    return bought.id


def bill_refunded_less_than_entered(world: World) -> str:
    bill = next(row for row in BillRow.query(world.partner_id, BillRow.id.startswith("bill_")) if row.refunded_to_card)
    change(bill, refunded_to_card=bill.refunded_to_card - usd(1))
    return str(bill.id)


def card_refunded_behind_our_back(world: World) -> str:
    invoice = by_card(world)
    change(MemoryRow.get(f"key#{invoice.id}-1"), refunds={"by hand": 1})
    return invoice.id


def card_never_refunded(world: World) -> str:
    invoice = with_cards(world)[-1]
    change(MemoryRow.get(f"key#{invoice.id}-1"), refunds=None)
    return invoice.id


def dispute_that_its_invoice_does_not_name(world: World) -> str:
    invoice = by_card(world)
    dispute = Dispute(
        id="disp_1",
        payer=world.partner_id,
        charge_id=invoice.id,
        processor="sandbox",
        reference="du_1",
        status=DisputeStatus.WON,
        amount=invoice.card_charged,
        reason="fraudulent",
        opened_at=world.now,
        closed_at=world.now,
    )
    commit([dispute_rows.put(dispute, now=world.now, actor=ACTOR, events=("dispute.opened",))])
    return invoice.id


def card_disputed_behind_our_back(world: World) -> str:
    invoice = by_card(world)
    lost = {"amount": 100, "opened_at": world.now.isoformat(), "status": "lost"}
    change(MemoryRow.get(f"key#{invoice.id}-1"), dispute=lost)
    return invoice.id


def invoice_of_nobody(world: World) -> str:
    change_invoice(world, with_status(world, InvoiceStatus.UNCOLLECTIBLE), account_id="acct_NOBODY")
    return "acct_NOBODY"


def period_twice(world: World) -> str:
    return invoice_more(world)


def period_overlap(world: World) -> str:
    newest = newest_period(world)
    return invoice_more(world, period=Period(newest.end - timedelta(days=1), newest.end + timedelta(days=30)))


def period_gap(world: World) -> str:
    newest = newest_period(world)
    later = Period(newest.end + timedelta(days=1), newest.end + timedelta(days=30))
    more = invoice_more(world, period=later)
    invoice = next(i for i in invoices(world) if i.id == more)
    assert invoice.account_id is not None
    change_account(world, invoice.account_id, period=later, reminded_for=later.end)
    return more


def period_current(world: World) -> str:
    account = account_rows.get(active(world))
    assert account is not None
    assert account.period is not None
    end = account.period.end
    return change_account(world, account.id, period=Period(end, end + timedelta(days=30)))


def open_invoice_is_void(world: World) -> str:
    invoice = with_status(world, InvoiceStatus.OPEN)
    change_invoice(world, invoice, status=InvoiceStatus.VOID)
    assert invoice.account_id is not None
    return invoice.account_id


def open_invoice_of_an_account_that_owes_nothing(world: World) -> str:
    invoice = with_status(world, InvoiceStatus.VOID)
    change_invoice(world, invoice, status=InvoiceStatus.OPEN)
    assert invoice.account_id is not None
    return invoice.account_id


def contract_year_twice(world: World) -> str:
    invoice = with_status(world, InvoiceStatus.OPEN)
    assert invoice.period is not None
    change_invoice(world, invoice, period=replace(invoice.period, start=invoice.period.start - timedelta(days=1)))
    return invoice.id


def contract_paid_too_far(world: World) -> str:
    row = ContractRow.get(f"contract_{world.partner_id}")
    change(row, paid_until=row.paid_until + timedelta(days=1))
    return world.partner_id


def contract_owes_for_a_void_invoice(world: World) -> str:
    change_invoice(world, with_status(world, InvoiceStatus.OPEN), status=InvoiceStatus.VOID)
    return world.partner_id


def contract_without_an_alarm(world: World) -> str:
    row = ContractRow.get(f"contract_{world.partner_id}")
    change(row, due_at=None, due_shard=None)
    return str(row.id)


def bill_total(world: World) -> str:
    bill = world.wallet.single_bill
    assert bill is not None
    change_wallet(world, single_bill=replace(bill, count=bill.count + 1))
    return bill.id


def bill_payment(world: World) -> str:
    (bill, *_), _ = single_bills.list_bills(partner_id=world.partner_id, limit=10, start=None)
    change(BillRow.get(world.partner_id, bill.id), prepaid_applied=bill.prepaid_applied + usd(1))
    return bill.id


def card_not_charged(world: World) -> str:
    invoice = by_card(world)
    MemoryRow(f"key#{invoice.id}-1").delete()
    return invoice.id


def purchase_not_charged(world: World) -> str:
    entry = purchase(world)
    MemoryRow(f"key#{entry.id}-1").delete()
    return entry.id


def card_charged_twice(world: World) -> str:
    invoice = by_card(world)
    charge_card(world, f"{invoice.id}-2", 4900)
    return invoice.id


def card_amount(world: World) -> str:
    invoice = by_card(world)
    change(MemoryRow.get(f"key#{invoice.id}-1"), amount="1 USD")
    return invoice.id


def card_reference(world: World) -> str:
    return change_invoice(world, by_card(world), reference="pi_another")


def card_without_record(world: World) -> str:
    charge_card(world, "inv_LOST-1", 4900)
    return "inv_LOST"


def charge_card(world: World, key: str, amount: int) -> None:
    MemoryRow(f"key#{key}", amount=f"{amount} USD", reference=f"pi_{key}", payer=world.partner_id).save()


def alarm_missing(world: World) -> str:
    account_id = active(world)
    change(AccountRow.get(account_id), due_at=None, due_shard=None)
    return account_id


def watch_missing(world: World) -> str:
    boto3.client("dynamodb").delete_item(TableName=settings().accounts_table, Key={"id": {"S": world.partner_id}})
    return world.partner_id


def alarm_wrong(world: World) -> str:
    row = AccountRow.get(active(world))
    change(row, due_at=row.due_at + timedelta(seconds=1))
    return str(row.id)


def alarm_needless(world: World) -> str:
    seen = (kept.account for kept in overview_rows.summaries_of(world.partner_id))
    sandbox = next(account for account in seen if account.kind == "sandbox")
    change(AccountRow.get(sandbox.id), due_at=world.now, due_shard="renewals#00")
    return str(sandbox.id)


def alarm_unheard(world: World) -> str:
    account_id = active(world)
    change(AccountRow.get(account_id), due_shard="stuck#00")
    return account_id


def alarm_late(world: World) -> str:
    change(PendingChargeRow.get("txn_UNANSWERED"), due_at=world.now - timedelta(hours=3))
    return "txn_UNANSWERED"


PLANTED: list[tuple[Kind, Callable[[World], str], Callable[[], World]]] = [
    (Kind.UNREADABLE, unreadable, months),
    (Kind.WALLET_MISSING, wallet_missing, months),
    (Kind.WALLET_BALANCE, wallet_balance, months),
    (Kind.WALLET_NEGATIVE, wallet_negative, months),
    (Kind.WALLET_HELD, wallet_held, months),
    (Kind.WALLET_SET_ASIDE, wallet_set_aside, months),
    (Kind.ACTIVE_COUNT, active_count, months),
    (Kind.JOURNAL_SEQUENCE, journal_ends_early, months),
    (Kind.JOURNAL_SEQUENCE, journal_goes_on, months),
    (Kind.JOURNAL_SEQUENCE, journal_twin, months),
    (Kind.JOURNAL_BALANCE, journal_balance, months),
    (Kind.ACCOUNT_SET_ASIDE, account_set_aside, months),
    (Kind.ACCOUNT_CREDITS, account_credits, months),
    (Kind.ACCOUNT_CREDITS, allocated_out_of_nothing, months),
    (Kind.NAME, name_of_another, months),
    (Kind.NAME, name_of_nobody, months),
    (Kind.INVOICE_NUMBER, invoice_number_lacks, months),
    (Kind.INVOICE_NUMBER, invoice_number_gap, months),
    (Kind.INVOICE_NUMBER, invoice_number_twin, months),
    (Kind.PAYER, payer_of_another_partner, months),
    (Kind.INVOICE_LINES, invoice_lines, months),
    (Kind.INVOICE_PAYMENT, invoice_payment, months),
    (Kind.INVOICE_JOURNAL, invoice_journal, months),
    (Kind.INVOICE_JOURNAL, invoice_not_in_journal, months),
    (Kind.INVOICE_REFUNDS, refunded_more_than_entered, months),
    (Kind.INVOICE_REFUNDS, refunded_to_another_card, months),
    (Kind.CREDIT_NOTES, credit_note_number_lacks, months),
    (Kind.CREDIT_NOTES, credit_note_without_a_number, months),
    (Kind.CREDIT_NOTES, credit_note_that_its_invoice_does_not_name, months),
    (Kind.PURCHASE_REFUNDS, purchase_refunded_more_than_entered, months),
    (Kind.BILL_REFUNDS, bill_refunded_less_than_entered, billed),
    (Kind.CARD_REFUNDS, card_refunded_behind_our_back, months),
    (Kind.CARD_REFUNDS, card_never_refunded, months),
    (Kind.DISPUTES, dispute_that_its_invoice_does_not_name, months),
    (Kind.CARD_DISPUTES, card_disputed_behind_our_back, months),
    (Kind.INVOICE_OF_NOBODY, invoice_of_nobody, months),
    (Kind.PERIOD_TWICE, period_twice, months),
    (Kind.PERIOD_OVERLAP, period_overlap, months),
    (Kind.PERIOD_GAP, period_gap, months),
    (Kind.PERIOD_CURRENT, period_current, months),
    (Kind.OPEN_INVOICE, open_invoice_is_void, months),
    (Kind.OPEN_INVOICE, open_invoice_of_an_account_that_owes_nothing, months),
    (Kind.CONTRACT_YEARS, contract_year_twice, yearly),
    (Kind.CONTRACT_YEARS, contract_paid_too_far, yearly),
    (Kind.CONTRACT_UNPAID, contract_owes_for_a_void_invoice, yearly),
    (Kind.ALARM_MISSING, contract_without_an_alarm, yearly),
    (Kind.BILL_TOTAL, bill_total, billed),
    (Kind.BILL_PAYMENT, bill_payment, billed),
    (Kind.CARD_NOT_CHARGED, card_not_charged, months),
    (Kind.CARD_NOT_CHARGED, purchase_not_charged, months),
    (Kind.CARD_CHARGED_TWICE, card_charged_twice, months),
    (Kind.CARD_AMOUNT, card_amount, months),
    (Kind.CARD_REFERENCE, card_reference, months),
    (Kind.CARD_WITHOUT_RECORD, card_without_record, months),
    (Kind.ALARM_MISSING, alarm_missing, months),
    (Kind.ALARM_MISSING, watch_missing, months),
    (Kind.ALARM_WRONG, alarm_wrong, months),
    (Kind.ALARM_NEEDLESS, alarm_needless, months),
    (Kind.ALARM_UNHEARD, alarm_unheard, months),
    (Kind.ALARM_LATE, alarm_late, months),
]


@pytest.mark.parametrize(("kind", "plant", "build"), PLANTED, ids=[plant.__name__ for _, plant, _ in PLANTED])
def test_a_planted_error_is_found_and_nothing_else(
    kind: Kind, plant: Callable[[World], str], build: Callable[[], World]
) -> None:
    world = rebuilt(build)

    subject = plant(world)

    assert found(world) == [(kind, subject)]


def test_an_error_of_every_kind_is_planted() -> None:
    elsewhere = {kind for kind in Kind if kind.startswith(("earning_", "payout_"))}  # in the tests of earnings
    assert {kind for kind, _, _ in PLANTED} == set(Kind) - elsewhere


def test_a_message_names_both_figures() -> None:
    world = rebuilt(months)
    balance = world.wallet.balance
    wallet_balance(world)

    (finding,) = audited(world).findings

    assert f"{(balance.amount + 1) / 100:,.2f} USD" in finding.message
    assert f"{balance.amount / 100:,.2f} USD" in finding.message


def test_a_card_charged_while_its_charge_is_in_progress_is_no_finding() -> None:
    world = rebuilt(months)
    charge_card(world, "txn_UNANSWERED-1", 1_000)

    assert found(world) == []


def test_a_charge_that_was_settled_after_the_list_was_made_is_looked_for() -> None:
    world = rebuilt(months)
    cards: list[CardCharge] = []

    with patch.object(SandboxPayments, "list_charges", lambda self, **_: iter(cards)):
        assert found(world) == []


# ------------------------------------------------------------------------------------------------- schedule and command


class Context(SimpleNamespace):
    def get_remaining_time_in_millis(self) -> int:
        return int(self.remaining)


def run_schedule(world: World, *, remaining: int = 900_000) -> Any:
    """What a run of the schedule answers."""
    context = Context(remaining=remaining, aws_request_id="1")
    event = dict.fromkeys(("version", "account", "region", "detail", "detail-type", "source", "time", "id"), "")
    with patch.object(schedules.clock, "now", lambda: world.now):
        return schedules.audit_books({**event, "resources": []}, context)


def metric(printed: str) -> list[Any]:
    return [json.loads(line)["AuditFindings"] for line in printed.splitlines() if "AuditFindings" in line]


def test_the_schedule_counts_findings_as_a_metric_also_none(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    world = rebuilt(months)
    assert run_schedule(world) == {"payers": 1, "findings": 0}
    assert metric(capsys.readouterr().out) == [[0.0]]

    world.advance(days=1)
    active_count(world)
    card_without_record(world)

    assert run_schedule(world) == {"payers": 1, "findings": 2}
    assert metric(capsys.readouterr().out) == [[2.0]]
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["the books are wrong"] * 2
    wrong, right = daily_audit.list_runs()
    assert (right.finished, right.is_right, right.sheets, right.compared["accounts"]) == (True, True, 0, 12)
    assert (wrong.finished, wrong.is_right, wrong.findings, wrong.at) == (True, False, 2, world.now)
    assert {each.kind for each in daily_audit.list_findings(run_id=wrong.id, sheet=0)} == {
        "active_count",
        "card_without_record",
    }


def test_the_schedule_goes_on_where_its_last_run_stopped_until_all_are_audited_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = rebuilt(months)
    others = [World(now=world.now), World(now=world.now, program="solutions")]
    assert len({world.partner_id, *(other.partner_id for other in others)}) == 3

    answers = [run_schedule(world, remaining=1)["payers"]]
    assert [run.finished for run in daily_audit.list_runs()] == [False]
    answers += [run_schedule(world, remaining=1)["payers"] for _ in range(3)]

    assert answers == [1, 2, 3, 0]
    assert [(run.finished, run.payers) for run in daily_audit.list_runs()] == [(True, 3)]
    printed = capsys.readouterr().out
    assert metric(printed) == [[0.0]], "nothing is said of the books before all of them are audited"
    assert printed.count('"AuditsFinished":[1.0]') == 1


def test_a_finding_rings_at_once_and_again_when_all_are_audited(capsys: pytest.CaptureFixture[str]) -> None:
    world = rebuilt(months)
    World(now=world.now, program="solutions")
    active_count(world)

    run_schedule(world, remaining=1)
    with patch.object(control, "remember_unfinished"):  # it is cut off before it can note how far it got
        run_schedule(world, remaining=1)
    run_schedule(world, remaining=1)

    assert metric(capsys.readouterr().out) == [[1.0]] * 3
    (run,) = daily_audit.list_runs()
    assert (run.finished, run.findings, len(daily_audit.list_findings(run_id=run.id, sheet=0))) == (True, 1, 1)


@pytest.mark.parametrize(("hour", "payers"), [(12, 0), (13, 1)])
def test_the_next_audit_begins_at_13_utc(hour: int, payers: int) -> None:
    world = rebuilt(months)
    today = world.now.date()
    world.now = datetime.combine(today, time(13, 30), tzinfo=UTC)
    run_schedule(world)
    world.now = datetime.combine(today + timedelta(days=1), time(hour, 0), tzinfo=UTC)

    assert run_schedule(world)["payers"] == payers


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The command, for the books in moto."""
    world = rebuilt(months)
    monkeypatch.setattr(commands, "take_on", lambda stack: None)
    monkeypatch.setattr("chalicelib.api.clock.now", lambda: world.now)
    return world


def test_the_command_exits_with_0_when_the_books_are_right(cli: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--local"]) == 0
    assert "The books are right." in capsys.readouterr().out


def test_the_command_exits_with_1_and_says_what_differs(cli: World, capsys: pytest.CaptureFixture[str]) -> None:
    active_count(cli)

    assert command.main(["--local", "--partner", cli.partner_id, "--json"]) == 1

    (partner,) = json.loads(capsys.readouterr().out)["partners"]
    (finding,) = partner["findings"]
    assert (finding["kind"], finding["subject"]) == ("active_count", cli.partner_id)
    assert finding["look_at"]
    assert command.main(["--local"]) == 1
    assert "1 differences" in capsys.readouterr().out


def test_the_command_exits_with_2_when_it_cannot_tell(cli: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--local", "--partner", "prt_NOBODY"]) == 2
    assert "prt_NOBODY" in capsys.readouterr().err

    with patch.object(commands, "take_on", side_effect=commands.NotDone("No stack runs here.")):
        assert command.main(["--local"]) == 2
    with patch.object(book_rows, "wallet", side_effect=[replace(cli.wallet, held=usd(n)) for n in range(1, 9)]):
        assert command.main(["--local"]) == 2


def test_the_command_knows_what_to_look_at_next_for_every_kind() -> None:
    assert all(command.look_at(kind) for kind in Kind)
