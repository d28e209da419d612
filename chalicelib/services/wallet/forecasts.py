"""What will be charged to a partner, and what prepaid money will pay of it (docs/decisions/forecast.md).

The accounts come from the overview index. Only those whose charge may be in progress right now are read in full.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from chalicelib.domain.accounts import lifecycle, summaries
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.summaries import AccountSummary
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.billing.single_bills import is_covered
from chalicelib.domain.calendar import Frequency, first_instant, local_date
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging.charges import CHARGES_AT_ONCE
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid
from chalicelib.domain.schedule.projection import BillAhead, Payment, Projection
from chalicelib.domain.schedule.runway import RunwayDay, days_of
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.prepaid import next_check_at
from chalicelib.domain.wallet.projected_wallets import ProjectedWallet
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.models.billing import contracts as contract_rows
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.wallet import balance_checks as check_rows
from chalicelib.services.partners import partners
from chalicelib.services.partners.partners import Standing

FURTHEST = timedelta(days=731)
"""How far ahead a forecast may go."""
MOST_RENEWALS = 100_000
"""The most renewals one forecast covers: more would take longer than a request has."""
_PLENTY = 10**15


@dataclass(frozen=True)
class Forecast:
    """What is charged before ``until`` begins in the partner's ``time_zone``, and what to buy so that no card is."""

    until: date
    time_zone: str
    balance: Money
    payments: list[Payment]
    top_ups: list[Payment]
    buy_today: Money

    @property
    def runs_out(self) -> Payment | None:
        """The first renewal, year of a contract, or bill that a card will be asked for, if any."""
        return next((payment for payment in self.payments if payment.card), None)

    @property
    def days(self) -> list[RunwayDay]:
        """The days on which something is charged, with what is left of prepaid money at the end of each."""
        return days_of(balance=self.balance, payments=self.payments, top_ups=self.top_ups, time_zone=self.time_zone)


class ForecastBasis:
    """A partner's accounts, wallet, bills and contract as they are at ``now``: what any forecast starts from."""

    def __init__(self, standing: Standing, *, now: datetime) -> None:
        self.standing = standing
        self.now = now
        self.accounts = _accounts(standing, now=now)
        self._bills = list(_bills(standing))
        self._contract = contract_rows.get(standing.partner.id) if standing.program.contacts_pooled else None
        self._check_at = _check_at(standing, now=now)

    def projection(self) -> Projection:
        """The payments ahead, from now on."""
        program, wallet = self.standing.program, self.standing.wallet
        return Projection(
            self.accounts,
            program=program,
            wallet=wallet,
            projected=ProjectedWallet(
                general=wallet.general,
                minimum=program.money(program.minimum_card_charge),
                set_aside={each.id: each.set_aside for each in self.accounts if each.set_aside},
            ),
            time_zone=self.standing.partner.time_zone,
            bills_ahead=self._bills,
            contract=self._contract,
            check_at=self._check_at,
            at_once=CHARGES_AT_ONCE,
            now=self.now,
        )

    def forecast_until(self, day: date) -> Forecast:
        """The forecast up to the instant at which ``day`` begins for the partner."""
        zone, wallet = self.standing.partner.time_zone, self.standing.wallet
        end = first_instant(day, zone)
        projection = self.projection()
        charged = list(projection.payments(until=end))
        return Forecast(
            until=day,
            time_zone=zone,
            balance=wallet.balance,
            payments=[payment for payment in charged if payment.subject != wallet.payer],
            top_ups=[payment for payment in charged if payment.subject == wallet.payer],
            buy_today=self._to_buy(charged, projection.wallet.needed, end=end),
        )

    def first_payment(self, *, within: timedelta) -> Payment | None:
        """The next renewal or bill ahead that has something to pay."""
        payer = self.standing.wallet.payer
        payments = self.projection().payments(until=self.now + within)
        return next((payment for payment in payments if payment.subject != payer), None)

    def _to_buy(self, charged: Sequence[Payment], needed: Money, *, end: datetime) -> Money:
        """The least purchase now after which no card is charged before ``end``; zero if none is charged anyway."""
        program, wallet = self.standing.program, self.standing.wallet
        nothing = Money.zero(wallet.currency)
        if not any(payment.card for payment in charged):
            return nothing
        least = program.money(program.prepaid_minimum)
        buy = max(needed - wallet.general, least)
        unpaid = next((bill.total for bill in self._bills if bill.total is not None), None)
        if unpaid is not None and is_covered(unpaid, general=wallet.general + buy):
            projection = self.projection()  # after such a purchase the declined bill is retried at once
            projection.buy(Money(_PLENTY, wallet.currency))
            for _ in projection.payments(until=end):
                pass
            buy = max(projection.wallet.needed - wallet.general, least)
        return buy


def get_forecast(*, partner_id: str, until: date, now: datetime) -> Forecast:
    """What a partner must buy today so that no card is charged before ``until`` begins in the partner's time zone.

    The answer is zero, or at least the program's minimum purchase. Raises :class:`Invalid` for a date that is not in
    the future, or too far ahead: for a partner with very many accounts the limit is nearer.
    """
    standing = partners.standing(partner_id=partner_id, now=now)
    today = local_date(now, standing.partner.time_zone)
    if not today < until <= today + FURTHEST:
        raise Invalid(errors=[("until", f"must be after {today} and not after {today + FURTHEST}")])
    basis = ForecastBasis(standing, now=now)
    furthest = today + _foreseeable(basis.accounts)
    if until > furthest:
        raise Invalid(errors=[("until", f"must not be after {furthest}: that is {MOST_RENEWALS:,} renewals ahead")])
    return basis.forecast_until(until)


def forecast(standing: Standing, *, until: date, now: datetime) -> Forecast:
    """The forecast for what is charged before ``until`` begins for the partner."""
    return ForecastBasis(standing, now=now).forecast_until(until)


def _accounts(standing: Standing, *, now: datetime) -> list[Account]:
    """The accounts that the partner pays for as they are stored, as far as time matters to them."""
    stored = (kept for kept in overview_rows.summaries_of(standing.partner.id) if not kept.account.pays_itself)
    found = [summaries.summary_at(kept, now=now) for kept in stored]
    doubtful = [each.account.id for each in found if _may_be_charging(each, standing.program, now)]
    read = account_rows.get_many(doubtful) if doubtful else {}
    return [read.get(each.account.id, each.account) for each in found]


def _may_be_charging(summary: AccountSummary, program: Program, now: datetime) -> bool:
    """Whether a renewal, or the retry of one, may be in progress, which a summary does not say."""
    account = summary.account
    if account.overdue is None:
        return not summary.certain
    step = lifecycle.upcoming(account, program=program)
    return step is not None and step.due_at <= now


def _bills(standing: Standing) -> Iterator[BillAhead]:
    bill = standing.wallet.single_bill
    if bill is None:
        return
    alarm = bill_rows.get_alarm(bill.id)
    if alarm is not None:
        yield BillAhead(bill.id, alarm.due_at)
    closed, _ = bill_rows.of_payer(standing.partner.id, limit=1, start=None)
    unpaid = next((each for each in closed if each.status is InvoiceStatus.OPEN), None)  # or its card is being charged
    alarm = bill_rows.get_alarm(unpaid.id) if unpaid else None
    if unpaid is not None and alarm is not None:
        yield BillAhead(unpaid.id, alarm.due_at, unpaid.total, alarm.charge)


def _check_at(standing: Standing, *, now: datetime) -> datetime:
    """When the balance is checked next. Only a top-up makes that matter."""
    check = check_rows.get(standing.partner.id) if standing.wallet.top_up else None
    return check.due_at if check else next_check_at(now=now)


def _foreseeable(accounts: Sequence[Account]) -> timedelta:
    """How far ahead the next MOST_RENEWALS renewals reach, about; at least a month."""
    charged = [account.plan.billing_frequency for account in accounts if account.counts_as_active_paid]
    a_year = sum(12 if frequency is Frequency.MONTHLY else 1 for frequency in charged)
    days = MOST_RENEWALS * 365 // a_year if a_year else FURTHEST.days
    return min(max(timedelta(days=days), timedelta(days=31)), FURTHEST)
