"""The pages of an account for its client: log-in, forgotten password, settings."""

from chalice.app import Blueprint

from chalicelib.api import parsing
from chalicelib.api.answers import HTML, Answer
from chalicelib.api.bodies.clients.logins import AskForReset, ChangePassword, LogInBody
from chalicelib.api.call import Call
from chalicelib.api.pages import clients, forms, log_ins, settings
from chalicelib.api.pages.forms import NotOurForm
from chalicelib.api.pages.log_ins import SETTINGS
from chalicelib.api.pages.site import FORM_OVER, WEAK, Fault
from chalicelib.api.parsing import Faults
from chalicelib.api.routes import Routes
from chalicelib.domain.clients.logins import USERNAME, LoginRefused, WrongCredentials
from chalicelib.domain.clients.rate_limits import TooManyTries
from chalicelib.domain.clients.rights import NotYoursToChange
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.handlers.clients import own_pages
from chalicelib.services.billing.drawings import NotDrawnYet
from chalicelib.services.clients import logins, password_resets, self_service, sessions
from chalicelib.services.clients.sessions import Session, SessionOver

routes = Routes(Blueprint(__name__), tag="pages for clients")

_WRONG = Fault("wrong_credentials", 401, field="password")


@routes.get(
    "/public/accounts/{name}/login", returns=None, media=(HTML,), scope=None, summary="The log-in page of an account"
)
def open_log_in(call: Call, name: str) -> Answer:
    """A form in the account's branding. A name that nobody has gets the same page as an account without branding."""
    return clients.log_in(own_pages.site_named(call, name))


@routes.post(
    "/public/accounts/{name}/login",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form of the log-in page",
    refusals=(401, 403, 409, 429),
)
def send_log_in_form(call: Call, name: str) -> Answer:
    """Logs in, like `POST /public/login`, and goes on to the account's `login_url` with the session's token behind the
    `#`."""
    site = own_pages.site_named(call, name)
    try:
        fields = forms.fields_of(call, action=site.action("login"))
    except NotOurForm:
        return clients.log_in(site, fault=FORM_OVER)
    leads_to = SETTINGS if fields.get("leads_to") == SETTINGS else ""
    username = fields.get("username", "")
    try:
        given = {"account": site.name, "username": username, "password": fields.get("password", "")}
        body = parsing.from_body(LogInBody, given)
        session = logins.log_in(account=body.account, username=body.username, password=body.password, now=call.now)
    except (Faults, WrongCredentials):
        return clients.log_in(site, fault=_WRONG, username=username, leads_to=leads_to)
    except TooManyTries as refusal:
        return clients.locked(site, seconds=refusal.retry_after or 60)
    except LoginRefused as refusal:
        return clients.refused(site, refusal, back_to="login")
    onward = SETTINGS if leads_to else log_ins.next_url(call, session)
    return clients.logged_in(site, leads_to=onward, headers=log_ins.session_cookie(call, session))


@routes.get(
    "/public/accounts/{name}/forgotten-password",
    returns=None,
    media=(HTML,),
    scope=None,
    summary="The page for a forgotten password",
)
def open_forgotten_password(call: Call, name: str) -> Answer:
    """A form that asks for the account's email."""
    return clients.forgotten_password(own_pages.site_named(call, name))


@routes.post(
    "/public/accounts/{name}/forgotten-password",
    returns=None,
    status=202,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form for a forgotten password",
    refusals=(403, 429),
)
def send_forgotten_password_form(call: Call, name: str) -> Answer:
    """Sends a link, like `POST /public/password-resets`. The answer is the same if the email is not the account's."""
    site = own_pages.site_named(call, name)
    try:
        fields = forms.fields_of(call, action=site.action("forgotten"))
    except NotOurForm:
        return clients.forgotten_password(site, fault=FORM_OVER)
    email = fields.get("email", "")
    try:
        body = parsing.from_body(AskForReset, {"account": site.name, "email": email})
        password_resets.request_password_reset(
            account=body.account, email=body.email, source=call.source, base_url=call.base_url, now=call.now
        )
    except Faults:
        return clients.forgotten_password(site, fault=Fault("email_wrong", 422, field="email"), email=email)
    except TooManyTries as refusal:
        return clients.too_many_links(site, seconds=refusal.retry_after or 60)
    return clients.link_sent(site)


@routes.get(
    "/public/accounts/{name}/settings",
    returns=None,
    media=(HTML,),
    scope=None,
    summary="The settings page of an account",
    refusals=(401,),
)
def open_settings(call: Call, name: str) -> Answer:
    """Status, plan and renewal, for a browser that has logged in on the log-in page; for others that page."""
    site = own_pages.site_named(call, name)
    try:
        return own_pages.settings_page(call, own_pages.session_of(call, site).account)
    except SessionOver:
        if call.headers.get("Sec-Fetch-Site") == "cross-site" and not log_ins.session_token(call, site.name):
            return settings.once_more(site)
        return own_pages.log_in_again(site)


@routes.get(
    "/public/accounts/{name}/invoices/{invoice_id}",
    returns=None,
    media=(HTML,),
    redirects="To the PDF, at an address that needs no session and is good for five minutes",
    scope=None,
    summary="An invoice, from the settings page",
    refusals=(401, 404, 503),
)
def open_invoice(call: Call, name: str, invoice_id: str) -> Answer:
    """Leads a client who pays, and has logged in on the log-in page, to the PDF of one of its invoices."""
    site = own_pages.site_named(call, name)
    back_to = log_ins.address(call, site.name, SETTINGS)
    try:
        account = own_pages.session_of(call, site).account
        return Answer(status=303, headers={"Location": self_service.invoice_link(account, invoice_id=invoice_id)})
    except SessionOver:
        return clients.over(site, "settings", "session_over", status=401, back_to=back_to)
    except (NotFound, NotYoursToChange):
        return clients.over(site, "no_invoice", "no_invoice_how", status=404, back_to=back_to)
    except NotDrawnYet:
        return clients.over(site, "invoice_late", "invoice_late_how", status=503, back_to=back_to)


@routes.post(
    "/public/accounts/{name}/password",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form that changes the password",
    refusals=(401, 403, 409, 429),
)
def send_password_form(call: Call, name: str) -> Answer:
    """Changes the password, like `POST /public/password`: the current one is asked for, and all other sessions end."""
    site = own_pages.site_named(call, name)
    try:
        session = own_pages.session_of(call, site)
        fields = forms.fields_of(call, action=site.action("password"))
        given = {
            "account": site.name,
            "username": USERNAME,
            "password": fields.get("password", ""),
            "new_password": fields.get("new_password", ""),
        }
        changed = _changed(call, given)
    except SessionOver:
        return own_pages.log_in_again(site)
    except NotOurForm:
        return own_pages.settings_page(call, session.account, fault=FORM_OVER)
    except (Faults, Invalid):
        return own_pages.settings_page(call, session.account, fault=WEAK)
    except WrongCredentials:
        return own_pages.settings_page(call, session.account, fault=Fault("current_wrong", 401, field="password"))
    except TooManyTries as refusal:
        return clients.locked(site, seconds=refusal.retry_after or 60)
    except LoginRefused as refusal:
        return clients.refused(site, refusal, back_to="login")
    return own_pages.settings_page(
        call, changed.account, done="password_changed", headers=log_ins.session_cookie(call, changed)
    )


def _changed(call: Call, given: dict[str, str]) -> Session:
    parsing.from_body(ChangePassword, given)
    return logins.change_password(**given, now=call.now)


@routes.post(
    "/public/accounts/{name}/logout",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form that logs out",
    refusals=(401, 403),
)
def send_log_out_form(call: Call, name: str) -> Answer:
    """Ends the session, like `POST /public/logout`. The product's session by the same log-in ends too."""
    site = own_pages.site_named(call, name)
    try:
        session = own_pages.session_of(call, site)
        forms.fields_of(call, action=site.action("logout"))
        sessions.end_session(session.token, now=call.now)
    except SessionOver:
        return clients.logged_out(site, headers=log_ins.no_session_cookie(call, site.name))
    except NotOurForm:
        return own_pages.settings_page(call, session.account, fault=FORM_OVER)
    return clients.logged_out(site, headers=log_ins.no_session_cookie(call, site.name))
