"""Payouts and their statements made up for tests."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from chalicelib import programs
from chalicelib.documents.statements.documents import StatementDocument, compose
from chalicelib.documents.statements.words import words_in
from chalicelib.domain.earnings.lines import EarningLine, LineKind, ReversalBasis, sums_by_kind
from chalicelib.domain.earnings.payouts import Payout, PayoutStatus
from chalicelib.domain.earnings.statements import Statement
from chalicelib.domain.money import total
from chalicelib.domain.partners.partners import Partner
from tests.builders import usd
from tests.invoices import make_partner

AT = datetime(2026, 2, 1, 4, 30, tzinfo=UTC)  # still 31 January in Chicago


def make_line(kind: LineKind = LineKind.COMMISSION, amount: int = 1176, **overrides: Any) -> EarningLine:
    """A line as it was entered: 30 % of 39.20, unless overridden."""
    fields: dict[str, Any] = {"id": "earn_1", "partner_id": "prt_1", "at": AT, "payable_on": date(2026, 2, 10)}
    if kind is LineKind.COMMISSION:
        fields |= {"base": usd(3920), "percent": Decimal(30), "relationship": "referred"}
    if kind in (LineKind.COMMISSION, LineKind.BONUS, LineKind.REVERSAL):
        fields |= {"account_id": "acct_1", "account_name": "acme"}
    return EarningLine(kind=kind, amount=usd(amount), **fields | overrides)


def make_reversal(amount: int = -294, **basis: Any) -> EarningLine:
    """A reversal: of 11.76, as much as 9.80 is of 39.20, unless overridden."""
    fields: dict[str, Any] = {"of": LineKind.COMMISSION, "line": 1176, "before": 0, "refunded": 980, "paid": 3920}
    return make_line(LineKind.REVERSAL, amount, basis=ReversalBasis(**fields | basis))


def make_payout(**overrides: Any) -> Payout:
    """A payout that was sent and paid, unless overridden."""
    fields: dict[str, Any] = {
        "id": "pay_01KHF5ZW00V6VHSJ5E3NMWJ6HT",
        "partner_id": "prt_1",
        "run_id": "prun_1",
        "run_on": date(2026, 2, 15),
        "status": PayoutStatus.PAID,
        "amount": usd(1176),
        "created_at": datetime(2026, 2, 15, 6, tzinfo=UTC),
        "updated_at": datetime(2026, 2, 15, 7, tzinfo=UTC),
        "payable_on": date(2026, 2, 15),
        "lines": 1,
        "is_frozen": True,
        "recipient": "pay@bright.example",
        "reference": "5UXD2E8A7EBQJ",
        "paid_at": datetime(2026, 2, 15, 7, tzinfo=UTC),
    }
    return Payout(**fields | overrides)


def written(
    *lines: EarningLine,
    language: str = "en",
    partner: Partner | None = None,
    listed: Sequence[EarningLine] | None = None,
    **payout: Any,
) -> StatementDocument:
    """The statement of a payout that settled these lines, of which all are ``listed`` unless told otherwise."""
    lines = lines or (make_line(),)
    amount = total((line.amount for line in lines), currency="USD")
    made = make_payout(**{"amount": amount, "lines": len(lines), "sums": sums_by_kind(lines), **payout})
    return compose(
        Statement(made, balance_after=usd(2500)),
        lines if listed is None else listed,
        partner=partner or make_partner(),
        seller=programs.program("agency").seller,
        words=words_in(language),
    )
