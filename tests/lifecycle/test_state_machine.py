"""A partner does what it likes, in any order, and time passes: whatever the order, the books are right."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.accounts.actions import Action, TransitionRefused, allowed_actions
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.charging.charges import OF_PERIODS
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.services.accounts import accounts, add_ons, plan_changes, revivals
from chalicelib.services.charging.results import CardDeclined, ChargeOutcomeUnknown
from chalicelib.services.wallet.prepaid import AccountHasEnded
from tests.books import ENDED, Books
from tests.conftest import reset_aws
from tests.world import ACTOR, PLUS, SANDBOX, TRIAL, World

STARTER = PlanRequest("V3", "marketing", "starter", 500, PLUS.billing_frequency)
BIGGER = replace(PLUS, contacts=2500)
CARDS = (
    "pm_card_visa",
    "pm_card_chargeDeclined",
    "pm_card_declinedOnRenewal",
    "pm_card_timeout",
)
ZONES = ("America/Chicago", "Asia/Tokyo", "Europe/Dublin", "Pacific/Kiritimati")


class PartnersLife(RuleBasedStateMachine):
    """Does all that a partner can do to accounts, and lets time go by, in steps from a minute to months."""

    @initialize()
    def begin(self) -> None:
        reset_aws()
        self.world = World()
        self.created: list[str] = []
        self.ids = itertools.count(1)
        self.charged_at_end: dict[str, int] = {}
        for plan, card in ((PLUS, "pm_card_visa"), (STARTER, "pm_card_declinedOnRenewal"), (TRIAL, "pm_card_visa")):
            self.create(plan, card, "America/Chicago")

    @rule(
        plan=st.sampled_from([PLUS, PLUS, STARTER, TRIAL, SANDBOX]),
        card=st.sampled_from(CARDS),
        zone=st.sampled_from(ZONES),
    )
    def create(self, plan: PlanRequest, card: str, zone: str) -> None:
        account_id = f"acct_{next(self.ids)}"
        try:
            profile = None if plan is SANDBOX else self.world.card(card)
            self.world.create(id=account_id, plan=plan, time_zone=zone, billing_profile_id=profile)
        except (CardDeclined, ChargeOutcomeUnknown):
            return
        self.created.append(account_id)

    @rule(amount=st.integers(1_000, 4_800), card=st.sampled_from(CARDS))
    def buy(self, amount: int, card: str) -> None:
        try:
            self.world.buy(amount, card=self.world.card(card))
        except (CardDeclined, ChargeOutcomeUnknown):
            return

    @rule(data=st.data(), amount=st.integers(1_000, 4_800))
    def buy_for_one(self, data: st.DataObject, amount: int) -> None:
        if not self.created:
            return
        account_id = data.draw(st.sampled_from(self.created))
        if self.world.account(account_id).status in ENDED:
            with pytest.raises(AccountHasEnded):
                self.world.buy(amount, account_id=account_id)
        else:
            self.world.buy(amount, account_id=account_id)

    @rule(data=st.data(), days=st.none() | st.integers(0, 60))
    def cancel(self, data: st.DataObject, days: int | None) -> None:
        if not self.created:
            return
        account = self.world.account(data.draw(st.sampled_from(self.created)))
        day = None if days is None else self.world.now.date() + timedelta(days=days + 1)
        try:
            self.world.cancel(account.id, effective_date=day)
        except TransitionRefused:
            assert account.status not in (Status.ACTIVE, Status.DISABLED)
        except Invalid:
            assert account.kind is PlanKind.TRIAL
            assert day is not None
            assert day > account.period.end

    @rule(data=st.data(), card=st.none() | st.sampled_from(CARDS))
    def renew(self, data: st.DataObject, card: str | None) -> None:
        """Takes a cancellation back, or revives."""
        wanted = revivals.RevivalRequest(billing_profile_id=self.world.card(card) if card else None)
        account = self._one(data, Action.RENEW)
        if account is not None and self._do(account, Action.RENEW, revivals.renew, request=wanted):
            self.charged_at_end.pop(account.id, None)

    @rule(data=st.data(), days=st.sampled_from([0, 3, 33, 66]))
    def cancel_and_come_back(self, data: st.DataObject, days: int) -> None:
        account = self._one(data, Action.CANCEL)
        if account is None or not account.runs:
            return
        self.world.cancel(account.id)
        self.advance(timedelta(days=days), times=1)
        wanted = revivals.RevivalRequest(billing_profile_id=self.world.card())
        if self._do(account, Action.RENEW, revivals.renew, request=wanted):
            self.charged_at_end.pop(account.id, None)

    @rule(data=st.data(), plan=st.sampled_from([PLUS, STARTER, BIGGER]), card=st.sampled_from(CARDS))
    def change_plan(self, data: st.DataObject, plan: PlanRequest, card: str) -> None:
        account = self._one(data, Action.CHANGE_PLAN)
        if account is None:
            return
        starts = not account.counts_as_active_paid
        wanted = plan_changes.PlanChangeRequest(plan, billing_profile_id=self.world.card(card) if starts else None)
        if self._do(account, Action.CHANGE_PLAN, plan_changes.change_plan, request=wanted):
            self.charged_at_end.pop(account.id, None)

    @rule(data=st.data(), on=st.booleans())
    def add_on(self, data: st.DataObject, on: bool) -> None:
        account = self._one(data, Action.CHANGE_PLAN)
        if account is not None:
            self._do(account, Action.CHANGE_PLAN, add_ons.change, request=add_ons.AddOnRequest("sms", on=on))

    @rule(data=st.data())
    def disable_or_enable(self, data: st.DataObject) -> None:
        account = self._one(data, Action.DISABLE)
        if account is None:
            return
        if not self._do(account, Action.ENABLE, accounts.enable_account):
            self._do(account, Action.DISABLE, accounts.disable_account, message="Call us")

    def _one(self, data: st.DataObject, action: Action) -> Account | None:
        """Rather one that allows it, if there is one."""
        found = [self.world.account(account_id) for account_id in self.created]
        allows = [account for account in found if action in allowed_actions(account, now=self.world.now)]
        return data.draw(st.sampled_from([*allows, *allows, *found])) if found else None

    def _do(self, account: Account, action: Action, act: Any, **wanted: Any) -> bool:
        """Do it if the account allows it, otherwise see it refused; whether it was done."""
        who = {"partner_id": self.world.partner_id, "account_id": account.id, "now": self.world.now, "actor": ACTOR}
        allowed = action in allowed_actions(self.world.account(account.id), now=self.world.now)
        try:
            act(**who, **wanted)
        except TransitionRefused:
            assert not allowed or action is Action.CHANGE_PLAN, "only a plan of many may be refused"
            return False
        except (CardDeclined, ChargeOutcomeUnknown, Invalid, NotFound):
            return False
        assert allowed
        self.world.run_schedules(healing=True)  # a renewal that is on again may be one to remind of at once
        return True

    @rule(
        passing=st.sampled_from([timedelta(minutes=1), timedelta(hours=7)])
        | st.integers(1, 40).map(lambda days: timedelta(days=days)),
        times=st.sampled_from([1, 2]),
    )
    def advance(self, passing: timedelta, times: int) -> None:
        self.world.advance(to=self.world.now + passing)
        self.world.run_schedules(healing=times == 2, times=times)

    @rule(days=st.integers(2, 70))
    def outage(self, days: int) -> None:
        """Nothing runs for a while; then the healing run catches up."""
        self.world.now += timedelta(days=days)
        self.world.run_schedules(healing=True)

    @invariant()
    def the_books_are_right(self) -> None:
        if not hasattr(self, "world"):
            return
        books = Books(self.world)
        books.check()
        self.nobody_is_charged_after_its_end(books)
        self.no_day_is_paid_for_twice(books)
        assert {account.id for account in books.accounts} == set(self.created)

    def no_day_is_paid_for_twice(self, books: Books) -> None:
        """Whatever is canceled, renewed and revived, the periods that were paid for do not overlap."""
        for account in books.accounts:
            paid = [
                invoice.period
                for invoice in books.invoices
                if invoice.account_id == account.id
                and invoice.status is InvoiceStatus.PAID
                and invoice.charge_kind in OF_PERIODS
            ]
            assert all(before.end <= after.start for before, after in itertools.pairwise(paid))
            if account.runs and account.price is not None:
                assert account.period == paid[-1], "it runs on what is paid for"

    def nobody_is_charged_after_its_end(self, books: Books) -> None:
        """From the moment an account is canceled, expired or archived its paid invoices never grow in number."""
        for account in books.accounts:
            paid = sum(i.account_id == account.id and i.status is InvoiceStatus.PAID for i in books.invoices)
            if account.status in (Status.CANCELED, *ENDED):
                assert self.charged_at_end.setdefault(account.id, paid) == paid


TestPartnersLife = pytest.mark.usefixtures("_mocked")(PartnersLife.TestCase)
TestPartnersLife.settings = settings(
    max_examples=10,
    stateful_step_count=18,
    derandomize=True,
    phases=[Phase.generate],  # a failure is told as found, not worked on for minutes
    suppress_health_check=list(HealthCheck),
)
