"""The content of the pages of clients before and around a log-in; the settings have a module of their own."""

from collections.abc import Mapping

from chalicelib.api.answers import Answer
from chalicelib.api.pages.layout import Script
from chalicelib.api.pages.site import Fault, Site
from chalicelib.api.problems import status_of
from chalicelib.domain.accounts.accounts import Status
from chalicelib.domain.clients import logins as login_rules
from chalicelib.domain.clients.logins import USERNAME, LoginRefused

_PRESS = Script("press.js")
_CLOSED = (Status.DISABLED, Status.EXPIRED, Status.ARCHIVED)


def log_in(site: Site, *, fault: Fault | None = None, username: str = USERNAME, leads_to: str = "") -> Answer:
    """The log-in. ``leads_to`` is `settings`, or empty for the product."""
    return site.page("log_in", fault, username=username, afterwards=leads_to)


def logged_in(site: Site, *, leads_to: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Goes on to where the log-in leads, at once."""
    return site.page("logging_in", leads_to=leads_to, headers=headers)


def locked(site: Site, *, seconds: int) -> Answer:
    """Too many wrong attempts, and how long to wait."""
    return site.page("locked", status=429, headers={"Retry-After": str(seconds)}, minutes=str(minutes_of(seconds)))


def refused(site: Site, refusal: LoginRefused, *, back_to: str) -> Answer:
    """The right password of an account that can't be used now, with what its partner wrote for its client."""
    status = refusal.extra["account_status"]
    known = str(status) if status in _CLOSED else "closed"
    written = refusal.detail if refusal.detail != login_rules.NO_MESSAGE and known == Status.DISABLED else ""
    return site.page("closed", status=status_of(refusal), state=known, written=written, back_to=back_to)


def forgotten_password(site: Site, *, fault: Fault | None = None, email: str = "") -> Answer:
    """Asks for the account's email."""
    return site.page("forgotten_password", fault, email=email)


def too_many_links(site: Site, *, seconds: int) -> Answer:
    """Too many requests from one network."""
    return site.notice(
        "forgotten",
        "too_often",
        role="alert",
        link=("login", "back"),
        status=429,
        headers={"Retry-After": str(seconds)},
        minutes=str(minutes_of(seconds)),
    )


def link_sent(site: Site) -> Answer:
    """The same, whether a link was sent or not."""
    return site.notice("link_sent", "link_sent_how", role="status", link=("login", "to_log_in"), status=202)


def set_password(site: Site, *, to: str, fault: Fault | None = None) -> Answer:
    """The form behind a reset link."""
    return site.page("set_password", fault, to=to)


def password_set(site: Site, *, leads_to: str, headers: Mapping[str, str]) -> Answer:
    """A password was set by a link; the session that comes with it opens the product."""
    return site.page("password_set", go_on=leads_to, headers=headers)


def over(site: Site, title: str, reason: str, *, status: int, back_to: str = "") -> Answer:
    """A link that leads to nothing now: used, expired, or never good."""
    return site.notice(title, reason, link=(back_to, "to_settings") if back_to else None, status=status)


def use_login_link(site: Site, *, to: str, fault: Fault | None = None) -> Answer:
    """A button that uses a login link, and a script that presses it once the page is really looked at."""
    return site.page("login_link", fault, scripts=() if fault else (_PRESS,), to=to)


def logged_out(site: Site, *, headers: Mapping[str, str]) -> Answer:
    return site.page("logged_out", headers=headers)


def minutes_of(seconds: int) -> int:
    """Whole minutes, rounded up: after them it works."""
    return -(-seconds // 60)
