"""A partner's earnings ledger as the partner reads it (docs/rules.md §10)."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from chalicelib.domain.calendar import first_instant, local_date
from chalicelib.domain.earnings import balances, payout_runs
from chalicelib.domain.earnings.balances import EarningBalance, Totals
from chalicelib.domain.earnings.lines import EarningLine, LineKind, LineStatus
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.models.earnings import balances as balance_rows
from chalicelib.models.earnings import lines as line_rows
from chalicelib.programs import program as load_program
from chalicelib.services.partners import partners


@dataclass(frozen=True)
class Summary:
    """A partner's balance, what of it can be paid out, and when; None if its program pays nothing out."""

    balance: EarningBalance
    totals: Totals
    next_payout_on: date | None


def summary(*, partner_id: str, now: datetime) -> Summary:
    """The totals at ``now``: one row is read, however many lines there are."""
    partner = partners.get_partner(partner_id=partner_id)
    balance = balance_rows.get(partner_id) or balances.empty(partner_id, currency=partner.currency)
    return Summary(
        balance,
        balances.totals(balance, today=local_date(now, partner.time_zone)),
        payout_runs.next_run_on(load_program(partner.program), now=now),
    )


def today(*, partner_id: str, now: datetime) -> date:
    """The date in the partner's zone, which decides what is payable."""
    return local_date(now, partners.get_partner(partner_id=partner_id).time_zone)


def list_lines(
    *,
    partner_id: str,
    account_id: str | None,
    kind: LineKind | None,
    status: LineStatus | None,
    since: date | None,
    until: date | None,
    limit: int,
    start: dict[str, Any] | None,
    now: datetime,
) -> tuple[list[EarningLine], dict[str, Any] | None]:
    """A partner's lines, newest first; ``since`` and ``until`` are its local dates, both included."""
    zone = partners.get_partner(partner_id=partner_id).time_zone
    filters = line_rows.filters(
        kind=kind,
        status=status,
        since=first_instant(since, zone) if since else None,
        until=first_instant(until + timedelta(days=1), zone) if until else None,
        today=local_date(now, zone),
    )
    return line_rows.newest(partner_id, account_id=account_id, filters=filters, limit=limit, start=start)


def earned_with(*, partner_id: str, account_ids: Iterable[str]) -> dict[str, Money]:
    """What the partner has earned with these accounts, reversals taken off; nothing for the others."""
    found = balance_rows.with_accounts(partner_id, account_ids)
    return {account_id: earnings.earned for account_id, earnings in found.items()}
