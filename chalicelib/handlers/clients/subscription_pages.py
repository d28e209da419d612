"""Plan, add-ons, cancellation and renewal on the pages of an account, for a client who decides about them itself."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Blueprint

from chalicelib.api import parsing
from chalicelib.api.answers import HTML, Answer
from chalicelib.api.bodies.accounts.plan_changes import PutOnAddOn
from chalicelib.api.bodies.accounts.requests import CancelAccount
from chalicelib.api.bodies.clients.self_service import ChangeOwnPlan, RenewOwnAccount
from chalicelib.api.call import Call
from chalicelib.api.pages import forms, offers, subscription
from chalicelib.api.pages.clients import minutes_of
from chalicelib.api.pages.forms import NotOurForm
from chalicelib.api.pages.site import FORM_OVER, Fault
from chalicelib.api.pages.subscription import ADD_ONS, CANCEL, PLAN, RENEW
from chalicelib.api.parsing import Faults
from chalicelib.api.problems import status_of
from chalicelib.api.routes import Routes
from chalicelib.api.translations import translations_in
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import ChargeInProgress
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.clients.rate_limits import TooManyTries
from chalicelib.domain.clients.rights import NotYoursToChange
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.handlers.clients import own_pages
from chalicelib.services.accounts.add_ons import AddOnRequest
from chalicelib.services.accounts.plan_changes import PlanChangeRequest
from chalicelib.services.accounts.priced_changes import NoCard
from chalicelib.services.accounts.quotes import QuoteChanged
from chalicelib.services.accounts.revivals import RevivalRequest
from chalicelib.services.charging.results import CardDeclined, ChargeOutcomeUnknown
from chalicelib.services.clients import self_service
from chalicelib.services.clients.sessions import SessionOver

routes = Routes(Blueprint(__name__), tag="pages for clients")

Fields = Mapping[str, str]


@routes.get(
    "/public/accounts/{name}/plan",
    returns=None,
    media=(HTML,),
    scope=None,
    summary="The page for plan and add-ons of an account",
    refusals=(401, 403),
)
def open_plan_page(call: Call, name: str) -> Answer:
    """The plan, its add-ons and what else there is, for a client who decides about it and has logged in."""
    return _opened(call, name, _plan_page)


@routes.post(
    "/public/accounts/{name}/plan",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send a form that changes the plan",
    refusals=(401, 402, 403, 409, 422, 429, 503),
)
def send_plan_form(call: Call, name: str) -> Answer:
    """Shows what the change costs; with the amount that was shown, as `expected`, it makes the change, like
    `PUT /client/plan`."""
    return _sent(call, name, PLAN, _change_plan, again=_plan_page)


@routes.post(
    "/public/accounts/{name}/add-ons",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send a form that puts an add-on on or takes it off",
    refusals=(401, 402, 403, 409, 422, 429, 503),
)
def send_add_on_form(call: Call, name: str) -> Answer:
    """Shows what it costs; with the amount that was shown it makes the change, like `/client/add-ons/{add_on}`."""
    return _sent(call, name, ADD_ONS, _change_add_on, again=_plan_page)


@routes.get(
    "/public/accounts/{name}/renew",
    returns=None,
    media=(HTML,),
    scope=None,
    summary="The page that renews an account",
    refusals=(401, 403, 409),
)
def open_renewal_page(call: Call, name: str) -> Answer:
    """What a renewal costs, for a client who decides about it and has logged in."""

    def shown(call: Call, account: Account) -> Answer:
        quote = self_service.preview_renewal(account, request=RevivalRequest(), now=call.now)
        return _quote_page(call, account, quote, page=RENEW, what="", fields={"request": secrets.token_urlsafe(16)})

    return _opened(call, name, shown)


@routes.post(
    "/public/accounts/{name}/renew",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form that renews an account",
    refusals=(401, 402, 403, 409, 422, 429, 503),
)
def send_renewal_form(call: Call, name: str) -> Answer:
    """Renews the account, like `POST /client/renew`. A form that is sent twice renews it once."""
    return _sent(call, name, RENEW, _renew, again=own_pages.settings_page)


@routes.get(
    "/public/accounts/{name}/cancel",
    returns=None,
    media=(HTML,),
    scope=None,
    summary="The page that cancels an account",
    refusals=(401, 403, 409),
)
def open_cancel_page(call: Call, name: str) -> Answer:
    """What a cancellation does and on which day, for a client who decides about it and has logged in."""
    return _opened(call, name, _cancel_page)


@routes.post(
    "/public/accounts/{name}/cancel",
    returns=None,
    media=(HTML,),
    raw_body=True,
    scope=None,
    summary="Send the form that cancels an account",
    refusals=(401, 403, 409, 422),
)
def send_cancel_form(call: Call, name: str) -> Answer:
    """Ends the account, like `POST /client/cancel`."""
    return _sent(call, name, CANCEL, _cancel, again=own_pages.settings_page)


def _change_plan(call: Call, account: Account, fields: Fields) -> Answer:
    size = offers.size_of(fields.get("size", ""))
    plan: dict[str, Any] = {name: fields.get(name, "") for name in ("pricing_version", "product", "tier")}
    if size is not None:
        plan |= {"contacts": size.contacts, "billing_frequency": size.frequency}
    body = parsing.from_body(ChangeOwnPlan, {"plan": plan} | _expected(fields))
    wanted = self_service.other_plan(account, body.plan.request())
    request = PlanChangeRequest(wanted, expect_due_today=body.expect_due_today)
    kept = {name: value for name, value in plan.items() if name in fields} | {"size": fields.get("size", "")}
    return _quoted(
        call,
        account,
        PLAN,
        kept,
        body.expect_due_today,
        what=subscription.sized(own_pages.own_site(call, account).texts, wanted, wanted.contacts),
        preview=lambda: self_service.preview_plan(account, request=PlanChangeRequest(wanted), now=call.now),
        change=lambda: self_service.change_plan(account, request=request, now=call.now),
    )


def _change_add_on(call: Call, account: Account, fields: Fields) -> Answer:
    body = parsing.from_body(PutOnAddOn, _expected(fields))
    name, on = fields.get("add_on", ""), bool(fields.get("on"))
    request = AddOnRequest(name, on=on, expect_due_today=body.expect_due_today if on else None)
    return _quoted(
        call,
        account,
        ADD_ONS,
        {"add_on": name, "on": "yes" if on else ""},
        body.expect_due_today,
        what=next((each.title for each in self_service.get_offers(account).add_ons if each.name == name), ""),
        preview=lambda: self_service.preview_add_on(account, request=AddOnRequest(name, on=on), now=call.now),
        change=lambda: self_service.change_add_on(account, request=request, now=call.now),
    )


def _renew(call: Call, account: Account, fields: Fields) -> Answer:
    body = parsing.from_body(RenewOwnAccount, _expected(fields))
    mark = fields.get("request", "")
    request = RevivalRequest(
        expect_due_today=body.expect_due_today,
        request_id=fingerprint(account.id, {"renewal form": mark}) if mark else None,
    )
    return _quoted(
        call,
        account,
        RENEW,
        {"request": mark},
        body.expect_due_today,
        preview=lambda: self_service.preview_renewal(account, request=RevivalRequest(), now=call.now),
        change=lambda: self_service.renew(account, request=request, now=call.now),
    )


def _cancel(call: Call, account: Account, fields: Fields) -> Answer:
    given = {"reason": fields["reason"]} if fields.get("reason", "").strip() else {}
    try:
        body = parsing.from_body(CancelAccount, given | {"retain_data": fields.get("retain_data") == "yes"})
    except Faults as faults:
        return _cancel_page(call, account, refused=faults, reason=fields["reason"])
    after = self_service.cancel(
        account, reason=body.reason, retain_data=body.retain_data, effective_date=None, now=call.now
    )
    return own_pages.settings_page(call, after, done="canceled_until")


def _quoted(
    call: Call,
    account: Account,
    page: str,
    fields: Fields,
    expected: int | None,
    *,
    what: str = "",
    preview: Callable[[], Quote],
    change: Callable[[], Account],
) -> Answer:
    """The quote, as long as nobody has seen it; then the change, or the quote again if another amount is due by now."""
    if expected is None:
        return _quote_page(call, account, preview(), what=what, page=page, fields=fields)
    try:
        after = change()
    except QuoteChanged as refusal:
        if refusal.quote.changes_nothing:  # the form was sent before
            return own_pages.settings_page(call, account, done="plan_changed")
        fault = Fault("price_changed", status_of(refusal))
        return _quote_page(call, account, refusal.quote, what=what, page=page, fields=fields, fault=fault)
    if page == RENEW:
        return own_pages.settings_page(call, after, done="renewed")
    return own_pages.settings_page(call, after, done="plan_will_change" if after.pending_change else "plan_changed")


def _expected(fields: Fields) -> dict[str, int]:
    """The amount that the form's reader has seen, if there is one."""
    shown = fields.get("expected", "")
    return {"expect_due_today": int(shown)} if shown.isascii() and shown.isdecimal() and len(shown) < 16 else {}


def _plan_page(call: Call, account: Account, *, fault: Fault | None = None) -> Answer:
    return subscription.plan_page(
        own_pages.own_site(call, account), account, self_service.get_offers(account), fault=fault
    )


def _cancel_page(call: Call, account: Account, *, refused: Faults | None = None, reason: str = "") -> Answer:
    after = self_service.preview_cancel(account, retain_data=True, now=call.now)
    site = own_pages.own_site(call, account)
    fault = None
    if refused is not None:
        why = translations_in(site.texts.code).said(refused.errors[0].message, written={})
        fault = Fault("fault_reason", 422, {"why": why}, field="reason")
    return subscription.cancel_page(site, account, after, fault=fault, reason=reason)


def _quote_page(
    call: Call, account: Account, quote: Quote, *, what: str, page: str, fields: Fields, fault: Fault | None = None
) -> Answer:
    site = own_pages.own_site(call, account)
    return subscription.quote_page(site, account, quote, what=what, page=page, fields=fields, fault=fault)


def _opened(call: Call, name: str, shown: Callable[[Call, Account], Answer]) -> Answer:
    """A page for whoever has logged in; the settings, with the reason, if there is no such page for the account now."""
    site = own_pages.site_named(call, name)
    try:
        account = own_pages.session_of(call, site).account
    except SessionOver:
        return own_pages.log_in_again(site)
    try:
        return shown(call, account)
    except Refusal as refusal:
        return own_pages.settings_page(call, account, fault=_fault(refusal))


def _sent(
    call: Call,
    name: str,
    page: str,
    do: Callable[[Call, Account, Fields], Answer],
    *,
    again: Callable[..., Answer],
) -> Answer:
    """What a form does; if it is refused, the page ``again`` with the reason."""
    site = own_pages.site_named(call, name)
    try:
        account = own_pages.session_of(call, site).account
        fields = forms.fields_of(call, action=site.action(page))
        return do(call, account, fields)
    except SessionOver:
        return own_pages.log_in_again(site)
    except NotYoursToChange as refusal:
        return own_pages.settings_page(call, account, fault=_fault(refusal))
    except NotOurForm:
        return _refused(call, account, FORM_OVER, again)
    except Faults:
        return _refused(call, account, Fault("fault_plan", 422), again)
    except Refusal as refusal:
        return _refused(call, own_pages.session_of(call, site).account, _fault(refusal), again)


def _refused(call: Call, account: Account, fault: Fault, again: Callable[..., Answer]) -> Answer:
    try:
        return again(call, account, fault=fault)
    except NotYoursToChange as refusal:
        return own_pages.settings_page(call, account, fault=_fault(refusal))


def _fault(refusal: Refusal) -> Fault:
    """What is said of a refusal."""
    status = status_of(refusal)
    match refusal:
        case Invalid() | NotFound():
            return Fault("fault_plan", 422)
        case TooManyTries():
            return Fault("too_many_cards", status, {"minutes": str(minutes_of(refusal.retry_after or 60))})
        case CardDeclined():
            return Fault("change_declined", status)
        case ChargeOutcomeUnknown():
            return Fault("payment_unknown", status)
        case NoCard():
            return Fault("card_first", status)
        case ChargeInProgress():
            return Fault("management_busy", status)
        case NotYoursToChange():
            return Fault("partner_decides", status)
    return Fault("try_again" if refusal.kind.is_transient else "not_now", status)
