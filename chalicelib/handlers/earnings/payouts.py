"""A partner's payouts."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import JSON, Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.earnings.payouts import ListPayouts, PayoutShape
from chalicelib.api.bodies.earnings.statements import COLUMNS, ReadStatement, StatementShape
from chalicelib.api.call import Call
from chalicelib.api.negotiation import asks_first_for, preferred
from chalicelib.api.pages.texts import wished_language
from chalicelib.api.routes import Routes
from chalicelib.api.spreadsheets import CSV
from chalicelib.handlers.billing.invoices import MOST_ROWS, as_csv
from chalicelib.services.billing.drawings import PDF
from chalicelib.services.earnings import payouts, statements

routes = Routes(Blueprint(__name__), tag="earnings")


@routes.get("/v1/payouts", query=ListPayouts, returns=Page[PayoutShape], scope="read", summary="List your payouts")
def list_payouts(call: Call, query: ListPayouts) -> Page[PayoutShape]:
    """What you were paid, newest first, and what was held or given back, with the reason and what you can do."""
    found, last = payouts.list_payouts(
        partner_id=call.partner_id, status=query.status, limit=query.limit, start=cursors.start_of(call, query)
    )
    return Page(data=[PayoutShape.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.get("/v1/payouts/{payout_id}", returns=PayoutShape, scope="read", summary="Read a payout")
def get_payout(call: Call, payout_id: str) -> PayoutShape:
    """One payout. The lines that it settles name it as their `payout_id`."""
    return PayoutShape.of(payouts.get_payout(partner_id=call.partner_id, payout_id=payout_id))


@routes.get(
    "/v1/payouts/{payout_id}/statement",
    query=ReadStatement,
    returns=StatementShape,
    media=(CSV, PDF),
    scope="read",
    summary="The statement of a payout",
    refusals=(404, 409, 503),
)
def get_payout_statement(call: Call, payout_id: str, query: ReadStatement) -> StatementShape | Answer:
    """Every line that the payout settles, oldest first, each with the calculation of its amount.

    With `Accept: text/csv` up to 10,000 lines at once; a `Link` header (`rel="next"`) leads to the next ones. With
    `Accept: application/pdf` the whole statement as a PDF, in the language of `Accept-Language` as far as there is one;
    of more than 2,000 lines it has the sums alone. A payout that was held before its lines were settled has none.
    """
    accept = call.headers.get("Accept")
    if asks_first_for(accept, PDF):
        language = wished_language(call.headers.get("Accept-Language"))
        file = statements.statement_pdf(partner_id=call.partner_id, payout_id=payout_id, language=language)
        return Answer(file=file, headers={"Content-Type": PDF})
    start = cursors.start_of(call, query)
    statement = statements.get_statement(partner_id=call.partner_id, payout_id=payout_id)
    is_csv = preferred(accept, (JSON, CSV)) == CSV
    whole = is_csv and "limit" not in query.model_fields_set
    lines, last = statements.list_lines(statement, limit=MOST_ROWS if whole else query.limit, start=start)
    following = cursors.next_of(call, query, last)
    if is_csv:
        rows = ({name: cell(line) for name, cell in COLUMNS.items()} for line in lines)
        return as_csv(f"payout-{statement.payout.run_on}", COLUMNS, rows, query=query, following=following)
    return StatementShape.of_page(statement, lines, next_cursor=following)
