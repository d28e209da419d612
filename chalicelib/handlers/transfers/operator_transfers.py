"""Transfers as operators see them: all of them, what each would come to, and their answer."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.transfers.transfers import (
    AnyTransferShape,
    ListTransfers,
    MoveShape,
    PreviewMove,
    RejectTransfer,
)
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.domain.transfers.transfers import Transfer
from chalicelib.services.transfers import moves, transfers

routes = Routes(Blueprint(__name__), tag="operator")


@routes.get(
    "/v1/operator/transfers",
    query=ListTransfers,
    returns=Page[AnyTransferShape],
    scope="operator",
    summary="List all transfers",
)
def list_all_transfers(call: Call, query: ListTransfers) -> Page[AnyTransferShape]:
    """The transfers of all partners, newest first; `status=waiting_for_operator` are those to answer."""
    found, last = transfers.list_transfers(
        partner_id=None,
        status=query.status,
        direction=query.direction,
        limit=query.limit,
        start=cursors.start_of(call, query),
    )
    needs = transfers.needs_of_all(found)
    shown = [AnyTransferShape.of(each, needs=needs[each.id], now=call.now) for each in found]
    return Page(data=shown, next_cursor=cursors.next_of(call, query, last))


@routes.post(
    "/v1/operator/transfers/{transfer_id}/approve",
    query=PreviewMove,
    returns=AnyTransferShape,
    previews=MoveShape,
    scope="operator",
    summary="Move the account of a transfer",
    refusals=(409,),
)
def approve_transfer(call: Call, transfer_id: str, query: PreviewMove) -> AnyTransferShape | MoveShape:
    """The account moves at once; its paid period and renewal day stay. While something stands in the way (an unpaid
    invoice, a plan that is still needed) it is a 409, and the transfer keeps waiting.
    """
    if query.preview:
        return MoveShape.of(moves.preview_move(transfer_id=transfer_id, now=call.now))
    return _shown(call, moves.approve(transfer_id=transfer_id, now=call.now, actor=call.actor))


@routes.post(
    "/v1/operator/transfers/{transfer_id}/reject",
    body=RejectTransfer,
    returns=AnyTransferShape,
    scope="operator",
    summary="Reject a transfer",
    refusals=(409,),
)
def reject_transfer(call: Call, transfer_id: str, body: RejectTransfer) -> AnyTransferShape:
    """The account stays where it is; the partner is told the reason."""
    rejected = transfers.reject(transfer_id=transfer_id, reason=body.reason, now=call.now, actor=call.actor)
    return _shown(call, rejected)


def _shown(call: Call, transfer: Transfer) -> AnyTransferShape:
    return AnyTransferShape.of(transfer, needs=transfers.needs_of(transfer), now=call.now)
