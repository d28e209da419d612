"""Moving an account away: what the move will come to, and the request for it."""

from typing import Any

from chalicelib.api import transfer_filing
from chalicelib.api.bodies.transfers.transfers import MoveShape, TransferBody
from chalicelib.domain.accounts.accounts import Account
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.transfers import plan_choices
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts
from chalicelib.services.transfers import moves, requests

pages = Pages()


@pages.get("accounts/{account_id}/move", scope="read")
def show_move(visit: Visit, account_id: str) -> View:
    """What moving away means, and what it needs."""
    return View("transfers/move_out.html", _values(visit, _account(visit, account_id)))


@pages.post("accounts/{account_id}/move/preview", scope="write", again=show_move)
def preview_move(visit: Visit, account_id: str) -> View:
    """What the move will come to; nothing is changed."""
    account = _account(visit, account_id)
    filer = requests.filer_of(partner_id=visit.partner_id)
    planned = moves.preview_removal(filer=filer, request=_body(visit, account_id).wanted(), now=visit.now)
    return View("transfers/move_out.html", _values(visit, account) | {"planned": MoveShape.of(planned)})


@pages.post("accounts/{account_id}/move", scope="write", again=show_move)
def file_move(visit: Visit, account_id: str) -> Redirect:
    """Files the request; an operator carries it out."""
    _account(visit, account_id)
    filer = requests.filer_of(partner_id=visit.partner_id)
    filed = transfer_filing.file_one(visit, filer, _body(visit, account_id))
    return Redirect(f"transfers/{filed.id}", done="filed")


def _account(visit: Visit, account_id: str) -> Account:
    return accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)


def _body(visit: Visit, account_id: str) -> TransferBody:
    plan = plan_choices.chosen(visit)
    given: dict[str, Any] = {"plan": plan} if plan else {}
    return visit.form(TransferBody, direction="out", account_id=account_id, **given)


def _values(visit: Visit, account: Account) -> dict[str, Any]:
    program = load_program(visit.partner_seen.program)
    values: dict[str, Any] = {
        "account": account,
        "planned": None,
        "days": program.transfer_request_days,
        "needs_plan": program.direct_program is not None,
        "chosen": {name: visit.entered(name) for name in ("client_email", *_PLAN_FIELDS)},
    }
    if program.direct_program is not None:
        values |= plan_choices.choices(visit, requests.house_program(program))
    return values


_PLAN_FIELDS = ("plan.tier", "plan.contacts", "plan.billing_frequency")
