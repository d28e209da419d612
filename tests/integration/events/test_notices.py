"""Notices as mails: once each, at least once, and none to an address that refuses them (docs/decisions/notices.md)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.events.events import Event
from chalicelib.domain.events.notices.kinds import kind_of
from chalicelib.domain.setup.branding import Branding
from chalicelib.gateways import sandbox_mail
from chalicelib.models.events import notices as notice_rows
from chalicelib.models.events import suppressions as suppression_rows
from chalicelib.models.events.notices import ClaimedByAnother
from chalicelib.services.events import event_log, notices, suppressions
from chalicelib.services.events.notices import Outcome
from chalicelib.services.setup import branding
from tests.integration.events.test_event_log import stream
from tests.world import ACTOR, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")


class Killed(BaseException):
    """The function is gone in the middle of it."""


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def reminder(world: World) -> Event:
    """An account's reminder of its renewal."""
    world.create()
    world.advance(days=22)
    return told("account.renewal_upcoming")[0]


def told(*types: str) -> list[Event]:
    """Every event so far, or those of some types."""
    found = (event for change in stream() for event in event_log.events_of(*change))
    return [event for event in found if event is not None and (not types or event.type in types)]


def send(event: Event, world: World, message_id: str = "m1") -> Outcome:
    return notices.send(event, message_id=message_id, now=world.now)


def inbox() -> list[tuple[str, str]]:
    return [(row.to, row.subject) for row in sandbox_mail.kept()]


REMINDED = [("ops@bright.example", "acme-1 renews on 28 February 2026")]


class TestOnce:
    def test_a_notice_is_mailed_to_its_recipient(self, world: World, reminder: Event) -> None:
        assert send(reminder, world) is Outcome.SENT

        (mail,) = sandbox_mail.kept()
        assert inbox() == REMINDED
        assert mail.tags == {
            "notice": "renewal_upcoming",
            "event": reminder.id,
            "partner": world.partner_id,
            "account": reminder.account_id,
        }
        assert mail.from_name == "Sublet"

    def test_a_notice_wears_the_accounts_branding(self, world: World, reminder: Event) -> None:
        assert reminder.account_id is not None
        worn = Branding(product_name="Bright Mail", reply_to="help@bright.example")
        branding.set_branding(
            partner_id=world.partner_id, account_id=reminder.account_id, branding=worn, now=world.now, actor=ACTOR
        )

        send(reminder, world)

        (mail,) = sandbox_mail.kept()
        assert (mail.from_name, mail.reply_to) == ("Bright Mail", "help@bright.example")
        assert "Bright Mail sends this" in mail.text

    @pytest.mark.parametrize("again", ["m1", "m2"])
    def test_an_event_that_comes_again_is_not_mailed_again(self, world: World, reminder: Event, again: str) -> None:
        send(reminder, world)

        assert send(reminder, world, again) is Outcome.REPEATED

        assert inbox() == REMINDED

    def test_two_deliveries_at_once_send_one_mail(
        self, world: World, reminder: Event, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def overtaken(mail: Any, *, now: Any) -> str:
            monkeypatch.undo()
            with pytest.raises(ClaimedByAnother):
                send(reminder, world, "m2")  # and so comes again
            return notices.mailer().send(mail, now=now)

        monkeypatch.setattr(sandbox_mail.SandboxMailer, "send", lambda _, mail, now: overtaken(mail, now=now))

        send(reminder, world, "m1")

        assert send(reminder, world, "m2") is Outcome.REPEATED
        assert inbox() == REMINDED


class TestCutOff:
    """The function is killed between its writes, and the message comes again."""

    @pytest.fixture
    def kill(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], None]:
        def at(thing: Any, name: str) -> None:
            def killed(*_: Any, **__: Any) -> None:
                monkeypatch.undo()
                raise Killed

            monkeypatch.setattr(thing, name, killed)

        return at

    def test_before_it_claims_the_mail_is_sent_the_next_time(self, world: World, reminder: Event, kill: Any) -> None:
        kill(notice_rows, "claim")
        with pytest.raises(Killed):
            send(reminder, world)

        assert send(reminder, world) is Outcome.SENT
        assert inbox() == REMINDED

    def test_after_it_claimed_the_mail_is_sent_the_next_time(self, world: World, reminder: Event, kill: Any) -> None:
        kill(sandbox_mail.SandboxMailer, "send")
        with pytest.raises(Killed):
            send(reminder, world)

        assert send(reminder, world) is Outcome.SENT
        assert inbox() == REMINDED

    def test_another_message_waits_for_a_claim_that_may_still_be_alive(
        self, world: World, reminder: Event, kill: Any
    ) -> None:
        kill(sandbox_mail.SandboxMailer, "send")
        with pytest.raises(Killed):
            send(reminder, world, "m1")

        with pytest.raises(ClaimedByAnother):
            send(reminder, world, "m2")
        world.now += timedelta(minutes=10, seconds=1)

        assert send(reminder, world, "m2") is Outcome.SENT
        assert send(reminder, world, "m1") is Outcome.REPEATED
        assert inbox() == REMINDED

    def test_after_the_mail_left_it_leaves_once_more_rather_than_never(
        self, world: World, reminder: Event, kill: Any
    ) -> None:
        kill(notice_rows, "remember_sent")
        with pytest.raises(Killed):
            send(reminder, world)

        send(reminder, world)
        send(reminder, world, "m2")

        assert inbox() == REMINDED * 2


class TestOutdated:
    def test_after_an_outage_nobody_is_reminded_of_a_renewal_that_has_been(self, world: World) -> None:
        world.create()
        world.now += timedelta(days=40)
        world.run_schedules()
        world.run_schedules()
        reminders = told("account.renewal_upcoming")

        assert reminders
        assert {send(event, world, event.id) for event in reminders} <= {Outcome.OUTDATED, Outcome.SENT}
        renewals = [subject for _, subject in inbox()]
        assert renewals in ([], ["acme-1 renews on 31 March 2026"])

    def test_a_partner_that_is_gone_is_told_nothing(self, world: World, reminder: Event) -> None:
        assert send(replace(reminder, partner_id="prt_gone"), world) is Outcome.OUTDATED
        assert send(replace(reminder, account_id="acct_gone"), world) is Outcome.OUTDATED


def bounce(address: str, world: World, **overrides: Any) -> dict[str, Any]:
    """A report as SES puts it on the bus."""
    return {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "NoEmail",
            "bouncedRecipients": [{"emailAddress": address}],
        }
        | overrides,
        "mail": {"messageId": "1", "destination": [address], "tags": {"partner": [world.partner_id]}},
    }


def complaint(address: str, kind: str | None = None) -> dict[str, Any]:
    return {
        "eventType": "Complaint",
        "complaint": {"complainedRecipients": [{"emailAddress": address}], "complaintFeedbackType": kind},
        "mail": {"messageId": "1", "destination": [address], "tags": {}},
    }


class TestRefusingAddresses:
    def test_nothing_is_sent_to_an_address_that_bounced(self, world: World, reminder: Event) -> None:
        suppressions.suppress(bounce("OPS@bright.example", world), now=world.now)

        assert send(reminder, world) is Outcome.SUPPRESSED
        assert inbox() == []

    def test_nothing_is_sent_to_one_that_complained(self, world: World, reminder: Event) -> None:
        suppressions.suppress(complaint("ops@bright.example"), now=world.now)

        assert send(reminder, world) is Outcome.SUPPRESSED

    def test_a_bounce_that_passes_and_a_complaint_taken_back_suppress_nothing(self, world: World) -> None:
        full = bounce("ops@bright.example", world, bounceType="Transient", bounceSubType="MailboxFull")

        assert suppressions.suppress(full, now=world.now) == []
        assert suppressions.suppress(complaint("ops@bright.example", "not-spam"), now=world.now) == []
        assert not suppression_rows.is_suppressed("ops@bright.example")

    def test_the_partner_whose_mail_it_was_reads_of_it_once(self, world: World) -> None:
        for _ in range(2):
            suppressions.suppress(bounce("ops@bright.example", world), now=world.now)

        (event,) = told("notice.bounced", "notice.complained")
        assert (event.type, event.partner_id) == ("notice.bounced", world.partner_id)
        assert event.data == {"address": "ops@bright.example", "reason": "bounce", "detail": "NoEmail"}

    def test_mail_that_was_nobodys_notice_is_suppressed_without_an_event(self, world: World) -> None:
        assert suppressions.suppress(complaint("x@acme.example"), now=world.now)

        assert told("notice.complained") == []


def test_trials_and_failures_are_told_in_the_language_of_the_account(world: World) -> None:
    world.create(plan=TRIAL, language="de", name="probe")
    world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"), name="klamm", language="de-AT")
    sent: list[Outcome] = []
    for _ in range(40):
        known = {event.id for event in told()}
        world.advance(days=1)
        news = [event for event in told() if event.id not in known and kind_of(event) is not None]
        sent += [send(event, world, event.id) for event in news]

    assert set(sent) == {Outcome.SENT}
    assert [subject for _, subject in inbox()] == [
        "Die Testzeit von probe endet am 14. Februar 2026",
        "Die Testzeit von probe ist zu Ende",
        "klamm verlängert sich am 28. Februar 2026",
        "Die Zahlung für klamm ist fehlgeschlagen",
        "Das Konto klamm ist abgelaufen, weil es nicht bezahlt wurde",
    ]
