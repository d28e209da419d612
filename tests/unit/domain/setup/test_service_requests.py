"""Where a service request can go from where it stands, and what a margin makes of a price (docs/rules.md §12)."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chalicelib.domain.money import Money
from chalicelib.domain.setup import service_requests as domain
from chalicelib.domain.setup.named_lists import NamedList
from chalicelib.domain.setup.service_requests import (
    MOST_OPEN,
    PriceChanged,
    RequestRefused,
    RequestStatus,
    ServiceRequest,
    TooManyRequests,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OPEN, QUOTED, ACCEPTED, DECLINED, WITHDRAWN, DONE = RequestStatus
MOVES = {
    "quote": lambda request: domain.quoted(request, price=Money(900, "USD"), note=""),
    "decline": lambda request: domain.declined(request, note=""),
    "finish": lambda request: domain.finished(request, note=""),
    "accept": lambda request: domain.accepted(request, price=1000),
    "withdraw": domain.withdrawn,
    "set_margin": lambda request: domain.with_margin(request, percent=Decimal(5)),
}
LEADS_TO = {
    ("quote", OPEN): QUOTED,
    ("quote", QUOTED): QUOTED,
    ("decline", OPEN): DECLINED,
    ("decline", QUOTED): DECLINED,
    ("decline", ACCEPTED): DECLINED,
    ("finish", ACCEPTED): DONE,
    ("accept", QUOTED): ACCEPTED,
    ("withdraw", OPEN): WITHDRAWN,
    ("withdraw", QUOTED): WITHDRAWN,
    ("set_margin", OPEN): OPEN,
    ("set_margin", QUOTED): QUOTED,
    ("set_margin", ACCEPTED): ACCEPTED,
}
THE_SAME_AGAIN = {("decline", DECLINED), ("finish", DONE), ("accept", ACCEPTED), ("withdraw", WITHDRAWN)}


def request(status: RequestStatus = OPEN, price: int | None = 1000, margin: str = "0") -> ServiceRequest:
    return ServiceRequest(
        id="sreq_1",
        partner_id="prt_1",
        account_id="acct_1",
        kind="design",
        description="Three mailings",
        created_at=NOW,
        updated_at=NOW,
        margin_percent=Decimal(margin),
        status=status,
        price=None if price is None or status is OPEN else Money(price, "USD"),
    )


@pytest.mark.parametrize("status", RequestStatus)
@pytest.mark.parametrize("move", MOVES)
def test_each_move_from_each_status(move: str, status: RequestStatus) -> None:
    before = request(status)

    if (move, status) in THE_SAME_AGAIN:
        assert MOVES[move](before) == before
    elif (move, status) in LEADS_TO:
        assert MOVES[move](before).status is LEADS_TO[move, status]
    else:
        with pytest.raises(RequestRefused):
            MOVES[move](before)


@pytest.mark.parametrize("status", RequestStatus)
def test_allowed_actions_are_those_that_lead_somewhere(status: RequestStatus) -> None:
    allowed = domain.possible(request(status), domain.PARTNERS + domain.VENDORS)

    assert {(action.value, status) for action in allowed} == {key for key in LEADS_TO if key[1] is status}


def test_a_refusal_says_where_it_stands_and_what_is_possible() -> None:
    with pytest.raises(RequestRefused) as refused:
        domain.accepted(request(OPEN), price=1000)

    assert refused.value.extra == {"request_status": "open", "allowed_actions": ["set_margin", "withdraw"]}
    assert refused.value.detail == (
        "sreq_1 is open; accept needs one that is quoted. Possible now: set_margin, withdraw."
    )


@pytest.mark.parametrize("status", [QUOTED, ACCEPTED])
@pytest.mark.parametrize("price", [999, 1001])
def test_no_other_price_is_accepted_than_the_one_that_is_quoted(status: RequestStatus, price: int) -> None:
    with pytest.raises(PriceChanged) as refused:
        domain.accepted(request(status), price=price)

    assert refused.value.extra == {"price": 1000}


@pytest.mark.parametrize(
    ("price", "margin", "billed"),
    [
        pytest.param(40000, "25", 50000, id="a quarter"),
        pytest.param(40000, "0", 40000, id="no margin"),
        pytest.param(0, "25", 0, id="free work stays free"),
        pytest.param(1000, "12.5", 1125, id="half a percent"),
        pytest.param(1, "49.999999", 1, id="just under half a cent is dropped"),
        pytest.param(1, "50", 2, id="half a cent is rounded up"),
        pytest.param(999_999_999_999, "1000", 10_999_999_999_989, id="the most there can be"),
    ],
)
def test_the_client_is_billed_the_price_and_the_margin_on_it(price: int, margin: str, billed: int) -> None:
    assert request(QUOTED, price, margin).client_price == Money(billed, "USD")


def test_without_a_quote_there_is_nothing_to_bill() -> None:
    assert request(OPEN, margin="25").client_price is None


def test_a_vendors_note_stays_unless_there_is_a_new_one() -> None:
    noted = replace(request(QUOTED), note="Ten days")

    assert domain.declined(noted, note="").note == "Ten days"
    assert domain.declined(noted, note="Too much").note == "Too much"


def test_so_many_wait_at_a_time_and_no_more() -> None:
    nearly = NamedList("prt_1", names={f"sreq_{number}x": "design" for number in range(MOST_OPEN - 1)})

    full = domain.with_another(nearly, request())

    assert len(full.names) == MOST_OPEN
    with pytest.raises(TooManyRequests):
        domain.with_another(full, replace(request(), id="sreq_2"))
