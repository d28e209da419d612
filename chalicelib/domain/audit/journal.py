"""The journal and the wallet: in sequence, each balance the sum so far, the last the wallet's (docs/rules.md §7)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import field

from chalicelib.domain.audit.findings import Finding, Findings, Kind, shown
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind
from chalicelib.domain.wallet.wallets import Wallet


@dataclass
class JournalCheck:
    """Goes through a journal of one kind of credit, entry by entry, up to the ``balance`` that the wallet has of it.

    ``of_accounts`` is what its entries leave each account: prepaid money set aside for it, or credits of its own.
    A wrong entry is reported where it stands, not again at every later one: what an entry's balance is off by is taken
    as explained until it changes.
    """

    payer: str
    credit: CreditKind
    balance: Money
    sequence: int
    newest: int
    of_accounts: Counter[str] = field(default_factory=Counter)
    set_aside_in_all: int = 0
    _last: int = 0
    _sum: int = 0
    _off: int = 0

    def entry(self, entry: Entry) -> Findings:
        """The next entry."""
        yield from self._in_sequence(entry)
        self._last = entry.sequence
        self._sum += entry.amount.amount
        off = entry.balance_after.amount - self._sum
        if off not in (0, self._off):
            yield Finding(
                Kind.JOURNAL_BALANCE,
                entry.id,
                f"Journal entry {entry.sequence} ({self.credit}, {entry.kind}) says the balance after it is "
                f"{shown(entry.balance_after)}; the entries up to it add up to {self._shown(self._sum + self._off)}.",
            )
        self._off = off
        yield from _allocation_in_itself(entry)
        set_aside = entry.set_aside_change.amount if entry.set_aside_change else 0
        self.set_aside_in_all += set_aside
        change = set_aside + (entry.account_change.amount if entry.account_change else 0)
        if change and entry.account_id:
            self.of_accounts[entry.account_id] += change

    def end(self) -> Findings:
        """After the last entry."""
        if not self._last == self.sequence >= self.newest:
            yield Finding(
                Kind.JOURNAL_SEQUENCE,
                self.payer,
                f"The last entry of the journal ({self.credit}) is {max(self._last, self.newest)}, "
                f"the wallet counts {self.sequence} of them.",
            )
        elif self.balance.amount not in (self._sum, self._sum + self._off):
            yield Finding(
                Kind.WALLET_BALANCE,
                self.payer,
                f"The wallet's balance ({self.credit}) is {shown(self.balance)}, "
                f"its journal adds up to {self._shown(self._sum)}.",
            )

    def _in_sequence(self, entry: Entry) -> Findings:
        if entry.sequence == self._last + 1:
            return
        if entry.sequence <= self._last:
            message = f"Two journal entries ({self.credit}) have the number {entry.sequence}."
        else:
            missing = numbers(self._last + 1, entry.sequence - 1)
            message = f"After journal entry {self._last} ({self.credit}) comes {entry.sequence}: {missing} missing."
        self._off = entry.balance_after.amount - self._sum - entry.amount.amount  # that explains it
        yield Finding(Kind.JOURNAL_SEQUENCE, entry.id, message)

    def _shown(self, amount: int) -> str:
        return shown(Money(amount, self.balance.currency))


def wallet_in_itself(wallet: Wallet) -> Findings:
    """No part of a wallet is ever negative."""
    parts = {"balance": wallet.balance, "held": wallet.held, "set aside": wallet.set_aside}
    parts |= {str(kind): Money(credit.balance, kind.unit) for kind, credit in wallet.credits.items()}
    below = [f"{name} {shown(part)}" for name, part in parts.items() if part.amount < 0]
    if not below and wallet.general.amount < 0:
        below = [
            f"{shown(wallet.set_aside)} set aside and {shown(wallet.held)} held of a balance of {shown(wallet.balance)}"
        ]
    if below:
        yield Finding(Kind.WALLET_NEGATIVE, wallet.payer, f"The wallet is overdrawn: {', '.join(below)}.")


def held(wallet: Wallet, promised: int) -> Findings:
    """What is held is what charges in progress were promised."""
    if wallet.held.amount != promised:
        yield Finding(
            Kind.WALLET_HELD,
            wallet.payer,
            f"The wallet holds {shown(wallet.held)} for charges in progress, "
            f"those were promised {shown(Money(promised, wallet.currency))}.",
        )


def active_paid_accounts(wallet: Wallet, counted: int) -> Findings:
    """The count that decides the partner's discount (docs/rules.md §5)."""
    if wallet.active_paid_accounts != counted:
        yield Finding(
            Kind.ACTIVE_COUNT,
            wallet.payer,
            f"The wallet counts {wallet.active_paid_accounts:,} active paid accounts, there are {counted:,}.",
        )


def set_aside(wallet: Wallet, journal: JournalCheck, of_accounts: Mapping[str, int]) -> Findings:
    """What is set aside, by the wallet and by each account, is what the journal set aside."""
    if wallet.set_aside.amount != journal.set_aside_in_all:
        yield Finding(
            Kind.WALLET_SET_ASIDE,
            wallet.payer,
            f"The wallet has {shown(wallet.set_aside)} set aside, "
            f"its journal comes to {shown(Money(journal.set_aside_in_all, wallet.currency))}.",
        )
    of_journal, currency = journal.of_accounts, wallet.currency
    for account_id in sorted(of_accounts.keys() | of_journal.keys()):
        has, entered = of_accounts.get(account_id, 0), of_journal.get(account_id, 0)
        if has != entered:
            yield Finding(
                Kind.ACCOUNT_SET_ASIDE,
                account_id,
                f"The account has {shown(Money(has, currency))} set aside, "
                f"the journal {shown(Money(entered, currency))} for it.",
            )


def account_credits(journal: JournalCheck, of_accounts: Mapping[str, int]) -> Findings:
    """What each account has of a kind of credits is what the journal allocated, less what was taken back and used."""
    unit = journal.credit.unit
    for account_id in sorted(of_accounts.keys() | journal.of_accounts.keys()):
        has, entered = of_accounts.get(account_id, 0), journal.of_accounts.get(account_id, 0)
        if has != entered or has < 0:
            yield Finding(
                Kind.ACCOUNT_CREDITS,
                account_id,
                f"The account has {shown(Money(has, unit))} of credits, "
                f"the journal left it {shown(Money(entered, unit))}.",
            )


def _allocation_in_itself(entry: Entry) -> Findings:
    """What an account gets or gives back, the balance gives or gets. What it uses moves no balance."""
    if entry.account_change is None:
        return
    changed = entry.account_change.amount
    if entry.amount.amount != (0 if entry.kind is EntryKind.USED else -changed):
        yield Finding(
            Kind.ACCOUNT_CREDITS,
            entry.id,
            f"Journal entry {entry.sequence} ({entry.credit}, {entry.kind}) moves the balance by "
            f"{shown(entry.amount)} and the account's credits by {changed:,}.",
        )


def numbers(first: int, last: int) -> str:
    """`7 is`, `7 to 9 are`: which numbers are missing."""
    return f"{first} is" if first == last else f"{first} to {last} are"
