"""Disputes: each is noted on what it is about, and what a lost one took is in the journal (docs/rules.md §6)."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from chalicelib.domain.audit.findings import Finding, Findings, Kind, shown
from chalicelib.domain.billing.disputes import Dispute, Noted
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.money import Money
from chalicelib.domain.wallet.journal import Entry, EntryKind


@dataclass
class DisputeCheck:
    """Goes through the journal and the payments, and compares them with a payer's disputes."""

    disputes: Iterable[Dispute]
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
            blocking = [each.id for each in self._of.pop(entry.id, []) if each.is_open and not each.refundable]
            if (entry.disputed is not None or blocking) and entry.disputed not in blocking:
                yield Finding(
                    Kind.DISPUTES,
                    entry.id,
                    f"The purchase is disputed by {entry.disputed or 'nobody'}, "
                    f"open are {', '.join(blocking) or 'none'}.",
                )

    def payment(self, payment: Invoice | Bill) -> Findings:
        """The next invoice or bill, after the journal."""
        recorded = [each.noted for each in self._of.pop(payment.id, [])]
        if list(payment.disputes) != recorded:
            yield Finding(
                Kind.DISPUTES, payment.id, f"It names {_listed(payment.disputes)}, there are {_listed(recorded)}."
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


def _listed(disputes: Iterable[Noted]) -> str:
    return ", ".join(f"{each.id} ({each.status})" for each in disputes) or "no dispute"
