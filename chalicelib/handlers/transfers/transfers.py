"""Transfers: accounts that move into a partner's hands, or out of them."""

import json
from typing import Any

from chalice.app import Blueprint

from chalicelib.api import cursors, parsing, problems
from chalicelib.api.answers import Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.transfers.transfers import (
    FileTransfers,
    GivePlan,
    ListTransfers,
    MoveShape,
    PreviewMove,
    TransferBody,
    TransferResult,
    TransferResultsShape,
    TransferShape,
)
from chalicelib.api.call import Call
from chalicelib.api.parsing import Faults
from chalicelib.api.problems import Problem
from chalicelib.api.routes import Routes
from chalicelib.domain.refusals import Invalid, Refusal
from chalicelib.domain.transfers.transfers import Direction, Transfer
from chalicelib.services.transfers import filing, moves, requests, transfers
from chalicelib.services.transfers.requests import Filer

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
        return Answer(body=_filed_together(call, filer, body.transfers), status=200)
    if query.preview:
        if body.direction is Direction.IN:
            raise Invalid(errors=[("direction", "only a transfer out has a preview: nobody sees another's account")])
        planned = moves.preview_removal(filer=filer, request=body.wanted(), now=call.now)
        return Answer(body=MoveShape.of(planned), status=200)
    return Answer(body=_filed(call, filer, body))


def _filed(call: Call, filer: Filer, body: TransferBody, *, place: str = "") -> TransferShape:
    parts = (place,) if place else ()
    return _shown(
        call,
        filing.file_transfer(
            filer=filer,
            transfer_id=call.derived_id("xfer", *parts),
            request=body.wanted(),
            base_url=call.base_url,
            now=call.now,
            actor=call.actor,
        ),
    )


def _filed_together(call: Call, filer: Filer, given: list[dict[str, Any]]) -> TransferResultsShape:
    """Each by itself. What may pass by itself refuses the whole request: repeated, it finds those that are filed."""
    return TransferResultsShape(results=[_result(call, filer, each, str(place)) for place, each in enumerate(given)])


def _result(call: Call, filer: Filer, given: dict[str, Any], place: str) -> TransferResult:
    try:
        body = parsing.from_body(TransferBody, given)
        return TransferResult(status=201, transfer=_filed(call, filer, body, place=place))
    except Faults as faults:
        problem: Problem = problems.invalid(faults.errors)
    except Refusal as refusal:
        if refusal.kind.is_transient:
            raise
        problem = problems.of_error(refusal)
    rendered = problem.render(request_id=call.request_id)
    return TransferResult(status=rendered.status, error=json.loads(rendered.body))


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
    return _shown(call, transfers.get_transfer(partner_id=call.partner_id, transfer_id=transfer_id))


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
    return _shown(call, given)


@routes.delete(
    "/v1/transfers/{transfer_id}", returns=None, scope="write", summary="Withdraw a transfer", refusals=(409,)
)
def withdraw_transfer(call: Call, transfer_id: str) -> None:
    """Possible until it is answered by an operator."""
    transfers.withdraw(partner_id=call.partner_id, transfer_id=transfer_id, now=call.now, actor=call.actor)


def _shown(call: Call, transfer: Transfer) -> TransferShape:
    return TransferShape.of(transfer, needs=transfers.needs_of(transfer), now=call.now)
