"""What a client does itself about the account it pays for (docs/rules.md §9).

Each function takes the account of the client's session, and looks at its rights first.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypedDict

from chalicelib.domain.accounts import transitions
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import Caller
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.calendar import instants_between
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.catalog.programs import AddOn, PlanKind, PlanOffer, Program
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.clients import rights
from chalicelib.domain.clients.logins import CLIENT
from chalicelib.domain.clients.rate_limits import CLIENTS_CARD
from chalicelib.domain.clients.rights import Right
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.domain.values import dataclass
from chalicelib.models.billing import invoice_lists
from chalicelib.services.accounts import accounts, add_ons, plan_changes, revivals
from chalicelib.services.accounts.add_ons import AddOnRequest
from chalicelib.services.accounts.plan_changes import PlanChangeRequest
from chalicelib.services.accounts.revivals import RevivalRequest
from chalicelib.services.billing import invoice_pdfs, invoices, payment_retries
from chalicelib.services.clients import rate_limits
from chalicelib.services.partners import billing_profiles, partners


@dataclass(frozen=True, slots=True)
class Offers:
    """The plans that an account's client can choose, and the add-ons of the plan that it pays for."""

    program: Program
    plans: tuple[PlanOffer, ...]
    add_ons: tuple[AddOn, ...]


def list_invoices(
    account: Account,
    *,
    status: InvoiceStatus | None,
    since: date | None,
    until: date | None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[Invoice], dict[str, Any] | None]:
    """The client's own invoices, newest first; those of a time when its partner paid are the partner's.

    ``since`` and ``until`` are local dates of the account, both included.
    """
    rights.refuse_without(account, Right.PAYMENT)
    first, behind = instants_between(since, until, account.time_zone)
    return invoice_lists.of_payer(account.id, status=status, since=first, until=behind, limit=limit, start=start)


def get_invoice(account: Account, *, invoice_id: str) -> Invoice:
    """One of the client's invoices. Raises :class:`NotFound`."""
    rights.refuse_without(account, Right.PAYMENT)
    return invoices.get_invoice(payer=account.id, invoice_id=invoice_id)


def invoice_link(account: Account, *, invoice_id: str) -> str:
    """An address that opens an invoice's PDF, in the account's language, for five minutes.

    Raises as :func:`invoice_pdfs.document_link`."""
    rights.refuse_without(account, Right.PAYMENT)
    return invoice_pdfs.document_link(payer=account.id, document_id=invoice_id, language=account.language)


def invoice_pdf(account: Account, *, invoice_id: str) -> bytes:
    """An invoice's PDF, in the account's language. Raises as :func:`invoice_pdfs.document_pdf`."""
    rights.refuse_without(account, Right.PAYMENT)
    return invoice_pdfs.document_pdf(payer=account.id, document_id=invoice_id, language=account.language)


def retry_payment(account: Account, *, now: datetime) -> Account:
    """Charge the open invoice now. Raises as :func:`payment_retries.retry_payment`."""
    rights.refuse_without(account, Right.PAYMENT)
    return payment_retries.retry_payment(
        partner_id=account.partner_id, account_id=account.id, by=Caller.CLIENT, now=now, actor=CLIENT
    )


def payment_method(account: Account) -> BillingProfile | None:
    """The card on file that the client pays with, if there is one."""
    rights.refuse_without(account, Right.PAYMENT)
    return billing_profiles.find_own_card(account_id=account.id)


def set_payment_method(account: Account, *, payment_method: str, now: datetime) -> BillingProfile:
    """Put another card on file; what is past due is tried soon. Raises as :func:`payment_retries.set_own_card`."""
    rights.refuse_without(account, Right.PAYMENT)
    _count_card_attempt(account, now=now)
    return payment_retries.set_own_card(account_id=account.id, payment_method=payment_method, now=now, actor=CLIENT)


def change_plan(account: Account, *, request: PlanChangeRequest, now: datetime) -> Account:
    """Change the plan. Raises as :func:`plan_changes.change_plan`."""
    decided = _decided(account)
    _count_card_attempt(account, now=now)
    return plan_changes.change_plan(request=request, now=now, actor=CLIENT, **decided)


def preview_plan(account: Account, *, request: PlanChangeRequest, now: datetime) -> Quote:
    """The quote of a change of plan. Raises as :func:`plan_changes.preview`."""
    return plan_changes.preview(request=request, now=now, **_decided(account))


def change_add_on(account: Account, *, request: AddOnRequest, now: datetime) -> Account:
    """Put an add-on on, or take it off. Raises as :func:`add_ons.change`."""
    decided = _decided(account)
    if request.on:
        _count_card_attempt(account, now=now)
    return add_ons.change(request=request, now=now, actor=CLIENT, **decided)


def preview_add_on(account: Account, *, request: AddOnRequest, now: datetime) -> Quote:
    """The quote of a change of an add-on. Raises as :func:`add_ons.preview`."""
    return add_ons.preview(request=request, now=now, **_decided(account))


def renew(account: Account, *, request: RevivalRequest, now: datetime) -> Account:
    """Take a cancellation back, or revive the account. Raises as :func:`revivals.renew`."""
    decided = _decided(account)
    _count_card_attempt(account, now=now)
    return revivals.renew(request=request, now=now, actor=CLIENT, **decided)


def preview_renewal(account: Account, *, request: RevivalRequest, now: datetime) -> Quote:
    """The quote of a renewal. Raises as :func:`revivals.preview`."""
    return revivals.preview(request=request, now=now, **_decided(account))


def cancel(
    account: Account, *, reason: str | None, retain_data: bool, effective_date: date | None, now: datetime
) -> Account:
    """End the account. Raises as :func:`accounts.cancel_account`."""
    return accounts.cancel_account(
        reason=reason,
        retain_data=retain_data,
        effective_date=effective_date,
        now=now,
        actor=CLIENT,
        **_decided(account),
    )


def preview_cancel(account: Account, *, retain_data: bool, now: datetime) -> Account:
    """The account as :func:`cancel` would leave it; nothing changes. Raises the refusals of that."""
    rights.refuse_without(account, Right.SUBSCRIPTION)
    return transitions.canceled(account, reason=None, retain_data=retain_data, on=None, now=now)


def get_offers(account: Account) -> Offers:
    """What the account can have instead of its plan, and on top of it. Raises :class:`rights.NotYoursToChange`."""
    rights.refuse_without(account, Right.SUBSCRIPTION)
    program = partners.program_of(partner_id=account.partner_id)
    is_running = account.counts_as_active_paid and account.priced_plan == account.plan
    names = program.offer_for(account.plan).add_ons if is_running else ()
    return Offers(
        program=program,
        plans=tuple(offer for offer in program.plans if offer.kind is PlanKind.PAID),
        add_ons=tuple(program.add_on(name) for name in names),
    )


def other_plan(account: Account, wanted: PlanRequest) -> PlanRequest:
    """The plan that was chosen, with the account's limits where its tier stays and those of its add-ons that the tier
    offers; what is not offered at all is left for :func:`change_plan` to refuse.
    """
    has = account.priced_plan
    same = (has.pricing_version, has.product, has.tier) == (wanted.pricing_version, wanted.product, wanted.tier)
    plans = get_offers(account).plans
    key = (wanted.pricing_version, wanted.product, wanted.tier)
    offered = next((o.add_ons for o in plans if (o.pricing_version, o.product, o.tier) == key), ())
    return replace(
        wanted, limits=has.limits if same else {}, add_ons=tuple(name for name in has.add_ons if name in offered)
    )


def _count_card_attempt(account: Account, *, now: datetime) -> None:
    """Raise :class:`TooManyTries` after ten new cards and changes within an hour, against tries of stolen cards."""
    rate_limits.count_attempt(rate_limits.limit_key_of("card", account.id), limit=CLIENTS_CARD, now=now)


class _Decided(TypedDict):
    """The account, and that its client decides."""

    partner_id: str
    account_id: str
    by: Caller


def _decided(account: Account) -> _Decided:
    """For a service that a partner uses, too. Raises :class:`rights.NotYoursToChange` if the client does not decide."""
    rights.refuse_without(account, Right.SUBSCRIPTION)
    return _Decided(partner_id=account.partner_id, account_id=account.id, by=Caller.CLIENT)
