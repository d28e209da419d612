"""Permission to manage, on pages: the request that a client answers, and what became of it (docs/rules.md §9)."""

from datetime import datetime, timedelta
from html import escape

from chalicelib.api.answers import Answer
from chalicelib.api.pages.site import Fault, Site
from chalicelib.domain.accounts.accounts import Account, ManagementRequestStatus, Relationship
from chalicelib.domain.calendar import local_date
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.transfers.management_requests import Decision, ManagementRequest
from chalicelib.services.transfers.consent_links import Asked

ACTION = "management"
"""What the forms of a link's page do."""


def of_link(
    site: Site, asked: Asked, *, to: str, fault: Fault | None = None, status: int = 200, now: datetime
) -> Answer:
    """The page behind the link in the client's mail. ``status`` is the answer's where there is no ``fault``."""
    stands = asked.request.status_at(now)
    partner, name = asked.partner.name, asked.account.name
    if stands is not ManagementRequestStatus.OPEN:
        title, how = _OVER[stands]
        if stands is ManagementRequestStatus.CONFIRMED and asked.account.permission != asked.request.id:
            title, how = "management_answered", "management_ended"
        repeated = status == 409 and stands in (ManagementRequestStatus.CONFIRMED, ManagementRequestStatus.DECLINED)
        before = site.said(Fault("management_answered", status)) if repeated else ""
        said = site.texts.html(how, partner=partner, name=name)
        return site.page(title, f'{before}<p role="status">{said}</p>', status=status)
    form = _to_answer(site, asked.account, asked.request, partner, action=ACTION, to=to)
    content = site.account_line + site.said(fault) + form
    return site.page("management_asked", content, status=fault.status if fault else status)


_OVER = {
    ManagementRequestStatus.CONFIRMED: ("management_confirmed", "management_confirmed_how"),
    ManagementRequestStatus.DECLINED: ("management_declined", "management_declined_how"),
    ManagementRequestStatus.WITHDRAWN: ("management_withdrawn", "management_over_how"),
    ManagementRequestStatus.LAPSED: ("management_lapsed", "management_over_how"),
}
"""Title and text of the page of a request that is over."""


def _to_answer(site: Site, account: Account, request: ManagementRequest, partner: str, *, action: str, to: str) -> str:
    """Who asks, what the client gives when it confirms, and the two buttons."""
    texts = site.texts
    day = local_date(request.expires_at - timedelta(seconds=1), account.time_zone)
    return (
        f"<p>{texts.html('management_asked_how', partner=partner, name=account.name)}</p>"
        f"<p><strong>{texts.html('management_full_access', partner=partner)}</strong></p>"
        f"<p>{texts.html('management_you_pay')}</p>"
        f"<p>{texts.html('management_until', day=texts.written(day))}</p>"
        + site.form(action, _hidden(Decision.CONFIRM, request), "management_confirm", to=to)
        + site.form(action, _hidden(Decision.DECLINE, request), "management_decline", to=to, quiet=True)
    )


def in_settings(site: Site, account: Account, partner: Partner, request: ManagementRequest | None) -> str:
    """The part of the settings of a client who pays: a request to answer, or a permission to end; else nothing."""
    texts, action = site.texts, action_of(site)
    if request is not None:
        asked = _to_answer(site, account, request, partner.name, action=action, to="management")
        return f"<h2>{texts.html('management_asked')}</h2>{asked}"
    if account.relationship is Relationship.REFERRED:
        return ""
    return (
        f"<h2>{texts.html('management')}</h2>"
        f"<p>{texts.html('management_now', partner=partner.name)}</p>"
        f"<p>{texts.html('management_end_how', partner=partner.name)}</p>"
        + site.form(action, _field("decision", END), "management_end", to="management", quiet=True)
    )


def action_of(site: Site) -> str:
    """What the forms on an account's settings page do."""
    return f"{ACTION}:{site.name}"


END = "end"
"""The decision of a form that ends the permission."""


def _hidden(decision: Decision, request: ManagementRequest) -> str:
    return _field("decision", decision) + _field("request", request.id)


def _field(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'
