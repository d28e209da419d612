"""What may be done to an account, and the refusal of everything else (docs/rules.md §3)."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from enum import StrEnum

from chalicelib.domain.accounts.accounts import (
    Account,
    ExpiryReason,
    ManagementRequestStatus,
    ProvisioningStatus,
    Relationship,
    Status,
    local_today,
)
from chalicelib.domain.calendar import local_date, one_year_after
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.values import dataclass


class Action(StrEnum):
    """What may be done to an account."""

    CHANGE_PLAN = "change_plan"
    WITHDRAW_CHANGE = "withdraw_change"
    CANCEL = "cancel"
    RENEW = "renew"
    DISABLE = "disable"
    ENABLE = "enable"
    LOGIN = "login"
    RETRY_PAYMENT = "retry_payment"
    REQUEST_MANAGEMENT = "request_management"


class Caller(StrEnum):
    """Who acts on an account: its partner, or its client (§9)."""

    PARTNER = "partner"
    CLIENT = "client"


class NotManaged(Refusal):
    """The account is only referred by the partner: it sees that the account is there, and changes nothing (§9)."""

    code = "not_managed"
    title = "You do not manage this account"


class ClientPays(Refusal):
    """The client pays for an account that its partner manages: the partner does not charge the client's card (§9)."""

    code = "client_pays"
    title = "The account's client pays for it"


class TransitionRefused(Refusal):
    """An action the account does not allow now (§3)."""

    code = "transition_refused"
    title = "The account does not allow this now"


class RenewalDue(TransitionRefused):
    """The account's period is over, and its renewal or end has not been carried out yet; it will be in a moment."""

    code = "renewal_due"
    title = "A renewal is due"


class ChargeInProgress(Refusal):
    """A charge of this account is being settled; nothing else may change it meanwhile."""

    code = "charge_in_progress"
    title = "A charge is in progress"


@dataclass(frozen=True, slots=True)
class _Why:
    """Why an action is refused, and what to do instead; ``passing`` if it only waits for a renewal that is due."""

    reason: str
    passing: bool = False


def allowed_actions(account: Account, *, now: datetime, by: Caller = Caller.PARTNER) -> tuple[Action, ...]:
    """What its partner, or its client, may do to the account at ``now``, in the order of :class:`Action` (§3, §9)."""
    if account.charge is not None:
        return ()
    granted = (action for action in Action if _is_for(account, action, by=by))
    return tuple(action for action in granted if _why_not(account, action, now=now) is None)


def next_action(account: Account, *, now: datetime, by: Caller = Caller.PARTNER) -> Action | None:
    """The one thing an overview offers for the account: ``login``, ``renew`` or ``change_plan`` (§12)."""
    allowed = allowed_actions(account, now=now, by=by)
    return next((action for action in (Action.LOGIN, Action.RENEW, Action.CHANGE_PLAN) if action in allowed), None)


def refuse_unless_managed(account: Account) -> None:
    """Raise :class:`NotManaged` for an account that its partner only refers (§9)."""
    if account.relationship is Relationship.REFERRED:
        raise NotManaged(
            f"{account.id} is referred: its client pays for it and decides about it. "
            f"What you can see of it, and do, is in GET /v1/accounts/{account.id}. To do more, ask its client for "
            f"permission to manage it: POST /v1/accounts/{account.id}/management-request.",
            extra={"account_status": account.status, "relationship": account.relationship},
        )


def refuse_to_charge_client(account: Account, *, by: Caller) -> None:
    """Raise :class:`ClientPays` if the partner wants what would charge the client's card now (§9)."""
    if account.pays_itself and by is Caller.PARTNER:
        raise ClientPays(
            f"The client of {account.id} pays for it, so this would charge the client's card. {take_over(account)}"
        )


def refuse_unless_partner_pays(account: Account, *, for_what: str) -> None:
    """Raise :class:`ClientPays` for an account that pays for itself: what is of use to its payer only is refused."""
    if account.pays_itself:
        raise ClientPays(
            f"The client of {account.id} pays for it by a card of its own: {for_what} is of no use to it. "
            f"{take_over(account)}"
        )


def take_over(account: Account) -> str:
    """How the partner of an account that its client pays for becomes its payer, in words (§9)."""
    return (
        f"Take the payment over first: PATCH /v1/accounts/{account.id} with one of your billing profiles as "
        f"billing_profile_id, or PUT /v1/accounts/{account.id}/single-bill where your program has a Single Bill."
    )


def refuse_unless(account: Account, action: Action, *, now: datetime) -> None:
    """Raise the refusal that names status, action, reason and alternative unless ``action`` is allowed (§3).

    It is a :class:`ChargeInProgress`, a :class:`RenewalDue` or else a :class:`TransitionRefused`.
    """
    refuse_while_charging(account)
    why = _why_not(account, action, now=now)
    if why is not None:
        kind = RenewalDue if why.passing else TransitionRefused
        raise refusal(account, action, why.reason, now=now, kind=kind)


def refuse_while_charging(account: Account) -> None:
    """Raise :class:`ChargeInProgress` while a charge is held on the account."""
    if account.charge is not None:
        raise ChargeInProgress(
            f"A charge of {account.id} is being settled. Try again in a moment.",
            extra={"account_status": account.status, "allowed_actions": []},
            retry_after=2,
        )


def refusal(
    account: Account,
    action: str,
    reason: str,
    *,
    now: datetime,
    kind: type[TransitionRefused] = TransitionRefused,
) -> TransitionRefused:
    """The refusal of ``action`` for a ``reason``, which ends with a full stop and says what to do instead."""
    partners = action == Action.REQUEST_MANAGEMENT
    allowed = allowed_actions(account, now=now, by=Caller.PARTNER if partners else _decides(account))
    return kind(
        f"{account.id} is {account.status}: {action} is not possible. {reason} "
        f"Possible now: {', '.join(allowed) or 'nothing'}.",
        extra={
            "account_status": account.status,
            "action": action,
            "reason": reason,
            "allowed_actions": list(allowed),
        },
        retry_after=2 if kind is RenewalDue else None,
    )


def _decides(account: Account) -> Caller:
    """Who decides about an account: the client of a referred one, the partner of a managed one."""
    return Caller.CLIENT if account.relationship is Relationship.REFERRED else Caller.PARTNER


def _is_for(account: Account, action: Action, *, by: Caller) -> bool:
    """Whether the action is one for the caller, as far as that follows from who manages the account and who pays.

    The client of a managed account that it pays for only pays; its partner does everything that charges nothing (§9).
    """
    if by is Caller.CLIENT:
        if not account.pays_itself:
            return False
        managed = account.relationship is Relationship.MANAGED
        return action is Action.RETRY_PAYMENT if managed else action in _OF_CLIENTS
    if account.relationship is Relationship.REFERRED or action is Action.REQUEST_MANAGEMENT:
        return action is Action.REQUEST_MANAGEMENT and account.relationship is Relationship.REFERRED
    return not account.pays_itself or not _charges_at_once(account, action)


def _charges_at_once(account: Account, action: Action) -> bool:
    """Whether the action can only mean that the payer is charged now."""
    starts = action is Action.CHANGE_PLAN and not account.counts_as_active_paid
    return starts or action is Action.RETRY_PAYMENT or (action is Action.RENEW and account.has_ended)


def _why_not(account: Account, action: Action, *, now: datetime) -> _Why | None:
    return _RULES[action](account, local_today(account, now))


def _change_plan(account: Account, today: date) -> _Why | None:
    if account.kind is PlanKind.SANDBOX:
        return _Why("A sandbox stays a sandbox. Create another account for a paid plan.")
    if account.status is Status.CANCELED:
        return _Why("Renew it first.") if _is_usable(account, today) else _EXPIRES_SOON
    if account.has_ended:
        return _gone_for_good(account, today)
    if account.overdue is not None:
        return _Why("It is past due. Pay the open invoice first: retry_payment, or change its billing profile.")
    if account.counts_as_active_paid and (not _is_usable(account, today) or _cancellation_is_due(account, today)):
        return _STEP_DUE
    return None


def _withdraw_change(account: Account, today: date) -> _Why | None:  # noqa: ARG001 - one shape for all
    if account.pending_change is None:
        return _Why("No change of plan is pending.")
    if account.pending_change.required:
        return _Why("The plan it has is not offered in this program. Choose another one for its renewal: change_plan.")
    if account.overdue is not None:
        return _Why("The renewal it waited for is past due. Pay the open invoice first: retry_payment.")
    return None if account.runs else _Why("Renew it first.")


def _cancel(account: Account, today: date) -> _Why | None:  # noqa: ARG001
    if account.runs:
        return None
    return _Why("It is canceled already." if account.status is Status.CANCELED else "It has ended already.")


def _renew(account: Account, today: date) -> _Why | None:
    if account.runs:
        return _take_back_cancellation(account, today)
    if account.status is Status.CANCELED:
        return None if _is_usable(account, today) else _EXPIRES_SOON
    if account.kind is PlanKind.SANDBOX:
        return _Why("A sandbox that has ended stays so. Create another one.")
    if (gone := _gone_for_good(account, today)) is not None:
        return gone
    if account.kind is PlanKind.TRIAL:
        return _Why("A trial is not renewed. Change its plan to a paid one instead.")
    if account.status is Status.EXPIRED and account.expiry_reason is ExpiryReason.CANCELED:
        return _Why("It was canceled and has expired, so its previous plan is over. Change its plan instead.")
    return None


def _take_back_cancellation(account: Account, today: date) -> _Why | None:
    """A running account renews by itself; only one that is to be canceled later can be renewed."""
    if account.cancellation is None:
        return _Why("It is not canceled, so there is nothing to renew.")
    if not _cancellation_is_due(account, today):
        return None
    return None if _is_usable(account, today) and account.overdue is None else _EXPIRES_SOON


def _disable(account: Account, today: date) -> _Why | None:  # noqa: ARG001
    if account.status is Status.ACTIVE:
        return None
    return _Why("It is disabled already." if account.status is Status.DISABLED else _only_running(account))


def _enable(account: Account, today: date) -> _Why | None:  # noqa: ARG001
    if account.status is Status.DISABLED:
        return None
    return _Why("It is not disabled." if account.status is Status.ACTIVE else _only_running(account))


def _login(account: Account, today: date) -> _Why | None:  # noqa: ARG001
    """A partner can log in to the accounts it manages; a disabled account only keeps out its client (§8)."""
    if account.runs and account.provisioning is not None:
        return _Why("It is still being prepared. Try again when its provisioning is ready.")
    return None if account.runs else _Why(_only_running(account))


def _retry_payment(account: Account, today: date) -> _Why | None:  # noqa: ARG001
    return None if account.overdue is not None else _Why("It is not past due, so there is nothing to pay.")


def _request_management(account: Account, today: date) -> _Why | None:
    """Its client may be asked once at a time, whatever the account's status, unless it never comes back."""
    if account.relationship is Relationship.MANAGED:
        return _Why("You manage it already.")
    if (last := account.last_request) is not None and last.status is ManagementRequestStatus.OPEN:
        until = local_date(last.expires_at, account.time_zone)
        if today < until:  # a request lapses when a local date begins
            return _Why(f"{last.id} is open until {until}. Wait for the answer, or withdraw it.")
    return _gone_for_good(account, today)


def _only_running(account: Account) -> str:
    return "Renew it first." if account.status is Status.CANCELED else "It has ended."


def _gone_for_good(account: Account, today: date) -> _Why | None:
    """An account that could not be prepared never comes back; an archived one only before the same local date a
    year later (§2, §3).
    """
    if account.provisioning is not None and account.provisioning.status is ProvisioningStatus.FAILED:
        return _Why("It could not be prepared. Create another account.")
    if account.archived_at is None:
        return None
    archived_on = local_date(account.archived_at, account.time_zone)
    if today < one_year_after(archived_on):
        return None
    return _Why(f"It was archived on {archived_on}, a year ago or longer. Create another account.")


def _is_usable(account: Account, today: date) -> bool:
    """Whether the account's period includes today."""
    return account.period is not None and today < account.period.end


def _cancellation_is_due(account: Account, today: date) -> bool:
    return account.cancellation is not None and account.cancellation.effective_on <= today


_EXPIRES_SOON = _Why("Its period has ended and it is about to expire. Try again in a moment.")
_STEP_DUE = _Why("Its period has ended and its next step is due. Try again in a moment.", passing=True)

_OF_CLIENTS = frozenset({Action.CHANGE_PLAN, Action.WITHDRAW_CHANGE, Action.CANCEL, Action.RENEW, Action.RETRY_PAYMENT})
"""What the client of a referred account decides itself (§9)."""

_RULES: Mapping[Action, Callable[[Account, date], _Why | None]] = {
    Action.CHANGE_PLAN: _change_plan,
    Action.WITHDRAW_CHANGE: _withdraw_change,
    Action.CANCEL: _cancel,
    Action.RENEW: _renew,
    Action.DISABLE: _disable,
    Action.ENABLE: _enable,
    Action.LOGIN: _login,
    Action.RETRY_PAYMENT: _retry_payment,
    Action.REQUEST_MANAGEMENT: _request_management,
}
