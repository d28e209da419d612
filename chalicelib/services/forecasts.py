"""The renewals ahead of a partner, and what prepaid money will pay of them (docs/rules.md §7).

Read from the overview index alone: an account's periods follow from its anchor, so no account is read, but those on a
Single Bill that is held up by an unpaid one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.domain.accounts import Account, Status
from chalicelib.domain.bills import OpenBill, closes_at
from chalicelib.domain.calendar import Frequency, Period, first_instant, local_date, period_containing
from chalicelib.domain.forecast import Payable, Renewal, in_order, payables, runs_out, shortfall
from chalicelib.domain.lifecycle import retry_on
from chalicelib.domain.money import Money, total
from chalicelib.domain.programs import PlanKind
from chalicelib.domain.quotes import period_lines, terms_of
from chalicelib.domain.refusals import Invalid
from chalicelib.models import accounts as account_rows
from chalicelib.models import bills as bill_rows
from chalicelib.services import partners
from chalicelib.services.partners import Standing

FURTHEST = timedelta(days=731)
"""How far ahead a partner may look."""
MOST_RENEWALS = 100_000
"""More are not worked out for one question: it would take longer than a request has."""


@dataclass(frozen=True)
class Forecast:
    """The renewals up to a date, how each would be paid today, and what to buy so that no card is asked."""

    until: date
    balance: Money
    payables: list[Payable]
    runs_out: Payable | None
    buy_today: Money


def ask(*, partner_id: str, until: date, now: datetime) -> Forecast:
    """What a partner must buy today so that no card is charged before ``until``.

    The answer is at least the program's minimum purchase, or zero. Raises :class:`Invalid` for a
    date that is not ahead, or too far: a partner with very many accounts sees less far.
    """
    standing = partners.standing(partner_id=partner_id, now=now)
    today = local_date(now, standing.partner.time_zone)
    if not today < until <= today + FURTHEST:
        raise Invalid(errors=[("until", f"must be after {today} and not after {today + FURTHEST}")])
    rows = _overview(standing)
    furthest = today + _foreseeable(rows)
    if until > furthest:
        raise Invalid(errors=[("until", f"must not be after {furthest}: that is {MOST_RENEWALS:,} renewals ahead")])
    return _forecast(rows, standing, until=until, now=now)


def forecast(standing: Standing, *, until: date, now: datetime) -> Forecast:
    """The forecast for the renewals on local dates before ``until``."""
    return _forecast(_overview(standing), standing, until=until, now=now)


def _overview(standing: Standing) -> list[Account]:
    return [kept.account for kept in account_rows.overview(standing.partner.id)]


def _foreseeable(rows: Sequence[Account]) -> timedelta:
    """How far ahead about MOST_RENEWALS renewals lie, a month at least."""
    charged = [row.plan.billing_frequency for row in rows if _is_charged(row)]
    a_year = sum(12 if frequency is Frequency.MONTHLY else 1 for frequency in charged)
    days = MOST_RENEWALS * 365 // a_year if a_year else FURTHEST.days
    return min(max(timedelta(days=days), timedelta(days=31)), FURTHEST)


def _forecast(rows: list[Account], standing: Standing, *, until: date, now: datetime) -> Forecast:
    program, wallet = standing.program, standing.wallet
    set_aside = {row.id: row.set_aside for row in rows if row.set_aside}
    by_card = [row for row in rows if not row.single_bill]
    on_bill = [row for row in rows if row.single_bill]
    endings = _endings(rows)
    renewals = list(_renewals(by_card, standing, endings, until=until, now=now))
    put_on = [*_held_up(on_bill, standing, endings, now=now)]
    put_on += _renewals(on_bill, standing, endings, until=until, now=now)
    renewals += _bills(put_on, standing, set_aside, until, now)
    smallest = program.money(program.minimum_card_charge)
    ahead = list(payables(renewals, general=wallet.general, set_aside=set_aside, minimum_card_charge=smallest))
    missing = shortfall(renewals, general=wallet.general, set_aside=set_aside, minimum_card_charge=smallest)
    return Forecast(
        until=until,
        balance=wallet.balance,
        payables=ahead,
        runs_out=runs_out(ahead),
        buy_today=max(missing, program.money(program.prepaid_minimum)) if missing else missing,
    )


def _endings(rows: Sequence[Account]) -> list[datetime]:
    """When accounts stop counting toward the partner's discount, as far as that is known."""
    return [
        first_instant(row.cancellation.effective_on, row.time_zone)
        for row in rows
        if _is_charged(row) and row.cancellation is not None
    ]


def _renewals(
    rows: Sequence[Account], standing: Standing, endings: Sequence[datetime], *, until: date, now: datetime
) -> Iterator[Renewal]:
    for row in rows:
        if _is_charged(row):
            yield from _retries(row, standing, until=until, now=now)
            yield from _periods(row, standing, endings, after=_current(row, now=now), until=until)


def _current(row: Account, *, now: datetime) -> Period:
    """The period an account is in, which the overview does not know."""
    assert row.plan.billing_frequency is not None
    assert row.anchor is not None
    today = local_date(now, row.time_zone)
    return period_containing(anchor=row.anchor, frequency=row.plan.billing_frequency, day=today)


def _bills(
    renewals: Iterable[Renewal], standing: Standing, set_aside: Mapping[str, Money], until: date, now: datetime
) -> list[Renewal]:
    """What the Single Bills ahead will ask for: an unpaid one at once, each other on the day it is closed (§6).

    Money set aside for an account is used when its invoice goes on the bill, so the bill asks for the rest.
    """
    bill = standing.wallet.single_bill
    if bill is None:
        return []
    today = local_date(now, standing.partner.time_zone)
    left = dict(set_aside)
    asked: dict[date, Money] = {}
    if bill.total:
        asked[_closed_on(bill, max(bill.opened_on, today - timedelta(days=1)), standing)] = bill.total
    for renewal in in_order(renewals):
        own = min(left.get(renewal.account_id, Money.zero(renewal.amount.currency)), renewal.amount)
        if own:
            left[renewal.account_id] -= own
        day = _closed_on(bill, max(renewal.date, today), standing)  # what is held up goes on when the unpaid is paid
        asked[day] = asked.get(day, Money.zero(renewal.amount.currency)) + renewal.amount - own
    due = [Renewal(date=day, account_id=bill.id, amount=amount) for day, amount in asked.items() if day < until]
    if bill.unpaid and (unpaid := bill_rows.get_bill(standing.partner.id, bill.unpaid)) is not None:
        due.append(Renewal(date=today, account_id=unpaid.id, amount=unpaid.total))
    return [renewal for renewal in due if renewal.amount]


def _closed_on(bill: OpenBill, day: date, standing: Standing) -> date:
    """The bill day that closes the bill an invoice of ``day`` goes on."""
    zone = standing.partner.time_zone
    return local_date(closes_at(opened_on=day, day=bill.day, time_zone=zone), zone)


def _is_charged(row: Account) -> bool:
    paid = row.kind is PlanKind.PAID and row.anchor is not None and row.plan.billing_frequency is not None
    return paid and row.status in (Status.ACTIVE, Status.DISABLED)


def _retries(row: Account, standing: Standing, *, until: date, now: datetime) -> Iterator[Renewal]:
    """The open invoice of an account that is past due, on the day it is tried again."""
    if row.overdue is None:
        return
    day = max(retry_on(row.overdue, row.time_zone, program=standing.program), local_date(now, row.time_zone))
    if day < until:
        yield Renewal(date=day, account_id=row.id, amount=row.overdue.total)


def _held_up(
    rows: Sequence[Account], standing: Standing, endings: Sequence[datetime], *, now: datetime
) -> Iterator[Renewal]:
    """Periods that have begun and wait for an unpaid Single Bill (§6); to know which, those accounts are read."""
    bill = standing.wallet.single_bill
    if bill is None or bill.unpaid is None:
        return
    waiting = {row.id: row for row in rows if _is_charged(row)}
    for account in account_rows.get_many(waiting).values():
        if account.waits_until is None or account.period is None:
            continue
        row, tomorrow = waiting[account.id], local_date(now, account.time_zone) + timedelta(days=1)
        yield from _periods(row, standing, endings, after=account.period, until=tomorrow)


def _periods(
    row: Account, standing: Standing, endings: Sequence[datetime], *, after: Period, until: date
) -> Iterator[Renewal]:
    """An account's periods ``after`` one, at the rates and the count of accounts known today for each day."""
    program, plan, period = standing.program, row.plan, after
    assert plan.billing_frequency is not None
    assert row.anchor is not None
    plan = row.pending_change.plan if row.pending_change else plan
    migrated_cycles = row.migrated_cycles
    last = min(until, row.cancellation.effective_on) if row.cancellation else until
    while period.end < last:
        assert plan.billing_frequency is not None
        period = period_containing(anchor=row.anchor, frequency=plan.billing_frequency, day=period.end)
        ended = sum(ending <= first_instant(period.start, row.time_zone) for ending in endings)
        terms = terms_of(
            program=program,
            paid_by_partner=True,
            single_bill=row.single_bill,
            migrated=migrated_cycles > 0,
            accounts=standing.accounts - ended,
            day=period.start,
        )
        priced = period_lines(program=program, plan=plan, terms=terms, period=period, full_period=period)
        if priced is None:
            return
        amount = total((line.amount for line in priced[1]), currency=program.currency)
        yield Renewal(date=period.start, account_id=row.id, amount=amount)
        migrated_cycles -= 1
