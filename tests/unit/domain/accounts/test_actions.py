"""Which action which account allows, every pair of them, and what the refusals say (docs/rules.md §3)."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from chalicelib.domain.accounts import actions
from chalicelib.domain.accounts.accounts import (
    Account,
    Cancellation,
    ExpiryReason,
    PendingChange,
    Provisioning,
    ProvisioningStatus,
    Status,
)
from chalicelib.domain.accounts.actions import Action, ChargeInProgress, RenewalDue, TransitionRefused
from chalicelib.domain.refusals import RefusalKind
from tests.builders import NOW, make_account, make_charge, make_past_due, make_plan, make_sandbox, make_trial

LATER = Cancellation(None, retain_data=True, effective_on=date(2026, 2, 10))
DUE = Cancellation(None, retain_data=True, effective_on=date(2026, 1, 31))
OVER = datetime(2026, 2, 28, tzinfo=UTC)
"""The renewal instant of the accounts here."""
PREPARING = Provisioning(ProvisioningStatus.PENDING, give_up_at=NOW, ask_at=NOW)
FAILED = Provisioning(ProvisioningStatus.FAILED, give_up_at=NOW)
STARTER = PendingChange(make_plan(tier="starter"), NOW)


def ended(account: Account, reason: ExpiryReason, *, archived_at: datetime | None = None) -> Account:
    status = Status.EXPIRED if archived_at is None else Status.ARCHIVED
    return replace(account, status=status, expired_at=NOW, expiry_reason=reason, archived_at=archived_at)


ARCHIVED_AT = datetime(2026, 3, 2, tzinfo=UTC)
YEAR_LATER = datetime(2027, 3, 2, tzinfo=UTC)
JUST_BEFORE = datetime(2027, 3, 1, 23, 59, 59, tzinfo=UTC)
NEVER_PAID, CANCELED, TRIAL = ExpiryReason.NON_PAYMENT, ExpiryReason.CANCELED, ExpiryReason.TRIAL

# Every situation an account can be in, and all that it allows there.
TABLE = [
    pytest.param(make_account(), NOW, "change_plan cancel disable login", id="active"),
    pytest.param(make_trial(), NOW, "change_plan cancel disable login", id="trial"),
    pytest.param(make_sandbox(), NOW, "cancel disable login", id="sandbox"),
    pytest.param(
        make_account(pending_change=STARTER),
        NOW,
        "change_plan withdraw_change cancel disable login",
        id="active, a change pending",
    ),
    pytest.param(make_past_due(), NOW, "cancel disable login retry_payment", id="past due"),
    pytest.param(
        make_past_due(pending_change=STARTER),
        NOW,
        "cancel disable login retry_payment",
        id="past due, a change pending",
    ),
    pytest.param(
        make_account(cancellation=LATER),
        NOW,
        "change_plan cancel renew disable login",
        id="active, canceled for later",
    ),
    pytest.param(
        make_past_due(cancellation=LATER),
        NOW,
        "cancel renew disable login retry_payment",
        id="past due, canceled for later",
    ),
    pytest.param(
        make_account(cancellation=DUE), NOW, "cancel renew disable login", id="active, the cancellation is due"
    ),
    pytest.param(
        make_past_due(cancellation=DUE),
        NOW,
        "cancel disable login retry_payment",
        id="past due, the cancellation is due",
    ),
    pytest.param(make_account(), OVER, "cancel disable login", id="active, the renewal is due"),
    pytest.param(
        make_account(pending_change=STARTER),
        OVER,
        "withdraw_change cancel disable login",
        id="active, the renewal is due, a change pending",
    ),
    pytest.param(make_trial(), OVER, "change_plan cancel disable login", id="trial, its end is due"),
    pytest.param(make_account(status=Status.DISABLED), NOW, "change_plan cancel enable login", id="disabled"),
    pytest.param(make_trial(status=Status.DISABLED), NOW, "change_plan cancel enable login", id="disabled trial"),
    pytest.param(make_sandbox(status=Status.DISABLED), NOW, "cancel enable login", id="disabled sandbox"),
    pytest.param(
        make_past_due(status=Status.DISABLED), NOW, "cancel enable login retry_payment", id="disabled, past due"
    ),
    pytest.param(make_account(status=Status.CANCELED), NOW, "renew", id="canceled"),
    pytest.param(make_account(status=Status.CANCELED, pending_change=STARTER), NOW, "renew", id="canceled, pending"),
    pytest.param(make_trial(status=Status.CANCELED), NOW, "renew", id="canceled trial"),
    pytest.param(make_account(status=Status.CANCELED), OVER, "", id="canceled, its end is due"),
    pytest.param(ended(make_account(), NEVER_PAID), NOW, "change_plan renew", id="expired for non-payment"),
    pytest.param(ended(make_account(), CANCELED), NOW, "change_plan", id="expired after a cancellation"),
    pytest.param(ended(make_trial(), TRIAL), NOW, "change_plan", id="expired trial"),
    pytest.param(ended(make_trial(), CANCELED), NOW, "change_plan", id="expired trial, canceled"),
    pytest.param(ended(make_sandbox(), CANCELED), NOW, "", id="expired sandbox"),
    *(
        pytest.param(ended(account, reason, archived_at=ARCHIVED_AT), now, allowed, id=f"archived {kind}, {when}")
        for account, reason, allowed_before, kind in (
            (make_account(), NEVER_PAID, "change_plan renew", "for non-payment"),
            (make_account(), CANCELED, "change_plan renew", "after a cancellation"),
            (make_trial(), TRIAL, "change_plan", "trial"),
            (make_sandbox(), CANCELED, "", "sandbox"),
        )
        for now, allowed, when in (
            (JUST_BEFORE, allowed_before, "the last second of the year"),
            (YEAR_LATER, "", "a year later"),
        )
    ),
    pytest.param(make_account(provisioning=PREPARING), NOW, "change_plan cancel disable", id="being prepared"),
    pytest.param(
        replace(ended(make_account(), ExpiryReason.PROVISIONING_FAILED), provisioning=FAILED),
        NOW,
        "",
        id="could not be prepared",
    ),
    pytest.param(
        replace(ended(make_account(), CANCELED), provisioning=FAILED),
        NOW,
        "",
        id="canceled and expired, could not be prepared",
    ),
    pytest.param(make_account(charge=make_charge()), NOW, "", id="a charge in progress"),
    pytest.param(make_account(status=Status.PENDING, charge=make_charge()), NOW, "", id="pending"),
]


@pytest.mark.parametrize(("account", "now", "allowed"), TABLE)
def test_every_action_in_every_situation(account: Account, now: datetime, allowed: str) -> None:
    assert set(actions.allowed_actions(account, now=now)) == set(allowed.split())


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(("account", "now", "allowed"), TABLE)
def test_what_is_not_allowed_is_refused_with_the_way_out(
    account: Account, now: datetime, allowed: str, action: Action
) -> None:
    if action in allowed.split():
        actions.refuse_unless(account, action, now=now)
        return

    with pytest.raises((TransitionRefused, ChargeInProgress)) as refused:
        actions.refuse_unless(account, action, now=now)

    assert refused.value.kind is RefusalKind.CONFLICT
    assert refused.value.extra["account_status"] == account.status
    assert refused.value.extra["allowed_actions"] == list(actions.allowed_actions(account, now=now))
    if account.charge is None:
        assert refused.value.extra["action"] == action
        reason = str(refused.value.extra["reason"])
        assert reason.endswith(".")
        for told in (account.status, action, reason, *(allowed.split() or ["nothing"])):
            assert told in refused.value.detail


@pytest.mark.parametrize(
    ("account", "now", "action", "way_out"),
    [
        (ended(make_account(), CANCELED), NOW, Action.RENEW, "Change its plan instead."),
        (ended(make_trial(), TRIAL), NOW, Action.RENEW, "Change its plan to a paid one instead."),
        (make_sandbox(), NOW, Action.CHANGE_PLAN, "Create another account for a paid plan."),
        (make_account(status=Status.CANCELED), NOW, Action.CHANGE_PLAN, "Renew it first."),
        (make_past_due(), NOW, Action.CHANGE_PLAN, "Pay the open invoice first"),
        (make_account(status=Status.CANCELED), NOW, Action.LOGIN, "Renew it first."),
        (
            ended(make_account(), NEVER_PAID, archived_at=ARCHIVED_AT),
            YEAR_LATER,
            Action.RENEW,
            "It was archived on 2026-03-02, a year ago or longer. Create another account.",
        ),
    ],
)
def test_the_way_out_is_named(account: Account, now: datetime, action: Action, way_out: str) -> None:
    with pytest.raises(TransitionRefused, match=way_out):
        actions.refuse_unless(account, action, now=now)


def test_a_renewal_that_is_due_is_a_refusal_of_its_own_that_passes() -> None:
    with pytest.raises(RenewalDue) as refused:
        actions.refuse_unless(make_account(), Action.CHANGE_PLAN, now=OVER)

    assert refused.value.retry_after


@pytest.mark.parametrize(
    ("zone", "allowed"),
    [("Asia/Tokyo", ()), ("America/Chicago", (Action.CHANGE_PLAN, Action.RENEW))],
)
def test_the_year_ends_on_the_accounts_own_date(zone: str, allowed: tuple[Action, ...]) -> None:
    # Archived on 2 March in both; at 15:00 UTC on 1 March a year later it is 2 March in Tokyo only.
    account = ended(make_account(time_zone=zone), NEVER_PAID, archived_at=datetime(2026, 3, 2, 12, tzinfo=UTC))

    assert actions.allowed_actions(account, now=datetime(2027, 3, 1, 15, tzinfo=UTC)) == allowed


def test_archived_on_29_february_the_year_ends_on_28_february() -> None:
    account = ended(make_account(), NEVER_PAID, archived_at=datetime(2028, 2, 29, tzinfo=UTC))

    assert actions.allowed_actions(account, now=datetime(2029, 2, 27, 23, 59, tzinfo=UTC))
    assert not actions.allowed_actions(account, now=datetime(2029, 2, 28, tzinfo=UTC))


@pytest.mark.parametrize(
    ("account", "now", "following"),
    [
        (make_account(), NOW, Action.LOGIN),
        (make_account(status=Status.CANCELED), NOW, Action.RENEW),
        (ended(make_account(), NEVER_PAID), NOW, Action.RENEW),
        (ended(make_trial(), TRIAL), NOW, Action.CHANGE_PLAN),
        (ended(make_sandbox(), CANCELED), NOW, None),
        (make_account(charge=make_charge()), NOW, None),
    ],
)
def test_the_next_action_is_to_log_in_or_else_to_renew_or_to_change_the_plan(
    account: Account, now: datetime, following: Action | None
) -> None:
    assert actions.next_action(account, now=now) is following
