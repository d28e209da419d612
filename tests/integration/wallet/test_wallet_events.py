"""Events about expiring cards, low credits, top-ups and Single Bills (§7, §11)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.events.events import Event
from chalicelib.domain.partners import billing_profiles as domain
from chalicelib.domain.partners.billing_profiles import BillingProfile, Card
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import commit
from chalicelib.services.billing import single_bills
from chalicelib.services.events import event_log
from chalicelib.services.wallet import credit_packs, top_ups
from tests.integration.events.test_event_log import stream
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")


def published(prefix: str) -> list[Event]:
    found = (event for change in stream() for event in event_log.events_of(*change))
    return sorted((event for event in found if event and event.type.startswith(prefix)), key=lambda event: event.id)


class TestCards:
    def expiring(self, world: World, month: int, year: int) -> BillingProfile:
        profile = profile_rows.get(world.partner_id, world.card())
        assert profile is not None
        put = profile_rows.put(replace(profile, card=Card("visa", "4242", month, year)), actor=ACTOR, event="")
        commit([put])
        return profile_rows.stored(put)

    def test_a_card_is_told_of_once_in_the_month_before_it_expires(self) -> None:
        world = World(watched=True)  # 31 January
        profile = self.expiring(world, 3, 2026)

        world.advance(to=datetime(2026, 2, 1, 5, tzinfo=UTC))
        assert published("billing_profile.card_expiring") == []
        world.advance(to=datetime(2026, 3, 20, tzinfo=UTC))

        (event,) = published("billing_profile.card_expiring")
        assert event.at.date() == date(2026, 2, 1)
        assert event.data == {
            "billing_profile_id": profile.id,
            "last4": "4242",
            "profile": "Company card",
            "card": {"brand": "visa", "last4": "4242"},
            "expires": "2026-03-31",
        }

    def test_another_card_is_told_of_anew(self) -> None:
        world = World(watched=True)
        profile = self.expiring(world, 2, 2026)
        world.advance(days=2)
        stored = profile_rows.get(world.partner_id, profile.id)
        assert stored is not None

        commit([profile_rows.put(replace(stored, card=Card("visa", "1881", 3, 2026)), actor=ACTOR, event="")])
        world.advance(days=3)

        assert [event.data["last4"] for event in published("billing_profile.card_expiring")] == ["4242", "1881"]

    @pytest.mark.parametrize(
        ("month", "year", "soon"), [(12, 2026, False), (1, 2027, True), (2, 2027, True), (3, 2027, False)]
    )
    def test_soon_is_this_month_or_the_next(self, month: int, year: int, soon: bool) -> None:
        at = datetime(2027, 1, 31, tzinfo=UTC)
        profile = BillingProfile("bp_1", "prt_1", "Card", "pm", Card("visa", "4242", month, year), at, at)

        assert domain.expires_soon(profile, today=date(2027, 1, 31)) is soon
        assert not domain.expires_soon(replace(profile, deleted_at=at), today=date(2027, 1, 31))

    @pytest.mark.parametrize(
        ("month", "year", "notice_on"),
        [(1, 2027, date(2026, 12, 1)), (3, 2028, date(2028, 2, 1)), (12, 2027, date(2027, 11, 1))],
    )
    def test_soon_begins_with_the_month_before(self, month: int, year: int, notice_on: date) -> None:
        assert Card("visa", "4242", month, year).notice_on == notice_on


class TestCredits:
    def grant(self, world: World, quantity: int) -> None:
        credit_packs.grant_credits(
            entry_id=f"txn_{quantity:026d}",
            partner_id=world.partner_id,
            kind=CreditKind.SMS,
            quantity=quantity,
            now=world.now,
            actor=ACTOR,
        )

    def test_few_credits_are_told_once_until_there_are_enough_again(self) -> None:
        world = World(watched=True)
        self.grant(world, 99)
        world.advance(days=3)
        (first,) = published("credits.low")

        self.grant(world, 1)
        world.advance(days=2)

        assert first.data == {"credit": "sms", "credits_left": 99}
        assert published("credits.low") == [first]

    def test_who_never_had_any_is_told_nothing(self) -> None:
        world = World(watched=True)
        world.advance(days=2)

        assert published("credits.low") == []


class TestArrangements:
    def test_a_top_up_is_told_as_it_is_arranged_declined_and_turned_off(self) -> None:
        world = World()
        declined = world.card("pm_card_chargeDeclined")
        world.top_up(5_000, 10_000, card=declined)
        world.now += timedelta(seconds=1)
        top_ups.top_up_if_low(payer=world.partner_id, now=world.now, actor="schedule:prepaid")
        top_ups.turn_off_top_up(partner_id=world.partner_id, now=world.now, actor=ACTOR)

        arranged, refused, off = published("top_up.")

        settings = {"below": 5_000, "amount": 10_000, "currency": "USD", "billing_profile_id": declined}
        assert (arranged.type, arranged.data, arranged.actor) == ("top_up.arranged", settings, ACTOR)
        assert (refused.type, refused.data, refused.actor) == ("top_up.declined", settings, "schedule:prepaid")
        assert (off.type, off.before, off.data) == ("top_up.turned_off", settings, {})

    def test_a_single_bill_is_told_when_it_is_arranged_and_when_that_changes(self) -> None:
        world = World(program="solutions")
        card = world.card()

        def arrange(**wish: Any) -> None:
            single_bills.set_up_single_bill(partner_id=world.partner_id, now=world.now, actor=ACTOR, **wish)

        arrange(day=5, billing_profile_id=card)
        arrange(day=5, billing_profile_id=None)
        arrange(day=9, billing_profile_id=None)

        first, second = published("single_bill.")
        assert first.data == {"bill_day": 5, "billing_profile_id": card}
        assert (second.before, second.after) == ({"bill_day": 5}, {"bill_day": 9})
