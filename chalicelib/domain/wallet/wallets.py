"""A payer's prepaid money and the counters that move with it (docs/rules.md §6, §7)."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from chalicelib.domain.copies import replace
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind
from chalicelib.domain.wallet.open_bill import OpenBill, added


class Mismatch(ValueError):
    """A wallet does not hold what a charge or an account relies on.

    Either something was written between the reads of the two, or it is a bug. Reading both again shows which.
    """


class NotEnoughPrepaid(Refusal):
    """More was to be set aside, or taken back, than there is."""

    code = "not_enough_prepaid"
    title = "There is not enough prepaid money"


@dataclass(frozen=True, slots=True)
class CreditBalance:
    """Credits of one kind, and the number of the last entry in their journal."""

    balance: int = 0
    sequence: int = 0


MOST_TOP_UPS_AT_ONCE = 100
"""One charge buys at most so many amounts: ``below`` is at most so many times ``amount`` (§7)."""


@dataclass(frozen=True, slots=True)
class TopUp:
    """Automatic top-up: when general prepaid money falls below ``below``, ``amount`` is bought (§7).

    ``number`` is that of the next top-up, so that two runs at once buy once. After a decline, nothing is tried before
    ``waits_until``.
    """

    below: Money
    amount: Money
    billing_profile_id: str
    number: int = 1
    waits_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wallet:
    """Prepaid money of one payer. ``balance`` is all of it; what is set aside or held stays in it.

    ``held`` is general prepaid money held for charges whose card is being charged right now.
    ``sequence`` numbers the journal, ``last_invoice_number`` the invoices and ``last_credit_note_number`` the credit
    notes, all without gaps. ``parties`` are those that the newest invoice names, which are stored therefore.
    ``active_paid_accounts`` decides the partner's discount (§5). ``single_bill`` is the partner's
    open Single Bill, if it has set one up (§6).
    """

    payer: str
    currency: str
    balance: Money
    held: Money
    set_aside: Money
    sequence: int = 0
    last_invoice_number: int = 0
    last_credit_note_number: int = 0
    active_paid_accounts: int = 0
    single_bill: OpenBill | None = None
    credits: Mapping[CreditKind, CreditBalance] = field(default_factory=dict)
    top_up: TopUp | None = None
    parties: str | None = None
    version: int = 0

    @property
    def general(self) -> Money:
        """What any account of the payer may still use."""
        return self.balance - self.held - self.set_aside


def empty(*, payer: str, currency: str) -> Wallet:
    zero = Money.zero(currency)
    return Wallet(payer=payer, currency=currency, balance=zero, held=zero, set_aside=zero)


def hold(wallet: Wallet, amount: Money) -> Wallet:
    """Hold general prepaid money for a charge. The balance stays. Mismatch for more than there is."""
    _refuse_more(amount, than=wallet.general, what="hold")
    return replace(wallet, held=wallet.held + amount)


def release(wallet: Wallet, amount: Money) -> Wallet:
    """Stop holding money for a charge that was declined. Mismatch for more than is held."""
    _refuse_more(amount, than=wallet.held, what="release")
    return replace(wallet, held=wallet.held - amount)


def spend(wallet: Wallet, *, set_aside: Money, held: Money) -> Wallet:
    """Use money set aside for an account and money held for its charge. Mismatch for more than there is of either."""
    _refuse_more(set_aside, than=wallet.set_aside, what="spend")
    _refuse_more(held, than=wallet.held, what="spend")
    return replace(
        wallet,
        balance=wallet.balance - set_aside - held,
        set_aside=wallet.set_aside - set_aside,
        held=wallet.held - held,
    )


def add(wallet: Wallet, amount: Money) -> Wallet:
    """Add money that was bought or given back. Mismatch for a negative amount."""
    _refuse_more(Money.zero(wallet.currency), than=amount, what="add")
    return replace(wallet, balance=wallet.balance + amount)


def taken_back(wallet: Wallet, amount: Money) -> Wallet:
    """The wallet without general money whose payment a bank took back; a negative ``amount`` is given again.

    Mismatch for more than is general.
    """
    _refuse_more(amount, than=wallet.general, what="lose")
    return replace(wallet, balance=wallet.balance - amount)


def set_aside(wallet: Wallet, amount: Money) -> Wallet:
    """Reserve general money for one account, or make it general again when ``amount`` is negative.

    Mismatch for more than is general, or more than is set aside.
    """
    _refuse_more(amount, than=wallet.general, what="set aside")
    _refuse_more(-amount, than=wallet.set_aside, what="take back")
    return replace(wallet, set_aside=wallet.set_aside + amount)


def _refuse_more(amount: Money, *, than: Money, what: str) -> None:
    """No part of a wallet is ever negative (§7): asking for more than there is can only be a bug."""
    if amount > than:
        raise Mismatch(f"cannot {what} {amount.amount} of {than.amount} {amount.currency}")


def count(wallet: Wallet, change: int) -> Wallet:
    """Count active paid accounts up or down (§5). Mismatch below zero."""
    if wallet.active_paid_accounts + change < 0:
        raise Mismatch(f"{wallet.payer} has {wallet.active_paid_accounts} active paid accounts, {-change} cannot go")
    return replace(wallet, active_paid_accounts=wallet.active_paid_accounts + change)


def with_invoice_number(wallet: Wallet, *, parties: str | None) -> Wallet:
    """The wallet after one more invoice number is taken, by an invoice that names these ``parties``."""
    return replace(wallet, last_invoice_number=wallet.last_invoice_number + 1, parties=parties)


def credit_noted(wallet: Wallet) -> Wallet:
    """The wallet after one more number of a credit note is taken."""
    return replace(wallet, last_credit_note_number=wallet.last_credit_note_number + 1)


def with_journal_entry(wallet: Wallet) -> Wallet:
    """The wallet after one more journal entry is written."""
    return replace(wallet, sequence=wallet.sequence + 1)


def billed(wallet: Wallet, amount: Money) -> Wallet:
    """The wallet after one more invoice is put on the open bill."""
    if wallet.single_bill is None:
        raise ValueError(f"{wallet.payer} has no Single Bill")
    return replace(wallet, single_bill=added(wallet.single_bill, amount))


def credit_balance(wallet: Wallet, kind: CreditKind) -> CreditBalance:
    """The payer's credits of one kind."""
    return wallet.credits.get(kind, CreditBalance())


def credited(wallet: Wallet, kind: CreditKind, change: int) -> Wallet:
    """The wallet after credits of one kind are added or taken, with one more entry in their journal."""
    before = credit_balance(wallet, kind)
    after = CreditBalance(balance=before.balance + change, sequence=before.sequence + 1)
    if after.balance < 0:
        raise Mismatch(f"{wallet.payer} has {before.balance} {kind.unit}, {-change} cannot be taken")
    return replace(wallet, credits={**wallet.credits, kind: after})


def credit_entry(
    wallet: Wallet, credit: CreditKind, kind: EntryKind, change: int, *, id: str, now: datetime, **details: Any
) -> Entry:
    """The newest entry in the journal of one kind of credits, which left ``wallet`` as it is.

    ``change`` is that of the balance; ``details`` are further fields of the entry.
    """
    after = credit_balance(wallet, credit)
    return Entry(
        id=id,
        payer=wallet.payer,
        kind=kind,
        at=now,
        amount=Money(change, credit.unit),
        balance_after=Money(after.balance, credit.unit),
        sequence=after.sequence,
        credit=credit,
        **details,
    )
