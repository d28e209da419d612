"""Service requests: work on an account that a partner asks the vendor for (docs/rules.md §12)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.setup.named_lists import NamedList
from chalicelib.domain.values import dataclass

MOST_OPEN = 50
"""How many unfinished requests a partner can have at a time."""


class RequestStatus(StrEnum):
    """Where a request stands; with ``declined``, ``withdrawn`` and ``done`` it has ended."""

    OPEN = "open"
    QUOTED = "quoted"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    DONE = "done"


class RequestAction(StrEnum):
    """What the partner (``accept``, ``withdraw``, ``set_margin``) or the vendor can do to a request."""

    QUOTE = "quote"
    DECLINE = "decline"
    FINISH = "finish"
    ACCEPT = "accept"
    WITHDRAW = "withdraw"
    SET_MARGIN = "set_margin"


_UNFINISHED = (RequestStatus.OPEN, RequestStatus.QUOTED, RequestStatus.ACCEPTED)
_POSSIBLE_WHILE: Mapping[RequestAction, tuple[RequestStatus, ...]] = {
    RequestAction.QUOTE: (RequestStatus.OPEN, RequestStatus.QUOTED),
    RequestAction.DECLINE: _UNFINISHED,
    RequestAction.FINISH: (RequestStatus.ACCEPTED,),
    RequestAction.ACCEPT: (RequestStatus.QUOTED,),
    RequestAction.WITHDRAW: (RequestStatus.OPEN, RequestStatus.QUOTED),
    RequestAction.SET_MARGIN: _UNFINISHED,
}
PARTNERS = (RequestAction.ACCEPT, RequestAction.SET_MARGIN, RequestAction.WITHDRAW)
VENDORS = (RequestAction.DECLINE, RequestAction.FINISH, RequestAction.QUOTE)


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """One request. ``price`` is what the vendor asks of the partner, ``note`` the vendor's comment."""

    id: str
    partner_id: str
    account_id: str
    kind: str
    description: str
    created_at: datetime
    updated_at: datetime
    margin_percent: Decimal = Decimal(0)
    status: RequestStatus = RequestStatus.OPEN
    price: Money | None = None
    note: str = ""
    fingerprint: str | None = None
    revision: int = 0
    version: int = 0

    @property
    def unfinished(self) -> bool:
        """Whether it has not ended."""
        return self.status in _UNFINISHED

    @property
    def client_price(self) -> Money | None:
        """What the partner may bill its client: the price and the margin on it, rounded once, halves away from zero."""
        return None if self.price is None else self.price + self.price.percent(self.margin_percent)


class RequestRefused(Refusal):
    """An action the request does not allow now."""

    code = "service_request_refused"
    title = "The service request does not allow this now"


class PriceChanged(Refusal):
    """The partner accepts another price than the one that is quoted."""

    code = "price_changed"
    title = "Another price is quoted"


class TooManyRequests(Refusal):
    """The partner has as many unfinished requests as it can have."""

    code = "too_many"
    title = "There are too many already"


def possible(request: ServiceRequest, among: tuple[RequestAction, ...]) -> list[RequestAction]:
    """Which of these actions the request allows now."""
    return [action for action in among if request.status in _POSSIBLE_WHILE[action]]


def quoted(request: ServiceRequest, *, price: Money, note: str) -> ServiceRequest:
    """With the vendor's price, the first or another one."""
    _refuse_unless_possible(request, RequestAction.QUOTE, VENDORS)
    return replace(request, status=RequestStatus.QUOTED, price=price, note=note)


def declined(request: ServiceRequest, *, note: str) -> ServiceRequest:
    """The vendor will not do it, or not after all. One that is declined already stays as it is."""
    if request.status is RequestStatus.DECLINED:
        return request
    _refuse_unless_possible(request, RequestAction.DECLINE, VENDORS)
    return replace(request, status=RequestStatus.DECLINED, note=note or request.note)


def finished(request: ServiceRequest, *, note: str) -> ServiceRequest:
    """The vendor has done it. One that is done already stays as it is."""
    if request.status is RequestStatus.DONE:
        return request
    _refuse_unless_possible(request, RequestAction.FINISH, VENDORS)
    return replace(request, status=RequestStatus.DONE, note=note or request.note)


def accepted(request: ServiceRequest, *, price: int) -> ServiceRequest:
    """The partner accepts the quote, naming its price, so that it accepts no other. Raises :class:`PriceChanged`."""
    if request.status is not RequestStatus.ACCEPTED:
        _refuse_unless_possible(request, RequestAction.ACCEPT, PARTNERS)
    if request.price is None or request.price.amount != price:
        now_asked = request.price.amount if request.price else None
        raise PriceChanged(f"The price of {request.id} is {now_asked}, not {price}.", extra={"price": now_asked})
    return replace(request, status=RequestStatus.ACCEPTED)


def withdrawn(request: ServiceRequest) -> ServiceRequest:
    """The partner withdraws it. One that is withdrawn already stays as it is."""
    if request.status is RequestStatus.WITHDRAWN:
        return request
    _refuse_unless_possible(request, RequestAction.WITHDRAW, PARTNERS)
    return replace(request, status=RequestStatus.WITHDRAWN)


def with_margin(request: ServiceRequest, *, percent: Decimal) -> ServiceRequest:
    """With another margin of the partner's, until the request has ended."""
    _refuse_unless_possible(request, RequestAction.SET_MARGIN, PARTNERS)
    return replace(request, margin_percent=percent)


def with_another(named_list: NamedList, request: ServiceRequest) -> NamedList:
    """The partner's unfinished requests with one more. Raises :class:`TooManyRequests`."""
    if len(named_list.names) >= MOST_OPEN:
        raise TooManyRequests(
            f"A partner can have {MOST_OPEN} unfinished requests. Withdraw one that is open or quoted."
        )
    return replace(named_list, names={**named_list.names, request.id: request.kind})


def _refuse_unless_possible(request: ServiceRequest, action: RequestAction, among: tuple[RequestAction, ...]) -> None:
    if request.status in _POSSIBLE_WHILE[action]:
        return
    allowed = possible(request, among)
    way_out = f"Possible now: {', '.join(allowed)}." if allowed else "Nothing more is possible; a new one can be filed."
    needed = " or ".join(_POSSIBLE_WHILE[action])
    raise RequestRefused(
        f"{request.id} is {request.status}; {action} needs one that is {needed}. {way_out}",
        extra={"request_status": request.status.value, "allowed_actions": [each.value for each in allowed]},
    )
