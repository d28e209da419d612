"""One reading of a payer's books, and what is wrong in it (docs/decisions/audit.md)."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Self, TypeVar

from chalicelib.domain.audit import (
    Books,
    ChargesFor,
    Finding,
    InvoiceEarningsCheck,
    Kind,
    PaidByCard,
    PayoutSums,
    Waiting,
    of_ledger,
    of_payouts,
    prove,
)
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.calendar import local_date
from chalicelib.domain.charging.card_charges import CardCharge
from chalicelib.domain.disputes import Dispute
from chalicelib.domain.earnings.payout_items import Item
from chalicelib.domain.earnings.payouts import Payout
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.choice import payment_gateway, payout_gateway
from chalicelib.gateways.payouts import OutcomeUnknown, ProcessorMisconfigured
from chalicelib.models import audit_reads as book_rows
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.services.audit.card_charges import CardCharges
from chalicelib.services.audit.payers import Payer
from chalicelib.services.partners import partners

T = TypeVar("T")

_SETTLED_AFTER = timedelta(minutes=15)
"""A processor that can't list its charges may not find a recent one."""


@dataclass(frozen=True)
class _ReadFirst:
    """What is read before the wallet and everything else."""

    cards: CardCharges
    newest_entry: dict[CreditKind, int]
    newest_invoice: int

    @classmethod
    def of(cls, payer: Payer, *, now: datetime, cards_since: datetime | None) -> Self:
        return cls(
            cards=CardCharges(payer.id, payment_gateway(), until=now - _SETTLED_AFTER, since=cards_since),
            newest_entry={credit: book_rows.newest_entry(payer.id, credit) for credit in payer.credits},
            newest_invoice=book_rows.newest_invoice(payer.id),
        )


def read_books(payer: Payer, tally: Counter[str], *, now: datetime, cards_since: datetime | None) -> list[Finding]:
    """One reading of the books, and everything that is wrong in it.

    What is read first was there when the rest is read: the processor's charges, then the newest numbers, then the
    wallet that knows them.
    """
    try:
        first = _ReadFirst.of(payer, now=now, cards_since=cards_since)
        wallet = book_rows.wallet(payer.id)
        if wallet is None and payer.is_client and account_rows.get(payer.id) is None:
            return []  # its sign-up was declined since it was listed
        if wallet is None:
            whose = "account" if payer.is_client else "partner"
            return [Finding(Kind.WALLET_MISSING, payer.id, f"The {whose} has no wallet; it should have one.")]
        earnings = InvoiceEarningsCheck(book_rows.earning_reads(None, now=now), now=now)
        books = _books(payer, wallet, first, earnings, tally, now=now)
        differences = list(prove(books, now=now))
        return [*differences, *earnings.findings, *_earnings_of(payer, tally, now=now, since=cards_since)]
    except (ValueError, TypeError, LookupError) as error:  # a row that we did not write
        return [Finding(Kind.UNREADABLE, payer.id, f"Its rows cannot be read: {type(error).__name__}: {error}")]


def _books(
    payer: Payer,
    wallet: Wallet,
    first: _ReadFirst,
    earnings: InvoiceEarningsCheck,
    tally: Counter[str],
    *,
    now: datetime,
) -> Books:
    """The books, whose long lists are read as the checks go through them."""
    bills, disputes = [] if payer.is_client else book_rows.bills(payer.id), book_rows.disputes(payer.id)
    accounts = book_rows.with_alarms([payer.id]) if payer.is_client else book_rows.accounts(payer.id)
    sequences = {credit: credits.sequence for credit, credits in wallet.credits.items()}
    sequences[CreditKind.PREPAID] = wallet.sequence
    waiting = _waiting(payer, wallet, bills, disputes, now=now)
    contract, alarm = (None, []) if payer.is_client else book_rows.contract(payer.id)
    invoices = book_rows.invoices(payer.id, until=wallet.last_invoice_number)
    return Books(
        wallet=wallet,
        program=payer.program,
        newest_entry=first.newest_entry,
        newest_invoice=first.newest_invoice,
        accounts=_counted(accounts, tally, "accounts"),
        journals={
            credit: _counted(book_rows.journal(payer.id, credit, until=last), tally, "entries")
            for credit, last in sequences.items()
        },
        invoices=_counted(earnings.watching(invoices, bills), tally, "invoices"),
        bills=bills,
        disputes=disputes,
        waiting=[*waiting, *alarm],
        card_charges=_counting(first.cards.of_record, tally),
        unclaimed=first.cards.unclaimed,
        elsewhere=account_rows.get_many,
        history=book_rows.history,
        allocated=book_rows.journal,
        contract=contract,
    )


def _waiting(
    payer: Payer, wallet: Wallet, bills: list[Bill], disputes: list[Dispute], *, now: datetime
) -> list[Waiting]:
    """What has an alarm of its own beside the accounts and the contract."""
    waiting = [
        *book_rows.bill_alarms(wallet, bills, program=payer.program),
        *book_rows.dispute_alarms(disputes),
        *book_rows.pending_charges(payer.id, now=now),
    ]
    if not payer.is_client:
        waiting += book_rows.payout_alarms(payer.id, pays_out=payer.program.commission is not None)
    if payer.is_checked_daily:
        waiting.append(book_rows.balance_check(payer.id))
    return waiting


def _earnings_of(payer: Payer, tally: Counter[str], *, now: datetime, since: datetime | None) -> Iterator[Finding]:
    """What is wrong with a partner's earnings ledger and its payouts; an account has none."""
    read = None if payer.is_client else book_rows.earning_ledger(payer.id)
    if read is None:
        return
    balance, lines = read
    today = local_date(now, partners.get_partner(partner_id=payer.id).time_zone)
    reads = book_rows.earning_reads(payer.id, now=now)
    payouts, sums = list(book_rows.payouts(payer.id)), PayoutSums()
    yield from of_ledger(balance, sums.watching(_counted(lines, tally, "earnings")), reads, today=today, now=now)
    tally["payouts"] += len(payouts)
    yield from of_payouts(balance, payouts, sums, _at_processor(payouts, tally, now=now, since=since))


def _at_processor(
    payouts: Iterable[Payout], tally: Counter[str], *, now: datetime, since: datetime | None
) -> dict[str, Mapping[str, Item] | None]:
    """The batches of those of these payouts that have changed since, as the payout processor has them.

    What it does not say now is compared another time.
    """
    batches: dict[str, Mapping[str, Item] | None] = {}
    for payout in payouts:
        if payout.reference is None or (since is not None and payout.updated_at < since):
            continue
        try:
            batch = payout_gateway().find_batch(reference=payout.reference, now=now)
        except (OutcomeUnknown, ProcessorMisconfigured):
            tally["payouts the processor said nothing of"] += 1
            continue
        batches[payout.id] = {state.id: state.as_item for state in batch.items} if batch is not None else None
    return batches


def _counted(items: Iterable[T], tally: Counter[str], name: str) -> Iterator[T]:
    for item in items:
        tally[name] += 1
        yield item


def _counting(charges: ChargesFor, tally: Counter[str]) -> ChargesFor:
    def ask(record: PaidByCard) -> Sequence[CardCharge] | None:
        of_record = charges(record)
        tally["card charges"] += len(of_record or ())
        return of_record

    return ask
