"""How an account looks to its client, and at which domain: branding and custom domain."""

from pydantic import ValidationError

from chalicelib.api.bodies.setup.branding import SetBranding
from chalicelib.api.bodies.setup.custom_domains import SetDomain
from chalicelib.api.parsing import Faults
from chalicelib.domain.setup.branding import Branding, foreground_on
from chalicelib.domain.setup.custom_domains import DomainState
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.accounts.frame import framed
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import accounts
from chalicelib.services.setup import branding, custom_domains
from chalicelib.services.setup.custom_domains import Domain

pages = Pages()

_ANY_LOGO = {"img-src": ["https:"]}
"""The picture shows a logo while its address is typed."""
_TONES = {DomainState.PENDING: "info", DomainState.VERIFIED: "good", DomainState.FAILED: "bad"}


@pages.get("accounts/{account_id}/branding", scope="read")
def show_branding(visit: Visit, account_id: str) -> View:
    """The branding, and what the client's log-in looks like with it; htmx asks for the picture of what is entered."""
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    kept = branding.get_branding(partner_id=visit.partner_id, account_id=account_id)
    shown = _entered(visit, kept)
    values = framed(visit, account, kept=kept, shown=shown, on_color=foreground_on(shown.color))
    return View(
        "setup/branding.html", values | {"on_background": foreground_on(shown.background_color)}, sources=_ANY_LOGO
    )


@pages.post("accounts/{account_id}/branding", scope="write", again=show_branding)
def save_branding(visit: Visit, account_id: str) -> Redirect:
    """Sets the whole branding."""
    wanted = visit.form(SetBranding).wanted()
    branding.set_branding(
        partner_id=visit.partner_id, account_id=account_id, branding=wanted, now=visit.now, actor=visit.actor
    )
    return Redirect(f"accounts/{account_id}/branding", done="branded")


@pages.get("accounts/{account_id}/domain", scope="read")
def show_domain(visit: Visit, account_id: str) -> View:
    """The domain, the record that it needs, and whether that was found."""
    return _domain_page(
        visit, custom_domains.get_domain(partner_id=visit.partner_id, account_id=account_id), account_id
    )


@pages.post("accounts/{account_id}/domain", scope="write", again=show_domain)
def save_domain(visit: Visit, account_id: str) -> Redirect:
    """Sets the domain, which counts once it is verified."""
    body = visit.form(SetDomain)
    custom_domains.set_domain(
        partner_id=visit.partner_id, account_id=account_id, domain=body.domain, now=visit.now, actor=visit.actor
    )
    return Redirect(f"accounts/{account_id}/domain", done="domain_set")


@pages.post("accounts/{account_id}/domain/verify", scope="write", again=show_domain)
def verify_domain(visit: Visit, account_id: str) -> View | Redirect:
    """Looks the record up. If it leads elsewhere, the page says where."""
    looked_at = custom_domains.verify_domain(
        partner_id=visit.partner_id, account_id=account_id, now=visit.now, actor=visit.actor
    )
    if looked_at.state is DomainState.VERIFIED:
        return Redirect(f"accounts/{account_id}/domain", done="domain_verified")
    return _domain_page(visit, looked_at, account_id)


@pages.post("accounts/{account_id}/domain/remove", scope="write", again=show_domain)
def remove_domain(visit: Visit, account_id: str) -> Redirect:
    """Removes the domain: the log-in is at the account's name again."""
    custom_domains.remove_domain(partner_id=visit.partner_id, account_id=account_id, now=visit.now, actor=visit.actor)
    return Redirect(f"accounts/{account_id}/domain", done="domain_removed")


def _domain_page(visit: Visit, domain: Domain, account_id: str) -> View:
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    return View(
        "setup/domain.html", framed(visit, account, domain=domain, tone=_TONES[domain.state or DomainState.PENDING])
    )


def _entered(visit: Visit, kept: Branding) -> Branding:
    """The branding that is being typed, as far as it can be one; else the one that is kept."""
    try:
        if visit.given:
            return visit.form(SetBranding).wanted()
        if visit.element == "picture":
            return visit.asked_as(SetBranding).wanted()
    except (Faults, ValidationError, ValueError):
        pass
    return kept
