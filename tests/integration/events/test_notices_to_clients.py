"""Notices to clients who pay for their accounts, and whose log says what (docs/rules.md §9, §11)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.events.events import Event
from chalicelib.domain.partners.billing_profiles import BillingProfile, Card
from chalicelib.gateways import sandbox_mail
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import commit
from chalicelib.programs import program
from chalicelib.services.events import event_log, notices
from chalicelib.services.events.notices import Outcome
from chalicelib.services.partners import expiring_cards
from tests.integration.events.test_event_log import stream
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def world() -> World:
    return World()


def published(*types: str) -> list[Event]:
    return [event for change in stream() for event in event_log.events_of(*change) if event.type in types]


def change(account: Account, event: str, **changes: Any) -> Account:
    put = account_rows.put(replace(account, **changes), program=program("agency"), actor=ACTOR, event=event)
    commit([put])
    return account_rows.stored(put)


def paid_by_client(world: World, relationship: Relationship = Relationship.REFERRED, **overrides: Any) -> Account:
    account = world.create(**overrides)
    return change(account, "account.updated", payer=account.id, relationship=relationship)


def card_of(payer: str, world: World, *, expires: tuple[int, int] = (2026, 2)) -> BillingProfile:
    year, month = expires
    card = Card(brand="visa", last4="4242", exp_month=month, exp_year=year)
    about: dict[str, Any] = {"name": "Acme Inc", "payment_method": "pm_card_visa", "default": True}
    profile = BillingProfile(
        id="bp_1", partner_id=payer, card=card, created_at=world.now, updated_at=world.now, **about
    )
    commit([profile_rows.put(profile, actor=ACTOR, event="billing_profile.created")])
    return profile


class TestCards:
    def test_a_client_gets_one_notice_of_its_card_that_expires(self, world: World) -> None:
        account = paid_by_client(world, language="de")
        card_of(account.id, world)

        for _ in range(2):
            expiring_cards.publish_expiring_cards(
                payer=account.id, today=date(2026, 1, 31), now=world.now, actor="schedule:renewals"
            )

        (event,) = published("billing_profile.card_expiring")
        assert (event.partner_id, event.account_id) == (account.id, account.id)
        assert notices.send(event, message_id="m1", now=world.now) is Outcome.SENT
        (mail,) = sandbox_mail.kept()
        assert (mail.to, mail.subject) == (
            "owner@acme.example",
            "Die Karte Visa •••• 4242 läuft am 28. Februar 2026 ab",
        )
        assert f"Anmelden: https://{account.name}.example.com" in mail.text
        assert mail.tags["partner"] == world.partner_id

    def test_of_an_account_that_is_gone_nobody_gets_a_notice(self, world: World) -> None:
        account = paid_by_client(world)
        card_of(account.id, world)
        expiring_cards.publish_expiring_cards(payer=account.id, today=date(2026, 1, 31), now=world.now, actor=ACTOR)
        (event,) = published("billing_profile.card_expiring")

        gone = replace(event, account_id="acct_gone", partner_id="acct_gone")

        assert notices.send(gone, message_id="m1", now=world.now) is Outcome.OUTDATED


class TestLogs:
    def test_of_a_referred_account_the_partner_reads_what_its_overview_shows(self, world: World) -> None:
        account = paid_by_client(world)

        change(account, "account.updated", language="de", billing_profile_id="bp_2", metadata={"team": "red"})
        change(account_rows.get(account.id) or account, "account.updated", client=replace(account.client, name="Acme"))

        *_, secret, shown = published("account.updated")
        assert (secret.partner_id, secret.before, secret.after) == (world.partner_id, {}, {})
        assert list(shown.after) == ["client"]

    @pytest.mark.parametrize(
        "type", ["account.renewal_upcoming", "account.renewed", "account.payment_failed", "account.payment_recovered"]
    )
    def test_of_its_payments_only_its_own_log_says_something(self, world: World, type: str) -> None:
        account = paid_by_client(world)

        change(account, type)

        (event,) = published(type)
        assert (event.partner_id, event.account_id) == (account.id, account.id)

    def test_of_a_managed_account_that_its_client_pays_for_the_partner_reads_all(self, world: World) -> None:
        account = paid_by_client(world, Relationship.MANAGED)

        change(account, "account.renewed", metadata={"team": "red"})

        (event,) = published("account.renewed")
        assert (event.partner_id, event.after) == (world.partner_id, {"metadata": {"team": "red"}})
