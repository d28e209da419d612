"""Who renews when: partners of very unequal size, and renewal days in a calendar with short months."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from chalicelib.domain.calendar import Frequency, period_start


def zipf(accounts: int, *, partners: int) -> list[int]:
    """The accounts of each partner, the biggest first: the n-th has 1/n of what the biggest has, and at least one."""
    scale = accounts / sum(1 / rank for rank in range(1, partners + 1))
    sizes = [max(1, round(scale / rank)) for rank in range(1, partners + 1)]
    sizes[0] += accounts - sum(sizes)
    return sizes


def renewals_by_day(year: int, *, anchors: Sequence[date]) -> Counter[date]:
    """How many monthly renewals fall on each day of a year, of accounts with these anchors, by the product's calendar.

    A month that is too short for an anchor's day folds it onto its last day (docs/rules.md §4).
    """
    days: Counter[date] = Counter()
    for anchor in anchors:
        months = (year - anchor.year) * 12 - anchor.month + 1
        for index in range(months, months + 12):
            days[period_start(anchor=anchor, frequency=Frequency.MONTHLY, index=index)] += 1
    return days


def anchors_of_a_year(year: int) -> list[date]:
    """Every day of a year once: accounts that were bought evenly over it."""
    first = date(year, 1, 1)
    return [first + timedelta(days=number) for number in range((date(year + 1, 1, 1) - first).days)]
