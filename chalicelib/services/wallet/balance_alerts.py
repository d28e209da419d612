"""The daily watch over a partner's means (docs/rules.md §7, §11).

Each is told once: prepaid money that will run out or is used up, credits that are low, cards about to expire.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.domain.calendar import local_date
from chalicelib.domain.partners.billing_profiles import expires_soon
from chalicelib.domain.schedule.projection import Payment
from chalicelib.domain.wallet.prepaid import next_check_at
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import WriteConflict, commit
from chalicelib.models.wallet import balance_checks as check_rows
from chalicelib.models.wallet.balance_checks import BalanceCheck
from chalicelib.services.partners import partners
from chalicelib.services.partners.partners import Standing
from chalicelib.services.wallet.forecasts import Ahead, forecast

_LONGEST_PERIOD = timedelta(days=367)
"""Within it every account renews."""


def run_daily_check(*, partner_id: str, now: datetime, actor: str) -> str | None:
    """Take the partner's daily look if it is due, and set the next; the event it was told, if any.

    Looking twice tells nothing twice: what was told is written with the look itself.
    """
    check = check_rows.get(partner_id)
    if check is None or check.due_at > now:
        return None
    standing = partners.standing(partner_id=partner_id, now=now)
    _tell_of_cards(standing, now=now, actor=actor)
    check, event, data = _look(check, standing, now=now)
    low = _low(standing)
    told_low = tuple(kind for kind in check.told_low if kind in low)
    check = check._replace(due_at=next_check_at(now=now), told_low=told_low)
    try:
        commit([check_rows.put(check, now=now, actor=actor, event=event, data=data)])
        _tell_of_credits(check._replace(version=check.version + 1), low, now=now, actor=actor)
    except WriteConflict:
        return None  # another worker looked at the same moment
    return event


def _tell_of_cards(standing: Standing, *, now: datetime, actor: str) -> None:
    """Tell of cards that expire with this month or the next, each once."""
    today = local_date(now, standing.partner.time_zone)
    for profile in profile_rows.all_of_partner(standing.partner.id):
        if not expires_soon(profile, today=today):
            continue
        told = replace(profile, expiry_told=profile.card.good_until, updated_at=now)
        try:
            commit([profile_rows.put(told, actor=actor, event="billing_profile.card_expiring")])
        except WriteConflict:
            continue  # changed, or told of, at this moment: tomorrow is another look


def _low(standing: Standing) -> dict[str, int]:
    """The balances that are below the program's limit, of kinds of credits that the partner ever had."""
    return {
        kind.value: credits.balance
        for kind, credits in standing.wallet.credits.items()
        if credits.balance < standing.program.low_credits.get(kind.value, 0)
    }


def _tell_of_credits(check: BalanceCheck, low: dict[str, int], *, now: datetime, actor: str) -> None:
    """Tell of credits that have become low, kind by kind: each is a change, and an event, of its own."""
    for kind, balance in low.items():
        if kind in check.told_low:
            continue
        check = check._replace(told_low=(*check.told_low, kind))
        data = {"credit": kind, "credits_left": balance}
        commit([check_rows.put(check, now=now, actor=actor, event="credits.low", data=data)])
        check = check._replace(version=check.version + 1)


def _look(
    check: BalanceCheck, standing: Standing, *, now: datetime
) -> tuple[BalanceCheck, str | None, dict[str, Any] | None]:
    balance, sequence = standing.wallet.balance, standing.wallet.sequence
    had_money = check.had_money or sequence > check.sequence  # or had it since: bought and used up in between
    check = check._replace(sequence=sequence)
    if not balance:
        if not had_money:
            return check, None, None
        told = check._replace(had_money=False, told_running_out=False)
        return told, "prepaid.used_up", _takes_over(standing, now=now)
    check = check._replace(had_money=True)
    first_on_card = forecast(standing, until=_horizon(standing, now), now=now).runs_out
    if first_on_card is None:
        return check._replace(told_running_out=False), None, None
    if check.told_running_out:
        return check, None, None
    data = {
        "date": _date(first_on_card, standing),
        "account_id": first_on_card.subject,
        "balance": balance.amount,
        "currency": balance.currency,
        **_on_bill(standing),
    }
    return check._replace(told_running_out=True), "prepaid.running_out", data


def _horizon(standing: Standing, now: datetime) -> date:
    today = local_date(now, standing.partner.time_zone)
    return today + timedelta(days=standing.program.prepaid_watch_days)


def _date(payment: Payment, standing: Standing) -> str:
    """The day on which something is charged, by the partner's calendar."""
    return local_date(payment.at, standing.partner.time_zone).isoformat()


def _on_bill(standing: Standing) -> dict[str, Any]:
    """Says so where a Single Bill takes over from prepaid money, rather than the accounts' cards."""
    return {"single_bill": True} if standing.wallet.single_bill else {}


def _takes_over(standing: Standing, *, now: datetime) -> dict[str, Any]:
    """The next renewal ahead, however far, and the card that will pay it."""
    ahead = Ahead(standing, now=now).first_payment(within=_LONGEST_PERIOD)
    if ahead is None:
        return {"balance": 0, "currency": standing.wallet.currency, **_on_bill(standing)}
    account = account_rows.get(ahead.subject)
    bill = standing.wallet.single_bill
    profile_id = account.billing_profile_id if account else bill and bill.billing_profile_id
    profile = profile_rows.get(standing.partner.id, profile_id) if profile_id else None
    return {
        "balance": 0,
        "currency": standing.wallet.currency,
        "date": _date(ahead, standing),
        "account_id": ahead.subject,
        "billing_profile_id": profile_id,
        "card": {"brand": profile.card.brand, "last4": profile.card.last4} if profile else None,
        **_on_bill(standing),
    }
