"""How many requests to DynamoDB a message of renewals costs, however many accounts it names."""

import pytest

from chalicelib.gateways.due_queue import Due
from chalicelib.services.schedule.worker import take_due_steps
from tests.counting import requests_counted
from tests.world import World

pytestmark = pytest.mark.usefixtures("aws")

ACCOUNTS = "BatchGetItem accounts partners"
WALLET = "BatchGetItem wallets billing-profiles"
SETTLED = "TransactWriteItems accounts ledger wallets"


def renewed(world: World, *account_ids: str) -> list[str]:
    """What the message costs that renews these accounts, which were reminded before."""
    world.advance(days=27)
    world.now = world.next_alarm() or world.now
    with requests_counted() as asked:
        taken = take_due_steps(Due(world.partner_id, account_ids, "renewals", "run"), now=world.now)
    assert taken.counts == {"paid": len(account_ids)}
    return asked


def test_renewals_that_prepaid_money_pays_cost_two_reads_and_a_transaction() -> None:
    world = World()
    card = world.card()
    world.buy(200_000, card=card)
    accounts = [world.create(billing_profile_id=card).id for _ in range(3)]

    assert renewed(world, *accounts) == [ACCOUNTS, WALLET, SETTLED]


def test_those_that_a_card_pays_cost_one_more_transaction() -> None:
    world = World()
    card = world.card()
    accounts = [world.create(billing_profile_id=card).id for _ in range(3)]

    assert renewed(world, *accounts) == [
        ACCOUNTS,
        WALLET,
        "TransactWriteItems billing-profiles accounts",
        SETTLED,
    ]


def test_a_wallet_that_tops_up_is_read_again_afterwards() -> None:
    world = World()
    card = world.card()
    world.buy(200_000, card=card)
    world.top_up(10_000, 100_000, card=card)
    account = world.create(billing_profile_id=card)

    assert renewed(world, account.id) == [ACCOUNTS, WALLET, SETTLED, "GetItem wallets"]


def test_an_account_with_nothing_due_costs_its_read() -> None:
    world = World()
    account = world.create(billing_profile_id=world.card())

    with requests_counted() as asked:
        taken = take_due_steps(Due(world.partner_id, (account.id,), "renewals", "run"), now=world.now)

    assert taken.counts == {}
    assert asked == [ACCOUNTS, "GetItem wallets"], "the accounts, and the wallet, which may have to be topped up"
