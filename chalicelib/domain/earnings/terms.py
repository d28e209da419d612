"""On which terms a partner earns with an account, and what it earns from an invoice of it (docs/rules.md §10)."""

from datetime import date, timedelta
from decimal import Decimal

from chalicelib.domain.calendar import Frequency, period_start
from chalicelib.domain.catalog.programs import Commission, Relationship
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class EarningTerms:
    """On which terms a partner earns with one account: those of its program on the day the account was credited to it.

    They stay for the account, whatever the program file says later. ``bonus`` is what the partner gets with the
    account's first paid invoice, while that is still to come. ``first_paid_on`` is the local date of the first invoice
    that was paid under this partner. An account that moved in too late does not earn while it is referred: it is not
    ``earns_as_referred``.
    """

    credited_on: date
    percent: Decimal
    months: int | None
    hold_days: int
    bonus: Money | None = None
    first_paid_on: date | None = None
    earns_as_referred: bool = True


@dataclass(frozen=True, slots=True)
class InvoiceEarning:
    """What a partner earns from one invoice once it is paid: fixed when the invoice is issued, whatever changes later.

    ``percent`` is 0 for an invoice that brings nothing but the ``bonus``. ``is_first`` marks the account's first
    invoice under this partner.
    """

    partner_id: str
    relationship: Relationship
    percent: Decimal
    hold_days: int
    is_first: bool
    bonus: Money | None = None


def terms_on(day: date, commission: Commission, *, currency: str) -> EarningTerms:
    """The terms of an account that is new, and credited to its partner on ``day``."""
    return EarningTerms(
        credited_on=day,
        percent=commission.percent_on(day),
        months=commission.months,
        hold_days=commission.hold_days,
        bonus=Money(commission.new_account_bonus, currency) or None,
    )


def terms_after_move(
    day: date,
    commission: Commission,
    *,
    currency: str,
    first_paid_on: date | None,
    partner_day: date,
    partner_since: date,
    had_bonus: bool,
) -> EarningTerms:
    """The terms of an account that moves to a partner on ``day``, a date of the account's zone.

    It earns like a new one if it moves soon: no more than ``move_window_days`` after its first paid invoice above zero,
    or after its new partner began (``partner_since``, counted up to ``partner_day``, both dates of the partner's zone).
    An account never brings more than one bonus, whichever partner had it.
    """
    window = timedelta(days=commission.move_window_days)
    soon = first_paid_on is None or day - first_paid_on <= window or partner_day - partner_since <= window
    terms = terms_on(day, commission, currency=currency)
    return EarningTerms(
        credited_on=day,
        percent=terms.percent,
        months=terms.months,
        hold_days=terms.hold_days,
        bonus=terms.bonus if soon and not had_bonus else None,
        earns_as_referred=soon,
    )


def earning_of_invoice(
    terms: EarningTerms,
    commission: Commission,
    *,
    partner_id: str,
    relationship: Relationship,
    client_pays: bool,
    on_bill: bool,
    period_starts: date,
) -> InvoiceEarning:
    """What the partner earns from an invoice that is issued now for a period that begins on ``period_starts``.

    It brings commission if the client pays it, or if the program pays commission for accounts of this relationship;
    never if it goes on the Single Bill, whose discount stands in its place.
    """
    earns = (
        not on_bill
        and (client_pays or relationship in commission.relationships)
        and (relationship == "managed" or terms.earns_as_referred)
        and _within_months(terms, period_starts)
    )
    return InvoiceEarning(
        partner_id=partner_id,
        relationship=relationship,
        percent=terms.percent if earns else Decimal(0),
        hold_days=terms.hold_days,
        is_first=terms.first_paid_on is None,
    )


def _within_months(terms: EarningTerms, period_starts: date) -> bool:
    """Whether a period begins before the first paid date + ``months``, clamped to the end of a shorter month."""
    if terms.months is None or terms.first_paid_on is None:
        return True
    return period_starts < period_start(anchor=terms.first_paid_on, frequency=Frequency.MONTHLY, index=terms.months)
