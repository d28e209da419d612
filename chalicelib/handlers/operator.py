"""What the vendor's own staff may do."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.accounts.accounts import AccountShape, ProvisioningAnswer
from chalicelib.api.bodies.accounts.overview import ListAnyAccounts
from chalicelib.api.bodies.billing.invoices import InvoiceShape, Refund, Refunded, RefundedPurchase
from chalicelib.api.bodies.catalog.programs import ListPrograms, ProgramShape
from chalicelib.api.bodies.events.messages import MessageShape, SendMessage
from chalicelib.api.bodies.partners.partners import CreatePartner, ListPartners, NewKey, PartnerCreated, PartnerShape
from chalicelib.api.bodies.wallet.entries import EntryShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.api.shown_accounts import shown_account, with_earned
from chalicelib.domain.accounts.accounts import ProvisioningStatus
from chalicelib.services.accounts import overview
from chalicelib.services.accounts.overview import Question
from chalicelib.services.billing import invoices, refunds
from chalicelib.services.events import messages
from chalicelib.services.partners import partners
from chalicelib.services.setup import provisioning

routes = Routes(Blueprint(__name__), tag="operator")


@routes.post(
    "/v1/operator/partners",
    body=CreatePartner,
    returns=PartnerCreated,
    status=201,
    scope="operator",
    summary="Take a partner into a program",
)
def create_partner(call: Call, body: CreatePartner) -> Answer:
    """A new partner, with an empty wallet and a first key, which is shown once."""
    partner, created = partners.create_partner(
        partner_id=call.derived_id("prt"),
        name=body.name,
        program=body.program,
        email=body.email,
        country=body.country,
        time_zone=body.time_zone,
        currency=body.currency,
        now=call.now,
        actor=call.actor,
    )
    key = NewKey(id=created.id, key=None, scopes=list(created.scopes))
    return Answer(
        body=PartnerCreated(**PartnerShape.of(partner).model_dump(), api_key=key),
        secrets={"api_key.key": created.key} if created.key else {},
    )


@routes.get(
    "/v1/operator/partners", query=ListPartners, returns=Page[PartnerShape], scope="operator", summary="List partners"
)
def list_partners(call: Call, query: ListPartners) -> Page[PartnerShape]:
    """The partners of all programs or of one, newest first."""
    found, last = partners.list_partners(program=query.program, limit=query.limit, start=cursors.start_of(call, query))
    return Page(data=[PartnerShape.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.get(
    "/v1/operator/programs", query=ListPrograms, returns=Page[ProgramShape], scope="operator", summary="List programs"
)
def list_programs(call: Call, query: ListPrograms) -> Page[ProgramShape]:
    """Every program with its price list and options, by name."""
    after = (cursors.start_of(call, query) or {"name": ""})["name"]
    ahead = [each for each in partners.list_programs(now=call.now) if each[0].name > after]
    page = [ProgramShape.of(program, tiers=tiers) for program, tiers in ahead[: query.limit]]
    last = {"name": page[-1].program} if len(ahead) > len(page) else None
    return Page(data=page, next_cursor=cursors.next_of(call, query, last))


@routes.get("/v1/operator/partners/{partner_id}", returns=PartnerShape, scope="operator", summary="Read a partner")
def get_any_partner(_: Call, partner_id: str) -> PartnerShape:
    """One partner."""
    return PartnerShape.of(partners.get_partner(partner_id=partner_id))


@routes.post(
    "/v1/operator/partners/{partner_id}/invoices/{invoice_id}/refunds",
    body=Refund,
    returns=Refunded,
    status=201,
    scope="operator",
    summary="Refund an invoice",
    refusals=(402, 409),
)
def refund_invoice(call: Call, partner_id: str, invoice_id: str, body: Refund) -> Refunded:
    """Give back a paid invoice, in whole or part, to where the money came from: first to the card, which paid last."""
    entry, invoice = refunds.refund_invoice(
        refund_id=call.derived_id("txn"),
        payer=partner_id,
        invoice_id=invoice_id,
        amount=body.amount,
        now=call.now,
        actor=call.actor,
    )
    return Refunded(entry=EntryShape.of(entry), invoice=InvoiceShape.of(invoice))


@routes.post(
    "/v1/operator/accounts/{account_id}/invoices/{invoice_id}/refunds",
    body=Refund,
    returns=Refunded,
    status=201,
    scope="operator",
    summary="Refund an account's invoice",
    refusals=(402, 409),
)
def refund_account_invoice(call: Call, account_id: str, invoice_id: str, body: Refund) -> Refunded:
    """Give back a paid invoice of an account, in whole or part, to whoever paid it: its partner or its client."""
    entry, invoice = refunds.refund_invoice(
        refund_id=call.derived_id("txn"),
        payer=invoices.payer_of(account_id=account_id, invoice_id=invoice_id),
        invoice_id=invoice_id,
        amount=body.amount,
        now=call.now,
        actor=call.actor,
    )
    return Refunded(entry=EntryShape.of(entry), invoice=InvoiceShape.of(invoice))


@routes.get(
    "/v1/operator/accounts",
    query=ListAnyAccounts,
    returns=Page[AccountShape],
    scope="operator",
    summary="List a partner's accounts",
    refusals=(404,),
)
def list_any_accounts(call: Call, query: ListAnyAccounts) -> Page[AccountShape]:
    """All accounts of a partner or of a house, by creation, each with all there is of it."""
    partners.get_partner(partner_id=query.partner_id)
    found, last = overview.list_accounts(
        partner_id=query.partner_id,
        question=Question(),
        limit=query.limit,
        start=cursors.start_of(call, query),
        by_operator=True,
        now=call.now,
    )
    shapes = [AccountShape.whole(each, now=call.now) for each in found]
    data = with_earned(shapes, partner_id=query.partner_id)
    return Page(data=data, next_cursor=cursors.next_of(call, query, last))


@routes.post(
    "/v1/operator/partners/{partner_id}/credits/prepaid/purchases/{transaction_id}/refunds",
    body=Refund,
    returns=RefundedPurchase,
    status=201,
    scope="operator",
    summary="Refund prepaid money",
    refusals=(402, 409),
)
def refund_prepaid_purchase(call: Call, partner_id: str, transaction_id: str, body: Refund) -> RefundedPurchase:
    """Give prepaid money back to the card that bought it, as far as it is general: not used, reserved or promised."""
    entry, purchase = refunds.refund_purchase(
        refund_id=call.derived_id("txn"),
        payer=partner_id,
        purchase_id=transaction_id,
        amount=body.amount,
        now=call.now,
        actor=call.actor,
    )
    return RefundedPurchase(entry=EntryShape.of(entry), purchase=EntryShape.of(purchase))


@routes.put(
    "/v1/operator/accounts/{account_id}/provisioning",
    body=ProvisioningAnswer,
    returns=AccountShape,
    scope="operator",
    summary="Say whether an account is prepared",
    refusals=(404, 409, 503),
)
def answer_provisioning(call: Call, account_id: str, body: ProvisioningAnswer) -> AccountShape:
    """For the product's platform: a pending account is ready, or has failed and is undone. The first answer counts."""
    account = provisioning.record_answer(
        account_id=account_id,
        status=ProvisioningStatus(body.status),
        reason=body.reason,
        now=call.now,
        actor=call.actor,
    )
    return shown_account(call, account)


@routes.post(
    "/v1/operator/accounts/{account_id}/messages",
    body=SendMessage,
    returns=MessageShape,
    status=201,
    scope="operator",
    summary="Send a message about an account",
    refusals=(404, 409),
)
def send_message(call: Call, account_id: str, body: SendMessage) -> MessageShape:
    """Mail a message about bounces, abuse or the approval of a campaign to whoever gets the account's notices."""
    message = messages.send_message(
        message_id=call.derived_id("msg"),
        account_id=account_id,
        kind=body.kind,
        subject=body.subject,
        text=body.text,
        now=call.now,
        actor=call.actor,
    )
    return MessageShape.of(message)
