"""The payouts of all partners, and what operators decide about them."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.earnings.payouts import (
    AnyPayoutShape,
    ListAllPayouts,
    ListPayoutRuns,
    MarkPaid,
    PayoutRunShape,
    StartPayoutRun,
)
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.earnings import payout_runs, payouts

routes = Routes(Blueprint(__name__), tag="operator")


@routes.get(
    "/v1/operator/payouts",
    query=ListAllPayouts,
    returns=Page[AnyPayoutShape],
    scope="operator",
    summary="List all payouts",
)
def list_all_payouts(call: Call, query: ListAllPayouts) -> Page[AnyPayoutShape]:
    """The payouts of all partners, newest first, or those of one partner or run."""
    found, last = payouts.list_payouts(
        partner_id=query.partner_id,
        run_id=query.run_id,
        status=query.status,
        limit=query.limit,
        start=cursors.start_of(call, query),
    )
    return Page(data=[AnyPayoutShape.of_any(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.post(
    "/v1/operator/payouts/{payout_id}/mark-paid",
    body=MarkPaid,
    returns=AnyPayoutShape,
    scope="operator",
    summary="Mark a payout as paid by other means",
    refusals=(404, 409),
)
def mark_payout_paid(call: Call, payout_id: str, body: MarkPaid) -> AnyPayoutShape:
    """For a payout that PayPal does not pay: held, waiting, failed, returned, or without an answer for 29 days. A 409
    while it may yet be paid, or if it comes to another `amount`.
    """
    payout = payouts.mark_paid(
        payout_id=payout_id, reference=body.reference, amount=body.amount, now=call.now, actor=call.actor
    )
    return AnyPayoutShape.of_any(payout)


@routes.post(
    "/v1/operator/payouts/{payout_id}/give-up",
    returns=AnyPayoutShape,
    scope="operator",
    summary="Decide that a payout was not paid",
    refusals=(404, 409),
)
def give_payout_up(call: Call, payout_id: str) -> AnyPayoutShape:
    """For a payout that PayPal has not answered for 29 days, after you have looked it up there. Its amount is given
    back, and paid with the next payout.
    """
    return AnyPayoutShape.of_any(payouts.give_up(payout_id=payout_id, now=call.now, actor=call.actor))


@routes.get(
    "/v1/operator/payout-runs",
    query=ListPayoutRuns,
    returns=Page[PayoutRunShape],
    scope="operator",
    summary="List payout runs",
)
def list_payout_runs(call: Call, query: ListPayoutRuns) -> Page[PayoutRunShape]:
    """The runs of all programs, newest first, with what has become of their payouts so far."""
    found, last = payout_runs.list_runs(limit=query.limit, start=cursors.start_of(call, query))
    return Page(data=[PayoutRunShape.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.post(
    "/v1/operator/payout-runs",
    body=StartPayoutRun,
    returns=PayoutRunShape,
    status=201,
    scope="operator",
    summary="Pay the partners of a program today",
    refusals=(409,),
)
def start_payout_run(call: Call, body: StartPayoutRun) -> PayoutRunShape:
    """Starts today's run of the program, or goes on with it. Nobody gets two payouts in a day: only partners that had
    none today, or whose payout was held, are looked at.
    """
    return PayoutRunShape.of(payout_runs.start(program=body.program, now=call.now, actor=call.actor))


@routes.post(
    "/v1/operator/payout-runs/{run_id}/confirm",
    returns=PayoutRunShape,
    scope="operator",
    summary="Confirm a payout run",
    refusals=(404, 409),
)
def confirm_payout_run(call: Call, run_id: str) -> PayoutRunShape:
    """Lets its payouts be sent. Confirming again changes nothing."""
    return PayoutRunShape.of(payout_runs.confirm(run_id=run_id, now=call.now, actor=call.actor))
