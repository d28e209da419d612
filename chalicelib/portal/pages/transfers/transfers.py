"""Accounts that move to the partner or away from it: the requests, each with its steps, and new ones, one or many."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from chalicelib.api import cursors, transfer_filing
from chalicelib.api.bodies.transfers.transfers import (
    MOST_AT_ONCE,
    GivePlan,
    ListTransfers,
    TransferBody,
    TransferShape,
)
from chalicelib.domain.refusals import Invalid
from chalicelib.domain.transfers.transfers import Direction, TransferStatus
from chalicelib.portal import forms
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.billing import cards_on_file
from chalicelib.portal.pages.transfers import plan_choices
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.transfers import requests, transfers

pages = Pages()

TONES = {
    TransferStatus.WAITING_FOR_OWNER: "info",
    TransferStatus.WAITING_FOR_OPERATOR: "info",
    TransferStatus.COMPLETED: "good",
    TransferStatus.DECLINED: "bad",
    TransferStatus.REJECTED: "bad",
    TransferStatus.WITHDRAWN: "gray",
    TransferStatus.LAPSED: "gray",
}
_STEPS = {Direction.IN: ("filed", "owner", "operator"), Direction.OUT: ("filed", "operator")}
COLUMNS = (
    *("direction", "account", "owner_email", "relationship", "billing_profile_id", "single_bill"),
    *("account_id", "client_email", "plan.pricing_version", "plan.product", "plan.tier", "plan.contacts"),
    "plan.billing_frequency",
)
"""Of the rows that are filed together: the fields of a transfer."""


@pages.get("transfers", scope="read")
def show_transfers(visit: Visit) -> View:
    """The partner's transfers, newest first."""
    query = visit.asked_as(ListTransfers)
    found, last = transfers.list_transfers(
        partner_id=visit.partner_id,
        status=query.status,
        direction=query.direction,
        limit=query.limit,
        start=cursors.start_of(visit, query),
    )
    needs = transfers.needs_of_all(found)
    values = {
        "here": "moves",
        "program": load_program(visit.partner_seen.program),
        "transfers": [TransferShape.of(each, needs=needs[each.id], now=visit.now) for each in found],
        "tones": TONES,
        **visit.pager(query, last),
    }
    return View("transfers/transfers.html", values)


@pages.get("transfers/new", scope="read")
def show_new(visit: Visit) -> View:
    """The request to have an account moved to the partner."""
    program = load_program(visit.partner_seen.program)
    values = {
        "program": program,
        "days": program.transfer_request_days,
        "relationships": visit.texts.options("transfers.transfers.relationship.", program.relationships),
        "profiles": [("", "–"), *cards_on_file.options_of(cards_on_file.cards_of(visit))],
    }
    return View("transfers/transfer_new.html", values)


@pages.post("transfers/new", scope="write", again=show_new)
def file_new(visit: Visit) -> Redirect:
    """Has the account's owner asked."""
    body = visit.form(TransferBody, direction="in")
    filed = transfer_filing.file_one(visit, requests.filer_of(partner_id=visit.partner_id), body)
    return Redirect(f"transfers/{filed.id}", done="filed")


@pages.get("transfers/several", scope="read")
def show_several(_: Visit) -> View:
    """Rows of CSV, pasted or read from a file."""
    return View("transfers/transfers_several.html", {"results": None, "columns": COLUMNS, "most": MOST_AT_ONCE})


@pages.post("transfers/several", scope="write", again=show_several)
def file_several(visit: Visit) -> View:
    """Files each row by itself, and says what became of it."""
    rows = rows_of(visit.entered("rows"))
    given = [forms.document({name: [cell] for name, cell in row.items()}, TransferBody) for row in rows]
    done = transfer_filing.file_together(visit, requests.filer_of(partner_id=visit.partner_id), given)
    values = {
        "results": list(zip(rows, done.results, strict=True)),
        "filed": sum(result.status == 201 for result in done.results),
    }
    return View("transfers/transfers_several.html", values)


@pages.get("transfers/{transfer_id}", scope="read")
def show_transfer(visit: Visit, transfer_id: str) -> View:
    """One transfer: how far it is, what it still needs, and its withdrawal."""
    transfer = transfers.get_transfer(partner_id=visit.partner_id, transfer_id=transfer_id)
    shape = transfer_filing.shown(visit, transfer)
    steps = _STEPS[transfer.direction]
    waits_at = {TransferStatus.WAITING_FOR_OWNER: 1, TransferStatus.WAITING_FOR_OPERATOR: len(steps) - 1}
    values: dict[str, Any] = {
        "transfer": shape,
        "steps": [visit.texts.plain(f"transfers.transfers.step.{step}") for step in (*steps, "moved")],
        "step": waits_at.get(shape.status, len(steps) + 1 if shape.status is TransferStatus.COMPLETED else None),
        "is_open": shape.status in waits_at,
        "tones": TONES,
    }
    if shape.needs:
        values |= plan_choices.choices(visit, load_program(visit.partner_seen.program))
    return View("transfers/transfer.html", values)


@pages.post("transfers/{transfer_id}/plan", scope="write", again=show_transfer)
def give_plan(visit: Visit, transfer_id: str) -> Redirect:
    """Gives the plan from the next renewal on."""
    body = visit.form(GivePlan, plan=plan_choices.chosen(visit) or {})
    transfers.give_plan(
        partner_id=visit.partner_id,
        transfer_id=transfer_id,
        plan=body.plan.request(),
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"transfers/{transfer_id}", done="plan_given")


@pages.post("transfers/{transfer_id}/withdraw", scope="write", again=show_transfer)
def withdraw(visit: Visit, transfer_id: str) -> Redirect:
    """Ends the request before anybody has carried it out."""
    transfers.withdraw(partner_id=visit.partner_id, transfer_id=transfer_id, now=visit.now, actor=visit.actor)
    return Redirect("transfers", done="withdrawn")


def rows_of(text: str) -> list[Mapping[str, str]]:
    """Rows of CSV under a header with names of :data:`COLUMNS`, as spreadsheets write it: with comma, semicolon or tab.

    Raises :class:`Invalid` for what is no such table, for a column that there is not, and for too many rows.
    """
    text = text.removeprefix("\ufeff").strip()
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    try:
        names, *cells = list(csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)) or [[]]
    except csv.Error as error:
        raise _invalid(f"can't be read as CSV: {error}") from None
    names = [name.strip().lower() for name in names]
    cells = [row for row in cells if any(cell.strip() for cell in row)]
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or not names:
        found = f" not {', '.join(unknown)[:200]}" if unknown else ""
        raise _invalid(f"must begin with a line of names of columns: {', '.join(COLUMNS)};{found}".rstrip(";"))
    if len(set(names)) < len(names):
        raise _invalid("must have each column once")
    if not 1 <= len(cells) <= MOST_AT_ONCE:
        raise _invalid(f"must have 1 to {MOST_AT_ONCE} rows below the names of columns, not {len(cells)}")
    for number, row in enumerate(cells, 1):
        if len(row) != len(names):
            raise _invalid(f"has {len(row)} cells in row {number}, but {len(names)} columns")
    return [dict(zip(names, (cell.strip() for cell in row), strict=True)) for row in cells]


def _invalid(message: str) -> Invalid:
    return Invalid(errors=[("rows", message)])
