"""The account overview: a partner's accounts, filtered and sorted (docs/rules.md §12)."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Literal

from chalicelib.domain.accounts import Account, Status
from chalicelib.models import accounts as account_rows
from chalicelib.models.accounts import AccountRow

Sort = Literal["created_at", "name"]


def list_accounts(
    *,
    partner_id: str,
    status: Status | None,
    plan: str | None,
    sort: Sort,
    descending: bool,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Account], dict[str, Any] | None]:
    """One page of the partner's accounts, and where the next page starts.

    The page is chosen on the overview index and then read whole. A cursor names the place behind
    the last row by what it sorts by, so that pages stay right while accounts come and go.
    """
    filtered = status is not None or plan is not None
    wanted = (
        row
        for row in account_rows.overview(
            partner_id,
            descending=descending,
            start=start if sort == "created_at" else None,
            page_size=limit + 1 if sort == "created_at" and not filtered else None,
        )
        if (status is None or row.status is status) and (plan is None or row.plan.tier == plan)
    )
    rows = wanted if sort == "created_at" else _sorted(wanted, _by_name, descending, start)
    page = list(islice(rows, limit + 1))
    shown = page[:limit]
    found = account_rows.get_many([row.id for row in shown])
    last = _place(shown[-1], sort) if len(page) > limit else None
    return [found[row.id] for row in shown if row.id in found], last


def _sorted(
    rows: Iterator[AccountRow],
    key: Callable[[AccountRow], list[str]],
    descending: bool,
    start: dict[str, Any] | None,
) -> Iterator[AccountRow]:
    """All rows by a key that the index is not sorted by, from behind ``start`` on."""
    for row in sorted(rows, key=key, reverse=descending):
        if start is None or (key(row) < start["after"] if descending else key(row) > start["after"]):
            yield row


def _by_name(row: AccountRow) -> list[str]:
    return [row.name, row.id]


def _place(row: AccountRow, sort: Sort) -> dict[str, Any]:
    if sort == "name":
        return {"after": _by_name(row)}
    return account_rows.overview_key(row)
