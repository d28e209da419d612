"""Lists of invoices (docs/api.md, Conventions)."""

from dataclasses import replace
from typing import Any

import pytest
from pynamodb.connection import Connection

from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.transactions import commit
from chalicelib.services.billing import invoices
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")


def test_few_invoices_among_many_take_few_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.create()
    (invoice,) = world.invoices()
    for number in range(2, 400):
        copy = replace(invoice, id=f"inv_{number:026d}", number=number, version=0, revision=0)
        if number in (7, 5, 3):
            copy = replace(copy, status=InvoiceStatus.OPEN)
        commit([invoice_rows.put(copy, now=world.now, actor=ACTOR, event="invoice.paid")])
    asked: list[str] = []
    dispatch = Connection.dispatch

    def counted(self: Connection, operation: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(operation)
        return dispatch(self, operation, *args, **kwargs)

    monkeypatch.setattr(Connection, "dispatch", counted)
    found, numbers, start = [], [], None
    for _ in range(3):
        found, start = invoices.list_invoices(
            payer=world.partner_id,
            account_id=None,
            status=InvoiceStatus.OPEN,
            since=None,
            until=None,
            limit=1,
            start=start,
        )
        numbers += [each.number for each in found]

    assert (numbers, start) == ([7, 5, 3], None)
    assert asked.count("Query") < 10
