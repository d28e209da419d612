"""The Single Bill that is open: what a partner's wallet keeps of it (docs/rules.md §6)."""

from dataclasses import dataclass, replace
from datetime import date

from chalicelib.domain.money import Money


@dataclass(frozen=True, slots=True)
class OpenBill:
    """What a partner's wallet keeps of its Single Bill: the arrangement, and the bill that is open.

    ``total`` and ``count`` are kept where each renewal writes anyway, so that closing the bill costs
    the same for 3 invoices as for 50,000. While ``unpaid`` names a bill that was declined, nothing
    new goes on the open one.
    """

    day: int
    billing_profile_id: str
    id: str
    number: int
    opened_on: date
    total: Money
    count: int = 0
    unpaid: str | None = None

    @property
    def takes_invoices(self) -> bool:
        return self.unpaid is None


def stays_open(bill: OpenBill) -> bool:
    """Whether a bill day passes over the open bill: nothing is on it, or it stands behind an unpaid one (§6)."""
    return bill.unpaid is not None or not bill.count


def added(bill: OpenBill, amount: Money) -> OpenBill:
    """The open bill with one more invoice on it."""
    return replace(bill, total=bill.total + amount, count=bill.count + 1)


def removed(bill: OpenBill, amount: Money) -> OpenBill:
    """The open bill without an invoice that was on it. ValueError for more than is on it."""
    if amount > bill.total or not bill.count:
        raise ValueError(f"cannot take {amount.amount} off {bill.id}: {bill.count} invoices, {bill.total.amount}")
    return replace(bill, total=bill.total - amount, count=bill.count - 1)


def next_bill(bill: OpenBill, *, bill_id: str, today: date) -> OpenBill:
    """The empty bill that is open once ``bill`` is closed."""
    return replace(
        bill, id=bill_id, number=bill.number + 1, opened_on=today, total=Money.zero(bill.total.currency), count=0
    )
