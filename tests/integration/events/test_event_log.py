"""The event log: what the world is told of each committed change, fed with the tables' own streams (rules §11)."""

import json
import random
from collections import Counter
from collections.abc import Collection
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto.dynamodb import dynamodb_backends

from chalicelib.config import settings as installation
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.events.events import Event
from chalicelib.domain.ids import new_id
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.gateways.due_queue import Due
from chalicelib.models.billing import journal as journal_rows
from chalicelib.services.charging.results import CardDeclined
from chalicelib.services.events import event_log
from chalicelib.services.partners import api_keys, billing_profiles
from chalicelib.services.schedule.worker import take_due_steps
from chalicelib.services.wallet import credit_packs
from tests.books import images
from tests.conftest import reset_aws
from tests.proving import examples
from tests.world import ACTOR, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

Change = tuple[str, Any, Any]


def stream() -> list[Change]:
    """Every change of every table with a stream, as the stream tells it."""
    changes: list[Change] = []
    for name, table in dynamodb_backends["123456789012"]["us-east-1"].tables.items():
        for record in table.stream_shard.items if table.stream_shard else []:
            told = record.to_json()["dynamodb"]
            changes.append((name, told.get("OldImage"), told.get("NewImage")))
    return changes


def told(world: World, since: Collection[Event] = ()) -> list[Event]:
    """All events of the world's partner but those of ``since``, in the order of their ids."""
    found = (event for change in stream() for event in event_log.events_of(*change))
    mine = [event for event in found if event is not None and event.partner_id == world.partner_id]
    return sorted((event for event in mine if event not in since), key=lambda event: event.id)


def types(world: World, since: Collection[Event] = ()) -> list[str]:
    return [event.type for event in told(world, since)]


def busy_year() -> World:
    """A bit of everything: purchases, trials, declines, a recovery, cancellations, an expiry."""
    world = World(watched=True)
    world.buy(3_000)
    world.create()
    declining = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
    recovering = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
    world.create(plan=TRIAL)
    world.advance(days=29)
    world.buy(5_000, account_id=recovering.id)
    world.advance(days=20)
    world.cancel(recovering.id, reason="client_left")
    world.advance(days=40)
    assert declining.id != recovering.id
    return world


class TestWhatIsTold:
    def test_a_creation_by_card_is_told_once_and_has_no_before(self) -> None:
        world = World()
        card = world.card()
        since = told(world)

        account = world.create(billing_profile_id=card)

        created, paid = sorted(told(world, since), key=lambda event: event.type)
        assert created.type == "account.created"
        assert set(created.before.values()) == {None}
        assert created.after["status"] == "active"
        assert created.account_id == account.id
        assert paid.type == "invoice.paid"
        assert paid.data["card_charged"] == 4900

    def test_a_declined_creation_is_never_told(self) -> None:
        world = World()
        card = world.card("pm_card_chargeDeclined")
        since = told(world)

        with pytest.raises(CardDeclined):
            world.create(billing_profile_id=card)

        assert types(world, since) == []

    def test_a_charge_merely_held_is_not_told(self) -> None:
        world = World()
        account = world.create()
        world.advance(days=28)

        held = [new for _, old, new in stream() if new and "charge" in new and new["id"]["S"] == account.id]
        renewals = [event for event in told(world) if event.type == "account.renewed"]

        assert len(held) == 2  # the first period, and the renewal
        assert len(renewals) == 1
        assert renewals[0].before["period"] == ["2026-01-31", "2026-02-28"]
        assert renewals[0].after["period"] == ["2026-02-28", "2026-03-31"]

    def test_money_set_aside_by_a_purchase_is_told_as_the_purchase_alone(self) -> None:
        world = World()
        account = world.create()
        card = world.card()
        since = told(world)

        world.buy(2_000, card=card, account_id=account.id)

        assert types(world, since) == ["prepaid.purchased"]

    def test_using_a_key_is_not_told(self) -> None:
        world = World()
        _, key = api_keys.create_first_key(
            key_id="key_NEW",
            partner_id=world.partner_id,
            name="CI",
            expires_at=None,
            now=world.now,
            actor=ACTOR,
        )
        assert key
        since = told(world)

        world.advance(days=2)
        assert api_keys.authenticate(key.key, world.now) is not None

        assert types(world, since) == []

    def test_only_what_changed_stands_in_before_and_after(self) -> None:
        world = World()
        account = world.create()
        since = told(world)

        world.cancel(account.id, reason="client_left")

        (event,) = told(world, since)
        assert event.type == "account.canceled"
        assert event.before == {"status": "active", "cancellation": None}
        assert event.after == {"status": "canceled", "cancellation": "2026-01-31"}

    def test_a_decline_and_a_recovery(self) -> None:
        world = World()
        account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
        world.advance(days=28)
        world.buy(10_000)
        world.advance(days=2)

        mine = [e for e in told(world) if e.account_id == account.id and e.type.startswith("account.pay")]

        assert [e.type for e in mine] == ["account.payment_failed", "account.payment_recovered"]
        assert mine[0].after == {"payment_state": "past_due"}
        assert (mine[1].before["payment_state"], mine[1].after["payment_state"]) == ("past_due", "ok")

    def test_an_expiry_for_non_payment_is_told_with_its_invoice(self) -> None:
        world = World()
        world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))

        world.advance(days=36)

        counts = Counter(types(world))
        assert counts["account.payment_failed"] == counts["invoice.payment_failed"] == 4
        assert counts["account.expired"] == counts["invoice.uncollectible"] == 1

    def test_a_voided_invoice_is_told_at_the_moment_it_was_voided(self) -> None:
        world = World()
        account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
        world.advance(days=30)

        world.cancel(account.id)

        (voided,) = [event for event in told(world) if event.type == "invoice.voided"]
        assert voided.at == world.now


class TestActor:
    def test_what_a_request_did_names_its_key_and_what_time_did_its_schedule(self) -> None:
        world = World()
        world.create()
        world.create(plan=TRIAL)
        world.advance(days=30)

        actors = {event.type: event.actor for event in told(world)}

        assert actors["account.created"] == ACTOR
        assert actors["invoice.paid"] == "schedule:renewals"
        assert actors["account.renewed"] == "schedule:renewals"
        assert actors["account.trial_ending"] == actors["account.expired"] == "schedule:trials"

    def test_the_schedule_that_ended_an_account_is_named_not_the_one_that_created_it(self) -> None:
        world = World()
        account = world.create()
        world.cancel(account.id)

        world.advance(days=28)

        assert [e.actor for e in told(world) if e.type == "account.expired"] == ["schedule:renewals"]


class TestSecrets:
    def test_no_event_holds_a_password_a_key_or_a_cards_token_and_no_image_a_password(self) -> None:
        world = busy_year()
        changes = stream()
        text = json.dumps(published(changes))

        for name in images(installation().names_table):
            assert name["password_hash"]["S"] not in text
        for key in images(installation().api_keys_table):
            assert key["hash"]["S"] not in text
        for word in ("argon2", "password", "pm_card_", "payment_method"):
            assert word not in text
        assert world.partner_id in text
        assert "argon2" not in json.dumps(changes)


def published(changes: list[Change]) -> list[dict[str, Any]]:
    """The event log after these changes were published."""
    event_log.publish(changes)
    rows = images(installation().events_table)
    return sorted(rows, key=lambda row: row["id"]["S"])


@pytest.fixture(scope="module")
def changes(_mocked: None) -> list[Change]:
    """The stream of a busy year."""
    reset_aws()
    busy_year()
    return stream()


class TestRepeated:
    def test_a_stream_told_twice_tells_nothing_twice(self, changes: list[Change]) -> None:
        once = published(changes)

        assert published(changes) == once
        assert len({row["id"]["S"] for row in once}) == len(once) > 40

    def test_no_two_changes_share_an_event(self, changes: list[Change]) -> None:
        found = [event for change in changes for event in event_log.events_of(*change)]

        assert len({event.id for event in found}) == len(found)

    @settings(max_examples=examples(4, prove=40), derandomize=True, suppress_health_check=list(HealthCheck))
    @given(seed=st.integers(0, 10_000), size=st.integers(1, 60))
    def test_shuffled_doubled_and_cut_into_batches_the_log_is_the_same(
        self, changes: list[Change], seed: int, size: int
    ) -> None:
        expected = {event.id: event for change in changes for event in event_log.events_of(*change)}
        shuffled = changes * 2
        random.Random(seed).shuffle(shuffled)
        told: dict[str, Event] = {}

        for start in range(0, len(shuffled), size):
            told |= {event.id: event for event in event_log.publish(shuffled[start : start + size])}

        assert told == expected

    def test_events_sort_by_the_moment_they_happened(self, changes: list[Change]) -> None:
        found = [event for change in changes for event in event_log.events_of(*change)]

        in_order = sorted(found, key=lambda event: event.id)

        assert [event.at for event in in_order] == sorted(event.at for event in found)


def test_a_repeated_write_of_the_same_row_tells_nothing_new() -> None:
    world = World()
    account = world.create()
    table, _, new = next(c for c in reversed(stream()) if c[2] and c[2]["id"]["S"] == account.id)

    assert event_log.events_of(table, new, new) == []
    assert event_log.events_of(table, new, None) == []
    assert event_log.events_of("sublet-unknown", None, new) == []


def test_a_message_delivered_twice_is_told_once() -> None:
    world = World()
    account = world.create()
    world.advance(days=27)
    world.now = world.next_alarm()
    since = told(world)

    for _ in range(3):
        take_due_steps(Due(world.partner_id, (account.id,), Sweep.RENEWALS, "run"), now=world.now)

    assert sorted(types(world, since)) == ["account.renewed", "invoice.paid"]


def test_a_change_of_card_shows_the_last_four_digits_only() -> None:
    world = World()
    profile = billing_profiles.get_profile(partner_id=world.partner_id, profile_id=world.card())
    since = told(world)

    billing_profiles.update_profile(
        profile=profile, changes={"payment_method": "pm_card_expired"}, now=world.now, actor=ACTOR
    )

    (event,) = told(world, since)
    assert event.type == "billing_profile.updated"
    assert event.data["last4"] == "0069"


def test_an_event_tells_credits_as_no_currency() -> None:
    world = World()
    entry = credit_packs.grant_credits(
        entry_id=new_id("txn", at=world.now),
        partner_id=world.partner_id,
        kind=CreditKind.SMS,
        quantity=500,
        now=world.now,
        actor=ACTOR,
    )
    put = journal_rows.put(entry, actor=ACTOR, event="sms.granted")

    (event,) = event_log.events_of(installation().ledger_table, None, put.row.serialize())

    assert event is not None
    assert (event.data["amount"], event.data["currency"]) == (500, None)
