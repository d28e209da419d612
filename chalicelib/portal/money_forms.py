"""Bodies of operators' forms about money, where a page asks for more than the route of the API does."""

from typing import Annotated

from pydantic import Field

from chalicelib.api.base import Body, Legible
from chalicelib.api.bodies.billing.invoices import Refund
from chalicelib.api.bodies.earnings.payouts import MarkPaid
from chalicelib.api.bodies.wallet.prepaid import Grant, GrantPrepaid

Reason = Annotated[str, Field(min_length=1, max_length=500), Legible]


class RefundAmount(Refund):
    """A refund whose amount is required: an empty field is refused, where the API takes it for the whole amount."""

    amount: Annotated[int, Field(gt=0, le=999_999_999_999)]


class AmountPaid(MarkPaid):
    """A payment by other means whose amount is required: it is compared with what is to be paid when it is stored."""

    amount: Annotated[int, Field(ge=1, le=999_999_999_999)]


class ConfirmRun(Body):
    """A payout run as it was shown: how many payouts are to be sent, and what they come to in minor units."""

    payouts: Annotated[int, Field(ge=0)]
    amount: Annotated[int, Field(ge=0)]


class GrantWithReason(Grant):
    """Credits for a partner, which reads why."""

    reason: Reason


class GrantPrepaidWithReason(GrantPrepaid):
    """Prepaid money for a partner, which reads why."""

    reason: Reason
