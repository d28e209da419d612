"""An account's plan: changing it and its add-ons with the price first, what waits for the renewal, SMS registration."""

from dataclasses import replace
from typing import Any

from chalicelib.api.bodies.accounts.plan_changes import ChangePlan, PutOnAddOn
from chalicelib.api.parsing import Faults
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import Action, allowed_actions
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.refusals import NotFound, Refusal
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.accounts import plan_builder
from chalicelib.portal.pages.accounts.frame import framed, tier_name
from chalicelib.portal.pages.accounts.plan_builder import Builder
from chalicelib.portal.pages.billing import cards_on_file
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts, add_ons, plan_changes
from chalicelib.services.accounts.add_ons import AddOnRequest
from chalicelib.services.wallet import account_credits

pages = Pages()


@pages.get("accounts/{account_id}/plan", scope="read")
def show_plan(visit: Visit, account_id: str) -> View:
    """The plan it has, and the choices of another one with what the change costs and when it happens."""
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    program = load_program(visit.partner_seen.program)
    may_change = Action.CHANGE_PLAN in allowed_actions(account, now=visit.now)
    waiting = account.pending_change
    builder = plan_builder.build(visit, program, before=(waiting.plan if waiting else account.plan), paid_only=True)
    quote, wrong = _preview(visit, account, builder) if may_change and "plan.tier" in visit.given else (None, "")
    starts = not account.counts_as_active_paid
    values = framed(
        visit,
        account,
        may_change=may_change,
        builder=builder,
        quote=quote,
        wrong=wrong,
        starts=starts,
        first=account.anchor is None,
        cards=cards_on_file.options_of(cards_on_file.cards_of(visit)) if starts else [],
        chosen_card=account.billing_profile_id or "",
        pending_tier=tier_name(visit.texts, waiting.plan.tier) if waiting else "",
        switches=_switches(account, program),
        sms=account.single_bill and "sms" in account.plan.add_ons,
        sms_registered=account.sms_registered,
    )
    return View("accounts/plan.html", values)


@pages.post("accounts/{account_id}/plan", scope="write", again=show_plan)
def change_plan(visit: Visit, account_id: str) -> View | Redirect:
    """Change the plan, if its price has been shown and is still the same; until then show it."""
    builder = plan_builder.build(visit, load_program(visit.partner_seen.program), before=None, paid_only=True)
    if visit.entered("step") != "confirm" or visit.entered("shown") != builder.shown:
        return show_plan(visit, account_id)
    body = visit.form(ChangePlan, plan=builder.document)
    plan_changes.change_plan(
        partner_id=visit.partner_id, account_id=account_id, request=body.wanted(), now=visit.now, actor=visit.actor
    )
    return Redirect(f"accounts/{account_id}", done="plan_changed")


@pages.post("accounts/{account_id}/pending-change/withdraw", scope="write")
def withdraw(visit: Visit, account_id: str) -> Redirect:
    """Take back what waits for the renewal."""
    plan_changes.withdraw(partner_id=visit.partner_id, account_id=account_id, now=visit.now, actor=visit.actor)
    return Redirect(f"accounts/{account_id}", done="change_withdrawn")


@pages.get("accounts/{account_id}/add-ons/{add_on}", scope="read")
def show_add_on(visit: Visit, account_id: str, add_on: str) -> View:
    """What putting the add-on on costs now, or when it is taken off."""
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    program = load_program(visit.partner_seen.program)
    switch = next((each for each in _switches(account, program) if each["name"] == add_on), None)
    if switch is None:
        raise NotFound.of("add-on", add_on)
    quote, wrong = _add_on_preview(visit, account, AddOnRequest(add_on, on=not switch["on"]))
    return View("accounts/add_on.html", framed(visit, account, switch=switch, quote=quote, wrong=wrong))


@pages.post("accounts/{account_id}/add-ons/{add_on}", scope="write", again=show_add_on)
def change_add_on(visit: Visit, account_id: str, add_on: str) -> Redirect:
    """Put it on or take it off, as the page said."""
    body = visit.form(PutOnAddOn)
    on = visit.entered("on") == "true"
    expected = body.expect_due_today if on else None
    request = AddOnRequest(add_on, on=on, expect_due_today=expected)
    add_ons.change(
        partner_id=visit.partner_id, account_id=account_id, request=request, now=visit.now, actor=visit.actor
    )
    return Redirect(f"accounts/{account_id}", done="add_on_changed")


@pages.post("accounts/{account_id}/sms-registration", scope="write")
def register_sms(visit: Visit, account_id: str) -> Redirect:
    """Note that its own SMS registration is complete."""
    account_credits.register_sms(partner_id=visit.partner_id, account_id=account_id, now=visit.now, actor=visit.actor)
    return Redirect(f"accounts/{account_id}", done="sms_registered")


def _switches(account: Account, program: Program) -> list[dict[str, Any]]:
    """The add-ons of its plan; one that goes off at the renewal counts as off."""
    try:
        offered = program.offer_for(account.plan).add_ons
    except LookupError:
        return []  # after a move, the plan is another program's
    then = account.pending_change.plan.add_ons if account.pending_change else account.plan.add_ons
    return [
        {
            "name": name,
            "title": program.add_on(name).title,
            "on": name in account.plan.add_ons and name in then,
            "until_renewal": name in account.plan.add_ons and name not in then,
        }
        for name in offered
    ]


def _preview(visit: Visit, account: Account, builder: Builder) -> tuple[Quote | None, str]:
    try:
        wanted = visit.form(ChangePlan, plan=builder.document).wanted()
        request = replace(wanted, effective=None, expect_due_today=None)  # of what was shown before
        quote = plan_changes.preview(partner_id=visit.partner_id, account_id=account.id, request=request, now=visit.now)
    except (Faults, Refusal) as refusal:
        return None, visit.why_not(refusal)
    return quote, ""


def _add_on_preview(visit: Visit, account: Account, request: AddOnRequest) -> tuple[Quote | None, str]:
    try:
        return add_ons.preview(partner_id=visit.partner_id, account_id=account.id, request=request, now=visit.now), ""
    except Refusal as refusal:
        return None, visit.why_not(refusal)
