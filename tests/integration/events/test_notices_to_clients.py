"""Notices to clients who pay for their accounts, and whose log says what (docs/rules.md §9, §11)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.calendar import Frequency, local_date
from chalicelib.domain.events.events import Event
from chalicelib.gateways import sandbox_mail
from chalicelib.gateways.payments import Registered
from chalicelib.gateways.sandbox_payments import SandboxPayments
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import Write, commit
from chalicelib.programs import program
from chalicelib.services.billing import payment_retries
from chalicelib.services.events import event_log, notices
from chalicelib.services.events.notices import Outcome
from chalicelib.services.partners import expiring_cards
from tests.integration.events.test_event_log import stream
from tests.paying_clients import let_partner_take_over
from tests.world import ACTOR, PLUS, World

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


def managed(world: World) -> Account:
    """An account that its partner manages and its client pays for."""
    return change(world.sign_up(), "account.updated", relationship=Relationship.MANAGED)


def replace_card(account: Account, *, year: int, month: int) -> None:
    """Let the account's card be valid until the end of this month."""
    (profile,) = profile_rows.all_of_partner(account.id)
    card = replace(profile.card, exp_year=year, exp_month=month)
    commit([profile_rows.put(replace(profile, card=card), actor=ACTOR, event="billing_profile.updated")])
    change(account, "account.updated", card_notice_on=card.notice_on)


class TestCards:
    def test_a_client_gets_one_notice_of_its_card_that_expires(self, world: World) -> None:
        account = world.sign_up(language="de")
        replace_card(account, year=2026, month=3)

        world.advance(days=60)

        (event,) = published("billing_profile.card_expiring")
        assert (event.partner_id, event.account_id) == (account.id, account.id)
        assert notices.send(event, message_id="m1", now=event.at) is Outcome.SENT
        (mail,) = sandbox_mail.kept()
        assert (mail.to, mail.subject) == ("owner@acme.example", "Die Karte Visa •••• 4242 läuft am 31. März 2026 ab")
        assert f"Anmelden: https://{account.name}.example.com" in mail.text
        assert mail.tags["partner"] == account.id, "if it bounces, its partner does not read of it"

    def test_who_pays_by_the_year_gets_it_in_the_month_before_too(self, world: World) -> None:
        account = world.sign_up(plan=replace(PLUS, billing_frequency=Frequency.ANNUAL))
        replace_card(account, year=2026, month=7)

        world.advance(days=120)
        early = published("billing_profile.card_expiring")
        world.advance(days=60)

        (event,) = published("billing_profile.card_expiring")
        assert early == []
        assert local_date(event.at, account.time_zone) == date(2026, 6, 1)

    def test_a_new_card_has_its_own_day(self, world: World) -> None:
        account = world.sign_up()
        replace_card(account, year=2026, month=3)

        payment_retries.set_own_card(account_id=account.id, payment_method="pm_card_createDispute", now=world.now)
        world.advance(days=60)

        assert published("billing_profile.card_expiring") == []
        assert world.account(account.id).card_notice_on == date(2034, 11, 1)

    def test_a_new_card_at_the_moment_of_the_notice_gets_its_own_even_if_it_expires_the_same_month(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account = world.sign_up()
        soon = replace(profile_rows.all_of_partner(account.id)[0].card, exp_year=2026, exp_month=3)
        replace_card(account, year=2026, month=3)
        monkeypatch.setattr(SandboxPayments, "register", lambda _, **given: Registered(soon, "pm_card_visa", None))

        def too_late(writes: Sequence[Write]) -> None:
            monkeypatch.setattr(expiring_cards, "commit", commit)
            payment_retries.set_own_card(account_id=account.id, payment_method="pm_card_visa", now=world.now)
            commit(writes)

        monkeypatch.setattr(expiring_cards, "commit", too_late)
        world.advance(days=60)

        assert len(published("billing_profile.card_expiring")) == 1

    def test_a_card_that_is_valid_longer_needs_none(self, world: World) -> None:
        replace_card(world.sign_up(), year=2026, month=6)

        world.advance(days=60)

        assert published("billing_profile.card_expiring") == []

    def test_of_an_account_that_is_gone_nobody_gets_a_notice(self, world: World) -> None:
        account = world.sign_up()
        (event,) = published("account.created")
        gone = replace(event, type="billing_profile.card_expiring", account_id="acct_gone", partner_id="acct_gone")

        assert account.pays_itself
        assert notices.send(gone, message_id="m1", now=world.now) is Outcome.OUTDATED


class TestLogs:
    def test_of_a_referred_account_the_partner_reads_what_its_overview_shows(self, world: World) -> None:
        account = world.sign_up()

        change(account, "account.updated", language="de", billing_profile_id="bp_2", metadata={"team": "red"})
        change(account_rows.get(account.id) or account, "account.updated", client=replace(account.client, name="Acme"))

        secret, shown = published("account.updated")
        assert (secret.partner_id, secret.before, secret.after) == (world.partner_id, {}, {})
        assert list(shown.after) == ["client"]

    @pytest.mark.parametrize(
        "type", ["account.renewal_upcoming", "account.renewed", "account.payment_failed", "account.payment_recovered"]
    )
    def test_of_its_payments_only_its_own_log_says_something(self, world: World, type: str) -> None:
        account = world.sign_up()

        change(account, type)

        (event,) = published(type)
        assert (event.partner_id, event.account_id) == (account.id, account.id)

    def test_of_a_managed_account_that_its_client_pays_for_the_partner_reads_all(self, world: World) -> None:
        account = managed(world)

        change(account, "account.renewed", metadata={"team": "red"})

        (event,) = published("account.renewed")
        assert (event.partner_id, event.after) == (world.partner_id, {"metadata": {"team": "red"}})

    def test_of_a_payment_taken_over_the_partner_reads_its_own_card_and_not_the_clients(self, world: World) -> None:
        account = managed(world)
        assert account.billing_profile_id is not None

        after = let_partner_take_over(account.id, billing_profile_id=world.card())

        (event,) = published("account.payer_changed")
        assert event.partner_id == world.partner_id
        assert event.before == {"payer": "client", "billing_profile_id": None}
        assert event.after == {"payer": "partner", "billing_profile_id": after.billing_profile_id}
        (card,) = published("billing_profile.deleted")
        assert card.partner_id == account.id

    def test_a_reminder_goes_to_the_client_at_list_price(self, world: World) -> None:
        for _ in range(2):
            world.create()
        account = world.sign_up()
        world.advance(days=22)
        events = published("account.renewal_upcoming")
        (event,) = [event for event in events if event.account_id == account.id]

        assert notices.send(event, message_id="m1", now=world.now) is Outcome.SENT

        (mail,) = sandbox_mail.kept()
        assert mail.to == "owner@acme.example"
        assert "Price: $49.00" in mail.text
        assert f"Log in: https://{account.name}.example.com" in mail.text
