"""Payouts and their runs, over HTTP."""

from typing import Annotated, Self

from pydantic import Field

from chalicelib.api.base import Body, Id, Legible, ListQuery, LocalDate, Shape, Timestamp
from chalicelib.domain.earnings.payout_causes import Advice, Cause
from chalicelib.domain.earnings.payout_items import ItemStatus
from chalicelib.domain.earnings.payout_runs import PayoutRun
from chalicelib.domain.earnings.payouts import Payout, PayoutStatus


class PayoutShape(Shape):
    """A payout, in minor units."""

    id: str
    status: PayoutStatus
    amount: int = Field(description="Of a held payout what was payable then, which may be negative.")
    currency: str
    recipient: str | None = Field(description="The PayPal address that it was sent to.")
    cause: Cause | None
    reason: str | None = Field(description="Why it is held, waits or was given back, in words.")
    advice: Advice | None = Field(description="What you can do about it.")
    lines: int = Field(description="How many lines of the ledger it settles.")
    run_on: LocalDate = Field(description="The day of the payouts it belongs to.")
    paid_reference: str | None = Field(description="The reference of a payment by other means.")
    created_at: Timestamp
    sent_at: Timestamp | None
    paid_at: Timestamp | None

    @classmethod
    def of(cls, payout: Payout) -> Self:
        cause = payout.cause
        return cls(
            id=payout.id,
            status=payout.status,
            amount=payout.amount.amount,
            currency=payout.amount.currency,
            recipient=payout.recipient,
            cause=cause,
            reason=cause.in_words if cause else None,
            advice=cause.advice if cause else None,
            lines=payout.lines,
            run_on=payout.run_on,
            paid_reference=payout.paid_reference,
            created_at=payout.created_at,
            sent_at=payout.sent_at,
            paid_at=payout.paid_at,
        )


class PayoutItemShape(Shape):
    """A part of a payout as PayPal has it: above 20,000 USD there are several."""

    id: str
    amount: int
    status: ItemStatus
    reference: str | None = Field(description="PayPal's id of it.")
    code: str | None = Field(description="PayPal's reason.")


class AnyPayoutShape(PayoutShape):
    """A payout as operators see it."""

    partner_id: str
    run_id: str
    reference: str | None = Field(description="PayPal's id of the batch.")
    asks: int = Field(description="How often it was sent, always as the same batch.")
    is_undecided: bool = Field(description="PayPal has not told for 29 days what became of it: an operator decides.")
    items: list[PayoutItemShape]

    @classmethod
    def of_any(cls, payout: Payout) -> Self:
        items = [
            PayoutItemShape(
                id=item.id,
                amount=item.amount.amount,
                status=item.status,
                reference=item.reference,
                code=item.code,
            )
            for item in payout.items
        ]
        return cls(
            **PayoutShape.of(payout).model_dump(),
            partner_id=payout.partner_id,
            run_id=payout.run_id,
            reference=payout.reference,
            asks=payout.asks,
            is_undecided=payout.is_undecided,
            items=items,
        )


class ListPayouts(ListQuery):
    """A partner's payouts, newest first."""

    status: PayoutStatus | None = None


class ListAllPayouts(ListQuery):
    """The payouts of all partners, newest first."""

    status: PayoutStatus | None = None
    partner_id: Id | None = None
    run_id: Id | None = None


class MarkPaid(Body):
    """A payment by other means."""

    reference: Annotated[
        str,
        Field(min_length=1, max_length=200, description="By which the payment is found; the partner reads it."),
        Legible,
    ]
    amount: Annotated[
        int | None, Field(ge=1, le=999_999_999_999, description="What was paid, in minor units; a 409 if it differs.")
    ] = None


class TallyShape(Shape):
    """How many payouts of a run have a status, and what they come to in minor units."""

    status: PayoutStatus
    payouts: int
    amount: int


class PayoutRunShape(Shape):
    """The payouts of a program of one day."""

    id: str
    program: str
    run_on: LocalDate = Field(description="The day, in the zone of the program's house.")
    currency: str
    by_hand: bool = Field(description="Whether an operator started it.")
    needs_confirmation: bool = Field(description="Whether it sends nothing before an operator confirms it.")
    confirmed_at: Timestamp | None
    payouts: int = Field(description="How many payouts it has, held ones included.")
    amount: int = Field(description="What those that are not held come to, in minor units.")
    by_status: list[TallyShape]
    created_at: Timestamp

    @classmethod
    def of(cls, run: PayoutRun) -> Self:
        found = {status: run.tallies[status] for status in PayoutStatus if status in run.tallies}
        return cls(
            id=run.id,
            program=run.program,
            run_on=run.run_on,
            currency=run.currency,
            by_hand=run.by_hand,
            needs_confirmation=run.needs_confirmation,
            confirmed_at=run.confirmed_at,
            payouts=sum(tally.payouts for tally in found.values()),
            amount=sum(tally.amount for status, tally in found.items() if status is not PayoutStatus.HELD),
            by_status=[
                TallyShape(status=status, payouts=tally.payouts, amount=tally.amount) for status, tally in found.items()
            ],
            created_at=run.created_at,
        )


class ListPayoutRuns(ListQuery):
    """The runs of all programs, newest first."""


class StartPayoutRun(Body):
    """A run by hand."""

    program: Annotated[str, Field(min_length=1, max_length=64)]
