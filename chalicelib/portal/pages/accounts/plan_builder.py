"""The choices of a plan in a form, each depending on those before it: what the program offers, and what is chosen.

Fields are named as in the API's body: `plan.tier`, `plan.limits.email_sends`. A limit that is chosen freely is
`custom` there, and its number is in `custom.email_sends`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import Any

from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import PlanKind, PlanOffer, Program
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.portal.pages.accounts.frame import tier_name
from chalicelib.portal.texts import in_words
from chalicelib.portal.visits import Visit

CUSTOM = "custom"
Option = tuple[str, str]


@dataclass(frozen=True)
class Choice:
    """A select: its field, label, options and what is chosen. ``custom`` is the number of a limit chosen freely."""

    name: str
    label: str
    options: Sequence[Option]
    chosen: str
    custom: str | None = None


@dataclass(frozen=True)
class AddOnChoice:
    """An add-on that is offered, with its price per cycle; None where there is none."""

    name: str
    title: str
    price: Money | None
    included: bool
    chosen: bool


@dataclass(frozen=True)
class Builder:
    """The choices as they are shown, and the plan they make as the document of an API's body."""

    offer: PlanOffer
    choices: Sequence[Choice]
    add_ons: Sequence[AddOnChoice]
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The plan in a word: a form that was sent with another one has not shown its price yet."""
        parts = {name: value for name, value in self.document.items() if value not in ("", None)}
        return repr(sorted((name, str(value)) for name, value in parts.items()))

    @property
    def is_paid(self) -> bool:
        return self.offer.kind is PlanKind.PAID


def build(visit: Visit, program: Program, *, before: Plan | None, paid_only: bool = False) -> Builder:
    """The choices of the form that was sent, else those of the plan ``before``; what is not offered gives way, and
    without either it begins with what is paid for."""
    paid = [offer for offer in program.plans if offer.kind is PlanKind.PAID]
    offers: Sequence[PlanOffer] = paid if paid_only else sorted(program.plans, key=lambda offer: offer not in paid)
    entered = visit.given if "plan.tier" in visit.given else None

    def wish(name: str, was: object) -> str:
        return visit.entered(f"plan.{name}") if entered is not None else str(was if was is not None else "")

    choices: list[Choice] = []
    for step in ("pricing_version", "product", "tier"):
        names = list(dict.fromkeys(getattr(offer, step) for offer in offers))
        chosen = _one_of(names, wish(step, getattr(before, step, None)))
        shown = [(name, _offered(visit, step, name, offers)) for name in names]
        choices.append(Choice(f"plan.{step}", visit.texts.plain(f"accounts.plan_builder.{step}"), shown, chosen))
        offers = [offer for offer in offers if getattr(offer, step) == chosen]
    offer = offers[0]
    document: dict[str, Any] = {each.name.removeprefix("plan."): each.chosen for each in choices}

    frequency = _one_of(
        list(offer.billing_frequencies), wish("billing_frequency", getattr(before, "billing_frequency", None))
    )
    contacts = [str(row.contacts) for row in offer.prices]
    sizes = _one_of(contacts, wish("contacts", getattr(before, "contacts", None)))
    if contacts:
        shown = [(each, f"{int(each):,}".replace(",", visit.texts.plain("common.thousands"))) for each in contacts]
        choices.append(Choice("plan.contacts", visit.texts.plain("accounts.plan_builder.contacts"), shown, sizes))
        document["contacts"] = int(sizes)
    if offer.billing_frequencies:
        shown = [
            (each, visit.texts.plain(f"accounts.plan_builder.frequency.{each}")) for each in offer.billing_frequencies
        ]
        choices.append(
            Choice(
                "plan.billing_frequency", visit.texts.plain("accounts.plan_builder.billing_frequency"), shown, frequency
            )
        )
        document["billing_frequency"] = frequency
    same = before is not None and (before.pricing_version, before.product, before.tier) == _named(offer)
    limits = list(_limits(visit, offer, before if same else None, entered=entered is not None))
    document["limits"] = {each.name.removeprefix("plan.limits."): _number(each) for each in limits}
    wanted = set(visit.given.get("plan.add_ons", ())) if entered is not None else set(before.add_ons if before else ())
    add_ons = [_add_on(program, offer, name, frequency, chosen=name in wanted) for name in offer.add_ons]
    document["add_ons"] = [each.name for each in add_ons if each.chosen]
    return Builder(offer, [*choices, *limits], add_ons, document)


def _limits(visit: Visit, offer: PlanOffer, before: Plan | None, *, entered: bool) -> Iterable[Choice]:
    for name, limit in offer.limits.items():
        offered = [str(value) for value in limit.values]
        wish = was = str(before.limits.get(name, "")) if before else ""
        free = limit.custom and was != "" and was not in offered
        if entered:
            wish, was = visit.entered(f"plan.limits.{name}"), visit.entered(f"custom.{name}") or offered[0]
            free = limit.custom and wish == CUSTOM
        options = [(value, f"{int(value):,}".replace(",", visit.texts.plain("common.thousands"))) for value in offered]
        if limit.custom:
            options.append((CUSTOM, visit.texts.plain("accounts.plan_builder.custom")))
        label = visit.texts.named(f"accounts.plan_builder.limit.{name}", name)
        chosen = CUSTOM if free else _one_of(offered, wish)
        yield Choice(f"plan.limits.{name}", label, options, chosen, was if free else None)


def _number(limit: Choice) -> int | str:
    text = limit.chosen if limit.custom is None else limit.custom
    return int(text) if text.isascii() and text.isdigit() else text


def _add_on(program: Program, offer: PlanOffer, name: str, frequency: str, *, chosen: bool) -> AddOnChoice:
    add_on = program.add_on(name)
    included = offer.tier in add_on.included_in
    price = getattr(add_on.prices, frequency, None) if frequency and not included else None
    return AddOnChoice(name, add_on.title, program.money(price) if price is not None else None, included, chosen)


def _offered(visit: Visit, step: str, name: str, offers: Sequence[PlanOffer]) -> str:
    if step == "tier":
        return tier_name(visit.texts, name)
    if step == "product":
        return name if name.isupper() else in_words(name)
    tiers = dict.fromkeys(tier_name(visit.texts, offer.tier) for offer in offers if offer.pricing_version == name)
    return f"{name}: {', '.join(tiers)}"


def _named(offer: PlanOffer) -> tuple[str, str, str]:
    return offer.pricing_version, offer.product, offer.tier


def _one_of(offered: Sequence[str], wish: str) -> str:
    return str(wish) if wish in offered else str(offered[0]) if offered else ""
