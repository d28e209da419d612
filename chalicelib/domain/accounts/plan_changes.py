"""Changing an account's plan: when it takes effect and what it costs (docs/rules.md §3, §5)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from chalicelib.domain.accounts import lifecycle, paid_periods
from chalicelib.domain.accounts.accounts import Account, ExpiryReason, Status, local_today, renews_at
from chalicelib.domain.accounts.actions import Action, refusal, refuse_unless
from chalicelib.domain.accounts.proration import PaidFor, credits, for_days_left, forgone, unused
from chalicelib.domain.calendar import Frequency, Period, anchor_for_billing_day, period_containing
from chalicelib.domain.catalog.explanations import Explanation
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.pricing import Price
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.catalog.quotes import Line, Quote, Terms, period_lines
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.money import Money, total
from chalicelib.domain.values import dataclass

Effective = Literal["now", "renewal"]


class ChangeKind(StrEnum):
    """What a change comes to."""

    NONE = "none"  # the account has this plan already
    START = "start"  # a first paid period begins: of a trial, or of an account that has ended
    PRORATE = "prorate"  # at once, for the days left of the period
    TO_ANNUAL = "to_annual"  # at once, a year begins today
    AT_RENEWAL = "at_renewal"


CHARGE_KIND_OF = {
    ChangeKind.START: ChargeKind.FIRST_PERIOD,
    ChangeKind.PRORATE: ChargeKind.UPGRADE,
    ChangeKind.TO_ANNUAL: ChargeKind.CONVERSION,
}
"""What a change that takes effect at once is charged as."""


@dataclass(frozen=True, slots=True)
class PlanChange:
    """A change of plan, worked out.

    ``price`` is the new one per cycle, after the discounts of ``terms``, None for an unpriced plan; ``lines`` are what
    is to be paid for ``period``, and sum to zero or more. Without any, the change costs nothing and is not invoiced.
    ``anchor`` is new where a period begins.
    """

    kind: ChangeKind
    plan: Plan
    price: Price | None
    lines: tuple[Line, ...] = ()
    terms: Terms | None = None
    period: Period | None = None
    anchor: date | None = None
    prorated: bool = False

    @property
    def effective(self) -> Effective:
        return "renewal" if self.kind is ChangeKind.AT_RENEWAL else "now"


def plan_change(
    account: Account,
    plan: Plan,
    *,
    program: Program,
    now: datetime,
    terms_on: Callable[[date], Terms],
    paid: PaidFor,
    billing_day: int | None = None,
) -> PlanChange:
    """What changing ``account`` to the paid plan ``plan`` at ``now`` comes to (§3, §5).

    ``terms_on`` gives the discounts of a period that begins on a date; within a period they are frozen. ``paid`` is
    what the account's period has been paid for. Raises the refusals of :func:`refuse_unless`, also between a
    period's end and the charge of the next.
    """
    refuse_unless(account, Action.CHANGE_PLAN, now=now)
    today = local_today(account, now)
    if not account.counts_as_active_paid:
        _refuse_previous_plan(account, plan, now=now)
        return start(plan, program=program, today=today, terms_on=terms_on, billing_day=billing_day)
    assert account.period is not None
    assert account.terms is not None
    if account.pending_change is not None and account.pending_change.required:
        return at_renewal(account, plan, program=program, now=now, terms_on=terms_on)
    price, _ = _full_cycle(plan, account.terms, account.period, program)
    if plan == account.plan:
        return PlanChange(ChangeKind.NONE, plan, price)
    if plan.billing_frequency is Frequency.ANNUAL and account.frequency is Frequency.MONTHLY:
        return _to_annual(account, plan, program=program, today=today, terms=terms_on(today), paid=paid)
    zero = Money.zero(account.currency)
    cheaper = (price.price_per_cycle if price else zero) < (account.price or zero)
    if plan.billing_frequency is account.frequency and not cheaper:
        return _prorated(account, plan, price, program=program, today=today, paid=paid)
    return at_renewal(account, plan, program=program, now=now, terms_on=terms_on)


def at_renewal(
    account: Account, plan: Plan, *, program: Program, now: datetime, terms_on: Callable[[date], Terms]
) -> PlanChange:
    """What having ``plan`` from the next renewal on comes to (§5). Refused when there will be no renewal."""
    assert account.period is not None
    assert account.anchor is not None
    assert plan.billing_frequency is not None
    if renews_at(account) is None:
        why = "This change waits for the next renewal, and there will be none: it is canceled first. Renew it first."
        raise refusal(account, Action.CHANGE_PLAN, why, now=now)
    period = lifecycle.period_due(replace(account, pending_change=paid_periods.pending(account, plan, now=now)))
    terms = terms_on(period.start)
    price, lines = _full_cycle(plan, terms, period, program)
    return PlanChange(ChangeKind.AT_RENEWAL, plan, price, lines, terms, period)


def revival(account: Account, *, program: Program, now: datetime, terms_on: Callable[[date], Terms]) -> PlanChange:
    """What renewing an account that has ended comes to: a period of its plan begins today (§3)."""
    refuse_unless(account, Action.RENEW, now=now)
    return start(account.plan, program=program, today=local_today(account, now), terms_on=terms_on, billing_day=None)


def unchanged(account: Account, *, program: Program) -> PlanChange:
    """No change at all: what the account costs now."""
    if account.terms is None or account.period is None or account.priced_plan != account.plan:
        return PlanChange(ChangeKind.NONE, account.plan, None)
    price, _ = _full_cycle(account.plan, account.terms, account.period, program)
    return PlanChange(ChangeKind.NONE, account.plan, price)


def refuse_other(change: PlanChange, account: Account, effective: Effective | None, *, now: datetime) -> None:
    """Refuse an ``effective`` other than the one the rules give (§5)."""
    if effective in (None, change.effective) or change.kind is ChangeKind.NONE:
        return
    why = f"This change takes effect {_WHEN[change.effective]}, not {_WHEN[effective or 'now']}."
    raise refusal(account, Action.CHANGE_PLAN, why, now=now)


def quote(change: PlanChange, charge: Charge | None, *, program: Program) -> Quote:
    """The quote of a change: ``charge`` is the one that will be made for it, split over prepaid money and the card."""
    nothing = program.money(0)
    return Quote(
        currency=program.currency,
        price=change.price,
        billing_frequency=change.plan.billing_frequency,
        lines=charge.lines if charge else change.lines,
        prorated_amount=total((line.amount for line in change.lines), currency=program.currency)
        if change.prorated
        else None,
        due_today=charge.total if charge else nothing,
        prepaid_applied=charge.prepaid if charge else nothing,
        card_charge=(charge.card or nothing) if charge else nothing,
        effective=change.effective,
    )


def _refuse_previous_plan(account: Account, plan: Plan, *, now: datetime) -> None:
    canceled = account.status is Status.EXPIRED and account.expiry_reason is ExpiryReason.CANCELED
    if canceled and plan == account.plan:
        why = "It was canceled and has expired: choose another plan than the one it had."
        raise refusal(account, Action.CHANGE_PLAN, why, now=now)


def start(
    plan: Plan,
    *,
    program: Program,
    today: date,
    terms_on: Callable[[date], Terms],
    billing_day: int | None,
) -> PlanChange:
    """A first period of ``plan`` that begins today; a ``billing_day``, if one is chosen, cuts it short (§2)."""
    assert plan.billing_frequency is not None
    anchor = anchor_for_billing_day(today=today, billing_day=billing_day) if billing_day else today
    full = period_containing(anchor=anchor, frequency=plan.billing_frequency, day=today)
    period, terms = Period(start=today, end=full.end), terms_on(today)
    price, lines = _price_and_lines(plan, terms, period, full, program)
    return PlanChange(ChangeKind.START, plan, price, lines, terms, period, anchor, prorated=period != full)


def _prorated(
    account: Account, plan: Plan, price: Price | None, *, program: Program, today: date, paid: PaidFor
) -> PlanChange:
    """The days left of what changes are credited at the old price and charged at the new one (§5)."""
    assert account.period is not None
    assert account.terms is not None
    rest, full = Period(start=today, end=account.period.end), _full_period(account)
    new = _price_and_lines(plan, account.terms, rest, full, program)[1]
    lines: tuple[Line, ...] = ()
    if new:
        paid_in_full = unused(paid.items, rest=rest, full=full, currency=account.currency) <= paid.paid
        untouched = _untouched(account.plan, plan, paid, new) if paid_in_full else []
        old = [line for line in paid.items if _whole(line) not in untouched]
        charged = [for_days_left(line) for line in new if _whole(line) not in untouched]
        lines = (*credits(old, paid=paid.paid, rest=rest, full=full), *charged)
        lines = (*lines, *forgone(lines, rest=rest, currency=account.currency))
    return PlanChange(ChangeKind.PRORATE, plan, price, lines, account.terms, rest, prorated=True)


def _untouched(before: Plan, after: Plan, paid: PaidFor, new: Sequence[Line]) -> list[Explanation]:
    """What stays as it is, at the same price: it is not credited and charged again."""
    same_plan = replace(before, add_ons=()) == replace(after, add_ons=())
    running = [_whole(line) for line in paid.items if line.kind != "plan" or same_plan]
    return [each for each in map(_whole, new) if each in running]


def _whole(line: Line) -> Explanation:
    assert line.explanation is not None
    return line.explanation.whole_cycle


def _to_annual(
    account: Account, plan: Plan, *, program: Program, today: date, terms: Terms, paid: PaidFor
) -> PlanChange:
    """A year from today; the days left of the month are credited (§5)."""
    assert account.period is not None
    year = period_containing(anchor=today, frequency=Frequency.ANNUAL, day=today)
    price, lines = _full_cycle(plan, terms, year, program)
    if lines:
        rest = Period(start=today, end=account.period.end)
        lines = (*credits(paid.items, paid=paid.paid, rest=rest, full=_full_period(account)), *lines)
        lines = (*lines, *forgone(lines, rest=rest, currency=account.currency))
    return PlanChange(ChangeKind.TO_ANNUAL, plan, price, lines, terms, year, anchor=today, prorated=True)


def _full_cycle(
    plan: Plan, terms: Terms | None, period: Period, program: Program
) -> tuple[Price | None, tuple[Line, ...]]:
    assert terms is not None
    return _price_and_lines(plan, terms, period, period, program)


def _price_and_lines(
    plan: Plan, terms: Terms, period: Period, full_period: Period, program: Program
) -> tuple[Price | None, tuple[Line, ...]]:
    """Price and lines of a period; nothing at all where the plan is unpriced."""
    found = period_lines(program=program, plan=plan, terms=terms, period=period, full_period=full_period)
    return found or (None, ())


def _full_period(account: Account) -> Period:
    """The full period that the current one ends with; a first one may be short (§2)."""
    assert account.period is not None
    assert account.anchor is not None
    return period_containing(anchor=account.anchor, frequency=account.frequency, day=account.period.start)


_WHEN: dict[str, str] = {"now": "at once", "renewal": "at the next renewal"}
