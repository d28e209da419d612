"""The statement of a payout: as JSON, CSV and PDF (docs/rules.md §10)."""

import csv
import io
from collections.abc import Iterator

import boto3
import pytest
from pypdf import PdfReader

from chalicelib.documents.statements import documents as statement_documents
from chalicelib.gateways import documents, lambdas
from chalicelib.services.earnings import statements
from tests.conftest import ENVIRONMENT
from tests.functional.conftest import Api
from tests.functional.earnings.test_payouts import earning, run_today

BUCKET = ENVIRONMENT["DOCUMENTS_BUCKET"]


@pytest.fixture
def drawn(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, str]]]:
    """An empty bucket, and what the function that draws was asked for, in order."""
    documents._s3.cache_clear()
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    asked: list[dict[str, str]] = []

    def call(function: str, event: dict[str, str]) -> object:
        asked.append(event)
        return api.invoke(function, event)

    monkeypatch.setattr(lambdas, "call", call)
    yield asked
    documents._s3.cache_clear()


def test_a_partner_reads_what_it_was_paid_for(
    api: Api, drawn: list[dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    partner, other = earning(api, 6_000, -500, 250), earning(api, 4_000)
    run_today(api, partner)
    (payout,) = partner.get("/v1/payouts")["data"]
    path = f"/v1/payouts/{payout['id']}/statement"

    page = partner.get(f"{path}?limit=2")
    rest = partner.get(f"{path}?limit=2&cursor={page['next_cursor']}")

    assert page["payout"] == payout
    assert [(line["amount"], line["calculation"]) for line in (*page["data"], *rest["data"])] == [
        (6_000, "Entered by us: For May."),
        (-500, "Entered by us: For May."),
        (250, "Entered by us: For May."),
    ]
    assert (page["sums"], rest["next_cursor"]) == ([{"kind": "adjustment", "lines": 3, "amount": 5_750}], None)
    assert (page["balance_before"], page["balance_after"]) == (5_750, 0)

    answer = partner.ask("GET", path, Accept="text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [row["amount_decimal"] for row in rows] == ["60.00", "-5.00", "2.50"]
    assert {row["payout_id"] for row in rows} == {payout["id"]}
    assert answer.headers["Content-Disposition"] == f'attachment; filename="payout-{payout["run_on"]}.csv"'

    headers = {"Authorization": f"Bearer {partner.key}", "Accept": "application/pdf"}
    english = [partner.api.client.http.get(path, headers=headers) for _ in range(2)]
    german = partner.api.client.http.get(path, headers={**headers, "Accept-Language": "de-AT,en;q=0.5"})
    monkeypatch.setattr(statement_documents, "MOST_LINES", 2)
    short = statements.render_statement(partner_id=partner.id, payout_id=payout["id"], language="fr")
    assert english[0].body == english[1].body
    assert [event["language"] for event in drawn] == ["en", "de"]
    assert "Amount of the payout USD 57.50" in text(english[0].body)
    assert "Auszahlungsbetrag 57,50 USD" in text(german.body)
    assert short is not None
    assert "3 lines are too many" in text(documents.read(short))

    monkeypatch.setattr(lambdas, "call", lambda *_: {"key": None})  # as long as the index lacks lines
    for key in [found["Key"] for found in boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]:
        boto3.client("s3").delete_object(Bucket=BUCKET, Key=key)
    assert partner.api.client.http.get(path, headers=headers).status_code == 503

    (held,) = other.get("/v1/payouts")["data"]
    refused = other.ask("GET", f"/v1/payouts/{held['id']}/statement")
    assert (refused.status, refused.code) == (409, "nothing_settled")
    assert other.ask("GET", path).status == 404
    assert other.ask("GET", path, Accept="application/pdf").status == 404


def text(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())
