"""Who pays for an account: a change of its payer, alone or with a move to another partner (docs/rules.md §9).

A change takes effect at once: every later charge is the new payer's. The paid period, its price and its frozen
discounts stay; the discounts of the new payer begin with the next renewal.
"""

from datetime import datetime

from chalicelib.domain.accounts.accounts import Account, Relationship, Status, local_today
from chalicelib.domain.accounts.actions import RenewalDue, refusal, refuse_while_charging
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.copies import replace
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.setup.custom_domains import DomainState
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.open_bill import OpenBill


@dataclass(frozen=True, slots=True)
class PartnerPays:
    """How a partner pays for an account: by one of its billing profiles, or by its Single Bill."""

    billing_profile_id: str | None = None
    single_bill: bool = False


class InvoiceUnpaid(Refusal):
    """The payer has not paid yet for what the account has had; another does not pay for it (§9)."""

    code = "invoice_unpaid"
    title = "What was invoiced has to be paid first"


def refuse_unless_settled(account: Account, *, bill: OpenBill | None, now: datetime) -> None:
    """Refuse a change of the payer while something is left for the present one to pay (§9).

    ``bill`` is the open Single Bill of the present payer, if it has one. Raises
    :class:`~chalicelib.domain.accounts.actions.ChargeInProgress`, :class:`InvoiceUnpaid`, and :class:`RenewalDue`
    between the end of a period and its renewal, which is the present payer's.
    """
    refuse_while_charging(account)
    if account.overdue is not None:
        raise InvoiceUnpaid(
            f"{account.id} is past due. Whoever pays for it now pays the open invoice first: by a retry, or by "
            "another card, which is tried at once."
        )
    if account.single_bill and (account.waits_until is not None or (bill is not None and bill.unpaid is not None)):
        raise InvoiceUnpaid(f"{account.id} is on a Single Bill that is not paid. Pay that bill first.")
    if not account.has_ended and account.period is not None and account.period.end <= local_today(account, now):
        reason = "Its period has ended and its next step is due. Try again in a moment."
        raise refusal(account, "change_payer", reason, now=now, kind=RenewalDue)


def paid_by_partner(account: Account, pays: PartnerPays, *, now: datetime) -> Account:
    """The account once its partner pays for it in place of its client. Raises as :func:`refuse_unless_settled`."""
    refuse_unless_settled(account, bill=None, now=now)
    return _with_payer(account, account.partner_id, pays, now=now)


def paid_by_client(account: Account, *, bill: OpenBill | None, now: datetime) -> Account:
    """The account once its client pays for it in place of its partner, by a card that the client adds from then on.

    Raises as :func:`refuse_unless_settled`.
    """
    refuse_unless_settled(account, bill=bill, now=now)
    return _with_payer(account, account.id, None, now=now)


def moved(
    account: Account,
    *,
    partner_id: str,
    relationship: Relationship,
    pays: PartnerPays | None,
    bill: OpenBill | None,
    now: datetime,
) -> Account:
    """The account once it belongs to another partner, which ``pays`` for it or leaves that to its client (None).

    What its partner set up ends: Single Bill, money set aside, metadata, custom domain, a message to disabled clients.
    Credits, a pending change and a cancellation go along. Raises as :func:`refuse_unless_settled`.
    """
    refuse_unless_settled(account, bill=bill, now=now)
    if account.credits:  # the old partner's journal has the movements
        account = replace(account, earlier_payers=_without_twins(*account.earlier_payers, account.partner_id))
    account = _with_payer(account, partner_id if pays else account.id, pays, now=now)
    return replace(
        account,
        partner_id=partner_id,
        relationship=relationship,
        metadata={},
        custom_domain=None,
        domain_state=DomainState.PENDING,
        status=Status.ACTIVE if account.status is Status.DISABLED else account.status,
        disabled_message=None,
    )


def _with_payer(account: Account, payer: str, pays: PartnerPays | None, *, now: datetime) -> Account:
    """The account with its payer. A client that stays the payer keeps its card."""
    if payer == account.payer and pays is None:
        return replace(account, updated_at=now)
    before = (*account.earlier_payers, account.payer) if account.charges else account.earlier_payers
    pays = pays or PartnerPays()
    return replace(
        account,
        payer=payer,
        earlier_payers=tuple(each for each in _without_twins(*before) if each != payer),
        billing_profile_id=pays.billing_profile_id,
        single_bill=pays.single_bill,
        set_aside=None,
        card_notice_on=None,
        reminded_for=None if account.kind is PlanKind.PAID else account.reminded_for,
        updated_at=now,
    )


def _without_twins(*payers: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(payers))
