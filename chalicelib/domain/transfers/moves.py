"""A move of an account to another partner: whether it is possible, and the account afterwards (docs/rules.md §9)."""

from datetime import datetime
from typing import Any

from chalicelib.domain.accounts import earning, lifecycle, payers
from chalicelib.domain.accounts.accounts import Account, PendingChange, ProvisioningStatus, Relationship
from chalicelib.domain.accounts.actions import refuse_while_charging
from chalicelib.domain.accounts.payers import PartnerPays
from chalicelib.domain.catalog.plans import Plan, PlanNotOffered, PlanRequest, resolve_plan
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.copies import replace
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.open_bill import OpenBill


class MoveRefused(Refusal):
    """The account cannot move as it is, or not there (§9)."""

    code = "move_refused"
    title = "The account cannot be moved"


class PlanNeeded(MoveRefused):
    """The program that the account moves into does not offer its plan: the request has to give another (§9)."""

    code = "plan_needed"
    title = "The transfer needs a plan"


class SetUpLeft(MoveRefused):
    """The partner has to remove branding and domain before it asks for a removal (§9)."""

    code = "set_up_left"
    title = "Remove the account's branding and domain first"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an account moves, and on which terms. If the partner does not pay, ``pays`` is None: its client does.

    ``plan`` is the one that the request gives; it counts where the program does not offer the account's own.
    """

    partner: Partner
    program: Program
    relationship: Relationship
    pays: PartnerPays | None = None
    plan: Plan | None = None


def needs_plan(account: Account, program: Program) -> bool:
    """Whether a move into ``program`` needs a plan of it: neither the plan that the account is due to have is offered
    there nor, should that be one that waits, the plan it has. A trial becomes the trial of the program.
    """
    plans = (lifecycle.plan_due(account), account.plan)
    return account.kind is PlanKind.PAID and not any(is_offered(plan, program) for plan in plans)


def is_offered(plan: Plan, program: Program) -> bool:
    """Whether the program has a price for this plan: its tier, contacts, frequency and add-ons are offered."""
    wanted = PlanRequest(
        plan.pricing_version,
        plan.product,
        plan.tier,
        plan.contacts,
        plan.billing_frequency,
        add_ons=plan.add_ons,
    )
    try:
        resolve_plan(program=program, requested=wanted)
    except PlanNotOffered:
        return False
    return True


def trial_plan(program: Program) -> Plan | None:
    """The plan of the program's trial, the first if there are several; None where there is none."""
    for offer in program.plans:
        if offer.kind is PlanKind.TRIAL:
            wanted = PlanRequest(offer.pricing_version, offer.product, offer.tier)
            return resolve_plan(program=program, requested=wanted)
    return None


def refuse_unless_movable(
    account: Account, to: Destination, *, bill: OpenBill | None, new_bill: OpenBill | None, now: datetime
) -> None:
    """Refuse a move that the account's state, or where it is to go, does not allow (§9).

    ``bill`` is the open Single Bill of the payer it has, ``new_bill`` that of the partner it moves to. Raises
    :class:`MoveRefused`, :class:`PlanNeeded`, and what :func:`payers.refuse_unless_settled` raises.
    """
    refuse_while_charging(account)
    if (why := _why_not(account, to, new_bill)) is not None:
        raise MoveRefused(f"{account.id} cannot be moved to {to.partner.name}: {why}", extra=_extra(account))
    payers.refuse_unless_settled(account, bill=bill, now=now)
    if to.plan is None and needs_plan(account, to.program):
        raise PlanNeeded(
            f"The program {to.program.name} does not offer the plan of {account.id}. "
            "Give one that it offers: PATCH /v1/transfers/{id} with plan. It takes effect with the next renewal.",
            extra={**_extra(account), "needs": ["plan"]},
        )


def _why_not(account: Account, to: Destination, new_bill: OpenBill | None) -> str | None:
    if account.partner_id == to.partner.id:
        return "it is there already."
    if account.kind is PlanKind.SANDBOX:
        return "it is a sandbox. Create another one there."
    if account.provisioning is not None:
        return _NOT_READY[account.provisioning.status]
    if account.has_ended and not to.partner.house:
        return f"it is {account.status}. It has to be renewed first."
    if account.currency != to.program.currency:
        return f"it is paid for in {account.currency}, there accounts are in {to.program.currency}."
    if account.kind is PlanKind.TRIAL and trial_plan(to.program) is None:
        return f"it is a trial, and the program {to.program.name} has none."
    if to.pays is not None and to.pays.single_bill:
        return _why_not_on_bill(new_bill)
    return None


def _why_not_on_bill(bill: OpenBill | None) -> str | None:
    if bill is None:
        return "it was to go on a Single Bill that is not set up."
    return None if bill.takes_invoices else f"nothing new goes on the Single Bill until {bill.unpaid} is paid."


_NOT_READY = {
    ProvisioningStatus.PENDING: "it is still being prepared. Try again when its provisioning is ready.",
    ProvisioningStatus.FAILED: "it could not be prepared, so there is no account.",
}


def _extra(account: Account) -> dict[str, object]:
    return {"account_status": account.status}


def refuse_while_set_up(account: Account, branding: Branding) -> None:
    """Raise :class:`SetUpLeft` naming what the partner has to remove before the account can move out (§9)."""
    left = ["branding"] if branding != PLAIN else []
    left += ["domain"] if account.custom_domain else []
    if left:
        ways = {"branding": "PUT /v1/accounts/{id}/branding with {}", "domain": "DELETE /v1/accounts/{id}/domain"}
        how = " and ".join(ways[each].replace("{id}", account.id, 1) for each in left)
        raise SetUpLeft(f"It still has: {', '.join(left)}. Use {how}.", extra={"left": left})


def moved(account: Account, to: Destination, *, bill: OpenBill | None, now: datetime) -> Account:
    """The account once it has moved: its paid period, anchor and renewal day stay (§9). The new partner earns on the
    terms of its own program (§10).

    ``bill`` is the open Single Bill of the payer it has. Raises as :func:`payers.refuse_unless_settled`.
    """
    pays = to.pays
    if pays is not None and account.kind is not PlanKind.PAID:  # nothing of a trial is invoiced yet
        pays = replace(pays, single_bill=False)
    after = payers.moved(account, partner_id=to.partner.id, relationship=to.relationship, pays=pays, bill=bill, now=now)
    after = earning.credited_to(after, partner=to.partner, program=to.program, now=now)
    notified = to.partner.email if to.relationship is Relationship.MANAGED else account.client.email
    if account.kind is PlanKind.TRIAL and notified != account.notification_email:
        after = replace(after, reminded_for=None)  # only the partner it had was reminded of its end
    return replace(
        _on_its_plan(after, to, now=now),
        notification_email=notified,
        earlier_partners=_with(account.earlier_partners, account.partner_id, without=to.partner.id),
        moved_at=now,
        last_request=None,
        **_migration(account, to),
    )


def _on_its_plan(account: Account, to: Destination, *, now: datetime) -> Account:
    """The account with the plan that the new program needs: of a running period from its next renewal on."""
    if account.kind is PlanKind.TRIAL:
        trial = trial_plan(to.program)
        return account if trial is None or is_offered(account.plan, to.program) else replace(account, plan=trial)
    if needs_plan(account, to.program):
        if to.plan is None:
            return account
        if account.has_ended:
            return replace(account, plan=to.plan)
        return replace(account, pending_change=PendingChange(to.plan, now, required=True))
    return replace(account, pending_change=_still_pending(account, to.program))


def _still_pending(account: Account, program: Program) -> PendingChange | None:
    """The change that waits, if the program offers its plan; required where it does not offer the plan it replaces."""
    waiting = account.pending_change
    if waiting is None or not is_offered(waiting.plan, program):
        return None
    return replace(waiting, required=not is_offered(account.plan, program))


def _migration(account: Account, to: Destination) -> dict[str, Any]:
    """The migration discount of a paid account that moves in where the program has one, once in an account's life."""
    discount = to.program.migration_discount
    had_before = account.migrated or account.migrated_cycles > 0
    if discount is None or had_before or to.partner.house or account.kind is not PlanKind.PAID:
        return {}
    return {"migrated": True, "migrated_cycles": discount.cycles}


def _with(partners: tuple[str, ...], last: str, *, without: str) -> tuple[str, ...]:
    return tuple(each for each in dict.fromkeys((*partners, last)) if each != without)
