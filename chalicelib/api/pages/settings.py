"""The settings page of an account: what its client may know of it, and change."""

from collections.abc import Mapping, Sequence

from chalicelib.api.answers import Answer
from chalicelib.api.pages import cards
from chalicelib.api.pages import payment as payments
from chalicelib.api.pages.log_ins import SETTINGS
from chalicelib.api.pages.management import Management
from chalicelib.api.pages.payment import Payment
from chalicelib.api.pages.site import Fault, Site
from chalicelib.api.pages.texts import Texts
from chalicelib.domain.accounts.accounts import Account, Status, expires_at, renews_at
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.clients import logins
from chalicelib.services.accounts.accounts import login_url


def once_more(site: Site) -> Answer:
    """Loads the settings again. A browser that comes from elsewhere keeps the cookie back; now it comes from here."""
    return site.page("one_moment", leads_to=SETTINGS)


def open_to(
    site: Site,
    account: Account,
    *,
    payment: Payment | None = None,
    ways: Sequence[tuple[str, str]] = (),
    management: Management | None = None,
    fault: Fault | None = None,
    done: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """What the client may know of its account, and change: its password. ``ways`` lead to changes of plan and renewal,
    each an address and what its text is called."""
    return site.page(
        "settings",
        fault,
        headers=headers,
        done=done,
        message=account.disabled_message if account.status is Status.DISABLED else None,
        account=account,
        facts=_facts(site.texts, account, payment),
        product_url=login_url(account) if logins.may_use(account) else None,
        ways=ways,
        payment=payment,
        can_take_cards=payment is not None and cards.can_take_cards(),
        management=management,
    )


def _facts(texts: Texts, account: Account, payment: Payment | None) -> Mapping[str, str]:
    """Labels, and the value of each."""
    kind = account.kind if account.status is Status.ACTIVE and account.kind is not PlanKind.PAID else account.status
    facts = {"plan": account.plan.tier.title(), "status": texts.plain(f"status_{kind}")}
    if renewal := renews_at(account):
        facts["renews_on"] = texts.day(renewal, account.time_zone)
    elif end := expires_at(account):
        facts["ended_on" if account.has_ended else "ends_on"] = texts.day(end, account.time_zone)
    if payment:
        facts |= payments.facts(texts, account, payment)
    return facts
