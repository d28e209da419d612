"""What stands on the pages of clients: log-in, forgotten password, links, settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from chalicelib.api.answers import Answer
from chalicelib.api.call import Call
from chalicelib.api.pages import forms, layout
from chalicelib.api.pages.forms import Guard
from chalicelib.api.pages.texts import Texts, texts_in
from chalicelib.api.problems import status_of
from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Account, Status, expires_at, renews_at
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.clients import logins as login_rules
from chalicelib.domain.clients.logins import USERNAME, LoginRefused
from chalicelib.domain.clients.passwords import LONGEST, SHORTEST
from chalicelib.domain.setup.branding import Branding
from chalicelib.services.accounts.accounts import login_url
from chalicelib.services.clients.looks import Look
from chalicelib.services.clients.sessions import Session

SETTINGS = "settings"
"""Where a log-in leads that was asked for by the settings page."""


@dataclass(frozen=True)
class Site:
    """The account whose pages these are, how they look, and what guards their forms."""

    name: str
    branding: Branding
    texts: Texts
    guard: Guard

    def page(
        self,
        title: str,
        content: str,
        *,
        status: int = 200,
        leads_to: str = "",
        script: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return layout.page(
            title=self.texts.plain(title),
            content=content,
            branding=self.branding,
            language=self.texts.code,
            status=status,
            leads_to=leads_to,
            script=script,
            headers={**self.guard.headers, **(headers or {})},
        )

    def form(self, action: str, fields: str, button: str, *, to: str = "", quiet: bool = False) -> str:
        """A form that does ``action``; it is sent ``to`` a path beside the page, or to the page's own."""
        target = f' action="{escape(to)}"' if to else ""
        look = ' class="quiet"' if quiet else ""
        return (
            f'<form method="post"{target}>{self.guard.token_field(action)}{fields}'
            f"<button{look}>{self.texts.html(button)}</button></form>"
        )

    def link(self, to: str, text: str) -> str:
        return f'<nav><a href="{escape(to)}">{self.texts.html(text)}</a></nav>'

    def fault(self, text: str | None, **values: str) -> str:
        """What went wrong, read out at once by a screen reader; nothing without a text."""
        return f'<p class="fault" role="alert">{self.texts.html(text, **values)}</p>' if text else ""

    def paragraph(self, text: str) -> str:
        return f"<p>{self.texts.html(text)}</p>"

    @property
    def account_line(self) -> str:
        return f"<p>{self.texts.html('account', name=self.name)}</p>" if self.name else ""


@dataclass(frozen=True)
class Fault:
    """Why a form is shown again, and with which status."""

    text: str
    status: int
    values: Mapping[str, str] = field(default_factory=dict)


FORM_OVER = Fault("form_over", 403)
WEAK = Fault("weak_password", 422)


def site_of(call: Call, name: str, look: Look) -> Site:
    """The pages of an account, for the browser that asks."""
    texts = texts_in(look.language, accept_language=call.headers.get("Accept-Language"))
    return Site(name, look.branding, texts, forms.guard_of(call))


def product_url(session: Session) -> str:
    """The product's address, with the session's token where only the browser sees it."""
    return f"{login_url(session.account)}/#token={session.token}"


def address(call: Call, name: str, page: str) -> str:
    """The address of one of an account's pages."""
    return f"{call.base_url}/public/accounts/{name}/{page}"


def next_url(call: Call, session: Session) -> str:
    """Where a log-in leads: to the product, or to the settings while the account is not open."""
    if login_rules.may_log_in(session.account):
        return product_url(session)
    return address(call, session.account.name, SETTINGS)


def session_cookie(call: Call, session: Session) -> Mapping[str, str]:
    """Keeps the session for the pages of its account; the API itself never reads cookies."""
    return {"Set-Cookie": forms.cookie(call, _cookie_name(session.account.name), session.token, same_site="Strict")}


def no_session_cookie(call: Call, name: str) -> Mapping[str, str]:
    return {"Set-Cookie": forms.cookie(call, _cookie_name(name), "", same_site="Strict", seconds=0)}


def session_token(call: Call, name: str) -> str:
    """The token that the browser keeps for the pages of this account; empty without one."""
    return forms.cookie_of(call, _cookie_name(name))


def _cookie_name(name: str) -> str:
    return f"session-{name}"


def log_in(site: Site, *, fault: Fault | None = None, username: str = USERNAME, leads_to: str = "") -> Answer:
    """The log-in. ``leads_to`` is `settings`, or empty for the product."""
    password = _field(site, "password", "password", "password", "current-password", more=" autofocus")
    user = _field(
        site, "user", "username", "text", "username", value=username, more=' autocapitalize="none" spellcheck="false"'
    )
    onward = f'<input type="hidden" name="leads_to" value="{escape(leads_to)}">' if leads_to else ""
    content = (
        site.account_line
        + _said(site, fault)
        + site.form(f"login:{site.name}", user + password + onward, "log_in", to="login")
        + site.link("forgotten-password", "forgot_password")
    )
    return site.page("log_in", content, status=fault.status if fault else 200)


def logged_in(site: Site, *, leads_to: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Goes on to where the log-in leads, at once."""
    content = f'<p>{site.texts.html("one_moment")}</p><p><a class="button" href="{escape(leads_to)}">' + (
        f"{site.texts.html('go_on')}</a></p>"
    )
    return site.page("logging_in", content, leads_to=leads_to, headers=headers)


def locked(site: Site, *, seconds: int) -> Answer:
    """Too many wrong attempts, and how long to wait."""
    content = (
        f'<p role="alert">{_wait(site, seconds)}</p><p><a class="button" href="login">{site.texts.html("back")}</a></p>'
    )
    return site.page("locked", site.account_line + content, status=429, headers={"Retry-After": str(seconds)})


def refused(site: Site, refusal: LoginRefused, *, back_to: str) -> Answer:
    """The right password of an account that can't be used now, with what its partner wrote for its client."""
    status = refusal.extra["account_status"]
    known = str(status) if status in _CLOSED else "closed"
    written = refusal.detail if refusal.detail != login_rules.NO_MESSAGE and known == Status.DISABLED else ""
    reason = f'<p class="lines"><bdi>{escape(written)}</bdi></p>' if written else site.paragraph(f"{known}_reason")
    content = (
        site.account_line + reason + f'<p><a class="button" href="{escape(back_to)}">{site.texts.html("back")}</a></p>'
    )
    return site.page(known, content, status=status_of(refusal))


def forgotten_password(site: Site, *, fault: Fault | None = None, email: str = "") -> Answer:
    """Asks for the account's email."""
    address = _field(site, "email", "email", "email", "email", value=email, more=' autocapitalize="none"')
    content = (
        f"<p>{site.texts.html('forgotten_how', name=site.name)}</p>"
        + _said(site, fault)
        + site.form(f"forgotten:{site.name}", address, "send_link")
        + site.link("login", "back")
    )
    return site.page("forgotten", content, status=fault.status if fault else 200)


def too_many_links(site: Site, *, seconds: int) -> Answer:
    """Too many requests from one network."""
    said = site.texts.html("too_often", minutes=str(minutes_of(seconds)))
    content = f'<p role="alert">{said}</p>{site.link("login", "back")}'
    return site.page("forgotten", content, status=429, headers={"Retry-After": str(seconds)})


def link_sent(site: Site) -> Answer:
    """The same, whether a link was sent or not."""
    content = f'<p role="status">{site.texts.html("link_sent_how")}</p>{site.link("login", "to_log_in")}'
    return site.page("link_sent", content, status=202)


def set_password(site: Site, *, to: str, fault: Fault | None = None) -> Answer:
    """The form behind a reset link."""
    content = (
        site.account_line
        + _said(site, fault)
        + site.form("reset", _hidden_name(site) + _new_password(site, focused=True), "save_password", to=to)
    )
    return site.page("set_password", content, status=fault.status if fault else 200)


def password_set(site: Site, *, leads_to: str, headers: Mapping[str, str]) -> Answer:
    """A password was set by a link; the session that comes with it opens the product."""
    content = (
        f'<p class="done" role="status">{site.texts.html("password_set_how")}</p>'
        f'<p><a class="button" href="{escape(leads_to)}">{site.texts.html("go_on")}</a></p>'
    )
    return site.page("password_set", content, headers=headers)


def over(site: Site, title: str, reason: str, *, status: int, back_to: str = "") -> Answer:
    """A link that is used, expired or was never good."""
    content = f"<p>{site.texts.html(reason)}</p>" + (site.link(back_to, "to_log_in") if back_to else "")
    return site.page(title, content, status=status)


def use_login_link(site: Site, *, to: str, fault: Fault | None = None) -> Answer:
    """A button that uses a login link, and a script that presses it once the page is really looked at."""
    content = site.account_line + _said(site, fault) + site.form("link", "", "link_log_in", to=to)
    script = "" if fault else _PRESS
    return site.page("link_log_in", content, script=script, status=fault.status if fault else 200)


_PRESS = (
    'const press = () => document.querySelector("form").requestSubmit();'
    'if (document.prerendering) document.addEventListener("prerenderingchange", press, {once: true}); else press();'
)


def once_more(site: Site) -> Answer:
    """Loads the settings again. A browser that comes from elsewhere keeps the cookie back; now it comes from here."""
    content = f'<p><a class="button" href="settings">{site.texts.html("go_on")}</a></p>'
    return site.page("one_moment", content, leads_to=SETTINGS)


def client_settings(
    site: Site,
    session: Session,
    *,
    fault: Fault | None = None,
    done: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """What the client may know of its account, and change: its password."""
    account, texts = session.account, site.texts
    product = site.branding.product_name or settings().product_name
    rows = "".join(f"<dt>{texts.html(label)}</dt><dd>{value}</dd>" for label, value in _facts(texts, account).items())
    current = _field(site, "current_password", "password", "password", "current-password")
    content = (
        f"{site.account_line}"
        + _said(site, fault)
        + (f'<p class="done" role="status">{texts.html(done)}</p>' if done else "")
        + f"<dl>{rows}</dl>"
        f'<p><a class="button" href="{escape(login_url(account))}">{texts.html("to_product", product=product)}</a></p>'
        f"<h2>{texts.html('change_password')}</h2>"
        + site.form(
            f"password:{site.name}",
            _hidden_name(site) + current + _new_password(site),
            "change_password",
            to="password",
        )
        + site.form(f"logout:{site.name}", "", "log_out", to="logout", quiet=True)
    )
    return site.page("settings", content, status=fault.status if fault else 200, headers=headers)


def logged_out(site: Site, *, headers: Mapping[str, str]) -> Answer:
    return site.page("logged_out", site.account_line + site.link("login", "to_log_in"), headers=headers)


def _facts(texts: Texts, account: Account) -> Mapping[str, str]:
    """Labels, and what stands beside each as HTML."""
    kind = account.kind if account.status is Status.ACTIVE and account.kind is not PlanKind.PAID else account.status
    facts = {"plan": escape(account.plan.tier.title()), "status": texts.html(f"status_{kind}")}
    if renewal := renews_at(account):
        facts["renews_on"] = texts.written(local_date(renewal, account.time_zone))
    elif end := expires_at(account):
        label = "ended_on" if account.has_ended else "ends_on"
        facts[label] = texts.written(local_date(end, account.time_zone))
    return {label: f"<bdi>{value}</bdi>" for label, value in facts.items()}


_CLOSED = (Status.DISABLED, Status.EXPIRED, Status.ARCHIVED)


def _back(site: Site, to: str) -> str:
    return f'<p><a class="button" href="{escape(to)}">{site.texts.html("back")}</a></p>'


def _said(site: Site, fault: Fault | None) -> str:
    return site.fault(fault.text, **fault.values) if fault else ""


def _wait(site: Site, seconds: int) -> str:
    minutes = minutes_of(seconds)
    return site.texts.html("locked_one_minute" if minutes == 1 else "locked_minutes", minutes=str(minutes))


def minutes_of(seconds: int) -> int:
    """Whole minutes, rounded up: after them it works."""
    return -(-seconds // 60)


def _field(
    site: Site, label: str, name: str, kind: str, autocomplete: str, *, value: str = "", more: str = "", hint: str = ""
) -> str:
    small = f"<small>{site.texts.html(hint)}</small>" if hint else ""
    given = f' value="{escape(value)}"' if value else ""
    return (
        f'<label>{site.texts.html(label)}{small}<input type="{kind}" name="{name}" autocomplete="{autocomplete}"'
        f"{given} required{more}></label>"
    )


def _new_password(site: Site, *, focused: bool = False) -> str:
    bounds = f' minlength="{SHORTEST}" maxlength="{LONGEST}"' + (" autofocus" if focused else "")
    return _field(site, "new_password", "new_password", "password", "new-password", more=bounds, hint="password_rules")


def _hidden_name(site: Site) -> str:
    """Tells a password manager whose password it is."""
    return f'<input name="username" value="{escape(site.name)}" autocomplete="username" readonly hidden>'
