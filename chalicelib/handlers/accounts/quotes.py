"""Quotes."""

from dataclasses import replace

from chalice.app import Blueprint

from chalicelib.api import problems
from chalicelib.api.bodies.catalog.plans import QuoteRequest, QuoteShape
from chalicelib.api.call import Call
from chalicelib.api.problems import Problem
from chalicelib.api.routes import Routes
from chalicelib.services.accounts import plan_changes, quotes
from chalicelib.services.accounts.plan_changes import Wanted
from chalicelib.services.accounts.quotes import QuoteChanged

routes = Routes(Blueprint(__name__), tag="quotes")


@routes.post(
    "/v1/quotes",
    body=QuoteRequest,
    returns=QuoteShape,
    scope="read",
    summary="What would it cost?",
    refusals=(409,),
)
def create_quote(call: Call, body: QuoteRequest) -> QuoteShape:
    """What a plan costs per cycle and what of it would be due today, split over prepaid money and card.

    With `account_id` it is the preview of changing that account to the plan.
    """
    wanted = body.plan.request()
    if body.account_id is None:
        return QuoteShape.of(quotes.quote_plan(partner_id=call.partner_id, wanted=wanted, now=call.now))
    change = Wanted(plan=wanted)
    quote = plan_changes.preview(partner_id=call.partner_id, account_id=body.account_id, wanted=change, now=call.now)
    return QuoteShape.of(quote)


def with_quote(refusal: QuoteChanged) -> Problem:
    """The refusal of a price that changed, carrying the fresh quote as clients know it."""
    quote = QuoteShape.of(refusal.quote).model_dump(mode="json")
    return replace(problems.of_error(refusal), extra={"quote": quote})
