"""The pages of an account for its client: log-in, forgotten password, settings."""

from collections.abc import Mapping

from chalice.app import Blueprint

from chalicelib.api import parsing
from chalicelib.api.answers import HTML, Answer
from chalicelib.api.bodies.clients.logins import AskForReset, ChangePassword, LogInBody
from chalicelib.api.call import Call
from chalicelib.api.pages import clients, forms
from chalicelib.api.pages.clients import FORM_OVER, SETTINGS, WEAK, Fault, Site
from chalicelib.api.pages.forms import NotOurForm
from chalicelib.api.parsing import Faults
from chalicelib.api.routes import Routes
from chalicelib.domain.accounts import names
from chalicelib.domain.clients.logins import USERNAME, LoginRefused, WrongCredentials
from chalicelib.domain.clients.rate_limits import TooManyTries
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.services.clients import logins, looks, password_resets, sessions
from chalicelib.services.clients.sessions import Session, SessionOver

routes = Routes(Blueprint(__name__), tag="pages for clients")

_WRONG = Fault("wrong_credentials", 401)


@routes.get(
    "/public/accounts/{name}/login", returns=None, media=(HTML,), scope=None, summary="The log-in page of an account"
)
def open_log_in(call: Call, name: str) -> Answer:
    """A form in the account's branding. A name that nobody has gets the same page as an account without branding."""
    return clients.log_in(_site(call, name))


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
    site = _site(call, name)
    try:
        fields = forms.fields_of(call, action=f"login:{site.name}")
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
    onward = SETTINGS if leads_to else clients.next_url(call, session)
    return clients.logged_in(site, leads_to=onward, headers=clients.session_cookie(call, session))


@routes.get(
    "/public/accounts/{name}/forgotten-password",
    returns=None,
    media=(HTML,),
    scope=None,
    summary="The page for a forgotten password",
)
def open_forgotten_password(call: Call, name: str) -> Answer:
    """A form that asks for the account's email."""
    return clients.forgotten_password(_site(call, name))


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
    site = _site(call, name)
    try:
        fields = forms.fields_of(call, action=f"forgotten:{site.name}")
    except NotOurForm:
        return clients.forgotten_password(site, fault=FORM_OVER)
    email = fields.get("email", "")
    try:
        body = parsing.from_body(AskForReset, {"account": site.name, "email": email})
        password_resets.request_password_reset(
            account=body.account, email=body.email, source=call.source, base_url=call.base_url, now=call.now
        )
    except Faults:
        return clients.forgotten_password(site, fault=Fault("email_wrong", 422), email=email)
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
    site = _site(call, name)
    try:
        return _settings(call, _session(call, site))
    except SessionOver:
        if call.headers.get("Sec-Fetch-Site") == "cross-site" and not clients.session_token(call, site.name):
            return clients.once_more(site)
        return clients.log_in(site, fault=Fault("session_over", 401), leads_to=SETTINGS)


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
    site = _site(call, name)
    try:
        session = _session(call, site)
        fields = forms.fields_of(call, action=f"password:{site.name}")
        given = {
            "account": site.name,
            "username": USERNAME,
            "password": fields.get("password", ""),
            "new_password": fields.get("new_password", ""),
        }
        changed = _changed(call, given)
    except SessionOver:
        return clients.log_in(site, fault=Fault("session_over", 401), leads_to=SETTINGS)
    except NotOurForm:
        return _settings(call, session, fault=FORM_OVER)
    except (Faults, Invalid):
        return _settings(call, session, fault=WEAK)
    except WrongCredentials:
        return _settings(call, session, fault=Fault("current_wrong", 401))
    except TooManyTries as refusal:
        return clients.locked(site, seconds=refusal.retry_after or 60)
    except LoginRefused as refusal:
        return clients.refused(site, refusal, back_to="login")
    return _settings(call, changed, done="password_changed", headers=clients.session_cookie(call, changed))


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
    site = _site(call, name)
    try:
        session = _session(call, site)
        forms.fields_of(call, action=f"logout:{site.name}")
        sessions.end_session(session.token, now=call.now)
    except SessionOver:
        return clients.logged_out(site, headers=clients.no_session_cookie(call, site.name))
    except NotOurForm:
        return _settings(call, session, fault=FORM_OVER)
    return clients.logged_out(site, headers=clients.no_session_cookie(call, site.name))


def _site(call: Call, name: str) -> Site:
    """The pages under a name. Raises :class:`NotFound` for what no account can be called."""
    name = name.lower()
    if names.fault(name):
        raise NotFound("No account can have this name.")
    return clients.site_of(call, name, looks.look_of_name(name))


def _session(call: Call, site: Site) -> Session:
    """The session of the client who looks at the page. Raises :class:`SessionOver`."""
    session = sessions.get_session(clients.session_token(call, site.name), now=call.now)
    if session.account.name != site.name or session.opener is not None:
        raise SessionOver("Log in again.")
    return session


def _settings(
    call: Call,
    session: Session,
    *,
    fault: Fault | None = None,
    done: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The settings, in the language of the account: now it is known who reads."""
    look = looks.look_of_account(session.account)
    site = clients.site_of(call, session.account.name, look)
    return clients.client_settings(site, session, fault=fault, done=done, headers=headers)
