"""Retries of declined charges on request, or because the card was changed (docs/rules.md §6)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.accounts.actions import (
    Action,
    Caller,
    ChargeInProgress,
    refuse_to_charge_client,
    refuse_unless,
)
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.charging.charges import CHARGES_AT_ONCE
from chalicelib.domain.clients.rights import Right
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.domain.refusals import NotFound, Refusal, RefusalKind
from chalicelib.domain.schedule import renewals
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import Busy, commit
from chalicelib.services.accounts import accounts
from chalicelib.services.accounts.transitions import Transition, write_transitions
from chalicelib.services.billing import contract_steps, contracts, single_bills
from chalicelib.services.charging import charges
from chalicelib.services.charging.account_intents import AccountIntent
from chalicelib.services.charging.results import refuse_unpaid
from chalicelib.services.partners import billing_profiles, partners

_TRIES = 5
_PAUSE = timedelta(minutes=1)
"""Between two requested attempts at one invoice: card networks count attempts, and thieves test cards with them."""


class RetriedJustNow(Refusal):
    """The invoice was tried within the last minute."""

    kind = RefusalKind.RATE_LIMITED
    code = "retried_just_now"
    title = "The payment was tried a moment ago"


def retry_payment(
    *, partner_id: str, account_id: str, by: Caller = Caller.PARTNER, now: datetime, actor: str
) -> Account:
    """Charge an open invoice now, prepaid money first; the retry schedule stays as it is.

    Raises :class:`RetriedJustNow` within a minute of the last attempt, and what :func:`refuse_unpaid` and
    :func:`~chalicelib.domain.accounts.actions.refuse_unless` raise.
    """
    program = partners.program_of(partner_id=partner_id)
    account = accounts.get_for(by, partner_id=partner_id, account_id=account_id, right=Right.PAYMENT)
    refuse_unless(account, Action.RETRY_PAYMENT, now=now)
    refuse_to_charge_client(account, by=by)
    assert account.overdue is not None
    invoice = invoice_rows.get(account.payer, account.overdue.invoice_id)
    assert invoice is not None
    _refuse_too_soon(invoice, now=now)
    charge = renewals.retry_charge(account, invoice, on_schedule=False, now=now)
    intent = AccountIntent(account, charge, program, open_invoice=invoice)
    (result,) = charges.make([intent], payer=account.payer, program=program, now=now, actor=actor)
    paid = refuse_unpaid(
        result,
        declined="The card was declined again; the account stays past due.",
        unknown="The payment will be settled within minutes.",
    )
    if paid is None:
        raise Busy(f"Others kept changing {account_id}. Try again in a moment.", retry_after=1)
    return accounts.get_account(partner_id=partner_id, account_id=account_id)


class NothingUnpaid(Refusal):
    """No invoice of the contract is unpaid (docs/rules.md §10)."""

    code = "nothing_unpaid"
    title = "Nothing is unpaid"


def retry_contract(*, partner_id: str, now: datetime, actor: str) -> contracts.Agreement:
    """Charge the unpaid invoice of a partner's contract again, now; its retry schedule stays as it is (§6, §10).

    Raises :class:`NothingUnpaid`, :class:`ChargeInProgress`, :class:`RetriedJustNow`, and as
    :func:`refuse_unpaid`.
    """
    agreement = contracts.get_contract(partner_id=partner_id)
    contract, partner = agreement.contract, agreement.partner
    if contract.charge is not None:
        raise ChargeInProgress("The contract is being charged. Try again in a moment.", retry_after=2)
    if contract.unpaid is None:
        raise NothingUnpaid("Every invoice of the contract is paid. The next year is charged on its first day.")
    invoice = invoice_rows.get(partner_id, contract.unpaid.invoice_id)
    assert invoice is not None
    _refuse_too_soon(invoice, now=now)
    result = contract_steps.charge(contract, partner, on_schedule=False, now=now, actor=actor)
    paid = refuse_unpaid(
        result,
        declined="The default card was declined again; the contract stays past due.",
        unknown="The payment will be settled within minutes.",
    )
    if paid is None:
        raise Busy("Others kept changing the contract. Try again in a moment.", retry_after=1)
    return contracts.get_contract(partner_id=partner_id)


def _refuse_too_soon(invoice: Invoice, *, now: datetime) -> None:
    again_at = invoice.attempts[-1].at + _PAUSE if invoice.attempts else now
    if again_at > now:
        seconds = -((now - again_at) // timedelta(seconds=1))  # rounded up: not a moment too soon
        raise RetriedJustNow(
            f"Its last attempt was at {invoice.attempts[-1].at:%H:%M:%S} UTC. Try again in {seconds} seconds; "
            "a changed card is tried automatically.",
            retry_after=seconds,
        )


def update_billing_profile(
    *, partner_id: str, profile_id: str, changes: dict[str, Any], now: datetime, actor: str
) -> BillingProfile:
    """Change a billing profile; with another card, everything past due is tried again soon.

    Raises :class:`NotFound` and the refusals of :func:`billing_profiles.update_profile`.
    """
    profile = billing_profiles.get_profile(partner_id=partner_id, profile_id=profile_id)
    if not changes:
        return profile
    changed = billing_profiles.update_profile(profile=profile, changes=changes, now=now, actor=actor)
    if "payment_method" in changes:
        retry_soon(partner_id=partner_id, profile_id=profile_id, now=now, actor=actor)
    if changed.default and changes.keys() & {"payment_method", "default"}:
        contracts.retry_soon(partner_id=partner_id, now=now, actor=actor)
    return changed


def create_billing_profile(*, partner_id: str, now: datetime, actor: str, **details: Any) -> BillingProfile:
    """Put a card on file; as the default card, it is soon asked for what is unpaid of a contract.

    Takes and raises what :func:`billing_profiles.create_profile` does.
    """
    created = billing_profiles.create_profile(partner_id=partner_id, now=now, actor=actor, **details)
    if created.default:
        contracts.retry_soon(partner_id=partner_id, now=now, actor=actor)
    return created


def retry_if_covered(*, partner_id: str, now: datetime, actor: str) -> None:
    """Have what a partner owes as a whole, its Single Bill and its contract, tried again with the next sweep if prepaid
    money covers all of it by now (§6).
    """
    single_bills.retry_if_covered(partner_id=partner_id, now=now, actor=actor)
    contracts.retry_if_covered(partner_id=partner_id, now=now, actor=actor)


def set_own_card(*, account_id: str, payment_method: str, now: datetime, actor: str = "client") -> BillingProfile:
    """Put the card on file that an account pays for itself with, in place of the one before; if it is past due, its
    open invoice is tried again with the next sweep (§9). The same card again is harmless.

    Raises :class:`NotFound` for an account that does not pay for itself, :class:`Invalid` if the processor does not
    know the payment method, and :class:`billing_profiles.ProcessorSilent`.
    """
    account = _paying(account_id)
    before = profile_rows.get(account_id, billing_profiles.own_card_id(account_id))
    registered = billing_profiles.register_own_card(
        account_id=account_id,
        name=account.client.name,
        email=account.client.email,
        payment_method=payment_method,
        customer=before.customer if before else None,
        now=now,
    )

    def attempt() -> BillingProfile:
        account = _paying(account_id)
        program = partners.program_of(partner_id=account.partner_id)  # it may have moved while the card was registered
        before = profile_rows.get(account_id, registered.id)
        if before is None:
            put = profile_rows.put(registered, actor=actor, event="billing_profile.created")
        else:
            changed = replace(
                before,
                payment_method=registered.payment_method,
                card=registered.card,
                customer=registered.customer,
                card_since=now,
                default=True,
                deleted_at=None,
                updated_at=now,
            )
            put = profile_rows.put(changed, actor=actor, event="billing_profile.updated")
        after = replace(account, billing_profile_id=registered.id, card_notice_on=registered.card.notice_on)
        after = lifecycle.retry_soon(after, now=now) if after.overdue else after
        # Written even if it stays the same: so a step that was decided with the card before is decided anew.
        commit([put, account_rows.put(replace(after, touched_at=now), program=program, actor=actor)])
        return profile_rows.stored(put)

    return transactions.retry(attempt, busy=f"Others kept changing {account_id}. Try again in a moment.")


def _paying(account_id: str) -> Account:
    """The account, if it pays for itself. Raises :class:`NotFound`."""
    account = account_rows.get(account_id)
    if account is None or not account.pays_itself or account.status is Status.PENDING:
        raise NotFound.of("account that pays for itself", account_id)
    return account


def retry_soon(*, partner_id: str, profile_id: str, now: datetime, actor: str) -> None:
    """Have all that is past due and that ``profile_id`` pays, accounts and bill, tried again with the next sweep."""
    single_bills.retry_soon(partner_id=partner_id, profile_id=profile_id, now=now, actor=actor)
    program = partners.program_of(partner_id=partner_id)
    found = account_rows.get_many(overview_rows.past_due(partner_id, profile_id)).values()
    owing = [each for each in found if each.overdue is not None]  # not paid meanwhile
    for start in range(0, len(owing), CHARGES_AT_ONCE):
        ids = [each.id for each in owing[start : start + CHARGES_AT_ONCE]]
        for _ in range(_TRIES):  # a retry may begin or end meanwhile
            left = [each for each in account_rows.get_many(ids).values() if each.overdue is not None]
            soon = [Transition(each, lifecycle.retry_soon(each, now=now), "") for each in left]
            stored = write_transitions(soon, program=program, now=now, actor=actor)
            ids = [each.id for each in left if each.id not in stored]
            if not ids:
                break
