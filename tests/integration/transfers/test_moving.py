"""Accounts that move from partner to partner, on the tables (docs/rules.md §9)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account, PaymentState, Relationship, Status
from chalicelib.domain.accounts.actions import Caller, RenewalDue, TransitionRefused
from chalicelib.domain.accounts.payers import InvoiceUnpaid
from chalicelib.domain.audit import Kind
from chalicelib.domain.calendar import Frequency, first_instant
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.ids import derived_id
from chalicelib.domain.partners.partners import house_id
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound
from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.domain.transfers.management_requests import Decision
from chalicelib.domain.transfers.moves import MoveRefused, PlanNeeded, SetUpLeft
from chalicelib.domain.transfers.transfers import AlreadyAnswered, Letter, Transfer, TransferRefused, TransferStatus
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import accounts, plan_changes
from chalicelib.services.accounts.plan_changes import PlanChangeRequest
from chalicelib.services.audit import payer_audits, payers
from chalicelib.services.billing import invoices, payment_retries, single_bills
from chalicelib.services.clients import login_links, sessions
from chalicelib.services.clients.sessions import SessionOver
from chalicelib.services.partners import billing_profiles
from chalicelib.services.setup import branding, custom_domains
from chalicelib.services.transfers import moves, owners, transfers
from chalicelib.services.transfers.filing import AlreadyYours
from chalicelib.services.transfers.transfers import TransferOpen
from tests.moving import BASE, Moving, mails
from tests.world import ACTOR, PLUS, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

LITE = PlanRequest("S1", "email", "lite", 1000, Frequency.MONTHLY)
CHILD = PlanRequest("Franchise", "ACHQ", "standard", 1000, Frequency.ANNUAL)


@pytest.fixture
def moving(aws: None) -> Moving:
    return Moving()


def test_an_account_moves_with_its_paid_period_and_the_next_renewal_is_the_new_partners(moving: Moving) -> None:
    before = moving.old.create()
    moving.old.create()
    moving.old.buy(5_000, account_id=before.id)

    after = moving.moved_in(before)

    assert (after.partner_id, after.payer, after.period) == (
        moving.new.partner_id,
        moving.new.partner_id,
        before.period,
    )
    assert (moving.old.wallet.active_paid_accounts, moving.new.wallet.active_paid_accounts) == (1, 1)
    assert (moving.old.wallet.balance.amount, moving.old.wallet.set_aside.amount) == (5_000, 0)
    moving.advance(days=30)
    assert [each.total.amount for each in moving.old.invoices() if each.account_id == before.id] == [4900]
    (renewal,) = moving.new.invoices(before.id)
    assert (renewal.number, renewal.total.amount, renewal.period.start) == (
        1,
        4410,
        before.period.end,
    )  # migrated: 10 %


def test_the_old_partner_keeps_the_invoices_of_its_time_and_the_new_one_sees_only_its_own(moving: Moving) -> None:
    account = moving.old.create()
    moving.moved_in(account)
    moving.advance(days=30)

    assert [each.payer for each in moving.old.invoices(account.id)] == [moving.old.partner_id]
    assert [each.payer for each in moving.new.invoices(account.id)] == [moving.new.partner_id]
    with pytest.raises(NotFound):
        accounts.get_account(partner_id=moving.old.partner_id, account_id=account.id)
    with pytest.raises(NotFound):
        World(now=moving.now).invoices(account.id)
    assert list(overview_rows.summaries_of(moving.old.partner_id)) == []
    assert [each.account.id for each in overview_rows.summaries_of(moving.new.partner_id)] == [account.id]


class TestOnTheRenewalDay:
    def test_a_second_before_it_the_account_moves_and_the_new_partner_pays(self, moving: Moving) -> None:
        account = moving.old.create()
        transfer = moving.agreed(account)
        moving.at(first_instant(account.period.end, account.time_zone) - timedelta(seconds=1))

        moving.approve(transfer)
        moving.later(seconds=1)
        moving.old.run_schedules()

        assert [len(world.invoices()) for world in (moving.old, moving.new)] == [1, 1]

    def test_from_its_first_instant_on_it_waits_for_the_renewal_which_the_old_partner_pays(
        self, moving: Moving
    ) -> None:
        account = moving.old.create()
        transfer = moving.agreed(account)
        moving.at(first_instant(account.period.end, account.time_zone))

        with pytest.raises(RenewalDue):
            moving.approve(transfer)
        moving.old.run_schedules()
        moving.approve(transfer)

        assert [len(world.invoices()) for world in (moving.old, moving.new)] == [2, 0]
        assert moving.account(account.id).period.start == account.period.end


def test_what_hinders_the_approval_keeps_the_transfer_waiting(moving: Moving) -> None:
    account = moving.old.create(billing_profile_id=moving.old.card("pm_card_declinedOnRenewal"))
    transfer = moving.agreed(account)
    moving.advance(days=29)
    assert moving.account(account.id).payment_state is PaymentState.PAST_DUE

    with pytest.raises(InvoiceUnpaid):
        moving.approve(transfer)

    assert transfers.get_any(transfer_id=transfer.id).status is TransferStatus.WAITING_FOR_OPERATOR


def test_everything_that_the_old_partner_set_up_ends(moving: Moving) -> None:
    account = moving.old.create(metadata={"team": "red"})
    named = {"partner_id": moving.old.partner_id, "account_id": account.id, "now": moving.now, "actor": ACTOR}
    branding.set_branding(branding=Branding(product_name="Bright"), **named)
    custom_domains.set_domain(domain="mail.acme.test", **named)
    custom_domains.verify_domain(**named)
    accounts.disable_account(message="Call us.", **named)
    named["actor"] = f"api_key:{derived_id('key', moving.old.partner_id, 'first')}"
    link = login_links.create_link(base_url=BASE, **named).url.rpartition("/")[2]
    session = login_links.use_link(
        token=login_links.create_link(base_url=BASE, **named).url.rpartition("/")[2], now=moving.now
    )

    after = moving.moved_in(account)

    assert (after.status, dict(after.metadata), after.custom_domain) == (Status.ACTIVE, {}, None)
    assert branding_rows.get(account.id) == PLAIN
    other = moving.new.create(name="other", custom_domain="mail.acme.test")
    new = {"partner_id": moving.new.partner_id, "account_id": other.id, "now": moving.now, "actor": ACTOR}
    assert custom_domains.verify_domain(**new).state == "verified"
    with pytest.raises(SessionOver):
        sessions.get_session(session.token, now=moving.now)
    with pytest.raises(NotFound):
        login_links.use_link(token=link, now=moving.now)
    moving.old, moving.new = moving.new, moving.old
    moving.moved_in(after)
    with pytest.raises(SessionOver):  # nor does it come to life again when the account comes back
        sessions.get_session(session.token, now=moving.now)


def test_the_request_that_created_it_shows_its_old_partner_nothing_when_it_is_repeated(moving: Moving) -> None:
    request = {"id": "acct_1", "name": "acme", "billing_profile_id": moving.old.card()}
    account = moving.old.create(**request)
    assert moving.old.create(**request) == account
    moving.moved_in(account)

    with pytest.raises(KeyReused, match="moved"):
        moving.old.create(**request)


def test_the_client_is_mailed_a_link_for_a_new_password(moving: Moving) -> None:
    transfer = moving.approve(moving.agreed(moving.old.create()))

    mail = moving.mailed(transfer, "password_reset")
    assert (mail.to, "/public/password-resets/" in mail.text) == ("owner@acme.example", True)
    assert moving.step(transfer) == "transfer_not_due"


class TestRemoval:
    def test_the_account_goes_to_the_house_and_its_client_pays_once_it_has_a_card(self, moving: Moving) -> None:
        account = moving.old.create()

        transfer = moving.approve(moving.file_out(account))

        after = moving.account(account.id)
        assert (after.partner_id, after.payer, after.relationship) == (
            house_id("agency"),
            account.id,
            Relationship.REFERRED,
        )
        assert (moving.old.wallet.active_paid_accounts, wallet_rows.get(account.id).active_paid_accounts) == (0, 1)
        assert moving.step(transfer) == "mail_password_reset"
        assert f"{BASE}/public/accounts/{account.name}/settings" in moving.mailed(transfer, "card_link").text
        assert moving.step(transfer) == "transfer_not_due"
        moving.advance(days=29)
        assert moving.account(account.id).payment_state is PaymentState.PAST_DUE
        assert [each.account.id for each in overview_rows.summaries_of(house_id("agency"))] == [account.id]

    def test_branding_and_domain_go_first(self, moving: Moving) -> None:
        account = moving.old.create()
        named = {"partner_id": moving.old.partner_id, "account_id": account.id, "now": moving.now, "actor": ACTOR}
        branding.set_branding(branding=Branding(product_name="Bright"), **named)

        with pytest.raises(SetUpLeft, match="branding"):
            moving.file_out(account)
        branding.set_branding(branding=PLAIN, **named)
        transfer = moving.file_out(account)
        custom_domains.set_domain(domain="mail.acme.test", **named)
        with pytest.raises(SetUpLeft, match="domain"):
            moving.approve(transfer)

    def test_it_needs_the_clients_email_and_one_request_is_enough(self, moving: Moving) -> None:
        account = moving.old.create()

        with pytest.raises(Invalid) as refused:
            moving.file_out(account, client_email="somebody@acme.example")
        assert refused.value.errors == (("client_email", "is not the email address of the account's client"),)
        moving.file_out(account)
        with pytest.raises(TransferOpen):
            moving.file_out(account)

    def test_an_account_without_a_price_goes_to_the_house_of_another_program_with_a_plan_of_it(self) -> None:
        moving = Moving(old=World(program="franchise"))
        account = moving.old.create(plan=CHILD, billing_profile_id=None)
        with pytest.raises(Invalid) as refused:
            moving.file_out(account)
        assert [field for field, _ in refused.value.errors] == ["plan"]

        after = moving.moved_out(account, plan=replace(PLUS, billing_frequency=Frequency.ANNUAL))

        assert (after.partner_id, after.plan.tier) == (house_id("agency"), "standard")
        moving.at(first_instant(after.period.end, after.time_zone))
        moving.old.run_schedules()
        (overdue,) = [moving.account(account.id).overdue]
        assert overdue is not None
        assert (overdue.total.amount, overdue.period.start) == (49_000, after.period.end)

    def test_its_client_keeps_the_limits_of_the_plan_that_waits(self) -> None:
        moving = Moving(old=World(program="franchise"))
        waiting = replace(PLUS, limits={"email_sends": 12_345})  # agreed with the vendor, not on the list
        account = moving.moved_out(moving.old.create(plan=CHILD), plan=waiting)

        after = plan_changes.change_plan(
            partner_id=account.partner_id,
            account_id=account.id,
            request=PlanChangeRequest(replace(waiting, contacts=2500)),
            by=Caller.CLIENT,
            now=moving.now,
            actor="client",
        )

        assert after.pending_change is not None
        assert (after.pending_change.plan.contacts, after.pending_change.plan.limits["email_sends"]) == (2500, 12_345)


class TestIntoAnotherProgram:
    def test_the_request_gives_a_plan_which_counts_from_the_next_renewal_on(self) -> None:
        moving = Moving(new=World(program="solutions"))
        account = moving.old.create()
        transfer = moving.agreed(account)
        assert transfers.needs_of(transfer) == ["plan"]
        with pytest.raises(PlanNeeded):
            moving.approve(transfer)
        named = {"partner_id": moving.new.partner_id, "transfer_id": transfer.id, "now": moving.now, "actor": ACTOR}
        with pytest.raises(Invalid) as refused:
            transfers.give_plan(plan=PlanRequest("S1", "email", "trial"), **named)
        assert [field for field, _ in refused.value.errors] == ["plan.tier"]
        transfer = transfers.give_plan(plan=LITE, **named)
        assert transfers.needs_of(transfer) == []

        moving.approve(transfer)
        with pytest.raises(TransitionRefused, match="not offered in this program"):
            plan_changes.withdraw(partner_id=moving.new.partner_id, account_id=account.id, now=moving.now, actor=ACTOR)
        moving.advance(days=30)

        after = moving.account(account.id)
        assert (after.plan.tier, after.anchor, after.pending_change) == ("lite", account.anchor, None)
        (renewal,) = moving.new.invoices(account.id)
        assert (renewal.total.amount, renewal.period.start) == (1900, account.period.end)

    def test_a_trial_becomes_a_trial_there_and_ends_on_its_day(self) -> None:
        moving = Moving(new=World(program="solutions"))
        account = moving.old.create(plan=TRIAL)

        after = moving.moved_in(account)
        moving.advance(days=14)

        assert (after.kind, after.plan.pricing_version, after.period) == (PlanKind.TRIAL, "S1", account.period)
        assert moving.account(account.id).status is Status.EXPIRED

    def test_a_card_that_its_client_is_adding_meanwhile_sets_its_alarm_by_the_new_program(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        moving = Moving(new=World(program="solutions"))
        account = moving.old.sign_up(None, plan=TRIAL)
        transfer = moving.agreed(account, relationship=Relationship.REFERRED)
        register, put, programs = billing_profiles.register_own_card, account_rows.put, []

        def registered(**named: Any) -> Any:
            moving.approve(transfer)
            monkeypatch.setattr(account_rows, "put", noted)
            return register(**named)

        def noted(account: Account, *, program: Program, **named: Any) -> Any:
            programs.append(program.name)
            return put(account, program=program, **named)

        monkeypatch.setattr(billing_profiles, "register_own_card", registered)

        payment_retries.set_own_card(
            account_id=account.id, payment_method="pm_card_visa", now=moving.now, actor="client"
        )

        assert programs == ["solutions"]


class TestTheOwner:
    def test_declining_changes_nothing_and_is_final(self, moving: Moving) -> None:
        account = moving.old.create()
        transfer = moving.file_in(account)
        token = moving.token(transfer)

        for _ in range(2):
            assert owners.answer(token=token, decision=Decision.DECLINE, now=moving.now).status == "declined"
        with pytest.raises(AlreadyAnswered):
            owners.answer(token=token, decision=Decision.CONFIRM, now=moving.now)

        assert moving.account(account.id) == account

    def test_opening_the_page_changes_nothing(self, moving: Moving) -> None:
        transfer = moving.file_in(moving.old.create())
        token = moving.token(transfer)
        before = transfers.get_any(transfer_id=transfer.id)

        asked = owners.asked_by(token, now=moving.now)

        assert asked.planned is not None
        assert asked.planned.after.partner_id == moving.new.partner_id
        assert transfers.get_any(transfer_id=transfer.id) == before

    def test_a_link_ends_with_another_email_and_with_a_move(self, moving: Moving) -> None:
        account = moving.old.create()
        first = moving.token(moving.file_in(account))
        other = Moving(old=moving.old, new=World())
        second = other.token(other.file_in(account))

        moving.approve(owners.answer(token=first, decision=Decision.CONFIRM, now=moving.now))

        with pytest.raises(NotFound):
            owners.asked_by(second, now=moving.now)
        assert owners.asked_by(first, now=moving.now).status is TransferStatus.COMPLETED

    @pytest.mark.parametrize("email", ["somebody@acme.example", "owner@acme.example"])
    @pytest.mark.parametrize("name", ["nobody-has-this", None])
    def test_the_partner_sees_no_difference_whether_there_is_such_an_account(
        self, moving: Moving, email: str, name: str | None
    ) -> None:
        account = moving.old.create()

        transfer = moving.file_in(account, account=name or account.name, owner_email=email)
        moving.old.run_schedules()

        shown = transfers.get_transfer(partner_id=moving.new.partner_id, transfer_id=transfer.id)
        assert (shown.status, shown.account_id, shown.revision, shown.letters) == ("waiting_for_owner", None, 1, ())
        mailed = [mail for mail in mails() if "/public/transfers/" in mail.text]
        assert len(mailed) == (name is None and email == account.client.email)

    def test_a_partner_has_one_request_for_an_account_open_at_a_time(self, moving: Moving) -> None:
        account = moving.old.create(plan=TRIAL)
        first = moving.file_in(account)

        with pytest.raises(TransferOpen, match=first.id):
            moving.file_in(account)
        moving.agree(first, Decision.DECLINE)
        moving.approve(moving.agreed(account))
        moving.old, moving.new = moving.new, moving.old
        moving.approve(moving.agreed(moving.account(account.id)))
        moving.old, moving.new = moving.new, moving.old
        moving.file_in(moving.account(account.id))

    @pytest.mark.parametrize("direction", ["in", "out"])
    def test_the_same_request_twice_at_once_is_filed_once(
        self, moving: Moving, direction: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account = moving.old.create()
        request = moving.wanted_in(account) if direction == "in" else moving.wanted_out(account)
        first = moving.file(request, id="xfer_1")
        reads = transfers.transfer_rows.get
        answers = iter([None])  # the second looks a moment before the first is written
        monkeypatch.setattr(transfers.transfer_rows, "get", lambda id: next(answers, reads(id)))

        assert moving.file(request, id="xfer_1") == first

    def test_an_account_of_ones_own_does_not_move_in(self, moving: Moving) -> None:
        with pytest.raises(AlreadyYours):
            moving.file(moving.wanted_in(moving.new.create()))

    def test_mails_to_one_address_wait_for_the_next_day_after_ten(self, moving: Moving) -> None:
        accounts = [moving.old.create(plan=TRIAL) for _ in range(11)]
        requests = [moving.file_in(account) for account in accounts]

        done = [moving.step(each) for each in requests]
        assert done == ["mail_owner_link"] * 10 + ["transfer_mail_waits"]
        moving.later(days=1, seconds=-1)
        assert moving.step(requests[10]) == "transfer_not_due"
        moving.later(seconds=1)
        assert moving.step(requests[10]) == "mail_owner_link"


class TestItsEnd:
    def test_it_lapses_when_nobody_has_answered(self, moving: Moving) -> None:
        transfer = moving.agreed(moving.old.create())
        moving.at(transfer.expires_at - timedelta(seconds=1))
        assert moving.step(transfer) == "transfer_not_due"

        moving.later(seconds=1)

        with pytest.raises(TransferRefused, match="lapsed"):
            moving.approve(transfer)
        assert moving.step(transfer) == "transfer_lapsed"
        assert transfers.get_any(transfer_id=transfer.id).status is TransferStatus.LAPSED

    def test_what_was_answered_in_time_does_not_lapse(self, moving: Moving, monkeypatch: pytest.MonkeyPatch) -> None:
        """The answer is written between the worker's look at the request and its own write."""
        transfer = moving.agreed(moving.old.create(plan=replace(PLUS, billing_frequency=Frequency.ANNUAL)))
        ends = transfers.end

        def overtaken(*given: Any, **named: Any) -> Transfer:
            moving.at(transfer.expires_at - timedelta(seconds=1))
            moving.approve(transfer)
            return ends(*given, **named)

        moving.at(transfer.expires_at)
        monkeypatch.setattr(transfers, "end", overtaken)

        assert moving.step(transfer) == "transfer_completed"

        kept = transfers.get_any(transfer_id=transfer.id)
        assert (kept.status, kept.letters) == (TransferStatus.COMPLETED, (Letter.PASSWORD_RESET,))

    def test_withdrawn_or_rejected_it_is_over_and_the_account_can_be_asked_for_again(self, moving: Moving) -> None:
        account = moving.old.create()
        first = moving.file_out(account)
        named = {"now": moving.now, "actor": ACTOR}
        for _ in range(2):
            transfers.withdraw(partner_id=moving.old.partner_id, transfer_id=first.id, **named)
        second = moving.file_out(account)

        rejected = transfers.reject(transfer_id=second.id, reason="Not yet.", **named)

        assert (rejected.status, rejected.reason) == (TransferStatus.REJECTED, "Not yet.")
        with pytest.raises(TransferRefused):
            moving.approve(second)
        with pytest.raises(TransferRefused):
            transfers.withdraw(partner_id=moving.old.partner_id, transfer_id=second.id, **named)
        with pytest.raises(NotFound):
            transfers.withdraw(partner_id=moving.new.partner_id, transfer_id=moving.file_out(account).id, **named)

    def test_a_move_ends_the_other_requests_for_the_account(self, moving: Moving) -> None:
        account = moving.old.create()
        removal = moving.file_out(account)

        moving.moved_in(account)

        ended = transfers.get_any(transfer_id=removal.id)
        assert (ended.status, ended.reason) == (TransferStatus.REJECTED, moves.MOVED)

    def test_an_approval_repeated_moves_once(self, moving: Moving) -> None:
        transfer = moving.agreed(moving.old.create())

        first, second = moving.approve(transfer), moving.approve(transfer)

        assert first == second
        assert moving.new.wallet.active_paid_accounts == 1


def test_it_goes_on_the_single_bill_of_the_new_partner() -> None:
    moving = Moving(old=World(program="solutions"), new=World(program="solutions"))
    account = moving.old.create(plan=LITE)
    single_bills.set_up_single_bill(
        partner_id=moving.new.partner_id, day=15, billing_profile_id=moving.new.card(), now=moving.now, actor=ACTOR
    )

    after = moving.moved_in(account, single_bill=True)
    moving.advance(days=29)

    assert (after.single_bill, after.billing_profile_id) == (True, None)
    (billed,) = moving.new.invoices(account.id)
    assert (billed.bill_id is not None, billed.total.amount) == (True, 1520)  # the bill's 20 %


def test_what_is_on_the_open_bill_of_the_old_partner_stays_there() -> None:
    moving = Moving(old=World(program="solutions"), new=World(program="solutions"))
    single_bills.set_up_single_bill(
        partner_id=moving.old.partner_id, day=15, billing_profile_id=moving.old.card(), now=moving.now, actor=ACTOR
    )
    account = moving.old.create(plan=LITE, single_bill=True, billing_profile_id=None)

    moving.moved_in(account)
    moving.advance(days=30)

    (billed,), (renewal,) = moving.old.invoices(account.id), moving.new.invoices(account.id)
    assert (billed.status, billed.bill_id is not None) == ("paid", True)
    assert (renewal.bill_id, renewal.card_charged) == (None, renewal.total)


def test_a_card_that_is_gone_at_the_approval_is_said(moving: Moving) -> None:
    card = moving.new.card()
    transfer = moving.agreed(moving.old.create(), billing_profile_id=card)
    billing_profiles.delete_profile(partner_id=moving.new.partner_id, profile_id=card, now=moving.now, actor=ACTOR)

    with pytest.raises(MoveRefused, match=card):
        moving.approve(transfer)


def test_the_preview_is_what_the_approval_does(moving: Moving) -> None:
    account = moving.old.create()
    transfer = moving.agreed(account)

    planned = moves.preview_move(transfer_id=transfer.id, now=moving.now)
    assert moving.account(account.id) == account
    moving.approve(transfer)

    stored = moving.account(account.id)
    assert planned.after == replace(stored, version=planned.after.version, revision=planned.after.revision)
    moving.advance(days=30)
    (renewal,) = invoices.list_invoices(
        payer=moving.new.partner_id,
        account_id=account.id,
        status=None,
        since=None,
        until=None,
        limit=10,
        start=None,
    )[0]
    assert planned.next_price == renewal.total


def test_the_books_are_right_after_moves_in_and_out(moving: Moving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payer_audits, "_MOMENT_SECONDS", 0)
    in_again, out = moving.old.create(), moving.old.create()
    moving.old.buy(5_000, account_id=in_again.id)
    moving.moved_in(in_again)
    moving.moved_out(out)
    moving.advance(days=35)

    found = [
        each for audited, _ in payer_audits.audit_all(payers.Position(), now=moving.now) for each in audited.findings
    ]
    assert [each for each in found if each.kind is not Kind.ALARM_LATE] == []  # balance checks do not run here
