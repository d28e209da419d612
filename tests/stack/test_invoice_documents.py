"""An invoice as PDF on the deployed stack: drawn by its own function, kept in the bucket, fetched over HTTP."""

import io

import pytest
import requests
from pypdf import PdfReader

from infra.local.stack import LocalStack
from tests.stack.client import new_partner

pytestmark = pytest.mark.stack


def test_an_invoice_is_fetched_by_a_link_that_opens_nothing_else(stack: LocalStack) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    partner.post("/v1/accounts", partner.account_body("on-paper", billing_profile_id=partner.card()))
    path = f"/v1/invoices/{partner.get('/v1/invoices')['data'][0]['id']}/pdf"

    link = partner.session.get(
        partner.base_url + path,
        headers={"Authorization": f"Bearer {partner.key}"},
        allow_redirects=False,
        timeout=60,
    ).headers["Location"]
    file = requests.get(link, timeout=60)
    streamed = partner.request("GET", path, Accept="application/pdf")

    assert file.headers["Content-Type"] == streamed.headers["Content-Type"] == "application/pdf"
    assert file.content == streamed.content
    assert "Bright Agency" in PdfReader(io.BytesIO(file.content)).pages[0].extract_text()
    assert requests.get(link.partition("?")[0], timeout=60).status_code == 403
    assert requests.get(link.replace("paid.pdf", "open.pdf"), timeout=60).status_code == 403
