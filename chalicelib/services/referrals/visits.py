"""Visits of pages that name a partner: they are counted, and credited to the first partner (docs/rules.md §10).

Nothing is kept of a visitor: no address, no agent, no cookie. A visit is a number.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.domain.referrals.attribution import is_visit
from chalicelib.domain.refusals import Invalid
from chalicelib.models.referrals import invite_links as link_rows
from chalicelib.services.referrals import attribution as attributions
from chalicelib.services.referrals import invite_links
from chalicelib.services.referrals.attribution import Attribution
from chalicelib.services.referrals.invite_links import Invitation

if TYPE_CHECKING:
    from crawlerdetect import CrawlerDetect

UNKNOWN_PN = "leads to no partner: it is not, and never was, the name of an invite link"


def record_visit(
    *, pn: str, attribution: str | None, user_agent: str, purposes: Iterable[str], now: datetime
) -> Attribution:
    """Count the visit and return to whom it is credited: still to the first partner, if ``attribution`` is valid.

    Crawlers are not counted, nor what browsers fetch ahead; they get the same answer. Raises :class:`Invalid` for a
    name that leads nowhere.
    """
    invitation = named_by(pn, now=now)
    if is_visit(user_agent=user_agent, purposes=purposes) and not _crawlers().is_crawler(user_agent):
        link_rows.count_visit(invitation.partner.id)
    first = attributions.read_attribution(attribution, now=now) if attribution else None
    return first or attributions.attribute_to(invitation, now=now)


def named_by(pn: str, *, now: datetime) -> Invitation:
    """The invitation that a name leads to. Raises :class:`Invalid` if it leads nowhere."""
    invitation = invite_links.find_invitation(pn, now=now)
    if invitation is None:
        raise Invalid(errors=[("pn", UNKNOWN_PN)])
    return invitation


@cache
def _crawlers() -> "CrawlerDetect":
    from crawlerdetect import CrawlerDetect  # compiles a thousand patterns at its first use, 50 ms

    return CrawlerDetect()
