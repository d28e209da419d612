"""Plan, add-ons, cancellation and renewal of a client who decides about them itself (docs/rules.md §9).

Whatever costs money is asked for twice: the first form shows the quote, the second one sends the amount that was shown.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from chalicelib.api.answers import Answer
from chalicelib.api.bodies.referrals.invitations import OfferedPlan
from chalicelib.api.pages import offers
from chalicelib.api.pages.log_ins import SETTINGS
from chalicelib.api.pages.offers import Size, SizeOption
from chalicelib.api.pages.site import Fault, Site
from chalicelib.api.pages.texts import Texts
from chalicelib.domain.accounts.accounts import Account, expires_at, renews_at
from chalicelib.domain.accounts.actions import Action, Caller, allowed_actions
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.programs import AddOn, NamesOffer, PlanOffer
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.clients import rights
from chalicelib.domain.clients.rights import Right
from chalicelib.domain.values import dataclass
from chalicelib.services.clients.self_service import Offers

PLAN, ADD_ONS, CANCEL, RENEW = "plan", "add-ons", "cancel", "renew"
"""The pages, and what their forms do."""


@dataclass(frozen=True)
class _PlanOffer:
    title: str
    offer: PlanOffer
    sizes: Mapping[Frequency, Sequence[SizeOption]]


@dataclass(frozen=True)
class _AddOnOffer:
    name: str
    title: str
    price: str
    is_on: bool
    state: str
    """What the text that says so is called."""


def ways(account: Account, *, now: datetime) -> list[tuple[str, str]]:
    """The ways from the settings to what the client can decide now, each an address and what its text is called; none
    if its partner decides."""
    if Right.SUBSCRIPTION not in rights.rights(account):
        return []
    allowed = allowed_actions(account, now=now, by=Caller.CLIENT)
    shown = {
        PLAN: ("change_plan", Action.CHANGE_PLAN),
        RENEW: ("take_back" if not account.has_ended else "renew", Action.RENEW),
        CANCEL: ("cancel", Action.CANCEL),
    }
    return [(to, text) for to, (text, of) in shown.items() if of in allowed]


def plan_page(site: Site, account: Account, found: Offers, *, fault: Fault | None = None) -> Answer:
    """The plan the account has, its add-ons, and the plans it can have instead, each with the choice of a size."""
    texts, currency = site.texts, found.program.currency
    facts = {"plan": offers.title_of(account.plan)}
    if account.price:
        facts["price"] = texts.written(account.price)
    if account.plan.contacts is not None:
        facts["contacts"] = texts.written(account.plan.contacts)
    return site.page(
        "plan",
        fault,
        facts=facts,
        waiting=_waiting(texts, account),
        add_ons=[_add_on(texts, account, add_on, currency) for add_on in found.add_ons],
        plans=[_plan(texts, account, offer, currency) for offer in found.plans],
    )


def quote_page(
    site: Site,
    account: Account,
    quote: Quote,
    *,
    what: str,
    page: str,
    fields: Mapping[str, str],
    fault: Fault | None = None,
) -> Answer:
    """What a change costs and when it takes effect, and a button that makes it. ``what`` is the
    plan or add-on it is about; ``fields`` ask for the change again."""
    texts, day = site.texts, renews_at(account)
    facts = {"change": what} if what else {}
    if quote.price is not None:
        facts["price"] = texts.written(quote.price.price_per_cycle)
    if quote.effective == "renewal" and day is not None:
        facts["takes_effect"] = texts.day(day, account.time_zone)
    facts["due_today"] = texts.written(quote.due_today)
    return site.page(
        "quote",
        fault,
        facts=facts,
        lines=quote.lines,
        is_charged=bool(quote.due_today.amount),
        page=page,
        fields={**fields, "expected": str(quote.due_today.amount)},
        back_to=SETTINGS if page == RENEW else PLAN,
    )


def cancel_page(
    site: Site, account: Account, after: Account, *, fault: Fault | None = None, reason: str = ""
) -> Answer:
    """What a cancellation would do and on which day, and the form for it. ``after`` is the account as it would be,
    ``reason`` what was entered before."""
    end = expires_at(after)
    last = None if after.has_ended or end is None else site.texts.day(end, account.time_zone)
    return site.page("cancel", fault, end=last, reason=reason)


def sized(texts: Texts, plan: NamesOffer, contacts: int | None) -> str:
    """`Marketing Plus, up to 1,000 contacts`."""
    title = offers.title_of(plan)
    return title if contacts is None else texts.plain("plan_of_size", plan=title, contacts=texts.written(contacts))


def _waiting(texts: Texts, account: Account) -> Mapping[str, str] | None:
    """The plan and the day of the change that waits for the renewal, if one does."""
    day = renews_at(account)
    if account.pending_change is None or day is None:
        return None
    plan = account.pending_change.plan
    return {"plan": sized(texts, plan, plan.contacts), "day": texts.day(day, account.time_zone)}


def _plan(texts: Texts, account: Account, offer: PlanOffer, currency: str) -> _PlanOffer:
    plan, has = OfferedPlan.of(offer), account.priced_plan
    same = (has.pricing_version, has.product, has.tier) == (plan.pricing_version, plan.product, plan.tier)
    chosen = None
    if same and has.contacts is not None and has.billing_frequency is not None:
        chosen = Size(has.contacts, has.billing_frequency, None)
    return _PlanOffer(offers.title_of(offer), offer, offers.sizes(texts, plan, currency, chosen))


def _add_on(texts: Texts, account: Account, add_on: AddOn, currency: str) -> _AddOnOffer:
    """An add-on: its price, and whether the account has it."""
    price = add_on.prices.price(account.frequency)
    told = texts.plain("add_on_included") if account.plan.tier in add_on.included_in else ""
    if not told and price is not None:
        told = offers.price_per_cycle(texts, price, currency, account.frequency)
    has = add_on.name in account.plan.add_ons
    then = account.pending_change.plan.add_ons if account.pending_change else account.plan.add_ons
    is_on = has and add_on.name in then
    state = "add_on_on" if is_on else "add_on_ends" if has else "add_on_off"
    return _AddOnOffer(add_on.name, add_on.title, told, is_on, state)
