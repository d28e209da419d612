"""Credits: prepaid money, its balance and its journal."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.wallet.entries import EntryShape
from chalicelib.api.bodies.wallet.prepaid import (
    ArrangeTopUp,
    Balances,
    BuyPrepaid,
    ForecastQuery,
    ForecastShape,
    GrantPrepaid,
    ListEntries,
    SetAsidePrepaid,
    TopUpShape,
)
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.domain.refusals import Invalid
from chalicelib.services.wallet import forecasts, prepaid, set_asides, top_ups

routes = Routes(Blueprint(__name__), tag="credits")


@routes.get("/v1/credits", returns=Balances, scope="read", summary="Balances")
def get_credits(call: Call) -> Balances:
    """The partner's credits; the prepaid balance is all prepaid money, what is set aside included."""
    wallet, set_asides = prepaid.get_balances(partner_id=call.partner_id)
    return Balances.of(wallet, set_asides)


@routes.post(
    "/v1/credits/prepaid/purchases",
    body=BuyPrepaid,
    returns=EntryShape,
    status=201,
    scope="billing",
    summary="Buy prepaid money",
    refusals=(402, 409),
)
def buy_prepaid(call: Call, body: BuyPrepaid) -> EntryShape:
    """Buy prepaid money; it always charges the card. If an account is given, it is set aside for it at once."""
    entry = prepaid.buy_prepaid(
        purchase_id=call.derived_id("txn"),
        partner_id=call.partner_id,
        billing_profile_id=body.billing_profile_id,
        amount=body.amount,
        account_id=body.account_id,
        expect_due_today=body.expect_due_today,
        now=call.now,
        actor=call.actor,
    )
    return EntryShape.of(entry)


@routes.get(
    "/v1/credits/prepaid/transactions",
    query=ListEntries,
    returns=Page[EntryShape],
    scope="read",
    summary="The journal of prepaid money",
)
def list_prepaid_transactions(call: Call, query: ListEntries) -> Page[EntryShape]:
    """Every movement of prepaid money, newest first, with the balance after it."""
    start = cursors.start_of(call, query)
    entries, last = prepaid.list_journal(partner_id=call.partner_id, limit=query.limit, start=start)
    return Page(data=[EntryShape.of(entry) for entry in entries], next_cursor=cursors.next_of(call, query, last))


@routes.post(
    "/v1/credits/prepaid/allocations",
    body=SetAsidePrepaid,
    returns=EntryShape,
    status=201,
    scope="billing",
    summary="Set prepaid money aside",
    refusals=(409,),
)
def set_prepaid_aside(call: Call, body: SetAsidePrepaid) -> EntryShape:
    """Reserve general prepaid money for one account. It stays in the balance until it is used."""
    entry = set_asides.set_money_aside(
        entry_id=call.derived_id("txn"),
        partner_id=call.partner_id,
        account_id=body.account_id,
        amount=body.amount,
        now=call.now,
        actor=call.actor,
    )
    return EntryShape.of(entry)


@routes.delete(
    "/v1/credits/prepaid/allocations/{account_id}",
    returns=EntryShape,
    scope="billing",
    summary="Take set-aside money back",
    refusals=(409,),
)
def take_prepaid_back(call: Call, account_id: str) -> EntryShape:
    """Make what is left of an account's set-aside money general again."""
    entry = set_asides.take_money_back(
        entry_id=call.derived_id("txn"),
        partner_id=call.partner_id,
        account_id=account_id,
        now=call.now,
        actor=call.actor,
    )
    return EntryShape.of(entry)


@routes.post(
    "/v1/operator/partners/{partner_id}/credits/prepaid/grants",
    body=GrantPrepaid,
    returns=EntryShape,
    status=201,
    scope="operator",
    summary="Grant prepaid money",
    refusals=(404, 409),
)
def grant_prepaid(call: Call, partner_id: str, body: GrantPrepaid) -> EntryShape:
    """Give a partner prepaid money; franchise partners get theirs no other way."""
    entry = prepaid.grant_prepaid(
        entry_id=call.derived_id("txn"),
        partner_id=partner_id,
        amount=body.amount,
        now=call.now,
        actor=call.actor,
    )
    return EntryShape.of(entry)


@routes.get(
    "/v1/credits/prepaid/forecast",
    query=ForecastQuery,
    returns=ForecastShape,
    scope="read",
    summary="What must I buy today?",
)
def get_forecast(call: Call, query: ForecastQuery) -> ForecastShape:
    """The renewals before a date, when prepaid money runs out, and what to buy so that no card is charged before it."""
    return ForecastShape.of(forecasts.get_forecast(partner_id=call.partner_id, until=query.until, now=call.now))


@routes.get(
    "/v1/credits/prepaid/auto-top-up", returns=TopUpShape, scope="read", summary="The settings of automatic top-up"
)
def get_auto_top_up(call: Call) -> TopUpShape:
    """Whether prepaid money is topped up automatically, and how."""
    return TopUpShape.of(top_ups.get_top_up(partner_id=call.partner_id))


@routes.put(
    "/v1/credits/prepaid/auto-top-up",
    body=ArrangeTopUp,
    returns=TopUpShape,
    scope="billing",
    summary="Turn automatic top-up on or off",
    refusals=(409,),
)
def set_auto_top_up(call: Call, body: ArrangeTopUp) -> TopUpShape:
    """Below a limit of general prepaid money, buy more with a card, in one charge."""
    if not body.enabled:
        top_ups.turn_off_top_up(partner_id=call.partner_id, now=call.now, actor=call.actor)
        return TopUpShape.of(None)
    if body.billing_profile_id is None:
        raise Invalid(errors=[("billing_profile_id", "is needed to turn automatic top-up on")])
    top_up = top_ups.set_up_top_up(
        partner_id=call.partner_id,
        below=body.below,
        amount=body.amount,
        billing_profile_id=body.billing_profile_id,
        now=call.now,
        actor=call.actor,
    )
    return TopUpShape.of(top_up)
