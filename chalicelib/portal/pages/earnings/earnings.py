"""What a partner earns: where it is paid, what of its balance can be paid out, and every line with its calculation."""

from typing import Any

from chalicelib.api import cursors
from chalicelib.api.bodies.earnings.earnings import COLUMNS, ChangeEarningSettings, ListEarnings
from chalicelib.api.spreadsheets import CSV, csv_text
from chalicelib.documents.statements.words import words_in
from chalicelib.domain.earnings.lines import EarningLine, LineKind, LineStatus, status_of
from chalicelib.domain.earnings.payees import held_because
from chalicelib.domain.earnings.statements import calculation_of
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid
from chalicelib.portal.declared import Download, Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.earnings import ledger, payees

pages = Pages()

TONES = {
    LineStatus.PENDING: "info",
    LineStatus.PAYABLE: "good",
    LineStatus.HELD: "warn",
    LineStatus.SETTLED: "gray",
}
_MOST_ROWS = 10_000
"""So many lines fit into one file: an answer may have 6 MB."""


@pages.get("earnings", scope="read")
def show_earnings(visit: Visit) -> View:
    """The settings, the sums, and the lines, newest first."""
    query = visit.asked_as(ListEarnings)
    program = load_program(visit.partner_seen.program)
    lines, last = _lines(visit, query, limit=query.limit)
    today = ledger.today(partner_id=visit.partner_id, now=visit.now)
    words = words_in(visit.language)
    asked = {name: visit.asked(name) for name in ("account_id", "kind", "status", "from", "to") if visit.asked(name)}
    values: dict[str, Any] = {
        "here": "lines",
        "commission": program.commission,
        "lines": [
            (line, words.title(line), words.calculation(calculation_of(line)), status_of(line, today=today))
            for line in lines
        ],
        "tones": TONES,
        "asked": asked,
        "kinds": visit.texts.options("earnings.earnings.kind.", LineKind, every="earnings.earnings.all"),
        "statuses": visit.texts.options("earnings.earnings.status.", LineStatus, every="earnings.earnings.all"),
        **visit.pager(query, last),
    }
    if not visit.element:
        payee = payees.get_payee(partner_id=visit.partner_id)
        summary = ledger.summary(partner_id=visit.partner_id, now=visit.now)
        values |= {
            "payee": payee,
            "held_because": held_because(payee),
            "summary": summary,
            "minimum": Money(program.commission.payout_minimum, visit.partner_seen.currency)
            if program.commission
            else None,
        }
    return View("earnings/earnings.html", values, headers={"HX-Push-Url": visit.address("earnings", **asked)})


@pages.post("earnings/settings", scope="billing", again=show_earnings)
def change_settings(visit: Visit) -> Redirect:
    """Sets the PayPal address, or none."""
    none: dict[str, Any] = {} if visit.entered("paypal_email") else {"paypal_email": None}
    body = visit.form(ChangeEarningSettings, **none)
    payees.set_address(partner_id=visit.partner_id, paypal_email=body.paypal_email, now=visit.now, actor=visit.actor)
    if body.paypal_email:
        return Redirect("earnings", done="address_set")
    return Redirect("earnings", done="address_removed")


@pages.get("earnings.csv", scope="read")
def download_earnings(visit: Visit) -> Download:
    """The lines that the list shows, all of them. Raises :class:`Invalid` if there are too many."""
    lines, last = _lines(visit, visit.asked_as(ListEarnings), limit=_MOST_ROWS)
    if last is not None:
        raise Invalid(f"These are more than {_MOST_ROWS:,} lines. Choose dates, or use the API.")
    today = ledger.today(partner_id=visit.partner_id, now=visit.now)
    rows = ({name: cell(line, today) for name, cell in COLUMNS.items()} for line in lines)
    return Download(csv_text(COLUMNS, rows), CSV, "earnings.csv")


def _lines(visit: Visit, query: ListEarnings, *, limit: int) -> tuple[list[EarningLine], dict[str, Any] | None]:
    return ledger.list_lines(
        partner_id=visit.partner_id,
        account_id=query.account_id,
        kind=query.kind,
        status=query.status,
        since=query.from_,
        until=query.to,
        limit=limit,
        start=cursors.start_of(visit, query),
        now=visit.now,
    )
