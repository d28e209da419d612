"""A partner's payouts, why one did not arrive, and the statement of each."""

from typing import Any

from chalicelib.api import cursors
from chalicelib.api.bodies.earnings.payouts import ListPayouts
from chalicelib.api.bodies.earnings.statements import COLUMNS, ReadStatement
from chalicelib.api.spreadsheets import CSV, csv_text
from chalicelib.documents.statements.words import words_in
from chalicelib.domain.earnings.payouts import PayoutStatus
from chalicelib.domain.earnings.statements import calculation_of
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid
from chalicelib.portal.declared import Download, Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.earnings import payouts, statements

pages = Pages()

TONES = {
    PayoutStatus.SCHEDULED: "info",
    PayoutStatus.WAITING_FOR_OPERATOR: "info",
    PayoutStatus.SENT: "info",
    PayoutStatus.PAID: "good",
    PayoutStatus.UNCLAIMED: "warn",
    PayoutStatus.RETURNED: "bad",
    PayoutStatus.FAILED: "bad",
    PayoutStatus.HELD: "warn",
}
_MOST_ROWS = 10_000


@pages.get("earnings/payouts", scope="read")
def show_payouts(visit: Visit) -> View:
    """The payouts, newest first."""
    query = visit.asked_as(ListPayouts)
    found, last = payouts.list_payouts(
        partner_id=visit.partner_id, status=query.status, limit=query.limit, start=cursors.start_of(visit, query)
    )
    values = {
        "here": "payouts",
        "commission": load_program(visit.partner_seen.program).commission,
        "payouts": found,
        "tones": TONES,
        "reason": words_in(visit.language).written,
        **visit.pager(query, last),
    }
    return View("earnings/payouts.html", values)


@pages.get("earnings/payouts/{payout_id}", scope="read")
def show_payout(visit: Visit, payout_id: str) -> View:
    """One payout, with the lines that it settles and how each comes about."""
    query = visit.asked_as(ReadStatement)
    payout = payouts.get_payout(partner_id=visit.partner_id, payout_id=payout_id)
    words = words_in(visit.language)
    values: dict[str, Any] = {
        "payout": payout,
        "tones": TONES,
        "reason": words.written,
        "statement": None,
        "sums": [],
        "lines": [],
        **visit.pager(query, None),
    }
    if payout.is_frozen:
        statement = statements.get_statement(partner_id=visit.partner_id, payout_id=payout_id)
        found, last = statements.list_lines(statement, limit=query.limit, start=cursors.start_of(visit, query))
        currency = statement.payout.amount.currency
        values |= {
            "statement": statement,
            "sums": [(kind, each.lines, Money(each.amount, currency)) for kind, each in statement.payout.sums.items()],
            "lines": [(line, words.title(line), words.calculation(calculation_of(line))) for line in found],
            **visit.pager(query, last),
        }
    return View("earnings/payout.html", values)


@pages.get("earnings/payouts/{payout_id}/pdf", scope="read")
def open_statement(visit: Visit, payout_id: str) -> Redirect:
    """To the statement as PDF, at an address that is good for five minutes."""
    link = statements.statement_link(partner_id=visit.partner_id, payout_id=payout_id, language=visit.language)
    return Redirect(link)


@pages.get("earnings/payouts/{payout_id}/csv", scope="read")
def download_statement(visit: Visit, payout_id: str) -> Download:
    """The lines of the statement. Raises :class:`Invalid` if there are too many."""
    statement = statements.get_statement(partner_id=visit.partner_id, payout_id=payout_id)
    lines, last = statements.list_lines(statement, limit=_MOST_ROWS, start=None)
    if last is not None:
        raise Invalid(f"These are more than {_MOST_ROWS:,} lines. Use the API, which has them page by page.")
    rows = ({name: cell(line) for name, cell in COLUMNS.items()} for line in lines)
    return Download(csv_text(COLUMNS, rows), CSV, f"payout-{statement.payout.run_on}.csv")
