"""The audit reads each payer's books and proves them (docs/decisions/audit.md)."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from chalicelib.domain.audit import (
    Books,
    ChargesFor,
    Finding,
    InvoiceEarningsCheck,
    Kind,
    PaidByCard,
    PayoutSums,
    of_ledger,
    of_payouts,
    prove,
)
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging.card_charges import CardCharge
from chalicelib.domain.earnings.payout_items import Item
from chalicelib.domain.earnings.payouts import Payout
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.choice import payment_gateway, payout_gateway
from chalicelib.gateways.payments import Charged, ListsCharges, PaymentGateway
from chalicelib.gateways.payouts import OutcomeUnknown, ProcessorMisconfigured
from chalicelib.models import audit_reads as book_rows
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.programs import program as load_program
from chalicelib.programs import program_names
from chalicelib.services.partners import partners

T = TypeVar("T")

_READS = 5
"""How often books are read that differ in another way each time, because they are being written."""
_MOMENT_SECONDS = 2.0
"""Longer than indexes lag behind their tables, and than writing in several transactions takes."""
_SETTLED_AFTER = timedelta(minutes=15)
"""A processor that can't list its charges may not find a recent one."""


@dataclass(frozen=True)
class Audited:
    """The result of the audit of one payer: of a partner, or of an account that pays for itself.

    ``findings`` were the same in two readings a moment apart. ``unsettled`` are differences of the last reading that
    the one before did not show: the books were being written, and are proved neither right nor wrong. ``compared``
    counts what there was.
    """

    payer: str
    compared: Counter[str]
    findings: list[Finding]
    unsettled: list[Finding]


@dataclass(frozen=True)
class Position:
    """Where an audit of all payers goes on: the index of the program, and the key its list of partners goes on after;
    before that, if a partner's paying clients are not through, that partner and the key after which they go on.
    """

    program: int = 0
    start: dict[str, Any] | None = None
    clients_of: str | None = None
    clients: dict[str, Any] | None = None


def audit_all(
    position: Position | None, *, now: datetime, cards_since: datetime | None = None
) -> Iterator[tuple[Audited, Position | None]]:
    """Audit one partner after the other, and after each its accounts that pay for themselves, each with the
    position behind it; None behind the last.

    A payer whose rows cannot be read is a finding, and the others go on.
    """
    payers = _payers(position)
    ahead = next(payers, None)
    while ahead is not None:
        audited = _audited(ahead[0], now=now, cards_since=cards_since)
        ahead = next(payers, None)
        yield audited, ahead[1] if ahead else None


def _payers(position: Position | None) -> Iterator[tuple["_Payer", Position]]:
    """All payers from a position on, each with its own position."""
    while position is not None:
        name = program_names()[position.program]
        if position.clients_of is None:
            page, start = partners.list_partners(program=name, limit=1, start=position.start)
            if not page:
                position = _behind(position, None)
                continue
            yield _Payer.partner(page[0]), position
            position = replace(position, start=start, clients_of=page[0].id)
        assert position.clients_of is not None
        for account_id, place in book_rows.clients_paying(position.clients_of, start=position.clients):
            yield _Payer.client(account_id, load_program(name)), position
            position = replace(position, clients=place)
        position = _behind(position, position.start)


def audit_with_clients(*, partner_id: str, now: datetime) -> Iterator[Audited]:
    """Audit a partner, and after it its accounts that pay or paid for themselves. Raises :class:`NotFound`."""
    partner = partners.get_partner(partner_id=partner_id)
    yield _audited(_Payer.partner(partner), now=now, cards_since=None)
    for account_id, _ in book_rows.clients_paying(partner_id, start=None):
        yield _audited(_Payer.client(account_id, load_program(partner.program)), now=now, cards_since=None)


def audit_partner(*, partner_id: str, now: datetime, cards_since: datetime | None = None) -> Audited:
    """Read a partner's books and prove them; what differs is read again before it is called a finding.

    With ``cards_since``, the card processor is asked only about what was paid since. Raises
    :class:`NotFound`.
    """
    partner = partners.get_partner(partner_id=partner_id)
    return _audited(_Payer.partner(partner), now=now, cards_since=cards_since)


def audit_client(*, account_id: str, now: datetime, cards_since: datetime | None = None) -> Audited:
    """Read and prove the books of an account that pays for itself, as :func:`audit_partner` those of a partner (§9)."""
    return _audited(_Payer.client(account_id, partners.program_of_payer(account_id)), now=now, cards_since=cards_since)


@dataclass(frozen=True)
class _Payer:
    """Whose books are read: a partner's, or those of an account that pays for itself.

    An account has one kind of money and no alarms but its own; nor has the house a balance check.
    """

    id: str
    program: Program
    credits: tuple[CreditKind, ...] = tuple(CreditKind)
    is_client: bool = False
    is_checked_daily: bool = True

    @classmethod
    def partner(cls, partner: Partner) -> Self:
        return cls(partner.id, load_program(partner.program), is_checked_daily=not partner.house)

    @classmethod
    def client(cls, account_id: str, program: Program) -> Self:
        return cls(account_id, program, credits=(CreditKind.PREPAID,), is_client=True, is_checked_daily=False)


def _audited(payer: _Payer, *, now: datetime, cards_since: datetime | None) -> Audited:
    found: list[Finding] = []
    for _ in range(_READS):
        before, compared = set(found), Counter[str]()
        found = _read(payer, compared, now=now, cards_since=cards_since)
        if before.issuperset(found):
            return Audited(payer.id, compared, found, [])
        time.sleep(_MOMENT_SECONDS)
    confirmed = [finding for finding in found if finding in before]
    return Audited(payer.id, compared, confirmed, [finding for finding in found if finding not in before])


def _read(payer: _Payer, tally: Counter[str], *, now: datetime, cards_since: datetime | None) -> list[Finding]:
    """One reading of the books, and everything that is wrong in it.

    What is read first was there when the rest is read: the processor's charges, then the newest numbers, then the
    wallet that knows them.
    """
    try:
        cards = _Cards(payer.id, payment_gateway(), until=now - _SETTLED_AFTER, since=cards_since)
        newest_entry = {credit: book_rows.newest_entry(payer.id, credit) for credit in payer.credits}
        newest_invoice = book_rows.newest_invoice(payer.id)
        wallet = book_rows.wallet(payer.id)
        if wallet is None and payer.is_client and account_rows.get(payer.id) is None:
            return []  # its sign-up was declined since it was listed
        if wallet is None:
            whose = "account" if payer.is_client else "partner"
            return [Finding(Kind.WALLET_MISSING, payer.id, f"The {whose} has no wallet; it should have one.")]
        earnings = InvoiceEarningsCheck(book_rows.earning_reads(None, now=now), now=now)
        books = _books(
            wallet, payer, cards, earnings, tally, newest_entry=newest_entry, newest_invoice=newest_invoice, now=now
        )
        found = list(prove(books, now=now))
        return [*found, *earnings.findings, *_earnings_of(payer, tally, now=now, since=cards_since)]
    except (ValueError, TypeError, LookupError) as error:  # a row that we did not write
        return [Finding(Kind.UNREADABLE, payer.id, f"Its rows cannot be read: {type(error).__name__}: {error}")]


def _books(
    wallet: Wallet,
    payer: _Payer,
    cards: "_Cards",
    earnings: InvoiceEarningsCheck,
    tally: Counter[str],
    *,
    newest_entry: dict[CreditKind, int],
    newest_invoice: int,
    now: datetime,
) -> Books:
    bills, disputes = [] if payer.is_client else book_rows.bills(payer.id), book_rows.disputes(payer.id)
    accounts = book_rows.with_alarms([payer.id]) if payer.is_client else book_rows.accounts(payer.id)
    sequences = {credit: kept.sequence for credit, kept in wallet.credits.items()}
    sequences[CreditKind.PREPAID] = wallet.sequence
    waiting = [
        *book_rows.bill_alarms(wallet, bills, program=payer.program),
        *book_rows.dispute_alarms(disputes),
        *book_rows.pending_charges(payer.id, now=now),
    ]
    if not payer.is_client:
        waiting += book_rows.payout_alarms(payer.id, pays_out=payer.program.commission is not None)
    if payer.is_checked_daily:
        waiting.append(book_rows.balance_check(payer.id))
    contract, alarm = (None, []) if payer.is_client else book_rows.contract(payer.id)
    waiting += alarm
    invoices = book_rows.invoices(payer.id, until=wallet.last_invoice_number)
    return Books(
        wallet=wallet,
        program=payer.program,
        newest_entry=newest_entry,
        newest_invoice=newest_invoice,
        accounts=_counted(accounts, tally, "accounts"),
        journals={
            credit: _counted(book_rows.journal(payer.id, credit, until=last), tally, "entries")
            for credit, last in sequences.items()
        },
        invoices=_counted(earnings.watching(invoices, bills), tally, "invoices"),
        bills=bills,
        disputes=disputes,
        waiting=waiting,
        card_charges=_counting(cards.of_record, tally),
        unclaimed=cards.unclaimed,
        elsewhere=account_rows.get_many,
        history=book_rows.history,
        allocated=book_rows.journal,
        contract=contract,
    )


def _earnings_of(payer: _Payer, tally: Counter[str], *, now: datetime, since: datetime | None) -> Iterator[Finding]:
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
    found: dict[str, Mapping[str, Item] | None] = {}
    for payout in payouts:
        if payout.reference is None or (since is not None and payout.updated_at < since):
            continue
        try:
            batch = payout_gateway().find_batch(reference=payout.reference, now=now)
        except (OutcomeUnknown, ProcessorMisconfigured):
            tally["payouts the processor said nothing of"] += 1
            continue
        found[payout.id] = {state.id: state.as_item for state in batch.items} if batch is not None else None
    return found


class _Cards:
    """The processor's charges of a payer's cards: listed beforehand where possible, otherwise looked up key by key."""

    def __init__(self, payer: str, gateway: PaymentGateway, *, until: datetime, since: datetime | None) -> None:
        self._payer, self._gateway = payer, gateway
        self._until, self._since = until, since
        self._listed: defaultdict[str, list[CardCharge]] = defaultdict(list)
        if isinstance(gateway, ListsCharges):
            customers = profile_rows.processor_customers(payer)
            for charge in gateway.list_charges(payer=payer, customers=customers, since=since):
                self._listed[charge.identity].append(charge)

    def of_record(self, record: PaidByCard) -> Sequence[CardCharge] | None:
        """The charges of a record. Without a list, or if they came after it was made, they are looked up."""
        listed = self._listed.pop(record.identity, None)
        if listed is not None or not self._is_looked_up(record):
            return listed
        keys = (f"{record.identity}-{attempt}" for attempt in range(1, record.attempts + 1))
        found = ((key, self._gateway.find(key=key)) for key in keys)
        return [CardCharge(key, answer.reference) for key, answer in found if isinstance(answer, Charged)]

    def unclaimed(self, in_progress: Set[str]) -> list[CardCharge]:
        """The charges listed that no record claims, that are not in progress and have no row that appeared since."""
        left = self._listed.keys() - in_progress
        came = book_rows.paid_by_card(self._payer, left)
        return [charge for identity in sorted(left - came) for charge in self._listed[identity]]

    def _is_looked_up(self, record: PaidByCard) -> bool:
        """Not what an earlier audit checked; without a list, not what was paid just now either: the next audit does."""
        if record.paid_at is None:
            return True
        if self._since is not None and record.paid_at < self._since:
            return False
        return isinstance(self._gateway, ListsCharges) or record.paid_at <= self._until


def _counted(items: Iterable[T], tally: Counter[str], what: str) -> Iterator[T]:
    for item in items:
        tally[what] += 1
        yield item


def _counting(charges: ChargesFor, tally: Counter[str]) -> ChargesFor:
    def ask(record: PaidByCard) -> Sequence[CardCharge] | None:
        found = charges(record)
        tally["card charges"] += len(found or ())
        return found

    return ask


def _behind(position: Position, start: dict[str, Any] | None) -> Position | None:
    """The position of the next partner, in the same program or the next one, behind all paying clients."""
    if start is not None:
        return Position(position.program, start)
    following = position.program + 1
    return Position(following) if following < len(program_names()) else None
