"""The statement of a payout, over HTTP."""

from collections.abc import Callable, Mapping
from typing import Self

from pydantic import Field

from chalicelib.api.base import ListQuery, LocalDate, Page, Percent, Shape, Timestamp
from chalicelib.api.bodies.earnings.payouts import PayoutShape
from chalicelib.api.clock import rfc3339
from chalicelib.api.spreadsheets import Cell, decimal_cell
from chalicelib.documents.statements.words import ENGLISH, words_in
from chalicelib.domain.earnings.lines import EarningLine, LineKind, title_of
from chalicelib.domain.earnings.statements import Statement, calculation_of


class BasisShape(Shape):
    """What a reversal was worked out from, in minor units."""

    line: int = Field(description="The amount of the line that it takes back from.")
    refunded: int = Field(description="What was given back of the invoice by then, lost disputes included.")
    paid: int = Field(description="What was paid of the invoice.")
    reversed_before: int = Field(description="What earlier reversals had taken back.")


class StatementLineShape(Shape):
    """A line that a payout settles, in minor units, and how its amount comes about."""

    id: str
    kind: LineKind
    title: str
    account_id: str | None
    account_name: str | None = Field(description="What the account was called when the line was entered.")
    invoice_id: str | None
    base: int | None
    percent: Percent | None
    amount: int
    currency: str
    calculation: str = Field(description="How the amount comes about, in numbers that can be checked by hand.")
    basis: BasisShape | None
    reason: str | None
    reverses: str | None
    returned_payout_id: str | None = Field(description="The earlier payout that came back.")
    payable_on: LocalDate
    at: Timestamp

    @classmethod
    def of(cls, line: EarningLine) -> Self:
        basis = line.basis
        return cls(
            id=line.id,
            kind=line.kind,
            title=title_of(line),
            account_id=line.account_id,
            account_name=line.account_name,
            invoice_id=line.invoice_id,
            base=line.base.amount if line.base else None,
            percent=line.percent,
            amount=line.amount.amount,
            currency=line.amount.currency,
            calculation=_calculation(line),
            basis=BasisShape(line=basis.line, refunded=basis.refunded, paid=basis.paid, reversed_before=basis.before)
            if basis
            else None,
            reason=line.reason,
            reverses=line.reverses,
            returned_payout_id=line.returns,
            payable_on=line.payable_on,
            at=line.at,
        )


class KindSumShape(Shape):
    """The lines of one kind, and what they come to in minor units."""

    kind: LineKind
    lines: int
    amount: int


class StatementShape(Page[StatementLineShape]):
    """A payout with its lines, which add up to its amount; in minor units."""

    payout: PayoutShape
    reference: str | None = Field(description="By which the payment is found: PayPal's, or that of other means.")
    payable_by: LocalDate = Field(description="The lines were payable by this date of yours.")
    sums: list[KindSumShape]
    balance_before: int = Field(description="The balance of the ledger before the payout, pending lines included.")
    balance_after: int

    @classmethod
    def of_page(cls, statement: Statement, lines: list[EarningLine], *, next_cursor: str | None) -> Self:
        payout = statement.payout
        return cls(
            payout=PayoutShape.of(payout),
            reference=payout.paid_reference or payout.reference,
            payable_by=payout.payable_on,
            sums=[KindSumShape(kind=kind, lines=of.lines, amount=of.amount) for kind, of in payout.sums.items()],
            balance_before=statement.balance_before.amount,
            balance_after=statement.balance_after.amount,
            data=[StatementLineShape.of(line) for line in lines],
            next_cursor=next_cursor,
        )


class ReadStatement(ListQuery):
    """The lines that a payout settles, oldest first."""


def _calculation(line: EarningLine) -> str:
    return words_in(ENGLISH).calculation(calculation_of(line))


COLUMNS: Mapping[str, Callable[[EarningLine], Cell]] = {
    "payout_id": lambda line: line.payout_id,
    "id": lambda line: line.id,
    "at": lambda line: rfc3339(line.at),
    "kind": lambda line: line.kind,
    "title": title_of,
    "account_id": lambda line: line.account_id,
    "account_name": lambda line: line.account_name,
    "invoice_id": lambda line: line.invoice_id,
    "currency": lambda line: line.amount.currency,
    "base": lambda line: line.base.amount if line.base else None,
    "percent": lambda line: line.percent,
    "amount": lambda line: line.amount.amount,
    "base_decimal": lambda line: decimal_cell(line.base),
    "amount_decimal": lambda line: decimal_cell(line.amount),
    "calculation": _calculation,
    "payable_on": lambda line: line.payable_on.isoformat(),
    "reverses": lambda line: line.reverses,
    "reason": lambda line: line.reason,
    "returned_payout_id": lambda line: line.returns,
}
"""A line as a row of CSV: amounts in minor units, and again as decimals for people."""
