"""What a partner earns: its ledger, its totals, and where it wants to be paid."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import JSON, Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.earnings.earnings import (
    COLUMNS,
    ChangeEarningSettings,
    EarningSettingsShape,
    EarningShape,
    EarningsSummaryShape,
    ListEarnings,
)
from chalicelib.api.call import Call
from chalicelib.api.negotiation import preferred
from chalicelib.api.routes import Routes
from chalicelib.api.spreadsheets import CSV
from chalicelib.handlers.billing.invoices import MOST_ROWS, as_csv
from chalicelib.services.earnings import ledger, payees

routes = Routes(Blueprint(__name__), tag="earnings")


@routes.get(
    "/v1/earnings",
    query=ListEarnings,
    returns=Page[EarningShape],
    media=(CSV,),
    scope="read",
    summary="List what you earn",
)
def list_earnings(call: Call, query: ListEarnings) -> Page[EarningShape] | Answer:
    """Your earnings ledger, newest first; `from` and `to` are your local dates, both included.

    With `Accept: text/csv` up to 10,000 lines at once; a `Link` header (`rel="next"`) leads to the next ones.
    """
    is_csv = preferred(call.headers.get("Accept"), (JSON, CSV)) == CSV
    whole = is_csv and "limit" not in query.model_fields_set
    found, last = ledger.list_lines(
        partner_id=call.partner_id,
        account_id=query.account_id,
        kind=query.kind,
        status=query.status,
        since=query.from_,
        until=query.to,
        limit=MOST_ROWS if whole else query.limit,
        start=cursors.start_of(call, query),
        now=call.now,
    )
    following = cursors.next_of(call, query, last)
    today = ledger.today(partner_id=call.partner_id, now=call.now)
    if is_csv:
        rows = ({name: cell(line, today) for name, cell in COLUMNS.items()} for line in found)
        return as_csv("earnings", COLUMNS, rows, query=query, following=following)
    return Page(data=[EarningShape.of(line, today=today) for line in found], next_cursor=following)


@routes.get(
    "/v1/earnings/summary", returns=EarningsSummaryShape, scope="read", summary="Your balance and what is payable"
)
def get_earnings_summary(call: Call) -> EarningsSummaryShape:
    """The balance of your ledger. What is pending becomes payable on the `payable_on` of its lines."""
    return EarningsSummaryShape.of(ledger.summary(partner_id=call.partner_id, now=call.now))


@routes.get("/v1/earnings/settings", returns=EarningSettingsShape, scope="read", summary="Where you are paid")
def get_earning_settings(call: Call) -> EarningSettingsShape:
    """The PayPal address for what you earn, null until you set one."""
    return EarningSettingsShape.of(payees.get_payee(partner_id=call.partner_id))


@routes.put(
    "/v1/earnings/settings",
    body=ChangeEarningSettings,
    returns=EarningSettingsShape,
    scope="billing",
    summary="Change where you are paid",
)
def change_earning_settings(call: Call, body: ChangeEarningSettings) -> EarningSettingsShape:
    """Set the PayPal address. The change is mailed to the old address, or to your own if there was none."""
    payee = payees.set_address(
        partner_id=call.partner_id, paypal_email=body.paypal_email, now=call.now, actor=call.actor
    )
    return EarningSettingsShape.of(payee)
