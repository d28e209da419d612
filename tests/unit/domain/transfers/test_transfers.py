"""A request to move an account: who answers it, until when, and how it ends (docs/rules.md §9)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.transfers import transfers
from chalicelib.domain.transfers.transfers import (
    AlreadyAnswered,
    Direction,
    Letter,
    Transfer,
    TransferRefused,
    TransferStatus,
)
from tests.builders import NOW, agency

END = datetime(2026, 3, 2, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OPEN = (TransferStatus.WAITING_FOR_OWNER, TransferStatus.WAITING_FOR_OPERATOR)


def make_transfer(**overrides: Any) -> Transfer:
    """A request in, of 31 January, which waits for the owner's answer."""
    fields: dict[str, Any] = {
        "id": "xfer_1",
        "partner_id": "prt_2",
        "direction": Direction.IN,
        "status": TransferStatus.WAITING_FOR_OWNER,
        "email": "owner@acme.example",
        "account_name": "acme",
        "created_at": NOW,
        "updated_at": NOW,
        "expires_at": END,
        "letters": (Letter.OWNER_LINK,),
        "mail_at": NOW,
    }
    return Transfer(**fields | overrides)


def agreed(transfer: Transfer, now: datetime = NOW) -> Transfer:
    return transfers.agreed(transfer, account_id="acct_1", from_partner_id="prt_1", now=now)


@pytest.mark.parametrize(
    ("time_zone", "lapses_at"),
    [
        pytest.param("UTC", datetime(2026, 3, 2, tzinfo=UTC), id="31 January and 30 days are 2 March"),
        pytest.param("America/Chicago", datetime(2026, 3, 2, 6, tzinfo=UTC), id="where the partner is"),
        pytest.param("Pacific/Auckland", datetime(2026, 3, 2, 11, tzinfo=UTC), id="where it is tomorrow already"),
    ],
)
def test_a_request_lapses_when_the_local_date_thirty_days_later_begins(time_zone: str, lapses_at: datetime) -> None:
    partner = Partner("prt_2", "Bright", "agency", "a@b.example", "US", time_zone, "USD", NOW, NOW)

    assert transfers.expires_at(partner=partner, program=agency(), now=NOW) == lapses_at


@pytest.mark.parametrize(
    ("transfer", "due_at"),
    [
        pytest.param(make_transfer(), NOW, id="a mail is sent at once"),
        pytest.param(make_transfer(mail_at=NOW + SECOND), NOW + SECOND, id="or when it may be"),
        pytest.param(make_transfer(letters=()), END, id="then it lapses"),
        pytest.param(make_transfer(status=TransferStatus.WAITING_FOR_OPERATOR, letters=()), END, id="agreed"),
        pytest.param(make_transfer(status=TransferStatus.COMPLETED), NOW, id="completed, with mails to the client"),
        pytest.param(make_transfer(mail_at=END + SECOND), END, id="a mail that has to wait does not delay the lapse"),
        *(
            pytest.param(make_transfer(status=status, letters=()), None, id=f"{status}: nothing is left to do")
            for status in TransferStatus
            if status not in OPEN
        ),
    ],
)
def test_its_alarm_is_its_next_mail_or_its_lapse(transfer: Transfer, due_at: datetime | None) -> None:
    assert transfers.due_at(transfer) == due_at


def test_an_owner_that_agrees_hands_it_to_an_operator_and_gets_no_other_mail() -> None:
    after = agreed(make_transfer())

    assert (after.status, after.account_id, after.from_partner_id) == (
        TransferStatus.WAITING_FOR_OPERATOR,
        "acct_1",
        "prt_1",
    )
    assert after.letters == ()


def test_the_same_answer_again_changes_nothing() -> None:
    confirmed = agreed(make_transfer())
    declined = transfers.declined(make_transfer(), now=NOW)

    assert agreed(confirmed, NOW + SECOND) == confirmed
    assert transfers.declined(declined, now=NOW + SECOND) == declined


@pytest.mark.parametrize("status", [status for status in TransferStatus if status not in OPEN])
def test_a_request_that_has_ended_takes_no_other_answer(status: TransferStatus) -> None:
    transfer = make_transfer(status=status)

    with pytest.raises(AlreadyAnswered):
        agreed(transfer)
    if status is not TransferStatus.DECLINED:
        with pytest.raises(AlreadyAnswered):
            transfers.declined(transfer, now=NOW)


def test_an_owner_that_has_agreed_does_not_decline_any_more() -> None:
    with pytest.raises(AlreadyAnswered, match="agreed already"):
        transfers.declined(agreed(make_transfer()), now=NOW)


def test_an_answer_counts_until_the_second_before_the_lapse() -> None:
    assert agreed(make_transfer(), END - SECOND).status is TransferStatus.WAITING_FOR_OPERATOR
    with pytest.raises(AlreadyAnswered) as refused:
        agreed(make_transfer(), END)
    assert refused.value.extra == {"transfer_status": TransferStatus.LAPSED}


@pytest.mark.parametrize("status", list(TransferStatus))
def test_only_an_open_request_is_withdrawn_or_rejected(status: TransferStatus) -> None:
    transfer = make_transfer(status=status)

    if status in OPEN:
        transfers.refuse_unless_open(transfer, now=END - SECOND)
        with pytest.raises(TransferRefused):
            transfers.refuse_unless_open(transfer, now=END)
    else:
        with pytest.raises(TransferRefused, match=status):
            transfers.refuse_unless_open(transfer, now=NOW)


def test_an_operator_waits_for_the_owner() -> None:
    with pytest.raises(TransferRefused, match="owner first"):
        transfers.refuse_unless_waiting_for_operator(make_transfer(), now=NOW)

    transfers.refuse_unless_waiting_for_operator(agreed(make_transfer()), now=END - SECOND)
    with pytest.raises(TransferRefused, match="lapsed"):
        transfers.refuse_unless_waiting_for_operator(agreed(make_transfer()), now=END)


@pytest.mark.parametrize(
    ("transfer", "client_pays"),
    [
        (make_transfer(direction=Direction.OUT), True),
        (make_transfer(relationship=Relationship.REFERRED), True),
        (make_transfer(relationship=Relationship.MANAGED), False),
    ],
)
def test_the_client_pays_after_a_removal_and_where_it_is_referred(transfer: Transfer, client_pays: bool) -> None:
    assert transfer.client_will_pay is client_pays


def test_a_request_that_has_ended_writes_to_nobody() -> None:
    ended = transfers.ended(make_transfer(), TransferStatus.WITHDRAWN, now=NOW)

    assert transfers.due_at(ended) is None
    assert replace(ended, letters=(Letter.OWNER_LINK,)).mail_at is None
