"""Permission to manage, written: what one transaction changes, who is told, and who comes too late (rules §9, §11)."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account, ManagementRequestStatus, Relationship, Status
from chalicelib.domain.accounts.actions import NotManaged, TransitionRefused
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.clients.rate_limits import TooManyTries
from chalicelib.domain.events.events import Event
from chalicelib.domain.refusals import NotFound, Refusal
from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.domain.setup.custom_domains import DomainState
from chalicelib.domain.transfers.management_requests import (
    Decision,
    ManagementRequest,
    NoOpenRequest,
    PaidByItsPartner,
    RequestOver,
)
from chalicelib.gateways import sandbox_mail
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.setup import custom_domains as domain_rows
from chalicelib.models.transactions import commit
from chalicelib.models.transfers import management_requests as request_rows
from chalicelib.programs import program
from chalicelib.services.accounts import accounts, details
from chalicelib.services.clients import login_links
from chalicelib.services.events import event_log, notices
from chalicelib.services.events.notices import Outcome
from chalicelib.services.setup import branding
from chalicelib.services.transfers import consent_links, management_requests
from tests.breaker import Breaker, Fault
from tests.integration.events.test_event_log import stream
from tests.rivals import STANDARD
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

API = "https://api.example"
TRIAL = PlanRequest("S1", "email", "trial")
CONFIRM, DECLINE = Decision.CONFIRM, Decision.DECLINE


@pytest.fixture
def world() -> World:
    return World(program="solutions")


def sign_up(world: World, **more: Any) -> Account:
    return world.sign_up(**{"plan": STANDARD} | more)


def ask(world: World, account: Account, *, id: str = "mreq_1") -> ManagementRequest:
    return management_requests.request_permission(
        request_id=id, partner_id=world.partner_id, account_id=account.id, base_url=API, now=world.now, actor=ACTOR
    )


def answer(world: World, account: Account, decision: Decision = CONFIRM, *, id: str = "mreq_1") -> Account:
    return management_requests.answer(account_id=account.id, request_id=id, decision=decision, now=world.now)


def withdraw(world: World, account: Account) -> ManagementRequest:
    return management_requests.withdraw(partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR)


def end(world: World, account: Account) -> Account:
    return management_requests.end_permission(account_id=account.id, now=world.now)


def lapse(world: World, account: Account) -> str:
    request = stored()
    return management_requests.lapse(request_id=request.id, now=request.expires_at, actor="schedule:renewals")


def stored(id: str = "mreq_1") -> ManagementRequest:
    request = request_rows.get(id)
    assert request is not None
    return request


def managed(world: World, **more: Any) -> Account:
    account = sign_up(world, **more)
    ask(world, account)
    return answer(world, account)


def published() -> list[Event]:
    return [event for change in stream() for event in event_log.events_of(*change)]


def mailed(event: Event, *, now: datetime) -> tuple[Outcome, Any]:
    outcome = notices.send(event, message_id="m1", now=now)
    return outcome, sandbox_mail.kept()[-1] if outcome is Outcome.SENT else None


class TestAsking:
    def test_the_account_shows_the_open_request_and_the_partner_lists_it(self, world: World) -> None:
        account, other = sign_up(world), sign_up(world)
        request = ask(world, account)
        world.now += timedelta(hours=1)
        later = ask(world, other, id="mreq_2")

        assert world.account(account.id).last_request is not None

        def listed(account_id: str | None = None, status: ManagementRequestStatus | None = None) -> list[str]:
            page, _ = management_requests.list_requests(
                partner_id=world.partner_id,
                account_id=account_id,
                status=status,
                limit=9,
                start=None,
                now=world.now,
            )
            return [each.id for each in page]

        assert listed() == [later.id, request.id]
        assert listed(account_id=account.id) == [request.id]
        assert listed(status=ManagementRequestStatus.OPEN) == [later.id, request.id]
        assert listed(status=ManagementRequestStatus.LAPSED) == []
        world.now = request.expires_at
        assert listed(status=ManagementRequestStatus.OPEN) == []
        assert listed(status=ManagementRequestStatus.LAPSED) == [later.id, request.id]

    def test_a_repeated_request_is_the_same_even_after_its_answer(self, world: World) -> None:
        account = sign_up(world)
        ask(world, account)
        answer(world, account)

        assert ask(world, account) == stored()
        assert stored().status is ManagementRequestStatus.CONFIRMED

    def test_the_account_of_another_partner_is_not_found(self, world: World) -> None:
        account, stranger = sign_up(world), World(program="solutions")

        with pytest.raises(NotFound):
            ask(stranger, account)
        ask(world, account)
        with pytest.raises(NotFound):
            withdraw(stranger, account)

    def test_three_mails_a_day_reach_a_client_and_no_more(self, world: World) -> None:
        account = sign_up(world)
        for number in range(3):
            ask(world, account, id=f"mreq_{number}")
            withdraw(world, account)

        with pytest.raises(TooManyTries):
            ask(world, account, id="mreq_4")
        assert sign_up(world).id != account.id
        world.now += timedelta(days=1)
        assert ask(world, account, id="mreq_4").status is ManagementRequestStatus.OPEN

    def test_a_request_that_is_refused_is_not_counted(self, world: World) -> None:
        account = sign_up(world)
        ask(world, account)
        for number in range(5):
            with pytest.raises(Refusal, match="is open"):
                ask(world, account, id=f"mreq_x{number}")
        withdraw(world, account)

        assert ask(world, account, id="mreq_2").status is ManagementRequestStatus.OPEN

    def test_its_client_gets_a_link_that_the_event_does_not_tell(self, world: World) -> None:
        account = sign_up(world, language="de")
        ask(world, account)
        (event,) = [each for each in published() if each.type == "management_request.created"]

        outcome, mail = mailed(event, now=world.now)

        assert outcome is Outcome.SENT
        assert (mail.to, "Bright Agency möchte Ihr Konto" in mail.subject) == ("owner@acme.example", True)
        assert "vollen Zugriff" in mail.text
        (token,) = re.findall(rf"{API}/public/management-requests/(\S+)", mail.text)
        asked = consent_links.asked_by(token, now=world.now)
        assert (asked.account.id, asked.partner.id, asked.request.id) == (account.id, world.partner_id, "mreq_1")
        assert (event.partner_id, event.account_id) == (world.partner_id, account.id)
        assert event.data.keys() == {"account_id", "management_request_id", "status", "expires_at"}
        assert mailed(event, now=world.now) == (Outcome.REPEATED, None)

    def test_a_request_that_is_over_is_not_mailed_any_more(self, world: World) -> None:
        account = sign_up(world)
        ask(world, account)
        (event,) = [each for each in published() if each.type == "management_request.created"]
        withdraw(world, account)

        assert mailed(event, now=world.now) == (Outcome.OUTDATED, None)


class TestLinks:
    @pytest.fixture
    def account(self, world: World) -> Account:
        account = sign_up(world)
        ask(world, account)
        return account

    @pytest.fixture
    def token(self, world: World, account: Account) -> str:
        link = consent_links.link_to_answer("mreq_1", now=world.now)
        assert link is not None
        return link.rpartition("/")[2]

    def test_it_fits_into_a_path(self, token: str) -> None:
        assert len(token) <= 255, "more is taken for no id"

    def test_it_lasts_as_long_as_the_request(self, token: str) -> None:
        until = stored().expires_at

        assert consent_links.asked_by(token, now=until - timedelta(seconds=1)).request.id == "mreq_1"
        with pytest.raises(NotFound):
            consent_links.asked_by(token, now=until)

    def test_another_email_of_the_clients_ends_it(self, world: World, account: Account, token: str) -> None:
        current = world.account(account.id)
        changed = replace(current, client=replace(current.client, email="new@acme.example"))
        commit([account_rows.put(changed, program=program("solutions"), actor=ACTOR, event="account.updated")])

        with pytest.raises(NotFound):
            consent_links.asked_by(token, now=world.now)
        assert answer(world, account).relationship is Relationship.MANAGED, "after logging in"

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "ey" * 900])
    def test_anything_else_leads_to_nothing(self, world: World, token: str) -> None:
        with pytest.raises(NotFound):
            consent_links.asked_by(token, now=world.now)


class TestAnswering:
    def test_who_confirms_is_managed_and_pays_on(self, world: World) -> None:
        account = sign_up(world)
        before = world.account(account.id)
        ask(world, account)
        world.now += timedelta(days=1)

        answer(world, account)

        after = world.account(account.id)
        assert (after.relationship, after.notification_email) == (Relationship.MANAGED, "books@bright.example")
        assert (after.payer, after.price, after.period) == (account.id, before.price, before.period)
        assert world.wallet.active_paid_accounts == 0
        events = {each.type: each for each in published()}
        assert events["management_request.confirmed"].data["status"] == "confirmed"
        granted = events["account.permission_granted"]
        assert (granted.partner_id, granted.actor) == (world.partner_id, "client")
        assert (granted.before["relationship"], granted.after["relationship"]) == ("referred", "managed")
        _, mail = mailed(granted, now=world.now)
        assert (mail.to, mail.subject) == ("books@bright.example", f"You may now manage the account {account.name}")
        world.advance(days=31)
        (renewal,) = [each for each in published() if each.type == "account.renewed"]
        assert renewal.partner_id == world.partner_id

    def test_who_declines_stays_as_it_was_and_the_partner_is_told(self, world: World) -> None:
        account = sign_up(world)
        ask(world, account)

        answer(world, account, DECLINE)

        assert world.account(account.id).relationship is Relationship.REFERRED
        (event,) = [each for each in published() if each.type == "management_request.declined"]
        _, mail = mailed(event, now=world.now)
        assert mail.subject == f"Your request to manage the account {account.name} was declined"

    def test_the_same_answer_again_writes_nothing(self, world: World) -> None:
        account = managed(world)

        answer(world, account)

        assert stored().revision == 2
        assert len([each for each in published() if each.type == "account.permission_granted"]) == 1

    def test_a_client_who_has_logged_in_answers_the_last_request(self, world: World) -> None:
        account = sign_up(world)
        with pytest.raises(NoOpenRequest):
            management_requests.answer_open(account, decision=CONFIRM, now=world.now)
        ask(world, account)

        current = world.account(account.id)
        assert management_requests.answer_open(current, decision=DECLINE, now=world.now).last_request
        assert stored().status is ManagementRequestStatus.DECLINED

    def test_a_request_about_another_account_is_not_found(self, world: World) -> None:
        ask(world, sign_up(world))

        with pytest.raises(NotFound):
            answer(world, sign_up(world))

    def test_the_partner_may_do_what_a_manager_may(self, world: World) -> None:
        account = managed(world)

        wanted = details.DetailsRequest(notification_email="ops@bright.example")
        details.change_details(
            partner_id=world.partner_id, account_id=account.id, request=wanted, now=world.now, actor=ACTOR
        )
        accounts.disable_account(
            partner_id=world.partner_id, account_id=account.id, message=None, now=world.now, actor=ACTOR
        )
        assert world.account(account.id).status is Status.DISABLED


class TestLapsing:
    def test_after_thirty_days_by_its_alarm(self, world: World) -> None:
        account = sign_up(world)
        request = ask(world, account)

        world.advance(to=request.expires_at - timedelta(seconds=1))
        assert stored().status is ManagementRequestStatus.OPEN
        world.advance(to=request.expires_at)

        assert stored().status is ManagementRequestStatus.LAPSED
        last = world.account(account.id).last_request
        assert last is not None
        assert last.status is ManagementRequestStatus.LAPSED
        (event,) = [each for each in published() if each.type == "management_request.lapsed"]
        assert event.actor == "schedule:renewals"
        _, mail = mailed(event, now=world.now)
        assert mail.subject == f"Your request to manage the account {account.name} has lapsed"

    def test_twice_at_once_it_lapses_once(self, world: World) -> None:
        account = sign_up(world)
        ask(world, account)

        assert lapse(world, account) == "management_request_lapsed"
        assert lapse(world, account) == "management_request_not_due"

    @pytest.mark.parametrize("decision", Decision)
    def test_what_is_answered_has_no_alarm(self, world: World, decision: Decision) -> None:
        account = sign_up(world, payment_method=None, plan=TRIAL)
        ask(world, account)
        answer(world, account, decision)

        world.now = stored().expires_at
        world.run_schedules()

        assert stored().status.value == {CONFIRM: "confirmed", DECLINE: "declined"}[decision]


class TestEnding:
    def test_the_partner_can_do_nothing_more_and_nothing_of_its_is_left(self, world: World) -> None:
        account = managed(world)
        named = {"partner_id": world.partner_id, "account_id": account.id, "now": world.now, "actor": ACTOR}
        branding.set_branding(branding=Branding(product_name="Bright Mail"), **named)
        with_domain = replace(
            world.account(account.id), custom_domain="mail.acme.example", domain_state=DomainState.VERIFIED
        )
        put = account_rows.put(with_domain, program=program("solutions"), actor=ACTOR, event="account.domain_verified")
        commit([put, domain_rows.take("mail.acme.example", account_id=account.id)])
        accounts.disable_account(message="Call us.", **named)

        end(world, account)

        after = world.account(account.id)
        assert (after.relationship, after.status, after.custom_domain) == (Relationship.REFERRED, Status.ACTIVE, None)
        assert after.notification_email == "owner@acme.example"
        assert branding_rows.get(account.id) == PLAIN
        commit([domain_rows.take("mail.acme.example", account_id="acct_OTHER")])
        for refused in (
            lambda: accounts.disable_account(message=None, **named),
            lambda: branding.set_branding(branding=Branding(product_name="Again"), **named),
            lambda: login_links.create_link(base_url=API, **named),
        ):
            with pytest.raises(NotManaged):
                refused()
        (event,) = [each for each in published() if each.type == "account.permission_ended"]
        assert (event.partner_id, event.after["relationship"]) == (world.partner_id, "referred")
        assert "custom_domain" not in event.after
        _, mail = mailed(event, now=world.now)
        assert mail.subject == f"You no longer manage the account {account.name}"

    def test_again_it_changes_nothing(self, world: World) -> None:
        account = managed(world)
        end(world, account)

        end(world, account)

        assert len([each for each in published() if each.type == "account.permission_ended"]) == 1

    def test_not_by_a_client_whose_partner_pays(self, world: World) -> None:
        with pytest.raises(PaidByItsPartner):
            end(world, world.create(plan=STANDARD))

    def test_a_branding_set_at_that_very_moment_does_not_stay(self, world: World) -> None:
        account = managed(world)
        named = {"partner_id": world.partner_id, "account_id": account.id, "now": world.now, "actor": ACTOR}

        def rebrand() -> None:
            branding.set_branding(branding=Branding(product_name="Bright Mail"), **named)

        overtaken(rebrand, by=lambda: end(world, account), refusal=NotManaged)

        assert branding_rows.get(account.id) == PLAIN


RIVALS: dict[str, Callable[[World, Account], Any]] = {
    "confirm": lambda world, account: answer(world, account, CONFIRM),
    "decline": lambda world, account: answer(world, account, DECLINE),
    "withdraw": withdraw,
    "lapse": lambda world, account: lapse(world, account),
}
ENDS = {"confirm": "confirmed", "decline": "declined", "withdraw": "withdrawn", "lapse": "lapsed"}
AT_ONCE = [
    ("confirm", "confirm", None),
    ("confirm", "decline", RequestOver),
    ("confirm", "withdraw", RequestOver),
    ("confirm", "lapse", RequestOver),
    ("decline", "confirm", RequestOver),
    ("withdraw", "confirm", RequestOver),
    ("withdraw", "withdraw", None),
    ("lapse", "confirm", None),
    ("lapse", "lapse", None),
]


class TestAtOnce:
    @pytest.mark.parametrize(("late", "first", "refusal"), AT_ONCE)
    def test_what_is_written_first_holds(
        self, world: World, late: str, first: str, refusal: type[Refusal] | None
    ) -> None:
        account = sign_up(world)
        ask(world, account)

        overtaken(lambda: RIVALS[late](world, account), by=lambda: RIVALS[first](world, account), refusal=refusal)

        assert stored().status.value == ENDS[first]
        assert stored().revision == 2
        after = world.account(account.id)
        assert after.last_request is not None
        assert after.last_request.status.value == ENDS[first]
        assert (after.relationship is Relationship.MANAGED) is (first == "confirm")

    def test_two_requests_are_one(self, world: World) -> None:
        account = sign_up(world)

        overtaken(lambda: ask(world, account, id="mreq_2"), by=lambda: ask(world, account), refusal=TransitionRefused)

        assert request_rows.get("mreq_2") is None
        assert stored().status is ManagementRequestStatus.OPEN

    def test_a_renewal_in_between_loses_nothing(self, world: World) -> None:
        account = sign_up(world)
        world.advance(days=27)
        ask(world, account)
        alarm = world.next_alarm()
        assert alarm is not None
        world.now = alarm

        overtaken(lambda: answer(world, account), by=world.run_schedules, refusal=None)

        after = world.account(account.id)
        assert (after.relationship, after.charges) == (Relationship.MANAGED, 2)


def overtaken(run: Callable[[], Any], *, by: Callable[[], Any], refusal: type[Refusal] | None) -> None:
    """Let ``by`` happen just before the first transaction of ``run``."""

    class AtTheWrite(Breaker):
        def _next(self, call: str) -> Fault | None:
            super()._next(call)
            if self.injected or self._elsewhere or not call.startswith("TransactWriteItems"):
                return None
            self.injected = True
            return Fault.OVERTAKEN

    breaker = AtTheWrite(overtake=by)
    with breaker.watching(), pytest.raises(refusal) if refusal else nullcontext():
        run()
    assert breaker.injected
