"""A partner does what it likes, in any order, and time passes: whatever the order, the books are right."""

import itertools
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chalicelib.domain.accounts import Status
from chalicelib.domain.actions import TransitionRefused
from chalicelib.domain.invoices import InvoiceStatus
from chalicelib.domain.plans import PlanRequest
from chalicelib.services.charges import CardDeclined, ChargeOutcomeUnknown
from chalicelib.services.credits import AccountHasEnded
from tests.books import ENDED, Books
from tests.conftest import reset_aws
from tests.world import PLUS, SANDBOX, TRIAL, World

STARTER = PlanRequest("V3", "marketing", "starter", 500, PLUS.billing_frequency)
CARDS = (
    "pm_card_visa",
    "pm_card_chargeDeclined",
    "pm_card_declinedOnRenewal",
    "pm_card_timeout",
)
ZONES = ("America/Chicago", "Asia/Tokyo", "Europe/Dublin", "Pacific/Kiritimati")


class PartnersLife(RuleBasedStateMachine):
    """Creates, buys, cancels, and lets time go by, in steps from a minute to months."""

    @initialize()
    def begin(self) -> None:
        reset_aws()
        self.world = World()
        self.created: list[str] = []
        self.ids = itertools.count(1)
        self.charged_at_end: dict[str, int] = {}

    @rule(
        plan=st.sampled_from([PLUS, PLUS, STARTER, TRIAL, SANDBOX]),
        card=st.sampled_from(CARDS),
        zone=st.sampled_from(ZONES),
    )
    def create(self, plan: PlanRequest, card: str, zone: str) -> None:
        account_id = f"acct_{next(self.ids)}"
        try:
            self.world.create(id=account_id, plan=plan, time_zone=zone, billing_profile_id=self.world.card(card))
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
        assert {account.id for account in books.accounts} == set(self.created)

    def nobody_is_charged_after_its_end(self, books: Books) -> None:
        """From the moment an account is canceled, expired or archived its paid invoices never grow in number."""
        for account in books.accounts:
            paid = sum(i.account_id == account.id and i.status is InvoiceStatus.PAID for i in books.invoices)
            if account.status in (Status.CANCELED, *ENDED):
                assert self.charged_at_end.setdefault(account.id, paid) == paid


TestPartnersLife = pytest.mark.usefixtures("_mocked")(PartnersLife.TestCase)
TestPartnersLife.settings = settings(
    max_examples=20,
    stateful_step_count=18,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],  # a failure is told as found, not worked on for minutes
    suppress_health_check=list(HealthCheck),
)
