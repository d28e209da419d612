"""What the handlers of an account's pages share: the pages under a name, the session of a browser, the settings."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.api.answers import Answer
from chalicelib.api.call import Call
from chalicelib.api.pages import clients, log_ins, settings, subscription
from chalicelib.api.pages.log_ins import SETTINGS
from chalicelib.api.pages.management import Management
from chalicelib.api.pages.payment import Payment
from chalicelib.api.pages.site import Fault, Site, site_of
from chalicelib.domain.accounts import names
from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.clients import rights
from chalicelib.domain.clients.rights import Right
from chalicelib.domain.refusals import NotFound
from chalicelib.services.clients import looks, self_service, sessions
from chalicelib.services.clients.sessions import NotTheClient, Session, SessionOver
from chalicelib.services.partners import partners
from chalicelib.services.transfers import management_requests

_MOST_INVOICES = 12


def site_named(call: Call, name: str) -> Site:
    """The pages under a name. Raises :class:`NotFound` for what no account can be called."""
    name = name.lower()
    if names.fault(name):
        raise NotFound("No account can have this name.")
    return site_of(call, name, looks.look_of_name(name))


def own_site(call: Call, account: Account) -> Site:
    """The pages of an account in its language: now it is known who reads."""
    return site_of(call, account.name, looks.look_of_account(account))


def session_of(call: Call, site: Site) -> Session:
    """The session of the client who looks at the page. Raises :class:`SessionOver`."""
    try:
        session = sessions.get_client_session(log_ins.session_token(call, site.name), now=call.now)
    except NotTheClient as refusal:
        raise SessionOver("Log in again.") from refusal
    if session.account.name != site.name:
        raise SessionOver("Log in again.")
    return session


def log_in_again(site: Site) -> Answer:
    """The log-in, which leads back to the settings."""
    return clients.log_in(site, fault=Fault("session_over", 401), leads_to=SETTINGS)


def settings_page(
    call: Call,
    account: Account,
    *,
    fault: Fault | None = None,
    done: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The settings of a client's account."""
    site = own_site(call, account)
    payment = _payment(account) if Right.PAYMENT in rights.rights(account) else None
    return settings.open_to(
        site,
        account,
        payment=payment,
        ways=subscription.ways(account, now=call.now),
        management=_management(account, now=call.now),
        fault=fault,
        done=done,
        headers=headers,
    )


def _management(account: Account, *, now: datetime) -> Management | None:
    """Who manages the account of a client who pays, or has asked to; None if no partner has."""
    if not account.pays_itself:
        return None
    is_asked = account.last_request is not None and account.last_request.is_open(now)
    request = management_requests.find_last(account) if is_asked else None
    if request is None and account.relationship is not Relationship.MANAGED:
        return None
    return Management(partners.get_partner(partner_id=account.partner_id).name, request)


def _payment(account: Account) -> Payment:
    invoices, _ = self_service.list_invoices(
        account, status=None, since=None, until=None, limit=_MOST_INVOICES, start=None
    )
    card = self_service.payment_method(account)
    return Payment(card=card.card if card else None, invoices=invoices)
