"""The page on which an account's owner agrees to a move, or declines it, and what became of it (docs/rules.md §9)."""

from markupsafe import Markup

from chalicelib.api.answers import Answer
from chalicelib.api.pages.site import Fault, Site
from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.transfers.transfers import TransferStatus
from chalicelib.services.transfers.owners import Asked

ACTION = "transfer"
"""What the form of the page does."""
SHOWN = (TransferStatus.WAITING_FOR_OPERATOR, TransferStatus.COMPLETED, TransferStatus.DECLINED, "over")
"""What the page says became of the request; ``over`` is the rest."""


def of_link(site: Site, asked: Asked, *, to: str, fault: Fault | None = None, status: int = 200) -> Answer:
    """The page behind the link in the owner's mail. ``status`` is the answer's where there is no ``fault``."""
    if asked.status is not TransferStatus.WAITING_FOR_OWNER:
        return _answered(site, asked, status)
    if asked.hindrance is not None and fault is None:
        fault = Fault("transfer_hindered", status)
    return site.page(
        "transfer",
        fault,
        status=status,
        partner=asked.partner.name,
        account=asked.account,
        transfer=asked.transfer,
        is_managed=asked.transfer.relationship is Relationship.MANAGED,
        from_the_renewal_on=_from_the_renewal_on(site, asked),
        may_confirm=asked.hindrance is None,
        to=to,
    )


def _from_the_renewal_on(site: Site, asked: Asked) -> Markup:
    """Until when all stays, and what the owner pays for from then on."""
    texts, planned = site.texts, asked.planned
    if planned is None or planned.renews_at is None:
        return texts.html("transfer_stays")
    stays = texts.html("transfer_stays_until", day=texts.day(planned.renews_at, asked.account.time_zone))
    plan = planned.next_plan.tier.title()
    if not planned.after.pays_itself:
        return stays
    if planned.next_price is None:
        return stays + " " + texts.html("transfer_plan", plan=plan)
    return stays + " " + texts.html("transfer_price", plan=plan, price=texts.written(planned.next_price))


def _answered(site: Site, asked: Asked, status: int) -> Answer:
    """What became of the request; ``status`` is 409 if another answer was given before."""
    known = asked.status if asked.status in SHOWN else "over"
    before = Fault("transfer_answered", status) if status == 409 else None
    return site.notice(
        f"transfer_{known}",
        f"transfer_{known}_how",
        before,
        role="status",
        status=status,
        partner=asked.partner.name,
        name=asked.account.name,
    )
