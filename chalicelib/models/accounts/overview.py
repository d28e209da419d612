"""The overview index: a partner's accounts as summaries, and what is found in it (docs/decisions/overview.md)."""

from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from itertools import groupby
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.pagination import ResultIterator

from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.accounts.summaries import StoredSummary
from chalicelib.models.accounts import house_shards, summaries
from chalicelib.models.accounts.accounts import SUMMARY, AccountRow, OverviewIndex


def summaries_of(
    partner_id: str,
    *,
    descending: bool = False,
    start: dict[str, Any] | None = None,
    page_size: int | None = None,
    searched: str | None = None,
) -> Iterator[StoredSummary]:
    """The summaries of all accounts of a partner, as the overview index stores them, by creation, page by page.

    :func:`domain.accounts.summaries.summary_at` gives their state at a moment. An account that waits for its first
    charge is left out. So are accounts none of whose texts has the one that is ``searched``, in small letters; but only
    those about which that is known without reading their fields.
    """
    items = index_items(partner_id, descending=descending, start=start, page_size=page_size)
    needle = None if searched is None else summaries.searchable(searched)
    for item in items:
        packed = summaries.opened(item[SUMMARY]["S"], id=item["id"]["S"])
        if needle is None or packed.may_have(needle):
            stored = _unpacked(item, packed)
            if stored.account.status is not Status.PENDING:
                yield stored


Item = Mapping[str, Mapping[str, Any]]
"""What the overview index has of an account, as DynamoDB gives it: a list may read 10,000 of them."""


def index_items(
    partner_id: str,
    *,
    descending: bool = False,
    start: dict[str, Any] | None = None,
    page_size: int | None = None,
) -> Iterator[Item]:
    """A partner's part of the overview index by creation, behind ``start``; a house's is in several partitions."""

    def query(place: str, since: Condition | None, start: dict[str, Any] | None) -> ResultIterator[Item]:
        asked = {
            "range_key_condition": since,
            "index_name": OverviewIndex.Meta.index_name,
            "exclusive_start_key": start,
            "scan_index_forward": not descending,
            "limit": page_size,
        }
        return ResultIterator(AccountRow._get_connection().query, (place,), asked)

    places = house_shards.places_of(partner_id)
    if len(places) == 1:
        return query(partner_id, None, start)
    behind, since = None, None
    if start is not None:
        behind = _place(start)
        created_at = AccountRow.created_at.deserialize(behind[0])
        since = AccountRow.created_at <= created_at if descending else AccountRow.created_at >= created_at
    merged = merge(
        *(_by_place(query(place, since, None), descending=descending) for place in places),
        key=_place,
        reverse=descending,
    )
    return (
        item for item in merged if behind is None or (_place(item) < behind if descending else _place(item) > behind)
    )


def _by_place(items: Iterable[Item], *, descending: bool) -> Iterator[Item]:
    """Items by creation; those created at the same instant by their ids."""
    for _, same in groupby(items, key=lambda item: item["created_at"]["S"]):
        yield from sorted(same, key=_place, reverse=descending)


def _place(item: Item) -> tuple[str, str]:
    return item["created_at"]["S"], item["id"]["S"]


def unpacked(item: Item) -> StoredSummary:
    """The account summary that the overview index has."""
    return _unpacked(item, item[SUMMARY]["S"])


def _unpacked(item: Item, packed: str | summaries.Opened) -> StoredSummary:
    return summaries.unpack(
        packed,
        id=item["id"]["S"],
        partner_id=house_shards.partner_of(item["partner_id"]["S"]),
        created_at=item["created_at"]["S"],
    )


def overview_key(account: Account) -> dict[str, Any]:
    """The position of an account in the overview index, from which a list continues."""
    return {
        "id": {"S": account.id},
        "partner_id": {"S": account.partner_id},
        "created_at": {"S": AccountRow.created_at.serialize(account.created_at)},
    }


def paid_by(partner_id: str, profile_id: str) -> list[str]:
    """The ids of the partner's accounts that a billing profile may still have to pay for."""
    ended = (Status.EXPIRED, Status.ARCHIVED)
    return [account.id for account in _with_profile(partner_id, profile_id) if account.status not in ended]


def past_due(partner_id: str, profile_id: str) -> list[str]:
    """The ids of the partner's accounts with an open invoice that a billing profile has to pay."""
    return [account.id for account in _with_profile(partner_id, profile_id) if account.overdue is not None]


def _with_profile(partner_id: str, profile_id: str) -> Iterator[Account]:
    """The partner's accounts, pending ones too, that name a billing profile."""
    accounts = (unpacked(item).account for item in index_items(partner_id))
    return (account for account in accounts if account.billing_profile_id == profile_id)
