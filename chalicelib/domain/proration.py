"""Changing a price within a period (docs/rules.md §5)."""

from dataclasses import dataclass

from chalicelib.domain.money import Money


@dataclass(frozen=True, slots=True)
class Proration:
    """The two lines of an upgrade, and what is due for them: `credit` is zero or less, `charge` zero or more."""

    credit: Money
    charge: Money

    @property
    def due(self) -> Money:
        """The sum of the lines, but never below zero."""
        return max(self.credit + self.charge, Money.zero(self.charge.currency))

    @property
    def forgone(self) -> Money:
        """What of the credit is lost because nothing is paid out: credit + charge + forgone = due."""
        return self.due - self.credit - self.charge


def unused_credit(*, price: Money, paid: Money | None, days_left: int, days_in_period: int) -> Money:
    """The credit line for the days left of a period, zero or less: price × days left / days in period, rounded half up.

    It is at most what was `paid` for the period (None: it was paid in full). Days are local dates, today counts as
    left; a short first period is counted in the days of its full period (docs/rules.md §2, §5). ValueError if more
    days are left than there are.
    """
    unused = _share_of_days(price, days_left=days_left, days_in_period=days_in_period)
    return -(unused if paid is None else min(unused, paid))


def prorate(
    *, old_price: Money, new_price: Money, paid: Money | None, days_left: int, days_in_period: int
) -> Proration:
    """Move to a new price per cycle for the days left: the old one is credited, the new one charged (docs/rules.md §5).

    Both prices are after the discounts frozen for this period. Arguments as for `unused_credit`.
    """
    return Proration(
        credit=unused_credit(price=old_price, paid=paid, days_left=days_left, days_in_period=days_in_period),
        charge=_share_of_days(new_price, days_left=days_left, days_in_period=days_in_period),
    )


def _share_of_days(price: Money, *, days_left: int, days_in_period: int) -> Money:
    if not 0 <= days_left <= days_in_period:
        raise ValueError(f"{days_left} days left of a period of {days_in_period}")
    return price.share(part=days_left, whole=days_in_period)
