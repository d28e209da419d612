"""A partner's balance of earnings, with the totals that its summary shows (docs/rules.md §10).

Totals are kept with each line, so that a summary reads one row. What is pending is kept by the date on which it becomes
payable: time alone moves it from one total to the other.
"""

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import date

from chalicelib.domain.earnings.lines import EarningLine, LineKind
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass

_OF_PAYOUTS = (LineKind.PAYOUT, LineKind.PAYOUT_RETURNED)


@dataclass(frozen=True, slots=True)
class EarningBalance:
    """The sum of a partner's lines, and the totals of those that no payout has settled.

    ``pending`` are minor units by the date they become payable on; dates up to ``payable_until`` are part of
    ``payable`` already. ``paid_out`` is what payouts came to, without what was given back of them. ``sequence`` is
    that of the last line, ``accounts`` counts the accounts that have earned. Its payouts are ``scheduled`` once the
    alarm of the first one is set; lines up to ``settled_to`` are all part of a payout.
    """

    partner_id: str
    balance: Money
    sequence: int = 0
    pending: Mapping[date, int] = field(default_factory=dict)
    payable: Money | None = None
    payable_until: date | None = None
    held: Money | None = None
    paid_out: Money | None = None
    accounts: int = 0
    scheduled: bool = False
    settled_to: int = 0
    version: int = 0

    @property
    def currency(self) -> str:
        return self.balance.currency


@dataclass(frozen=True, slots=True)
class Totals:
    """What a summary shows besides the balance."""

    pending: Money
    payable: Money
    held: Money
    paid_out: Money


def empty(partner_id: str, *, currency: str) -> EarningBalance:
    """The balance of a partner before its first line."""
    return EarningBalance(partner_id, Money.zero(currency))


def posted(balance: EarningBalance, line: EarningLine, *, today: date) -> tuple[EarningBalance, EarningLine]:
    """The balance with a new line, and the line with its place and the balance after it."""
    balance = matured(balance, today=today)
    line = replace(line, sequence=balance.sequence + 1, balance_after=balance.balance + line.amount)
    assert line.balance_after is not None
    paid_out = balance.paid_out if line.kind not in _OF_PAYOUTS else _with(balance.paid_out, -line.amount)
    after = replace(balance, balance=line.balance_after, sequence=line.sequence, paid_out=paid_out)
    return _counted(after, line, line.amount), line


def restated(balance: EarningBalance, before: EarningLine, after: EarningLine, *, today: date) -> EarningBalance:
    """The balance once a line that was posted is held, released or settled: the sum stays, its totals change."""
    balance = matured(balance, today=today)
    return _counted(_counted(balance, before, -before.amount), after, after.amount)


def matured(balance: EarningBalance, *, today: date) -> EarningBalance:
    """The same balance with what has become payable by ``today``, a date of the partner's zone, under ``payable``."""
    if balance.payable_until is not None and today <= balance.payable_until:
        return balance
    due = sum(amount for day, amount in balance.pending.items() if day <= today)
    return replace(
        balance,
        pending={day: amount for day, amount in balance.pending.items() if day > today},
        payable=_with(balance.payable, Money(due, balance.currency)),
        payable_until=today,
    )


def totals(balance: EarningBalance, *, today: date) -> Totals:
    """The totals on a date of the partner's zone."""
    balance, zero = matured(balance, today=today), Money.zero(balance.currency)
    return Totals(
        pending=Money(sum(balance.pending.values()), balance.currency),
        payable=balance.payable or zero,
        held=balance.held or zero,
        paid_out=balance.paid_out or zero,
    )


def _counted(balance: EarningBalance, line: EarningLine, amount: Money) -> EarningBalance:
    """``amount`` added to the total that the line belongs to; what is settled belongs to none."""
    if line.is_settled:
        return balance
    if line.held_for:
        return replace(balance, held=_with(balance.held, amount))
    assert balance.payable_until is not None
    if line.payable_on <= balance.payable_until:
        return replace(balance, payable=_with(balance.payable, amount))
    pending = dict(balance.pending)
    pending[line.payable_on] = pending.get(line.payable_on, 0) + amount.amount
    return replace(balance, pending={day: amount for day, amount in sorted(pending.items()) if amount})


def _with(total: Money | None, amount: Money) -> Money | None:
    return ((total or Money.zero(amount.currency)) + amount) or None
