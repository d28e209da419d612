"""Random chains of changes and refunds: no day is free, none is paid twice (docs/rules.md §5)."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.accounts import paid_periods, plan_changes
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.plan_changes import ChangeKind, PlanChange
from chalicelib.domain.accounts.proration import PaidFor, paid_for
from chalicelib.domain.billing.invoices import Invoice, issued, paid
from chalicelib.domain.billing.refunds import of_invoice, refund_of, refundable
from chalicelib.domain.calendar import Frequency, local_date
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.charging.charges import Charge, split_payment
from chalicelib.domain.money import total
from tests.builders import NO_DISCOUNT, agency, make_account, make_charge, make_plan, usd
from tests.proving import examples

PROGRAM = agency()
START = datetime(2026, 1, 31, 15, tzinfo=UTC)


@dataclass
class Life:
    """An account, its invoices, and what its days that are over cost; ``lost`` is credit that was not paid out.

    ``rounding`` is how much all lines together may be off by, what was too small for a card included.
    """

    account: Account
    invoices: list[Invoice]
    now: datetime = START
    used: Fraction = Fraction(0)
    rounding: Fraction = Fraction(0)
    refunded: bool = False
    lost: int = 0

    @property
    def paid(self) -> int:
        return sum(invoice.total.amount - invoice.refunded.amount for invoice in self.invoices)

    @property
    def per_day(self) -> Fraction:
        assert self.account.price is not None
        return Fraction(self.account.price.amount, plan_changes._full_period(self.account).days)

    @property
    def paid_for(self) -> PaidFor:
        return paid_for(self.invoices, currency="USD")

    def wait(self, days: int) -> None:
        assert self.account.period is not None
        left = (self.account.period.end - local_date(self.now, "Europe/Dublin")).days
        days = min(days, left - 1)
        self.now += timedelta(days=days)
        self.used += days * self.per_day

    def change(self, plan: Plan) -> PlanChange | None:
        change = plan_changes.plan_change(
            self.account, plan, program=PROGRAM, now=self.now, terms_on=lambda _: NO_DISCOUNT, paid=self.paid_for
        )
        if change.kind not in (ChangeKind.PRORATE, ChangeKind.TO_ANNUAL):
            return None
        charge = make_charge(
            id=f"inv_{len(self.invoices) + 1}",
            kind=plan_changes.CHARGE_KIND_OF[change.kind],
            lines=change.lines,
            total=total((line.amount for line in change.lines), currency="USD"),
            period=change.period,
            price=change.price.price_per_cycle,
            terms=change.terms,
            plan=change.plan,
            anchor=change.anchor,
            started_at=self.now,
        )
        charge = split_payment(charge, set_aside=usd(0), general=usd(0), minimum_card_charge=usd(50))
        self.pay(charge)
        return change

    def pay(self, charge: Charge) -> None:
        open_invoice = issued(charge, payer="prt_1", account_id="acct_1", number=len(self.invoices) + 1, now=self.now)
        done = paid(open_invoice, charge, payment=None, balance_after=usd(0), sequence=None, now=self.now)
        self.invoices.append(done)
        self.account = paid_periods.paid(replace(self.account, charge=charge), charge, now=self.now)
        self.rounding += 2 + sum(-line.amount.amount for line in charge.lines if line.kind == "waived")
        self.lost += sum(line.amount.amount for line in charge.lines if line.kind == "forgone")

    def refund(self, place: int, percent: int) -> None:
        invoice = self.invoices[place % len(self.invoices)]
        left = refundable(invoice).total.amount
        amount = left * percent // 100
        if amount:
            self.invoices[self.invoices.index(invoice)] = of_invoice(invoice, refund_of(invoice, usd(amount)))
            self.refunded = True


def new_life() -> Life:
    life = Life(make_account(price=None, charges=0), [])
    account = make_account()
    charge = make_charge(id="inv_1", period=account.period, started_at=START)
    life.pay(split_payment(charge, set_aside=usd(0), general=usd(0), minimum_card_charge=usd(50)))
    life.account = account
    return life


tiers = st.sampled_from(["starter", "plus", "professional", "enterprise"])
contacts = st.sampled_from([500, 1000, 2500, 5000])
add_ons = st.sampled_from([(), ("sms",)])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 20)),
        st.tuples(st.just("change"), st.tuples(tiers, contacts, add_ons, st.sampled_from(Frequency))),
        st.tuples(st.just("refund"), st.tuples(st.integers(0, 9), st.sampled_from([1, 20, 50, 99, 100]))),
    ),
    max_size=12,
)


@settings(max_examples=examples(150, prove=20_000))
@given(steps)
def test_no_day_is_free_and_none_is_paid_twice(steps: list[tuple[str, Any]]) -> None:
    life = new_life()
    for kind, what in steps:
        assert life.account.period is not None
        if kind == "wait":
            life.wait(what)
        elif kind == "refund":
            life.refund(*what)
        else:
            tier, number, extra, frequency = what
            extra = () if tier == "starter" else extra
            worth = life.paid_for.paid
            change = life.change(make_plan(tier=tier, contacts=number, add_ons=extra, billing_frequency=frequency))
            if change is not None:
                newest = life.invoices[-1]
                credit = -sum(line.amount.amount for line in newest.lines if line.kind == "credit")
                assert credit <= worth.amount
                assert newest.total.amount >= 0
        assert 0 <= life.paid_for.paid.amount <= life.paid, "more is credited than was paid"
    left = (life.account.period.end - local_date(life.now, "Europe/Dublin")).days
    ahead = left * life.per_day
    assert life.paid - life.used - life.lost - life.rounding <= min(life.paid_for.paid.amount, ahead), (
        "a day is paid twice"
    )
    if not life.refunded:
        assert life.paid - life.used - life.lost + life.rounding >= ahead, "a day is free"
