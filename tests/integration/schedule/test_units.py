"""What DynamoDB bills for the ways of an account, in units: exact, so that whoever changes one sees it here.

docs/decisions/units.md says what each of them is. An account's row and an invoice are below a kilobyte, a write in a
transaction is two units, and an index is one for each entry that comes, goes or changes.
"""

from collections import Counter
from typing import Any

import pytest
from moto.dynamodb import dynamodb_backends

from benchmarks.recorder import Recorder
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.services.events import event_log
from chalicelib.services.partners import api_keys
from tests.books import Books
from tests.shortcuts import ACCOUNT, REGION
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

MANY = 4
"""Accounts that are renewed together: enough for a batch of invoices."""

ACCOUNTS, LEDGER, WALLETS, EVENTS = "sublet-accounts", "sublet-ledger", "sublet-wallets", "sublet-events"
PROFILES = "sublet-billing-profiles"
_NOT_OF_THE_ACCOUNTS = {"sublet-control", "sublet-sandbox"}
"""What a sweep remembers once, and the sandbox's card processor."""


def accounts(*, prepaid: bool) -> World:
    world = World()
    card = world.card()
    for _ in range(MANY):
        world.create(billing_profile_id=card)
    if prepaid:
        world.buy(1_000_000, card=card)
    return world


def at_alarm(world: World) -> Recorder:
    alarm = world.next_alarm()
    assert alarm is not None
    world.now = alarm
    with Recorder().open() as seen:
        world.run_schedules()
    return seen


def written(seen: Recorder) -> dict[Any, int]:
    return {place: units for place, units in seen.written.items() if place[0] not in _NOT_OF_THE_ACCOUNTS}


def published(world: World, *, since: Counter[str]) -> Recorder:
    """What the streams tell of changes ``since`` then, published as events."""
    changes = []
    for name, table in dynamodb_backends[ACCOUNT][REGION].tables.items():
        told = table.stream_shard.items[since[name] :] if table.stream_shard else []
        since[name] += len(told)
        images = [record.to_json()["dynamodb"] for record in told]
        changes += [(name, image.get("OldImage"), image.get("NewImage")) for image in images]
    with Recorder().open() as seen:
        event_log.publish(changes)
    return seen


class TestRenewal:
    """The second one: in the first month the discount changes with the number of accounts, and so does what lists show
    of them.
    """

    def test_by_prepaid_money(self) -> None:
        seen = second_renewal(prepaid=True)

        assert written(seen) == {
            (ACCOUNTS, ""): 2 * MANY,
            (ACCOUNTS, "due"): 2 * MANY,
            (LEDGER, ""): 2 * MANY + 2,  # and the batch that lists them
            (WALLETS, ""): 2,
        }

    def test_by_card(self) -> None:
        seen = second_renewal(prepaid=False)

        assert written(seen) == {
            (ACCOUNTS, ""): (2 + 2) * MANY,  # held and settled
            (ACCOUNTS, "due"): 2 * MANY,
            (LEDGER, ""): 2 * MANY + 2,
            (WALLETS, ""): 2,
            (PROFILES, ""): 2,  # not deleted
        }


def second_renewal(*, prepaid: bool) -> Recorder:
    world = accounts(prepaid=prepaid)
    *_, seen = (at_alarm(world) for _ in ("reminder", "renewal", "reminder", "renewal"))
    return seen


def test_a_reminder() -> None:
    seen = at_alarm(accounts(prepaid=True))

    assert written(seen) == {(ACCOUNTS, ""): MANY, (ACCOUNTS, "due"): 2 * MANY}  # one by one, without a transaction


def test_events() -> None:
    world, since = accounts(prepaid=True), Counter[str]()
    published(world, since=since)

    at_alarm(world)
    assert published(world, since=since).written == {(EVENTS, ""): MANY, (EVENTS, "by_account"): MANY}  # reminders
    at_alarm(world)
    renewed = published(world, since=since).written
    assert renewed == {(EVENTS, ""): 2 * MANY, (EVENTS, "by_account"): 2 * MANY}  # renewals and their invoices
    world.cancel(Books(world).accounts[0].id)
    any_other = published(world, since=since).written
    assert any_other == {(EVENTS, ""): 1, (EVENTS, "by_account"): 1, (EVENTS, "by_type"): 1}


def test_creation_by_card() -> None:
    world = accounts(prepaid=False)
    card = world.card()

    with Recorder().open() as seen:
        world.create(billing_profile_id=card)

    assert written(seen) == {
        (ACCOUNTS, ""): 2 + 2,  # held, settled
        (ACCOUNTS, "due"): 1 + 2,
        (ACCOUNTS, "overview"): 1 + 1,
        ("sublet-names", ""): 2,
        (PROFILES, ""): 2,
        (LEDGER, ""): 2,
        (LEDGER, "by_number"): 1,
        (WALLETS, ""): 2,
    }


def test_creation_by_prepaid_money() -> None:
    world = accounts(prepaid=True)
    card = world.card()

    with Recorder().open() as seen:
        world.create(billing_profile_id=card)

    assert written(seen) == {
        (ACCOUNTS, ""): 2,
        (ACCOUNTS, "due"): 1,
        (ACCOUNTS, "overview"): 1,
        ("sublet-names", ""): 2,
        (LEDGER, ""): 2,
        (LEDGER, "by_number"): 1,
        (LEDGER, "journal"): 1,
        (WALLETS, ""): 2,
    }


def test_the_overview_reads_its_index_alone() -> None:
    world = accounts(prepaid=True)

    with Recorder().open() as seen:
        assert len(list(overview_rows.summaries_of(world.partner_id))) == MANY

    assert seen.read == {(ACCOUNTS, "overview"): 0.5}


def test_the_authorizer_reads_one_key() -> None:
    world = World()
    _, created = api_keys.create_first_key(
        key_id="key_01KGA92TC0KTJ6NFKNPR4TMRWE",
        partner_id=world.partner_id,
        name="Portal",
        expires_at=None,
        now=world.now,
        actor=ACTOR,
    )
    assert created is not None
    text = created.key
    api_keys.authenticate(text, world.now)  # notes the key's first use of the day

    with Recorder().open() as seen:
        api_keys.authenticate(text, world.now)

    assert (seen.requests, seen.read_units, seen.write_units) == ({"GetItem": 1}, 1, 0)
