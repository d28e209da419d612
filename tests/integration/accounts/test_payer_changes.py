"""A change of the payer with all that depends on it, in one transaction (docs/rules.md §9)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.accounts.actions import ClientPays
from chalicelib.domain.accounts.payers import PartnerPays, moved, paid_by_client
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.clients.rights import NotYoursToChange
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.models.billing import invoice_lists
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import WriteConflict
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program
from chalicelib.services.accounts import accounts, details, plan_changes
from chalicelib.services.accounts.details import DetailsRequest
from chalicelib.services.accounts.plan_changes import PlanChangeRequest
from chalicelib.services.accounts.transitions import Transition, write_transition
from chalicelib.services.audit.payer_audits import audit_with_clients
from chalicelib.services.billing import payment_retries, refunds, single_bills
from chalicelib.services.billing.single_bills import NotOnSingleBill
from chalicelib.services.clients import self_service
from chalicelib.services.partners import billing_profiles, partners
from tests.paying_clients import let_partner_manage
from tests.world import ACTOR, PLUS, TRIAL, World, raw_account

pytestmark = pytest.mark.usefixtures("aws")

STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)


@pytest.fixture
def world(aws: None) -> World:
    return World()


def managed(world: World, **wanted: Any) -> Account:
    """An account that the partner manages and its client pays for."""
    return let_partner_manage(world.sign_up(**wanted).id)


def take_over(world: World, account_id: str, **more: Any) -> Account:
    request = DetailsRequest(**{"billing_profile_id": world.card()} | more)
    return details.change_details(
        partner_id=world.partner_id, account_id=account_id, request=request, now=world.now, actor=ACTOR
    )


def give_to_client(world: World, account: Account) -> Account:
    bill = wallet_rows.get(account.payer).single_bill
    return written(world, account, paid_by_client(account, bill=bill, now=world.now))


def written(world: World, before: Account, after: Account) -> Account:
    change = Transition(before, after, "account.payer_changed")
    return write_transition(change, program=program(world.program), now=world.now, actor=ACTOR)


def invoices_of(payer: str) -> list[Invoice]:
    found, _ = invoice_lists.of_payer(payer, status=None, since=None, until=None, limit=50, start=None)
    return found[::-1]


def upgrade(world: World, account_id: str) -> Account:
    return plan_changes.change_plan(
        partner_id=world.partner_id,
        account_id=account_id,
        request=PlanChangeRequest(replace(PLUS, contacts=2500)),
        now=world.now,
        actor=ACTOR,
    )


def test_from_its_next_renewal_on_the_partner_is_charged_on_its_own_terms_and_numbers(world: World) -> None:
    world.create()
    before = managed(world)

    after = take_over(world, before.id)
    world.advance(days=30)

    renewed = world.account(before.id)
    assert (after.period, after.price, after.terms) == (before.period, before.price, before.terms)
    assert [each.number for each in invoices_of(before.id)] == [1]
    (invoice,) = world.invoices(before.id)[-1:]
    assert (invoice.payer, invoice.period) == (world.partner_id, renewed.period)
    assert renewed.terms is not None
    assert (renewed.terms.partner_percent, invoice.total.amount) == (25, 3675)


def test_the_account_counts_for_whoever_pays(world: World) -> None:
    account = managed(world)
    counted = [world.wallet.active_paid_accounts]

    account = take_over(world, account.id)
    counted.append(world.wallet.active_paid_accounts)
    assert wallet_rows.get(account.id).active_paid_accounts == 0

    give_to_client(world, account)
    counted.append(world.wallet.active_paid_accounts)
    assert wallet_rows.get(account.id).active_paid_accounts == 1
    assert counted == [0, 1, 0]


def test_a_new_payer_is_reminded_of_a_renewal_in_a_few_days_by_the_next_sweep(world: World) -> None:
    account = managed(world)
    world.advance(to=datetime(2026, 2, 26, 15, tzinfo=UTC))  # its client was reminded on the 21st
    world.run_schedules()
    world.now += timedelta(hours=1)

    take_over(world, account.id)

    audited = audit_with_clients(partner_id=world.partner_id, now=world.now)
    assert [finding for each in audited for finding in each.findings if finding.subject == account.id] == []
    assert world.account(account.id).reminded_for is None
    world.run_schedules()
    assert world.account(account.id).reminded_for == date(2026, 2, 28)


def test_a_card_that_had_expired_when_it_was_added_is_looked_at_by_the_next_sweep(world: World) -> None:
    account = give_to_client(world, world.create())
    world.run_schedules()
    world.now += timedelta(hours=1)

    payment_retries.set_own_card(account_id=account.id, payment_method="pm_card_expired", now=world.now)
    world.run_schedules()

    assert raw_account(account.id).due_at > world.now


def test_the_clients_card_is_taken_off_file_and_the_client_adds_one_if_it_ever_pays_again(world: World) -> None:
    account = managed(world)

    account = take_over(world, account.id)
    assert billing_profiles.find_own_card(account_id=account.id) is None
    with pytest.raises(NotFound):
        payment_retries.set_own_card(account_id=account.id, payment_method="pm_card_visa", now=world.now)

    account = give_to_client(world, account)
    assert account.billing_profile_id is None
    added = payment_retries.set_own_card(account_id=account.id, payment_method="pm_card_visa", now=world.now)
    assert billing_profiles.find_own_card(account_id=account.id) == added
    assert world.account(account.id).billing_profile_id == added.id


def test_without_a_card_the_renewal_of_a_client_that_became_the_payer_is_declined(world: World) -> None:
    account = give_to_client(world, world.create())

    world.advance(days=30)

    (invoice,) = invoices_of(account.id)
    assert (invoice.number, invoice.attempts[-1].decline_code) == (1, "no_card")
    assert world.account(account.id).overdue is not None


def test_what_the_client_paid_for_the_period_counts_and_a_refund_goes_to_the_client(world: World) -> None:
    account = managed(world)
    take_over(world, account.id)

    upgraded = upgrade(world, account.id)

    (paid,), (charged,) = invoices_of(account.id), world.invoices()
    assert [(line.kind, line.amount.amount) for line in charged.lines] == [("credit", -4900), ("plan", 7900)]
    entry, refunded = refunds.refund_invoice(
        refund_id="txn_BACK", payer=account.id, invoice_id=paid.id, amount=None, now=world.now, actor="operator"
    )
    assert (entry.payer, refunded.refunded.amount) == (account.id, 4900)
    assert world.wallet.balance.amount == 0
    assert upgraded.earlier_payers == (account.id,)


def test_money_set_aside_is_general_again_when_the_client_pays(world: World) -> None:
    account = world.create()
    world.buy(2_000, account_id=account.id)

    after = give_to_client(world, world.account(account.id))

    entry = world.journal()[-1]
    assert (after.set_aside, world.wallet.set_aside.amount, world.wallet.general.amount) == (None, 0, 2_000)
    assert (entry.account_id, entry.set_aside_change.amount, entry.payer) == (account.id, -2_000, world.partner_id)
    assert account_rows.set_asides(world.partner_id) == []


def test_a_partner_puts_an_account_that_its_client_pays_for_on_its_single_bill() -> None:
    world = World(program="solutions")
    account = managed(world, plan=STANDARD)
    on_the_bill = {"partner_id": world.partner_id, "account_id": account.id, "now": world.now, "actor": ACTOR}
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=15, billing_profile_id=world.card(), now=world.now, actor=ACTOR
    )

    after = single_bills.put_account_on_bill(**on_the_bill)
    again = single_bills.put_account_on_bill(**on_the_bill)
    world.advance(days=29)

    assert (after.payer, after.single_bill, after.billing_profile_id) == (world.partner_id, True, None)
    assert again == after
    (invoice,) = world.invoices()
    assert (invoice.bill_id, invoice.total.amount) == (world.wallet.single_bill.id, 3120)


def test_a_trial_is_taken_over_by_a_billing_profile_and_not_by_the_single_bill() -> None:
    world = World(program="solutions")
    trial = managed(world, payment_method=None, plan=PlanRequest("S1", "email", "trial"))
    single_bills.set_up_single_bill(
        partner_id=world.partner_id, day=15, billing_profile_id=world.card(), now=world.now, actor=ACTOR
    )

    with pytest.raises(NotOnSingleBill):
        single_bills.put_account_on_bill(partner_id=world.partner_id, account_id=trial.id, now=world.now, actor=ACTOR)

    assert take_over(world, trial.id).payer == world.partner_id


def test_who_takes_over_decides_in_the_same_request_what_only_the_payer_decides(world: World) -> None:
    account = managed(world)
    client = replace(account.client, email="new@acme.example")

    with pytest.raises(ClientPays):
        take_over(world, account.id, billing_profile_id=None, client=client)

    assert take_over(world, account.id, client=client).client == client


@pytest.mark.parametrize("named", ["somebody else's", "the client's own"])
def test_only_a_profile_of_the_partner_takes_over(world: World, named: str) -> None:
    account = managed(world)
    other = World(now=world.now).card() if named == "somebody else's" else account.billing_profile_id

    with pytest.raises(Invalid) as refused:
        take_over(world, account.id, billing_profile_id=other)

    assert list(refused.value.errors) == [("billing_profile_id", f"{other} is no billing profile of yours")]
    assert world.account(account.id).pays_itself


def test_a_profile_that_is_deleted_at_that_very_moment_takes_nothing_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, card = managed(world), world.card()
    get = billing_profiles.get_profile

    def deleted_once_read(*, partner_id: str, profile_id: str) -> Any:
        profile = get(partner_id=partner_id, profile_id=profile_id)
        monkeypatch.setattr(billing_profiles, "get_profile", get)
        billing_profiles.delete_profile(partner_id=partner_id, profile_id=profile_id, now=world.now, actor=ACTOR)
        return profile

    monkeypatch.setattr(billing_profiles, "get_profile", deleted_once_read)
    with pytest.raises(Invalid):
        take_over(world, account.id, billing_profile_id=card)

    assert world.account(account.id) == account


def test_a_plan_that_would_charge_the_client_is_refused_with_how_to_take_over(world: World) -> None:
    account = managed(world)
    trial = managed(world, payment_method=None, plan=TRIAL)

    for wanted in (account, trial):
        with pytest.raises(ClientPays, match=f"PATCH /v1/accounts/{wanted.id} .*/v1/accounts/{wanted.id}/single-bill"):
            plan_changes.change_plan(
                partner_id=world.partner_id,
                account_id=wanted.id,
                request=PlanChangeRequest(
                    replace(PLUS, contacts=2500), billing_profile_id=world.card() if wanted == trial else None
                ),
                now=world.now,
                actor=ACTOR,
            )


def test_a_plan_that_costs_as_much_charges_the_client_nothing_and_is_the_partners_to_choose(world: World) -> None:
    with_card, without = managed(world), give_to_client(world, world.create())

    for account in (with_card, without):
        wanted = PlanChangeRequest(replace(PLUS, limits={"email_sends": 50_000}))
        after = plan_changes.change_plan(
            partner_id=world.partner_id, account_id=account.id, request=wanted, now=world.now, actor=ACTOR
        )

        assert (after.plan.limits["email_sends"], after.price, after.payer) == (50_000, account.price, account.id)
        assert invoices_of(account.id)[-1].total.amount == 0


def test_a_client_whose_payment_was_just_taken_over_charges_nothing(world: World) -> None:
    signed_up = world.sign_up()
    before = let_partner_manage(signed_up.id)
    take_over(world, before.id)

    for ask in _by_the_session_of(signed_up, world):
        with pytest.raises(NotYoursToChange):
            ask()

    assert (len(invoices_of(before.id)), world.invoices()) == (1, [])


def _by_the_session_of(account: Account, world: World) -> list[Callable[[], Any]]:
    """What a client asks for whose session was read before its payment was taken over."""
    wanted = PlanChangeRequest(replace(PLUS, contacts=2500))
    return [
        lambda: self_service.change_plan(account, request=wanted, now=world.now),
        lambda: self_service.preview_plan(account, request=wanted, now=world.now),
        lambda: self_service.cancel(account, reason=None, retain_data=True, effective_date=None, now=world.now),
        lambda: self_service.retry_payment(account, now=world.now),
    ]


def test_of_two_changes_of_the_payer_at_once_one_is_worked_out_anew(world: World) -> None:
    account = managed(world)
    take_over(world, account.id)

    with pytest.raises(WriteConflict):
        written(world, account, replace(account, payer=world.partner_id, billing_profile_id=world.card()))

    assert world.wallet.active_paid_accounts == 1


def test_another_invoice_of_the_new_payer_at_the_same_moment_costs_a_second_try(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = managed(world)
    get, read = wallet_rows.get_or_new, []

    def overtaken(payer: str, *, currency: str) -> Any:
        wallet = get(payer, currency=currency)
        read.append(payer)
        if len(read) == 1:
            world.create()
        return wallet

    monkeypatch.setattr(wallet_rows, "get_or_new", overtaken)
    take_over(world, account.id)

    assert world.wallet.active_paid_accounts == 2


def test_an_account_moves_to_the_house_and_pays_for_itself_in_one_transaction(world: World) -> None:
    account = world.create(metadata={"team": "red"})
    world.buy(2_000, account_id=account.id)
    before = world.account(account.id)
    house = partners.house_of("agency", now=world.now, actor=ACTOR)

    after = written(
        world,
        before,
        moved(
            before,
            partner_id=house.id,
            relationship=Relationship.REFERRED,
            pays=None,
            bill=world.wallet.single_bill,
            now=world.now,
        ),
    )

    assert account_rows.get(account.id) == after
    assert (after.partner_id, after.payer, after.earlier_payers) == (house.id, account.id, (world.partner_id,))
    assert (raw_account(account.id).set_aside_of, world.wallet.set_aside.amount) == (None, 0)
    assert (wallet_rows.get(account.id).active_paid_accounts, world.wallet.active_paid_accounts) == (1, 0)
    assert [each.account.id for each in overview_rows.summaries_of(house.id)] == [account.id]
    assert list(overview_rows.summaries_of(world.partner_id)) == []
    with pytest.raises(NotFound):
        world.account(account.id)


def test_an_account_moves_between_partners_and_counts_for_the_new_one_at_once(world: World) -> None:
    account = world.create()
    other = World(now=world.now)
    pays = PartnerPays(other.card())

    moving = moved(
        account, partner_id=other.partner_id, relationship=Relationship.MANAGED, pays=pays, bill=None, now=world.now
    )
    after = written(world, account, moving)
    other.advance(days=30)

    assert (world.wallet.active_paid_accounts, other.wallet.active_paid_accounts) == (0, 1)
    assert after.period == account.period
    assert [each.number for each in other.invoices()] == [1]
    assert [each.number for each in world.invoices()] == [1]


def test_what_is_to_be_written_with_a_change_is_written_with_it_or_keeps_it_from_being_made(world: World) -> None:
    account = managed(world)
    card = profile_rows.get(world.partner_id, world.card())
    assert card is not None
    stale = replace(card, version=7)
    after = replace(account, language="de")

    with pytest.raises(WriteConflict):
        write_transition(
            Transition(account, after, "", others=(profile_rows.put(stale, actor=ACTOR, event=""),)),
            program=program("agency"),
            now=world.now,
            actor=ACTOR,
        )

    assert accounts.get_account(partner_id=world.partner_id, account_id=account.id).language == "en"
