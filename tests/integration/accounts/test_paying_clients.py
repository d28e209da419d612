"""Accounts that their clients pay for, from the first charge on (docs/rules.md §9)."""

from dataclasses import replace

import pytest

from chalicelib.domain.accounts.accounts import Relationship, Status
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.domain.refusals import Invalid, KeyReused
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.billing import invoice_lists
from chalicelib.models.billing import parties as party_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import Put, Write, commit
from chalicelib.models.wallet import balance_checks as check_rows
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program
from chalicelib.services.accounts import own_accounts, passwords
from chalicelib.services.accounts.names import NameTaken
from chalicelib.services.accounts.quotes import QuoteChanged
from chalicelib.services.charging.results import CardDeclined
from chalicelib.services.partners import billing_profiles, partners
from tests.breaker import cut_off_at_the_card
from tests.counting import requests_counted
from tests.world import ACTOR, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)
NEW = "acct_01ARZ3NDEKTSV4RRFFQ69G5FAV"
SOLUTIONS_TRIAL = PlanRequest("S1", "email", "trial")


@pytest.fixture
def world(aws: None) -> World:
    return World(program="solutions")


def test_a_client_buys_a_plan_at_list_price_with_its_own_card_and_its_own_invoice_number(world: World) -> None:
    account = world.sign_up(plan=STANDARD)

    (invoice,), _ = invoice_lists.of_payer(account.id, status=None, since=None, until=None, limit=10, start=None)
    assert (account.status, account.relationship, account.payer) == (Status.ACTIVE, Relationship.REFERRED, account.id)
    assert (invoice.number, invoice.total.amount, invoice.card_charged.amount) == (1, 3900, 3900)
    assert account.billing_profile_id == billing_profiles.own_card_id(account.id)
    assert profile_rows.get(account.id, account.billing_profile_id).card.last4 == "4242"
    assert wallet_rows.get(account.id).active_paid_accounts == 1


def test_its_invoice_names_the_client_as_the_customer(world: World) -> None:
    account = world.sign_up(plan=STANDARD)

    (invoice,), _ = invoice_lists.of_payer(account.id, status=None, since=None, until=None, limit=10, start=None)
    customer = party_rows.get(account.id, invoice.parties).customer
    assert (customer.name, customer.email, customer.country) == ("Acme Inc", "owner@acme.example", "US")


def test_another_process_that_renews_it_knows_that_its_parties_are_stored(world: World) -> None:
    account = world.sign_up(plan=STANDARD)
    party_rows.keep.cache_clear()

    with requests_counted() as asked:
        world.advance(days=31)

    invoices = invoice_lists.of_payer(account.id, status=None, since=None, until=None, limit=10, start=None)[0]
    assert len({each.parties for each in invoices}) == 1 < len(invoices)
    assert "PutItem ledger" not in asked


def test_a_renewal_with_another_address_names_that(world: World) -> None:
    account = world.sign_up(plan=STANDARD)
    moved = replace(account_rows.get(account.id), country="IE")
    commit([account_rows.put(moved, program=program("solutions"), actor=ACTOR)])

    world.advance(days=31)

    invoices = invoice_lists.of_payer(account.id, status=None, since=None, until=None, limit=10, start=None)[0]
    named = {
        each.number: party_rows.get(account.id, each.parties).customer.country for each in invoices if each.parties
    }
    assert named == {1: "US", 2: "IE"}


def test_it_counts_for_no_discount_and_no_invoice_of_its_partner() -> None:
    world = World(program="agency")

    world.sign_up()

    assert world.wallet.active_paid_accounts == 0
    assert world.invoices() == []


def test_it_has_no_partner_discount_however_many_accounts_the_partner_has() -> None:
    world = World(program="agency")
    world.create()
    world.create()

    account = world.sign_up()

    assert account.price is not None
    assert account.price.amount == 4900
    assert account.terms is not None
    assert account.terms.partner_percent == 0


def test_a_declined_card_leaves_nothing_behind(world: World) -> None:
    account_id = new_id("acct", at=world.now)

    with pytest.raises(CardDeclined):
        world.sign_up("pm_card_chargeDeclined", id=account_id, plan=STANDARD, name="acme")

    assert account_rows.get(account_id) is None
    assert name_rows.owner("acme") is None
    assert wallet_rows.find(account_id) is None
    assert profile_rows.get(account_id, billing_profiles.own_card_id(account_id)) is None
    assert world.next_alarm() is None


def test_a_declined_card_leaves_nothing_behind_either_if_the_worker_has_to_finish(world: World) -> None:
    cut_off_at_the_card(lambda: world.sign_up("pm_card_chargeDeclined", id=NEW, name="taken", plan=STANDARD))
    assert account_rows.get(NEW) is not None

    world.advance(days=1)

    assert account_rows.get(NEW) is None
    assert name_rows.owner("taken") is None
    assert wallet_rows.find(NEW) is None
    assert profile_rows.all_of_partner(NEW) == []


def test_a_trial_needs_no_card_and_one_given_with_it_is_kept_and_not_charged(world: World) -> None:
    without = world.sign_up(None, plan=SOLUTIONS_TRIAL)
    with_card = world.sign_up(plan=SOLUTIONS_TRIAL)

    assert without.billing_profile_id is None
    assert profile_rows.get(with_card.id, with_card.billing_profile_id or "") is not None
    assert wallet_rows.get(without.id).last_invoice_number == 0
    assert wallet_rows.get(with_card.id).active_paid_accounts == 0


def test_the_client_chooses_its_password(world: World) -> None:
    account = world.sign_up(None, plan=SOLUTIONS_TRIAL, password="another-long-one")

    assert passwords.matches("another-long-one", name_rows.password_hash(account.name))


def test_a_weak_password_is_refused(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        world.sign_up(None, plan=SOLUTIONS_TRIAL, password="short")

    assert refused.value.errors[0][0] == "password"


def test_a_priced_plan_without_a_card_is_refused(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        world.sign_up(None, plan=STANDARD)

    assert [field for field, _ in refused.value.errors] == ["payment_method"]


def test_another_price_than_the_expected_one_charges_nothing(world: World) -> None:
    with pytest.raises(QuoteChanged):
        world.sign_up(plan=STANDARD, expect_due_today=1)


def test_the_same_request_again_returns_the_same_account_and_charges_once(world: World) -> None:
    account_id = new_id("acct", at=world.now)
    wanted = {"id": account_id, "plan": STANDARD, "name": "acme"}

    first, again = world.sign_up(**wanted), world.sign_up(**wanted)

    assert first == again
    assert wallet_rows.get(account_id).last_invoice_number == 1


def test_another_request_under_the_same_id_is_refused(world: World) -> None:
    account = world.sign_up(plan=STANDARD)

    with pytest.raises(KeyReused):
        world.sign_up("pm_card_visa_debit", id=account.id, plan=STANDARD)


def test_what_is_to_be_written_along_is_written_with_the_account_or_refused(world: World) -> None:
    class Used(Exception):
        pass

    def once() -> list[Write]:
        """A row that only one account may write."""
        if name_rows.owner("trial#owner@acme.example") is not None:
            raise Used
        return [name_rows.take("trial#owner@acme.example", account_id="", password_hash="")]

    request = world.wanted(plan=SOLUTIONS_TRIAL, notification_email="")
    fields = {"partner_id": world.partner_id, "password": "a-long-password", "payment_method": None, "now": world.now}
    own_accounts.create_own_account(
        account_id=new_id("acct", at=world.now), request=request, extra_writes=once, **fields
    )

    request = world.wanted(plan=SOLUTIONS_TRIAL, notification_email="")
    with pytest.raises(Used):
        own_accounts.create_own_account(
            account_id=new_id("acct", at=world.now), request=request, extra_writes=once, **fields
        )


@pytest.mark.parametrize("plan", [SOLUTIONS_TRIAL, STANDARD], ids=["trial", "paid"])
def test_two_at_once_that_write_the_same_row_along_open_one_account(world: World, plan: PlanRequest) -> None:
    class Used(Exception):
        pass

    calls = 0

    def once() -> list[Write]:
        """The second account finds the row only once it has worked out its writes."""
        nonlocal calls
        calls += 1
        if calls > 1:
            raise Used
        put: Put = name_rows.take("trial#owner@acme.example", account_id="", password_hash="")
        put.row.save()
        return [put]

    account_id = new_id("acct", at=world.now)
    with pytest.raises(Used):
        own_accounts.create_own_account(
            account_id=account_id,
            partner_id=world.partner_id,
            request=world.wanted(plan=plan, name="acme", notification_email=""),
            password="a-long-password",
            payment_method="pm_card_visa",
            extra_writes=once,
            now=world.now,
        )

    assert account_rows.get(account_id) is None
    assert name_rows.owner("acme") is None


def test_a_name_that_is_taken_is_refused_before_a_card_is_charged(world: World) -> None:
    world.sign_up(None, plan=SOLUTIONS_TRIAL, name="acme")

    with pytest.raises(NameTaken):
        world.sign_up(plan=STANDARD, name="acme")


def test_the_house_is_created_once_from_the_program_file_without_key_or_balance_check(world: World) -> None:
    house = partners.house_of("agency", now=world.now, actor="client")

    again = partners.house_of("agency", now=world.now, actor="client")
    assert house == again
    assert (house.house, house.name, house.program) == (True, "Example Software Inc.", "agency")
    assert house.time_zone == "America/Chicago"
    assert check_rows.get(house.id) is None
    assert wallet_rows.get(house.id).balance.amount == 0


def test_an_account_without_a_partner_belongs_to_the_house() -> None:
    world = World(program="agency")
    world.partner_id = partners.house_of("agency", now=world.now, actor="client").id

    account = world.sign_up(None, plan=TRIAL)

    assert partners.program_of_payer(account.id).name == "agency"
    assert account.partner_id == world.partner_id


def test_it_renews_by_its_own_card_and_under_its_own_numbers(world: World) -> None:
    account = world.sign_up(plan=STANDARD)

    world.advance(days=40)

    found, _ = invoice_lists.of_payer(account.id, status=None, since=None, until=None, limit=10, start=None)
    assert sorted(invoice.number for invoice in found) == [1, 2]
    assert world.account(account.id).period != account.period
