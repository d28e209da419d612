"""Credits and their journals: every movement, with the balance after it (docs/rules.md §7)."""

from datetime import datetime
from enum import StrEnum

from chalicelib.domain import disputes
from chalicelib.domain.disputes import DisputeStatus, Noted
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


class CreditKind(StrEnum):
    """What a wallet holds: prepaid money, and credits that are counted in units of their own."""

    PREPAID = "prepaid"
    SMS = "sms"
    INBOX_PREVIEW = "inbox_preview"

    @property
    def unit(self) -> str:
        """What an amount of these credits is counted in, in place of a currency: never mixed up with money."""
        return self.value.upper()


class EntryKind(StrEnum):
    PURCHASE = "purchase"
    GRANT = "grant"
    SET_ASIDE = "set_aside"
    TAKE_BACK = "take_back"
    APPLIED = "applied"
    RETURNED = "returned"
    ALLOCATED = "allocated"
    USED = "used"
    REFUND = "refund"
    DISPUTE_LOST = "dispute_lost"


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement. ``amount`` is the signed change of the balance, 0 when money is only set aside.

    ``sequence`` orders a payer's journal of one kind of credit; the sum of all amounts is the balance. A refund says
    what went back ``to_card``, and names the invoice or the purchase it is of; a purchase says how much of it was
    ``refunded``, or is being refunded. ``account_change`` is the change of the account's own credits, which are no
    longer part of the payer's balance. ``used_at`` is when credits were used, according to the report of their use.
    A refund of an invoice has the number of its ``credit_note``; if it fails later, the entry of the failure has
    another number, which ``corrects`` the first. A lost dispute says in ``to_card`` what the bank took back; the entry
    names the dispute and the invoice, the bill or the purchase. A purchase has the ``disputes`` of its payment, a
    grant the ``reason`` that an operator gave.
    """

    id: str
    payer: str
    kind: EntryKind
    at: datetime
    amount: Money
    balance_after: Money
    sequence: int
    set_aside_change: Money | None = None
    account_id: str | None = None
    invoice_id: str | None = None
    billing_profile_id: str | None = None
    processor: str | None = None
    reference: str | None = None
    to_card: Money | None = None
    purchase_id: str | None = None
    refunded: Money | None = None
    account_change: Money | None = None
    used_at: datetime | None = None
    credit_note: int | None = None
    corrects: int | None = None
    bill_id: str | None = None
    dispute_id: str | None = None
    disputes: tuple[Noted, ...] = ()
    reason: str = ""
    credit: CreditKind = CreditKind.PREPAID
    revision: int = 0
    version: int = 0

    @property
    def disputed_by(self) -> str | None:
        """The open dispute of a purchase, the newest of several."""
        dispute = disputes.shown(self.disputes) if self.kind is EntryKind.PURCHASE else None
        return dispute.id if dispute and dispute.status is DisputeStatus.OPEN else None
