"""A partner's balance is the sum of its lines; its totals tell what can be paid out (docs/rules.md §10)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.earnings import balances
from chalicelib.domain.earnings.balances import EarningBalance, Totals
from chalicelib.domain.earnings.lines import EarningLine, Hold, LineKind, LineStatus, status_of
from tests.builders import usd
from tests.proving import examples

TODAY = date(2026, 1, 31)
EMPTY = balances.empty("prt_1", currency="USD")


def make_line(amount: int, *, payable_in: int = 30, **overrides: Any) -> EarningLine:
    fields: dict[str, Any] = {
        "id": "earn_1",
        "partner_id": "prt_1",
        "kind": LineKind.COMMISSION,
        "at": datetime(2026, 1, 31, 15, tzinfo=UTC),
        "amount": usd(amount),
        "payable_on": TODAY + timedelta(days=payable_in),
    }
    return EarningLine(**fields | overrides)


def totals(balance: EarningBalance, *, days: int = 0) -> Totals:
    return balances.totals(balance, today=TODAY + timedelta(days=days))


def test_a_line_has_its_place_and_the_balance_after_it() -> None:
    balance, first = balances.posted(EMPTY, make_line(980), today=TODAY)
    balance, second = balances.posted(balance, make_line(-1000), today=TODAY)

    assert (first.sequence, first.balance_after) == (1, usd(980))
    assert (second.sequence, second.balance_after, balance.balance) == (2, usd(-20), usd(-20))


def test_what_is_pending_becomes_payable_on_its_day_without_a_write() -> None:
    balance, _ = balances.posted(EMPTY, make_line(980), today=TODAY)

    assert totals(balance, days=29) == Totals(usd(980), usd(0), usd(0), usd(0))
    assert totals(balance, days=30) == Totals(usd(0), usd(980), usd(0), usd(0))


def test_a_held_line_counts_as_held_until_it_is_released() -> None:
    balance, held = balances.posted(EMPTY, make_line(980, held_for=(Hold.OWN_CLIENT,)), today=TODAY)

    assert totals(balance, days=40) == Totals(usd(0), usd(0), usd(980), usd(0))

    later = TODAY + timedelta(days=40)
    balance = balances.restated(balance, held, replace(held, held_for=()), today=later)
    assert totals(balance, days=40) == Totals(usd(0), usd(980), usd(0), usd(0))
    assert balance.balance == usd(980)


@given(
    steps=st.lists(
        st.tuples(st.integers(-5000, 5000), st.integers(-10, 60), st.booleans(), st.integers(0, 9)), max_size=20
    ),
    toggled=st.lists(st.integers(0, 19), max_size=10),
)
@settings(max_examples=examples(50, prove=1000))
def test_the_totals_are_always_those_of_the_lines(steps: list[tuple[int, int, bool, int]], toggled: list[int]) -> None:
    balance, lines, today = EMPTY, list[EarningLine](), TODAY
    for amount, payable_in, held, days in steps:
        today += timedelta(days=days)
        holds = (Hold.DISPUTED,) if held else ()
        balance, line = balances.posted(balance, make_line(amount, payable_in=payable_in, held_for=holds), today=today)
        lines.append(line)
    for place in toggled:
        if place < len(lines):
            before = lines[place]
            lines[place] = replace(before, held_for=() if before.held_for else (Hold.DISPUTED,))
            balance = balances.restated(balance, before, lines[place], today=today)

    def of(status: LineStatus) -> int:
        return sum(line.amount.amount for line in lines if status_of(line, today=today) is status)

    found = balances.totals(balance, today=today)
    assert balance.balance == usd(sum(line.amount.amount for line in lines))
    assert found == Totals(usd(of(LineStatus.PENDING)), usd(of(LineStatus.PAYABLE)), usd(of(LineStatus.HELD)), usd(0))
