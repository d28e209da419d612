"""Partners' contracts over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field, model_validator

from chalicelib.api.base import Body, LocalDate, Shape, Timestamp
from chalicelib.api.bodies.accounts.usage import ContactsShape, Count
from chalicelib.domain.accounts.accounts import PaymentState
from chalicelib.services.billing.contracts import Agreement

_EXAMPLE: dict[str, Any] = {"contacts": 50_000, "price": 1_200_000, "starts_on": "2027-03-01"}


class AgreeOnContract(Body):
    """What a partner's contract says; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    example: ClassVar[Mapping[str, Any]] = _EXAMPLE

    contacts: Count | None = Field(default=None, description="Over all accounts; null if the contract has no limit.")
    price: Annotated[int, Field(ge=0, le=999_999_999_999)] | None = Field(
        default=None, description="A year, in minor units of the partner's currency. Null ends the contract."
    )
    starts_on: LocalDate | None = Field(
        default=None,
        description="The first day of the first year, a date of the partner's; required with a first price.",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must have at least one of contacts, price, starts_on")
        return self


class UnpaidShape(Shape):
    """A yearly invoice that was declined."""

    invoice_id: str
    total: int
    first_declined_at: Timestamp
    retry_on: LocalDate | None = Field(
        description="When it is tried again by itself. Null after the last time: it then waits for another default "
        "card, for prepaid money that covers it, or for a request."
    )


class ContractShape(Shape):
    """A partner's contract: what it pays for all its accounts each year, and the contacts that they may have."""

    contacts: ContactsShape
    price: int | None = Field(description="Null without a contract, or once it has ended.")
    currency: str
    starts_on: LocalDate | None
    paid_until: LocalDate | None = Field(description="The day after the last year that was paid.")
    next_invoice_at: Timestamp | None = Field(description="Null while an invoice is unpaid.")
    payment_state: PaymentState
    unpaid: UnpaidShape | None

    @classmethod
    def of(cls, agreement: Agreement) -> Self:
        contract = agreement.contract
        unpaid = contract.unpaid
        return cls(
            contacts=ContactsShape.of(agreement.pool.measure),
            price=contract.price.amount if contract.price is not None else None,
            currency=agreement.partner.currency,
            starts_on=contract.starts_on,
            paid_until=contract.paid_until,
            next_invoice_at=None if unpaid or contract.charge else contract.due_at,
            payment_state=PaymentState.PAST_DUE if contract.is_past_due else PaymentState.OK,
            unpaid=UnpaidShape(
                invoice_id=unpaid.invoice_id,
                total=unpaid.total.amount,
                first_declined_at=unpaid.first_declined_at,
                retry_on=unpaid.retry_on,
            )
            if unpaid
            else None,
        )
