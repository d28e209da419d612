"""Signing in and out, and replacing a forgotten password."""

from chalicelib.portal import cookies, site
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.people import credentials, sessions, sign_ins
from chalicelib.services.people.sign_ins import CodeNeeded

pages = Pages()


@pages.get("sign-in", scope="public")
def show_sign_in(visit: Visit) -> View | Redirect:
    """The form for address and password; who is signed in needs none."""
    if visit.session is not None:
        return Redirect(_wished(visit.asked("next")))
    return View("people/sign_in.html", {"next": visit.entered("next") or visit.asked("next")})


def _show_sign_in_again(visit: Visit) -> View:
    return View("people/sign_in.html", {"next": visit.entered("next")})


@pages.post("sign-in", scope="public", again=_show_sign_in_again)
def sign_in(visit: Visit) -> View | Redirect:
    """Begins a session, or asks for a code of the person's app."""
    begun = sign_ins.enter_password(
        email=visit.email("email"),
        password=visit.password("password"),
        source=visit.source,
        device=cookies.device_of(visit),
        now=visit.machine_now,
    )
    if isinstance(begun, CodeNeeded):
        return View("people/sign_in_code.html", {"token": begun.token, "next": visit.entered("next")})
    return _welcome(visit, begun.token)


def _show_code_again(visit: Visit) -> View:
    return View("people/sign_in_code.html", {"token": visit.entered("token"), "next": visit.entered("next")})


@pages.post("sign-in/code", scope="public", again=_show_code_again)
def enter_code(visit: Visit) -> Redirect:
    """Begins a session with a code of the app, or a recovery code."""
    begun = sign_ins.enter_code(
        token=visit.entered("token"),
        code=visit.entered("code"),
        device=cookies.device_of(visit),
        now=visit.machine_now,
    )
    return _welcome(visit, begun.token)


@pages.post("sign-out", scope="signed in")
def sign_out(visit: Visit) -> Redirect:
    """Ends this session; others go on."""
    sessions.end(person_id=visit.me.person_id, session_id=visit.me.id)
    return Redirect(site.SIGN_IN, done="signed_out", headers=cookies.removed(visit))


@pages.get("password", scope="public")
def show_forgotten(visit: Visit) -> View:  # noqa: ARG001
    """The form that asks for a link."""
    return View("people/password_forgotten.html", {"asked": False})


@pages.post("password", scope="public", again=show_forgotten)
def ask_for_link(visit: Visit) -> View:
    """Has a link mailed; what the page says is the same for every address."""
    credentials.ask_for_link(
        email=visit.email("email"), source=visit.source, base_url=visit.base_url, now=visit.machine_now
    )
    return View("people/password_forgotten.html", {"asked": True})


@pages.get("password/{token}", scope="public")
def show_new_password(visit: Visit, token: str) -> View:
    """The form behind a link; opening it doesn't use up the link."""
    person = credentials.person_of_link(token, now=visit.machine_now)
    return View("people/password_new.html", {"token": token, "email": person.email})


@pages.post("password/{token}", scope="public", again=show_new_password)
def set_new_password(visit: Visit, token: str) -> Redirect:
    """Replaces the password; then it is signed in with, and with the app if there is one."""
    credentials.replace_forgotten(
        token=token, password=visit.password("password"), now=visit.machine_now, told_at=visit.now
    )
    return Redirect(site.SIGN_IN, done="password_set", headers=cookies.removed(visit))


def _welcome(visit: Visit, token: str) -> Redirect:
    """To the page that was asked for, if there is such a page, with the session's cookie."""
    return Redirect(_wished(visit.entered("next")), headers=cookies.kept(visit, token))


def _wished(address: str) -> str:
    """The address behind `portal/` if it is that of a page, so that nobody is led elsewhere; else the first page's."""
    found = site.find("GET", address.partition("?")[0]) if address.isascii() and address.isprintable() else None
    return address if found is not None and found.page is not None else site.FIRST
