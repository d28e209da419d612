"""What becomes of a dispute, and what it leaves of its payment."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import disputes
from chalicelib.domain.disputes import Dispute, DisputeStatus, Reported
from chalicelib.domain.money import Money
from tests.builders import usd
from tests.proving import examples

NOW = datetime(2026, 5, 10, tzinfo=UTC)
REPORTED = Reported(
    processor="stripe",
    reference="du_1",
    payment="pi_1",
    payer="prt_1",
    charge_id="inv_1",
    amount=usd(4_900),
    reason="fraudulent",
    status=DisputeStatus.OPEN,
    opened_at=NOW,
    evidence_due=NOW + timedelta(days=14),
)


def after(status: DisputeStatus, before: Dispute | None = None, *, left: int = 4_900, **changes: Any) -> Dispute:
    now = changes.pop("now", NOW)
    reported = replace(REPORTED, status=status, **changes)
    return disputes.after(reported, before, left=usd(left), in_all=usd(left), account_id="acct_1", number=7, now=now)


OPEN = after(DisputeStatus.OPEN)
LATER = NOW + timedelta(days=20)


class TestADispute:
    def test_it_names_what_it_is_about(self) -> None:
        assert (OPEN.invoice_id, OPEN.bill_id, OPEN.purchase_id) == ("inv_1", None, None)
        assert (OPEN.is_open, OPEN.taken_back, OPEN.closed_at) == (True, None, None)

    def test_its_id_is_the_same_each_time_it_is_reported_and_another_for_another(self) -> None:
        assert OPEN.id == after(DisputeStatus.LOST).id
        assert OPEN.id != replace(REPORTED, reference="du_2").id
        assert OPEN.id.startswith("disp_")

    def test_looked_at_again_it_is_the_same(self) -> None:
        assert after(DisputeStatus.OPEN, OPEN, now=LATER) == OPEN

    @pytest.mark.parametrize(
        ("amount", "left", "taken"),
        [
            (usd(4_900), 4_900, 4_900),
            (usd(4_899), 4_900, 4_899),
            (usd(4_901), 4_900, 4_900),
            (usd(4_900), 1, 1),
            (usd(4_900), 0, None),
            (Money(4_111, "EUR"), 4_900, 4_900),
        ],
    )
    def test_a_lost_one_takes_its_amount_and_never_more_than_is_left(
        self, amount: Money, left: int, taken: int | None
    ) -> None:
        lost = after(DisputeStatus.LOST, OPEN, left=left, amount=amount, now=LATER)

        assert lost.taken_back == (usd(taken) if taken else None)
        assert lost.closed_at == LATER

    def test_what_it_took_stays_what_it_took(self) -> None:
        lost = after(DisputeStatus.LOST, OPEN, now=LATER)

        assert after(DisputeStatus.LOST, lost, left=0, now=LATER + timedelta(days=1)) == lost

    def test_one_that_is_opened_again_is_not_closed(self) -> None:
        again = after(DisputeStatus.OPEN, after(DisputeStatus.WON, OPEN, now=LATER))

        assert (again.status, again.closed_at) == ("open", None)


@pytest.mark.parametrize(
    ("before", "status", "events"),
    [
        (None, "open", ["dispute.opened"]),
        (None, "lost", ["dispute.opened", "dispute.lost"]),
        (None, "won", ["dispute.opened", "dispute.won"]),
        ("open", "open", []),
        ("open", "won", ["dispute.won"]),
        ("open", "lost", ["dispute.lost"]),
        ("lost", "lost", []),
        ("lost", "won", ["dispute.won"]),
        ("won", "lost", ["dispute.lost"]),
        ("won", "open", ["dispute.opened"]),
    ],
)
def test_each_change_is_published_once(before: str | None, status: str, events: list[str]) -> None:
    was = after(DisputeStatus(before)) if before else None

    assert list(disputes.events(was, after(DisputeStatus(status), was))) == events


class TestOfAPayment:
    def test_the_newest_open_one_is_shown_or_else_the_newest(self) -> None:
        older = OPEN.noted
        newer = replace(older, id="disp_2", opened_at=LATER, status=DisputeStatus.WON)

        assert disputes.shown(()) is None
        assert disputes.shown((older, newer)) == older
        assert disputes.shown((replace(older, status=DisputeStatus.LOST), newer)) == newer

    def test_only_an_open_one_that_is_no_inquiry_blocks_refunds(self) -> None:
        assert disputes.blocks_refunds((OPEN.noted,))
        assert not disputes.blocks_refunds((replace(OPEN.noted, refundable=True),))
        assert not disputes.blocks_refunds((after(DisputeStatus.LOST).noted, after(DisputeStatus.WON).noted))

    def test_it_names_each_once_in_the_order_they_were_opened(self) -> None:
        second = replace(OPEN, id="disp_2", opened_at=LATER)

        both = disputes.noted((second.noted,), OPEN)
        lost = disputes.noted(both, after(DisputeStatus.LOST, OPEN))

        assert [each.id for each in lost] == [OPEN.id, "disp_2"]
        assert disputes.taken_back(lost, currency="USD") == usd(4_900)


@settings(max_examples=examples(25, prove=500))
@given(st.lists(st.tuples(st.sampled_from(DisputeStatus), st.integers(0, 6_000)), max_size=12))
def test_whatever_is_reported_in_whatever_order_the_cards_part_is_never_negative(
    reports: list[tuple[DisputeStatus, int]],
) -> None:
    dispute: Dispute | None = None
    left = usd(4_900)
    for status, amount in reports:
        taken_before = (dispute.taken_back if dispute else None) or usd(0)
        dispute = after(status, dispute, left=left.amount, amount=usd(amount))
        left -= (dispute.taken_back or usd(0)) - taken_before
        assert usd(0) <= left <= usd(4_900)
    if dispute is None or dispute.status is not DisputeStatus.LOST:
        assert left == usd(4_900)
