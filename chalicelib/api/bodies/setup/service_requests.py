"""Service requests over HTTP."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, Id, Legible, ListQuery, MinorUnits, Money, Percent, Shape, Timestamp
from chalicelib.domain.money import Money as Amount
from chalicelib.domain.setup import service_requests as domain
from chalicelib.domain.setup.service_requests import RequestAction, RequestStatus, ServiceRequest

Margin = Annotated[
    Percent,
    Field(
        ge=0, le=1000, description="What you add to the vendor's price, 0 to 1000 percent. The vendor does not see it."
    ),
]
_A_REQUEST: dict[str, Any] = {
    "account_id": "acct_01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "kind": "design",
    "description": "Three mailings in the client's colours.",
    "margin_percent": "25",
}
_A_QUOTE: dict[str, Any] = {"status": "quoted", "price": 40000, "note": "Ready within ten working days."}


class FileServiceRequest(Body):
    """Work on an account, requested from the vendor."""

    model_config = ConfigDict(json_schema_extra={"examples": [_A_REQUEST]})
    example: ClassVar[Mapping[str, Any]] = _A_REQUEST
    multiline: ClassVar[frozenset[str]] = frozenset({"description"})

    account_id: Id
    kind: Annotated[
        str, Field(min_length=1, max_length=40, description="One of the program's `services`, see `GET /v1/program`.")
    ]
    description: Annotated[str, Field(min_length=1, max_length=2000), Legible]
    margin_percent: Margin = Decimal(0)


class SetMargin(Body):
    """The new margin."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"margin_percent": "30"}]})
    example: ClassVar[Mapping[str, Any]] = {"margin_percent": "30"}

    margin_percent: Margin


class AcceptQuote(Body):
    """The price you agree to, without your margin; if the quote has changed, nothing is accepted."""

    price: MinorUnits


class AnswerServiceRequest(Body):
    """The vendor's answer to a request: a quote, a refusal, or that the work is done."""

    model_config = ConfigDict(json_schema_extra={"examples": [_A_QUOTE]})
    example: ClassVar[Mapping[str, Any]] = _A_QUOTE
    multiline: ClassVar[frozenset[str]] = frozenset({"note"})

    status: Literal[RequestStatus.QUOTED, RequestStatus.DECLINED, RequestStatus.DONE]
    price: MinorUnits | None = Field(
        default=None, description="In the program's currency; required with `quoted`, and only there."
    )
    note: Annotated[str, Field(max_length=1000, description="For the partner."), Legible] = ""


class _RequestShape(Shape):
    """What the partner and the vendor both see of a request."""

    id: str
    account_id: str
    kind: str
    description: str
    status: RequestStatus
    price: Money | None = Field(description="The vendor's price; null until there is a quote.")
    note: str = Field(description="From the vendor.")
    allowed_actions: list[RequestAction]
    created_at: Timestamp
    updated_at: Timestamp


class ServiceRequestShape(_RequestShape):
    """A partner's request. It charges nobody: the vendor and the client are billed outside this product."""

    margin_percent: Percent
    client_price: Money | None = Field(description="What you may bill your client: the price and your margin on it.")

    @classmethod
    def of(cls, request: ServiceRequest) -> Self:
        return cls(
            **_shared(request),
            allowed_actions=domain.possible(request, domain.PARTNERS),
            margin_percent=request.margin_percent,
            client_price=_money(request.client_price),
        )


class FiledRequestShape(_RequestShape):
    """A request as the vendor sees it, without the partner's margin."""

    partner_id: str

    @classmethod
    def of(cls, request: ServiceRequest) -> Self:
        return cls(
            **_shared(request),
            allowed_actions=domain.possible(request, domain.VENDORS),
            partner_id=request.partner_id,
        )


class ListServiceRequests(ListQuery):
    """A partner's service requests, newest first."""

    account_id: Id | None = None
    status: RequestStatus | None = None


def _shared(request: ServiceRequest) -> dict[str, Any]:
    return {
        "id": request.id,
        "account_id": request.account_id,
        "kind": request.kind,
        "description": request.description,
        "status": request.status,
        "price": _money(request.price),
        "note": request.note,
        "created_at": request.created_at,
        "updated_at": request.updated_at,
    }


def _money(money: Amount | None) -> Money | None:
    return None if money is None else Money(amount=money.amount, currency=money.currency)
