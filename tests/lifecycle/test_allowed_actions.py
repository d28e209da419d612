"""`allowed_actions` is true: what is in it succeeds, what is not is refused (docs/rules.md §3)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.accounts.actions import Action, TransitionRefused, allowed_actions
from chalicelib.services.accounts import accounts, plan_changes, revivals
from chalicelib.services.accounts.plan_changes import PlanChangeRequest
from chalicelib.services.accounts.revivals import RevivalRequest
from chalicelib.services.billing import payment_retries
from chalicelib.services.partners import billing_profiles
from tests.books import Books
from tests.faults import Stored
from tests.world import ACTOR, PLUS, SANDBOX, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

STARTER = replace(PLUS, tier="starter")
Act = Callable[[World, Account, dict[str, Any]], Account]


def change_plan(world: World, account: Account, who: dict[str, Any]) -> Account:
    """To a plan that costs more: one that costs less would wait for a renewal."""
    starts = account.has_ended or account.anchor is None
    wanted = PlanChangeRequest(replace(PLUS, contacts=2500), billing_profile_id=world.card() if starts else None)
    return plan_changes.change_plan(request=wanted, **who)


ACTIONS: dict[Action, Act] = {
    Action.CHANGE_PLAN: change_plan,
    Action.WITHDRAW_CHANGE: lambda _, __, who: plan_changes.withdraw(**who),
    Action.CANCEL: lambda _, __, who: accounts.cancel_account(
        reason=None, retain_data=True, effective_date=None, **who
    ),
    Action.RENEW: lambda world, _, who: revivals.renew(request=RevivalRequest(billing_profile_id=world.card()), **who),
    Action.DISABLE: lambda _, __, who: accounts.disable_account(message=None, **who),
    Action.ENABLE: lambda _, __, who: accounts.enable_account(**who),
    Action.RETRY_PAYMENT: lambda _, __, who: payment_retries.retry_payment(**who),
}
"""How each is done. Logging in is a link, see the tests of links; it moves no account."""


def everybody() -> tuple[World, dict[str, str]]:
    """A partner with an account in every situation."""
    world = World()
    ids: dict[str, str] = {}

    def make(name: str, *, canceled: bool = False, **overrides: Any) -> None:
        ids[name] = world.create(**overrides).id
        if canceled:
            world.cancel(ids[name])

    def unpaid(name: str) -> None:
        make(name, billing_profile_id=world.card("pm_card_declinedOnRenewal"))

    make("archived a year ago", canceled=True)
    unpaid("archived a year ago, unpaid")
    make("trial, archived a year ago", plan=TRIAL)
    world.advance(days=36 + 30 + 340)
    make("archived", canceled=True)
    unpaid("archived, unpaid")
    make("trial, archived", plan=TRIAL)
    world.advance(days=36)
    make("expired", canceled=True)
    unpaid("expired, unpaid")
    make("trial, expired", plan=TRIAL)
    make("sandbox, expired", plan=SANDBOX, canceled=True)
    world.advance(days=5)
    unpaid("past due")
    unpaid("past due, disabled")
    unpaid("past due, canceled for later")
    world.advance(days=32)
    card = {world.account(ids[name]).billing_profile_id for name in ids if name.startswith("past due")}
    for profile_id in card:  # so that a payment asked for again goes through
        profile = billing_profiles.get_profile(partner_id=world.partner_id, profile_id=profile_id or "")
        billing_profiles.update_profile(
            profile=profile, changes={"payment_method": "pm_card_visa"}, now=world.now, actor=ACTOR
        )
    world.cancel(ids["past due, canceled for later"], effective_date=world.now.date().replace(day=28))
    for kind, plan in (("paid", PLUS), ("trial", TRIAL), ("sandbox", SANDBOX)):
        make(f"{kind}, active", plan=plan)
        make(f"{kind}, disabled", plan=plan)
        make(f"{kind}, canceled", plan=plan, canceled=True)
        make(f"{kind}, canceled for later", plan=plan)
        world.cancel(ids[f"{kind}, canceled for later"], effective_date=world.now.date().replace(day=28))
    make("pending change")
    make("pending change, canceled")
    for name in ("pending change", "pending change, canceled"):
        plan_changes.change_plan(request=PlanChangeRequest(STARTER), **who(world, ids[name]))
    world.cancel(ids["pending change, canceled"])
    for name in [name for name in ids if "disabled" in name]:
        accounts.disable_account(message="Call us", **who(world, ids[name]))
    return world, ids


def who(world: World, account_id: str) -> dict[str, Any]:
    return {"partner_id": world.partner_id, "account_id": account_id, "now": world.now, "actor": ACTOR}


def test_what_is_allowed_succeeds_and_everything_else_is_refused() -> None:
    world, ids = everybody()
    stored = Stored.now()
    seen = {world.account(account_id).status for account_id in ids.values()}
    assert seen == {status for status in Status if status is not Status.PENDING}

    for name, account_id in ids.items():
        account = world.account(account_id)
        allowed = allowed_actions(account, now=world.now)
        for action, act in ACTIONS.items():
            if action in allowed:
                assert act(world, account, who(world, account_id)) != account, (name, action)
                Books(world).check()
                stored.restore()
                continue
            with pytest.raises(TransitionRefused) as refused:
                act(world, account, who(world, account_id))
            assert refused.value.extra["action"] == action
            assert refused.value.extra["allowed_actions"] == list(allowed)
            assert world.account(account_id) == account
