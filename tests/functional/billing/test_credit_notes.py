"""What an issued invoice names stays as it was, and a refund is a credit note beside it."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import requests
from pypdf import PdfReader

from chalicelib.gateways import documents, lambdas
from tests.conftest import ENVIRONMENT
from tests.functional.conftest import OPERATOR, Answer, Api, Partner

BUCKET = ENVIRONMENT["DOCUMENTS_BUCKET"]
ADDRESS = {"line1": "12 Main Street", "city": "Chicago", "postal_code": "60601", "country": "US"}


@pytest.fixture(autouse=True)
def bucket(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    documents._s3.cache_clear()
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    monkeypatch.setattr(lambdas, "call", api.invoke)
    yield
    documents._s3.cache_clear()


@pytest.fixture
def profile_id(partner: Partner) -> str:
    body = {"name": "Company card", "payment_method": "pm_card_visa", "address": ADDRESS, "tax_id": "EIN 12-3456789"}
    profile_id: str = partner.post("/v1/billing-profiles", body).json["id"]
    return profile_id


def pdf(partner: Partner, path: str) -> bytes:
    answer = partner.ask("GET", f"{path}/pdf")
    assert answer.status == 303, answer.text
    return requests.get(answer.headers["Location"], timeout=5).content


def text(content: bytes) -> str:
    return " ".join(PdfReader(io.BytesIO(content)).pages[0].extract_text().split())


def forget_drawn() -> None:
    """Lose every PDF that was kept."""
    s3 = boto3.client("s3")
    for found in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        s3.delete_object(Bucket=BUCKET, Key=found["Key"])


def refund(partner: Partner, invoice_id: str, amount: int | None = None) -> Any:
    path = f"/v1/operator/partners/{partner.id}/invoices/{invoice_id}/refunds"
    answer = partner.ask("POST", path, {} if amount is None else {"amount": amount}, key=OPERATOR)
    assert answer.status == 201, answer.text
    return answer.json["invoice"]


class TestAnIssuedInvoiceNeverChanges:
    def test_whatever_is_changed_or_refunded_later(self, partner: Partner, profile_id: str) -> None:
        account = partner.create(billing_profile_id=profile_id)
        (invoice,) = partner.get("/v1/invoices")["data"]
        path = f"/v1/invoices/{invoice['id']}"
        issued = pdf(partner, path)
        moved = {"name": "Head office", "address": ADDRESS | {"line1": "9 New Road"}, "tax_id": None}

        assert partner.ask("PATCH", f"/v1/billing-profiles/{profile_id}", moved).status == 200
        renamed = {"client": {"name": "Other Inc", "email": "owner@acme.example"}}
        assert partner.ask("PATCH", f"/v1/accounts/{account['id']}", renamed).status == 200
        refund(partner, invoice["id"], 1_000)

        assert pdf(partner, path) == issued
        forget_drawn()
        assert pdf(partner, path) == issued
        for part in ("Company card", "12 Main Street", "Tax ID EIN 12-3456789", "Acme Inc"):
            assert part in text(issued)

    def test_the_next_invoice_names_what_is_true_then(self, api: Api, partner: Partner, profile_id: str) -> None:
        partner.create(billing_profile_id=profile_id)
        partner.ask("PATCH", f"/v1/billing-profiles/{profile_id}", {"address": ADDRESS | {"line1": "9 New Road"}})
        api.forward(days=32)
        api.run_schedules()

        later, first = partner.get("/v1/invoices")["data"]

        assert "9 New Road" in text(pdf(partner, f"/v1/invoices/{later['id']}"))
        assert "12 Main Street" in text(pdf(partner, f"/v1/invoices/{first['id']}"))

    def test_one_that_is_paid_late_names_who_it_was_issued_to(self, api: Api, partner: Partner) -> None:
        body = {"name": "Company card", "payment_method": "pm_card_declinedOnRenewal", "address": ADDRESS}
        profile_id = partner.post("/v1/billing-profiles", body).json["id"]
        partner.create(billing_profile_id=profile_id)
        api.forward(days=32)
        api.run_schedules()
        (invoice,) = partner.get("/v1/invoices?status=open")["data"]
        moved = {"address": ADDRESS | {"line1": "9 New Road"}, "payment_method": "pm_card_visa"}
        partner.ask("PATCH", f"/v1/billing-profiles/{profile_id}", moved)
        api.run_schedules()

        paid = text(pdf(partner, f"/v1/invoices/{invoice['id']}"))

        assert "PAID" in paid
        assert "12 Main Street" in paid


class TestCreditNotes:
    def test_a_refund_is_a_credit_note_with_a_number_and_a_pdf_of_its_own(
        self, partner: Partner, profile_id: str
    ) -> None:
        partner.buy(1_900)
        partner.create(billing_profile_id=profile_id)
        (invoice,) = partner.get("/v1/invoices")["data"]

        after = refund(partner, invoice["id"], 3_500)

        (named,) = after["credit_notes"]
        assert (named["number"], named["amount"]) == ("CN-000001", 3_500)
        assert partner.get(f"/v1/invoices/{invoice['id']}")["credit_notes"] == [named]
        note = partner.get(f"/v1/credit-notes/{named['id']}")
        assert (note["to_card"], note["to_prepaid"], note["amount"]) == (3_000, 500, 3_500)
        assert (note["invoice_id"], note["number"], note["corrects"]) == (invoice["id"], "CN-000001", None)
        drawn = text(pdf(partner, f"/v1/credit-notes/{named['id']}"))
        for part in (
            "Credit note No. CN-000001",
            "Bright Agency Company card 12 Main Street",
            "Tax ID EIN 12-3456789",
            "Refund of invoice 000001",
            "Credited USD 35.00",
            "Refunded to Visa •••• 4242 30.00",
            "Refunded to prepaid money 5.00",
        ):
            assert part in drawn

    def test_all_of_them_are_listed_and_come_as_csv(self, partner: Partner, profile_id: str) -> None:
        partner.create(billing_profile_id=profile_id)
        (invoice,) = partner.get("/v1/invoices")["data"]
        for amount in (1_000, 700, None):
            refund(partner, invoice["id"], amount)

        listed = partner.all("/v1/credit-notes?limit=2")
        answer = partner.ask("GET", "/v1/credit-notes", Accept="text/csv")
        rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))

        assert [(note["number"], note["amount"]) for note in listed] == [
            ("CN-000003", 3_200),
            ("CN-000002", 700),
            ("CN-000001", 1_000),
        ]
        assert [(row["number"], row["amount"], row["amount_decimal"]) for row in rows] == [
            ("CN-000003", "3200", "32.00"),
            ("CN-000002", "700", "7.00"),
            ("CN-000001", "1000", "10.00"),
        ]
        assert answer.headers["Content-Disposition"] == 'attachment; filename="credit-notes.csv"'
        (row,) = csv.DictReader(io.StringIO(partner.ask("GET", "/v1/invoices", Accept="text/csv").text, newline=""))
        assert row["credit_notes"] == "CN-000001; CN-000002; CN-000003"
        assert partner.get("/v1/credit-notes?to=2020-01-01")["data"] == []

    def test_a_pack_of_credits_has_an_invoice_and_so_a_credit_note(self, partner: Partner) -> None:
        body = {"billing_profile_id": partner.card(), "quantity": 500}
        assert partner.post("/v1/credits/sms/purchases", body).status == 201
        (invoice,) = partner.get("/v1/invoices")["data"]

        (named,) = refund(partner, invoice["id"])["credit_notes"]

        assert "Refund of invoice 000001" in text(pdf(partner, f"/v1/credit-notes/{named['id']}"))

    def test_nobody_else_finds_them(self, api: Api, partner: Partner) -> None:
        partner.buy(9_000)
        partner.create()
        (invoice,) = partner.get("/v1/invoices")["data"]
        (named,) = refund(partner, invoice["id"])["credit_notes"]
        other = api.partner()

        def ask(path: str, by: Partner = partner) -> Answer:
            return by.ask("GET", f"/v1/credit-notes/{path}")

        purchase = partner.get("/v1/credits/prepaid/transactions")["data"][-1]["id"].replace("txn_", "cn_")
        for answer in (ask(named["id"], other), ask(f"{named['id']}/pdf", other), ask(purchase), ask("cn_x")):
            assert (answer.status, answer.code) == (404, "not_found")
        assert other.get("/v1/credit-notes")["data"] == []
