"""What a period has been paid for, and what of it is credited when the plan changes (docs/rules.md §5)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.calendar import Period
from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.money import Money, total
from chalicelib.domain.values import dataclass

PRICED = ("plan", "add_on")
"""The kinds of lines that charge for days."""

CARRIED = ("credit", "forgone")
"""The kinds of lines of what was paid before: the credit for it, and the part of the credit that is forgone."""


@dataclass(frozen=True, slots=True)
class PaidFor:
    """What a period has been paid for: the plan and add-ons in it, as they were charged, and the amount ``paid`` for
    the days since the latest change."""

    items: tuple[Line, ...]
    paid: Money


def paid_for(invoices: Iterable[Invoice], *, currency: str) -> PaidFor:
    """What a period has been paid for, by the invoices that carried credit to it, oldest first (docs/rules.md §5).

    An invoice is worth what was paid on it, less what was refunded of it, plus what it carried over, as far as the
    invoices before it are still worth that much: the credit in its lines, and the days left of what it left untouched.
    So a refund counts once, whenever it was made and of whichever invoice, and refunded money is never credited.
    """
    zero = Money.zero(currency)
    items: tuple[Line, ...] = ()
    worth, until = zero, date.min
    for invoice in invoices:
        assert invoice.period is not None
        if invoice.period.start >= until:
            items, worth = (), zero
        charged = tuple(line for line in invoice.lines if line.kind in PRICED)
        replaced = {_explained(line).item for line in invoice.lines if line.kind in (*PRICED, "credit")}
        untouched = tuple(line for line in items if _explained(line).item not in replaced)
        days_left = (_same_days(line, charged).price(currency) for line in untouched)
        credited = -total((line.amount for line in invoice.lines if line.kind in CARRIED), currency=currency)
        carried = min(total(days_left, currency=currency) + credited, worth)
        worth = max(carried + invoice.total - invoice.refunded, zero)
        items, until = (*untouched, *charged), invoice.period.end
    return PaidFor(items, worth)


def unused(items: Iterable[Line], *, rest: Period, full: Period, currency: str) -> Money:
    """What the days ``rest`` of ``items`` cost. ``full`` is the full period whose days count (docs/rules.md §2)."""
    prices = (_explained(line).for_days(rest.days, of_days=full.days).price(currency) for line in items)
    return total(prices, currency=currency)


def credits(items: Sequence[Line], *, paid: Money, rest: Period, full: Period) -> tuple[Line, ...]:
    """The lines that credit the days ``rest`` of ``items``, together at most what was ``paid`` (docs/rules.md §5)."""
    lines: list[Line] = []
    for line in items:
        explained = _explained(line).for_days(rest.days, of_days=full.days)
        price = explained.price(paid.currency)
        amount = min(price, paid)
        paid -= amount
        limit = amount.amount if amount < price else None
        why = replace(explained, rule=Rule.UNUSED, limit=limit)
        if price:
            lines.append(Line("credit", f"{_name(line)}, {_days(rest)} unused", -amount, rest, why))
    return tuple(lines)


def for_days_left(line: Line) -> Line:
    """The line with a description that says it charges for the days left of a period."""
    assert line.period is not None
    return replace(line, description=f"{line.description}{_left(line.period)}")


def forgone(lines: Sequence[Line], *, rest: Period, currency: str) -> tuple[Line, ...]:
    """The line that brings ``lines`` with a sum below zero to zero: credit is not paid out."""
    due = total((line.amount for line in lines), currency=currency)
    if due >= Money.zero(currency):
        return ()
    why = Explanation(Rule.FORGONE)
    return (Line("forgone", "Credit beyond the new price, not paid out", -due, rest, why),)


def _explained(line: Line) -> Explanation:
    assert line.explanation is not None
    return line.explanation


def _same_days(line: Line, charged: Sequence[Line]) -> Explanation:
    """What an item costs for the days that ``charged`` are for."""
    whole = _explained(line).whole_cycle
    days = _explained(charged[0])
    return replace(whole, days=days.days, of_days=days.of_days)


def _name(line: Line) -> str:
    return line.description.removesuffix(_left(line.period)) if line.period else line.description


def _left(rest: Period) -> str:
    return f", {_days(rest)} left"


def _days(period: Period) -> str:
    return f"{period.days} day{'' if period.days == 1 else 's'}"
