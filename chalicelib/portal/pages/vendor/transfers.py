"""Requests to move accounts, of all partners: what a move comes to, and the vendor's answer."""

from chalicelib.api import cursors
from chalicelib.api.bodies.transfers.transfers import ListTransfers, MoveShape, RejectTransfer
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.transfers.transfers import TransferStatus
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import named
from chalicelib.services.partners import partners
from chalicelib.services.transfers import moves, transfers

pages = Pages()


@pages.get("vendor/transfers", scope="operator")
def show_transfers(visit: Visit) -> View:
    """All transfers, newest first, or those of one status."""
    query = visit.asked_as(ListTransfers)
    found, last = transfers.list_transfers(
        partner_id=None,
        status=query.status,
        direction=query.direction,
        limit=query.limit,
        start=cursors.start_of(visit, query),
    )
    values = {
        "transfers": found,
        "names": named.names_of_any(id for each in found for id in (each.partner_id, each.account_id)),
        "statuses": ("", *TransferStatus),
        "status": query.status or "",
        **visit.pager(query, last),
    }
    return View("vendor/transfers.html", values)


@pages.get("vendor/transfers/{transfer_id}", scope="operator")
def show_transfer(visit: Visit, transfer_id: str) -> View:
    """One transfer; while it waits for the vendor, with what the move comes to now, or what stands in its way."""
    transfer = transfers.get_any(transfer_id=transfer_id)
    waits = transfer.status is TransferStatus.WAITING_FOR_OPERATOR
    move, hindrance = None, None
    if waits:
        try:
            move = MoveShape.of(moves.preview_move(transfer_id=transfer_id, now=visit.now))
        except Refusal as refusal:
            hindrance = visit.why_not(refusal)
    values = {
        "transfer": transfer,
        "partner": partners.get_partner(partner_id=transfer.partner_id),
        "waits": waits,
        "move": move,
        "hindrance": hindrance,
        "money": lambda price: Money(price.amount, price.currency),
    }
    return View("vendor/transfer.html", values)


@pages.post("vendor/transfers/{transfer_id}/approve", scope="operator", again=show_transfer)
def approve(visit: Visit, transfer_id: str) -> Redirect:
    """Moves the account at once."""
    moves.approve(transfer_id=transfer_id, now=visit.now, actor=visit.actor)
    return Redirect(f"vendor/transfers/{transfer_id}", done="approved")


@pages.post("vendor/transfers/{transfer_id}/reject", scope="operator", again=show_transfer)
def reject(visit: Visit, transfer_id: str) -> Redirect:
    """Leaves the account where it is; the partner is told the reason."""
    body = visit.form(RejectTransfer)
    transfers.reject(transfer_id=transfer_id, reason=body.reason, now=visit.now, actor=visit.actor)
    return Redirect(f"vendor/transfers/{transfer_id}", done="rejected")
