"""The page on which an account's owner agrees to a move, or declines it, and what became of it (docs/rules.md §9)."""

from datetime import timedelta
from html import escape

from chalicelib.api.answers import Answer
from chalicelib.api.pages.site import Fault, Site
from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.calendar import local_date
from chalicelib.domain.transfers.management_requests import Decision
from chalicelib.domain.transfers.transfers import TransferStatus
from chalicelib.services.transfers.owners import Asked

ACTION = "transfer"
"""What the form of the page does."""


def of_link(site: Site, asked: Asked, *, to: str, fault: Fault | None = None, status: int = 200) -> Answer:
    """The page behind the link in the owner's mail. ``status`` is the answer's where there is no ``fault``."""
    if asked.status is not TransferStatus.WAITING_FOR_OWNER:
        return _answered(site, asked, status)
    if asked.hindrance is not None and fault is None:
        fault = Fault("transfer_hindered", status)
    buttons = site.form(ACTION, _hidden(Decision.DECLINE), "transfer_decline", to=to, quiet=True)
    if asked.hindrance is None:
        buttons = site.form(ACTION, _hidden(Decision.CONFIRM), "transfer_confirm", to=to) + buttons
    content = site.account_line + site.said(fault) + _what_changes(site, asked) + buttons
    return site.page("transfer_asked", content, status=fault.status if fault else status)


def _what_changes(site: Site, asked: Asked) -> str:
    """Who asks, what the owner gives away, who pays from when on, and what ends."""
    texts, partner = site.texts, asked.partner.name
    last_day = texts.written(local_date(asked.transfer.expires_at - timedelta(seconds=1), asked.account.time_zone))
    managed = asked.transfer.relationship is Relationship.MANAGED
    access = "transfer_managed" if managed else "transfer_referred"
    return (
        f"<p>{texts.html('transfer_asked_how', partner=partner, name=asked.account.name)}</p>"
        f"<p><strong>{texts.html(access, partner=partner)}</strong></p>"
        f"<p>{_from_the_renewal_on(site, asked)}</p>"
        f"<p>{texts.html('transfer_ends')}</p>"
        f"<p>{texts.html('transfer_until', day=last_day)}</p>"
    )


def _from_the_renewal_on(site: Site, asked: Asked) -> str:
    texts, planned = site.texts, asked.planned
    if planned is None or planned.renews_at is None:
        return texts.html("transfer_stays")
    day = texts.written(local_date(planned.renews_at, asked.account.time_zone))
    stays = texts.html("transfer_stays_until", day=day)
    plan = planned.next_plan.tier.title()
    if not planned.after.pays_itself:
        return stays
    if planned.next_price is None:
        return f"{stays} {texts.html('transfer_plan', plan=plan)}"
    return f"{stays} {texts.html('transfer_price', plan=plan, price=texts.written(planned.next_price))}"


def _answered(site: Site, asked: Asked, status: int) -> Answer:
    """What became of the request; ``status`` is 409 if another answer was given before."""
    known = asked.status if asked.status in SHOWN else "over"
    said = site.texts.html(f"transfer_{known}_how", partner=asked.partner.name, name=asked.account.name)
    before = site.said(Fault("transfer_answered", status)) if status == 409 else ""
    return site.page(f"transfer_{known}", f'{before}<p role="status">{said}</p>', status=status)


SHOWN = (TransferStatus.WAITING_FOR_OPERATOR, TransferStatus.COMPLETED, TransferStatus.DECLINED, "over")
"""What the page says became of the request; ``over`` is the rest."""


def _hidden(decision: Decision) -> str:
    return f'<input type="hidden" name="decision" value="{escape(decision)}">'
