"""A partner that lost an account after it had read it writes nothing more about it (docs/rules.md §9)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.accounts.actions import NotManaged
from chalicelib.domain.accounts.payers import PartnerPays, moved
from chalicelib.domain.clients.logins import WrongCredentials
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.setup.branding import Branding
from chalicelib.domain.wallet.journal import CreditKind, EntryKind
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.accounts import usage as usage_rows
from chalicelib.models.transactions import commit
from chalicelib.programs import program
from chalicelib.services.accounts import accounts, snapshots, usage
from chalicelib.services.accounts.transitions import Transition, write_transition
from chalicelib.services.clients import logins
from chalicelib.services.clients.sessions import Opener
from chalicelib.services.setup import branding, service_requests, templates
from chalicelib.services.wallet import account_credits, credit_packs, prepaid
from tests.breaker import cut_off_at_the_card
from tests.world import ACTOR, PLUS, SANDBOX, World

pytestmark = pytest.mark.usefixtures("aws")


@dataclass
class Partners:
    """The partner that an account belongs to, and the one that it moves to."""

    world: World
    other: World
    account: Account

    @property
    def of_account(self) -> dict[str, Any]:
        named = {"partner_id": self.world.partner_id, "account_id": self.account.id}
        return named | {"now": self.world.now, "actor": ACTOR}

    def move(self) -> None:
        account = account_rows.get(self.account.id)
        assert account is not None
        pays = PartnerPays(self.other.card())
        managed, now = Relationship.MANAGED, self.world.now
        after = moved(account, partner_id=self.other.partner_id, relationship=managed, pays=pays, bill=None, now=now)
        change = Transition(account, after, "account.updated")
        write_transition(change, program=program("agency"), now=now, actor=ACTOR)

    def end_permission(self) -> None:
        account = account_rows.get(self.account.id)
        assert account is not None
        referred = replace(account, relationship=Relationship.REFERRED)
        commit([account_rows.put(referred, program=program("agency"), actor=ACTOR)])


@pytest.fixture
def partners(aws: None) -> Partners:
    world = World()
    return Partners(world, World(now=world.now), world.create(plan=SANDBOX))


def template(found: Partners) -> None:
    templates.create_template(template_id="tmpl_NEW", name="May", subject="", html="<p>", **found.of_account)


def service_request(found: Partners) -> None:
    asked = {"kind": next(iter(program("agency").services)), "description": "Please.", "margin_percent": Decimal(0)}
    service_requests.file_request(request_id="sreq_NEW", **asked, **found.of_account)


WRITES: dict[str, Callable[[Partners], Any]] = {
    "branding": lambda found: branding.set_branding(branding=Branding(product_name="Bright"), **found.of_account),
    "template": template,
    "snapshot": lambda found: snapshots.create_snapshot(snapshot_id="snap_NEW", name="Start", **found.of_account),
    "service request": service_request,
}


@pytest.mark.parametrize("change", [Partners.move, Partners.end_permission])
@pytest.mark.parametrize("write", WRITES.values(), ids=list(WRITES))
def test_what_a_partner_writes_about_an_account_is_refused_if_it_lost_it_meanwhile(
    partners: Partners,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Partners], Any],
    change: Callable[[Partners], None],
) -> None:
    get_managed, reads = accounts.get_managed, []

    def read_before_it_changed(**named: Any) -> Account:
        account = get_managed(**named)
        reads.append(account.partner_id)
        if len(reads) == 1:
            change(partners)
        return account

    monkeypatch.setattr(accounts, "get_managed", read_before_it_changed)

    with pytest.raises((NotFound, NotManaged)):
        write(partners)

    assert reads == [partners.world.partner_id]


def test_a_template_that_moved_along_is_deleted_by_the_new_partner_only_and_told_to_it(partners: Partners) -> None:
    template(partners)
    partners.move()

    with pytest.raises(NotFound):
        templates.delete_template(
            partner_id=partners.world.partner_id, template_id="tmpl_NEW", now=partners.world.now, actor=ACTOR
        )
    templates.delete_template(
        partner_id=partners.other.partner_id, template_id="tmpl_NEW", now=partners.world.now, actor=ACTOR
    )

    deleted = templates.template_rows.get("tmpl_NEW")
    assert deleted is not None
    assert deleted.partner_id == partners.other.partner_id


def test_a_partner_whose_session_outlived_its_account_sets_no_password(partners: Partners) -> None:
    log_in = name_rows.log_in(partners.account.name)
    assert log_in is not None
    opener = Opener(partner_id=partners.world.partner_id, actor=ACTOR)
    partners.move()

    with pytest.raises(WrongCredentials):
        logins.set_password(
            partners.account, log_in, "a-new-password", by="partner", opener=opener, now=partners.world.now
        )

    assert name_rows.log_in(partners.account.name) == log_in


def test_what_was_bought_for_an_account_that_moved_meanwhile_stays_with_the_partner_that_paid() -> None:
    world = World()
    account = world.create(plan=replace(PLUS, add_ons=("sms",)))
    found = Partners(world, World(now=world.now), account)
    cut_off_at_the_card(lambda: world.buy(5_000, account_id=account.id))
    cut_off_at_the_card(
        lambda: credit_packs.buy_pack(
            purchase_id="txn_PACK",
            kind=CreditKind.SMS,
            billing_profile_id=world.card(),
            quantity=500,
            **found.of_account,
        )
    )

    found.move()
    world.advance(days=1)

    assert (world.wallet.general.amount, world.wallet.credits[CreditKind.SMS].balance) == (5_000, 500)
    after = found.other.account(account.id)
    assert (after.set_aside, dict(after.credits)) == (None, {})


def test_a_report_of_use_that_comes_again_after_a_move_counts_once() -> None:
    world = World()
    account = world.create(plan=replace(PLUS, add_ons=("sms",)))
    found = Partners(world, World(now=world.now), account)
    credit_packs.grant_credits(
        entry_id="txn_GRANT",
        partner_id=world.partner_id,
        kind=CreditKind.SMS,
        quantity=500,
        now=world.now,
        actor="operator",
    )
    account_credits.allocate_credits(entry_id="txn_GIVEN", kind=CreditKind.SMS, quantity=200, **found.of_account)

    def report() -> Any:
        named = {"kind": CreditKind.SMS, "report_id": "r-1", "quantity": 50, "at": None}
        return account_credits.report_use(account_id=account.id, now=world.now, actor="platform", **named)

    first = report()
    found.move()

    assert report().id == first.id
    assert found.other.account(account.id).credits == {CreditKind.SMS: 150}
    entries, _ = prepaid.list_journal(partner_id=found.other.partner_id, kind=CreditKind.SMS, limit=10, start=None)
    assert [entry for entry in entries if entry.kind is EntryKind.USED] == []


def test_usage_is_told_to_the_partner_that_the_account_belongs_to(partners: Partners) -> None:
    def report() -> None:
        usage.report(
            account_id=partners.account.id,
            contacts=700,
            limits={},
            at=None,
            now=partners.world.now,
            actor="platform",
        )

    report()
    partners.move()
    partners.world.now = partners.world.now.replace(hour=16)
    report()

    kept = usage_rows.get(partners.account.id)
    assert kept is not None
    assert kept.partner_id == partners.other.partner_id
