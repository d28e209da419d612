"""Invoices as PDF and CSV, over the API; the bucket is moto's, the drawing function is the app's own."""

import csv
import io
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import boto3
import pytest
import requests
from pypdf import PdfReader

from chalicelib.gateways import documents, lambdas
from chalicelib.handlers.billing import invoices as handlers
from tests.conftest import ENVIRONMENT
from tests.functional.conftest import OPERATOR, Answer, Api, Partner

BUCKET = ENVIRONMENT["DOCUMENTS_BUCKET"]
CSV = "text/csv"


@pytest.fixture
def drawn(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """An empty bucket, and the ids of the invoices that were drawn, in order."""
    documents._s3.cache_clear()
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    invoice_ids: list[str] = []

    def call(function: str, event: dict[str, str]) -> object:
        invoice_ids.append(event["document_id"])
        return api.invoke(function, event)

    monkeypatch.setattr(lambdas, "call", call)
    yield invoice_ids
    documents._s3.cache_clear()


def only_invoice(partner: Partner) -> str:
    (invoice,) = partner.get("/v1/invoices")["data"]
    invoice_id: str = invoice["id"]
    return invoice_id


def raising(error: Exception) -> Callable[..., object]:
    def call(*_: object) -> object:
        raise error

    return call


def keys() -> list[str]:
    return [found["Key"] for found in boto3.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def rows(answer: Answer) -> list[dict[str, str]]:
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


class TestPdf:
    def test_a_link_leads_to_the_invoice(self, partner: Partner, drawn: list[str]) -> None:
        account = partner.create(client={"name": "Żółć & Söhne", "email": "a@b.example"})
        answer = partner.ask("GET", f"/v1/invoices/{only_invoice(partner)}/pdf")

        assert (answer.status, answer.text) == (303, "")
        assert "X-Amz-Expires=300" in answer.headers["Location"]
        file = requests.get(answer.headers["Location"], timeout=5)
        assert file.headers["Content-Type"] == "application/pdf"
        assert file.headers["Content-Disposition"] == 'inline; filename="invoice-000001.pdf"'
        text = " ".join(PdfReader(io.BytesIO(file.content)).pages[0].extract_text().split())
        for part in ("Bright Agency", account["name"], "Żółć & Söhne", "PAID", "Charged to Visa •••• 4242 -49.00"):
            assert part in text

    def test_it_is_drawn_once_and_once_more_when_it_is_paid(self, api: Api, partner: Partner, drawn: list[str]) -> None:
        partner.create(billing_profile_id=partner.card("pm_card_declinedOnRenewal"))
        api.forward(days=32)
        api.run_schedules()
        late = partner.get("/v1/invoices?status=open")["data"][0]["id"]

        for _ in range(2):
            assert partner.ask("GET", f"/v1/invoices/{late}/pdf").status == 303
        assert drawn == [late]
        api.forward(days=1)
        api.run_schedules()
        assert partner.ask("GET", f"/v1/invoices/{late}/pdf").status == 303
        assert drawn == [late]  # another declined attempt is not on it
        (profile,) = partner.get("/v1/billing-profiles")["data"]
        partner.ask("PATCH", f"/v1/billing-profiles/{profile['id']}", {"payment_method": "pm_card_visa"})
        api.run_schedules()
        for _ in range(2):
            assert partner.ask("GET", f"/v1/invoices/{late}/pdf").status == 303

        assert drawn == [late, late]
        assert keys() == [f"invoices/{partner.id}/{late}/{status}.pdf" for status in ("open", "paid")]

    def test_who_asks_for_a_pdf_by_name_gets_it_at_once(self, partner: Partner, drawn: list[str]) -> None:
        partner.create()
        path = f"/v1/invoices/{only_invoice(partner)}/pdf"
        headers = {"Authorization": f"Bearer {partner.key}", "Accept": "application/pdf"}

        answer = partner.api.client.http.get(path, headers=headers)

        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
        assert answer.body == requests.get(partner.ask("GET", path).headers["Location"], timeout=5).content

    def test_it_is_in_the_readers_language_and_kept_for_each(self, partner: Partner, drawn: list[str]) -> None:
        partner.create()
        invoice = only_invoice(partner)
        headers = {"Authorization": f"Bearer {partner.key}", "Accept": "application/pdf", "Accept-Language": "de-AT"}

        answers = [partner.api.client.http.get(f"/v1/invoices/{invoice}/pdf", headers=headers) for _ in range(2)]
        partner.ask("GET", f"/v1/invoices/{invoice}/pdf")

        page = " ".join(PdfReader(io.BytesIO(answers[0].body)).pages[0].extract_text().split())
        for part in ("Rechnung Nr. 000001 BEZAHLT", "Plus, 1.000 Kontakte, monatlich", "Noch zu zahlen 0,00 USD"):
            assert part in page
        assert answers[0].body == answers[1].body
        assert drawn == [invoice, invoice]
        assert keys() == [f"invoices/{partner.id}/{invoice}/paid{ending}.pdf" for ending in (".de", "")]

    def test_a_late_or_throttled_renderer_is_worth_another_try(
        self, partner: Partner, drawn: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        partner.create()
        path = f"/v1/invoices/{only_invoice(partner)}/pdf"
        with monkeypatch.context() as late:
            late.setattr(lambdas, "call", raising(lambdas.FunctionLate("render_invoice: throttled")))
            answer = partner.ask("GET", path)

        assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "not_drawn_yet", "5")
        assert partner.ask("GET", path).status == 303

    @pytest.mark.parametrize("accept", ["application/pdf", "*/*"])
    def test_another_partners_invoice_is_not_found_and_not_drawn(
        self, api: Api, partner: Partner, drawn: list[str], accept: str
    ) -> None:
        partner.create()
        path = f"/v1/invoices/{only_invoice(partner)}/pdf"

        for answer in (api.partner().ask("GET", path, Accept=accept), partner.ask("GET", "/v1/invoices/inv_x/pdf")):
            assert (answer.status, answer.code) == (404, "not_found")
        assert (drawn, keys()) == ([], [])

    def test_an_operator_has_no_invoices_and_a_key_needs_to_read(self, api: Api, partner: Partner) -> None:
        partner.create()
        path = f"/v1/invoices/{only_invoice(partner)}/pdf"
        writer = partner.post("/v1/api-keys", {"name": "Writer", "scopes": ["write"]}).json["key"]

        for key in (OPERATOR, writer):
            assert api.ask("GET", path, key=key).code == "insufficient_scope"

    def test_a_link_is_signed_for_one_document(self, partner: Partner, drawn: list[str]) -> None:
        partner.create()

        link = urlsplit(partner.ask("GET", f"/v1/invoices/{only_invoice(partner)}/pdf").headers["Location"])

        assert link.path == f"/invoices/{partner.id}/{only_invoice(partner)}/paid.pdf"
        assert "X-Amz-Signature=" in link.query
        assert partner.key not in link.query


class TestCsv:
    def test_a_row_says_what_the_invoice_says(self, partner: Partner) -> None:
        partner.buy(3000)
        account = partner.create()
        (invoice,) = partner.get("/v1/invoices")["data"]

        (row,) = rows(partner.ask("GET", "/v1/invoices", Accept=CSV))

        for name in ("id", "number", "account_id", "status", "currency", "created_at", "paid_at"):
            assert row[name] == invoice[name]
        assert row["account_id"] == account["id"]
        assert (row["period_start"], row["period_end"]) == (invoice["period"]["start"], invoice["period"]["end"])
        assert row["description"] == "Plus, 1,000 contacts, monthly"
        assert row["explanation"] == "Plus, 1,000 contacts, monthly: List price 49.00 per cycle."
        assert (row["total"], row["prepaid_applied"], row["card_charged"]) == ("4900", "3000", "1900")
        assert (row["total_decimal"], row["prepaid_applied_decimal"]) == ("49.00", "30.00")
        assert (row["wallet_balance_after"], row["wallet_balance_after_decimal"]) == ("0", "0.00")
        assert row["reference"] == invoice["payment"]["reference"]

    def test_all_of_them_come_at_once_newest_first(self, partner: Partner) -> None:
        card = partner.card()
        for _ in range(3):
            partner.create(billing_profile_id=card)
        account_id = partner.get("/v1/invoices")["data"][1]["account_id"]

        answer = partner.ask("GET", "/v1/invoices", Accept=CSV)

        assert [row["number"] for row in rows(answer)] == ["000003", "000002", "000001"]
        assert "Link" not in answer.headers
        (row,) = rows(partner.ask("GET", f"/v1/accounts/{account_id}/invoices", Accept=CSV))
        assert row["number"] == "000002"

    @pytest.mark.parametrize("path", ["/v1/invoices?status=paid", "/v1/invoices?status=paid&limit=2"])
    def test_what_did_not_fit_is_behind_a_link(
        self, partner: Partner, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        monkeypatch.setattr(handlers, "MOST_ROWS", 2)
        card = partner.card()
        for _ in range(3):
            partner.create(billing_profile_id=card)

        answer = partner.ask("GET", path, Accept=CSV)

        assert [row["number"] for row in rows(answer)] == ["000003", "000002"]
        link, _, relation = answer.headers["Link"].partition("; ")
        assert relation == 'rel="next"'
        rest = partner.ask("GET", "/v1/invoices" + link.strip("<>"), Accept=CSV)
        assert [row["number"] for row in rows(rest)] == ["000001"]
        assert "Link" not in rest.headers

    def test_nothing_is_a_header_alone(self, partner: Partner) -> None:
        assert rows(partner.ask("GET", "/v1/invoices?status=void", Accept=CSV)) == []

    def test_faults_are_a_problem_document_as_always(self, api: Api, partner: Partner) -> None:
        account_id = partner.create()["id"]

        assert partner.ask("GET", "/v1/invoices?status=lost", Accept=CSV).faults.keys() == {"status"}
        assert api.partner().ask("GET", f"/v1/accounts/{account_id}/invoices", Accept=CSV).code == "not_found"
        assert partner.ask("GET", "/v1/invoices?cursor=x", Accept=CSV).code == "invalid_cursor"

    def test_who_has_no_wish_gets_json(self, partner: Partner) -> None:
        for accept in ("*/*", "application/json", "text/html,*/*;q=0.8"):
            assert partner.ask("GET", "/v1/invoices", Accept=accept).json == {"data": [], "next_cursor": None}
