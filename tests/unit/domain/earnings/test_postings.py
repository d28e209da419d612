"""Which lines an invoice has, whatever was paid, refunded and disputed, in whatever order (docs/rules.md §10)."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.earnings import postings as domain
from chalicelib.domain.earnings.lines import EarningLine, Hold, LineKind, LineStatus, status_of, title_of
from chalicelib.domain.earnings.postings import Circumstances, PaidInvoice
from chalicelib.domain.earnings.terms import InvoiceEarning
from chalicelib.domain.money import Money
from tests.builders import usd
from tests.proving import examples

PAID_ON = date(2026, 1, 31)
NOW = datetime(2026, 1, 31, 15, tzinfo=UTC)
PLAIN = Circumstances()


class Ledger:
    """The lines of one invoice, as posting after posting leaves them."""

    def __init__(self, **overrides: Any) -> None:
        earning = InvoiceEarning("prt_1", "referred", Decimal(20), hold_days=30, is_first=True)
        names = ("percent", "relationship", "bonus", "hold_days")
        terms = {name: overrides.pop(name) for name in names if name in overrides}
        facts: dict[str, Any] = {"paid": usd(4900), "refunded": usd(0)}
        self.invoice = PaidInvoice(
            "inv_1", "acct_1", "acct_1", replace(earning, **terms), paid_on=PAID_ON, **facts | overrides
        )
        self.lines: dict[str, EarningLine] = {}

    def post(self, around: Circumstances = PLAIN, *, today: date = PAID_ON, **changed: Any) -> list[EarningLine]:
        """Post what is due; the lines that are new."""
        self.invoice = replace(self.invoice, **changed)
        mine = {line.kind: line for line in self.lines.values() if line.kind is not LineKind.REVERSAL}
        due = domain.postings(self.invoice, mine, self._reversals(), around, now=NOW, today=today)
        for posting in due:
            assert (posting.before is None) is (posting.after.id not in self.lines)
            self.lines[posting.after.id] = replace(posting.after, version=posting.after.version + 1)
        return [posting.after for posting in due if posting.before is None]

    def change(self, kind: LineKind, **changes: Any) -> None:
        line = self.of(kind)
        self.lines[line.id] = replace(line, **changes)

    def of(self, kind: LineKind) -> EarningLine:
        (found,) = (line for line in self.lines.values() if line.kind is kind)
        return found

    @property
    def sum(self) -> Money:
        return sum((line.amount for line in self.lines.values()), usd(0))

    def _reversals(self) -> dict[str, list[EarningLine]]:
        return {
            id: [line for line in self.lines.values() if line.reverses == id]
            for id, line in self.lines.items()
            if line.reversals
        }


def test_a_paid_invoice_brings_its_percentage_payable_after_the_hold() -> None:
    (line,) = Ledger().post()

    assert (line.kind, line.amount, line.base, line.percent) == (LineKind.COMMISSION, usd(980), usd(4900), Decimal(20))
    assert line.payable_on == date(2026, 3, 2)
    assert title_of(line) == "Commission"


def test_the_share_of_a_managed_account_is_called_a_revenue_share() -> None:
    (line,) = Ledger(relationship="managed").post()

    assert title_of(line) == "Revenue share"


@pytest.mark.parametrize(
    ("today", "status"),
    [
        pytest.param(date(2026, 3, 1), LineStatus.PENDING, id="29 days later"),
        pytest.param(date(2026, 3, 2), LineStatus.PAYABLE, id="30 days later"),
    ],
)
def test_a_line_is_pending_until_its_hold_has_passed(today: date, status: LineStatus) -> None:
    (line,) = Ledger().post()

    assert status_of(line, today=today) is status
    assert status_of(replace(line, held_for=(Hold.DISPUTED,)), today=today) is LineStatus.HELD
    assert status_of(replace(line, payout_id="pay_1"), today=today) is LineStatus.SETTLED


@pytest.mark.parametrize(
    ("paid", "commission"),
    [
        pytest.param(2, None, id="0.4 cents: nothing, no line"),
        pytest.param(3, 1, id="0.6 cents round to one"),
        pytest.param(12, 2, id="2.4 cents"),
        pytest.param(13, 3, id="2.6 cents"),
        pytest.param(0, None, id="an invoice of zero"),
    ],
)
def test_a_commission_is_rounded_once_half_up(paid: int, commission: int | None) -> None:
    amounts = [line.amount for line in Ledger(paid=usd(paid)).post()]

    assert amounts == ([] if commission is None else [usd(commission)])


def test_half_a_cent_is_rounded_up() -> None:
    (line,) = Ledger(paid=usd(5), percent=Decimal(30)).post()  # 1.5 cents

    assert line.amount == usd(2)


def test_posting_again_posts_nothing() -> None:
    ledger = Ledger(bonus=usd(5000))
    ledger.post()
    ledger.post(refunded=usd(1000))

    assert ledger.post() == []


def test_several_partial_refunds_reverse_what_one_would() -> None:
    ledger = Ledger(paid=usd(1000), percent=Decimal("0.5"))  # 5 cents
    ledger.post()

    reversed_each = [
        [line.amount.amount for line in ledger.post(refunded=usd(so_far))] for so_far in (99, 100, 300, 500, 999, 1000)
    ]

    # 5 cents of 1,000: refunded so far are 0.495, 0.5, 1.5, 2.5, 4.995 and 5 cents of them
    assert reversed_each == [[], [-1], [-1], [-1], [-2], []]
    assert ledger.sum == usd(0)


def test_a_refund_before_the_payout_is_pending_with_its_line() -> None:
    ledger = Ledger()
    ledger.post()

    (reversal,) = ledger.post(refunded=usd(2450), today=date(2026, 2, 10))

    assert (reversal.amount, reversal.payable_on) == (usd(-490), date(2026, 3, 2))
    assert status_of(reversal, today=date(2026, 2, 10)) is LineStatus.PENDING


def test_a_refund_after_the_payout_is_a_new_line_that_the_next_payout_deducts() -> None:
    ledger = Ledger()
    ledger.post()
    ledger.change(LineKind.COMMISSION, payout_id="pay_1")

    (reversal,) = ledger.post(refunded=usd(4900), today=date(2026, 5, 10))

    assert (reversal.amount, reversal.payable_on, reversal.payout_id) == (usd(-980), date(2026, 5, 10), None)
    assert status_of(reversal, today=date(2026, 5, 10)) is LineStatus.PAYABLE


def test_an_invoice_that_was_refunded_before_its_lines_were_posted_has_both_lines() -> None:
    lines = Ledger(refunded=usd(4900)).post()

    assert [(line.kind, line.amount) for line in lines] == [
        (LineKind.COMMISSION, usd(980)),
        (LineKind.REVERSAL, usd(-980)),
    ]


def test_a_refund_that_fails_or_a_dispute_that_is_won_after_all_gives_the_commission_back() -> None:
    ledger = Ledger()
    ledger.post()
    ledger.post(refunded=usd(4900))

    (given_back,) = ledger.post(refunded=usd(0))

    assert (given_back.kind, given_back.amount) == (LineKind.REVERSAL, usd(980))
    assert ledger.sum == usd(980)


@pytest.mark.parametrize(
    ("refunded", "left"),
    [
        pytest.param(4899, 5000, id="all but a cent"),
        pytest.param(4900, 0, id="whole"),
        pytest.param(5000, 0, id="more"),
    ],
)
def test_a_bonus_is_reversed_only_when_its_invoice_is_refunded_whole(refunded: int, left: int) -> None:
    ledger = Ledger(percent=Decimal(0), bonus=usd(5000))
    ledger.post()

    ledger.post(refunded=usd(refunded))

    assert ledger.sum == usd(left)


def test_a_dispute_in_progress_holds_the_lines_of_its_invoice_and_their_reversals() -> None:
    ledger = Ledger(bonus=usd(5000))
    ledger.post(refunded=usd(100))

    ledger.post(disputed=True)
    assert {line.held_for for line in ledger.lines.values()} == {(Hold.DISPUTED,)}

    ledger.post(disputed=False)
    assert {line.held_for for line in ledger.lines.values()} == {()}


def test_what_is_settled_is_not_held_any_more() -> None:
    ledger = Ledger()
    ledger.post()
    ledger.change(LineKind.COMMISSION, payout_id="pay_1")

    ledger.post(disputed=True)

    assert ledger.of(LineKind.COMMISSION).held_for == ()


def test_an_own_client_is_held_from_the_first_line_on_and_not_judged_anew() -> None:
    own = Circumstances(own_client=True)
    ledger, other = Ledger(), Ledger()

    ledger.post(own)
    ledger.post(PLAIN)
    other.post(PLAIN)
    other.post(own)

    assert ledger.of(LineKind.COMMISSION).held_for == (Hold.OWN_CLIENT,)
    assert other.of(LineKind.COMMISSION).held_for == ()


def test_what_an_operator_released_is_not_held_again_for_the_same_reason() -> None:
    disputed_first = Circumstances(first_invoice_disputed=True)
    ledger = Ledger()
    ledger.post(disputed_first)
    ledger.change(LineKind.COMMISSION, held_for=(), released=(Hold.FIRST_INVOICE_DISPUTED,))

    ledger.post(disputed_first)
    assert ledger.of(LineKind.COMMISSION).held_for == ()

    ledger.post(disputed_first, disputed=True)
    assert ledger.of(LineKind.COMMISSION).held_for == (Hold.DISPUTED,)


@pytest.mark.parametrize(
    ("canceled_on", "held"),
    [
        pytest.param(date(2026, 3, 1), True, id="on the last day of the hold"),
        pytest.param(date(2026, 3, 2), False, id="once it is payable"),
    ],
)
def test_a_bonus_is_held_while_its_account_is_canceled_within_the_hold(canceled_on: date, held: bool) -> None:
    ledger = Ledger(bonus=usd(5000))
    ledger.post()

    ledger.post(Circumstances(canceled=True), today=canceled_on)
    assert bool(ledger.of(LineKind.BONUS).held_for) is held
    assert not ledger.of(LineKind.COMMISSION).held_for

    ledger.post(Circumstances(canceled=True), today=date(2026, 4, 1))
    assert bool(ledger.of(LineKind.BONUS).held_for) is held

    ledger.post(PLAIN, today=date(2026, 4, 1))
    assert not ledger.of(LineKind.BONUS).held_for


def test_a_refused_line_is_taken_back_whole_and_stays_so() -> None:
    ledger = Ledger()
    ledger.post(Circumstances(own_client=True), refunded=usd(490))
    before = ledger.of(LineKind.COMMISSION)
    refused = replace(before, held_for=(), released=before.held_for, refused=True)

    for posting in domain.restated(refused, before, ledger._reversals()[before.id], now=NOW, today=PAID_ON):
        ledger.lines[posting.after.id] = posting.after

    assert ledger.sum == usd(0)
    assert ledger.post(refunded=usd(0)) == []
    assert {line.held_for for line in ledger.lines.values()} == {()}


@given(
    paid=st.integers(1, 10**7),
    percent=st.decimals(0, 100, places=2),
    shares=st.lists(st.integers(-(10**7), 10**7), max_size=8),
)
@settings(max_examples=examples(50, prove=1000))
def test_after_any_refunds_the_commission_left_is_that_of_what_was_kept(
    paid: int, percent: Decimal, shares: list[int]
) -> None:
    ledger = Ledger(paid=usd(paid), percent=percent)
    refunded = 0
    ledger.post()
    for share in shares:
        refunded = min(max(refunded + share, 0), paid)
        ledger.post(refunded=usd(refunded))

    commission = usd(paid).percent(percent)
    assert ledger.sum == commission - commission.share(part=refunded, whole=paid)
    assert ledger.sum.amount >= 0


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_order_in_which_refunds_and_disputes_are_heard_of_changes_nothing(order: tuple[int, ...]) -> None:
    heard = [{"refunded": usd(700)}, {"disputed": True}, {"disputed": False}]
    ledger = Ledger(bonus=usd(5000))
    for place in order:
        ledger.post(**heard[place])
    ledger.post(refunded=usd(700), disputed=False)

    assert ledger.sum == usd(980 - 140 + 5000)
    assert not any(line.held_for for line in ledger.lines.values())
