"""Every kind of worker run, at the moment it is about to begin (docs/faults.md)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from chalicelib.domain.accounts.accounts import ProvisioningStatus
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.services.billing import refunds, single_bills
from chalicelib.services.setup import provisioning
from chalicelib.services.wallet import credit_packs
from tests.breaker import cut_off_at_the_card
from tests.paying_clients import let_partner_manage
from tests.rivals import CLIENTS_REQUESTS, STANDARD, Stage, plan_change
from tests.world import ACTOR, PLUS, TRIAL, World

ONCE_PAID = "pm_card_declinedOnRenewal"
OPERATOR = "operator"


def at_the_alarm(world: World) -> World:
    alarm = world.next_alarm()
    assert alarm is not None
    world.now = alarm
    return world


def renewing(
    card: str = "pm_card_visa", *, prepaid: int = 0, aside: int = 0, top_up: bool = False, pending: bool = False
) -> Stage:
    """Two accounts that renew at once."""
    world = World()
    first = world.create(billing_profile_id=world.card(card))
    world.create()
    world.advance(days=27)
    if pending:
        plan_change(contacts=500)(Stage(world, first.id))
    if prepaid:
        world.buy(prepaid)
    if aside:
        world.buy(aside, account_id=first.id)
    if top_up:
        world.top_up(2_000, 5_000)
    return Stage(at_the_alarm(world), first.id)


def retried(retries_made: int = 0) -> Stage:
    """Past due: the card is asked again, and after the last time in vain the account expires."""
    world = World()
    account = world.create(billing_profile_id=world.card(ONCE_PAID))
    world.advance(days=29)
    overdue = world.account(account.id).overdue
    while overdue is not None and overdue.retries < retries_made:
        world.advance(to=world.next_alarm())
        overdue = world.account(account.id).overdue
    return Stage(at_the_alarm(world), account.id)


def on_a_bill(*, card: str = "pm_card_visa", empty: bool = False, unpaid: bool = False) -> Stage:
    """A bill day, or the day an unpaid bill is tried again."""
    world = World(program="solutions")
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=15, billing_profile_id=world.card(card), now=world.now, actor=ACTOR
    )
    account = world.create(plan=STANDARD, single_bill=not empty, billing_profile_id=world.card() if empty else None)
    world.advance(days=16 if unpaid else 14)
    return Stage(at_the_alarm(world), account.id)


def renewing_onto_a_bill() -> Stage:
    stage = on_a_bill()
    stage.world.advance(days=13)
    return Stage(at_the_alarm(stage.world), stage.account_id)


def trial_ending(days: int = 13) -> Stage:
    world = World()
    trial = world.create(plan=TRIAL)
    world.advance(days=days)
    return Stage(at_the_alarm(world), trial.id)


def reminded() -> Stage:
    world = World()
    account = world.create()
    world.advance(days=20)
    return Stage(at_the_alarm(world), account.id)


def cancelled(*, on_a_date: bool = False, days: int = 0) -> Stage:
    """A cancellation takes effect; the account expires at the end of its period; it is archived."""
    world = World()
    account = world.create()
    date = (world.now + timedelta(days=10)).date() if on_a_date else None
    world.buy(1_100, account_id=account.id)
    world.cancel(account.id, effective_date=date)
    world.advance(days=days)
    return Stage(at_the_alarm(world), account.id)


def purchase(*, aside: bool = False, sms: bool = False) -> Stage:
    """A purchase was cut off while its card was charged."""
    world = World()
    account = world.create(plan=replace(PLUS, add_ons=("sms",)))
    card = world.card()

    def buy() -> None:
        if sms:
            credit_packs.buy_pack(
                purchase_id="txn_CUT",
                partner_id=world.partner_id,
                kind=CreditKind.SMS,
                billing_profile_id=card,
                quantity=500,
                now=world.now,
                actor=ACTOR,
            )
        else:
            world.buy(5_000, id="txn_CUT", card=card, account_id=account.id if aside else None)

    return _cut_off(world, account.id, buy)


def refund(*, of_purchase: bool = False) -> Stage:
    """A refund was cut off while the processor made it."""
    world = World()
    account = world.create()
    bought = world.buy(5_000)
    (invoice,) = world.invoices()
    named = {"payer": world.partner_id, "now": world.now, "actor": OPERATOR, "amount": 3_000}

    def give_back() -> None:
        if of_purchase:
            refunds.refund_purchase(refund_id="txn_CUT", purchase_id=bought.id, **named)
        else:
            refunds.refund_invoice(refund_id="txn_CUT", invoice_id=invoice.id, **named)

    return _cut_off(world, account.id, give_back)


def _cut_off(world: World, account_id: str, run: Callable[[], Any]) -> Stage:
    cut_off_at_the_card(run)
    world.now += timedelta(minutes=3)
    return Stage(world, account_id)


def prepared(told: str) -> Stage:
    """The platform prepares an account, or can't."""
    world = World()
    world.buy(1_000)
    account = world.create(metadata={"sandbox_provisioning": told})
    return Stage(at_the_alarm(world), account.id)


def given_back(*, bill: bool = False) -> Stage:
    """What was paid for an account that could not be prepared goes back."""
    world = on_a_bill().world if bill else World()
    more: dict[str, Any] = {"plan": STANDARD, "single_bill": True, "billing_profile_id": None} if bill else {}
    account = world.create(metadata={"sandbox_provisioning": "pending"}, **more)
    provisioning.record_answer(
        account_id=account.id, status=ProvisioningStatus.FAILED, reason="No room.", now=world.now, actor=OPERATOR
    )
    return Stage(at_the_alarm(world), account.id)


def watching() -> Stage:
    """The morning on which the partner learns that its prepaid money runs out."""
    world = World()
    account = world.create()
    world.buy(4_000)
    world.watched = True
    return Stage(at_the_alarm(world), account.id)


def of_a_client(
    payment_method: str = "pm_card_visa", *, days: int = 27, change: str = "", managed: bool = False
) -> Stage:
    """An account that its client pays for, perhaps managed by the partner: it renews, or is past due."""
    world = World()
    account = world.sign_up(payment_method)
    if managed:
        let_partner_manage(account.id)
    if change:
        CLIENTS_REQUESTS[change](Stage(world, account.id))
    world.advance(days=days)
    return Stage(at_the_alarm(world), account.id)


def clients_trial_ending() -> Stage:
    """The trial of a client that has given a card."""
    world = World()
    trial = world.sign_up(plan=TRIAL)
    world.advance(days=13)
    return Stage(at_the_alarm(world), trial.id)


def clients_change_cut_off() -> Stage:
    """A client's upgrade was cut off while its card was charged."""
    world = World()
    account = world.sign_up()
    upgrade = CLIENTS_REQUESTS["client: upgrade"]
    return _cut_off(world, account.id, lambda: upgrade(Stage(world, account.id)))


@dataclass(frozen=True)
class Run:
    """A kind of worker run, and for how many days time goes on after it."""

    name: str
    prepare: Callable[[], Stage]
    days: int = 35

    def __str__(self) -> str:
        return self.name


RUNS = [
    Run("renewal, prepaid", lambda: renewing(prepaid=20_000)),
    Run("renewal, card", renewing),
    Run("renewal, mixed, with top-up", lambda: renewing(prepaid=3_000, top_up=True)),
    Run("renewal, money set aside", lambda: renewing(aside=3_000)),
    Run("renewal, declined", lambda: renewing(ONCE_PAID)),
    Run("renewal, late answer", lambda: renewing("pm_card_timeout")),
    Run("renewal, on another plan", lambda: renewing(pending=True)),
    Run("renewal, onto the bill", renewing_onto_a_bill),
    Run("retry", retried),
    Run("last retry, expiry", lambda: retried(3)),
    Run("bill day, empty", lambda: on_a_bill(empty=True)),
    Run("bill day, with invoices", on_a_bill),
    Run("unpaid bill retried", lambda: on_a_bill(card="pm_card_chargeDeclined", unpaid=True)),
    Run("trial reminder", lambda: trial_ending(10)),
    Run("trial end", trial_ending),
    Run("renewal reminder", reminded),
    Run("cancellation takes effect", lambda: cancelled(on_a_date=True, days=9)),
    Run("expiry", lambda: cancelled(days=20)),
    Run("archiving", lambda: cancelled(days=31)),
    Run("purchase finished", purchase),
    Run("purchase set aside finished", lambda: purchase(aside=True)),
    Run("pack finished", lambda: purchase(sms=True)),
    Run("refund finished", refund),
    Run("refund of a purchase finished", lambda: refund(of_purchase=True)),
    Run("provisioning", lambda: prepared("ready")),
    Run("provisioning fails", lambda: prepared("failed")),
    Run("failed account given back", given_back),
    Run("failed account given back, on the bill", lambda: given_back(bill=True)),
    Run("watch", watching, days=2),
]

CLIENTS_RUNS = [
    Run("client's renewal", of_a_client),
    Run("client's renewal, on another plan", lambda: of_a_client(change="client: downgrade")),
    Run("client's renewal, declined", lambda: of_a_client(ONCE_PAID)),
    Run("client's retry", lambda: of_a_client(ONCE_PAID, days=29)),
    Run("client's last retry, expiry", lambda: of_a_client(ONCE_PAID, days=34)),
    Run("client's trial end", clients_trial_ending),
    Run("client's upgrade finished", clients_change_cut_off),
]
"""Runs on an account that its client pays for."""

MANAGED_RUNS = [
    Run("managed client's renewal reminder", lambda: of_a_client(days=20, managed=True)),
    Run("managed client's renewal", lambda: of_a_client(managed=True)),
    Run("managed client's renewal, declined", lambda: of_a_client(ONCE_PAID, managed=True)),
    Run("managed client's retry", lambda: of_a_client(ONCE_PAID, days=29, managed=True)),
]
"""Runs on an account that its client pays for, and whose payment its partner may take over."""
