"""An account's months as seen in the inbox, on the deployed stack."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.local.advance import move
from infra.local.clock import StackClock
from infra.local.inbox import mails
from infra.local.stack import LocalStack
from tests.stack.client import TRIAL, new_partner

pytestmark = pytest.mark.stack


def test_two_months_of_accounts_are_told_to_whom_they_concern_on_their_days(stack: LocalStack) -> None:
    partner = new_partner(stack.base_url, stack.operator_key)
    now = StackClock(stack.deployed).now()
    start = (now + timedelta(days=32)).replace(day=10, hour=18, minute=0, second=0, microsecond=0)
    move(stack.deployed, to=start)
    seen = {"notification_email": "inbox@bright.example", "language": "de"}
    partner.post("/v1/accounts", partner.account_body("paid-for", billing_profile_id=partner.card(), **seen))
    broken = partner.card("pm_card_declinedOnRenewal")
    partner.post("/v1/accounts", partner.account_body("in-trouble", billing_profile_id=broken, **seen))
    partner.post("/v1/accounts", partner.account_body("tried", plan=TRIAL, **seen))

    move(stack.deployed, days=45)

    renewal = (start + timedelta(days=31)).replace(day=10, hour=6).astimezone(UTC)
    found = [(day(mail.at), mail.subject.split(" am ")[0]) for mail in mails(stack.deployed, to="inbox@bright.example")]
    assert sorted(found) == sorted(
        [
            (start.date() + timedelta(days=11), "Die Testzeit von tried endet"),
            (start.date() + timedelta(days=14), "Die Testzeit von tried ist zu Ende"),
            (renewal.date() - timedelta(days=7), "paid-for verlängert sich"),
            (renewal.date() - timedelta(days=7), "in-trouble verlängert sich"),
            (renewal.date(), "Die Zahlung für in-trouble ist fehlgeschlagen"),
            (renewal.date() + timedelta(days=7), "Das Konto in-trouble ist unbezahlt abgelaufen"),
            (start.date() + timedelta(days=44), "Das Konto tried wurde archiviert"),
        ]
    )
    assert not mails(stack.deployed, to="owner@acme.example")


def day(at: str):
    return datetime.fromisoformat(at).date()
