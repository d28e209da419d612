"""The pages behind an invite link: what is on offer, the form to sign up, where to go afterwards (docs/rules.md §10).

They are in the language of the reader's browser. Their scripts report the visit, keep its attribution and guess the
time zone; without JavaScript they work all the same, and the name in the address credits the sign-up.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cache

from chalicelib.api.answers import Answer
from chalicelib.api.bodies.referrals.invitations import InvitationShape, OfferedPlan, OfferedTrial
from chalicelib.api.call import Call
from chalicelib.api.pages import cards, offers
from chalicelib.api.pages.layout import Script, wants_page
from chalicelib.api.pages.site import Fault, Site
from chalicelib.api.pages.texts import Texts
from chalicelib.config import settings
from chalicelib.domain.accounts import names
from chalicelib.domain.clients import logins
from chalicelib.domain.referrals.invite_links import Experience
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.texts import isolated
from chalicelib.domain.time_zones import time_zone_names
from chalicelib.domain.values import dataclass
from chalicelib.services.accounts.accounts import login_url
from chalicelib.services.clients.sessions import Session

TRIAL = "trial"
_REGIONS = ["Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"]
_GUESS_ZONE = Script("guess_zone.js")


@dataclass(frozen=True)
class Choice:
    """What a client can begin with on the page. ``code`` names it in the address."""

    code: str
    offer: OfferedPlan | OfferedTrial

    @property
    def plan(self) -> OfferedPlan | None:
        """The plan to buy; None for the trial."""
        return self.offer if isinstance(self.offer, OfferedPlan) else None


@dataclass(frozen=True)
class Entries:
    """What is in the form when it is shown: what was sent before, or what is likely for this reader."""

    country: str
    time_zone: str
    request_id: str
    """Names this sign-up, so that sending it twice opens one account."""
    fields: Mapping[str, str] = field(default_factory=dict)
    guessed: bool = True

    def of(self, name: str) -> str:
        return self.fields.get(name, "")


def choices(invitation: InvitationShape) -> Iterator[Choice]:
    """What can be begun with: no plan where no card can be entered."""
    if invitation.trial is not None:
        yield Choice(TRIAL, invitation.trial)
    if Experience.BUY_NOW in invitation.experiences and cards.can_take_cards():
        for plan in invitation.plans:
            yield Choice(f"{plan.pricing_version}-{plan.product}-{plan.tier}".lower(), plan)


@dataclass(frozen=True)
class _Offer:
    """Something to begin with, and where; a plan without ``to`` shows its prices only."""

    title: str
    price: str
    plan: OfferedPlan | None = None
    to: str = ""


def offer(site: Site, invitation: InvitationShape) -> Answer:
    """Who invites, and each thing to begin with."""
    offered = list(choices(invitation))
    shown = [_offer(site.texts, invitation, choice) for choice in offered]
    if not any(choice.plan for choice in offered):
        shown += [_plan(site.texts, invitation, plan) for plan in invitation.plans]
    reports_visit = Script(src="../pn.js", data={"pn": invitation.pn, "program": invitation.program})
    return site.page(
        "invitation",
        scripts=(reports_visit,),
        named=_named(invitation),
        nothing_offered=not offered,
        offers=shown,
        currency=invitation.currency,
    )


def form(
    site: Site, invitation: InvitationShape, choice: Choice, entries: Entries, *, faults: Sequence[Fault] = ()
) -> Answer:
    """The form of one choice, empty or with what was entered before and what is wrong with it."""
    texts, plan = site.texts, choice.plan
    card, sizes = None, None
    if plan is not None:
        card = cards.card_field(setups="../../card-setups", entered=entries.of("payment_method"))
        sizes = offers.sizes(texts, plan, invitation.currency, offers.size_of(entries.of("size")))
    scripts = (Script(src="../../pn.js", data={"program": invitation.program}), _GUESS_ZONE)
    return site.page(
        "sign_up",
        *faults,
        scripts=(*scripts, *card.scripts) if card else scripts,
        what=offers.title_of(plan) if plan else texts.plain("trial_title"),
        named=_named(invitation),
        pn=invitation.pn,
        action=action(invitation, choice),
        entries=entries,
        sizes=sizes,
        card=card,
        terms=texts.html("plan_terms") if plan else texts.html("trial_terms", days=str(_days(choice))),
        time_zones=_zones_by_region(),
        shortest_name=names.SHORTEST,
        longest_name=names.LONGEST,
    )


def action(invitation: InvitationShape, choice: Choice) -> str:
    """What the form does, as its token says."""
    return f"sign-up:{invitation.pn}:{choice.code}"


def signed_up(
    site: Site, session: Session, *, product_url: str, settings_url: str, headers: Mapping[str, str]
) -> Answer:
    """The account is there, and this browser is logged in to its pages."""
    facts = {"address": login_url(session.account), "user": logins.USERNAME}
    return site.page("signed_up", headers=headers, facts=facts, product_url=product_url, settings_url=settings_url)


def nowhere(call: Call, site: Site, refusal: NotFound) -> Answer:
    """An unknown name, or an offer that does not exist: a page for browsers; for programs the refusal is raised."""
    if not wants_page(call):
        raise refusal
    return site.notice("no_invitation", "no_invitation_how", status=404)


def _offer(texts: Texts, invitation: InvitationShape, choice: Choice) -> _Offer:
    to = f"{invitation.pn}/{choice.code}"
    if choice.plan is None:
        return _Offer(texts.plain("trial_title"), texts.html("trial_terms", days=str(_days(choice))), to=to)
    return replace(_plan(texts, invitation, choice.plan), to=to)


def _plan(texts: Texts, invitation: InvitationShape, plan: OfferedPlan) -> _Offer:
    return _Offer(offers.title_of(plan), offers.from_price(texts, plan, invitation.currency), plan)


@cache
def _zones_by_region() -> Mapping[str, list[str]]:
    zones = time_zone_names()
    return {region: [zone for zone in zones if zone.startswith(f"{region}/")] for region in _REGIONS}


def _named(invitation: InvitationShape) -> Mapping[str, str]:
    return {"partner": isolated(invitation.partner.name), "product": isolated(settings().product_name)}


def _days(choice: Choice) -> int:
    assert isinstance(choice.offer, OfferedTrial)
    return choice.offer.days
