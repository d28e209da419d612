"""Permission to manage, on pages: the request that a client answers, and what became of it (docs/rules.md §9)."""

from datetime import datetime

from chalicelib.api.answers import Answer
from chalicelib.api.pages.site import Fault, Site
from chalicelib.domain.accounts.accounts import ManagementRequestStatus
from chalicelib.domain.transfers.management_requests import ManagementRequest
from chalicelib.domain.values import dataclass
from chalicelib.services.transfers.consent_links import Asked

ACTION = "management"
"""What the forms of a link's page do, and those of the settings."""
END = "end"
"""The decision of a form that ends the permission."""


@dataclass(frozen=True)
class Management:
    """For the settings of a client who pays: the name of the partner that manages its account or asks to, and its open
    request."""

    partner: str
    request: ManagementRequest | None


def of_link(
    site: Site, asked: Asked, *, to: str, fault: Fault | None = None, status: int = 200, now: datetime
) -> Answer:
    """The page behind the link in the client's mail. ``status`` is the answer's where there is no ``fault``."""
    stands = asked.request.status_at(now)
    partner, account = asked.partner.name, asked.account
    if stands is not ManagementRequestStatus.OPEN:
        title, how = _OVER[stands]
        if stands is ManagementRequestStatus.CONFIRMED and account.permission != asked.request.id:
            title, how = "management_answered", "management_ended"
        repeated = status == 409 and stands in (ManagementRequestStatus.CONFIRMED, ManagementRequestStatus.DECLINED)
        before = Fault("management_answered", status) if repeated else None
        return site.notice(title, how, before, role="status", status=status, partner=partner, name=account.name)
    return site.page(
        "management_link",
        fault,
        status=status,
        partner=partner,
        account=account,
        request=asked.request,
        action=ACTION,
        to=to,
    )


_OVER = {
    ManagementRequestStatus.CONFIRMED: ("management_confirmed", "management_confirmed_how"),
    ManagementRequestStatus.DECLINED: ("management_declined", "management_declined_how"),
    ManagementRequestStatus.WITHDRAWN: ("management_withdrawn", "management_over_how"),
    ManagementRequestStatus.LAPSED: ("management_lapsed", "management_over_how"),
}
"""Title and text of the page of a request that is over."""
