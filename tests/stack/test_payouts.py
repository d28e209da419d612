"""A payout on the deployed stack: sent by the worker, told by mail, drawn as a statement by a function of its own."""

import io
from datetime import timedelta

import pytest
from pypdf import PdfReader

from infra.local.advance import move
from infra.local.clock import StackClock
from infra.local.inbox import mails
from infra.local.stack import LocalStack
from tests.stack.client import Client

pytestmark = pytest.mark.stack

OWN = "payouts@bright.example"


def test_a_partner_is_paid_and_told_and_reads_of_what(stack: LocalStack) -> None:
    operator = Client(stack.base_url, stack.operator_key)
    named = {"name": "Bright", "program": "solutions", "email": OWN, "country": "US", "time_zone": "America/Chicago"}
    created = operator.post("/v1/operator/partners", named)
    partner = Client(stack.base_url, created["api_key"]["key"])
    operator.post(f"/v1/operator/partners/{created['id']}/earnings", {"amount": 6_000, "reason": "For May."})
    assert partner.request("PUT", "/v1/earnings/settings", {"paypal_email": "money@bright.example"}).status_code == 200
    clock = StackClock(stack.deployed)
    clock.move_to(clock.now() + timedelta(hours=73))

    operator.post("/v1/operator/payout-runs", {"program": "solutions"})
    move(stack.deployed, days=0)

    (payout,) = partner.get("/v1/payouts")["data"]
    assert (payout["status"], payout["amount"]) == ("paid", 6_000)
    subjects = [mail.subject for mail in mails(stack.deployed, to=OWN)]
    assert [subject for subject in subjects if "payout" in subject] == ["A payout of $60.00 is on its way"]
    drawn = partner.request("GET", f"/v1/payouts/{payout['id']}/statement", Accept="application/pdf")
    assert drawn.headers["Content-Type"] == "application/pdf", drawn.text
    assert "Entered by us: For May." in PdfReader(io.BytesIO(drawn.content)).pages[0].extract_text()
