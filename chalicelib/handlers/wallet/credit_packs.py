"""SMS and inbox-preview credits: the same routes for each kind."""

import functools
from collections.abc import Callable
from typing import Any

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import Page
from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.wallet.entries import EntryShape
from chalicelib.api.bodies.wallet.prepaid import (
    Allocate,
    BuyPack,
    Grant,
    ListEntries,
    ReportUse,
    SmsRegistration,
)
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.api.shown_accounts import shown_account
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.services.wallet import account_credits, credit_packs, prepaid

routes = Routes(Blueprint(__name__), tag="credits")

SEGMENTS = {CreditKind.SMS: "sms", CreditKind.INBOX_PREVIEW: "inbox-preview"}
TITLES = {CreditKind.SMS: "SMS credits", CreditKind.INBOX_PREVIEW: "inbox-preview credits"}


def _for_each_kind(
    declare: Callable[..., Callable[[Any], Any]], path: str, *, summary: str, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a route for each kind of credit; ``{credits}`` is its segment in the path, its name in the summary."""

    def declare_each(handler: Callable[..., Any]) -> Callable[..., Any]:
        for kind, segment in SEGMENTS.items():
            of_kind = functools.update_wrapper(functools.partial(handler, kind=kind), handler)
            of_kind.__name__ = f"{handler.__name__}_{kind}"
            in_path, in_words = path.replace("{credits}", segment), summary.format(credits=TITLES[kind])
            declare(in_path, summary=in_words, **options)(of_kind)
        return handler

    return declare_each


@_for_each_kind(
    routes.post,
    "/v1/credits/{credits}/purchases",
    body=BuyPack,
    returns=EntryShape,
    status=201,
    scope="billing",
    summary="Buy {credits}",
    refusals=(402, 409),
)
def buy(call: Call, body: BuyPack, *, kind: CreditKind) -> EntryShape:
    """Buy a pack; prepaid money pays before the card. If an account is given, it is allocated there at once."""
    entry = credit_packs.buy_pack(
        purchase_id=call.derived_id("txn"),
        partner_id=call.partner_id,
        kind=kind,
        billing_profile_id=body.billing_profile_id,
        quantity=body.quantity,
        account_id=body.account_id,
        now=call.now,
        actor=call.actor,
    )
    return EntryShape.of(entry)


@_for_each_kind(
    routes.post,
    "/v1/credits/{credits}/allocations",
    body=Allocate,
    returns=EntryShape,
    status=201,
    scope="write",
    summary="Allocate {credits}",
    refusals=(409,),
)
def allocate(call: Call, body: Allocate, *, kind: CreditKind) -> EntryShape:
    """Give credits of the partner to one of its accounts."""
    entry = account_credits.allocate_credits(
        entry_id=call.derived_id("txn"),
        partner_id=call.partner_id,
        kind=kind,
        account_id=body.account_id,
        quantity=body.quantity,
        now=call.now,
        actor=call.actor,
    )
    return EntryShape.of(entry)


@_for_each_kind(
    routes.delete,
    "/v1/credits/{credits}/allocations/{account_id}",
    returns=EntryShape,
    scope="write",
    summary="Take {credits} back",
    refusals=(409,),
)
def take_back(call: Call, account_id: str, *, kind: CreditKind) -> EntryShape:
    """Take back what an account has left of these credits, even after it has ended."""
    entry = account_credits.take_credits_back(
        entry_id=call.derived_id("txn"),
        partner_id=call.partner_id,
        kind=kind,
        account_id=account_id,
        now=call.now,
        actor=call.actor,
    )
    return EntryShape.of(entry)


@_for_each_kind(
    routes.post,
    "/v1/operator/accounts/{account_id}/credits/{credits}/uses",
    body=ReportUse,
    returns=EntryShape,
    status=201,
    scope="operator",
    summary="Report used {credits}",
    refusals=(404, 409, 503),
)
def report_use(call: Call, account_id: str, body: ReportUse, *, kind: CreditKind) -> EntryShape:
    """For the product's platform. A report counts once by its `report_id`; it is recorded in full or refused."""
    entry = account_credits.report_use(
        account_id=account_id,
        kind=kind,
        report_id=body.report_id,
        quantity=body.quantity,
        at=body.at,
        now=call.now,
        actor=call.actor,
    )
    return EntryShape.of(entry)


@_for_each_kind(
    routes.get,
    "/v1/credits/{credits}/transactions",
    query=ListEntries,
    returns=Page[EntryShape],
    scope="read",
    summary="The journal of {credits}",
)
def journal(call: Call, query: ListEntries, *, kind: CreditKind) -> Page[EntryShape]:
    """Every movement of these credits, newest first, with the balance after it."""
    start = cursors.start_of(call, query)
    entries, last = prepaid.list_journal(partner_id=call.partner_id, kind=kind, limit=query.limit, start=start)
    shown = [EntryShape.of(entry) for entry in entries]
    return Page(data=shown, next_cursor=cursors.next_of(call, query, last))


@_for_each_kind(
    routes.post,
    "/v1/operator/partners/{partner_id}/credits/{credits}/grants",
    body=Grant,
    returns=EntryShape,
    status=201,
    scope="operator",
    summary="Grant {credits}",
    refusals=(409,),
)
def grant(call: Call, partner_id: str, body: Grant, *, kind: CreditKind) -> EntryShape:
    """Give a partner credits; franchise partners get theirs in no other way."""
    entry = credit_packs.grant_credits(
        entry_id=call.derived_id("txn"),
        partner_id=partner_id,
        kind=kind,
        quantity=body.quantity,
        now=call.now,
        actor=call.actor,
    )
    return EntryShape.of(entry)


@routes.put(
    "/v1/accounts/{account_id}/sms-registration",
    body=SmsRegistration,
    returns=AccountShape,
    scope="write",
    summary="Note an SMS registration",
    refusals=(409,),
)
def register_sms(call: Call, account_id: str, body: SmsRegistration) -> AccountShape:
    """Note that an account on the Single Bill has completed its own SMS registration."""
    del body  # it has one possible value
    account = account_credits.register_sms(
        partner_id=call.partner_id, account_id=account_id, now=call.now, actor=call.actor
    )
    return shown_account(call, account)
