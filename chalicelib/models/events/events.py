"""The event log, kept for a limited time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.pagination import ResultIterator

from chalicelib.config import TableName
from chalicelib.domain.events.events import Event
from chalicelib.models import pages
from chalicelib.models.base import InstantAttribute, Row

_OF_EVERY_RENEWAL = frozenset({"account.renewal_upcoming", "account.renewed", "invoice.paid"})
"""Most entries of a log are of these types. An index of them would cost a third of their writing, and spare little
reading: who asks for one of them reads the log itself, which is full of them."""
_EXAMINED = 5_000
"""Where a type is looked for in the log itself: so many entries at most."""


class AccountIndex(GlobalSecondaryIndex[Any]):
    """The events of one account."""

    class Meta:
        index_name = "by_account"
        projection = AllProjection()

    account_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class TypeIndex(GlobalSecondaryIndex[Any]):
    """A partner's events of one type. Those that every renewal writes are not in it (see ``_OF_EVERY_RENEWAL``)."""

    class Meta:
        index_name = "by_type"
        projection = AllProjection()

    partner_type = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class EventRow(Row[Event]):
    holds = Event

    class Meta:
        table_name = TableName("events_table")

    partner_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    type = UnicodeAttribute()
    at = InstantAttribute()
    actor = UnicodeAttribute()
    account_id = UnicodeAttribute(null=True)
    before = JSONAttribute(null=True)
    after = JSONAttribute(null=True)
    data = JSONAttribute(null=True)
    partner_type = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()

    by_account = AccountIndex()
    by_type = TypeIndex()


def save(events: Sequence[Event], *, kept_days: int) -> None:
    """Write events. An event that exists already is overwritten with itself: its id derives from its change."""
    with EventRow.batch_write() as batch:
        for event in events:
            batch.save(
                EventRow.of(
                    event,
                    partner_type=None if event.type in _OF_EVERY_RENEWAL else f"{event.partner_id}#{event.type}",
                    expires_at=int(event.at.timestamp()) + kept_days * 86_400,
                )
            )


def of_image(image: Mapping[str, Any]) -> Event:
    """The event in a row's stream image."""
    return EventRow.from_raw_data(dict(image)).value()


def get_many(partner_id: str, event_ids: Iterable[str]) -> dict[str, Event]:
    """A partner's events by their ids; those no longer in the log are missing."""
    keys = [(partner_id, event_id) for event_id in set(event_ids)]
    return {row.id: row.value() for row in EventRow.batch_get(keys, consistent_read=True)} if keys else {}


def newest(
    *,
    partner_id: str,
    account_id: str | None,
    type: str | None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Event], dict[str, Any] | None]:
    """A partner's events, newest first: all, of one type, of one account, or of both.

    Of a type that every renewal writes a page may be short, or empty, though others follow.
    """
    if account_id is None and type in _OF_EVERY_RENEWAL:
        at_once = max(100, 4 * limit)
        rows = EventRow.query(
            partner_id,
            filter_condition=EventRow.type == type,
            scan_index_forward=False,
            page_size=at_once,
            last_evaluated_key=start,
        )
        return pages.searched(EventRow, rows, limit=limit, requests=_EXAMINED // at_once)
    rows = _query(partner_id=partner_id, account_id=account_id, type=type, page_size=limit + 1, start=start)
    return pages.page_of(rows, limit)


def _query(
    *, partner_id: str, account_id: str | None, type: str | None, page_size: int, start: dict[str, Any] | None
) -> ResultIterator[EventRow]:
    if account_id is not None:
        theirs = EventRow.partner_id == partner_id
        return EventRow.by_account.query(
            account_id,
            filter_condition=theirs if type is None else theirs & (EventRow.type == type),
            scan_index_forward=False,
            page_size=page_size,
            last_evaluated_key=start,
        )
    if type is not None:
        return EventRow.by_type.query(
            f"{partner_id}#{type}", scan_index_forward=False, page_size=page_size, last_evaluated_key=start
        )
    return EventRow.query(partner_id, scan_index_forward=False, page_size=page_size, last_evaluated_key=start)
