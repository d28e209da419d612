"""The account overview: a partner's accounts, filtered and sorted (docs/rules.md §12).

Accounts are chosen and shown from the overview index. Rows of the table are read, all in one request, only for the
accounts on the page that the index does not hold completely. See docs/decisions/overview.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from heapq import nlargest, nsmallest
from itertools import islice
from operator import itemgetter
from typing import Any

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.light_accounts import whole
from chalicelib.domain.accounts.overview import (
    Filters,
    Place,
    Sort,
    as_partner_sees,
    ends_within,
    has_metadata,
    matches,
    place,
    place_by_end,
)
from chalicelib.domain.accounts.summaries import AccountSummary, StoredSummary, end_at, summary_at
from chalicelib.domain.values import dataclass
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.services.partners import partners

_ROWS_AT_ONCE = 100
"""DynamoDB reads no more rows in one request."""


@dataclass(frozen=True)
class Question:
    """Which accounts a list shows, in which order."""

    filters: Filters = field(default_factory=Filters)
    sort: Sort = Sort.CREATED_AT
    descending: bool = False


def list_accounts(
    *,
    partner_id: str,
    question: Question,
    limit: int,
    start: dict[str, Any] | None,
    in_full: bool = True,
    by_operator: bool = False,
    now: datetime,
) -> tuple[list[Account], dict[str, Any] | None]:
    """One page of the partner's accounts, and where the next page starts.

    A cursor names the position of the last account in the order, so that pages stay right while accounts are created
    and changed. Ends of periods are sorted as they were when the first page was asked for: a renewal between two
    pages does not move an account from one to the other. Of referred accounts a partner sees less than an operator.
    """
    ask = _by_creation if question.sort is Sort.CREATED_AT else _by_place
    see = overview_rows.summaries_of if by_operator else _seen_by_partner(partner_id, question)
    page, last = ask(partner_id, question, limit, start, now, see)
    return _complete([summary_at(stored, now=now) for stored in page], in_full=in_full), last


_Page = tuple[list[StoredSummary], dict[str, Any] | None]
_Read = Callable[..., Iterator[StoredSummary]]
"""Reads the summaries of a partner's accounts, whole or as the partner sees them."""


def _by_creation(
    partner_id: str, question: Question, limit: int, start: dict[str, Any] | None, now: datetime, see: _Read
) -> _Page:
    """A page in the order of the index, of which only as much is read as the page needs."""
    rows = see(
        partner_id,
        descending=question.descending,
        start=start,
        page_size=None if question.filters.choose else limit + 1,
        searched=question.filters.searched,
    )
    page = list(islice(_chosen(rows, question.filters, now), limit + 1))
    return page[:limit], overview_rows.overview_key(page[limit - 1].account) if len(page) > limit else None


def _by_place(
    partner_id: str, question: Question, limit: int, start: dict[str, Any] | None, now: datetime, see: _Read
) -> _Page:
    """A page in any other order: all of the index is read, and the accounts that come next are picked."""
    asked_at = datetime.fromisoformat(start["asked_at"]) if start else now
    placed: Iterator[tuple[Place, StoredSummary]] = (
        (_place_of(stored, question.sort, asked_at), stored)
        for stored in _chosen(see(partner_id, searched=question.filters.searched), question.filters, asked_at)
    )
    if start is not None:
        value, name, account_id = start["after"]
        placed = _behind(placed, (value, name, account_id), descending=question.descending)
    first = nlargest if question.descending else nsmallest
    page = first(limit + 1, placed, key=itemgetter(0))
    last = {"after": page[limit - 1][0], "asked_at": asked_at.isoformat()} if len(page) > limit else None
    return [stored for _, stored in page[:limit]], last


def _seen_by_partner(partner_id: str, question: Question) -> _Read:
    """Reads summaries with what the partner may see of each. The partner is read only if its time zone matters."""
    zone = partners.get_partner(partner_id=partner_id).time_zone if question.filters.bound_days else "UTC"

    def see(partner_id: str, **order: Any) -> Iterator[StoredSummary]:
        for stored in overview_rows.summaries_of(partner_id, **order):
            account = as_partner_sees(stored.account, time_zone=zone)
            yield stored if account is stored.account else stored._replace(account=account)

    return see


def _place_of(stored: StoredSummary, sort: Sort, asked_at: datetime) -> Place:
    if sort is Sort.EXPIRES_AT:
        return place_by_end(stored.account, end_at(stored, now=asked_at))
    return place(stored.account, sort)


def _behind(
    placed: Iterable[tuple[Place, StoredSummary]], after: Place, *, descending: bool
) -> Iterator[tuple[Place, StoredSummary]]:
    return (each for each in placed if (each[0] < after if descending else each[0] > after))


def _chosen(rows: Iterable[StoredSummary], filters: Filters, now: datetime) -> Iterator[StoredSummary]:
    """The accounts that match the filters, with their periods as of ``now``."""
    if not filters.choose:
        return iter(rows)
    chosen = (stored for stored in rows if matches(stored.account, filters))
    if filters.bound_ends:
        chosen = (each for each in chosen if _ends_within(each, filters, now))
    return _with_metadata(chosen, filters) if filters.metadata else chosen


def _with_metadata(chosen: Iterator[StoredSummary], filters: Filters) -> Iterator[StoredSummary]:
    """The accounts with the metadata asked for; where it was too long for the index, the rows are read."""
    while some := list(islice(chosen, _ROWS_AT_ONCE)):
        rows = _rows(stored.account.id for stored in some if not stored.whole)
        for stored in some:
            if has_metadata(rows.get(stored.account.id, stored.account), filters.metadata):
                yield stored


def _ends_within(stored: StoredSummary, filters: Filters, now: datetime) -> bool:
    return ends_within(end_at(stored, now=now), filters, time_zone=stored.account.time_zone)


def _complete(shown: Sequence[AccountSummary], *, in_full: bool) -> list[Account]:
    """The accounts on a page; those that the index does not hold completely are read from the table."""
    rows = _rows(summary.account.id for summary in shown if not summary.certain or (in_full and not summary.whole))
    return [rows.get(summary.account.id) or whole(summary.account) for summary in shown]


def _rows(account_ids: Iterable[str]) -> Mapping[str, Account]:
    ids = list(account_ids)
    return account_rows.get_many(ids) if ids else {}
