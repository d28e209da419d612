"""A payer's books as an audit reads them: plain values, the long ones as streams."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.billing.contracts import Contract
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging.card_charges import CardCharge
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.disputes import Dispute
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import CreditKind, Entry
from chalicelib.domain.wallet.wallets import Wallet


@dataclass(frozen=True, slots=True)
class Alarm:
    """When something is due; ``heard`` is whether a sweep finds it."""

    at: datetime
    heard: bool


@dataclass(frozen=True, slots=True)
class AccountInBooks:
    """An account as stored, with its alarm and the account that has its name."""

    account: Account
    alarm: Alarm | None
    name_owner: str | None


@dataclass(frozen=True, slots=True)
class InvoiceInBooks:
    """An invoice as stored. ``amount`` and ``balance_after`` are those of the journal entry it is, if it is one."""

    invoice: Invoice
    amount: Money | None = None
    balance_after: Money | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something other than an account that has an alarm, and the charge in progress on it, if there is one.

    A refund in progress names the invoice it is of, or the purchase.
    """

    subject: str
    alarm: Alarm | None
    needs_alarm: bool = True
    charge: Charge | None = None
    invoice_id: str | None = None
    entry_id: str | None = None


@dataclass(frozen=True, slots=True)
class PaidByCard:
    """An invoice, a bill or a purchase that a card paid, as the books have it.

    Of what is ``refunded``, ``refunding`` is still on its way. ``lost`` is what disputes took back besides; one that is
    open (``disputed``) may be lost at the processor already.
    """

    identity: str
    amount: Money
    reference: str | None
    paid_at: datetime | None
    attempts: int = 1
    refunded: int = 0
    refunding: int = 0
    lost: int = 0
    disputed: bool = False


ChargesFor = Callable[[PaidByCard], Sequence[CardCharge] | None]
"""The processor's charges that went through under a record's identity; None where the processor isn't asked."""

Unclaimed = Callable[[Set[str]], Iterable[CardCharge]]
"""The processor's other charges, but for those whose identities are given: they are still in progress."""


Elsewhere = Callable[[Iterable[str]], Mapping[str, Account]]
"""Accounts by their ids, whoever they belong to; what there is not is left out."""

History = Callable[[Account], Iterable[Invoice]]
"""All invoices of an account in the order they were issued, whoever paid them."""

Allocated = Callable[[str, CreditKind], Iterable[Entry]]
"""The journal of one kind of credits of another payer."""


@dataclass(frozen=True, slots=True)
class Books:
    """Everything an audit compares of one payer.

    ``accounts``, the ``journals`` and ``invoices`` are gone through once each, in this order, so that they may be read
    as they are needed; ``unclaimed`` is asked for last. Journals and invoices come by their numbers, up to those
    ``wallet`` knows; ``newest_entry`` and ``newest_invoice`` are the highest numbers there were just before it was
    read. ``elsewhere``, ``history`` and ``allocated`` are asked about accounts that are in several books: they had
    several payers, or moved to another partner. An account that pays for itself has no ``contract``.
    """

    wallet: Wallet
    program: Program
    newest_entry: Mapping[CreditKind, int]
    newest_invoice: int
    accounts: Iterable[AccountInBooks]
    journals: Mapping[CreditKind, Iterable[Entry]]
    invoices: Iterable[InvoiceInBooks]
    bills: Sequence[Bill]
    disputes: Sequence[Dispute]
    waiting: Sequence[Waiting]
    card_charges: ChargesFor
    unclaimed: Unclaimed
    elsewhere: Elsewhere
    history: History
    allocated: Allocated
    contract: Contract | None = None
