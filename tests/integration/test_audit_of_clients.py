"""The audit of accounts that pay for themselves: their books are proved like a partner's (docs/rules.md §9)."""

from collections.abc import Callable
from unittest.mock import patch

import pytest

from chalicelib.domain.audit import Kind
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.sandbox_payments import MemoryRow
from chalicelib.models import audit_reads as book_rows
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.billing.invoices import InvoiceRow
from chalicelib.models.wallet.wallets import WalletRow
from chalicelib.services.audit import payer_audits, payers
from chalicelib.services.audit.payer_audits import Audited
from chalicelib.services.billing import invoices, refunds
from chalicelib.services.partners import partners
from tests import calls
from tests.paying_clients import let_partner_take_over
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")

STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)
TRIAL = PlanRequest("S1", "email", "trial")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payer_audits, "_MOMENT_SECONDS", 0)


@pytest.fixture
def world(aws: None) -> World:
    """A partner with accounts of all kinds of payers, and the house with one."""
    world = World(program="solutions")
    world.create(plan=STANDARD)
    world.sign_up(plan=STANDARD, name="paying")
    world.sign_up("pm_card_declinedOnRenewal", plan=STANDARD, name="late")
    world.sign_up(None, plan=TRIAL, name="trying")
    house = World(program="solutions", partner_id=partners.house_of("solutions", now=world.now, actor=ACTOR).id)
    house.sign_up(plan=STANDARD, name="of-the-house")
    world.advance(days=33)
    world.watched = True
    world.run_schedules()
    return world


def all_audits(world: World) -> list[Audited]:
    return [audited for audited, _ in payer_audits.audit_all(payers.Position(), now=world.now)]


def paying(world: World) -> str:
    return next(audited.payer for audited in all_audits(world) if named(audited) == "paying")


def named(audited: Audited) -> str:
    return str(AccountRow.get(audited.payer).name) if audited.payer.startswith("acct_") else ""


def test_walks_partners_and_the_clients_that_pay_and_finds_their_books_right(world: World) -> None:
    audits = all_audits(world)

    assert [finding for audited in audits for finding in audited.findings] == []
    assert {named(audited) for audited in audits} == {"", "paying", "late", "trying", "of-the-house"}
    of_client = next(audited for audited in audits if named(audited) == "paying")
    assert of_client.compared == {"accounts": 1, "invoices": 2, "card charges": 2}


def test_goes_on_behind_any_of_them(world: World) -> None:
    audits = list(payer_audits.audit_all(payers.Position(), now=world.now))

    for place, (_, behind) in enumerate(audits):
        rest = [audited.payer for audited, _ in payer_audits.audit_all(behind, now=world.now)]
        assert rest == [audited.payer for audited, _ in audits[place + 1 :]]


def test_finds_a_refund_of_a_client_right(world: World) -> None:
    payer = paying(world)
    found, _ = invoices.list_invoices(
        payer=payer, account_id=None, status=None, since=None, until=None, limit=1, start=None
    )
    refunds.refund_invoice(
        refund_id=new_id("txn", at=world.now),
        payer=payer,
        invoice_id=found[0].id,
        amount=100,
        now=world.now,
        actor=ACTOR,
    )

    assert payer_audits.audit_client(account_id=payer, now=world.now).findings == []


def test_proves_the_time_of_an_account_over_all_its_payers(world: World) -> None:
    account_id = paying(world)
    let_partner_take_over(account_id, billing_profile_id=world.card())
    world.advance(days=31)

    audits = all_audits(world)

    assert [finding for audited in audits for finding in audited.findings] == []
    assert account_id in {audited.payer for audited in audits}, "what it paid itself is proved as well"
    assert {invoice.account_id for invoice in world.invoices()} >= {account_id}
    next(iter(InvoiceRow.query(account_id, InvoiceRow.id.startswith("inv_")))).delete()
    found = {audited.payer: {finding.kind for finding in audited.findings} for audited in all_audits(world)}
    assert Kind.PERIOD_GAP in found[world.partner_id]
    assert Kind.INVOICE_NUMBER in found[account_id]


def test_a_sign_up_that_is_declined_while_the_audit_reads_lacks_nothing(world: World) -> None:
    account_id = paying(world)
    real = book_rows.wallet

    def declined_meanwhile(payer: str) -> Wallet | None:
        if payer == account_id:
            with calls.running(None):
                WalletRow(payer).delete()
                AccountRow(payer).delete()
        return real(payer)

    with patch.object(book_rows, "wallet", declined_meanwhile):
        audits = list(payer_audits.audit_with_clients(partner_id=world.partner_id, now=world.now))

    (its_own,) = (audited for audited in audits if audited.payer == account_id)
    assert its_own.findings == []


def wallet_gone(payer: str) -> None:
    WalletRow(payer).delete()


def counted_twice(payer: str) -> None:
    row = WalletRow.get(payer)
    row.active_paid_accounts = 2
    row.save()


def alarm_lost(payer: str) -> None:
    row = AccountRow.get(payer)
    row.due_at = row.due_shard = None
    row.save()


def number_lost(payer: str) -> None:
    row = next(iter(InvoiceRow.query(payer, InvoiceRow.id.startswith("inv_"))))
    row.delete()


def charged_without_a_record(payer: str) -> None:
    known = next(row for row in MemoryRow.by_payer.query(payer) if row.reference)
    known.id = "key#inv_NOBODYS-1"
    known.save()


@pytest.mark.parametrize(
    ("plant", "kind"),
    [
        (wallet_gone, Kind.WALLET_MISSING),
        (counted_twice, Kind.ACTIVE_COUNT),
        (alarm_lost, Kind.ALARM_MISSING),
        (number_lost, Kind.INVOICE_NUMBER),
        (charged_without_a_record, Kind.CARD_WITHOUT_RECORD),
    ],
)
def test_finds_an_error_planted_in_the_books_of_a_client(
    world: World, plant: Callable[[str], None], kind: Kind
) -> None:
    payer = paying(world)

    plant(payer)

    found = {audited.payer: audited.findings for audited in all_audits(world) if audited.findings}
    assert set(found) == {payer}
    assert kind in {finding.kind for finding in found[payer]}


def test_the_credits_of_a_client_who_pays_are_proved_with_its_partner(world: World) -> None:
    account_id = paying(world)
    row = AccountRow.get(account_id)
    row.credits = {CreditKind.SMS: 1}
    row.save()

    found = [finding for audited in all_audits(world) for finding in audited.findings]
    assert [finding.kind for finding in found] == [Kind.ACCOUNT_CREDITS]
