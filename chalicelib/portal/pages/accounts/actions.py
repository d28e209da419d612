"""What ends an account, brings it back or switches it off: each says first what will happen, and on which day."""

from datetime import date

from chalicelib.api.bodies.accounts.requests import CancelAccount, DisableAccount, RenewAccount
from chalicelib.domain.accounts.accounts import Account, expires_at
from chalicelib.domain.accounts.actions import Action, refuse_unless
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.refusals import Refusal
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.accounts.account import show_account
from chalicelib.portal.pages.accounts.frame import framed
from chalicelib.portal.pages.billing import cards_on_file
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts, revivals
from chalicelib.services.accounts.revivals import RevivalRequest
from chalicelib.services.billing import payment_retries

pages = Pages()


@pages.get("accounts/{account_id}/cancel", scope="read")
def show_cancel(visit: Visit, account_id: str) -> View:
    """What a cancellation will do and when, for the date that is chosen."""
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    chosen = visit.entered("effective_date") or visit.asked("effective_date")
    after, wrong = _canceled(visit, account, chosen)
    reasons = [(reason, _reason(visit, reason)) for reason in load_program(visit.partner_seen.program).cancel_reasons]
    values = framed(
        visit,
        account,
        effective_date=chosen,
        after=after,
        ends=expires_at(after) if after else None,
        wrong=wrong,
        reasons=[("", visit.texts.plain("accounts.actions.no_reason")), *reasons],
    )
    return View("accounts/cancel.html", values)


@pages.post("accounts/{account_id}/cancel", scope="write", again=show_cancel)
def cancel(visit: Visit, account_id: str) -> View | Redirect:
    """Cancel it; with another date than the one whose consequences were shown, these are shown first."""
    if visit.entered("step") == "update" or visit.entered("effective_date") != visit.entered("shown"):
        return show_cancel(visit, account_id)
    body = visit.form(CancelAccount)
    accounts.cancel_account(
        partner_id=visit.partner_id,
        account_id=account_id,
        reason=body.reason,
        retain_data=body.retain_data,
        effective_date=body.effective_date,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"accounts/{account_id}", done="canceled")


@pages.get("accounts/{account_id}/renew", scope="read")
def show_renew(visit: Visit, account_id: str) -> View:
    """What renewing costs, with the card that is chosen."""
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    chosen = visit.entered("billing_profile_id") or visit.asked("billing_profile_id")
    quote, wrong = _revival(visit, account, chosen)
    cards = []
    if account.has_ended:
        same = ("", visit.texts.plain("accounts.actions.same_card"))
        cards = [same, *cards_on_file.options_of(cards_on_file.cards_of(visit))]
    values = framed(
        visit,
        account,
        quote=quote,
        wrong=wrong,
        free=not account.has_ended,
        cards=cards,
        chosen=chosen,
    )
    return View("accounts/renew.html", values)


@pages.post("accounts/{account_id}/renew", scope="write", again=show_renew)
def renew(visit: Visit, account_id: str) -> View | Redirect:
    """Renew it, if the price is still the one that was shown."""
    if visit.entered("step") == "update":
        return show_renew(visit, account_id)
    body = visit.form(RenewAccount)
    request = RevivalRequest(
        billing_profile_id=body.billing_profile_id,
        expect_due_today=body.expect_due_today,
        request_id=fingerprint(visit.derived_id("req"), body.model_dump()) if visit.idempotency_key else None,
    )
    revivals.renew(
        partner_id=visit.partner_id, account_id=account_id, request=request, now=visit.now, actor=visit.actor
    )
    return Redirect(f"accounts/{account_id}", done="renewed")


@pages.get("accounts/{account_id}/disable", scope="read")
def show_disable(visit: Visit, account_id: str) -> View:
    """What disabling means, and what the client will read."""
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    refuse_unless(account, Action.DISABLE, now=visit.now)
    return View("accounts/disable.html", framed(visit, account))


@pages.post("accounts/{account_id}/disable", scope="write", again=show_disable)
def disable(visit: Visit, account_id: str) -> Redirect:
    """Keep its client out."""
    body = visit.form(DisableAccount)
    accounts.disable_account(
        partner_id=visit.partner_id, account_id=account_id, message=body.message, now=visit.now, actor=visit.actor
    )
    return Redirect(f"accounts/{account_id}", done="disabled")


@pages.post("accounts/{account_id}/enable", scope="write", again=show_account)
def enable(visit: Visit, account_id: str) -> Redirect:
    """Let its client in again."""
    accounts.enable_account(partner_id=visit.partner_id, account_id=account_id, now=visit.now, actor=visit.actor)
    return Redirect(f"accounts/{account_id}", done="enabled")


@pages.post("accounts/{account_id}/retry-payment", scope="billing", again=show_account)
def retry_payment(visit: Visit, account_id: str) -> Redirect:
    """Charge the open invoice now."""
    payment_retries.retry_payment(partner_id=visit.partner_id, account_id=account_id, now=visit.now, actor=visit.actor)
    return Redirect(f"accounts/{account_id}", done="paid")


def _canceled(visit: Visit, account: Account, chosen: str) -> tuple[Account | None, str]:
    """The account as the cancellation will leave it, or why that is not possible."""
    try:
        day = date.fromisoformat(chosen) if chosen else None
    except ValueError:
        return None, visit.texts.plain("accounts.actions.no_date")
    try:
        after = accounts.preview_cancellation(
            partner_id=visit.partner_id, account_id=account.id, effective_date=day, now=visit.now
        )
    except Refusal as refusal:
        return None, visit.why_not(refusal)
    return after, ""


def _revival(visit: Visit, account: Account, profile_id: str) -> tuple[Quote | None, str]:
    wanted = RevivalRequest(billing_profile_id=profile_id or None)
    try:
        quote = revivals.preview(partner_id=visit.partner_id, account_id=account.id, request=wanted, now=visit.now)
    except Refusal as refusal:
        return None, visit.why_not(refusal)
    return quote, ""


def _reason(visit: Visit, reason: str) -> str:
    return visit.texts.named(f"accounts.actions.reason.{reason}", reason)
