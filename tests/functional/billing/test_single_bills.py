"""The Single Bill over HTTP: arranged, charged on its day, and read with what is on it."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from chalicelib.gateways import documents
from tests.conftest import ENVIRONMENT
from tests.functional.conftest import Api, Partner

STANDARD = {
    "pricing_version": "S1",
    "product": "email",
    "tier": "standard",
    "contacts": 1000,
    "billing_frequency": "monthly",
}


@pytest.fixture
def account(api: Api, on_a_bill: Partner) -> Any:
    """An account on its partner's Single Bill."""
    return on_a_bill.create(plan=STANDARD, single_bill=True, billing_profile_id=None)


@pytest.fixture
def on_a_bill(api: Api) -> Partner:
    partner = api.partner(program="solutions")
    arranged = {"bill_day": 15, "billing_profile_id": partner.card()}
    assert partner.ask("PATCH", "/v1/single-bill", arranged).status == 200
    return partner


@pytest.fixture
def bucket(api: Api) -> Iterator[None]:
    documents._s3.cache_clear()
    boto3.client("s3").create_bucket(Bucket=ENVIRONMENT["DOCUMENTS_BUCKET"])
    yield
    documents._s3.cache_clear()


def test_a_closed_bill_is_listed_with_its_invoices(api: Api, on_a_bill: Partner, account: Any) -> None:
    api.forward(days=32)
    api.run_schedules()
    api.run_schedules()

    (bill,) = on_a_bill.get("/v1/bills")["data"]
    assert on_a_bill.get(f"/v1/bills/{bill['id']}") == bill
    invoices = on_a_bill.get(f"/v1/bills/{bill['id']}/invoices")["data"]
    assert (bill["status"], bill["invoice_count"]) == ("paid", len(invoices))
    assert bill["total"] == sum(invoice["total"] for invoice in invoices) > 0
    assert {(invoice["status"], invoice["account_id"]) for invoice in invoices} == {("paid", account["id"])}


@pytest.mark.usefixtures("account", "bucket")
def test_an_invoice_is_drawn_as_its_bill_leaves_it(api: Api, on_a_bill: Partner) -> None:
    (invoice,) = on_a_bill.get("/v1/invoices")["data"]

    drawn = api.invoke("render_invoice", {"payer": on_a_bill.id, "document_id": invoice["id"]})

    assert drawn["key"] == f"invoices/{on_a_bill.id}/{invoice['id']}/open.pdf"
