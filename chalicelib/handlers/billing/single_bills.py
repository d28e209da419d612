"""The Single Bill: its arrangement, the open bill, closed bills and what is on them."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.billing.invoices import InvoiceShape
from chalicelib.api.bodies.billing.single_bills import (
    ArrangeBill,
    BillShape,
    ListBillInvoices,
    ListBills,
    OpenBillShape,
)
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.api.shown_accounts import shown_account
from chalicelib.services.billing import invoices, single_bills

routes = Routes(Blueprint(__name__), tag="single bill")


@routes.get("/v1/single-bill", returns=OpenBillShape, scope="read", summary="The open bill", refusals=(409,))
def get_single_bill(call: Call) -> OpenBillShape:
    """The bill that is open, its day and its card."""
    return OpenBillShape.of(single_bills.open_bill(partner_id=call.partner_id))


@routes.patch(
    "/v1/single-bill",
    body=ArrangeBill,
    returns=OpenBillShape,
    scope="billing",
    summary="Arrange for a Single Bill",
    refusals=(409,),
)
def arrange_single_bill(call: Call, body: ArrangeBill) -> OpenBillShape:
    """Choose the bill day and the card. A new card also pays a bill that was declined, with the next sweep."""
    bill = single_bills.set_up_single_bill(
        partner_id=call.partner_id,
        day=body.bill_day,
        billing_profile_id=body.billing_profile_id,
        now=call.now,
        actor=call.actor,
    )
    return OpenBillShape.of(bill)


@routes.put(
    "/v1/accounts/{account_id}/single-bill",
    returns=AccountShape,
    scope="write",
    summary="Put an account on the Single Bill",
    refusals=(409,),
)
def join_single_bill(call: Call, account_id: str) -> AccountShape:
    """What the account is charged from now on goes on the bill; it has the bill's discount from its next renewal on."""
    account = single_bills.put_account_on_bill(
        partner_id=call.partner_id, account_id=account_id, now=call.now, actor=call.actor
    )
    return shown_account(call, account)


@routes.delete(
    "/v1/accounts/{account_id}/single-bill",
    returns=AccountShape,
    scope="write",
    summary="Take an account off the Single Bill",
    refusals=(409,),
)
def leave_single_bill(call: Call, account_id: str) -> AccountShape:
    """The account's billing profile pays what it is charged from now on, at list price from its next renewal on."""
    account = single_bills.take_account_off_bill(
        partner_id=call.partner_id, account_id=account_id, now=call.now, actor=call.actor
    )
    return shown_account(call, account)


@routes.get("/v1/bills", query=ListBills, returns=Page[BillShape], scope="read", summary="List closed bills")
def list_bills(call: Call, query: ListBills) -> Page[BillShape]:
    """The partner's closed bills, newest first."""
    start = cursors.start_of(call, query)
    found, last = single_bills.list_bills(partner_id=call.partner_id, limit=query.limit, start=start)
    return Page(data=[BillShape.of(bill) for bill in found], next_cursor=cursors.next_of(call, query, last))


@routes.get("/v1/bills/{bill_id}", returns=BillShape, scope="read", summary="Read a closed bill")
def get_bill(call: Call, bill_id: str) -> BillShape:
    """One closed bill."""
    return BillShape.of(single_bills.get_bill(partner_id=call.partner_id, bill_id=bill_id))


@routes.get(
    "/v1/bills/{bill_id}/invoices",
    query=ListBillInvoices,
    returns=Page[InvoiceShape],
    scope="read",
    summary="What is on a bill",
    refusals=(409,),
)
def list_bill_invoices(call: Call, bill_id: str, query: ListBillInvoices) -> Page[InvoiceShape]:
    """The invoices on a bill, open or closed, by number."""
    found, last = single_bills.invoices_on(
        partner_id=call.partner_id,
        bill_id=bill_id,
        limit=query.limit,
        start=cursors.start_of(call, query),
    )
    shown = invoices.with_their_bills(found, payer=call.partner_id)
    return Page(data=[InvoiceShape.of(i) for i in shown], next_cursor=cursors.next_of(call, query, last))
