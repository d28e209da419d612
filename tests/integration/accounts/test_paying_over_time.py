"""What time does to an account that its client pays for: renewed, declined, retried, expired, and paid again (§9)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.accounts.accounts import ExpiryReason, PaymentState, Relationship, Status
from chalicelib.domain.accounts.actions import Caller, ClientPays, NotManaged
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.domain.refusals import NotFound
from chalicelib.gateways.due_queue import Due
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program
from chalicelib.services.accounts import accounts, plan_changes, revivals
from chalicelib.services.accounts.plan_changes import PlanChangeRequest
from chalicelib.services.accounts.priced_changes import NoCard
from chalicelib.services.accounts.revivals import RevivalRequest
from chalicelib.services.billing import invoices, payment_retries, refunds, single_bills
from chalicelib.services.partners import partners
from chalicelib.services.schedule.worker import take_due_steps
from chalicelib.services.wallet import forecasts
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

LITE = PlanRequest("S1", "email", "lite", 1000, Frequency.MONTHLY)
STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)
TRIAL = PlanRequest("S1", "email", "trial")
ONCE_PAID = "pm_card_declinedOnRenewal"


@pytest.fixture
def world(aws: None) -> World:
    return World(program="solutions")


def invoices_of(account_id: str) -> list[Invoice]:
    """The client's invoices, oldest first."""
    found, _ = invoices.list_invoices(
        payer=account_id, account_id=None, status=None, since=None, until=None, limit=100, start=None
    )
    return found[::-1]


def buy(world: World, account_id: str, plan: PlanRequest = STANDARD, *, by: Caller = Caller.CLIENT) -> None:
    plan_changes.change_plan(
        partner_id=world.partner_id,
        account_id=account_id,
        request=PlanChangeRequest(plan=plan),
        by=by,
        now=world.now,
        actor="client",
    )


def without_card(world: World) -> str:
    """An account whose client has no card left."""
    account = world.sign_up(plan=STANDARD)
    after = replace(account_rows.get(account.id) or account, billing_profile_id=None)
    commit([account_rows.put(after, program=program("solutions"), actor=ACTOR)])
    return account.id


def managed(world: World, **others: object) -> str:
    """An account that its partner manages and its client pays for."""
    account = world.sign_up(**{"plan": STANDARD} | others)  # type: ignore[arg-type]
    after = replace(account_rows.get(account.id) or account, relationship=Relationship.MANAGED)
    commit([account_rows.put(after, program=program("solutions"), actor=ACTOR)])
    return account.id


class TestRenewals:
    def test_a_declined_card_makes_it_past_due_and_after_the_last_retry_it_expires(self, world: World) -> None:
        account = world.sign_up(ONCE_PAID, plan=STANDARD)

        world.advance(days=32)
        past_due = world.account(account.id)
        world.advance(days=8)
        expired = world.account(account.id)

        assert past_due.payment_state is PaymentState.PAST_DUE
        assert (expired.status, expired.expiry_reason) == (Status.EXPIRED, ExpiryReason.NON_PAYMENT)
        assert [invoice.status for invoice in invoices_of(account.id)] == [
            InvoiceStatus.PAID,
            InvoiceStatus.UNCOLLECTIBLE,
        ]
        assert wallet_rows.get(account.id).active_paid_accounts == 0

    def test_without_a_card_the_renewal_is_declined_as_no_card(self, world: World) -> None:
        account_id = without_card(world)

        world.advance(days=32)

        attempt = invoices_of(account_id)[-1].attempts[0]
        assert world.account(account_id).payment_state is PaymentState.PAST_DUE
        assert attempt.decline_code == "no_card"

    def test_a_card_that_is_added_pays_the_open_invoice_with_the_next_sweep(self, world: World) -> None:
        account_id = without_card(world)
        world.advance(days=30)

        profile = payment_retries.set_own_card(account_id=account_id, payment_method="pm_card_visa", now=world.now)
        world.advance(days=0)

        account = world.account(account_id)
        assert account.payment_state is PaymentState.OK
        assert account.billing_profile_id == profile.id
        assert invoices_of(account_id)[-1].status is InvoiceStatus.PAID

    def test_another_card_takes_the_place_of_the_declined_one(self, world: World) -> None:
        account = world.sign_up(ONCE_PAID, plan=STANDARD)
        world.advance(days=30)

        payment_retries.set_own_card(account_id=account.id, payment_method="pm_card_visa", now=world.now)
        world.advance(days=0)

        (profile,) = profile_rows.all_of_partner(account.id)
        assert profile.card.last4 == "4242"
        assert world.account(account.id).payment_state is PaymentState.OK

    def test_the_client_has_the_payment_retried(self, world: World) -> None:
        account = world.sign_up(ONCE_PAID, plan=STANDARD)
        world.advance(days=30)
        payment_retries.set_own_card(account_id=account.id, payment_method="pm_card_visa", now=world.now)
        world.now += timedelta(minutes=2)

        paid = payment_retries.retry_payment(
            partner_id=world.partner_id, account_id=account.id, by=Caller.CLIENT, now=world.now, actor="client"
        )

        assert paid.payment_state is PaymentState.OK

    def test_a_trial_ends_by_itself_even_with_a_card(self, world: World) -> None:
        account = world.sign_up(plan=TRIAL)

        world.advance(days=61)

        assert world.account(account.id).status is Status.EXPIRED
        assert invoices_of(account.id) == []

    def test_a_message_sent_to_an_earlier_payer_changes_nothing(self, world: World) -> None:
        account = world.sign_up(plan=STANDARD)
        world.now += timedelta(days=40)

        take_due_steps(Due(world.partner_id, (account.id,), "renewals", "run_1"), now=world.now)

        assert world.account(account.id).period == account.period
        assert len(invoices_of(account.id)) == 1


class TestChangesByTheClient:
    def test_a_trial_becomes_paid_by_its_client_and_renews_a_month_later(self, world: World) -> None:
        account = world.sign_up(plan=TRIAL)
        world.advance(days=10)

        buy(world, account.id)
        world.advance(days=32)

        assert [invoice.total.amount for invoice in invoices_of(account.id)] == [3900, 3900]
        assert wallet_rows.get(account.id).active_paid_accounts == 1

    def test_without_a_card_it_is_asked_to_add_one(self, world: World) -> None:
        account = world.sign_up(None, plan=TRIAL)

        with pytest.raises(NoCard):
            buy(world, account.id)

    def test_an_upgrade_is_prorated_and_charged_to_its_own_card(self, world: World) -> None:
        account = world.sign_up(plan=LITE)
        world.advance(days=14)

        buy(world, account.id, STANDARD)

        upgrade = invoices_of(account.id)[-1]
        assert upgrade.payer == account.id
        assert 0 < upgrade.total.amount < 2000

    def test_what_the_period_was_paid_for_counts_whoever_paid_it(self, world: World) -> None:
        """The credit of an upgrade is at most what was paid, by an earlier payer too (§5)."""
        account = world.sign_up(plan=LITE)
        moved = replace(
            account,
            payer=world.partner_id,
            earlier_payers=(account.id,),
            billing_profile_id=world.card(),
            relationship=Relationship.MANAGED,
        )
        wallet = replace(world.wallet, active_paid_accounts=1)
        commit([account_rows.put(moved, program=program("solutions"), actor=ACTOR), wallet_rows.put(wallet)])
        world.advance(days=14)

        buy(world, account.id, STANDARD, by=Caller.PARTNER)

        (upgrade,) = world.invoices()
        assert upgrade.lines[0].amount.amount < 0  # the days left are credited

    def test_one_expired_for_non_payment_is_revived_by_its_client(self, world: World) -> None:
        account = world.sign_up(ONCE_PAID, plan=STANDARD)
        world.advance(days=45)
        payment_retries.set_own_card(account_id=account.id, payment_method="pm_card_visa", now=world.now)

        revived = revivals.renew(
            partner_id=world.partner_id,
            account_id=account.id,
            request=RevivalRequest(request_id="req_1"),
            by=Caller.CLIENT,
            now=world.now,
            actor="client",
        )

        assert revived.status is Status.ACTIVE


class TestRefunds:
    def test_a_refund_goes_to_the_client_that_paid(self, world: World) -> None:
        account = world.sign_up(plan=STANDARD)
        (invoice,) = invoices_of(account.id)

        entry, after = refunds.refund_invoice(
            refund_id=new_id("txn", at=world.now),
            payer=account.id,
            invoice_id=invoice.id,
            amount=None,
            now=world.now,
            actor=ACTOR,
        )

        assert (entry.payer, entry.to_card.amount) == (account.id, 3900)  # type: ignore[union-attr]
        assert after.refunded.amount == 3900

    def test_nobody_else_can_have_its_invoice(self, world: World) -> None:
        account = world.sign_up(plan=STANDARD)
        (invoice,) = invoices_of(account.id)

        with pytest.raises(NotFound):
            invoices.get_invoice(payer=world.partner_id, invoice_id=invoice.id)


class TestThePartner:
    def test_changes_nothing_of_an_account_it_only_refers(self, world: World) -> None:
        account = world.sign_up(plan=STANDARD)

        with pytest.raises(NotManaged):
            world.cancel(account.id)
        with pytest.raises(NotManaged):
            buy(world, account.id, LITE, by=Caller.PARTNER)

    def test_does_everything_for_a_managed_account_that_charges_its_client_nothing(self, world: World) -> None:
        account_id = managed(world)

        buy(world, account_id, LITE, by=Caller.PARTNER)
        accounts.disable_account(
            partner_id=world.partner_id, account_id=account_id, message=None, now=world.now, actor=ACTOR
        )
        world.cancel(account_id)

        assert world.account(account_id).status is Status.CANCELED

    def test_charges_the_client_of_a_managed_account_nothing(self, world: World) -> None:
        upgraded, trial = managed(world, plan=LITE), managed(world, plan=TRIAL)

        for account_id in (upgraded, trial):
            with pytest.raises(ClientPays):
                buy(world, account_id, STANDARD, by=Caller.PARTNER)

        assert len(invoices_of(upgraded)) == 1

    def test_retries_no_payment_of_a_client(self, world: World) -> None:
        account_id = managed(world, payment_method=ONCE_PAID)
        world.advance(days=30)

        with pytest.raises(ClientPays):
            payment_retries.retry_payment(
                partner_id=world.partner_id, account_id=account_id, now=world.now, actor=ACTOR
            )

    def test_puts_no_account_on_its_bill_that_it_does_not_manage(self, world: World) -> None:
        account = world.sign_up(plan=STANDARD)
        single_bills.set_up_single_bill(
            partner_id=world.partner_id, day=5, billing_profile_id=world.card(), now=world.now, actor=ACTOR
        )

        with pytest.raises(NotManaged):
            single_bills.put_account_on_bill(
                partner_id=world.partner_id, account_id=account.id, now=world.now, actor=ACTOR
            )

    def test_is_forecast_no_payment_of_its_clients(self, world: World) -> None:
        world.sign_up(plan=STANDARD)
        standing = partners.standing(partner_id=world.partner_id, now=world.now)

        ahead = forecasts.forecast(standing, until=(world.now + timedelta(days=60)).date(), now=world.now)

        assert ahead.payments == []
