"""How each line of a statement comes about, and what its lines add up to (docs/rules.md §10)."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.earnings import postings
from chalicelib.domain.earnings.lines import EarningLine, LineKind, LineSum, sums_by_kind
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.earnings.postings import Circumstances, PaidInvoice
from chalicelib.domain.earnings.statements import Rule, by_account, calculation_of
from chalicelib.domain.earnings.terms import InvoiceEarning
from tests.builders import usd
from tests.proving import examples
from tests.statements import make_line, make_reversal

NOW, TODAY = datetime(2026, 1, 31, 15, tzinfo=UTC), date(2026, 1, 31)


@pytest.mark.parametrize(
    ("line", "rule", "figures"),
    [
        pytest.param(
            make_line(),
            Rule.PERCENTAGE,
            {"percent": Decimal(30), "base": usd(3920), "amount": usd(1176)},
            id="a commission is a percentage of what was paid",
        ),
        pytest.param(
            make_reversal(-294),
            Rule.PROPORTION,
            {"line": usd(1176), "refunded": usd(980), "paid": usd(3920), "share": usd(294), "before": usd(0)},
            id="a reversal is the part that was given back",
        ),
        pytest.param(
            make_reversal(-194, before=100),
            Rule.PROPORTION,
            {"line": usd(1176), "refunded": usd(980), "paid": usd(3920), "share": usd(294), "before": usd(100)},
            id="less what was reversed before",
        ),
        pytest.param(
            make_reversal(294, refunded=0, before=294),
            Rule.PROPORTION,
            {"line": usd(1176), "refunded": usd(0), "paid": usd(3920), "share": usd(0), "before": usd(294)},
            id="a refund that failed gives it back",
        ),
        pytest.param(
            make_reversal(-1076, refused=True, before=100),
            Rule.REFUSED,
            {"line": usd(1176), "before": usd(100)},
            id="what an operator refused is taken back whole",
        ),
        pytest.param(
            make_reversal(-5000, of=LineKind.BONUS, line=5000, refunded=3920),
            Rule.BONUS_REVERSED,
            {"line": usd(5000), "refunded": usd(3920), "paid": usd(3920)},
            id="a bonus is taken back whole",
        ),
        pytest.param(
            make_reversal(5000, of=LineKind.BONUS, line=5000, before=5000),
            Rule.BONUS_RESTORED,
            {"line": usd(5000), "refunded": usd(980), "paid": usd(3920)},
            id="and given back whole",
        ),
        pytest.param(
            make_line(LineKind.BONUS, 5000), Rule.BONUS, {"amount": usd(5000)}, id="a bonus is a fixed amount"
        ),
        pytest.param(
            make_line(LineKind.PAYOUT_RETURNED, 5000, returns="pay_1", cause=Cause.UNCONFIRMED, reason="In words."),
            Rule.RETURNED,
            {"payout": "pay_1", "reason": Cause.UNCONFIRMED},
            id="what came back names its payout and why",
        ),
        pytest.param(
            make_line(LineKind.ADJUSTMENT, -100, reason="Sorry"), Rule.ADJUSTMENT, {"reason": "Sorry"}, id="adjustment"
        ),
        pytest.param(
            make_line(LineKind.REVERSAL, -294), Rule.REVERSED, {}, id="a reversal of an earlier release has no basis"
        ),
    ],
)
def test_a_line_tells_what_it_is_worked_out_from(line: EarningLine, rule: Rule, figures: dict[str, Any]) -> None:
    calculation = calculation_of(line)

    assert (calculation.rule, dict(calculation.figures)) == (rule, figures)


@pytest.mark.parametrize(
    ("line", "is_rounded"),
    [
        (make_line(), False),
        (make_line(amount=1177, base=usd(3922)), True),
        (make_line(amount=1178, base=usd(3925), percent=Decimal("30.01")), True),
        (make_reversal(-294), False),
        (make_reversal(-294, refunded=981), True),
    ],
)
def test_it_says_that_it_was_rounded_only_if_it_was(line: EarningLine, is_rounded: bool) -> None:
    assert calculation_of(line).is_rounded is is_rounded


@given(
    paid=st.integers(1, 10**7),
    percent=st.decimals(0, 100, places=2),
    refunds=st.lists(st.integers(0, 10**7), max_size=6),
)
@settings(max_examples=examples(25, prove=500))
def test_whatever_is_refunded_each_line_is_what_its_calculation_gives(
    paid: int, percent: Decimal, refunds: list[int]
) -> None:
    earning = InvoiceEarning("prt_1", "referred", percent, hold_days=30, is_first=True, bonus=usd(5000))
    posted: dict[str, EarningLine] = {}
    for refunded in (0, *refunds):
        invoice = PaidInvoice("inv_1", "acct_1", "acct_1", earning, usd(paid), TODAY, usd(refunded))
        lines = {line.kind: line for line in posted.values() if line.kind is not LineKind.REVERSAL}
        reversals = {line.id: [each for each in posted.values() if each.reverses == line.id] for line in lines.values()}
        for posting in postings.postings(invoice, lines, reversals, Circumstances(), now=NOW, today=TODAY):
            posted[posting.after.id] = replace(posting.after, version=posting.after.version + 1)

    for line in posted.values():
        figures: dict[str, Any] = dict(calculation_of(line).figures)
        match calculation_of(line).rule:
            case Rule.PERCENTAGE:
                assert line.amount == figures["base"].percent(figures["percent"])
            case Rule.PROPORTION:
                assert figures["share"] == figures["line"].share(
                    part=figures["refunded"].amount, whole=figures["paid"].amount
                )
                assert line.amount == figures["before"] - figures["share"]
            case Rule.BONUS_REVERSED:
                assert (line.amount, figures["refunded"]) == (-figures["line"], figures["paid"])
            case Rule.BONUS_RESTORED:
                assert line.amount == figures["line"]
                assert figures["refunded"] < figures["paid"]
            case rule:
                assert rule is Rule.BONUS


class TestSums:
    LINES = (
        make_line(amount=1000, sequence=1, account_id="acct_2", account_name="zeta"),
        make_line(amount=2000, sequence=2, account_id="acct_1", account_name="acme"),
        make_line(LineKind.ADJUSTMENT, 300, sequence=3, reason="Sorry"),
        make_line(LineKind.REVERSAL, -500, sequence=4, account_id="acct_2", account_name="zeta-2"),
        make_line(amount=100, sequence=5, account_id="acct_3", account_name=None),
    )

    def test_totals_are_by_kind_in_their_order(self) -> None:
        counted = sums_by_kind(self.LINES[2:], so_far=sums_by_kind(self.LINES[:2]))

        assert list(counted.items()) == [
            (LineKind.COMMISSION, LineSum(3, 3100)),
            (LineKind.REVERSAL, LineSum(1, -500)),
            (LineKind.ADJUSTMENT, LineSum(1, 300)),
        ]

    def test_an_accounts_lines_are_together_under_the_name_it_had_last_and_what_has_no_account_is_last(self) -> None:
        parts = [(part.name, [line.sequence for line in part.lines], part.amount) for part in by_account(self.LINES)]

        assert parts == [
            (None, [5], usd(100)),
            ("acme", [2], usd(2000)),
            ("zeta-2", [1, 4], usd(500)),
            (None, [3], usd(300)),
        ]
