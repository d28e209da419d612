"""Prepaid money day by day: what a forecast charges, and what is left of it afterwards (docs/decisions/forecast.md)."""

from collections.abc import Iterable
from datetime import date
from heapq import merge
from itertools import groupby

from chalicelib.domain.calendar import local_date
from chalicelib.domain.money import Money
from chalicelib.domain.schedule.projection import Payment
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class RunwayDay:
    """One day on which something is charged: how many charges, their sum, what of it prepaid money and cards pay, what
    automatic top-ups buy, and the prepaid balance at the day's end."""

    day: date
    charges: int
    amount: Money
    prepaid: Money
    card: Money
    topped_up: Money
    left: Money


def days_of(
    *, balance: Money, payments: Iterable[Payment], top_ups: Iterable[Payment], time_zone: str
) -> list[RunwayDay]:
    """The days with charges, in order, in the partner's time zone; ``payments`` and ``top_ups`` are in order too."""
    days = []
    zero = Money.zero(balance.currency)
    charged = ((payment.at, False, payment) for payment in payments)
    bought = ((payment.at, True, payment) for payment in top_ups)
    movements = merge(charged, bought, key=lambda movement: movement[0])
    for day, of_day in groupby(movements, key=lambda movement: local_date(movement[0], time_zone)):
        charges, amount, prepaid, card, topped_up = 0, zero, zero, zero, zero
        for _, is_top_up, payment in of_day:
            if is_top_up:
                topped_up += payment.amount
            else:
                charges, amount = charges + 1, amount + payment.amount
                prepaid, card = prepaid + payment.prepaid, card + payment.card
        balance += topped_up - prepaid
        days.append(RunwayDay(day, charges, amount, prepaid, card, topped_up, balance))
    return days
