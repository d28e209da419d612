"""A partner's contract: one price a year for all its accounts, invoiced to the partner itself (docs/rules.md §10)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from chalicelib.domain.billing.dunning import retry_on
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.calendar import Frequency, Period, first_instant, local_date, period_containing
from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid, Refusal
from chalicelib.domain.values import dataclass

PREFIX = "contract_"
"""Begins the id of a contract; that of its partner follows."""


class ContractRuns(Refusal):
    """The contract can have no other start now (§10)."""

    code = "contract_runs"
    title = "The contract cannot have another start now"


@dataclass(frozen=True, slots=True)
class Unpaid:
    """The invoice of a contract that was declined, and where its retries stand.

    ``retries`` counts scheduled retries only, the last of them at ``retried_at``. ``retry_on`` is the local date of the
    next one; None after the last: the invoice then waits for another card, for prepaid money or for a request.
    """

    invoice_id: str
    period: Period
    total: Money
    first_declined_at: datetime
    retry_on: date | None
    attempts: int = 1
    retries: int = 0
    retried_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """What a partner pays for a year, and which year is invoiced next.

    Without a ``price`` there is no contract, or it has ended. Years are counted from ``starts_on``, as periods are from
    an anchor (§4). ``next_on`` is the first day of the year that is invoiced next, or that is ``unpaid``;
    ``paid_until`` the day after the last year that was paid. ``invoices`` counts the invoices ever issued, so that each
    has an identity of its own. ``due_at`` is the contract's alarm: never in the past when it is set, where no sweep
    would look.
    """

    partner_id: str
    price: Money | None = None
    starts_on: date | None = None
    next_on: date | None = None
    paid_until: date | None = None
    unpaid: Unpaid | None = None
    charge: Charge | None = None
    invoices: int = 0
    due_at: datetime | None = None
    updated_at: datetime | None = None
    revision: int = 0
    version: int = 0

    @property
    def id(self) -> str:
        """A partner has one contract at most."""
        return PREFIX + self.partner_id

    @property
    def is_past_due(self) -> bool:
        return self.unpaid is not None


def agreed(contract: Contract, *, price: Money, starts_on: date, time_zone: str, now: datetime) -> Contract:
    """The contract at this price, for the years that begin from now on and count from ``starts_on``.

    The first year invoiced is the one that runs now, or the first if the start is in the future. What is paid stays
    paid: a year never begins before the last paid one ends. An unpaid invoice keeps its amount. Raises
    :class:`ContractRuns` for a start that would part the years otherwise.
    """
    if contract.price is not None and starts_on == contract.starts_on:
        return replace(contract, price=price, updated_at=now)
    if contract.unpaid is not None:
        raise ContractRuns("An invoice of the contract is unpaid. Have it paid, or end the contract, first.")
    today = local_date(now, time_zone)
    first = max(starts_on, _year_of(starts_on, today).start)
    if contract.paid_until is not None and first < contract.paid_until:
        first = contract.paid_until
        if _year_of(starts_on, first).start != first:
            raise ContractRuns(f"The contract is paid up to {first}. Its new start can be {first} or any later day.")
    return replace(
        contract,
        price=price,
        starts_on=starts_on,
        next_on=first,
        due_at=max(first_instant(first, time_zone), now),
        updated_at=now,
    )


def ended(contract: Contract, *, now: datetime) -> Contract:
    """The contract without a price: no further year is invoiced, and an unpaid invoice is given up."""
    return replace(contract, price=None, unpaid=None, next_on=None, due_at=None, updated_at=now)


def refuse_half(*, priced: bool, starts: bool) -> None:
    """Raise :class:`Invalid` for a price without a start, or a start without a price."""
    if priced and not starts:
        raise Invalid(errors=[("starts_on", "is required with a price")])
    if starts and not priced:
        raise Invalid(errors=[("price", "is required with a start")])


def year_due(contract: Contract) -> Period:
    """The year that is invoiced next, or that is unpaid."""
    assert contract.starts_on is not None
    assert contract.next_on is not None
    return _year_of(contract.starts_on, contract.next_on)


def year_charge(contract: Contract, *, billing_profile_id: str | None, now: datetime) -> Charge:
    """The charge of the year that is invoiced next, at the price of today."""
    assert contract.price is not None
    period = year_due(contract)
    line = Line("contract", "Annual contract", contract.price, period=period, explanation=Explanation(Rule.CONTRACT))
    return Charge(
        id=derived_id("inv", contract.partner_id, "contract", str(contract.invoices + 1)),
        kind=ChargeKind.CONTRACT,
        lines=(line,),
        total=contract.price,
        started_at=now,
        period=period,
        billing_profile_id=billing_profile_id,
        scheduled=True,
    )


def retry_charge(
    contract: Contract, invoice: Invoice, *, billing_profile_id: str | None, on_schedule: bool, now: datetime
) -> Charge:
    """Another attempt at the unpaid invoice: the same identity and total, split anew over prepaid money and card."""
    assert contract.unpaid is not None
    return Charge(
        id=invoice.id,
        kind=invoice.charge_kind,
        lines=invoice.lines,
        total=invoice.total,
        started_at=now,
        attempt=contract.unpaid.attempts + 1,
        period=invoice.period,
        billing_profile_id=billing_profile_id,
        scheduled=True,
        parties=invoice.parties,
        on_schedule=on_schedule,
    )


def is_scheduled_retry(contract: Contract, *, time_zone: str, now: datetime) -> bool:
    """Whether the unpaid invoice is tried again by its schedule, not because of another card or prepaid money."""
    day = contract.unpaid.retry_on if contract.unpaid else None
    return day is not None and first_instant(day, time_zone) <= now


def paid(contract: Contract, charge: Charge, *, time_zone: str, now: datetime) -> Contract:
    """The contract after ``charge`` paid a year; its alarm is set for the next one."""
    assert charge.period is not None
    following = charge.period.end
    return replace(
        _with_invoice(contract),
        charge=None,
        unpaid=None,
        paid_until=following,
        next_on=following,
        due_at=max(first_instant(following, time_zone), now),
        updated_at=now,
    )


def declined(
    contract: Contract,
    charge: Charge,
    *,
    retry_days: Sequence[int],
    time_zone: str,
    card_changed: bool,
    now: datetime,
) -> Contract:
    """The contract after a declined attempt: past due, to be tried again on the schedule (§6).

    With ``card_changed``, the partner has chosen another card since this one was asked, and it is tried at once.
    """
    assert charge.period is not None
    before = contract.unpaid
    by_schedule = before is not None and charge.on_schedule
    first = before.first_declined_at if before else now
    retries = (before.retries if before else 0) + int(by_schedule)
    retried_at = now if by_schedule else before.retried_at if before else None
    day = retry_on(
        first_declined_at=first, retries=retries, retried_at=retried_at, retry_days=retry_days, time_zone=time_zone
    )
    unpaid = Unpaid(charge.id, charge.period, charge.total, first, day, charge.attempt, retries, retried_at)
    due_at = first_instant(day, time_zone) if day else None
    return replace(
        _with_invoice(contract),
        charge=None,
        unpaid=unpaid,
        due_at=now if card_changed else due_at,
        updated_at=now,
    )


def retried_soon(contract: Contract, *, now: datetime) -> Contract:
    """The contract whose unpaid invoice is tried with the next sweep."""
    return replace(contract, due_at=now) if contract.unpaid and contract.charge is None else contract


def _with_invoice(contract: Contract) -> Contract:
    """The contract with the invoice of this charge counted; an unpaid one is counted already."""
    return contract if contract.unpaid else replace(contract, invoices=contract.invoices + 1)


def _year_of(starts_on: date, day: date) -> Period:
    return period_containing(anchor=starts_on, frequency=Frequency.ANNUAL, day=day)
