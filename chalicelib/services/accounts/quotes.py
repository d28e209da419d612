"""Quotes: what something would cost, by the very code that then charges it (docs/rules.md §5)."""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.calendar import Frequency, local_date, period_containing
from chalicelib.domain.catalog.plans import PlanNotOffered, PlanRequest, resolve_plan
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.catalog.quotes import Line, Quote, quote_lines, quote_period, terms_of
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid, Refusal
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.services.partners import partners


class QuoteChanged(Refusal):
    """What is due is not what the caller expected; nothing was charged."""

    code = "quote_changed"
    title = "The price is not the expected one"

    def __init__(self, quote: Quote) -> None:
        self.quote = quote
        super().__init__(
            f"Due today are {quote.due_today.amount} {quote.currency} (minor units), not what was expected. "
            "Nothing was charged.",
            extra={"quote": quote},
        )


def first_period_quote(account: Account, *, program: Program, wallet: Wallet) -> Quote:
    """What an account's first period costs, as the account states it."""
    assert account.period is not None
    assert account.anchor is not None
    assert account.terms is not None
    return quote_period(
        program=program,
        plan=account.plan,
        terms=account.terms,
        period=account.period,
        full_period=period_containing(anchor=account.anchor, frequency=account.frequency, day=account.period.start),
        set_aside=account.prepaid_set_aside,
        general=wallet.general,
    )


def quote_purchase(lines: Sequence[Line], *, program: Program) -> Quote:
    """What a purchase of prepaid money costs: what is bought, all of it by card (§6)."""
    nothing = Money.zero(program.currency)
    return quote_lines(
        program=program,
        price=None,
        billing_frequency=None,
        lines=lines,
        prorated_amount=None,
        set_aside=nothing,
        general=nothing,
    )


def quote_plan(*, partner_id: str, wanted: PlanRequest, now: datetime) -> Quote:
    """What a plan would cost today as a new account's. Raises :class:`Invalid` naming what is offered instead."""
    standing = partners.standing(partner_id=partner_id, now=now)
    program = standing.program
    try:
        plan = resolve_plan(program=program, requested=wanted)
    except PlanNotOffered as error:
        raise Invalid(errors=error.faults) from error
    today = local_date(now, standing.partner.time_zone)
    terms = terms_of(
        program=program,
        paid_by_partner=True,
        single_bill=False,
        migrated=False,
        accounts=standing.accounts + 1,
        day=today,
    )
    frequency = plan.billing_frequency or Frequency.MONTHLY
    period = period_containing(anchor=today, frequency=frequency, day=today)
    return quote_period(
        program=program,
        plan=plan,
        terms=terms,
        period=period,
        full_period=period,
        set_aside=Money.zero(program.currency),
        general=standing.wallet.general,
    )
