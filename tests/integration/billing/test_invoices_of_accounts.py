"""An account's invoices are found by the numbers of its charges; no index lists them."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus, id_of_charge
from chalicelib.domain.refusals import Refusal
from chalicelib.models.billing import invoice_lists
from chalicelib.services.accounts import plan_changes
from tests.world import ACTOR, PLUS, World

pytestmark = pytest.mark.usefixtures("aws")


def listed(world: World, account_id: str, limit: int = 50, **filters: Any) -> list[Invoice]:
    account = world.account(account_id)
    asked: dict[str, Any] = {"payer": world.partner_id, "status": None, "since": None, "until": None, **filters}
    found, start, pages = [], None, 0
    while pages == 0 or start is not None:
        page, start = invoice_lists.of_account(account_id, charges=account.charges, **asked, limit=limit, start=start)
        assert len(page) <= limit
        found, pages = found + page, pages + 1
    return found


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_they_come_newest_first_page_by_page(limit: int) -> None:
    world = World()
    account, other = world.create(), world.create()
    world.advance(days=130)

    found = listed(world, account.id, limit)

    assert [invoice.id for invoice in found] == [id_of_charge(account.id, number) for number in (5, 4, 3, 2, 1)]
    assert not {invoice.id for invoice in found} & {invoice.id for invoice in listed(world, other.id)}


def test_filters_choose_among_them() -> None:
    world = World()
    account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
    world.advance(days=29)
    open_one, paid = listed(world, account.id)

    assert listed(world, account.id, 1, status=InvoiceStatus.OPEN) == [open_one]
    assert listed(world, account.id, 1, status=InvoiceStatus.PAID) == [paid]
    assert listed(world, account.id, since=open_one.issued_at) == [open_one]
    assert listed(world, account.id, until=open_one.issued_at) == [paid]
    assert listed(world, account.id, payer="prt_another") == []


def test_a_charge_that_was_declined_before_there_was_an_invoice_leaves_a_gap() -> None:
    world = World()
    account = world.create(billing_profile_id=world.card("pm_card_declinedOnRenewal"))
    with pytest.raises(Refusal):
        plan_changes.change_plan(
            partner_id=world.partner_id,
            account_id=account.id,
            request=plan_changes.PlanChangeRequest(replace(PLUS, contacts=2_500)),
            now=world.now,
            actor=ACTOR,
        )

    assert world.account(account.id).charges == 2
    assert [invoice.number for invoice in listed(world, account.id, 1)] == [1]
