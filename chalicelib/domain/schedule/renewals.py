"""Charges for an account's periods: the next one, and the retry of one that is past due (docs/rules.md §4, §5)."""

from datetime import date, datetime
from typing import NamedTuple

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.billing.invoices import Invoice, id_of_charge
from chalicelib.domain.calendar import Period
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.catalog.quotes import Line, Terms, period_lines, terms_of
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.money import Money, total
from chalicelib.domain.wallet.wallets import Wallet


def terms_for(account: Account, *, program: Program, active_paid_accounts: int, day: date) -> Terms:
    """The discounts of a period that begins on ``day``; the count includes the account itself (§5)."""
    return terms_of(
        program=program,
        paid_by_partner=account.payer == account.partner_id,
        single_bill=account.single_bill,
        migrated=account.migrated_cycles > 0,
        accounts=active_paid_accounts,
        day=day,
    )


def charge_id(account: Account) -> str:
    """The identity of the account's next charge: its invoice's id, and the root of its keys."""
    return id_of_charge(account.id, account.charges + 1)


class NextPrice(NamedTuple):
    """What the period that is due next costs: per cycle, by line and in total."""

    terms: Terms
    price: Money
    lines: tuple[Line, ...]
    total: Money


def next_price(
    account: Account, *, program: Program, active_paid_accounts: int, period: Period | None = None
) -> NextPrice | None:
    """What the ``period`` that is due next costs; None for an unpriced plan, whose period has no invoice.

    The plan is the one that is pending, if one is (§5).
    """
    period = period or lifecycle.period_due(account)
    terms = terms_for(account, program=program, active_paid_accounts=active_paid_accounts, day=period.start)
    plan = lifecycle.plan_due(account)
    priced = period_lines(program=program, plan=plan, terms=terms, period=period, full_period=period)
    if priced is None:
        return None
    price, lines = priced
    amount = total((line.amount for line in lines), currency=account.currency)
    return NextPrice(terms, price.price_per_cycle, lines, amount)


def next_charge(account: Account, *, program: Program, wallet: Wallet, now: datetime) -> Charge | None:
    """The charge of the period that is due next; None for an unpriced plan, whose period has no invoice."""
    period = lifecycle.period_due(account)
    priced = next_price(account, program=program, active_paid_accounts=wallet.active_paid_accounts, period=period)
    if priced is None:
        return None
    return Charge(
        id=charge_id(account),
        kind=ChargeKind.RENEWAL,
        lines=priced.lines,
        total=priced.total,
        started_at=now,
        period=period,
        price=priced.price,
        terms=priced.terms,
        billing_profile_id=account.billing_profile_id,
        bill_id=bill_for(account, wallet),
        scheduled=True,
    )


def bill_for(account: Account, wallet: Wallet) -> str | None:
    """The open Single Bill that the account's invoices go on, if it is on it (§6)."""
    return wallet.single_bill.id if account.single_bill and wallet.single_bill else None


def retry_charge(account: Account, invoice: Invoice, *, on_schedule: bool, now: datetime) -> Charge:
    """Another attempt at an open invoice: the same identity and total, split anew over prepaid money and card (§6)."""
    overdue = account.overdue
    assert overdue is not None
    return Charge(
        id=invoice.id,
        kind=invoice.charge_kind,
        lines=invoice.lines,
        total=invoice.total,
        started_at=now,
        attempt=overdue.attempts + 1,
        period=overdue.period,
        price=overdue.price,
        terms=overdue.terms,
        billing_profile_id=account.billing_profile_id,
        scheduled=True,
        on_schedule=on_schedule,
    )
