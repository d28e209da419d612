"""What partners earn, over HTTP."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import Field

from chalicelib.api.base import Body, Email, Id, Legible, ListQuery, LocalDate, Percent, Shape, Timestamp, not_before
from chalicelib.api.clock import rfc3339
from chalicelib.api.spreadsheets import Cell, decimal_cell
from chalicelib.domain.earnings.lines import EarningLine, LineKind, LineStatus, status_of, title_of
from chalicelib.domain.earnings.payees import Payee, held_because
from chalicelib.services.earnings.ledger import Summary


class EarningShape(Shape):
    """A line of a partner's earnings ledger, in minor units. It never changes; its status does."""

    id: str
    kind: LineKind
    title: str
    account_id: str | None
    invoice_id: str | None
    base: int | None = Field(description="What a commission is a percentage of: what was paid, without credit packs.")
    percent: Percent | None
    amount: int = Field(description="Negative for what is taken back.")
    currency: str
    status: LineStatus
    held_because: str | None = Field(description="Why it is held, in words.")
    reason: str | None = Field(description="Why an operator made an adjustment.")
    reverses: str | None = Field(description="The line that a reversal takes back from, or gives back to.")
    payable_on: LocalDate
    payout_id: str | None
    at: Timestamp
    balance_after: int

    @classmethod
    def of(cls, line: EarningLine, *, today: date) -> Self:
        """The line, with its status on a date of the partner's zone."""
        assert line.balance_after is not None
        status = status_of(line, today=today)
        return cls(
            id=line.id,
            kind=line.kind,
            title=title_of(line),
            account_id=line.account_id,
            invoice_id=line.invoice_id,
            base=line.base.amount if line.base else None,
            percent=line.percent,
            amount=line.amount.amount,
            currency=line.amount.currency,
            status=status,
            held_because=line.held_for[0].in_words if status is LineStatus.HELD else None,
            reason=line.reason,
            reverses=line.reverses,
            payable_on=line.payable_on,
            payout_id=line.payout_id,
            at=line.at,
            balance_after=line.balance_after.amount,
        )


class HeldEarningShape(EarningShape):
    """A line that is held, and whose it is."""

    partner_id: str

    @classmethod
    def held(cls, line: EarningLine, *, today: date) -> Self:
        return cls(**EarningShape.of(line, today=today).model_dump(), partner_id=line.partner_id)


class ListEarnings(ListQuery):
    """A partner's lines, newest first; dates are the partner's local ones, both included."""

    account_id: Id | None = None
    kind: LineKind | None = None
    status: LineStatus | None = None
    from_: LocalDate | None = Field(default=None, alias="from")
    to: Annotated[LocalDate | None, not_before("from_")] = None


class ListHeldEarnings(ListQuery):
    """The held lines of all partners."""


class EarningsSummaryShape(Shape):
    """A partner's balance and what of it can be paid out, in minor units."""

    currency: str
    balance: int = Field(description="The sum of all lines; negative if more was taken back than earned.")
    pending: int
    payable: int
    held: int
    paid_out: int
    next_payout_on: LocalDate | None = Field(description="Null if your program pays nothing out.")
    accounts_earning: int = Field(description="The accounts that have brought a line.")

    @classmethod
    def of(cls, summary: Summary) -> Self:
        totals = summary.totals
        return cls(
            currency=summary.balance.currency,
            balance=summary.balance.balance.amount,
            pending=totals.pending.amount,
            payable=totals.payable.amount,
            held=totals.held.amount,
            paid_out=totals.paid_out.amount,
            next_payout_on=summary.next_payout_on,
            accounts_earning=summary.balance.accounts,
        )


class ChangeEarningSettings(Body):
    """Where earnings are to be paid."""

    paypal_email: Annotated[Email, Field(max_length=127)] | None = Field(description="Null: earnings are kept.")


class EarningSettingsShape(Shape):
    """Where earnings are paid, and since when that is so."""

    paypal_email: str | None
    set_at: Timestamp | None
    held_because: str | None = Field(description="Why nothing is paid to this address, in words.")

    @classmethod
    def of(cls, payee: Payee) -> Self:
        return cls(
            paypal_email=payee.paypal_email,
            set_at=payee.set_at,
            held_because=held_because(payee),
        )


class Adjust(Body):
    """An adjustment by an operator."""

    amount: Annotated[int, Field(ge=-999_999_999_999, le=999_999_999_999, description="Minor units, plus or minus.")]
    reason: Annotated[str, Field(min_length=1, max_length=500, description="The partner reads it."), Legible]


COLUMNS: Mapping[str, Callable[[EarningLine, date], Cell]] = {
    "id": lambda line, _: line.id,
    "at": lambda line, _: rfc3339(line.at),
    "kind": lambda line, _: line.kind,
    "title": lambda line, _: title_of(line),
    "account_id": lambda line, _: line.account_id,
    "invoice_id": lambda line, _: line.invoice_id,
    "currency": lambda line, _: line.amount.currency,
    "base": lambda line, _: line.base.amount if line.base else None,
    "percent": lambda line, _: line.percent,
    "amount": lambda line, _: line.amount.amount,
    "balance_after": lambda line, _: line.balance_after.amount if line.balance_after is not None else None,
    "base_decimal": lambda line, _: decimal_cell(line.base),
    "amount_decimal": lambda line, _: decimal_cell(line.amount),
    "balance_after_decimal": lambda line, _: decimal_cell(line.balance_after),
    "status": lambda line, today: status_of(line, today=today),
    "held_because": lambda line, _: line.held_for[0].in_words if line.held_for else None,
    "payable_on": lambda line, _: line.payable_on.isoformat(),
    "payout_id": lambda line, _: line.payout_id,
    "reverses": lambda line, _: line.reverses,
    "reason": lambda line, _: line.reason,
}
"""A line as a row of CSV, by its status on a date: amounts in minor units, and again as decimals for people."""
