"""Service requests: a partner asks for work on an account, the vendor answers with a price."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.setup.service_requests import (
    AcceptQuote,
    AnswerServiceRequest,
    FiledRequestShape,
    FileServiceRequest,
    ListServiceRequests,
    ServiceRequestShape,
    SetMargin,
)
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.partners import partners
from chalicelib.services.setup import service_requests

routes = Routes(Blueprint(__name__), tag="service requests")


@routes.post(
    "/v1/service-requests",
    body=FileServiceRequest,
    returns=ServiceRequestShape,
    status=201,
    scope="write",
    summary="File a service request",
    refusals=(404, 409),
)
def file_service_request(call: Call, body: FileServiceRequest) -> ServiceRequestShape:
    """Ask the vendor for work on an account. Up to 50 can be open at once; none of this charges anybody."""
    request = service_requests.file_request(
        request_id=call.derived_id("sreq"),
        partner_id=call.partner_id,
        account_id=body.account_id,
        kind=body.kind,
        description=body.description,
        margin_percent=body.margin_percent,
        now=call.now,
        actor=call.actor,
    )
    return ServiceRequestShape.of(request)


@routes.get(
    "/v1/service-requests",
    query=ListServiceRequests,
    returns=Page[ServiceRequestShape],
    scope="read",
    summary="List service requests",
    refusals=(404, 409),
)
def list_service_requests(call: Call, query: ListServiceRequests) -> Page[ServiceRequestShape]:
    """The partner's service requests, newest first."""
    start = cursors.start_of(call, query)
    found, last = service_requests.list_requests(
        partner_id=call.partner_id,
        account_id=query.account_id,
        status=query.status,
        limit=query.limit,
        start=start,
    )
    return Page(data=[ServiceRequestShape.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.get(
    "/v1/service-requests/{service_request_id}",
    returns=ServiceRequestShape,
    scope="read",
    summary="Read a service request",
)
def get_service_request(call: Call, service_request_id: str) -> ServiceRequestShape:
    """One service request."""
    request = service_requests.get_request(partner_id=call.partner_id, request_id=service_request_id)
    return ServiceRequestShape.of(request)


@routes.patch(
    "/v1/service-requests/{service_request_id}",
    body=SetMargin,
    returns=ServiceRequestShape,
    scope="write",
    summary="Set the margin of a service request",
    refusals=(409,),
)
def set_service_margin(call: Call, service_request_id: str, body: SetMargin) -> ServiceRequestShape:
    """Change the margin, until the request has ended. It changes what the client is billed, not the vendor's price."""
    request = service_requests.set_margin(
        partner_id=call.partner_id,
        request_id=service_request_id,
        percent=body.margin_percent,
        now=call.now,
        actor=call.actor,
    )
    return ServiceRequestShape.of(request)


@routes.post(
    "/v1/service-requests/{service_request_id}/accept",
    body=AcceptQuote,
    returns=ServiceRequestShape,
    scope="write",
    summary="Accept the quote of a service request",
    refusals=(409,),
)
def accept_service_quote(call: Call, service_request_id: str, body: AcceptQuote) -> ServiceRequestShape:
    """Agree to the vendor's price; a 409 `price_changed` has the price quoted now."""
    request = service_requests.accept_quote(
        partner_id=call.partner_id,
        request_id=service_request_id,
        price=body.price,
        now=call.now,
        actor=call.actor,
    )
    return ServiceRequestShape.of(request)


@routes.post(
    "/v1/service-requests/{service_request_id}/withdraw",
    returns=ServiceRequestShape,
    scope="write",
    summary="Withdraw a service request",
    refusals=(409,),
)
def withdraw_service_request(call: Call, service_request_id: str) -> ServiceRequestShape:
    """Withdraw a request, before its quote is accepted."""
    request = service_requests.withdraw_request(
        partner_id=call.partner_id, request_id=service_request_id, now=call.now, actor=call.actor
    )
    return ServiceRequestShape.of(request)


@routes.get(
    "/v1/operator/partners/{partner_id}/service-requests",
    query=ListServiceRequests,
    returns=Page[FiledRequestShape],
    scope="operator",
    summary="List a partner's service requests",
    refusals=(404,),
)
def list_filed_requests(call: Call, partner_id: str, query: ListServiceRequests) -> Page[FiledRequestShape]:
    """What a partner asked for, newest first."""
    start = cursors.start_of(call, query)
    partners.get_partner(partner_id=partner_id)
    found, last = service_requests.list_requests(
        partner_id=partner_id,
        account_id=query.account_id,
        status=query.status,
        limit=query.limit,
        start=start,
        by_operator=True,
    )
    return Page(data=[FiledRequestShape.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.get(
    "/v1/operator/service-requests/{service_request_id}",
    returns=FiledRequestShape,
    scope="operator",
    summary="Read a filed service request",
)
def get_filed_request(_: Call, service_request_id: str) -> FiledRequestShape:
    """One service request, whoever filed it."""
    return FiledRequestShape.of(service_requests.get_any_request(request_id=service_request_id))


@routes.patch(
    "/v1/operator/service-requests/{service_request_id}",
    body=AnswerServiceRequest,
    returns=FiledRequestShape,
    scope="operator",
    summary="Answer a service request",
    refusals=(409,),
)
def answer_service_request(call: Call, service_request_id: str, body: AnswerServiceRequest) -> FiledRequestShape:
    """Quote a price, decline the work, or say that accepted work is done. A quote can change until it is accepted."""
    request = service_requests.answer_request(
        request_id=service_request_id,
        status=body.status,
        price=body.price,
        note=body.note,
        now=call.now,
        actor=call.actor,
    )
    return FiledRequestShape.of(request)
