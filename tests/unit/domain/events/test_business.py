"""What the business dashboard counts."""

from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.events import business
from chalicelib.domain.events.events import Event


def event(type_: str, **data: Any) -> Event:
    return Event("evt_1", "prt_1", type_, datetime(2027, 1, 1, tzinfo=UTC), "key", data=data)


def test_events_are_counted_by_type_and_most_types_not_at_all() -> None:
    told = [event("account.created"), event("account.updated"), event("account.created"), event("top_up.declined")]

    assert business.counts(told) == {"AccountsCreated": 2, "TopUpsDeclined": 1}


def test_what_was_paid_adds_up_by_currency_and_a_bill_counts_once() -> None:
    told = [
        event("invoice.paid", currency="USD", total=3920),
        event("invoice.billed", currency="USD", total=1000),
        event("bill.paid", currency="USD", total=1000),
        event("invoice.paid", currency="EUR", total=80),
    ]

    assert business.amounts_paid(told) == {"USD": 4920, "EUR": 80}
