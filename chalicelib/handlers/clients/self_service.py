"""What a client sees and does about its own account, by the session of its log-in."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.accounts.plan_changes import Preview, PutOnAddOn
from chalicelib.api.bodies.accounts.requests import CancelAccount
from chalicelib.api.bodies.billing.invoices import InvoiceShape
from chalicelib.api.bodies.catalog.plans import QuoteShape
from chalicelib.api.bodies.clients.self_service import (
    ChangeOwnPlan,
    ClientAccountShape,
    ListOwnInvoices,
    PaymentMethodShape,
    PutPaymentMethod,
    RenewOwnAccount,
)
from chalicelib.api.call import Call
from chalicelib.api.negotiation import asks_first_for
from chalicelib.api.routes import Routes
from chalicelib.domain.ids import fingerprint
from chalicelib.services.accounts.add_ons import AddOnRequest
from chalicelib.services.accounts.revivals import RevivalRequest
from chalicelib.services.billing.drawings import PDF
from chalicelib.services.clients import self_service

routes = Routes(Blueprint(__name__), tag="clients")


@routes.get("/client/account", returns=ClientAccountShape, scope="client", summary="Read one's own account")
def get_own_account(call: Call) -> ClientAccountShape:
    """The account of the session, as its client sees it."""
    return ClientAccountShape.of(call.client, now=call.now)


@routes.get(
    "/client/invoices",
    query=ListOwnInvoices,
    returns=Page[InvoiceShape],
    scope="client",
    summary="List one's own invoices",
)
def list_own_invoices(call: Call, query: ListOwnInvoices) -> Page[InvoiceShape]:
    """The invoices that the client pays, newest first; `from` and `to` are local dates of the account, both included.
    Refused with a 403 if the partner pays."""
    found, last = self_service.list_invoices(
        call.client,
        status=query.status,
        since=query.from_,
        until=query.to,
        limit=query.limit,
        start=cursors.start_of(call, query),
    )
    return Page(data=[InvoiceShape.of(i) for i in found], next_cursor=cursors.next_of(call, query, last))


@routes.get("/client/invoices/{invoice_id}", returns=InvoiceShape, scope="client", summary="Read one's own invoice")
def get_own_invoice(call: Call, invoice_id: str) -> InvoiceShape:
    """One invoice that the client pays."""
    return InvoiceShape.of(self_service.get_invoice(call.client, invoice_id=invoice_id))


@routes.get(
    "/client/invoices/{invoice_id}/pdf",
    returns=None,
    media=(PDF,),
    redirects="To the PDF, at an address that needs no session and is good for five minutes",
    scope="client",
    summary="One's own invoice as PDF",
    refusals=(404, 503),
)
def get_own_invoice_pdf(call: Call, invoice_id: str) -> Answer:
    """A link to the invoice as PDF or, with `Accept: application/pdf`, the PDF itself."""
    if asks_first_for(call.headers.get("Accept"), PDF):
        content = self_service.invoice_pdf(call.client, invoice_id=invoice_id)
        return Answer(file=content, headers={"Content-Type": PDF})
    link = self_service.invoice_link(call.client, invoice_id=invoice_id)
    return Answer(status=303, headers={"Location": link})


@routes.post(
    "/client/retry-payment",
    returns=ClientAccountShape,
    scope="client",
    summary="Try one's own declined payment again",
    refusals=(402, 409, 429),
)
def retry_own_payment(call: Call) -> ClientAccountShape:
    """Charge the open invoice now; the retry schedule stays as it is. At most once a minute."""
    return ClientAccountShape.of(self_service.retry_payment(call.client, now=call.now), now=call.now)


@routes.get("/client/payment-method", returns=PaymentMethodShape, scope="client", summary="Read one's own card on file")
def get_own_payment_method(call: Call) -> PaymentMethodShape:
    """The card that the client pays with; null if there is none."""
    return PaymentMethodShape.of(self_service.payment_method(call.client))


@routes.put(
    "/client/payment-method",
    body=PutPaymentMethod,
    returns=PaymentMethodShape,
    scope="client",
    summary="Put one's own card on file",
    refusals=(409, 429),
)
def put_own_payment_method(call: Call, body: PutPaymentMethod) -> PaymentMethodShape:
    """The card that pays from now on. It is not charged now; what is past due is tried again within minutes."""
    profile = self_service.set_payment_method(call.client, payment_method=body.payment_method, now=call.now)
    return PaymentMethodShape.of(profile)


@routes.put(
    "/client/plan",
    body=ChangeOwnPlan,
    query=Preview,
    returns=ClientAccountShape,
    previews=QuoteShape,
    scope="client",
    summary="Change one's own plan",
    refusals=(402, 409, 429),
)
def change_own_plan(call: Call, body: ChangeOwnPlan, query: Preview) -> ClientAccountShape | QuoteShape:
    """Takes effect and is charged at once if it costs more, or at the next renewal if it costs less. If the charge is
    declined, nothing changes. With `?preview=true` it answers with the quote."""
    request = body.wanted()
    if query.preview:
        return QuoteShape.of(self_service.preview_plan(call.client, request=request, now=call.now))
    account = self_service.change_plan(call.client, request=request, now=call.now)
    return ClientAccountShape.of(account, now=call.now)


@routes.put(
    "/client/add-ons/{add_on}",
    body=PutOnAddOn,
    query=Preview,
    returns=ClientAccountShape,
    previews=QuoteShape,
    scope="client",
    summary="Put an add-on on one's own account",
    refusals=(402, 409, 429),
)
def put_on_own_add_on(call: Call, add_on: str, body: PutOnAddOn, query: Preview) -> ClientAccountShape | QuoteShape:
    """Takes effect at once, and the days left of the period are charged at once. If that is declined, nothing changes.
    With `?preview=true` it answers with the quote."""
    request = AddOnRequest(add_on, on=True, expect_due_today=body.expect_due_today)
    return _change_add_on(call, request, preview=query.preview)


@routes.delete(
    "/client/add-ons/{add_on}",
    query=Preview,
    returns=ClientAccountShape,
    previews=QuoteShape,
    scope="client",
    summary="Take an add-on off one's own account",
    refusals=(409,),
)
def take_off_own_add_on(call: Call, add_on: str, query: Preview) -> ClientAccountShape | QuoteShape:
    """Takes effect at the next renewal; until then it is in `pending_change`. With `?preview=true` it answers with the
    quote of that renewal."""
    return _change_add_on(call, AddOnRequest(add_on, on=False), preview=query.preview)


def _change_add_on(call: Call, request: AddOnRequest, *, preview: bool) -> ClientAccountShape | QuoteShape:
    if preview:
        return QuoteShape.of(self_service.preview_add_on(call.client, request=request, now=call.now))
    account = self_service.change_add_on(call.client, request=request, now=call.now)
    return ClientAccountShape.of(account, now=call.now)


@routes.post(
    "/client/cancel",
    body=CancelAccount,
    returns=ClientAccountShape,
    scope="client",
    summary="Cancel one's own account",
    refusals=(409,),
)
def cancel_own_account(call: Call, body: CancelAccount) -> ClientAccountShape:
    """End the account; nothing is refunded, it stays usable until its paid period ends."""
    account = self_service.cancel(
        call.client,
        reason=body.reason,
        retain_data=body.retain_data,
        effective_date=body.effective_date,
        now=call.now,
    )
    return ClientAccountShape.of(account, now=call.now)


@routes.post(
    "/client/renew",
    body=RenewOwnAccount,
    query=Preview,
    returns=ClientAccountShape,
    previews=QuoteShape,
    scope="client",
    summary="Renew one's own account",
    refusals=(402, 409, 429),
)
def renew_own_account(call: Call, body: RenewOwnAccount, query: Preview) -> ClientAccountShape | QuoteShape:
    """Take a cancellation back while the paid period runs, for free; or revive an account that expired for non-payment,
    or was archived less than a year ago: a new period starts and is charged now. If the charge is declined, nothing
    changes. With `?preview=true` it answers with the quote."""
    request = RevivalRequest(
        expect_due_today=body.expect_due_today,
        request_id=fingerprint(call.derived_id("req"), body.model_dump()) if call.idempotency_key else None,
    )
    if query.preview:
        return QuoteShape.of(self_service.preview_renewal(call.client, request=request, now=call.now))
    account = self_service.renew(call.client, request=request, now=call.now)
    return ClientAccountShape.of(account, now=call.now)
