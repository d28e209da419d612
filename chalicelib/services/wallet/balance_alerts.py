"""The daily check of a partner's balances and cards (docs/rules.md §7, §11).

An event is published once for each: prepaid money that will run out or is used up, credits that are low, cards that
expire soon.
"""

from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.domain.calendar import local_date
from chalicelib.domain.schedule.projection import Payment
from chalicelib.domain.wallet.prepaid import next_check_at
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import WriteConflict, commit
from chalicelib.models.wallet import balance_checks as check_rows
from chalicelib.models.wallet.balance_checks import BalanceCheck
from chalicelib.services.partners import expiring_cards, partners
from chalicelib.services.partners.partners import Standing
from chalicelib.services.wallet.forecasts import ForecastBasis, forecast

_LONGEST_PERIOD = timedelta(days=367)
"""Every account renews within it."""


def run_daily_check(*, partner_id: str, now: datetime, actor: str) -> str | None:
    """Check the partner's balances and cards if due, and set the next check; the event about prepaid money, if any.

    A second run at the same time publishes nothing twice: what was published is written along with the check.
    """
    check = check_rows.get(partner_id)
    if check is None or check.due_at > now:
        return None
    standing = partners.standing(partner_id=partner_id, now=now)
    today = local_date(now, standing.partner.time_zone)
    expiring_cards.publish_expiring_cards(payer=partner_id, today=today, now=now, actor=actor)
    check, event, data = _check_prepaid_money(check, standing, now=now)
    low = _low_balances(standing)
    still_low = tuple(kind for kind in check.published_low if kind in low)
    check = check._replace(due_at=next_check_at(now=now), published_low=still_low)
    try:
        commit([check_rows.put(check, now=now, actor=actor, event=event, data=data)])
        _publish_low_credits(check._replace(version=check.version + 1), low, now=now, actor=actor)
    except WriteConflict:
        return None  # another worker makes the same check
    return event


def _low_balances(standing: Standing) -> dict[str, int]:
    """The balances below the program's limit, of the kinds of credits that the partner has ever had."""
    return {
        kind.value: credits.balance
        for kind, credits in standing.wallet.credits.items()
        if credits.balance < standing.program.low_credits.get(kind.value, 0)
    }


def _publish_low_credits(check: BalanceCheck, low: dict[str, int], *, now: datetime, actor: str) -> None:
    """Publish an event for each kind of credits that has become low, each with a write of its own."""
    for kind, balance in low.items():
        if kind in check.published_low:
            continue
        check = check._replace(published_low=(*check.published_low, kind))
        data = {"credit": kind, "credits_left": balance}
        commit([check_rows.put(check, now=now, actor=actor, event="credits.low", data=data)])
        check = check._replace(version=check.version + 1)


def _check_prepaid_money(
    check: BalanceCheck, standing: Standing, *, now: datetime
) -> tuple[BalanceCheck, str | None, dict[str, Any] | None]:
    """The check after it looked at prepaid money, and the event to publish with its data, if any."""
    balance, sequence = standing.wallet.balance, standing.wallet.sequence
    had_money = check.had_money or sequence > check.sequence  # or bought some and used it up since the last check
    check = check._replace(sequence=sequence)
    if not balance:
        if not had_money:
            return check, None, None
        check = check._replace(had_money=False, published_running_out=False)
        return check, "prepaid.used_up", _used_up_data(standing, now=now)
    check = check._replace(had_money=True)
    first_on_card = forecast(standing, until=_horizon(standing, now), now=now).runs_out
    if first_on_card is None:
        return check._replace(published_running_out=False), None, None
    if check.published_running_out:
        return check, None, None
    data = {
        "date": _date(first_on_card, standing),
        "account_id": first_on_card.subject,
        "balance": balance.amount,
        "currency": balance.currency,
        **_single_bill_flag(standing),
    }
    return check._replace(published_running_out=True), "prepaid.running_out", data


def _horizon(standing: Standing, now: datetime) -> date:
    today = local_date(now, standing.partner.time_zone)
    return today + timedelta(days=standing.program.prepaid_watch_days)


def _date(payment: Payment, standing: Standing) -> str:
    """The day on which something is charged, by the partner's calendar."""
    return local_date(payment.at, standing.partner.time_zone).isoformat()


def _single_bill_flag(standing: Standing) -> dict[str, Any]:
    """Says that the Single Bill takes over from prepaid money, rather than the accounts' cards, where that is so."""
    return {"single_bill": True} if standing.wallet.single_bill else {}


def _used_up_data(standing: Standing, *, now: datetime) -> dict[str, Any]:
    """The event data of used-up money: the next renewal, however far ahead, and the card that will pay it."""
    payment = ForecastBasis(standing, now=now).first_payment(within=_LONGEST_PERIOD)
    if payment is None:
        return {"balance": 0, "currency": standing.wallet.currency, **_single_bill_flag(standing)}
    account = account_rows.get(payment.subject)
    bill = standing.wallet.single_bill
    profile_id = account.billing_profile_id if account else bill and bill.billing_profile_id
    profile = profile_rows.get(standing.partner.id, profile_id) if profile_id else None
    return {
        "balance": 0,
        "currency": standing.wallet.currency,
        "date": _date(payment, standing),
        "account_id": payment.subject,
        "billing_profile_id": profile_id,
        "card": {"brand": profile.card.brand, "last4": profile.card.last4} if profile else None,
        **_single_bill_flag(standing),
    }
