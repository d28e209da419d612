"""The pages behind an invite link: what is on offer, the form to sign up, where to go afterwards (docs/rules.md §10).

They are in the language of the reader's browser. Their scripts report the visit, keep its attribution and guess the
time zone; without JavaScript they work all the same, and the name in the address credits the sign-up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import field
from functools import cache
from html import escape

from chalicelib.api.answers import Answer
from chalicelib.api.bodies.referrals.invitations import InvitationShape, OfferedPlan, OfferedTrial
from chalicelib.api.call import Call
from chalicelib.api.pages import cards, offers
from chalicelib.api.pages.cards import NO_CARD_FIELD
from chalicelib.api.pages.layout import Script, wants_page
from chalicelib.api.pages.site import Fault, Site, input_field, option, select_field
from chalicelib.config import settings
from chalicelib.domain.accounts import names
from chalicelib.domain.clients import logins, passwords
from chalicelib.domain.referrals.invite_links import Experience
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.texts import isolated
from chalicelib.domain.time_zones import time_zone_names
from chalicelib.domain.values import dataclass
from chalicelib.services.accounts.accounts import login_url
from chalicelib.services.clients.sessions import Session

TRIAL = "trial"
_REGIONS = ["Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"]
_GUESS_ZONE = Script(
    """(() => {
  const field = document.querySelector("select[data-guess]");
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (field && [...field.options].some(each => each.value === zone)) field.value = zone;
})();"""
)


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


def offer(site: Site, invitation: InvitationShape) -> Answer:
    """Who invites, and each thing to begin with."""
    offered = list(choices(invitation))
    sections = "".join(_section(site, invitation, choice) for choice in offered)
    if not any(choice.plan for choice in offered):
        sections += "".join(_prices_only(site, invitation, plan) for plan in invitation.plans)
    content = ("" if offered else site.paragraph("nothing_offered")) + f'<div class="offers">{sections}</div>'
    reports_visit = Script(src="../pn.js", data={"pn": invitation.pn, "program": invitation.program})
    return site.page("invitation", content, scripts=(reports_visit,), values=_named(invitation))


def form(
    site: Site, invitation: InvitationShape, choice: Choice, entries: Entries, *, faults: list[Fault] | None = None
) -> Answer:
    """The form of one choice, empty or with what was entered before and what is wrong with it."""
    texts, plan = site.texts, choice.plan
    card = NO_CARD_FIELD
    if plan is not None:
        card = cards.card_field(site, setups="../../card-setups", entered=entries.of("payment_method"))
    what = offers.title_of(plan) if plan else texts.plain("trial_title")
    terms = texts.html("plan_terms") if plan else texts.html("trial_terms", days=str(_days(choice)))
    fields = (
        f'<input type="hidden" name="request" value="{escape(entries.request_id)}">'
        f'<input type="hidden" name="attribution" value="{escape(entries.of("attribution"))}">'
        + (offers.size_field(site, plan, invitation.currency, offers.size_of(entries.of("size"))) if plan else "")
        + _fields(site, entries)
        + card.html
        + f"<p>{terms}</p>"
    )
    content = (
        f"<p>{texts.html('invitation', **_named(invitation))}</p>"
        + site.said(*faults or ())
        + site.form(
            action(invitation, choice),
            fields,
            "buy_now" if plan else "start_trial",
            marks=" data-sign-up",
        )
        + site.link(f"../{invitation.pn}", "back")
    )
    scripts = (Script(src="../../pn.js", data={"program": invitation.program}), _GUESS_ZONE, *card.scripts)
    status = faults[0].status if faults else 200
    return site.page("sign_up_for", content, scripts=scripts, status=status, values={"what": what})


def action(invitation: InvitationShape, choice: Choice) -> str:
    """What the form does, as its token says."""
    return f"sign-up:{invitation.pn}:{choice.code}"


def signed_up(
    site: Site, session: Session, *, product_url: str, settings_url: str, headers: Mapping[str, str]
) -> Answer:
    """The account is there, and this browser is logged in to its pages."""
    account, texts = session.account, site.texts
    facts = {"address": login_url(account), "user": logins.USERNAME}
    rows = "".join(f"<dt>{texts.html(label)}</dt><dd><bdi>{escape(value)}</bdi></dd>" for label, value in facts.items())
    content = (
        f'<p class="done" role="status">{texts.html("signed_up_how")}</p><dl>{rows}</dl>'
        f'<p><a class="button" href="{escape(product_url)}">'
        f"{texts.html('to_product', product=settings().product_name)}</a></p>" + site.link(settings_url, "to_settings")
    )
    return site.page("signed_up", content, headers=headers)


def nowhere(call: Call, site: Site, refusal: NotFound) -> Answer:
    """An unknown name, or an offer that does not exist: a page for browsers; for programs the refusal is raised."""
    if not wants_page(call):
        raise refusal
    return site.page("no_invitation", site.paragraph("no_invitation_how"), status=404)


def _section(site: Site, invitation: InvitationShape, choice: Choice) -> str:
    texts, plan = site.texts, choice.plan
    to = f"{invitation.pn}/{choice.code}"
    if plan is None:
        title, told, prices = texts.html("trial_title"), texts.html("trial_terms", days=str(_days(choice))), ""
    else:
        title, told = escape(offers.title_of(plan)), escape(offers.from_price(texts, plan, invitation.currency))
        prices = offers.price_list(texts, plan, invitation.currency)
    button = site.button_link(to, "choose_plan" if plan else "start_trial")
    return f'<section class="offer"><h2>{title}</h2><p>{told}</p>{prices}{button}</section>'


def _prices_only(site: Site, invitation: InvitationShape, plan: OfferedPlan) -> str:
    told = escape(offers.from_price(site.texts, plan, invitation.currency))
    prices = offers.price_list(site.texts, plan, invitation.currency)
    return f'<section class="offer"><h2>{escape(offers.title_of(plan))}</h2><p>{told}</p>{prices}</section>'


def _fields(site: Site, entries: Entries) -> str:
    name_rules = f' minlength="{names.SHORTEST}" maxlength="{names.LONGEST}" autocapitalize="none" spellcheck="false"'
    bounds = f' minlength="{passwords.SHORTEST}" maxlength="{passwords.LONGEST}"'
    countries = "".join(
        option(code, name, chosen=code == entries.country) for code, name in site.texts.countries().items()
    )
    return (
        input_field(
            site,
            "client_name",
            "client_name",
            "text",
            "organization",
            value=entries.of("client_name"),
            more=' maxlength="200"',
        )
        + input_field(
            site, "email", "email", "email", "email", value=entries.of("email"), more=' autocapitalize="none"'
        )
        + input_field(
            site, "account_name", "name", "text", "off", value=entries.of("name"), more=name_rules, hint="name_rules"
        )
        + select_field(site, "country", "country", countries, autocomplete="country")
        + select_field(
            site,
            "time_zone",
            "time_zone",
            _zones(entries.time_zone),
            hint="time_zone_how",
            more=" data-guess" if entries.guessed else "",
        )
        + input_field(site, "password", "password", "password", "new-password", more=bounds, hint="password_rules")
    )


def _zones(chosen: str) -> str:
    return "".join(
        f'<optgroup label="{region}">'
        + "".join(option(zone, zone.partition("/")[2].replace("_", " "), chosen=zone == chosen) for zone in zones)
        + "</optgroup>"
        for region, zones in _zones_by_region().items()
    )


@cache
def _zones_by_region() -> Mapping[str, list[str]]:
    zones = time_zone_names()
    return {region: [zone for zone in zones if zone.startswith(f"{region}/")] for region in _REGIONS}


def _named(invitation: InvitationShape) -> Mapping[str, str]:
    return {"partner": isolated(invitation.partner.name), "product": isolated(settings().product_name)}


def _days(choice: Choice) -> int:
    assert isinstance(choice.offer, OfferedTrial)
    return choice.offer.days
