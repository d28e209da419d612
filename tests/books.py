"""The books of one partner, read from the tables as they are stored, and what must be true of them at rest."""

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

from moto.dynamodb import dynamodb_backends

from chalicelib.config import settings
from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account, ManagementRequestStatus, Provisioning, Status
from chalicelib.domain.accounts.summaries import summary_at
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus, Outcome
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.charging.charges import OF_PERIODS, ChargeKind
from chalicelib.domain.money import Money
from chalicelib.domain.wallet.journal import Entry
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models.accounts import summaries
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.billing.invoices import InvoiceRow
from chalicelib.models.billing.journal import EntryRow
from chalicelib.models.charging.pending_charges import PendingChargeRow
from chalicelib.models.wallet.wallets import WalletRow
from chalicelib.programs import program as load_program
from tests.explained import check_explanations
from tests.shortcuts import ACCOUNT, REGION
from tests.world import World

ENDED = (Status.EXPIRED, Status.ARCHIVED)


def images(table: str) -> list[dict[str, Any]]:
    """Every row of a table as DynamoDB keeps it, read past the client: it counts as no call."""
    stored = dynamodb_backends[ACCOUNT][REGION].tables[table]
    return [item.to_json()["Attributes"] for item in stored.all_items()]


class Books:
    """All rows of all tables that money concerns."""

    def __init__(self, world: World) -> None:
        named = settings()
        things = images(named.accounts_table)
        self.world = world
        self.program = load_program(world.program)
        self.account_rows = [AccountRow.from_raw_data(i) for i in things if i["id"]["S"].startswith("acct_")]
        self.accounts: list[Account] = [row.value() for row in self.account_rows]
        self.pending_charges = [PendingChargeRow.from_raw_data(i) for i in things if i["id"]["S"].startswith("txn_")]
        self.due_shards = {i["id"]["S"]: i.get("due_shard", {}).get("S") for i in things}
        ledger = images(named.ledger_table)
        invoice_rows = [InvoiceRow.from_raw_data(i) for i in ledger if i["id"]["S"].startswith("inv_")]
        self.invoices: list[Invoice] = sorted((row.value() for row in invoice_rows), key=lambda i: i.number)
        in_journal = [EntryRow.from_raw_data(i).value() for i in ledger if _is_prepaid(i)]
        self.journal: list[Entry] = sorted(in_journal, key=lambda entry: entry.sequence)
        self.wallet: Wallet = WalletRow.from_raw_data(
            next(i for i in images(named.wallets_table) if i["payer"]["S"] == world.partner_id)
        ).value()
        self.names = {
            i["name"]["S"]: i["account_id"]["S"] for i in images(named.names_table) if "#" not in i["name"]["S"]
        }
        self.asked = {
            i["id"]["S"].removeprefix("key#"): i for i in images(named.sandbox_table) if i["id"]["S"].startswith("key#")
        }

    @property
    def approved(self) -> dict[str, Money]:
        """The card charges that went through: key and amount."""
        return {key: _money(row["amount"]["S"]) for key, row in self.asked.items() if "decline_code" not in row}

    def summary(self) -> dict[str, Any]:
        """What the books come to, times and ids aside: a run that was disturbed ends like one that wasn't."""
        order = {account.id: place for place, account in enumerate(sorted(self.accounts, key=lambda a: a.name))}
        return {
            "accounts": [
                (a.name, a.status, a.payment_state, a.period, a.set_aside, a.overdue and a.overdue.retries, a.charges)
                for a in sorted(self.accounts, key=lambda a: a.name)
            ],
            "invoices": Counter(
                (order.get(i.account_id), i.period, i.status, i.total.amount, len(i.attempts)) for i in self.invoices
            ),
            "paid_by": (
                sum(i.prepaid_applied.amount for i in self.invoices),
                sum(i.card_charged.amount for i in self.invoices),
            ),
            "journal": Counter((e.kind, e.account_id in order) for e in self.journal),
            "balance": self.wallet.balance,
            "set_aside": self.wallet.set_aside,
            "approved": (len(self.approved), sum(money.amount for money in self.approved.values())),
            "asked": len(self.asked),
        }

    def check(self) -> None:
        """Everything that must hold once nothing is due and nothing in progress."""
        self.check_cards()
        self.check_wallet()
        self.check_invoices()
        self.check_accounts()
        assert self.pending_charges == [], f"still in progress: {[pending.id for pending in self.pending_charges]}"

    def check_cards(self) -> None:
        """Each card charged once for what was paid with it, and for nothing else."""
        records = {r.id: r for r in [*self.journal, *self.invoices] if r.reference}
        by_card = {r.id: r.card_charged if isinstance(r, Invoice) else r.amount for r in records.values()}
        charged = Counter(_charge_of(key) for key in self.approved)
        recorded = Counter(by_card.keys())
        assert charged == recorded, f"charged without a record: {charged - recorded}, not charged: {recorded - charged}"
        for key, amount in self.approved.items():
            expected = by_card[_charge_of(key)]
            assert amount == expected, f"the card was charged {amount} by {key}, the record says {expected}"
            reference = records[_charge_of(key)].reference
            assert self.asked[key]["reference"]["S"] == reference, f"{key} was recorded with another reference"
        for invoice in self.invoices:
            declined = [a for a in invoice.attempts if a.outcome is Outcome.DECLINED and _by_card(a)]
            refused = [k for k, r in self.asked.items() if _charge_of(k) == invoice.id and "decline_code" in r]
            assert len(refused) == len(declined), f"{invoice.id} records the declines {declined}, the card {refused}"

    def check_wallet(self) -> None:
        wallet, zero = self.wallet, Money.zero(self.wallet.currency)
        own = [account for account in self.accounts if account.payer == wallet.payer]
        sequence = [entry.sequence for entry in self.journal]
        assert sequence == list(range(1, wallet.sequence + 1)), f"the journal has gaps: {sequence}"
        balance, set_aside = zero, zero
        for entry in self.journal:
            balance += entry.amount
            set_aside += entry.set_aside_change or zero
            assert entry.balance_after == balance, f"{entry.id} says {entry.balance_after}, the sum is {balance}"
            assert balance >= zero, f"the balance is {balance} after {entry.id}"
            assert zero <= set_aside <= balance, f"{set_aside} of {balance} is set aside after {entry.id}"
        assert wallet.balance == balance, f"the wallet holds {wallet.balance}, the journal says {balance}"
        of_accounts = sum((a.prepaid_set_aside for a in own), zero)
        assert wallet.set_aside == set_aside == of_accounts, (
            f"set aside: {wallet.set_aside} in the wallet, {set_aside} in the journal, {of_accounts} for accounts"
        )
        promised = sum((a.charge.from_general or zero for a in own if a.charge), zero)
        assert wallet.held == promised, f"the wallet holds {wallet.held} back, charges in progress need {promised}"
        counted = [a.id for a in own if a.counts_as_active_paid]
        assert wallet.active_paid_accounts == len(counted), f"{wallet.active_paid_accounts} are counted, not {counted}"

    def check_invoices(self) -> None:
        numbers = [invoice.number for invoice in self.invoices]
        assert numbers == list(range(1, self.wallet.last_invoice_number + 1)), f"invoice numbers have gaps: {numbers}"
        given_up = (InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE)
        of_periods = [i for i in self.invoices if i.charge_kind is not ChargeKind.UPGRADE and i.status not in given_up]
        periods = Counter((i.account_id, i.period) for i in of_periods)
        doubled = [period for period, count in periods.items() if count > 1]
        assert doubled == [], f"two invoices for one account and period: {doubled}"
        for invoice in self.invoices:
            lines = sum(line.amount.amount for line in invoice.lines)
            assert lines == invoice.total.amount, f"the lines of {invoice.id} come to {lines}, not {invoice.total}"
            check_explanations(invoice.lines)
            paid_in = invoice.total if invoice.status is InvoiceStatus.PAID else Money.zero(invoice.currency)
            paid_by = invoice.prepaid_applied + invoice.card_charged
            assert paid_by == paid_in, f"{invoice.id} was paid with {paid_by}, not {paid_in}"

    def check_accounts(self) -> None:
        names = {account.name: account.id for account in self.accounts}
        assert self.names == names, f"names taken: {self.names}, names of accounts: {names}"
        for row, account in zip(self.account_rows, self.accounts, strict=True):
            self.check_at_rest(row, account)
            self._check_periods(account)

    def check_at_rest(self, row: AccountRow, account: Account) -> None:
        """Nothing is in progress, its alarm is set, and lists show it as it is."""
        assert account.status is not Status.PENDING, f"{account.id} is still being created"
        assert account.charge is None, f"a charge of {account.id} is still in progress"
        self._check_alarm(row, account)
        self._check_glance(row, account)

    def _check_glance(self, row: AccountRow, account: Account) -> None:
        """A list that reads no account shows each as it is."""
        kept = summaries.unpack(row.summary, id=row.id, partner_id=row.partner_id, created_at=row.created_at)
        cancellation = account.cancellation and replace(account.cancellation, reason=None)
        told = account.provisioning
        provisioning = told and Provisioning(told.status, told.give_up_at)
        unlisted = {"terms": None, "charges": 0, "credits": {}, "reminded_for": None, "touched_at": None}
        unlisted |= {"card_notice_on": None, "earning_terms": None, "first_paid_on": None, "had_bonus": False}
        itself = tuple(payer for payer in account.earlier_payers if payer == account.id)
        unlisted |= {"renewed_by": None, "fingerprint": None, "earlier_payers": itself}
        last = account.last_request
        shown = replace(
            account,
            cancellation=cancellation,
            provisioning=provisioning,
            last_request=last if last and last.status is ManagementRequestStatus.OPEN else None,
            **unlisted,
            revision=0,
            version=0,
        )
        shown = shown if kept.whole else replace(shown, metadata={}, disabled_message=None)
        listed = summary_at(kept, now=self.world.now).account
        assert listed == shown, f"lists show {listed}, the account is {shown}"

    def _check_alarm(self, row: AccountRow, account: Account) -> None:
        step = lifecycle.upcoming(account, program=self.program)
        alarm = f"the alarm of {account.id}, {row.due_at} in {row.due_shard},"
        assert (row.due_at is None) == (step is None) == (row.due_shard is None), f"{alarm} is not that of {step}"
        if step is not None:
            assert row.due_shard.startswith(lifecycle.sweep_of(account)), f"{alarm} lies where no sweep looks"
            assert row.due_at >= step.due_at, f"{alarm} is earlier than {step}"
            assert row.due_at > self.world.now, f"{account.id} is still due: {step}"
        elif account.kind is PlanKind.PAID:
            assert account.status is Status.ARCHIVED, f"{account.id} is {account.status} and has no alarm"

    def _check_periods(self, account: Account) -> None:
        """The invoices of an account tile its time, up to the period it is in, in the order of their numbers."""
        issued = [invoice for invoice in self.invoices if invoice.account_id == account.id]
        of_periods = [i for i in issued if i.status is InvoiceStatus.PAID and i.charge_kind in OF_PERIODS]
        paid = [invoice.period for invoice in of_periods]
        for before, invoice in pairwise(of_periods):
            if invoice.charge_kind is ChargeKind.CONVERSION:
                assert invoice.period.start in before.period, f"{invoice.id} does not cut {before.id} short"
            else:
                follows = before.period.end == invoice.period.start
                follows = follows or invoice.charge_kind is ChargeKind.FIRST_PERIOD
                assert follows, f"days are missing between {before.id} and {invoice.id}"
                assert before.period.end <= invoice.period.start, f"{before.id} and {invoice.id} overlap"
        if issued:
            assert paid[-1] == account.period, f"{account.id} is in {account.period}, {paid[-1]} was paid last"
        opened = [invoice for invoice in issued if invoice.status is InvoiceStatus.OPEN]
        overdue = [account.overdue.invoice_id] if account.overdue else []
        assert [i.id for i in opened] == overdue, f"open invoices of {account.id} are {opened}, overdue is {overdue}"
        if account.status in ENDED:
            assert account.set_aside is None, f"{account.set_aside} is set aside for {account.id}, which has ended"
            assert account.overdue is None, f"{account.id} has ended and is overdue"


def _is_prepaid(image: dict[str, Any]) -> bool:
    return image.get("journal", {}).get("S", "").endswith("#prepaid") or ("batched" in image and "sequence" in image)


def _money(text: str) -> Money:
    amount, currency = text.split(" ")
    return Money(int(amount), currency)


def _charge_of(key: str) -> str:
    return re.sub(r"-\d+$", "", key)


def _by_card(attempt: Any) -> bool:
    return attempt.decline_code not in ("no_billing_profile", "no_card")
