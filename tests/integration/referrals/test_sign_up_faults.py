"""Every call of a sign-up broken in turn, and two sign-ups at once: nothing twice, nothing half (docs/rules.md §9)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Client, Status
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.refusals import Refusal
from chalicelib.gateways import secrets
from chalicelib.services.referrals import invite_links, sign_ups
from chalicelib.services.referrals.sign_ups import SignUpRequest
from tests.books import Books, images
from tests.breaker import Breaker, Fault
from tests.faults import Scenario, Stored, _outcome, _quietly, break_everywhere, break_somewhere, heal
from tests.world import PLUS, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

Run = Callable[[World], Any]


class SignUpBooks(Books):
    """What sign-ups leave: each account with its name, its wallet and its card, and a trial for each trial used."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        named, ours = settings(), {account.id for account in self.accounts}
        self.trials = {i["account_id"]["S"] for i in images(named.names_table) if i["name"]["S"].startswith("trial#")}
        self.wallets = {i["payer"]["S"] for i in images(named.wallets_table)} - {world.partner_id}
        self.cards = {i["partner_id"]["S"] for i in images(named.billing_profiles_table)}
        self.open = {account.id for account in self.accounts if account.status is not Status.PENDING}
        assert ours == self.open, "an account is still pending"

    def check(self) -> None:
        self.check_cards()
        assert self.names == {account.name: account.id for account in self.accounts}
        assert self.wallets == self.open
        assert self.cards <= self.open
        assert self.trials == {account.id for account in self.accounts if account.kind == "trial"}
        assert all(account.payer == account.id for account in self.accounts)

    def summary(self) -> dict[str, Any]:
        return {
            "accounts": sorted((a.name, a.status, a.kind, a.partner_id, a.price) for a in self.accounts),
            "charged": sorted(money.amount for money in self.approved.values()),
            "invoices": sorted((i.number, i.status, i.total.amount) for i in self.invoices),
            "cards": len(self.cards),
        }


def signing_up(
    account_id: str,
    *,
    name: str = "acme",
    email: str = "owner@acme.example",
    plan: PlanRequest = TRIAL,
    payment_method: str | None = None,
) -> Run:
    def run(world: World) -> None:
        request = SignUpRequest(
            name=name,
            client=Client("Acme Inc", email),
            country="US",
            language="en",
            time_zone="America/Chicago",
            plan=plan,
            password="correct horse battery",
            payment_method=payment_method,
            pn="bright-agency",
        )
        sign_ups.sign_up(account_id=account_id, request=request, source="198.51.100.7", now=world.now)

    return run


def prepared() -> World:
    world = World()
    invite_links.get_link(partner_id=world.partner_id, now=world.now)
    secrets.key_for("session")  # kept from here on: a run makes the same calls each time
    return world


def sign_up_for(plan: PlanRequest, payment_method: str | None) -> Callable[[], tuple[World, Run]]:
    return lambda: (prepared(), signing_up("acct_NEW", plan=plan, payment_method=payment_method))


SCENARIOS = [
    Scenario("sign-up, trial", sign_up_for(TRIAL, None), is_request=True, books=SignUpBooks),
    Scenario("sign-up, trial with a card", sign_up_for(TRIAL, "pm_card_visa"), is_request=True, books=SignUpBooks),
    Scenario("sign-up, plan", sign_up_for(PLUS, "pm_card_visa"), is_request=True, books=SignUpBooks),
    Scenario(
        "sign-up, plan, repeated after it healed",
        sign_up_for(PLUS, "pm_card_visa"),
        is_request=True,
        healed_first=True,
        books=SignUpBooks,
    ),
    Scenario("sign-up, late answer", sign_up_for(PLUS, "pm_card_timeout"), is_request=True, books=SignUpBooks),
    Scenario("sign-up, declined", sign_up_for(PLUS, "pm_card_chargeDeclined"), is_request=True, books=SignUpBooks),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_sign_up_broken_somewhere_ends_as_if_nothing_had_happened(scenario: Scenario) -> None:
    assert break_somewhere(scenario).faults


@pytest.mark.prove
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_sign_up_broken_anywhere_ends_as_if_nothing_had_happened(scenario: Scenario) -> None:
    tally = break_everywhere(scenario)

    print(f"| {scenario} | {tally.points} | {tally.faults.total()} |")
    assert tally.faults


def overtaken_everywhere(first: Run, second: Run) -> list[tuple[type[BaseException] | None, SignUpBooks]]:
    """How the first sign-up ends, and the books, when the second overtakes it before each of its calls in turn."""
    world = prepared()
    stored = Stored.now()
    watched = Breaker()
    _outcome(watched, first, world)
    ends = []
    for place in range(len(watched.calls)):
        stored.restore()
        breaker = Breaker(place=place, fault=Fault.OVERTAKEN, overtake=partial(_quietly, second, world))
        outcome = _outcome(breaker, first, world)
        heal(world)
        books = SignUpBooks(world)
        books.check()
        ends.append((outcome, books))
    return ends


@pytest.mark.parametrize(
    ("plan", "payment_method"), [(TRIAL, None), (PLUS, "pm_card_visa")], ids=["two trials", "two purchases"]
)
def test_of_two_sign_ups_with_one_name_one_gets_it_and_the_other_is_charged_nothing(
    plan: PlanRequest, payment_method: str | None
) -> None:
    first = signing_up("acct_ONE", email="one@acme.example", plan=plan, payment_method=payment_method)
    second = signing_up("acct_TWO", email="two@acme.example", plan=plan, payment_method=payment_method)

    for outcome, books in overtaken_everywhere(first, second):
        assert len(books.accounts) == 1
        assert len(books.approved) == len(books.invoices) == (1 if payment_method else 0)
        assert (outcome is None) is (books.accounts[0].id == "acct_ONE")
        assert outcome is None or issubclass(outcome, Refusal)


def test_of_two_sign_ups_with_one_email_one_gets_the_trial() -> None:
    first = signing_up("acct_ONE", name="acme-one", email="owner@acme.example")
    second = signing_up("acct_TWO", name="acme-two", email="Owner+two@acme.example")

    outcomes = set()
    for outcome, books in overtaken_everywhere(first, second):
        assert len(books.accounts) == len(books.trials) == 1
        outcomes.add(outcome and outcome.__name__)
    assert outcomes == {None, "TrialUsed"}
