"""Transfers: accounts that move into a partner's hands, or out of them."""

from chalice.app import Blueprint

from chalicelib.api import cursors, transfer_filing
from chalicelib.api.answers import Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.transfers.transfers import (
    FileTransfers,
    GivePlan,
    ListTransfers,
    MoveShape,
    PreviewMove,
    TransferResultsShape,
    TransferShape,
)
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.domain.refusals import Invalid
from chalicelib.domain.transfers.transfers import Direction
from chalicelib.services.transfers import moves, requests, transfers

routes = Routes(Blueprint(__name__), tag="transfers")


def _check(call: Call, body: FileTransfers) -> None:
    if body.transfers is None:
        filer = requests.filer_of(partner_id=call.partner_id)
        if faults := list(requests.faults_of(body.wanted(), filer=filer)):
            raise Invalid(errors=faults)


@routes.post(
    "/v1/transfers",
    body=FileTransfers,
    query=PreviewMove,
    returns=TransferShape,
    status=201,
    instead=(TransferResultsShape, MoveShape),
    scope="write",
    summary="Have an account moved to you, or away from you",
    rules=_check,
    refusals=(404, 409),
)
def file_transfers(call: Call, body: FileTransfers, query: PreviewMove) -> Answer:
    """In: the account's owner is mailed a link and agrees or declines; then an operator approves. Whether there is such
    an account, nobody learns from the answer. Out: an operator carries it out, after you have removed its branding and
    domain. With `transfers` up to 100 are filed, each by itself: the answer is a 200 with a result for each.
    """
    filer = requests.filer_of(partner_id=call.partner_id)
    if body.transfers is not None:
        if body.model_fields_set != {"transfers"} or query.preview:
            raise Invalid(errors=[("transfers", "must be the only field, without preview")])
        return Answer(body=transfer_filing.file_together(call, filer, body.transfers), status=200)
    if query.preview:
        if body.direction is Direction.IN:
            raise Invalid(errors=[("direction", "only a transfer out has a preview: nobody sees another's account")])
        planned = moves.preview_removal(filer=filer, request=body.wanted(), now=call.now)
        return Answer(body=MoveShape.of(planned), status=200)
    return Answer(body=transfer_filing.file_one(call, filer, body))


@routes.get("/v1/transfers", query=ListTransfers, returns=Page[TransferShape], scope="read", summary="List transfers")
def list_transfers(call: Call, query: ListTransfers) -> Page[TransferShape]:
    """The partner's transfers, newest first."""
    found, last = transfers.list_transfers(
        partner_id=call.partner_id,
        status=query.status,
        direction=query.direction,
        limit=query.limit,
        start=cursors.start_of(call, query),
    )
    needs = transfers.needs_of_all(found)
    shown = [TransferShape.of(each, needs=needs[each.id], now=call.now) for each in found]
    return Page(data=shown, next_cursor=cursors.next_of(call, query, last))


@routes.get("/v1/transfers/{transfer_id}", returns=TransferShape, scope="read", summary="Read a transfer")
def get_transfer(call: Call, transfer_id: str) -> TransferShape:
    """One transfer; `needs` says what is still missing before an operator can approve it."""
    return transfer_filing.shown(call, transfers.get_transfer(partner_id=call.partner_id, transfer_id=transfer_id))


@routes.patch(
    "/v1/transfers/{transfer_id}",
    body=GivePlan,
    returns=TransferShape,
    scope="write",
    summary="Give a transfer its plan",
    refusals=(409,),
)
def give_transfer_plan(call: Call, transfer_id: str, body: GivePlan) -> TransferShape:
    """The plan that the account has from its next renewal on, where your program does not offer the one it has."""
    given = transfers.give_plan(
        partner_id=call.partner_id,
        transfer_id=transfer_id,
        plan=body.plan.request(),
        now=call.now,
        actor=call.actor,
    )
    return transfer_filing.shown(call, given)


@routes.delete(
    "/v1/transfers/{transfer_id}", returns=None, scope="write", summary="Withdraw a transfer", refusals=(409,)
)
def withdraw_transfer(call: Call, transfer_id: str) -> None:
    """Possible until it is answered by an operator."""
    transfers.withdraw(partner_id=call.partner_id, transfer_id=transfer_id, now=call.now, actor=call.actor)
