"""Plan, add-ons, cancellation and renewal of a client who decides about them itself (docs/rules.md §9).

Whatever costs money is asked for twice: the first form shows the quote, the second one sends the amount that was shown.
"""

from collections.abc import Mapping
from datetime import datetime
from html import escape

from chalicelib.api.answers import Answer
from chalicelib.api.bodies.referrals.invitations import OfferedPlan
from chalicelib.api.pages import offers
from chalicelib.api.pages.log_ins import SETTINGS
from chalicelib.api.pages.offers import Size
from chalicelib.api.pages.site import Fault, Site, marks
from chalicelib.api.pages.texts import Texts
from chalicelib.documents.invoices import words as invoice_words
from chalicelib.domain.accounts.accounts import Account, expires_at, renews_at
from chalicelib.domain.accounts.actions import Action, Caller, allowed_actions
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.programs import AddOn, NamesOffer, PlanOffer
from chalicelib.domain.catalog.quotes import Line, Quote
from chalicelib.domain.clients import rights
from chalicelib.domain.clients.rights import Right
from chalicelib.services.clients.self_service import Offers

PLAN, ADD_ONS, CANCEL, RENEW = "plan", "add-ons", "cancel", "renew"
"""The pages, and what their forms do."""


def action_of(site: Site, page: str) -> str:
    """What the forms of a page do, as their token says."""
    return f"{page}:{site.name}"


def links(site: Site, account: Account, *, now: datetime) -> str:
    """The ways from the settings to what the client can decide now; nothing if its partner decides."""
    if Right.SUBSCRIPTION not in rights.rights(account):
        return ""
    allowed = allowed_actions(account, now=now, by=Caller.CLIENT)
    shown = {
        PLAN: ("change_plan", Action.CHANGE_PLAN),
        RENEW: ("take_back" if not account.has_ended else "renew", Action.RENEW),
        CANCEL: ("cancel", Action.CANCEL),
    }
    return "".join(site.button_link(to, text, quiet=True) for to, (text, of) in shown.items() if of in allowed)


def plan_page(site: Site, account: Account, found: Offers, *, fault: Fault | None = None) -> Answer:
    """The plan the account has, its add-ons, and the plans it can have instead, each with the choice of a size."""
    texts, currency = site.texts, found.program.currency
    rows = _row(site, "plan", offers.title_of(account.plan))
    if account.price:
        rows += _row(site, "price", texts.written(account.price))
    if account.plan.contacts is not None:
        rows += _row(site, "contacts", texts.written(account.plan.contacts))
    add_ons = "".join(_add_on(site, account, add_on, currency) for add_on in found.add_ons)
    plans = "".join(_offer(site, account, offer, currency) for offer in found.plans)
    content = (
        site.account_line
        + site.said(fault)
        + f"<dl>{rows}</dl>{_waiting(site, account)}"
        + (f'<h2>{texts.html("add_ons")}</h2><div class="offers">{add_ons}</div>' if add_ons else "")
        + f"<h2>{texts.html('plans')}</h2>{site.paragraph('change_terms')}"
        + f'<div class="offers">{plans}</div>'
        + site.link(SETTINGS, "to_settings")
    )
    return site.page("plan_and_add_ons", content, status=fault.status if fault else 200)


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
    texts = site.texts
    at_renewal = quote.effective == "renewal"
    day = renews_at(account)
    rows = _row(site, "change", what) if what else ""
    if quote.price is not None:
        rows += _row(site, "price", texts.written(quote.price.price_per_cycle))
    if at_renewal and day is not None:
        rows += _row(site, "takes_effect", texts.written(local_date(day, account.time_zone)))
    rows += _row(site, "due_today", texts.written(quote.due_today))
    lines = "".join(_line(site, line) for line in quote.lines)
    charged = bool(quote.due_today.amount)
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in {**fields, "expected": str(quote.due_today.amount)}.items()
    )
    content = (
        site.account_line
        + site.said(fault)
        + f"<dl>{rows}</dl>"
        + (
            f"<details><summary>{texts.html('lines_of_price')}</summary><table>{lines}</table></details>"
            if lines
            else ""
        )
        + site.paragraph("charged_now" if charged else "nothing_now")
        + site.form(action_of(site, page), hidden, "confirm_and_pay" if charged else "confirm_change", to=page)
        + site.link(SETTINGS if page == RENEW else PLAN, "back")
    )
    return site.page("check_change", content, status=fault.status if fault else 200)


def cancel_page(
    site: Site, account: Account, after: Account, *, fault: Fault | None = None, reason: str = ""
) -> Answer:
    """What a cancellation would do and on which day, and the form for it. ``after`` is the account as it would be,
    ``reason`` what was entered before."""
    texts = site.texts
    end = expires_at(after)
    if after.has_ended or end is None:
        told = texts.html("cancel_at_once")
    else:
        told = texts.html("cancel_on", day=texts.written(local_date(end, account.time_zone)))
    why = (
        f'<label>{texts.html("cancel_reason")}<input name="reason" value="{escape(reason)}" maxlength="500" '
        f'autocomplete="off"{marks("reason", fault)}></label>'
    )
    keep = (
        f'<label><input type="checkbox" class="tick" name="retain_data" value="yes" checked> '
        f"{texts.html('retain_data')}</label>"
    )
    content = (
        site.account_line
        + site.said(fault)
        + f"<p>{told}</p>{site.paragraph('no_refund')}"
        + site.form(action_of(site, CANCEL), why + keep, "cancel_now", to=CANCEL, quiet=True)
        + site.link(SETTINGS, "keep_account")
    )
    return site.page("cancel_account", content, status=fault.status if fault else 200)


def sized(texts: Texts, plan: NamesOffer, contacts: int | None) -> str:
    """`Marketing Plus, up to 1,000 contacts`."""
    title = offers.title_of(plan)
    return title if contacts is None else texts.plain("plan_of_size", plan=title, contacts=texts.written(contacts))


def _line(site: Site, line: Line) -> str:
    title = invoice_words.line_title(line.description, language=site.texts.code)
    return f"<tr><td><bdi>{escape(title)}</bdi></td><td>{escape(site.texts.written(line.amount))}</td></tr>"


def _row(site: Site, label: str, value: str) -> str:
    return f"<dt>{site.texts.html(label)}</dt><dd><bdi>{escape(value)}</bdi></dd>"


def _waiting(site: Site, account: Account) -> str:
    """The change that waits for the renewal, if one does."""
    day = renews_at(account)
    if account.pending_change is None or day is None:
        return ""
    plan = account.pending_change.plan
    values = {
        "plan": sized(site.texts, plan, plan.contacts),
        "day": site.texts.written(local_date(day, account.time_zone)),
    }
    return f'<p role="status">{site.texts.html("change_waits", **values)}</p>'


def _offer(site: Site, account: Account, offer: PlanOffer, currency: str) -> str:
    plan, has = OfferedPlan.of(offer), account.priced_plan
    same = (has.pricing_version, has.product, has.tier) == (plan.pricing_version, plan.product, plan.tier)
    chosen = None
    if same and has.contacts is not None and has.billing_frequency is not None:
        chosen = Size(has.contacts, has.billing_frequency, None)
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(getattr(plan, name))}">'
        for name in ("pricing_version", "product", "tier")
    )
    field = offers.size_field(site, plan, currency, chosen)
    form = site.form(action_of(site, PLAN), hidden + field, "see_price", to=PLAN)
    return f'<section class="offer"><h3>{escape(offers.title_of(offer))}</h3>{form}</section>'


def _add_on(site: Site, account: Account, add_on: AddOn, currency: str) -> str:
    """An add-on: its price, whether the account has it, and the button that puts it on or takes it off."""
    texts = site.texts
    price = add_on.prices.price(account.frequency)
    told = texts.html("add_on_included") if account.plan.tier in add_on.included_in else ""
    if not told and price is not None:
        told = escape(offers.price_per_cycle(texts, price, currency, account.frequency))
    has = add_on.name in account.plan.add_ons
    then = account.pending_change.plan.add_ons if account.pending_change else account.plan.add_ons
    is_on = has and add_on.name in then
    state = "add_on_on" if is_on else "add_on_ends" if has else "add_on_off"
    hidden = f'<input type="hidden" name="add_on" value="{escape(add_on.name)}">' + (
        f'<input type="hidden" name="on" value="{"" if is_on else "yes"}">'
    )
    form = site.form(
        action_of(site, ADD_ONS),
        hidden,
        "take_off" if is_on else "put_on",
        to=ADD_ONS,
        quiet=True,
        values={"what": add_on.title},
    )
    return (
        f'<section class="offer"><h3><bdi>{escape(add_on.title)}</bdi></h3>'
        f"<p>{told}<br>{texts.html(state)}</p>{form}</section>"
    )
