"""Quotes."""

from chalice.app import Blueprint

from chalicelib.api.bodies.catalog.plans import QuoteRequest, QuoteShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.accounts import plan_changes, quotes
from chalicelib.services.accounts.plan_changes import PlanChangeRequest

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
    request = body.plan.request()
    if body.account_id is None:
        return QuoteShape.of(quotes.quote_plan(partner_id=call.partner_id, request=request, now=call.now))
    change = PlanChangeRequest(plan=request)
    quote = plan_changes.preview(partner_id=call.partner_id, account_id=body.account_id, request=change, now=call.now)
    return QuoteShape.of(quote)
