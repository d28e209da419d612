"""What an account's invoices bring its partner: fixed when they are issued and when they are paid (rules §10)."""

from datetime import date, datetime

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.billing import refunds
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.copies import replace
from chalicelib.domain.disputes import DisputeStatus
from chalicelib.domain.earnings import terms
from chalicelib.domain.earnings.postings import PaidInvoice
from chalicelib.domain.earnings.terms import EarningTerms, InvoiceEarning
from chalicelib.domain.partners.partners import Partner, house_id


def terms_of_new(account: Account, *, program: Program, now: datetime) -> EarningTerms | None:
    """The terms on which a partner earns with an account that is created now; the house earns nothing."""
    if program.commission is None or account.partner_id == house_id(program.name):
        return None
    return terms.terms_on(local_date(now, account.time_zone), program.commission, currency=program.currency)


def credited_to(account: Account, *, partner: Partner, program: Program, now: datetime) -> Account:
    """The account with the terms of the partner that it moves to now; the house earns nothing (§10).

    What was issued before keeps the terms it has.
    """
    if program.commission is None or partner.house:
        return replace(account, earning_terms=None)
    moved = terms.terms_after_move(
        local_date(now, account.time_zone),
        program.commission,
        currency=program.currency,
        first_paid_on=account.first_paid_on,
        partner_day=local_date(now, partner.time_zone),
        partner_since=local_date(partner.created_at, partner.time_zone),
        had_bonus=account.had_bonus,
    )
    return replace(account, earning_terms=moved)


def of_issued(account: Account, charge: Charge, *, program: Program) -> InvoiceEarning | None:
    """What the account's partner earns from the invoice of a charge; None if nothing."""
    if account.earning_terms is None or program.commission is None or charge.period is None:
        return None
    earning = terms.earning_of_invoice(
        account.earning_terms,
        program.commission,
        partner_id=account.partner_id,
        relationship=account.relationship.value,
        client_pays=account.pays_itself,
        on_bill=charge.bill_id is not None,
        period_starts=charge.period.start,
    )
    return earning if earning.percent else None


def after_payment(account: Account, invoice: Invoice, *, now: datetime) -> tuple[Account, Invoice]:
    """Account and invoice once the invoice is paid or on the Single Bill, which pays it. The first one above zero takes
    along the bonus, which so is given once in an account's life.
    """
    if not invoice.total:
        return account, invoice
    today, given = local_date(now, account.time_zone), account.earning_terms
    if given is None:
        return _first_paid(account, today), invoice
    if given.bonus is not None:
        earning = invoice.earning or _bonus_alone(account, given)
        invoice = replace(invoice, earning=replace(earning, bonus=given.bonus))
        account = replace(account, had_bonus=True)
    if given.bonus is not None or given.first_paid_on is None:
        account = replace(account, earning_terms=replace(given, bonus=None, first_paid_on=given.first_paid_on or today))
    return _first_paid(account, today), invoice


def _first_paid(account: Account, today: date) -> Account:
    return account if account.first_paid_on is not None else replace(account, first_paid_on=today)


def _bonus_alone(account: Account, given: EarningTerms) -> InvoiceEarning:
    return InvoiceEarning(
        partner_id=account.partner_id,
        relationship=account.relationship.value,
        percent=given.percent * 0,
        hold_days=given.hold_days,
        is_first=given.first_paid_on is None,
    )


def paid_at(invoice: Invoice, bill: Bill | None) -> datetime | None:
    """When an invoice was paid, by itself or by the Single Bill it is on; None if it is not paid."""
    if invoice.bill_id is not None:
        return bill.paid_at if bill else None
    return invoice.paid_at if invoice.status is InvoiceStatus.PAID else None


def of_paid(invoice: Invoice, bill: Bill | None, *, time_zone: str) -> PaidInvoice | None:
    """A paid invoice as its earnings need it; None if it is not paid, or brings nothing."""
    paid = paid_at(invoice, bill)
    if paid is None or invoice.earning is None or invoice.account_id is None:
        return None
    disputes = bill.disputes if bill else invoice.disputes
    return PaidInvoice(
        id=invoice.id,
        account_id=invoice.account_id,
        account_name=invoice.account.name if invoice.account else None,
        payer=invoice.payer,
        earning=invoice.earning,
        paid=invoice.total,
        paid_on=local_date(paid, time_zone),
        refunded=refunds.given_back(invoice, bill),
        disputed=any(dispute.status is DisputeStatus.OPEN for dispute in disputes),
    )
