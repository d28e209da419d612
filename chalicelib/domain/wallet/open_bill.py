"""The open Single Bill, as a partner's wallet keeps it (docs/rules.md §6)."""

from dataclasses import replace
from datetime import date

from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class OpenBill:
    """A partner's settings of the Single Bill, and the bill that is open.

    ``total`` and ``count`` are in the wallet, which each renewal writes anyway, so that closing the bill costs the same
    for 3 invoices as for 50,000. While ``unpaid`` names a declined bill, no invoice is added to the open one.
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
    """Whether a bill day leaves the bill open: it is empty, or another bill is unpaid (§6)."""
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
