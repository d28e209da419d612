"""Disputes: each is noted on what it is about, and what a lost one took is in the journal (docs/rules.md §6)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Set
from dataclasses import field

from chalicelib.domain.audit.findings import Finding, Findings, Kind, shown
from chalicelib.domain.billing import refunds
from chalicelib.domain.billing.refunds import Payment
from chalicelib.domain.disputes import Dispute, DisputeStatus, Noted
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import Entry, EntryKind


@dataclass
class DisputeCheck:
    """Goes through the journal and the payments, and compares them with a payer's disputes.

    Those in ``looked_at`` have an alarm: they are looked up at the processor soon.
    """

    disputes: Iterable[Dispute]
    looked_at: Set[str] = frozenset()
    _of: defaultdict[str, list[Dispute]] = field(default_factory=lambda: defaultdict(list))
    _entered: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.disputes = sorted(self.disputes, key=lambda each: (each.opened_at, each.id))
        for dispute in self.disputes:
            self._of[dispute.charge_id].append(dispute)

    def entry(self, entry: Entry) -> Findings:
        """The next entry of the journal of prepaid money."""
        if entry.dispute_id is not None and entry.to_card is not None:
            self._entered[entry.dispute_id] += entry.to_card.amount
        if entry.kind is EntryKind.PURCHASE:
            yield from self.payment(entry)

    def payment(self, payment: Payment) -> Findings:
        """The next invoice or bill, after the journal; a purchase is in it."""
        recorded = [each.noted for each in self._of.pop(payment.id, [])]
        if list(payment.disputes) != recorded:
            yield Finding(
                Kind.DISPUTES, payment.id, f"It names {_listed(payment.disputes)}, there are {_listed(recorded)}."
            )

        for short in refunds.falling_short(payment):
            if short.id not in self.looked_at:
                left = refunds.left_of_card(payment)
                yield Finding(
                    Kind.DISPUTES,
                    short.id,
                    f"The bank took {shown(short.amount)} of {payment.id} back, the books "
                    f"{shown(short.taken_back or Money.zero(left.currency))}, yet {shown(left)} of it are left.",
                )

    def end(self) -> Findings:
        """After the last invoice and the last bill."""
        for dispute in self.disputes:
            taken, entered = dispute.taken_back, self._entered[dispute.id]
            if (taken.amount if taken else 0) != entered:
                currency = taken.currency if taken else dispute.amount.currency
                yield Finding(
                    Kind.DISPUTES,
                    dispute.id,
                    f"The dispute took back {shown(taken or Money.zero(currency))}, "
                    f"the journal says {shown(Money(entered, currency))}.",
                )
        for charge_id, left in self._of.items():
            yield Finding(Kind.DISPUTES, charge_id, f"It is not in the books, yet {left[0].id} is about it.")


def may_be_lost(payment: Payment) -> bool:
    """Whether the bank may have taken more of a payment than the books say: a dispute is open, or falls short."""
    return any(each.status is DisputeStatus.OPEN for each in payment.disputes) or bool(refunds.falling_short(payment))


def _listed(disputes: Iterable[Noted]) -> str:
    return ", ".join(f"{each.id} ({each.status})" for each in disputes) or "no dispute"
