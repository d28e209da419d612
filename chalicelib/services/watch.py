"""The daily watch over prepaid money: told once when it will run out, once when it is used up (docs/rules.md §7)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.domain.accounts import Status
from chalicelib.domain.calendar import local_date, period_containing
from chalicelib.domain.forecast import Payable, Renewal, payables, runs_out
from chalicelib.domain.money import total
from chalicelib.domain.programs import PlanKind
from chalicelib.domain.quotes import period_lines, terms_of
from chalicelib.models import accounts as account_rows
from chalicelib.models import profiles as profile_rows
from chalicelib.models.accounts import AccountRow, Watch
from chalicelib.models.transactions import Moved, commit
from chalicelib.services import partners
from chalicelib.services.partners import Standing, next_watch


def look(*, partner_id: str, now: datetime, actor: str) -> str | None:
    """Take the partner's daily look if it is due, and set the next; the event it was told, if any.

    Looking twice tells nothing twice: what was told is written with the look itself.
    """
    watch = account_rows.get_watch(partner_id)
    if watch is None or watch.due_at > now:
        return None
    standing = partners.standing(partner_id=partner_id, now=now)
    watch, event, data = _look(watch, standing, now=now)
    watch = watch._replace(due_at=next_watch(standing.partner, now=now))
    try:
        commit([account_rows.put_watch(watch, now=now, actor=actor, event=event, data=data)])
    except Moved:
        return None  # another worker looked at the same moment
    return event


def _look(watch: Watch, standing: Standing, *, now: datetime) -> tuple[Watch, str | None, dict[str, Any] | None]:
    balance = standing.wallet.balance
    if not balance:
        if not watch.had_money:
            return watch, None, None
        told = watch._replace(had_money=False, told_running_out=False)
        return told, "prepaid.used_up", _takes_over(standing, now=now)
    watch = watch._replace(had_money=True)
    first_on_card = runs_out(forecast(standing, until=_horizon(standing, now), now=now))
    if first_on_card is None:
        return watch._replace(told_running_out=False), None, None
    if watch.told_running_out:
        return watch, None, None
    data = {
        "date": first_on_card.renewal.date.isoformat(),
        "account_id": first_on_card.renewal.account_id,
        "balance": balance.amount,
        "currency": balance.currency,
    }
    return watch._replace(told_running_out=True), "prepaid.running_out", data


def forecast(standing: Standing, *, until: date, now: datetime) -> Iterator[Payable]:
    """The partner's renewals up to, not including, ``until`` and how each will be paid."""
    rows = list(account_rows.overview(standing.partner.id))
    set_aside = {row.id: row.set_aside for row in rows if row.set_aside}
    renewals = [renewal for row in rows for renewal in _renewals(row, standing, until=until, now=now)]
    program = standing.program
    return payables(
        renewals,
        general=standing.wallet.general,
        set_aside=set_aside,
        minimum_card_charge=program.money(program.minimum_card_charge),
    )


def _horizon(standing: Standing, now: datetime) -> date:
    today = local_date(now, standing.partner.time_zone)
    return today + timedelta(days=standing.program.prepaid_watch_days)


def _renewals(row: AccountRow, standing: Standing, *, until: date, now: datetime) -> Iterator[Renewal]:
    """One account's renewals ahead, at today's rates. Its period follows from anchor, frequency and today."""
    renews = row.kind is PlanKind.PAID and row.status in (Status.ACTIVE, Status.DISABLED)
    if not renews or row.anchor is None or row.plan.billing_frequency is None:
        return
    frequency = row.plan.billing_frequency
    period = period_containing(anchor=row.anchor, frequency=frequency, day=local_date(now, row.time_zone))
    migrated_cycles = int(row.migrated_cycles or 0)
    while period.end < until:
        period = period_containing(anchor=row.anchor, frequency=frequency, day=period.end)
        terms = terms_of(
            program=standing.program,
            paid_by_partner=True,
            single_bill=bool(row.single_bill),
            migrated=migrated_cycles > 0,
            accounts=standing.accounts,
            day=period.start,
        )
        priced = period_lines(program=standing.program, plan=row.plan, terms=terms, period=period, full_period=period)
        if priced is None:
            return
        amount = total((line.amount for line in priced[1]), currency=standing.program.currency)
        yield Renewal(date=period.start, account_id=row.id, amount=amount)
        migrated_cycles -= 1


def _takes_over(standing: Standing, *, now: datetime) -> dict[str, Any]:
    """The next renewal ahead and the card that will pay it."""
    ahead = next(iter(forecast(standing, until=_horizon(standing, now), now=now)), None)
    if ahead is None:
        return {"balance": 0, "currency": standing.wallet.currency}
    account = account_rows.get(ahead.renewal.account_id)
    profile_id = account.billing_profile_id if account else None
    profile = profile_rows.get(standing.partner.id, profile_id) if profile_id else None
    return {
        "balance": 0,
        "currency": standing.wallet.currency,
        "date": ahead.renewal.date.isoformat(),
        "account_id": ahead.renewal.account_id,
        "billing_profile_id": profile_id,
        "card": {"brand": profile.card.brand, "last4": profile.card.last4} if profile else None,
    }
