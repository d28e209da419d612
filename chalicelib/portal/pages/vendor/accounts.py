"""A partner's accounts as operators see them: each with what its client paid, and messages about it."""

from chalicelib.api import cursors
from chalicelib.api.base import ListQuery
from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.events.messages import SendMessage
from chalicelib.domain.events.messages import MessageKind
from chalicelib.domain.events.notices.recipients import notice_address
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.accounts import frame
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts, overview
from chalicelib.services.accounts.overview import Question
from chalicelib.services.billing import invoices
from chalicelib.services.events import messages
from chalicelib.services.partners import partners

pages = Pages()


class ListAccounts(ListQuery):
    """A partner's accounts, by creation."""


class ListOwnInvoices(ListQuery):
    """The invoices that an account paid itself, newest first."""


@pages.get("vendor/partners/{partner_id}/accounts", scope="operator")
def show_accounts(visit: Visit, partner_id: str) -> View:
    """All accounts of a partner or of a house, by creation."""
    query = visit.asked_as(ListAccounts)
    partner = partners.get_partner(partner_id=partner_id)
    program = load_program(partner.program)
    found, last = overview.list_accounts(
        partner_id=partner_id,
        question=Question(),
        limit=query.limit,
        start=cursors.start_of(visit, query),
        in_full=False,
        by_operator=True,
        now=visit.now,
    )
    shapes = [AccountShape.whole(each, now=visit.now) for each in found]
    values = {
        "partner": partner,
        "accounts": [(each, frame.badge(each, program)) for each in shapes],
        **visit.pager(query, last),
    }
    return View("vendor/accounts.html", values)


@pages.get("vendor/accounts/{account_id}", scope="operator")
def show_account(visit: Visit, account_id: str) -> View:
    """One account: whose it is, who pays, the invoices it paid itself, and a form for a message about it."""
    account = accounts.get_any(account_id=account_id)
    query = visit.asked_as(ListOwnInvoices)
    partner = partners.get_partner(partner_id=account.partner_id)
    shape = AccountShape.whole(account, now=visit.now)
    found, last = invoices.list_invoices(payer=account_id, limit=query.limit, start=cursors.start_of(visit, query))
    values = {
        "account": shape,
        "badge": frame.badge(shape, load_program(partner.program)),
        "tier": frame.tier_name(visit.texts, shape.plan.tier),
        "partner": partner,
        "to": notice_address(account).address,
        "kinds": [(kind.value, visit.texts.plain(f"vendor.accounts.kinds.{kind}")) for kind in MessageKind],
        "invoices": found,
        "below": f"vendor/accounts/{account_id}",
        **visit.pager(query, last),
    }
    return View("vendor/account.html", values)


@pages.post("vendor/accounts/{account_id}/messages", scope="operator", again=show_account)
def send_message(visit: Visit, account_id: str) -> Redirect:
    """Has a message mailed to whoever gets the account's notices."""
    body = visit.form(SendMessage)
    messages.send_message(
        message_id=visit.derived_id("msg"),
        account_id=account_id,
        kind=body.kind,
        subject=body.subject,
        text=body.text,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"vendor/accounts/{account_id}", done="sent")
