"""Disputes: a cardholder asks the bank for the money of a payment back (docs/rules.md §6).

The bank decides, weeks later, not the card processor and not the vendor. While a dispute is open, nothing of
its payment is refunded. A lost one is money that the bank took back from the card's part of the payment.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass

ASKED_EVERY = timedelta(days=1)
"""An open dispute is looked up at the processor this often: the report of its end may be lost."""

SETTLES_WITHIN = timedelta(minutes=2)
"""A dispute of a charge that is not settled yet is looked at again after this long."""

GIVEN_UP_AFTER = timedelta(days=1)
"""A dispute of a charge that is still not in the books this long after it was opened is left to the operators."""


class DisputeStatus(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Reported:
    """A dispute as the card processor has it now.

    ``payment`` is its reference of the disputed payment, ``payer`` and ``charge_id`` say whose and what it paid for.
    """

    processor: str
    reference: str
    payment: str
    payer: str
    charge_id: str
    amount: Money
    reason: str
    status: DisputeStatus
    opened_at: datetime
    evidence_due: datetime | None = None
    refundable: bool = False

    @property
    def id(self) -> str:
        """The dispute's id: the same each time it is reported."""
        return derived_id("disp", self.processor, self.reference)


@dataclass(frozen=True, slots=True)
class Noted:
    """A dispute as the invoice or the bill that it is about names it."""

    id: str
    status: DisputeStatus
    amount: Money
    reason: str
    opened_at: datetime
    evidence_due: datetime | None = None
    closed_at: datetime | None = None
    taken_back: Money | None = None
    taken_of: Money | None = None
    refundable: bool = False


@dataclass(frozen=True, slots=True)
class Dispute:
    """A dispute. ``charge_id`` is the invoice, Single Bill or purchase of prepaid money it is about.

    ``taken_back`` is what a lost one took from the card's part of the payment: never more than was left of it, whatever
    the bank's ``amount`` is; ``taken_of`` is what was left of the payment in all. For prepaid money ``from_wallet`` is
    how much of that the wallet still had. ``refundable`` is a mere inquiry of the bank: a refund answers it.
    """

    id: str
    payer: str
    charge_id: str
    processor: str
    reference: str
    status: DisputeStatus
    amount: Money
    reason: str
    opened_at: datetime
    account_id: str | None = None
    number: int | None = None
    evidence_due: datetime | None = None
    closed_at: datetime | None = None
    taken_back: Money | None = None
    taken_of: Money | None = None
    from_wallet: Money | None = None
    refundable: bool = False
    revision: int = 0
    version: int = 0

    @property
    def is_open(self) -> bool:
        return self.status is DisputeStatus.OPEN

    @property
    def invoice_id(self) -> str | None:
        return self._if("inv_")

    @property
    def bill_id(self) -> str | None:
        return self._if("bill_")

    @property
    def purchase_id(self) -> str | None:
        return self._if("txn_")

    @property
    def noted(self) -> Noted:
        """The dispute as its payment names it."""
        return Noted(
            id=self.id,
            status=self.status,
            amount=self.amount,
            reason=self.reason,
            opened_at=self.opened_at,
            evidence_due=self.evidence_due,
            closed_at=self.closed_at,
            taken_back=self.taken_back,
            taken_of=self.taken_of,
            refundable=self.refundable,
        )

    def _if(self, prefix: str) -> str | None:
        return self.charge_id if self.charge_id.startswith(prefix) else None


def after(
    reported: Reported,
    before: Dispute | None,
    *,
    left: Money,
    in_all: Money,
    account_id: str | None,
    number: int | None,
    now: datetime,
) -> Dispute:
    """The dispute after a look at the processor.

    ``left`` is what the card paid and has not got back, ``in_all`` with what was paid otherwise.

    A lost one takes the bank's amount, or what is left if that is less. It takes the rest as soon as more is left,
    because a refund that had gone before it failed. Decided otherwise, it takes nothing.
    """
    dispute = before or Dispute(
        id=reported.id,
        payer=reported.payer,
        charge_id=reported.charge_id,
        processor=reported.processor,
        reference=reported.reference,
        status=DisputeStatus.OPEN,
        amount=reported.amount,
        reason=reported.reason,
        opened_at=reported.opened_at,
        account_id=account_id,
        number=number,
    )
    closed_at = dispute.closed_at if reported.status is dispute.status else now
    changed = replace(
        dispute,
        status=reported.status,
        amount=reported.amount,
        reason=reported.reason,
        evidence_due=reported.evidence_due,
        refundable=reported.refundable,
        closed_at=None if reported.status is DisputeStatus.OPEN else closed_at,
    )
    if reported.status is not DisputeStatus.LOST:
        return replace(changed, taken_back=None, taken_of=None)
    had = dispute.taken_back or Money.zero(left.currency)
    taken = _taken(reported.amount, had + left)
    if taken == had:
        return changed
    return replace(changed, taken_back=taken or None, taken_of=had + in_all if taken else None)


def _taken(amount: Money, left: Money) -> Money:
    """An amount in the bank's own currency counts as all that is left."""
    return min(amount, left) if amount.currency == left.currency else left


def from_wallet(before: Dispute | None, dispute: Dispute, *, general: Money) -> Money:
    """What the wallet bears of a dispute of prepaid money: of what was taken, as much as was still ``general`` then.

    Of what is given back, the wallet gets what it bore beyond what is taken now.
    """
    zero = Money.zero(general.currency)
    bore, taken = (before and before.from_wallet) or zero, dispute.taken_back or zero
    more = taken - ((before and before.taken_back) or zero)
    return bore + min(more, general) if more.amount > 0 else min(bore, taken)


def events(before: Dispute | None, dispute: Dispute) -> tuple[str, ...]:
    """The events of the change, in their order: one that is first heard of when it is decided was opened as well."""
    opened = () if before else ("dispute.opened",)
    was = before.status if before else DisputeStatus.OPEN
    if dispute.status is was:
        return opened
    return (*opened, "dispute.opened" if dispute.is_open else f"dispute.{dispute.status}")


def noted(disputes: Sequence[Noted], dispute: Dispute) -> tuple[Noted, ...]:
    """The disputes of a payment with this one as it is now, oldest first."""
    others = (each for each in disputes if each.id != dispute.id)
    return tuple(sorted((*others, dispute.noted), key=lambda each: (each.opened_at, each.id)))


def shown(disputes: Sequence[Noted]) -> Noted | None:
    """The dispute that a payment shows: the newest that is open, or else the newest."""
    still_open = [each for each in disputes if each.status is DisputeStatus.OPEN]
    return next(reversed(still_open or list(disputes)), None)


def blocks_refunds(disputes: Sequence[Noted]) -> bool:
    """Whether a dispute is open: what is refunded now might be taken back once more."""
    return any(each.status is DisputeStatus.OPEN and not each.refundable for each in disputes)


def falls_short(dispute: Noted) -> bool:
    """Whether a lost dispute took less than the bank did, because the rest had been refunded.

    If such a refund fails, the money is not the vendor's again: the bank has it.
    """
    if dispute.status is not DisputeStatus.LOST:
        return False
    taken = dispute.taken_back or Money.zero(dispute.amount.currency)
    return taken.currency != dispute.amount.currency or taken < dispute.amount


def taken_back(disputes: Sequence[Noted], *, currency: str) -> Money:
    """What lost disputes took from a payment."""
    return sum((each.taken_back for each in disputes if each.taken_back), Money.zero(currency))
