"""The content of the pages of clients before and around a log-in; the settings have a module of their own."""

from collections.abc import Mapping
from html import escape

from chalicelib.api.answers import Answer
from chalicelib.api.pages.layout import Script
from chalicelib.api.pages.site import Fault, Site, hidden_name, input_field, marks, message, new_password_field
from chalicelib.api.problems import status_of
from chalicelib.domain.accounts.accounts import Status
from chalicelib.domain.clients import logins as login_rules
from chalicelib.domain.clients.logins import USERNAME, LoginRefused


def log_in(site: Site, *, fault: Fault | None = None, username: str = USERNAME, leads_to: str = "") -> Answer:
    """The log-in. ``leads_to`` is `settings`, or empty for the product."""
    password = input_field(
        site, "password", "password", "password", "current-password", more=marks("password", fault) or " autofocus"
    )
    user = input_field(
        site, "user", "username", "text", "username", value=username, more=' autocapitalize="none" spellcheck="false"'
    )
    onward = f'<input type="hidden" name="leads_to" value="{escape(leads_to)}">' if leads_to else ""
    content = (
        site.account_line
        + site.said(fault)
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
    reason = message(written) or site.paragraph(f"{known}_reason")
    content = (
        site.account_line + reason + f'<p><a class="button" href="{escape(back_to)}">{site.texts.html("back")}</a></p>'
    )
    return site.page(known, content, status=status_of(refusal))


def forgotten_password(site: Site, *, fault: Fault | None = None, email: str = "") -> Answer:
    """Asks for the account's email."""
    address = input_field(
        site, "email", "email", "email", "email", value=email, more=' autocapitalize="none"' + marks("email", fault)
    )
    content = (
        f"<p>{site.texts.html('forgotten_how', name=site.name)}</p>"
        + site.said(fault)
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
        + site.said(fault)
        + site.form(
            "reset", hidden_name(site) + new_password_field(site, focused=True, fault=fault), "save_password", to=to
        )
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
    """A link that leads to nothing now: used, expired, or never good."""
    content = f"<p>{site.texts.html(reason)}</p>" + (site.link(back_to, "to_settings") if back_to else "")
    return site.page(title, content, status=status)


def use_login_link(site: Site, *, to: str, fault: Fault | None = None) -> Answer:
    """A button that uses a login link, and a script that presses it once the page is really looked at."""
    content = site.account_line + site.said(fault) + site.form("link", "", "link_log_in", to=to)
    scripts = () if fault else (_PRESS,)
    return site.page("link_log_in", content, scripts=scripts, status=fault.status if fault else 200)


_PRESS = Script(
    'const press = () => document.querySelector("form").requestSubmit();'
    'if (document.prerendering) document.addEventListener("prerenderingchange", press, {once: true}); else press();'
)


def logged_out(site: Site, *, headers: Mapping[str, str]) -> Answer:
    return site.page("logged_out", site.account_line + site.link("login", "to_log_in"), headers=headers)


_CLOSED = (Status.DISABLED, Status.EXPIRED, Status.ARCHIVED)


def _back(site: Site, to: str) -> str:
    return f'<p><a class="button" href="{escape(to)}">{site.texts.html("back")}</a></p>'


def _wait(site: Site, seconds: int) -> str:
    minutes = minutes_of(seconds)
    return site.texts.html("locked_one_minute" if minutes == 1 else "locked_minutes", minutes=str(minutes))


def minutes_of(seconds: int) -> int:
    """Whole minutes, rounded up: after them it works."""
    return -(-seconds // 60)
