"""The event log by type: rare types come from their index, what every renewal writes from the log itself."""

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from chalicelib.domain.events.events import Event
from chalicelib.domain.ids import event_id
from chalicelib.models.events import events as event_rows
from chalicelib.models.events.events import EventRow

pytestmark = pytest.mark.usefixtures("aws")

PARTNER, OTHER = "prt_01KGA92TC0KTJ6NFKNPR4TMRWE", "prt_01KGA92TC0KTJ6NFKNPR4TMRWF"
START = datetime(2026, 3, 1, tzinfo=UTC)
TYPES = ("account.renewed", "invoice.paid", "account.canceled", "account.renewed", "account.renewal_upcoming")


def logged(types: tuple[str, ...] = TYPES * 3, *, partner_id: str = PARTNER) -> list[Event]:
    events = []
    for number, type in enumerate(types):
        at, account = START + timedelta(minutes=number), f"acct_{number % 2}"
        id = event_id(at=at, revision=1, source=f"{partner_id}{number}")
        events.append(Event(id, partner_id, type, at, actor="schedule:renewals", account_id=account))
    event_rows.save(events, kept_days=400)
    return events[::-1]


def listed(limit: int = 50, **filters: Any) -> list[Event]:
    asked: dict[str, Any] = {"partner_id": PARTNER, "account_id": None, "type": None, **filters}
    found, start, pages = [], None, 0
    while pages == 0 or start is not None:
        page, start = event_rows.newest(**asked, limit=limit, start=start)
        assert len(page) <= limit
        found, pages = found + page, pages + 1
    return found


@pytest.mark.parametrize("type", sorted({*TYPES, "account.updated"}))
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_each_type_is_found_newest_first(type: str, limit: int) -> None:
    events = logged()
    logged(partner_id=OTHER)

    assert listed(limit, type=type) == [event for event in events if event.type == type]


def test_a_type_of_an_account_is_found() -> None:
    events = logged()

    found = listed(2, type="account.renewed", account_id="acct_1")
    assert found == [event for event in events if (event.type, event.account_id) == ("account.renewed", "acct_1")]


def test_only_rare_types_are_in_the_index_of_types() -> None:
    logged()

    indexed = {row.type for type in set(TYPES) for row in EventRow.by_type.query(f"{PARTNER}#{type}")}
    assert indexed == {"account.canceled"}


def test_a_page_may_be_empty_though_others_follow() -> None:
    events = logged(("invoice.paid", *["account.canceled"] * 250))

    with patch.object(event_rows, "_EXAMINED", 100):
        page, start = event_rows.newest(partner_id=PARTNER, account_id=None, type="invoice.paid", limit=10, start=None)
        assert page == []
        assert start is not None
        assert listed(10, type="invoice.paid") == [events[-1]]
