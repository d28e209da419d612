"""Whoever pays, and however often that changes: each day of a period is paid for once, at its price (rules §5, §9)."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chalicelib.config import settings as config
from chalicelib.domain.accounts.accounts import Account, Relationship, local_today
from chalicelib.domain.accounts.actions import Caller
from chalicelib.domain.accounts.payers import PartnerPays, moved
from chalicelib.domain.audit import Finding, Kind
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.charging.charges import OF_PERIODS, ChargeKind
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Refusal
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.billing.invoices import InvoiceRow
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program
from chalicelib.services.accounts import accounts, add_ons, details, plan_changes, revivals
from chalicelib.services.accounts.details import DetailsRequest
from chalicelib.services.accounts.plan_changes import PlanChangeRequest
from chalicelib.services.accounts.revivals import RevivalRequest
from chalicelib.services.accounts.transitions import Transition, write_transition
from chalicelib.services.audit import payer_audits, payers
from chalicelib.services.billing import invoices, payment_retries, refunds, single_bills
from chalicelib.services.clients import self_service
from chalicelib.services.partners import partners
from chalicelib.services.transfers import management_requests
from chalicelib.services.wallet import set_asides
from tests.books import images
from tests.builders import usd
from tests.conftest import reset_aws
from tests.explained import check_explanations
from tests.paying_clients import let_partner_manage
from tests.proving import examples
from tests.world import ACTOR, World

PAYS, DECLINED = "pm_card_visa", "pm_card_chargeDeclined"
LITE = PlanRequest("S1", "email", "lite", 1000, Frequency.MONTHLY)
PLANS = [LITE, replace(LITE, contacts=2500), replace(LITE, tier="standard"), replace(LITE, tier="premium")]


@dataclass
class AccountsLife:
    """One account, the partners it may belong to, and what its days cost: by the end of each period, from which date
    on which price per cycle.
    """

    world: World = field(default_factory=lambda: World(program="solutions"))
    prices: dict[date, list[tuple[date, Money]]] = field(default_factory=lambda: defaultdict(list))
    refunds: int = 0
    entries: int = 0

    def __post_init__(self) -> None:
        other = World(program="solutions", now=self.world.now)
        house = World(partner_id=partners.house_of("solutions", now=self.world.now, actor=ACTOR).id)
        self.partners = [self.world.partner_id, other.partner_id, house.partner_id]
        for each in (self.world, other):
            card = each.card()
            single_bills.set_up_single_bill(
                partner_id=each.partner_id, day=11, billing_profile_id=card, now=each.now, actor=ACTOR
            )
            each.buy(6_000)
        self.account_id = self.world.create(plan=LITE).id
        self.note()

    @property
    def account(self) -> Account:
        account = account_rows.get(self.account_id)
        assert account is not None
        return account

    @property
    def of_account(self) -> dict[str, Any]:
        named = {"partner_id": self.account.partner_id, "account_id": self.account_id}
        return named | {"now": self.world.now, "actor": ACTOR}

    def card(self, payment_method: str = PAYS) -> str:
        return replace(self.world, partner_id=self.account.partner_id).card(payment_method)

    def note(self) -> None:
        """Note what the days from today on cost; a period that began meanwhile has cost it from its first day on."""
        account = self.account
        assert account.period is not None
        assert account.price is not None
        noted = self.prices[account.period.end]
        if not noted or noted[-1][1] != account.price:
            noted.append((local_today(account, self.world.now) if noted else account.period.start, account.price))

    def take(self, step: str, number: int) -> None:
        with suppress(Refusal):
            STEPS[step](self, number)
        self.note()

    def advance(self, days: int) -> None:
        self.world.advance(days=days)

    @property
    def by_client(self) -> bool:
        """Whether the client decides."""
        return self.account.relationship is Relationship.REFERRED

    @property
    def by(self) -> Caller:
        return Caller.CLIENT if self.by_client else Caller.PARTNER

    def change_plan(self, plan: PlanRequest) -> None:
        wanted = PlanChangeRequest(replace(plan, add_ons=self.account.plan.add_ons))
        if self.by_client:
            self_service.change_plan(self.account, request=wanted, now=self.world.now)
        else:
            plan_changes.change_plan(request=wanted, **self.of_account)

    def put_add_on(self, on: bool) -> None:
        wanted = add_ons.AddOnRequest("seo", on)
        if self.by_client:
            self_service.change_add_on(self.account, request=wanted, now=self.world.now)
        else:
            add_ons.change(request=wanted, **self.of_account)

    def take_over(self) -> None:
        if self.account.partner_id != self.partners[-1]:
            let_partner_manage(self.account_id)
            details.change_details(request=DetailsRequest(billing_profile_id=self.card()), **self.of_account)

    def put_on_bill(self) -> None:
        if self.account.partner_id != self.partners[-1]:
            let_partner_manage(self.account_id)
            single_bills.put_account_on_bill(**self.of_account)

    def move(self, to: str, pays: PartnerPays | None) -> None:
        before = self.account
        bill = wallet_rows.get(before.payer).single_bill
        relationship = Relationship.MANAGED if pays else Relationship.REFERRED
        after = moved(before, partner_id=to, relationship=relationship, pays=pays, bill=bill, now=self.world.now)
        change = Transition(before, after, "account.payer_changed")
        write_transition(change, program=program("solutions"), now=self.world.now, actor=ACTOR)

    def move_to_partner(self, number: int) -> None:
        to = self.partners[number % 2]
        card = replace(self.world, partner_id=to).card()
        self.move(to, PartnerPays(single_bill=True) if number % 3 == 0 else PartnerPays(card))

    def add_card(self, payment_method: str) -> None:
        payment_retries.set_own_card(account_id=self.account_id, payment_method=payment_method, now=self.world.now)

    def name_profile(self, payment_method: str) -> None:
        """Of an account that its client pays for, this is a takeover too."""
        wanted = DetailsRequest(billing_profile_id=self.card(payment_method))
        details.change_details(request=wanted, **self.of_account)

    def cancel(self) -> None:
        accounts.cancel_account(reason=None, retain_data=True, effective_date=None, by=self.by, **self.of_account)

    def set_aside(self) -> None:
        self.entries += 1
        set_asides.set_money_aside(entry_id=f"txn_ASIDE{self.entries}", amount=500, **self.of_account)

    def refund(self, number: int) -> None:
        paid = [invoice for invoice in all_invoices(self.account_id) if invoice.status is InvoiceStatus.PAID]
        self.refunds += 1
        invoice = paid[number % len(paid)]
        assert invoices.payer_of(account_id=self.account_id, invoice_id=invoice.id) == invoice.payer
        refunds.refund_invoice(
            refund_id=f"txn_{self.refunds}",
            payer=invoice.payer,
            invoice_id=invoice.id,
            amount=min(700, invoice.total.amount - invoice.refunded.amount) or None,
            now=self.world.now,
            actor="operator",
        )


STEPS: dict[str, Callable[[AccountsLife, int], None]] = {
    "time": lambda life, n: life.advance(n),
    "plan": lambda life, n: life.change_plan(PLANS[n % len(PLANS)]),
    "add-on": lambda life, n: life.put_add_on(on=n % 3 > 0),
    "take over": lambda life, n: life.take_over(),
    "onto the bill": lambda life, n: life.put_on_bill(),
    "off the bill": lambda life, n: single_bills.take_account_off_bill(**life.of_account),
    "to a partner": lambda life, n: life.move_to_partner(n),
    "to the client": lambda life, n: life.move(life.partners[n % 3], None),
    "card": lambda life, n: life.add_card(PAYS if n % 3 else DECLINED),
    "profile": lambda life, n: life.name_profile(PAYS if n % 3 else DECLINED),
    "refund": lambda life, n: life.refund(n),
    "cancel": lambda life, n: life.cancel(),
    "renew": lambda life, n: revivals.renew(request=RevivalRequest(), by=life.by, **life.of_account),
    "retry": lambda life, n: payment_retries.retry_payment(by=life.by, **life.of_account),
    "set aside": lambda life, n: life.set_aside(),
    "end permission": lambda life, n: management_requests.end_permission(
        account_id=life.account_id, now=life.world.now
    ),
}

OFTEN = ("time", "time", "plan", "plan", "plan", "add-on", "take over", "to the client")


def all_invoices(account_id: str) -> list[Invoice]:
    """The account's invoices, whoever they were issued to, in the order of their charges."""
    rows = [InvoiceRow.from_raw_data(i) for i in images(config().ledger_table) if i["id"]["S"].startswith("inv_")]
    found = [row.value() for row in rows]
    return sorted((each for each in found if each.account_id == account_id), key=lambda each: each.issued_at)


@pytest.mark.usefixtures("_mocked")
@settings(
    max_examples=examples(3, prove=150),
    derandomize=True,
    phases=[Phase.generate],  # a failure is told as found, not worked on for minutes
    suppress_health_check=list(HealthCheck),
)
@given(steps=st.lists(st.tuples(st.sampled_from([*STEPS, *OFTEN]), st.integers(1, 27)), min_size=12, max_size=30))
def test_no_day_is_free_and_none_paid_for_twice_whoever_pays(steps: list[tuple[str, int]]) -> None:
    reset_aws()
    life = AccountsLife()

    for step, number in steps:
        life.take(step, number)
    life.world.run_schedules(healing=True)  # a new payer may be one to remind of the renewal at once

    issued = all_invoices(life.account_id)
    assert {invoice.payer for invoice in issued} <= {life.account.payer, *life.account.earlier_payers}
    periods_follow_each_other(life.account, issued)
    each_day_is_paid_for_once(life, issued)
    wallets_are_right(life)
    with patch.object(payer_audits, "_MOMENT_SECONDS", 0.0):
        audited = [each for each, _ in payer_audits.audit_all(payers.Position(), now=life.world.now)]
    assert [finding for each in audited for finding in each.findings if not asleep(finding)] == []


def asleep(finding: Finding) -> bool:
    """Nobody's daily balance check runs here."""
    return finding.kind is Kind.ALARM_LATE and finding.subject.startswith("prt_")


def periods_follow_each_other(account: Account, issued: list[Invoice]) -> None:
    """Whoever they were invoiced to; only while the account had ended are there days that nobody paid for."""
    paid = [each for each in issued if not unpaid(each) and each.charge_kind in OF_PERIODS]
    for before, after in pairwise(paid):
        assert before.period is not None
        assert after.period is not None
        revived = after.charge_kind is ChargeKind.FIRST_PERIOD
        assert before.period.end <= after.period.start if revived else before.period.end == after.period.start
    assert paid[-1].period == account.period


def each_day_is_paid_for_once(life: AccountsLife, issued: list[Invoice]) -> None:
    """What was charged for a period is what its days cost, to a cent for each line; a refund only lowers it."""
    for end, noted in life.prices.items():
        charged = [each for each in issued if each.period and each.period.end == end and not unpaid(each)]
        days = (end - noted[0][0]).days
        until = [*(since for since, _ in noted[1:]), end]
        cost = sum(
            Fraction(price.amount * (to - since).days, days) for (since, price), to in zip(noted, until, strict=True)
        )
        lines = [line for each in charged for line in each.lines]
        rounding = len(lines) - sum(line.amount.amount for line in lines if line.kind == "waived")
        total = sum(each.total.amount for each in charged)
        refunded = sum(each.refunded.amount for each in charged)
        assert cost - rounding <= total, f"{cost} is what the days until {end} cost, {total} was charged"
        assert total - refunded <= cost + rounding, f"{cost} is what the days until {end} cost, {total} was charged"
        for each in charged:
            check_explanations(each.lines)


def unpaid(invoice: Invoice) -> bool:
    return invoice.status is not InvoiceStatus.PAID and invoice.bill_id is None


def wallets_are_right(life: AccountsLife) -> None:
    """The account counts for its payer alone, and each payer's invoices are numbered without gaps."""
    account, issued = life.account, all_invoices(life.account_id)
    for payer in {account.payer, *account.earlier_payers, *life.partners}:
        wallet = wallet_rows.get(payer)
        counts = payer == account.payer and account.counts_as_active_paid
        assert wallet.active_paid_accounts == int(counts)
        assert wallet.set_aside == (account.prepaid_set_aside if payer == account.payer else usd(0))
        numbers = sorted(invoice.number for invoice in issued if invoice.payer == payer)
        assert numbers == list(range(1, wallet.last_invoice_number + 1))
