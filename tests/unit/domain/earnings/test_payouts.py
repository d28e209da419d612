"""What becomes of a payout, by what the processor tells of its items (docs/rules.md §10)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.calendar import next_day_of_month
from chalicelib.domain.earnings import payouts
from chalicelib.domain.earnings.payees import Payee, with_address
from chalicelib.domain.earnings.payout_causes import BATCH_DENIED, Advice, Cause, cause_of
from chalicelib.domain.earnings.payout_items import ItemStatus, differing
from chalicelib.domain.earnings.payouts import Payout, PayoutStatus
from chalicelib.domain.money import Money
from tests.builders import usd

NOW = datetime(2026, 5, 15, 4, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def a_payout(amount: int = 5_000) -> Payout:
    """A payout that is about to be gathered."""
    return Payout(
        id=payouts.payout_id("prt_1", run_on=NOW.date()),
        partner_id="prt_1",
        run_id="prun_1",
        run_on=NOW.date(),
        status=PayoutStatus.SCHEDULED,
        amount=usd(amount),
        created_at=NOW,
        updated_at=NOW,
        payable_on=NOW.date(),
        gathered=amount,
    )


def sent(amount: int = 5_000, *, most: int = 2_000_000) -> Payout:
    ready = payouts.frozen(a_payout(amount))
    return payouts.about_to_be_sent(ready, recipient="a@b.example", most=most, now=NOW)


def told(*statuses: ItemStatus, code: str | None = None, now: datetime = NOW) -> Payout:
    """A payout in as many items, each of which has this status."""
    payout = payouts.accepted(sent(100 * len(statuses), most=100), "batch", now=NOW)
    states = {
        item.id: replace(item, status=status, code=code) for item, status in zip(payout.items, statuses, strict=True)
    }
    return payouts.with_states(payout, states, now=now)


@pytest.mark.parametrize(
    ("after", "day", "following"),
    [
        (date(2026, 5, 14), 15, date(2026, 5, 15)),
        (date(2026, 5, 15), 15, date(2026, 6, 15)),
        (date(2026, 1, 31), 31, date(2026, 2, 28)),
        (date(2026, 2, 28), 31, date(2026, 3, 31)),
        (date(2028, 2, 28), 31, date(2028, 2, 29)),
        (date(2028, 2, 29), 30, date(2028, 3, 30)),
        (date(2026, 12, 15), 15, date(2027, 1, 15)),
        (date(2026, 4, 30), 1, date(2026, 5, 1)),
    ],
)
def test_the_next_payout_day_is_the_last_of_a_shorter_month(after: date, day: int, following: date) -> None:
    assert next_day_of_month(after=after, day=day) == following


PAYEE = Payee("prt_1", "a@b.example", set_at=NOW - 72 * HOUR)


@pytest.mark.parametrize(
    ("payee", "suspended", "cause"),
    [
        pytest.param(PAYEE, False, None, id="72 hours old"),
        pytest.param(
            replace(PAYEE, set_at=NOW - 72 * HOUR + timedelta(seconds=1)), False, Cause.NEW_ADDRESS, id="newer"
        ),
        pytest.param(Payee("prt_1"), False, Cause.NO_ADDRESS, id="no address"),
        pytest.param(replace(PAYEE, is_shared=True), False, Cause.SHARED_ADDRESS, id="shared"),
        pytest.param(replace(PAYEE, cannot_receive=True), False, Cause.FAILED_BEFORE, id="failed before"),
        pytest.param(PAYEE, True, Cause.SUSPENDED, id="suspended"),
    ],
)
def test_what_keeps_a_payout_from_being_sent(payee: Payee, suspended: bool, cause: Cause | None) -> None:
    assert payouts.hindrance(payee, suspended=suspended, hold_hours=72, now=NOW) is cause


def test_another_address_may_work_again() -> None:
    failed = replace(PAYEE, cannot_receive=True)

    assert with_address(failed, "c@d.example", others=frozenset(), now=NOW).cannot_receive is False
    assert with_address(failed, "a@b.example", others=frozenset(), now=NOW).cannot_receive is True


@pytest.mark.parametrize(
    ("amount", "cause"),
    [
        (5_000, None),
        (4_999, Cause.BELOW_MINIMUM),
        (0, Cause.BELOW_MINIMUM),
        (-1, Cause.OWED),
    ],
)
def test_what_is_too_little(amount: int, cause: Cause | None) -> None:
    assert payouts.too_little(usd(amount), minimum=5_000) is cause


P, S, U, H = ItemStatus.PROCESSING, ItemStatus.PAID, ItemStatus.UNCLAIMED, ItemStatus.HELD
R, F, B, REFUNDED, REVERSED = (
    ItemStatus.RETURNED,
    ItemStatus.FAILED,
    ItemStatus.BLOCKED,
    ItemStatus.REFUNDED,
    ItemStatus.REVERSED,
)


@pytest.mark.parametrize(
    ("items", "status", "back"),
    [
        ((S,), PayoutStatus.PAID, 0),
        ((P,), PayoutStatus.SENT, 0),
        ((H,), PayoutStatus.SENT, 0),
        ((U,), PayoutStatus.UNCLAIMED, 0),
        ((R,), PayoutStatus.RETURNED, 100),
        ((REFUNDED,), PayoutStatus.RETURNED, 100),
        ((F,), PayoutStatus.FAILED, 100),
        ((B,), PayoutStatus.FAILED, 100),
        ((REVERSED,), PayoutStatus.PAID, 100),
        ((S, P), PayoutStatus.SENT, 0),
        ((U, P), PayoutStatus.SENT, 0),
        ((S, U), PayoutStatus.UNCLAIMED, 0),
        ((S, F), PayoutStatus.FAILED, 100),
        ((R, U), PayoutStatus.UNCLAIMED, 100),
        ((R, F), PayoutStatus.FAILED, 200),
        ((S, R), PayoutStatus.RETURNED, 100),
    ],
)
def test_items_decide_the_status_and_what_is_given_back(
    items: tuple[ItemStatus, ...], status: PayoutStatus, back: int
) -> None:
    payout = told(*items)

    assert payout.status is status
    assert sum(money.amount for money in payouts.given_back(sent(100 * len(items), most=100), payout).values()) == back
    assert (payout.look_at is None) is all(item.is_given_back for item in items)
    assert (payout.paid_at is not None) is (status is PayoutStatus.PAID)


@pytest.mark.parametrize("later", [S, P, U, REVERSED, F])
def test_what_was_given_back_is_given_back_once_whatever_is_told_later(later: ItemStatus) -> None:
    returned = told(R, code="RECEIVER_UNREGISTERED")

    again = payouts.with_states(
        returned, {item.id: replace(item, status=later) for item in returned.items}, now=NOW + DAY
    )

    assert (again.status, again.items) == (PayoutStatus.RETURNED, returned.items)
    assert payouts.given_back(returned, again) == {}


def test_a_refusal_is_believed_only_if_no_answer_was_lost_before() -> None:
    first = sent()

    refused = payouts.refused(first, "INSUFFICIENT_FUNDS", now=NOW)
    assert (refused.status, refused.cause) == (PayoutStatus.FAILED, Cause.VENDOR)
    assert payouts.given_back(first, refused) == {Cause.VENDOR: usd(5_000)}

    second = payouts.asked_again(first, now=NOW + HOUR)
    assert payouts.refused(second, "INSUFFICIENT_FUNDS", now=NOW + HOUR) == second


def test_a_batch_is_sent_again_for_29_days_and_never_later() -> None:
    payout = sent()
    assert payouts.asked_again(payout, now=NOW + 29 * DAY - timedelta(seconds=1)).asks == 2

    undecided = payouts.asked_again(payout, now=NOW + 29 * DAY)
    assert (undecided.asks, undecided.look_at, undecided.is_undecided) == (1, None, True)
    given_up = payouts.given_up(undecided, now=NOW + 30 * DAY)
    assert (given_up.status, given_up.cause) == (PayoutStatus.FAILED, Cause.OPERATOR)
    assert not given_up.is_undecided


def test_a_denied_batch_has_paid_nothing() -> None:
    payout = payouts.accepted(sent(300, most=100), "batch", now=NOW)

    denied = payouts.denied(payout, now=NOW)

    assert denied.status is PayoutStatus.FAILED
    assert {item.code for item in denied.items} == {BATCH_DENIED}
    assert payouts.given_back(payout, denied) == {Cause.VENDOR: usd(300)}


@pytest.mark.parametrize(
    ("age", "undecided"), [(29 * DAY - timedelta(seconds=1), False), (29 * DAY, True), (100 * DAY, True)]
)
@pytest.mark.parametrize("items", [(P,), (S, P), (F, P)])
def test_what_is_still_processed_after_29_days_an_operator_may_decide_and_it_is_asked_about_further(
    items: tuple[ItemStatus, ...], age: timedelta, undecided: bool
) -> None:
    payout = told(*items, now=NOW + age)

    assert (payout.is_undecided, payout.look_at) == (undecided, NOW + age + DAY)
    decided = payouts.with_states(payout, {item.id: replace(item, status=S) for item in payout.items}, now=NOW + age)
    assert not decided.is_undecided


def test_what_is_under_review_is_known_and_waits() -> None:
    assert told(H, now=NOW + 100 * DAY).cause is Cause.UNDER_REVIEW


def test_only_what_is_still_processed_is_given_up() -> None:
    undecided = told(S, P, H, now=NOW + 29 * DAY)

    given_up = payouts.given_up(undecided, now=NOW + 29 * DAY)

    assert [item.status for item in given_up.items] == [S, F, H]
    assert payouts.given_back(undecided, given_up) == {Cause.OPERATOR: usd(100)}


@pytest.mark.parametrize("other", [usd(99), usd(101), Money(100, "EUR")])
def test_nothing_is_believed_of_an_item_with_another_amount(other: Money) -> None:
    payout = told(P, P)
    first, second = (replace(item, status=S) for item in payout.items)

    after = payouts.with_states(payout, {first.id: replace(first, amount=other), second.id: second}, now=NOW)

    assert [(item.status, item.amount) for item in after.items] == [(P, usd(100)), (S, usd(100))]
    assert after.status is PayoutStatus.SENT
    assert differing(payout.items, {first.id: replace(first, amount=other), second.id: second}) == [first.id]


@pytest.mark.parametrize("items", [(S, F), (S, R), (S, REVERSED)])
@pytest.mark.parametrize("is_marked", [False, True])
def test_what_was_paid_is_watched_whatever_became_of_other_items(
    items: tuple[ItemStatus, ...], is_marked: bool
) -> None:
    payout = told(*items)
    if is_marked:
        payout = payouts.paid_otherwise(payout, "wire", now=NOW)
    assert payout.is_with_processor
    assert payout.look_at == NOW + payouts.LOOKED_AT_AGAIN

    after = payouts.with_states(payout, {payout.items[0].id: replace(payout.items[0], status=REVERSED)}, now=NOW + DAY)

    assert payouts.given_back(payout, after) == {Cause.REVERSED: usd(100)}
    assert after.status is payout.status
    assert (after.is_with_processor, after.look_at) == (False, None)


def test_what_an_operator_decided_as_paid_stays_that() -> None:
    undecided = told(S, P, now=NOW + 29 * DAY)
    marked = payouts.paid_otherwise(undecided, "looked up", now=NOW + 29 * DAY)

    after = payouts.with_states(marked, {item.id: replace(item, status=F) for item in marked.items}, now=NOW + 30 * DAY)

    assert (after.status, [item.status for item in after.items]) == (PayoutStatus.PAID, [F, P])


def test_each_item_is_unclaimed_since_it_was_first_seen_to_be() -> None:
    payout = told(U, P, now=NOW + 20 * DAY)

    after = payouts.with_states(payout, {item.id: replace(item, status=U) for item in payout.items}, now=NOW + 21 * DAY)

    assert [item.unclaimed_at for item in after.items] == [NOW + 20 * DAY, NOW + 21 * DAY]
    claimed = payouts.with_states(after, {item.id: replace(item, status=S) for item in after.items}, now=NOW + 22 * DAY)
    assert [item.unclaimed_at for item in claimed.items] == [None, None]


def test_a_report_makes_up_for_a_lost_answer_and_changes_no_decision() -> None:
    later = NOW + 30 * DAY
    undecided = payouts.asked_again(sent(), now=NOW + 29 * DAY)
    paid = replace(undecided.items[0], status=S)
    assert not payouts.is_paid_although_given_back(undecided, paid)

    found = payouts.reported(undecided, paid, "batch", now=later)
    assert (found.reference, found.look_at, found.is_with_processor) == ("batch", later, True)
    assert payouts.reported(found, paid, "batch", now=later) == found

    given_up = payouts.given_up(undecided, now=NOW + 29 * DAY)
    assert payouts.is_paid_although_given_back(given_up, paid)
    noted = payouts.reported(given_up, paid, "batch", now=later)
    assert noted == replace(given_up, reference="batch", updated_at=later)
    assert payouts.reported(noted, replace(paid, id="pay_other-1"), "batch", now=later) == noted


@pytest.mark.parametrize(
    ("age", "wait"),
    [(timedelta(0), timedelta(minutes=5)), (HOUR, HOUR), (23 * HOUR, HOUR), (DAY, DAY), (20 * DAY, DAY)],
)
def test_the_processor_is_asked_often_at_first_then_daily(age: timedelta, wait: timedelta) -> None:
    assert told(P, now=NOW + age).look_at == NOW + age + wait


def test_a_paid_payout_is_looked_at_once_more() -> None:
    paid = told(S)
    assert paid.look_at == NOW + payouts.LOOKED_AT_AGAIN

    later = NOW + payouts.LOOKED_AT_AGAIN
    assert payouts.with_states(paid, {}, now=later).look_at is None
    assert payouts.unanswered(paid, now=later).look_at == later + DAY
    assert payouts.unanswered(told(P), now=NOW).look_at == NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("code", "cause", "advice"),
    [
        ("RECEIVER_UNREGISTERED", Cause.UNREGISTERED, Advice.FIX),
        ("RECEIVER_UNCONFIRMED", Cause.UNCONFIRMED, Advice.FIX),
        ("RECEIVER_ACCOUNT_LOCKED", Cause.CANNOT_RECEIVE, Advice.USE_ANOTHER_ACCOUNT),
        ("INSUFFICIENT_FUNDS", Cause.VENDOR, Advice.WAIT),
        ("SOMETHING_NEW", Cause.OTHER, Advice.WAIT),
        (None, Cause.OTHER, Advice.WAIT),
    ],
)
def test_the_processors_codes_are_put_into_words_with_advice(code: str | None, cause: Cause, advice: Advice) -> None:
    assert (cause_of(code), cause.advice) == (cause, advice)
    assert all(each.in_words.endswith(".") for each in Cause)
    assert told(F, code=code).cause is cause


@given(amount=st.integers(1, 10_000_000), most=st.integers(1_000, 2_000_000))
def test_items_add_up_to_the_payout_and_none_is_too_large(amount: int, most: int) -> None:
    payout = sent(amount, most=most)

    assert sum(item.amount.amount for item in payout.items) == amount
    assert all(0 < item.amount.amount <= most for item in payout.items)
    assert len({item.id for item in payout.items}) == len(payout.items)


def test_payouts_sort_by_their_days_and_a_day_has_one() -> None:
    days = [date(2026, 5, 15), date(2026, 6, 15), date(2027, 1, 1)]
    ids = [payouts.payout_id("prt_1", run_on=day) for day in days]

    assert sorted(ids) == ids
    assert ids[0] == payouts.payout_id("prt_1", run_on=days[0]) != payouts.payout_id("prt_2", run_on=days[0])
    assert len(f"{ids[0]}-100") <= 63  # PayPal takes no longer id of an item
