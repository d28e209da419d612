"""The accounts that the overview shows, as CSV: with its columns, in its order, but all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from chalicelib.api.base import Money as MoneyShape
from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.shown_accounts import with_earned
from chalicelib.api.spreadsheets import CSV, Cell, csv_text, decimal_cell
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid
from chalicelib.portal.declared import Download, Pages
from chalicelib.portal.pages.accounts import overview_columns, overview_filters
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import overview

pages = Pages()

_MOST_LINES, _MOST_LINES_READ = 20_000, 5_000
"""The second is for columns that take more than the overview index: they are read a hundred accounts at a time."""
_MOST_MEGABYTES = 5
"""A function's answer has 6 at most, marks of JSON included."""
_CELLS: Mapping[str, Mapping[str, str]] = {
    "name": {"name": "name", "client_name": "client.name"},
    "client": {"client_name": "client.name", "client_email": "client.email"},
    "plan": {
        "product": "plan.product",
        "tier": "plan.tier",
        "contacts": "plan.contacts",
        "billing_frequency": "plan.billing_frequency",
        "add_ons": "plan.add_ons",
    },
    "price_per_cycle": {"price_per_cycle": "price_per_cycle", "currency": "price_per_cycle.currency"},
    "renews_at": {"renews_at": "renews_at", "expires_at": "expires_at"},
    "management_request": {"management_request_expires_at": "management_request.expires_at"},
    "current_period": {"current_period_start": "current_period.start", "current_period_end": "current_period.end"},
    "pending_change": {
        "pending_tier": "pending_change.plan.tier",
        "pending_contacts": "pending_change.plan.contacts",
        "pending_from": "pending_change.effective_on",
    },
    "earned": {"earned": "earned", "earned_currency": "earned.currency"},
}
"""The cells of a column of the overview by their names, with where each is in the account. Any other column is one."""


@pages.get("accounts.csv", scope="read")
def download_accounts(visit: Visit) -> Download:
    """All accounts that the filters let through. Raises :class:`Invalid` if they are too many for a file."""
    program = load_program(visit.partner_seen.program)
    query = overview_filters.query(visit, overview_filters.asked(visit.query), program)
    in_full, earned = overview_columns.need_rows(query.columns), "earned" in query.columns
    most = _MOST_LINES_READ if in_full or earned else _MOST_LINES
    found, last = overview.list_accounts(
        partner_id=visit.partner_id,
        question=query.question(),
        limit=most,
        start=None,
        in_full=in_full,
        now=visit.now,
    )
    if last is not None:
        raise Invalid(f"These are more than {most:,} accounts. Filter them, or use the API.")
    shapes = [AccountShape.of(account, now=visit.now) for account in found]
    text = _table(query.columns, with_earned(shapes, partner_id=visit.partner_id) if earned else shapes)
    if len(text.encode()) > _MOST_MEGABYTES * 1_000_000:
        raise Invalid(
            f"This file has more than {_MOST_MEGABYTES} MB. Choose fewer columns or accounts, or use the API."
        )
    return Download(text, CSV, "accounts.csv")


def _table(columns: Sequence[str], accounts: Iterable[AccountShape]) -> str:
    cells = {name: path for column in columns for name, path in _CELLS.get(column, {column: column}).items()}
    return csv_text(cells, _lines({name: path.split(".") for name, path in cells.items()}, accounts))


def _lines(paths: Mapping[str, Sequence[str]], accounts: Iterable[AccountShape]) -> Iterator[dict[str, Cell]]:
    for account in accounts:
        yield {name: _cell(_found(account, path)) for name, path in paths.items()}


def _found(account: AccountShape, path: Sequence[str]) -> Any:
    """What is there, None if a part of the way is missing."""
    value: Any = account
    for name in path:
        value = getattr(value, name, None)
    return value


def _cell(value: Any) -> Cell:
    match value:
        case MoneyShape():
            return decimal_cell(Money(value.amount, value.currency))
        case bool():
            return str(value).lower()
        case date():
            return value.isoformat()
        case dict():
            return "; ".join(f"{key}={each}" for key, each in value.items())
        case list() | tuple():
            return ", ".join(value)
        case _:
            cell: Cell = value
            return cell
